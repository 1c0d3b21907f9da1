/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the teller sends over the network, several at once and without waiting: mail, HTTP. Inside
 * of the teller only; one thread.
 */
#ifndef ROLE_NET_H
#define ROLE_NET_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"

struct net;

/* Before the sandbox. */
struct net	*net_new(void);
void		net_free(struct net **net);

/* said: the server's last word, or why not; one line of printable ASCII. */
typedef void net_done_fn(void *ctx, enum err rc, const char *said);

struct net_mail {
	const char *server;		/* smtp://HOST:PORT, smtps://... */
	bool plain;			/* no STARTTLS asked for */
	const char *user, *password;	/* NULL: none */
	struct span from, to;		/* letter_address_ok */
	struct span letter;		/* copied */
};

/* Begins; done is called by a later net_turn. */
void	net_mail(struct net *net, const struct net_mail *mail, net_done_fn *done, void *ctx);
/* headers: "Name: value" each, ended by NULL. 2xx is OK. body empty: GET. */
void	net_http(struct net *net, const char *url, const char *const *headers, struct span body,
	    net_done_fn *done, void *ctx);

/* Goes on with all of them. */
void	net_turn(struct net *net);
/* Waits for them and for the descriptors of `extra` (their revents), at most so long. */
void	net_wait(struct net *net, struct curl_waitfd *extra, unsigned n, int wait_ms);
/* A handle of the caller's own; turn is called while it is under way, and waits. */
CURLcode net_perform(struct net *net, CURL *curl, void (*turn)(void *ctx), void *ctx);

#endif
