/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front asks the porter, ASK_PORTER's argument, and the answer: doc/formats/roles.md,
 * "The porter". Both ends read what the other wrote as if a stranger had.
 */
#ifndef ROLE_VISIT_H
#define ROLE_VISIT_H

#include "role/inquiry.h"

enum visit_what {
	VISIT_WHO = 1,			/* who is this? */
	VISIT_DO,			/* a question or an act of the porter's own */
};

enum visit_by { VISIT_NOTHING, VISIT_COOKIE, VISIT_TOKEN };

enum { VISIT_SHOWN_BYTES = 256, VISIT_CSRF_BYTES = 33 };

struct visit {
	uint8_t what;			/* enum visit_what */
	uint8_t by;			/* enum visit_by */
	bool touches;			/* a person is there: the session does not lie idle */
	struct span shown;		/* cookie or token, as it came */
	struct desk_ask ask;		/* VISIT_DO */
};

/* What the visitor may not do before: see `must`. */
enum visit_must { VISIT_MUST_PASSWORD = 1, VISIT_MUST_CODE = 2 };

struct visitor {
	bool accounts;			/* there is one: nobody comes in without */
	char login[32];			/* "": nobody that we know */
	unsigned rights;		/* of enum desk_right; 0 while there is a must */
	unsigned must;			/* of enum visit_must */
	bool session;			/* not a token */
	char csrf[VISIT_CSRF_BYTES];	/* of a session */
};

struct visit_answer {
	unsigned status;
	struct span cookie;		/* "": as it was; "-": it is to go */
	struct span json;
};

void		visit_put(struct buf *out, const struct visit *visit);
/* Spans borrow from code. */
enum err	visit_read(struct visit *ret_visit, struct span code, struct why *why);
void		visitor_put(struct buf *out, const struct visitor *visitor);
enum err	visitor_read(struct visitor *ret_visitor, struct span code, struct why *why);
void		visit_answer_put(struct buf *out, const struct visit_answer *answer);
enum err	visit_answer_read(struct visit_answer *ret_answer, struct span code,
		    struct why *why);

#endif
