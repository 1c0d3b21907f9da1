/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the teller that tells people: asks the desk who is to be told (desk/notice.c), sends
 * by the channels of the configuration, and writes into the ledger how it went. Sent and not yet
 * in the ledger: sent again after a crash, with the same id; never not at all.
 *
 *	due --> job --(smtp, webhook, modem, command)--> notify-sent, notify-failed
 *	         ^ pause, again and again  |
 *	         '-------------------------'
 */
#ifndef ROLE_CALLER_H
#define ROLE_CALLER_H

#include "base/span.h"
#include "sys/chan.h"
#include "role/conf.h"
#include "role/ledger.h"
#include "role/net.h"

struct caller;

struct caller_world {
	const struct conf *conf;	/* all borrowed */
	struct span conf_text;		/* for the runner of commands */
	struct ledger *ledger;
	struct net *net;
	struct chan *parent;
	const char *host;
};

/*
 * Reads the files of secrets, and starts the runner of commands where there is one: before rights
 * are given up. ERR_IO: it cannot be started.
 */
enum err	caller_new(struct caller **ret_caller, const struct caller_world *world,
		    struct why *why);
void		caller_free(struct caller **caller);

/* Each turn; may write into the ledger. keeper: its channel, or NULL. False: to begin anew. */
bool		caller_turn(struct caller *caller, struct chan *keeper);
/* Descriptors that it waits for, appended; gives how many there are now. */
unsigned	caller_waits(const struct caller *caller, struct curl_waitfd *set, unsigned n);
enum { CALLER_WAITS = TELLING_CHANNELS + 2 };

/* A new channel to the desk; fd becomes ours. */
void		caller_desk(struct caller *caller, int fd);
/* WIRE_MODEM of the parent; its descriptor becomes ours. */
void		caller_modem(struct caller *caller, const struct chan_msg *msg);
/* WIRE_ANSWER of the keeper. */
void		caller_status(struct caller *caller, const struct chan_msg *msg);

#endif
