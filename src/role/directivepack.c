/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of templates of directives; see directivepack.h. */
#include "role/directivepack.h"

#include <string.h>

#include "role/packjson.h"
#include "role/packs.h"
#include "role/rulepack_int.h"

enum { LEAD_MAX = 366 * 86400, DAYS_MAX = 3 * 366 };
enum { PROOF_QUERY, PROOF_COVERAGE, PROOF_ROSTER, PROOF_REGISTER, PROOF_REVIEW, PROOF_STATEMENT };

#define PROOFS	"query,coverage,roster,register,review,statement"
#define TEXT(f)		{ .name = #f, RULEPACK_FIELD(directive_order, f) }
#define NEEDED(f)	{ .name = #f, RULEPACK_FIELD(directive_order, f), .required = true }

static const struct key lead_key[] = {
	{ .name = "before", .type = KEY_SECONDS, .at = offsetof(struct directive_lead, before),
	    .max = LEAD_MAX, .required = true },
	{ .name = NULL },
};

static const struct key order_key[] = {
	RULEPACK_KEYS(true),
	NEEDED(english),
	NEEDED(issuer),
	{ .name = "proof", .type = KEY_CHOICE, .at = offsetof(struct directive_order, proof),
	    .choice = PROOFS, .required = true },
	TEXT(of),
	NEEDED(lead),
	{ .name = "days", .type = KEY_NUMBER, .at = offsetof(struct directive_order, days),
	    .min = 1, .max = DAYS_MAX },
	{ .name = "leads", .type = KEY_LIST, .at = offsetof(struct directive_order, lead_time),
	    .max = DIRECTIVE_LEADS, .size = sizeof(struct directive_lead),
	    .count_at = offsetof(struct directive_order, nlead_time), .sub = lead_key,
	    .lone = "before", .required = true },
	{ .name = NULL },
};

static const char *
order_check(void *entry)
{
	const struct directive_order *o = entry;
	bool wants = o->proof == PROOF_QUERY || o->proof == PROOF_REGISTER;

	if (wants != (o->of[0] != '\0'))
		return "of: the query or the register, for a proof of that kind";
	return NULL;
}

#define ORDERS	{ .name = "orders", .type = KEY_LIST, \
	.at = offsetof(struct directivepack, order), .max = DIRECTIVE_ORDERS, \
	.size = sizeof(struct directive_order), \
	.count_at = offsetof(struct directivepack, norder), .sub = order_key, .required = true }
#define KIND(OWN) { .bytes = sizeof(struct directivepack), .list = ORDERS, .own = (OWN), \
	.check = order_check }

const struct rulepack_kind directivepack_kind = KIND(NULL);
static const struct rulepack_kind d2584 = KIND(&pack_directive_2584);
static const struct rulepack_kind d14107 = KIND(&pack_directive_14107);
static const struct rulepack_kind d2316 = KIND(&pack_directive_2316);
const struct rulepack_kind *const directivepack_own[DIRECTIVE_OWN] = { &d2584, &d14107, &d2316 };

void
directivepack_json(struct buf *out, const struct directivepack *p)
{
	static const char *const proof[] = { "query", "coverage", "roster", "register", "review",
	    "statement" };

	packjson_head(out, &p->head);
	buf_str(out, ",\"orders\":[");
	for (unsigned i = 0; i < p->norder; i++) {
		const struct directive_order *o = &p->order[i];

		packjson_words(out, i == 0, &o->words, o->english);
		packjson_text(out, "issuer", o->issuer);
		packjson_text(out, "proof", proof[o->proof]);
		packjson_text(out, "of", o->of);
		packjson_text(out, "lead", o->lead);
		if (o->days > 0)
			packjson_number(out, "days", o->days);
		buf_str(out, ",\"leads\":[");
		for (unsigned j = 0; j < o->nlead_time; j++)
			buf_printf(out, j > 0 ? ",%lld" : "%lld",
			    (long long)o->lead_time[j].before);
		buf_str(out, "]}");
	}
	buf_str(out, "]}");
}
