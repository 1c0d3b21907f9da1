/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of rules by which records are not kept: whose, how many, how severe, until when. */
#include "intake/order.h"

#include "check.h"

static bool
drops(struct order *o, uint32_t origin, const char *record, int64_t recv_ns)
{
	struct incoming in = { .record = span_str(record), .origin = origin, .recv_ns = recv_ns };

	return order_drops(o, &in);
}

static struct order *
order_made(void)
{
	const struct intake_rule rule[] = {
		{ .name = SPAN("tenth"), .peer = SPAN("10.0.0.5"), .keep = 10, .until_ns = 1000 },
		{ .name = SPAN("quiet"), .peer = SPAN("10.0.0.6"), .below = 4, .until_ns = 1000 },
	};
	struct order *o = order_new(rule, 2);

	order_origin(o, 3, SPAN("10.0.0.5"));
	order_origin(o, 4, SPAN("10.0.0.6"));
	order_origin(o, 5, SPAN("10.0.0.7"));
	return o;
}

static uint64_t
count(const struct order *o, unsigned index)
{
	struct span name;
	uint64_t n = 0;

	check(order_count(o, index, &name, &n));
	return n;
}

static void
one_of_ten_is_kept_of_its_source_and_all_of_others(void)
{
	struct order *o = order_made();
	unsigned kept = 0;

	for (unsigned i = 0; i < 95; i++) {
		kept += !drops(o, 3, "<14>x", 5);
		check(!drops(o, 5, "<14>x", 5));
		check(!drops(o, 70000, "<14>x", 5));
	}
	check_int(kept, 10);
	check_int(count(o, 0), 85);
	check_int(count(o, 1), 0);
	order_free(&o);
}

static void
only_what_is_less_severe_goes_and_what_says_nothing_stays(void)
{
	static const struct {
		const char *record;
		bool goes;
	} row[] = { { "<8>emerg", false }, { "<12>warning", false }, { "<13>notice", true },
	    { "<14>info", true }, { "<191>debug", true }, { "<192>x", false }, { "x", false },
	    { "", false }, { "<", false }, { "<>x", false }, { "<1x>", false }, { "<0013>", false },
	    { "<7", false } };
	struct order *o = order_made();
	uint64_t gone = 0;

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		check(drops(o, 4, row[i].record, 5) == row[i].goes);
		gone += row[i].goes;
	}
	check_int(count(o, 1), gone);
	order_free(&o);
}

static void
a_rule_ends_with_its_day(void)
{
	struct order *o = order_made();

	check(drops(o, 4, "<14>x", 999));
	check(!drops(o, 4, "<14>x", 1000));
	order_free(&o);
	check(order_new(NULL, 0) == NULL);
	order_free(&o);
}

int
main(void)
{
	run(one_of_ten_is_kept_of_its_source_and_all_of_others);
	run(only_what_is_less_severe_goes_and_what_says_nothing_stays);
	run(a_rule_ends_with_its_day);
	return check_done();
}
