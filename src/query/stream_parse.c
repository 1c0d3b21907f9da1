/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream filters: { label="x", app=~"b.*" or host in (a, b) }, LogsQL "Stream filter". A stream is
 * (unit, host, app); other labels are empty. Becomes a tree over the fields _stream.LABEL.
 */
#include "query/parse_int.h"

#define LABEL_STOP	"= != =~ !~ , { } ( )"

/* The names under which a stream's three labels are known. */
static struct span
label_field(struct parse *parse, struct span label)
{
	static const struct {
		const char *label, *field;
	} known[] = {
		{ "host", "_stream.hostname" }, { "hostname", "_stream.hostname" },
		{ "app", "_stream.app_name" }, { "app_name", "_stream.app_name" },
		{ "appname", "_stream.app_name" }, { "unit", "_stream.unit" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_is(label, known[i].label))
			return span_str(known[i].field);
	return shown_join(parse, "_stream.", label, "", SPAN(""), "");
}

/* ( "=" / "!=" / "=~" / "!~" ) value / ( "in" / "not_in" ) "(" values ")" */
static enum err
test_parse(struct parse *parse, struct span label, struct filter **ret_filter, struct buf *shown)
{
	struct lex *lex = &parse->lex;
	bool list = lex_is_any(lex, "in not_in"), regex = lex_is_any(lex, "=~ !~");
	struct span text, op = lex->now.raw, field = label_field(parse, label);
	enum err rc;

	lex_next(lex);
	word_print(shown, label);
	if (list) {
		rc = list_parse(parse, FILTER_IN, field, ret_filter);
		if (rc != OK)
			return rc;
		if ((*ret_filter)->sub != NULL)
			return lex_refuse(lex, parse->why, "{...} takes a list of values, no "
			    "query");
		buf_u8(shown, ' ');
		buf_span_put(shown, op);
		values_print(shown, *ret_filter);
		return OK;
	}
	rc = lex_compound(lex, LABEL_STOP, "missing value in {...}", &text, parse->why);
	if (rc == OK)
		rc = filter_leaf(parse, regex ? FILTER_REGEX : FILTER_EXACT, field, text,
		    ret_filter);
	if (rc != OK)
		return rc;
	(*ret_filter)->anchored = true;
	buf_span_put(shown, op);
	quoted_print(shown, text);
	return OK;
}

static enum err
label_parse(struct parse *parse, struct filter **ret_filter, struct buf *shown)
{
	struct lex *lex = &parse->lex;
	struct span label;
	bool not;
	enum err rc = lex_compound(lex, LABEL_STOP, "missing label in {...}", &label, parse->why);

	if (rc != OK)
		return rc;
	if (!lex_is_any(lex, "= != =~ !~ in not_in"))
		return lex_refuse(lex, parse->why, "missing =, !=, =~, !~, in or not_in behind a "
		    "label");
	not = lex_is_any(lex, "!= !~ not_in");
	rc = test_parse(parse, label, ret_filter, shown);
	return rc == OK && not ? filter_negate(parse, *ret_filter, ret_filter) : rc;
}

/* label-test *( "," label-test ); nothing is every stream */
static enum err
labels_parse(struct parse *parse, struct filter **ret_filter, struct buf *shown)
{
	struct list list = { 0 };
	enum err rc;

	if (lex_is(&parse->lex, "}"))
		return filter_leaf(parse, FILTER_ALL, SPAN("_stream"), SPAN(""), ret_filter);
	for (;;) {
		struct filter *one = NULL;

		rc = label_parse(parse, &one, shown);
		if (rc != OK)
			return rc;
		*(struct filter **)list_add(parse, &list, sizeof one) = one;
		if (!lex_take(&parse->lex, ",") || lex_is(&parse->lex, "}"))
			return filter_join(parse, FILTER_AND, &list, ret_filter);
		buf_u8(shown, ',');
	}
}

static enum err
alternatives_parse(struct parse *parse, struct filter **ret_filter, struct buf *shown)
{
	struct lex *lex = &parse->lex;
	struct list list = { 0 };
	enum err rc;

	for (;;) {
		struct filter *one = NULL;

		rc = labels_parse(parse, &one, shown);
		if (rc != OK)
			return rc;
		*(struct filter **)list_add(parse, &list, sizeof one) = one;
		if (lex_take(lex, "}"))
			return filter_join(parse, FILTER_OR, &list, ret_filter);
		if (!lex_take(lex, "or") || lex_is(lex, "}"))
			return lex_refuse(lex, parse->why, "missing ',', 'or' or '}' in {...}");
		buf_str(shown, " or ");
	}
}

enum err
stream_parse(struct parse *parse, struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, FILTER_STREAM, SPAN("_stream"));
	struct buf shown = { 0 };
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	lex_next(&parse->lex);
	filter->child = arena_zalloc(parse->arena, 1, sizeof *filter->child);
	buf_u8(&shown, '{');
	rc = alternatives_parse(parse, &filter->child[0], &shown);
	buf_u8(&shown, '}');
	filter->nchild = 1;
	filter->shown = arena_dup(parse->arena, buf_span(&shown));
	*ret_filter = filter;
	buf_done(&shown);
	return rc;
}
