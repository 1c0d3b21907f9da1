/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `trucban agent` and the role registrar say to each other over STATE/run/agent.sock, in the
 * frames of sys/chan.h: doc/formats/agent.md, section 6. One question, one answer.
 */
#ifndef ROLE_AGENTS_H
#define ROLE_AGENTS_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

enum agents_type { AGENTS_ASK = 1, AGENTS_ANSWER };

enum agents_what {
	AGENTS_INVITE = 1,
	AGENTS_ISSUE,
	AGENTS_LIST,
	AGENTS_REVOKE,
	AGENTS_DESK,			/* the certificate that the desk itself shows */
	AGENTS_END
};

enum { AGENTS_REPLACE = 1 };		/* flag of issue: end the certificate that is there */

enum { AGENTS_ASK_LIMIT = 64 << 10, AGENTS_LIMIT = 8 << 20, AGENTS_DAYS_MAX = 3650,
	AGENTS_INVITE_DAYS_MAX = 365 };

/* Answer to a revocation that only took an invitation back. */
#define AGENTS_UNINVITED	"invitation"

struct agents_ask {
	uint8_t what;			/* enum agents_what */
	struct span name, class;
	uint64_t unit, days;		/* days 0: as configured */
	struct span text;		/* invite: address; issue: request; revoke: why */
	uint8_t flags;
};

void		agents_ask_put(struct buf *out, const struct agents_ask *ask);
enum err	agents_ask_read(struct agents_ask *ret, struct span body, struct why *why);
void		agents_answer_put(struct buf *out, enum err rc, struct span text);
enum err	agents_answer_read(enum err *ret_rc, struct span *ret_text, struct span body,
		    struct why *why);

#endif
