/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/err.c: what failed first, then why. */
#include "base/err.h"

#include <errno.h>

#include "check.h"

static void
a_reason_is_printed_and_the_code_handed_on(void)
{
	struct why why = { "" };

	check_int(why_set(&why, ERR_LIMIT, "name of %d octets", 300), ERR_LIMIT);
	check_span(span_str(why.text), SPAN("name of 300 octets"));
	check_int(why_prefix(&why, ERR_LIMIT, "row %d", 7), ERR_LIMIT);
	check_span(span_str(why.text), SPAN("row 7: name of 300 octets"));
}

static void
an_errno_is_said_in_words(void)
{
	struct why why = { "" };

	check_int(why_errno(&why, ERR_ABSENT, ENOENT, "cannot open %s", "x"), ERR_ABSENT);
	check_span(span_str(why.text), SPAN("cannot open x: No such file or directory"));
	(void)why_errno(&why, ERR_IO, 99999, "odd");
	check(span_starts(span_str(why.text), SPAN("odd: ")));
	check(strstr(why.text, "99999") != NULL);
}

static void
a_reason_is_optional_everywhere(void)
{
	check_int(why_set(NULL, ERR_IO, "x"), ERR_IO);
	check_int(why_prefix(NULL, ERR_FULL, "x"), ERR_FULL);
	check_int(why_errno(NULL, ERR_BUSY, EAGAIN, "x"), ERR_BUSY);
}

static void
a_reason_too_long_is_cut_and_still_a_string(void)
{
	struct why why = { "" };
	char text[2000];

	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	(void)why_set(&why, ERR_IO, "%s", text);
	check_int(strlen(why.text), sizeof why.text - 1);
	(void)why_prefix(&why, ERR_IO, "cannot");
	check(span_starts(span_str(why.text), SPAN("cannot: aaa")));
	check_int(strlen(why.text), sizeof why.text - 1);
	(void)why_prefix(&why, ERR_IO, "%s", text);
	check_int(strlen(why.text), sizeof why.text - 1);
	(void)why_errno(&why, ERR_IO, EIO, "%s", text);
	check_int(strlen(why.text), sizeof why.text - 1);
}

static void
a_reason_may_be_printed_into_its_own_prefix(void)
{
	struct why why = { "disk full" };

	(void)why_prefix(&why, ERR_FULL, "cannot seal %s", "raw/000412");
	check_span(span_str(why.text), SPAN("cannot seal raw/000412: disk full"));
}

static void
every_code_has_a_name(void)
{
	check_span(span_str(err_name(OK)), SPAN("ok"));
	check_span(span_str(err_name(ERR_BUSY)), SPAN("busy"));
	for (int e = OK; e <= ERR_BUSY; e++) {
		check(strcmp(err_name((enum err)e), "unknown") != 0);
		for (int other = OK; other < e; other++)
			check(strcmp(err_name((enum err)e), err_name((enum err)other)) != 0);
	}
	check_span(span_str(err_name((enum err)(ERR_BUSY + 1))), SPAN("unknown"));
	check_span(span_str(err_name((enum err)-1)), SPAN("unknown"));
}

int
main(void)
{
	run(a_reason_is_printed_and_the_code_handed_on);
	run(an_errno_is_said_in_words);
	run(a_reason_is_optional_everywhere);
	run(a_reason_too_long_is_cut_and_still_a_string);
	run(a_reason_may_be_printed_into_its_own_prefix);
	run(every_code_has_a_name);
	return check_done();
}
