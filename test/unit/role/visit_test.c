/* SPDX-License-Identifier: Apache-2.0 */
/* Tests role/visit.c: what front and porter tell each other comes through, nothing else does. */
#include "check.h"

#include "role/visit.h"

static void
a_visit_comes_through(void)
{
	struct visit one = { .what = VISIT_DO, .by = VISIT_COOKIE, .touches = true,
	    .shown = SPAN("abc"), .ask = { .act = true, .path = SPAN("/api/login"),
	    .who = SPAN(""), .from = SPAN("10.0.0.5"), .lang = SPAN("vi"), .rights = DESK_ALL,
	    .nparam = 1, .param = { { SPAN("login"), SPAN("an") } } } };
	struct visit two;
	struct buf code = { 0 };
	unsigned taken = 0;

	visit_put(&code, &one);
	check_int(visit_read(&two, buf_span(&code), NULL), OK);
	check(two.what == VISIT_DO && two.by == VISIT_COOKIE && two.touches && two.ask.act);
	check_span(two.shown, SPAN("abc"));
	check_span(two.ask.path, SPAN("/api/login"));
	check_span(two.ask.param[0].value, SPAN("an"));
	check_int(two.ask.rights, DESK_ALL);
	for (size_t i = 0; i < code.n; i++)
		taken += visit_read(&two, span_of(code.p, i), NULL) == OK;
	check_int(taken, 0);
	buf_u8(&code, 0);
	check_int(visit_read(&two, buf_span(&code), NULL), ERR_FORMAT);
	buf_done(&code);
}

static void
a_visitor_comes_through(void)
{
	struct visitor one = { .accounts = true, .login = "minh", .rights = DESK_READ | DESK_ADMIN,
	    .must = VISIT_MUST_CODE, .session = true, .csrf = "00112233445566778899aabbccddeeff" };
	struct visitor two;
	struct buf code = { 0 };
	unsigned taken = 0;

	visitor_put(&code, &one);
	check_int(visitor_read(&two, buf_span(&code), NULL), OK);
	check(two.accounts && two.session && two.must == VISIT_MUST_CODE &&
	    two.rights == (DESK_READ | DESK_ADMIN) && strcmp(two.login, "minh") == 0 &&
	    strcmp(two.csrf, one.csrf) == 0);
	for (size_t i = 0; i < code.n; i++)
		taken += visitor_read(&two, span_of(code.p, i), NULL) == OK;
	check_int(taken, 0);
	buf_done(&code);
}

static void
more_rights_than_there_are_are_refused(void)
{
	struct visitor one = { .rights = DESK_ALL + 1 }, two;
	struct buf code = { 0 };

	visitor_put(&code, &one);
	check_int(visitor_read(&two, buf_span(&code), NULL), ERR_FORMAT);
	buf_done(&code);
}

static void
an_answer_comes_through(void)
{
	struct visit_answer one = { .status = 409, .cookie = SPAN("-"), .json = SPAN("{}\n") };
	struct visit_answer two;
	struct buf code = { 0 };

	visit_answer_put(&code, &one);
	check_int(visit_answer_read(&two, buf_span(&code), NULL), OK);
	check_int(two.status, 409);
	check_span(two.cookie, SPAN("-"));
	check_span(two.json, SPAN("{}\n"));
	check_int(visit_answer_read(&two, span_of(code.p, 3), NULL), ERR_FORMAT);
	buf_done(&code);
}

int
main(void)
{
	run(a_visit_comes_through);
	run(a_visitor_comes_through);
	run(more_rights_than_there_are_are_refused);
	run(an_answer_comes_through);
	return check_done();
}
