/* SPDX-License-Identifier: Apache-2.0 */
/* role/escalation.c: the pack of who is told. */
#include "role/escalation.h"

#include "check.h"

static struct escalation pack;
static struct why why;

#define ROLES \
	"pack: x\nroles:\n  - name: a\n    title: A\n    tier: true\n  - name: b\n    title: B\n"
#define STEP(level, after, role) \
	"  - level: " level "\n    after: " after "\n    role: " role "\n"

static enum err
parsed(const char *text)
{
	return escalation_parse(&pack, span_str(text), &why);
}

static void
the_pack_inside_says_that_it_is_policy_and_nobody_approved_it(void)
{
	check_int(escalation_own(&pack, &why), OK);
	check_span(span_str(pack.approved), SPAN(""));
	check(pack.nrole >= 3 && pack.nstep >= 3);
	check_span(span_str(pack.role[0].name), SPAN("technical"));
	check(pack.role[0].tier);
	check_int(pack.handover_s, 1800);
}

static void
steps_of_a_level_are_counted_as_they_stand(void)
{
	check_int(parsed(ROLES "steps:\n" STEP("high", "0m", "a") STEP("low", "5m", "a")
	    STEP("high", "15m", "b")), OK);
	check_int(pack.nstep, 3);
	check_int(pack.step[1].step, 1);
	check_int(pack.step[2].step, 2);
	check_int(pack.step[2].after_s, 900);
	check_int(pack.drill_s, 90 * 86400);
}

static void
what_cannot_be_is_refused_with_its_line(void)
{
	check_int(parsed(ROLES "steps:\n" STEP("high", "0m", "c")), ERR_FORMAT);
	check_span(span_str(why.text), SPAN("line 9: steps: role: 'c' is none of roles"));
	check_int(parsed(ROLES "steps:\n" STEP("high", "5m", "a") STEP("high", "4m", "a")),
	    ERR_FORMAT);
	check_span(span_str(why.text), SPAN("line 12: steps: after: the step before it, of the "
	    "same level, comes later"));
	check_int(parsed(ROLES "  - name: a\n    title: A\nsteps:\n" STEP("high", "5m", "a")),
	    ERR_FORMAT);
	check_span(span_str(why.text), SPAN("line 8: roles: a: another role has this name; give "
	    "it one of its own"));
	check_int(parsed("pack: x\nroles:\n  - name: 'A b'\n    title: A\nsteps:\n"
	    STEP("high", "5m", "a")), ERR_FORMAT);
	check_int(parsed(ROLES "steps:\n" STEP("awful", "5m", "a")), ERR_FORMAT);
	check_int(parsed(ROLES "steps:\n" STEP("high", "31d", "a")), ERR_FORMAT);
	check_int(parsed(ROLES "steps:\n" STEP("high", "5m", "a") "rules:\n  gaps: 400d\n"),
	    ERR_FORMAT);
	check_int(parsed("pack: x\n"), ERR_FORMAT);
}

int
main(void)
{
	run(the_pack_inside_says_that_it_is_policy_and_nobody_approved_it);
	run(steps_of_a_level_are_counted_as_they_stand);
	run(what_cannot_be_is_refused_with_its_line);
	return check_done();
}
