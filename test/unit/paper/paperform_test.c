/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of doc/formats/form.md, one by one; and the forms of content/papers keep them. */
#include "paper/paperform.h"

#include <stdio.h>

#include "base/must.h"
#include "check.h"
#include "paper/docx.h"

#define HEAD	"form 1\ntitle\tT\nlaw\tL\nsource\tS\nstatus\tunofficial\tnone yet\n"

static struct arena *arena;
static struct paperform form;
static struct buf out;
static struct why why;

static enum err
read_form(const char *text)
{
	arena_reset(arena);
	why.text[0] = '\0';
	return paperform_read(span_str(text), arena, &form, &why);
}

static void
fills(const char *values, const char *want)
{
	out.n = 0;
	if (!check(paperform_fill(&out, &form, span_str(values), arena, &why) == OK))
		printf("%s\n", why.text);
	check_span(buf_span(&out), span_str(want));
}

static void
a_form_says_what_it_is(void)
{
	check(read_form(HEAD "# a remark\n\nfield\ta\tThe a\npaper 1 vi\ntext\t{{a}}\n") == OK);
	check(span_is(form.title, "T") && span_is(form.law, "L") && span_is(form.source, "S"));
	check(!form.official && span_is(form.status, "none yet"));
	check(form.nfield == 1 && strcmp(form.field[0].name, "a") == 0);
	check(read_form("form 1\ntitle\tT\nlaw\tL\nsource\tS\nstatus\tofficial\tMPS\npaper 1 vi\n")
	    == OK && form.official);
}

static void
values_go_to_their_names_and_missing_ones_are_dots(void)
{
	check(read_form(HEAD "field\ta\tA\nfield\tb\tB\npaper 1 vi\ntext\t{{a}} {{b}}{{a}}\n"
	    "field\tA:\t{{a}}\nfield\tB:\t{{b}}\nfield\tB:\tat {{b}}\ntable\t1 l\nrow\t{{b}}\n")
	    == OK);
	fills("a\tx\n", "paper 1 vi\ntext\tx ............x\nfield\tA:\tx\nfield\tB:\t\n"
	    "field\tB:\tat ............\ntable\t1 l\nrow\t\n");
	/* As Windows leaves it; a value keeps to its cell, and names nothing. */
	fills("\xef\xbb\xbf# remark\r\n\r\na\t1\tq\r\nb\t{{a}}\r\n",
	    "paper 1 vi\ntext\t1 q {{a}}1 q\nfield\tA:\t1 q\nfield\tB:\t{{a}}\n"
	    "field\tB:\tat {{a}}\ntable\t1 l\nrow\t{{a}}\n");
}

static void
blocks_are_repeated(void)
{
	check(read_form(HEAD "field\ta\tA\nblock\tr\t2\tRows\nfield\tb\tB\npaper 1 vi\n"
	    "{{#r}}\npoint\t{{a}}\t{{b}}\ntext\tz\n{{/r}}\ntext\t{{a}}\n") == OK);
	fills("a\tx\n[r]\nb\t1\n[r]\n[r]\nb\t3\n", "paper 1 vi\npoint\tx\t1\ntext\tz\n"
	    "point\tx\t............\ntext\tz\npoint\tx\t3\ntext\tz\ntext\tx\n");
	fills("a\tx", "paper 1 vi\npoint\tx\t............\ntext\tz\n"
	    "point\tx\t............\ntext\tz\ntext\tx\n");
}

static void
a_form_says_what_it_is_about_and_is_no_secret(void)
{
	check(read_form(HEAD "paper 1 vi\n") == OK && form.about.n == 0);
	check(read_form(HEAD "about\tincident\nmark\tnone\npaper 1 vi\n") == OK);
	check(span_is(form.about, "incident"));
	check(read_form(HEAD "mark\tMật\npaper 1 vi\n") == ERR_DENIED);
	check(strstr(why.text, "state secret") != NULL);
	check(read_form(HEAD "paper 1 vi\ntext\tTỐI MẬT\n") == ERR_DENIED);
	/* What a person fills in is looked at too. */
	check(read_form(HEAD "field\ta\tA\npaper 1 vi\nfield\tĐộ mật:\t{{a}}\n") == OK);
	check(paperform_fill(&out, &form, SPAN("a\tMật\n"), arena, &why) == ERR_DENIED);
	out.n = 0;
	check(paperform_fill(&out, &form, SPAN("a\tkhông\n"), arena, &why) == OK);
}

static void
forms_that_break_a_rule_are_refused(void)
{
	static const char *const broken[] = { "", "form 2\n", "form 1\n", HEAD,
	    "form 1\npaper 1 vi\n", HEAD "law\ttwice\npaper 1 vi\n",
	    HEAD "strange\tx\npaper 1 vi\n", HEAD "about\tweather\npaper 1 vi\n",
	    HEAD "about\ttime\nabout\ttime\npaper 1 vi\n",
	    HEAD "field\tA\tcapital\npaper 1 vi\n", HEAD "field\ta\npaper 1 vi\ntext\t{{a}}\n",
	    HEAD "field\t1a\tdigit\npaper 1 vi\n", HEAD "field\ta\tnot used\npaper 1 vi\n",
	    HEAD "field\ta\tA\nfield\ta\tA\npaper 1 vi\ntext\t{{a}}\n",
	    HEAD "paper 1 vi\ntext\t{{unknown}}\n", HEAD "paper 1 vi\ntext\t{{open\n",
	    HEAD "block\tr\t1\tR\npaper 1 vi\n",
	    HEAD "block\tr\tx\tR\npaper 1 vi\n{{#r}}\n{{/r}}\n",
	    HEAD "block\tr\t1\tR\npaper 1 vi\n{{#r}}\n", HEAD "paper 1 vi\n{{#r}}\n{{/r}}\n",
	    HEAD "block\tr\t1\tR\npaper 1 vi\n{{/r}}\n{{#r}}\n",
	    HEAD "block\tr\t1\tR\npaper 1 vi\n{{#r}}\n{{#r}}\n{{/r}}\n",
	    HEAD "block\tr\t1\tR\nfield\ta\tA\npaper 1 vi\n{{#r}}\n{{/r}}\ntext\t{{a}}\n",
	    "form 1\nstatus\tperhaps\tx\npaper 1 vi\n", HEAD "field\ta\t\xff\npaper 1 vi\n" };

	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		if (!check(read_form(broken[i]) == ERR_FORMAT && why.text[0] != '\0'))
			printf("case %zu: %s\n", i, why.text);
}

static void
values_that_the_form_does_not_know_are_refused(void)
{
	static const char *const broken[] = { "c\tx\n", "a\tx\na\ty\n", "[s]\n", "[r\n", "b\tx\n",
	    "[r]\na\tx\n", "a\t\xff\n", "=\n", "[" };

	check(read_form(HEAD "field\ta\tA\nblock\tr\t1\tR\nfield\tb\tB\npaper 1 vi\ntext\t{{a}}\n"
	    "{{#r}}\ntext\t{{b}}\n{{/r}}\n") == OK);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		if (!check(paperform_fill(&out, &form, span_str(broken[i]), arena, &why) ==
		    ERR_FORMAT && strncmp(why.text, "values, line ", 13) == 0))
			printf("case %zu: %s\n", i, why.text);
}

static void
too_much_is_refused(void)
{
	struct buf text = { 0 };

	buf_str(&text, HEAD);
	for (int i = 0; i <= PAPERFORM_FIELDS_MAX; i++)
		buf_printf(&text, "field\tf%d\tF\n", i);
	check(paperform_read(buf_span(&text), arena, &form, &why) == ERR_LIMIT);
	text.n = 0;
	check(read_form(HEAD "block\tr\t1\tR\npaper 1 vi\n{{#r}}\n{{/r}}\n") == OK);
	for (int i = 0; i <= PAPERFORM_TIMES_MAX; i++)
		buf_str(&text, "[r]\n");
	check(paperform_fill(&out, &form, buf_span(&text), arena, &why) == ERR_LIMIT);
	/* Values as long as they may be, often: no document is larger than can be read. */
	check(read_form(HEAD "block\tr\t1\tR\nfield\ta\tA\npaper 1 vi\n{{#r}}\n"
	    "point\t{{a}}{{a}}{{a}}\t{{a}}{{a}}\npoint\t{{a}}{{a}}{{a}}\t{{a}}{{a}}\n{{/r}}\n")
	    == OK);
	for (size_t n = PAPER_CELL_BYTES; n <= PAPER_CELL_BYTES + 1; n++) {
		text.n = 0;
		for (int i = 0; i < 60; i++) {
			buf_str(&text, "[r]\na\t");
			memset(buf_add(&text, n), 'x', n);
			buf_u8(&text, '\n');
		}
		out.n = 0;
		check(paperform_fill(&out, &form, buf_span(&text), arena, &why) == ERR_LIMIT);
		check((strncmp(why.text, "values, line 2: ", 16) == 0) == (n > PAPER_CELL_BYTES));
	}
	buf_done(&text);
}

/* ---- the forms of content/papers, named on the command line ---- */

static const char *path;

static void
a_form_of_ours_can_be_filled_and_written(void)
{
	struct buf text = { 0 }, asked = { 0 }, docx = { 0 };
	FILE *file = fopen(path, "re");
	struct paper paper;

	must(file != NULL);
	buf_reserve(&text, PAPERFORM_BYTES_MAX);
	text.n = fread(text.p, 1, PAPERFORM_BYTES_MAX, file);
	(void)fclose(file);
	arena_reset(arena);
	if (!check(paperform_read(buf_span(&text), arena, &form, &why) == OK))
		printf("%s: %s\n", path, why.text);
	paperform_ask(&asked, &form);
	out.n = 0;
	check(paperform_fill(&out, &form, buf_span(&asked), arena, &why) == OK);
	if (!check(paper_read(buf_span(&out), arena, &paper, &why) == OK))
		printf("%s: %s\n", path, why.text);
	check(paper_docx(&docx, &paper, &why) == OK && docx.n > 10000);
	buf_done(&text);
	buf_done(&asked);
	buf_done(&docx);
}

int
main(int argc, char **argv)
{
	arena = arena_new((size_t)1 << 30);
	run(a_form_says_what_it_is);
	run(values_go_to_their_names_and_missing_ones_are_dots);
	run(blocks_are_repeated);
	run(a_form_says_what_it_is_about_and_is_no_secret);
	run(forms_that_break_a_rule_are_refused);
	run(values_that_the_form_does_not_know_are_refused);
	run(too_much_is_refused);
	for (int i = 1; i < argc; i++) {
		path = argv[i];
		run(a_form_of_ours_can_be_filled_and_written);
	}
	buf_done(&out);
	arena_free(&arena);
	return check_done();
}
