/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the role registrar share: see registrar.c. */
#ifndef ROLE_REGISTRAR_INT_H
#define ROLE_REGISTRAR_INT_H

#include "sys/chan.h"
#include "ca/authority.h"
#include "ca/roll.h"
#include "wire/clients.h"
#include "role/agents.h"
#include "role/brief.h"
#include "role/ledger.h"
#include "role/role.h"

enum {
	REGISTRAR_NAMES = 32,		/* that the desk goes by */
	REGISTRAR_NAME_BYTES = 256,
	CODE_DAYS = 7,
	WRONG_MOST = 10,		/* codes a minute that are told of one by one */
};

struct registrar {
	struct brief brief;
	const struct role_start *start;
	struct ledger *ledger;
	struct chan *keeper, *intake;
	struct authority *authority;
	struct roll roll;
	/* The desk's own names, and its certificate of now. */
	char name[REGISTRAR_NAMES][REGISTRAR_NAME_BYTES];
	const char *also[REGISTRAR_NAMES];
	unsigned nname;
	char address[REGISTRAR_NAME_BYTES];	/* its first own address, for invitations */
	struct buf chain, key, ca;
	int64_t desk_s;			/* when it was issued */
	int64_t minute;			/* of the wrong codes */
	unsigned wrong, wrong_untold;
	bool stopping;
};

int64_t		registrar_now_s(void);

/* ---- registrar_desk.c: what lies in ca/, and the desk's certificate ---- */

/* Reads the authority and the roll, or makes them at the first start. */
enum err	registrar_open(struct registrar *r, struct why *why);
/* Finds the names; before the sandbox. */
void		registrar_names(struct registrar *r);
/*
 * The class that it is to have is no more: it sends on, by the class of the listener. Records that
 * are kept too short are lost, so this must not go unnoticed.
 */
bool		registrar_class_gone(const struct registrar *r, const struct agent *a);
/* A line of the log: who, which class, what to do. */
void		registrar_class_tell(const struct agent *a);
/* A new certificate with a new key, in memory. */
enum err	registrar_desk(struct registrar *r, struct why *why);
/* Tells the intake who may come in, and what it shows itself. */
void		registrar_tell(struct registrar *r);
/* Puts the roll on disk and in the place of ours; *roll is empty then. */
enum err	registrar_roll_keep(struct registrar *r, struct roll *roll, struct why *why);

/* ---- registrar_act.c ---- */

/* By who over the unix socket; the answer to out. */
enum err	registrar_ask(struct registrar *r, const struct agents_ask *ask, const char *who,
		    struct buf *out, struct why *why);
/* Over the network: the status of HTTP, the answer to out. */
unsigned	registrar_enrol(struct registrar *r, const struct enrol *enrol, struct buf *out);

/* ---- registrar.c ---- */

/* One act is in the ledger and on disk. ERR_BUSY: it is not, and must not happen. */
enum err	registrar_ledger(struct registrar *r, const struct ledger_act *act,
		    struct why *why);

#endif
