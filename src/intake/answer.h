/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HTTP door says without touching a record: which paths there are, the fixed pages that
 * shippers ask for before they send, answers and refusals, and who a token belongs to. Pure but
 * for a digest.
 */
#ifndef INTAKE_ANSWER_H
#define INTAKE_ANSWER_H

#include "base/buf.h"
#include "intake/http.h"

struct door;
struct token;

struct answer_route {
	const char *path;	/* segments; "*" is any one, a last "**" is all the rest */
	unsigned methods;	/* 1 << enum http_method */
	const struct door *door;	/* NULL: the text below; a body is not looked at */
	const char *text;
};

struct answer {
	unsigned status;
	bool keep_alive;
	bool no_body;		/* the head only, as for HEAD */
	const char *type;	/* of the body; NULL: application/json */
	struct span body;
};

/* The route of a request, or NULL. */
const struct answer_route	*answer_route(const struct http_head *head);
void	answer_put(struct buf *out, const struct answer *answer);
/* The body of a refusal, in the form that Elasticsearch's clients read. */
void	answer_error(struct buf *out, unsigned status, const char *reason);

/* SHA-256, the form in which secrets are kept. */
void	answer_digest(uint8_t ret[32], struct span secret);
/* Which token the Authorization field shows; false: none. The name borrows from the table. */
bool	answer_token(const struct token *token, unsigned ntoken, struct span authorization,
	    struct span *ret_name);

#endif
