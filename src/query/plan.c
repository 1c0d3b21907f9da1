/* SPDX-License-Identifier: Apache-2.0 */
/* See query/plan.h. Recursion follows the filter tree: LIMIT_QUERY_DEPTH. */
#include "query/plan.h"

#include "base/fold.h"
#include "query/match.h"
#include "query/value.h"
#include "query/view.h"

enum { TOKENS = 64 };		/* of one text; more say little more */

/* ---- time ---- */

struct range {
	int64_t from, to;
};

static struct range
time_range(const struct filter *f)
{
	struct range all = { INT64_MIN, INT64_MAX }, got = { INT64_MAX, INT64_MIN }, one;

	if (f->op == FILTER_TIME)
		return (struct range){ f->from, f->to };
	if (f->op == FILTER_AND) {
		for (uint32_t i = 0; i < f->nchild; i++) {
			one = time_range(f->child[i]);
			all.from = one.from > all.from ? one.from : all.from;
			all.to = one.to < all.to ? one.to : all.to;
		}
		return all;
	}
	if (f->op != FILTER_OR)
		return all;
	for (uint32_t i = 0; i < f->nchild; i++) {
		one = time_range(f->child[i]);
		got.from = one.from < got.from ? one.from : got.from;
		got.to = one.to > got.to ? one.to : got.to;
	}
	return got;
}

void
plan_make(struct plan *plan, const struct filter *filter, const struct query_options *options,
    bool bounded, struct arena *arena)
{
	struct range range = time_range(filter);

	*plan = (struct plan){ .from_ns = range.from, .to_ns = range.to, .filter = filter,
	    .options = options, .arena = arena };
	if (!bounded)
		return;
	if (options->from_ns > plan->from_ns)
		plan->from_ns = options->from_ns;
	if (options->to_ns < plan->to_ns)
		plan->to_ns = options->to_ns;
}

/* ---- words ---- */

struct tokens {
	uint64_t hash[TOKENS];
	uint32_t n;
};

static void
token_add(struct tokens *tokens, struct span text, bool entity)
{
	uint8_t small[256];
	size_t n;

	if (text.n > sizeof small || tokens->n == TOKENS)
		return;
	n = fold(small, text);
	if (n > 0)
		tokens->hash[tokens->n++] = store_token_hash(span_of(small, n), entity);
}

/*
 * The whole words and entities of a text. open_left: what it begins with may be the end of
 * something longer.
 */
static void
tokens_of(struct tokens *tokens, struct span text, bool open_left, bool open_right)
{
	struct span part;
	size_t at = 0;

	while (store_entity_next(text, &at, &part))
		if (!(open_left && part.p == text.p) && !(open_right && part.p + part.n == text.p +
		    text.n))
			token_add(tokens, part, true);
	at = 0;
	while (word_next(text, &at, &part))
		if (!(open_left && part.p == text.p) && !(open_right && at == text.n))
			token_add(tokens, part, false);
}

/* Fields whose values are in no record: the token filter does not know them. */
static bool
is_made_up(struct span name)
{
	static const char *const made_up[] = { "level", "severity", "facility", "facility_keyword"
	    };

	if (name.n > 0 && name.p[0] == '_' && !span_is(name, "_msg"))
		return true;
	for (size_t i = 0; i < sizeof made_up / sizeof made_up[0]; i++)
		if (span_is(name, made_up[i]))
			return true;
	return false;
}

static bool
holds(struct store *store, size_t segment, const struct tokens *tokens)
{
	return tokens->n == 0 || store_may_hold(store, segment, tokens->hash, tokens->n);
}

static bool
holds_text(struct store *store, size_t segment, struct span text, bool open_left, bool open_right)
{
	struct tokens tokens = { .n = 0 };

	tokens_of(&tokens, text, open_left, open_right);
	return holds(store, segment, &tokens);
}

static bool
holds_one(struct store *store, size_t segment, const struct span *text, uint32_t n, bool open)
{
	for (uint32_t i = 0; i < n; i++)
		if (holds_text(store, segment, text[i], open, open))
			return true;
	return false;
}

/* "raw:1:40231": whether the segment has the number. */
static bool
names_segment(const struct segment_info *info, struct span name)
{
	struct span stream = span_str(store_stream_name(info->stream));
	uint64_t epoch = 0, seq = 0;
	const uint8_t *colon;
	struct span rest;

	if (!span_starts(name, stream) || name.n <= stream.n || name.p[stream.n] != ':')
		return false;
	rest = span_sub(name, stream.n + 1, name.n);
	colon = rest.n > 0 ? memchr(rest.p, ':', rest.n) : NULL;
	if (colon == NULL || !value_u64(span_sub(rest, 0, (size_t)(colon - rest.p)), &epoch) ||
	    !value_u64(span_sub(rest, (size_t)(colon - rest.p) + 1, rest.n), &seq))
		return false;
	return epoch == info->epoch && seq >= info->first_seq && seq <= info->last_seq;
}

static bool
seq_may_match(const struct filter *f, const struct segment_info *info)
{
	if (f->op == FILTER_EXACT)
		return names_segment(info, f->text);
	if (f->op != FILTER_IN)
		return true;
	for (uint32_t i = 0; i < f->nvalue; i++)
		if (names_segment(info, f->value[i]))
			return true;
	return false;
}

static bool
leaf_may_match(const struct filter *f, struct store *store, size_t segment)
{
	const struct matcher *m = f->matcher;
	const struct regex_facts *facts;
	struct tokens tokens = { .n = 0 };

	if (span_is(f->field, "_seq"))
		return seq_may_match(f, store_segment(store, segment));
	if (m == NULL || m->empty || is_made_up(f->field))
		return true;
	switch (f->op) {
	case FILTER_PHRASE:
	case FILTER_CASE_PHRASE:
	case FILTER_EXACT:
		return holds_text(store, segment, f->text, false, false);
	case FILTER_PREFIX:
	case FILTER_CASE_PREFIX:
	case FILTER_EXACT_PREFIX:
		return holds_text(store, segment, f->text, false, true);
	case FILTER_SUBSTRING:
		return holds_text(store, segment, f->text, true, true);
	case FILTER_IN:
	case FILTER_CONTAINS_ANY:
		return holds_one(store, segment, f->value, f->nvalue, false);
	case FILTER_CONTAINS_ALL:
	case FILTER_SEQ:
		for (uint32_t i = 0; i < f->nvalue; i++)
			tokens_of(&tokens, f->value[i], false, false);
		return holds(store, segment, &tokens);
	case FILTER_REGEX:
		facts = regex_facts(m->regex);
		return facts->nbranch == 0 ||
		    holds_one(store, segment, facts->branch, facts->nbranch, true);
	default:
		return true;
	}
}

static bool
may_match(const struct filter *f, struct store *store, size_t segment)
{
	switch (f->op) {
	case FILTER_AND:
		for (uint32_t i = 0; i < f->nchild; i++)
			if (!may_match(f->child[i], store, segment))
				return false;
		return true;
	case FILTER_OR:
		for (uint32_t i = 0; i < f->nchild; i++)
			if (may_match(f->child[i], store, segment))
				return true;
		return false;
	case FILTER_NOT:
	case FILTER_STREAM:
	case FILTER_ALL:
		return true;
	default:
		return leaf_may_match(f, store, segment);
	}
}

bool
plan_wants(const struct plan *plan, struct store *store, size_t segment)
{
	const struct segment_info *info = store_segment(store, segment);

	if (info->rows == 0 || (plan->options->streams >> info->stream & 1) == 0)
		return false;
	if (info->event_max_ns < plan->from_ns || info->event_min_ns > plan->to_ns)
		return false;
	if (plan->options->after_seq > 0 && info->last_seq <= plan->options->after_seq)
		return false;
	return may_match(plan->filter, store, segment);
}

static bool
matches_all(const struct filter *f, const struct segment_info *info)
{
	switch (f->op) {
	case FILTER_ALL:
		return true;
	case FILTER_TIME:
		return f->from <= info->event_min_ns && info->event_max_ns <= f->to;
	case FILTER_AND:
		for (uint32_t i = 0; i < f->nchild; i++)
			if (!matches_all(f->child[i], info))
				return false;
		return true;
	case FILTER_OR:
		for (uint32_t i = 0; i < f->nchild; i++)
			if (matches_all(f->child[i], info))
				return true;
		return false;
	default:
		return false;
	}
}

bool
plan_wants_all(const struct plan *plan, const struct segment_info *info)
{
	const struct query_options *options = plan->options;

	return options->unit == NULL &&
	    (options->after_seq == 0 || options->after_seq < info->first_seq) &&
	    plan->from_ns <= info->event_min_ns && info->event_max_ns <= plan->to_ns &&
	    matches_all(plan->filter, info);
}

/* ---- explaining ---- */

static void
time_print(struct buf *out, int64_t ns, const char *open_end)
{
	uint8_t at[VALUE_TIME_BYTES];

	if (ns == INT64_MIN || ns == INT64_MAX)
		buf_str(out, open_end);
	else
		buf_put(out, at, value_put_time(at, ns));
}

static void
tree_print(struct buf *out, const struct filter *f, int depth)
{
	static const char *const name[] = { [FILTER_AND] = "and", [FILTER_OR] = "or",
	    [FILTER_NOT] = "not" };

	for (int i = 0; i < depth; i++)
		buf_str(out, "  ");
	if (f->op == FILTER_AND || f->op == FILTER_OR || f->op == FILTER_NOT) {
		buf_printf(out, "%s\n", name[f->op]);
		for (uint32_t i = 0; i < f->nchild; i++)
			tree_print(out, f->order != NULL ? f->order[i] : f->child[i], depth + 1);
		return;
	}
	filter_print(out, f);
	buf_str(out, f->fold ? "  (without case and diacritics)\n" : "\n");
}

void
plan_explain(const struct plan *plan, struct buf *out)
{
	buf_str(out, "time: ");
	time_print(out, plan->from_ns, "the beginning");
	buf_str(out, " to ");
	time_print(out, plan->to_ns, "the end");
	buf_str(out, "\nfilters, cheapest first:\n");
	tree_print(out, plan->filter, 1);
}
