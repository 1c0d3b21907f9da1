/* SPDX-License-Identifier: Apache-2.0 */
/* See query/eval.h. The depth of recursion is the parser's: LIMIT_QUERY_DEPTH. */
#include "query/eval.h"

/* What a filter costs per row, roughly; the order of one AND or OR follows it. */
static unsigned
cost(const struct filter *f)
{
	unsigned sum = 0;

	switch (f->op) {
	case FILTER_ALL:
		return 0;
	case FILTER_TIME:
		return 1;
	case FILTER_STREAM:
		return 2;
	case FILTER_EXACT:
	case FILTER_IN:
	case FILTER_RANGE:
	case FILTER_ANY:
	case FILTER_DAY_RANGE:
	case FILTER_WEEK_RANGE:
		return span_starts(f->field, SPAN("_stream")) ? 2 : 5;
	case FILTER_EXACT_PREFIX:
	case FILTER_STRING_RANGE:
	case FILTER_IPV4_RANGE:
	case FILTER_LEN_RANGE:
		return 8;
	case FILTER_PHRASE:
	case FILTER_SEQ:
	case FILTER_CONTAINS_ALL:
		return span_is(f->field, "_msg") ? 20 : 10;
	case FILTER_REGEX:
		return 60;
	case FILTER_EQ_FIELD:
	case FILTER_LE_FIELD:
	case FILTER_LT_FIELD:
		return 50;
	case FILTER_AND:
	case FILTER_OR:
	case FILTER_NOT:
		for (uint32_t i = 0; i < f->nchild; i++)
			sum += cost(f->child[i]);
		return sum;
	default:
		return span_is(f->field, "_msg") ? 30 : 15;
	}
}

/* A copy of the children, cheapest first; equals stay in the query's order. */
static void
order_make(struct filter *f, struct arena *arena)
{
	struct filter **order = arena_alloc(arena, (f->nchild + 1) * sizeof *order);
	unsigned *price = arena_alloc(arena, (f->nchild + 1) * sizeof *price);

	for (uint32_t i = 0; i < f->nchild; i++) {
		unsigned c = cost(f->child[i]);
		uint32_t at = i;

		for (; at > 0 && price[at - 1] > c; at--) {
			price[at] = price[at - 1];
			order[at] = order[at - 1];
		}
		price[at] = c;
		order[at] = f->child[i];
	}
	f->order = order;
}

static bool
needs_matcher(enum filter_op op)
{
	switch (op) {
	case FILTER_AND:
	case FILTER_OR:
	case FILTER_NOT:
	case FILTER_STREAM:
	case FILTER_ALL:
	case FILTER_EQ_FIELD:
	case FILTER_LE_FIELD:
	case FILTER_LT_FIELD:
	case FILTER_TIME:
	case FILTER_DAY_RANGE:
	case FILTER_WEEK_RANGE:
		return false;
	default:
		return true;
	}
}

enum err
eval_prepare(struct filter *filter, struct arena *arena, struct matcher **list, struct why *why)
{
	enum err rc = OK;

	for (uint32_t i = 0; i < filter->nchild && rc == OK; i++)
		rc = eval_prepare(filter->child[i], arena, list, why);
	if (rc != OK)
		return rc;
	order_make(filter, arena);
	if (needs_matcher(filter->op))
		rc = match_compile(filter, arena, list, why);
	return rc;
}

static enum err
and_eval(struct view *view, const struct filter *f, const struct bits *want, struct bits *ret,
    struct why *why)
{
	struct bits *left = view_bits(view);
	enum err rc = OK;

	*left = *want;
	*ret = *want;
	for (uint32_t i = 0; i < f->nchild && rc == OK; i++) {
		rc = eval(view, f->order[i], left, ret, why);
		if (rc != OK || bits_empty(ret))
			break;
		*left = *ret;
	}
	view_bits_done(view, &left);
	return rc;
}

static enum err
or_eval(struct view *view, const struct filter *f, const struct bits *want, struct bits *ret,
    struct why *why)
{
	struct bits *left = view_bits(view), *one = view_bits(view);
	enum err rc = OK;

	*left = *want;
	bits_clear(ret);
	for (uint32_t i = 0; i < f->nchild && rc == OK && !bits_empty(left); i++) {
		rc = eval(view, f->order[i], left, one, why);
		bits_or(ret, one);
		bits_minus(left, one);
	}
	view_bits_done(view, &one);
	view_bits_done(view, &left);
	return rc;
}

static enum err
not_eval(struct view *view, const struct filter *f, const struct bits *want, struct bits *ret,
    struct why *why)
{
	struct bits *one = view_bits(view);
	enum err rc = eval(view, f->child[0], want, one, why);

	*ret = *want;
	bits_minus(ret, one);
	view_bits_done(view, &one);
	return rc;
}

static enum err
time_eval(struct view *view, const struct filter *f, const struct bits *want, struct bits *ret,
    struct why *why)
{
	const struct segment_info *info = &view->info;
	const int64_t *ns;
	enum err rc;

	*ret = *want;
	if (f->op == FILTER_TIME && f->from <= info->event_min_ns && f->to >= info->event_max_ns)
		return OK;
	rc = segment_time(view->segment, &ns, why);
	if (rc != OK)
		return rc;
	for bits_each(row, want)
		if (!match_time(f, ns[row]))
			bits_drop(ret, row);
	return OK;
}

static enum err
two_fields_eval(struct view *view, const struct filter *f, const struct bits *want,
    struct bits *ret, struct why *why)
{
	struct field *a, *b;
	struct coded ca, cb;
	enum err rc = view_field(view, f->field, &a, why);

	if (rc == OK)
		rc = view_field(view, f->text, &b, why);
	if (rc == OK)
		rc = view_coded(view, a, want, &ca, why);
	if (rc == OK)
		rc = view_coded(view, b, want, &cb, why);
	if (rc != OK)
		return rc;
	bits_clear(ret);
	for bits_each(row, want)
		if (match_two(f->op, ca.word[ca.code[row]], cb.word[cb.code[row]]))
			bits_set(ret, row);
	return OK;
}

enum err
eval(struct view *view, const struct filter *f, const struct bits *want, struct bits *ret,
    struct why *why)
{
	switch (f->op) {
	case FILTER_AND:
		return and_eval(view, f, want, ret, why);
	case FILTER_OR:
		return or_eval(view, f, want, ret, why);
	case FILTER_NOT:
		return not_eval(view, f, want, ret, why);
	case FILTER_STREAM:
		return eval(view, f->child[0], want, ret, why);
	case FILTER_ALL:
		*ret = *want;
		return OK;
	case FILTER_TIME:
	case FILTER_DAY_RANGE:
	case FILTER_WEEK_RANGE:
		return time_eval(view, f, want, ret, why);
	case FILTER_EQ_FIELD:
	case FILTER_LE_FIELD:
	case FILTER_LT_FIELD:
		return two_fields_eval(view, f, want, ret, why);
	default:
		return scan_field(view, f, want, ret, why);
	}
}
