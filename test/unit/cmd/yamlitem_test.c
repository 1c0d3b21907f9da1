/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/yamlitem.c: what a person wrote stays, line by line. */
#include "cmd/yamlitem.h"

#include "check.h"
#include "cmd/cmd.h"

const char *
say(const char *vi, const char *en)
{
	(void)vi;
	return en;
}

static struct buf out;
static struct why why;

static bool
adds(const char *text, const char *want)
{
	out.n = 0;
	return check(yamlitem_add(&out, span_str(text), "sample", SPAN("{x}"), &why) == OK) &&
	    check(span_is(buf_span(&out), want));
}

static bool
removes(const char *text, int64_t line, const char *want)
{
	out.n = 0;
	return check(yamlitem_remove(&out, span_str(text), "sample", line, &why) == OK) &&
	    check(span_is(buf_span(&out), want));
}

static void
an_item_is_put_first_as_the_others_are(void)
{
	adds("", "\nsample:\n  - {x}\n");
	adds("a: 1", "a: 1\n\nsample:\n  - {x}\n");
	adds("# sample:\na: 1\n", "# sample:\na: 1\n\nsample:\n  - {x}\n");
	adds("sample:   # orders\n# old\n    - {y}\nb: 2\n",
	    "sample:   # orders\n    - {x}\n# old\n    - {y}\nb: 2\n");
	adds("sample:\n- y: 1\n", "sample:\n- {x}\n- y: 1\n");
	adds("samples: 1\nsample:\nb: 2\n", "samples: 1\nsample:\n  - {x}\nb: 2\n");
	check(yamlitem_add(&out, SPAN("sample: [{y}]\n"), "sample", SPAN("{x}"), &why) ==
	    ERR_FORMAT);
}

static void
a_file_with_cr_lf_keeps_its_line_ends(void)
{
	adds("a: 1\r\nb: 2", "a: 1\r\nb: 2\r\n\r\nsample:\r\n  - {x}\r\n");
	adds("sample:\r\n-\r\n  y: 1\r\n", "sample:\r\n- {x}\r\n-\r\n  y: 1\r\n");
	removes("a: 1\r\nsample:\r\n  - {y}\r\n  -\r\n    z: 1\r\n", 4,
	    "a: 1\r\nsample:\r\n  - {y}\r\n");
	removes("a: 1\r\nsample:\r\n  - {y}\r\nb: 2\r\n", 3, "a: 1\r\nb: 2\r\n");
}

static void
an_item_goes_with_all_its_lines_and_the_key_with_the_last(void)
{
	removes("sample:\n  - {y,\n     z}\n  - {w}\n", 2, "sample:\n  - {w}\n");
	removes("sample:\n  - {y}\n  - a: 1\n    b: 2\n\n    c: 3\n# remark\nd: 4\n", 3,
	    "sample:\n  - {y}\n# remark\nd: 4\n");
	removes("a: 1\nsample:\n  # why\n  - {y}\nb: 2\n", 4, "a: 1\n  # why\nb: 2\n");
	removes("sample:\n- {y}\n", 2, "");
	removes("sample:\n  - {y}\n  # two\n  - {z}", 4, "sample:\n  - {y}\n  # two\n");
	check(yamlitem_remove(&out, SPAN("sample:\n  -\n    a: 1\n"), "sample", 3, &why) ==
	    ERR_FORMAT);
	check(strstr(why.text, "line 3") != NULL);
}

static void
quotes_and_bars_are_written_so_that_they_are_read_again(void)
{
	out.n = 0;
	yamlitem_quote(&out, SPAN("nói \"nhiều\" \\ quá"));
	check(span_is(buf_span(&out), "\"nói \\\"nhiều\\\" \\\\ quá\""));
}

int
main(void)
{
	run(an_item_is_put_first_as_the_others_are);
	run(a_file_with_cr_lf_keeps_its_line_ends);
	run(an_item_goes_with_all_its_lines_and_the_key_with_the_last);
	run(quotes_and_bars_are_written_so_that_they_are_read_again);
	buf_done(&out);
	return check_done();
}
