/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of doc/formats/paper.md, one by one. */
#include "paper/read.h"

#include "base/buf.h"
#include "check.h"

static struct arena *arena;
static struct paper paper;
static struct why why;

static enum err
read_text(const char *text)
{
	arena_reset(arena);
	why.text[0] = '\0';
	return paper_read(span_str(text), arena, &paper, &why);
}

static void
items_come_in_order_with_their_cells(void)
{
	check(read_text("paper 1 en\ntitle\tCertificate\n\ntext\tone two\nsign\tA\tB") == OK);
	check(paper.nitem == 3 && strcmp(paper.lang, "en") == 0);
	check(span_is(paper.title, "Certificate"));
	check(paper.item[1].kind == PAPER_TEXT && span_is(paper.item[1].cell[0], "one two"));
	check(paper.item[2].kind == PAPER_SIGN && span_is(paper.item[2].cell[1], "B"));
}

static void
a_row_has_the_columns_of_its_table(void)
{
	check(read_text("paper 1 vi\ntable\t30 l\t7 r\nhead\ta\tb\nrow\t\td\n") == OK);
	check(paper.item[2].column[1].share == 7 && paper.item[2].column[1].align == 'r');
	check(paper.item[2].ncell == 2 && paper.item[2].cell[0].n == 0);
	check(read_text("paper 1 vi\ntable\t30 l\t7 r\nrow\ta\n") == ERR_FORMAT);
	check(strstr(why.text, "line 3") != NULL);
	check(read_text("paper 1 vi\nrow\ta\n") == ERR_FORMAT);
	check(read_text("paper 1 vi\ntable\t1 l\ntext\tx\nrow\ta\n") == ERR_FORMAT);
}

static void
what_breaks_a_rule_is_named_with_its_line(void)
{
	static const char *const broken[] = { "", "paper 2 vi\n", "paper 1 fr\n",
	    "paper 1 vi\ntext\n", "paper 1 vi\ntext\ta\tb\n", "paper 1 vi\ntextile\ta\n",
	    "paper 1 vi\ntext\ta\001\n", "paper 1 vi\ntext\t\xff\n", "paper 1 vi\npage\tx\n",
	    "paper 1 vi\nspace\t0\n", "paper 1 vi\nspace\t251\n", "paper 1 vi\nspace\tx\n",
	    "paper 1 vi\ntable\t0 l\n", "paper 1 vi\ntable\t101 l\n", "paper 1 vi\ntable\t1 x\n",
	    "paper 1 vi\nfoot\ta\n", "paper 1 vi\nfoot\ta\tb\nfoot\ta\tb\n",
	    "paper 1 vi\nsign\ta\tb\tc\n", "paper 1 vi\nsign-to\ta\tb\n",
	    "paper 1 vi\nblank\t0\n", "paper 1 vi\nblank\t41\n", "paper 1 vi\npoint\ta\n",
	    "paper 1 vi\ndraft\ta\ndraft\tb\n", "paper 1 vi\ntable\t1 l\nblank\t1\nrow\ta\n",
	    "paper 1 vi\ntable\tl\n", "paper 1 vi\ntable\t99999999999999999999 l\n" };

	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		if (!check(read_text(broken[i]) == ERR_FORMAT &&
		    strncmp(why.text, "line ", 5) == 0))
			printf("case %zu: %s\n", i, why.text);
}

static void
too_much_is_refused(void)
{
	struct buf text = { 0 };

	buf_str(&text, "paper 1 vi\ntext\t");
	for (int i = 0; i <= PAPER_CELL_BYTES; i++)
		buf_u8(&text, 'x');
	check(paper_read(buf_span(&text), arena, &paper, &why) == ERR_LIMIT);
	text.n = 0;
	buf_str(&text, "paper 1 vi\n");
	for (int i = 0; i <= PAPER_ITEMS_MAX; i++)
		buf_str(&text, "page\n");
	check(paper_read(buf_span(&text), arena, &paper, &why) == ERR_LIMIT);
	text.n = 0;
	buf_str(&text, "paper 1 vi\ntable");
	for (int i = 0; i <= PAPER_CELLS_MAX; i++)
		buf_str(&text, "\t1 l");
	check(paper_read(buf_span(&text), arena, &paper, &why) == ERR_LIMIT);
	buf_done(&text);
}

static void
papers_of_the_state_have_their_items(void)
{
	check(read_text("paper 1 vi\ndraft\tDỰ THẢO\npair-over\tA\tB\ndateline\tC\tD\n"
	    "subject\tE\nindent\tF\npoint\ta)\tG\nfield\tH:\t\nblank\t40\n"
	    "sign-to\tI\tJ\tK\tL\nsign\tM\tN\tO\tP\n") == OK);
	check(paper.nitem == 10 && paper.draft == &paper.item[0] && paper.foot == NULL);
	check(paper.item[6].kind == PAPER_FIELD && paper.item[6].cell[1].n == 0);
	check(paper.item[7].number == 40 && paper.item[8].ncell == 4);
}

int
main(void)
{
	arena = arena_new((size_t)1 << 28);
	run(items_come_in_order_with_their_cells);
	run(a_row_has_the_columns_of_its_table);
	run(what_breaks_a_rule_is_named_with_its_line);
	run(papers_of_the_state_have_their_items);
	run(too_much_is_refused);
	arena_free(&arena);
	return check_done();
}
