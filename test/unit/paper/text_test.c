/* SPDX-License-Identifier: Apache-2.0 */
/* paper/text.c: a document as plain text. */
#include "paper/text.h"

#include <stdio.h>

#include "base/must.h"
#include "base/utf8.h"
#include "check.h"

static struct arena *arena;
static struct buf out;

static void
printed(const char *document)
{
	struct paper paper;
	struct why why = { "" };

	arena_reset(arena);
	out.n = 0;
	if (!check(paper_read(span_str(document), arena, &paper, &why) == OK))
		printf("%s\n", why.text);
	else
		paper_text(&out, &paper);
}

static bool
holds(const char *text)
{
	bool found = span_holds(buf_span(&out), text);

	if (!found)
		printf("not in:\n%.*s\n", (int)out.n, (const char *)out.p);
	return found;
}

static void
words_stand_where_the_page_has_them(void)
{
	printed("paper 1 vi\ndraft\tDỰ THẢO\nfoot\ta\tb\npair\tCỤC\tCỘNG HÒA\ntitle\tBÁO CÁO\n"
	    "field\tTên:\tCổng\nfield\tTrống:\t\npoint\t1.\tviệc\nsign\tGIAO\tNHẬN\tAn\tBình\n");
	check(holds("                                                                       DỰ "
	    "THẢO\n"));
	check(holds("                                   BÁO CÁO\n") && holds("\nTên: Cổng\n"));
	check(holds("\nTrống: ....") && holds("\n  1.  việc\n"));
	check(holds("                  An                                     Bình\n"));
}

static void
columns_are_broken_at_blanks_and_stay_side_by_side(void)
{
	printed("paper 1 vi\ntable\t10 r\t20 l\nhead\tSố\tTên\nrow\t7\tmột hai ba bốn năm sáu bảy "
	    "tám chín mười mười một mười hai\n");
	check(holds("                       Số | Tên\n-----"));
	check(holds("                        7 | một hai ba bốn năm sáu bảy tám chín mười mười "
	    "một\n"
	    "                          | mười hai\n"));
}

static void
no_line_is_longer_than_the_page(void)
{
	struct buf text = { 0 };

	buf_str(&text, "paper 1 vi\nmono\t");
	for (int i = 0; i < 300; i++)
		buf_str(&text, "ặ");
	buf_str(&text, "\ntext\t");
	for (int i = 0; i < 300; i++)
		buf_str(&text, "từ ");
	buf_str(&text, "x\n");
	buf_u8(&text, '\0');
	printed((const char *)text.p);
	for (size_t i = 0, from = 0; i < out.n; i++)
		if (out.p[i] == '\n') {
			check(utf8_count(span_of(out.p + from, i - from)) <= 78);
			from = i + 1;
		}
	check(utf8_valid(buf_span(&out)));
	buf_done(&text);
}

int
main(void)
{
	arena = arena_new((size_t)1 << 26);
	run(words_stand_where_the_page_has_them);
	run(columns_are_broken_at_blanks_and_stay_side_by_side);
	run(no_line_is_longer_than_the_page);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
