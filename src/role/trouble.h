/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a relay does not reach its desk, and what to do: one function that tells the causes apart,
 * one table of sentences. Who runs a relay reads what happened, not what a library calls it.
 * No clock: times come in.
 */
#ifndef ROLE_TROUBLE_H
#define ROLE_TROUBLE_H

#include "base/buf.h"

enum trouble {
	TROUBLE_NONE,
	TROUBLE_FIRST,			/* nothing was sent yet */
	/* the desk does not take this relay's certificate */
	TROUBLE_REVOKED,
	TROUBLE_EXPIRED,
	TROUBLE_UNKNOWN,		/* another authority signed it */
	TROUBLE_UNSHOWN,		/* it wants one */
	TROUBLE_UNFIT,			/* anything else about it */
	/* this relay does not take the desk's */
	TROUBLE_DESK_EXPIRED,
	TROUBLE_DESK_NAME,
	TROUBLE_DESK_UNKNOWN,
	TROUBLE_CLOCK,
	/* the way */
	TROUBLE_NO_NAME,		/* not resolved */
	TROUBLE_CLOSED,			/* nobody listens there */
	TROUBLE_AWAY,			/* no answer */
	TROUBLE_PROXY,
	/* the desk answers */
	TROUBLE_WAIT,
	TROUBLE_DENIED,
	TROUBLE_NO_DESK,
	TROUBLE_VERSION,
	TROUBLE_UNREAD,
	TROUBLE_ERROR,
	TROUBLE_OTHER,			/* only the library's own words */
	TROUBLE_END
};

/* What is known of a request that failed. */
struct trouble_seen {
	int code;			/* CURLcode; 0: the desk has answered */
	long verify;			/* OpenSSL's X509_V_ERR_... of the desk's certificate */
	long os_error;			/* errno of the connection */
	long status;			/* of HTTP */
	const char *text;		/* curl's own */
	bool proxied;			/* asked through forward: proxy */
	int64_t now_s, until_s;		/* until: this relay's certificate is good; 0: not known */
};

enum trouble	trouble_of(const struct trouble_seen *seen);

struct trouble_row {
	const char *word;		/* in the relay's figures */
	const char *vi, *en;		/* what is the matter */
	const char *do_vi, *do_en;	/* what to do; {name}: the relay's own, {to}: the desk */
};

const struct trouble_row	*trouble_row(enum trouble trouble);
/* By its word; TROUBLE_OTHER when it is none of ours. */
enum trouble	trouble_named(struct span word);
/* do_vi or do_en with the names put in; name may be empty. */
void		trouble_todo(struct buf *out, const char *text, struct span name, struct span to);

#endif
