/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/columns.c. */
#include "base/columns.h"

#include "check.h"

static void
letters_take_the_columns_that_a_terminal_gives_them(void)
{
	struct buf text = { 0 };

	check(columns_of(SPAN("Cổng")) == 4 && columns_of(SPAN("Co\xcc\x82\xcc\x89ng")) == 4);
	check(columns_of(SPAN("\xe6\x9c\x8d\xe5\x8b\x99")) == 4);
	columns_left(&text, SPAN("Co\xcc\x82\xcc\x89ng mo"), 4);
	check(span_is(buf_span(&text), "Co\xcc\x82\xcc\x89n…"));
	text.n = 0;
	columns_left(&text, SPAN("\xe6\x9c\x8d\xe5\x8b\x99"), 3);	/* half of one is none */
	check(span_is(buf_span(&text), "\xe6\x9c\x8d…"));
	text.n = 0;
	columns_right(&text, SPAN("ƯỚC"), 5);
	check(span_is(buf_span(&text), "  ƯỚC"));
	buf_done(&text);
}

static void
the_widest_gives_way_until_all_fit(void)
{
	int wide[3] = { 30, 10, 20 };

	columns_fit(wide, (const int[]){ 8, 10, 8 }, 3, 40);
	check(wide[0] == 15 && wide[1] == 10 && wide[2] == 15);
	columns_fit(wide, (const int[]){ 8, 10, 8 }, 3, 1);
	check(wide[0] == 8 && wide[1] == 10 && wide[2] == 8);
}

int
main(void)
{
	run(letters_take_the_columns_that_a_terminal_gives_them);
	run(the_widest_gives_way_until_all_fit);
	return check_done();
}
