/* SPDX-License-Identifier: Apache-2.0 */
/* Tests role/waits.c: who asked, for what, and when the next word is due. */
#include "role/waits.h"

#include "check.h"

#define S INT64_C(1000000000)

static struct waits waits;

static void
an_event_answers_all_who_wait_for_it(void)
{
	struct wait w;

	waits = (struct waits){ 0 };
	check(waits_add(&waits, 3, 0, 10, S) && waits_add(&waits, 4, 1, 11, S));
	check(waits_add(&waits, 3, 1, 12, S));
	check(waits_take(&waits, 3, &w) && w.tag == 10 && w.line == 0);
	check(waits_take(&waits, 3, &w) && w.tag == 12 && w.line == 1);
	check(!waits_take(&waits, 3, &w));
	waits_drop(&waits, 1);
	check(!waits_take(&waits, 4, &w));
}

static void
a_word_is_due_each_ten_seconds(void)
{
	struct wait w;

	waits = (struct waits){ 0 };
	check(waits_add(&waits, 3, 0, 10, S) && waits_add(&waits, 4, 0, 11, 5 * S));
	check(!waits_due(&waits, 11 * S - 1, &w));
	check(waits_due(&waits, 11 * S, &w) && w.tag == 10 && w.begin_ns == S);
	check(!waits_due(&waits, 11 * S, &w));
	check(waits_due(&waits, 16 * S, &w) && w.tag == 11);
	check(waits_due(&waits, 21 * S, &w) && w.tag == 10 && w.begin_ns == S);
}

static void
a_full_table_takes_no_more(void)
{
	waits = (struct waits){ 0 };
	for (uint64_t i = 0; i < WAITS_MAX; i++)
		check(waits_add(&waits, 3, 0, i, S));
	check(!waits_add(&waits, 3, 0, 99, S));
	waits_drop(&waits, 0);
	check(waits_add(&waits, 3, 0, 99, S));
}

int
main(void)
{
	run(an_event_answers_all_who_wait_for_it);
	run(a_word_is_due_each_ten_seconds);
	run(a_full_table_takes_no_more);
	return check_done();
}
