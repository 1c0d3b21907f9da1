/* SPDX-License-Identifier: Apache-2.0 */
/* Tests parse/bulk.c and parse/lines.c: bodies whole, in pieces, and broken. */
#include "parse/bulk.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"

#define BODY "{\"index\":{\"_index\":\"logs\",\"_id\":\"1\"}}\n{\"a\":1}\n" \
	" { \"create\" : { } } \r\n{\"b\":2}\r\n\n" \
	"{\"delete\":{\"_id\":\"1\"}}\n{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n"

static void
lines_are_split_at_lf_only(void)
{
	struct lines lines = lines_of(SPAN("a\nb\r\n\n\r\nc\rd\ne"), LINES_COMPLETE);
	struct span s;

	check(lines_next(&lines, &s));
	check_span(s, SPAN("a"));
	check(lines_next(&lines, &s));
	check_span(s, SPAN("b\r"));
	check(lines_next(&lines, &s));
	check_span(s, SPAN("c\rd"));
	check(lines_next(&lines, &s));
	check_span(s, SPAN("e"));
	check(!lines_next(&lines, &s));
}

static void
a_line_without_its_end_waits_for_more(void)
{
	struct lines lines = lines_of(SPAN("a\nb"), LINES_MORE_COMES);
	struct span s;

	check(lines_next(&lines, &s));
	check(!lines_next(&lines, &s));
	check_int(lines.at, 2);
	lines = lines_of(SPAN(""), LINES_COMPLETE);
	check(!lines_next(&lines, &s));
}

static void
items_come_with_action_and_document(void)
{
	struct bulk bulk = bulk_of(SPAN(BODY), LINES_COMPLETE);
	struct bulk_item item;

	check_int(bulk_next(&bulk, &item, NULL), OK);
	check_int(item.action, BULK_INDEX);
	check_span(item.index, SPAN("logs"));
	check_span(item.document, SPAN("{\"a\":1}"));
	check_int(bulk_next(&bulk, &item, NULL), OK);
	check_int(item.action, BULK_CREATE);
	check_int(item.index.n, 0);
	check_span(item.document, SPAN("{\"b\":2}\r"));
	check_int(bulk_next(&bulk, &item, NULL), OK);
	check_int(item.action, BULK_DELETE);
	check_int(item.document.n, 0);
	check_int(bulk_next(&bulk, &item, NULL), OK);
	check_int(item.action, BULK_UPDATE);
	check_span(item.document, SPAN("{\"doc\":{}}"));
	check_int(bulk_next(&bulk, &item, NULL), ERR_MORE);
	check_int(bulk.nitem, 4);
}

/* The body in two pieces, the second behind what the first has left. */
static void
a_body_may_come_in_pieces(void)
{
	struct span body = SPAN(BODY);
	struct bulk_item item;

	for (size_t n = 0; n <= body.n; n++) {
		struct bulk first = bulk_of(span_sub(body, 0, n), LINES_MORE_COMES), second;
		uint32_t items = 0;

		while (bulk_next(&first, &item, NULL) == OK)
			items++;
		second = bulk_of(span_sub(body, first.lines.at, SIZE_MAX), LINES_COMPLETE);
		while (bulk_next(&second, &item, NULL) == OK)
			items++;
		check_int(items, 4);
		check_int(bulk_next(&second, &item, NULL), ERR_MORE);
	}
}

static void
broken_actions_are_refused(void)
{
	static const char *const bad[] = { "{}", "x", "[]", "{\"index\":1}\n{}", "{\"index\":{}",
	    "{\"index\":{}}x\n{}", "{\"Index\":{}}\n{}", "{\"index\":{},\"a\":1}\n{}",
	    "{\"index\" {}}\n{}", "{\"index\":{\"a\"}}\n{}", "{\"index\":{}}", "{\"index\":{}}\n",
	    "{\"create\":{}}\n\n", "\"index\"", "{\"index\":{\"_index\":}}\n{}", "{\"" };
	struct bulk_item item;
	struct why why;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint8_t *own = xmemdup(bad[i], strlen(bad[i]));
		struct bulk bulk = bulk_of(span_of(own, strlen(bad[i])), LINES_COMPLETE);

		if (!check_int(bulk_next(&bulk, &item, &why), ERR_FORMAT))
			printf("  of %s\n", bad[i]);
		check_int(bulk.nitem, 0);
		free(own);
	}
}

static void
the_index_is_found_behind_other_members(void)
{
	struct bulk bulk = bulk_of(SPAN("{\"index\":{\"a\":{\"_index\":\"no\"},\"b\":[1],"
	    "\"c\":null,\"_index\":\"yes\"}}\n{}\n{\"index\":{\"_index\":7}}\n{}"),
	    LINES_COMPLETE);
	struct bulk_item item;

	check_int(bulk_next(&bulk, &item, NULL), OK);
	check_span(item.index, SPAN("yes"));
	check_int(bulk_next(&bulk, &item, NULL), OK);
	check_int(item.index.n, 0);
}

int
main(void)
{
	run(lines_are_split_at_lf_only);
	run(a_line_without_its_end_waits_for_more);
	run(items_come_with_action_and_document);
	run(a_body_may_come_in_pieces);
	run(broken_actions_are_refused);
	run(the_index_is_found_behind_other_members);
	return check_done();
}
