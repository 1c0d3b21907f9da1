/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates of directives: the orders of a dispatch as tasks, each with who leads it and how it is
 * proved. Rule packs (rulepack.h), one file a dispatch, content/directives; one more of the
 * office's own.
 */
#ifndef ROLE_DIRECTIVEPACK_H
#define ROLE_DIRECTIVEPACK_H

#include "base/buf.h"
#include "role/rulepack.h"

enum { DIRECTIVE_ORDERS = 64, DIRECTIVE_LEADS = 8, DIRECTIVE_OWN = 3 };

struct directive_order {
	struct rulepack_words words;
	char english[RULEPACK_TEXT], issuer[RULEPACK_TEXT];
	int64_t proof;			/* place in DIRECTIVE_PROOFS */
	char of[RULEPACK_TEXT];		/* the query, the register */
	char lead[RULEPACK_TEXT];	/* who has it at first */
	int64_t days;			/* from when it came; 0: by the day of the whole */
	struct directive_lead {
		int64_t before;		/* seconds */
	} lead_time[DIRECTIVE_LEADS];
	unsigned nlead_time;
};

struct directivepack {
	struct rulepack_head head;
	struct directive_order order[DIRECTIVE_ORDERS];
	unsigned norder;
};

/* Of any file; and the program's own, DIRECTIVE_OWN of them. */
extern const struct rulepack_kind directivepack_kind;
extern const struct rulepack_kind *const directivepack_own[DIRECTIVE_OWN];

/* One template as desk/directives.c takes it: an object of the list "templates". */
void		directivepack_json(struct buf *out, const struct directivepack *pack);

#endif
