/* SPDX-License-Identifier: Apache-2.0 */
#include "web/form.h"

#include <stdio.h>

#include "check.h"

static struct why why;

static struct form *
form_of(const char *text)
{
	struct form *form = NULL;

	check_int(form_read(&form, span_str(text), &why), OK);
	return form;
}

#define check_param(form, name, want) check_span(span_str(form_get(form, name) != NULL ? \
	form_get(form, name) : "(none)"), span_str(want))

static void
parameters_are_read_by_name(void)
{
	struct form *form = form_of("&query=%22a%20b%22+OR+c&limit=5&empty=&bare&&limit=7");

	check_param(form, "query", "\"a b\" OR c");
	check_param(form, "limit", "5");
	check_param(form, "empty", "");
	check_param(form, "bare", "");
	check_param(form, "other", "(none)");
	form_free(&form);
	form_free(&form);
}

static void
what_is_no_form_is_refused(void)
{
	static const char *const bad[] = { "a=%", "a=%2", "a=%2g", "a=%g2", "a%=1", "=1", "a=1&=2",
	    "a=%00", "a%00b=1" };
	struct form *form = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check_int(form_read(&form, span_str(bad[i]), &why), ERR_FORMAT))
			printf("it was: %s\n", bad[i]);
	check_int(form_read(&form, SPAN("a=1\0b"), &why), ERR_FORMAT);
	check(form == NULL);
}

static void
more_parameters_than_anybody_needs_are_refused(void)
{
	struct form *form = NULL;
	struct buf text = { 0 };

	for (int i = 0; i < FORM_PARAMS; i++)
		form_add(&text, "a", SPAN("1"));
	check_int(form_read(&form, buf_span(&text), &why), OK);
	form_free(&form);
	form_add(&text, "a", SPAN("1"));
	check_int(form_read(&form, buf_span(&text), &why), ERR_LIMIT);
	buf_done(&text);
}

static void
what_is_added_comes_back(void)
{
	struct buf text = { 0 };
	struct form *form = NULL;
	char all[256];

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	form_add(&text, "first", SPAN(""));
	form_add(&text, "all", span_str(all));
	check_int(form_read(&form, buf_span(&text), &why), OK);
	check_param(form, "first", "");
	check_param(form, "all", all);
	form_free(&form);
	buf_done(&text);
}

int
main(void)
{
	run(parameters_are_read_by_name);
	run(what_is_no_form_is_refused);
	run(more_parameters_than_anybody_needs_are_refused);
	run(what_is_added_comes_back);
	return check_done();
}
