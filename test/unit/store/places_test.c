/* SPDX-License-Identifier: Apache-2.0 */
/* The list of places: journal.md section 7. */
#include <stdlib.h>

#include "check.h"
#include "base/must.h"
#include "store/places.h"

enum { MANY = 100000 };

static uint64_t
content(uint64_t i)
{
	return PLACE_MARK | (i * UINT64_C(0x9E3779B97F4A7C15) >> 1);
}

static void
what_was_set_is_found_and_nothing_else(void)
{
	struct places p = { 0 };

	check_int(places_get(&p, content(1)), 0);
	for (uint64_t i = 1; i <= MANY; i++)
		must(places_set(&p, content(i), i));
	check_int(p.n, MANY);
	for (uint64_t i = 1; i <= MANY; i++)
		must(places_get(&p, content(i)) == i);
	check_int(places_get(&p, content(MANY + 1)), 0);
	check(places_set(&p, content(5), 77));
	check_int(places_get(&p, content(5)), 77);
	check_int(p.n, MANY);
	places_done(&p);
}

static void
the_file_gives_the_list_back_without_what_is_at_nothing(void)
{
	struct places p = { 0 }, q = { 0 };
	struct buf file = { 0 };

	for (uint64_t i = 1; i <= 1000; i++)
		must(places_set(&p, content(i), i % 10 != 0 ? i : 0));
	places_encode(&p, &file);
	check_int(file.n, 24 + 900 * 16);
	check_int(places_decode(&q, buf_span(&file), NULL), OK);
	check(!q.dirty);
	for (uint64_t i = 1; i <= 1000; i++)
		must(places_get(&q, content(i)) == (i % 10 != 0 ? i : 0));
	places_done(&p);
	places_done(&q);
	buf_done(&file);
}

static void
a_file_with_any_octet_changed_or_missing_is_refused(void)
{
	struct places p = { 0 };
	struct buf file = { 0 };

	for (uint64_t i = 1; i <= 3; i++)
		must(places_set(&p, content(i), i));
	places_encode(&p, &file);
	for (size_t i = 0; i < file.n; i++) {
		struct places q = { 0 };

		check_int(places_decode(&q, span_sub(buf_span(&file), 0, i), NULL), ERR_FORMAT);
		places_done(&q);
		file.p[i] ^= 1;
		check_int(places_decode(&q, buf_span(&file), NULL), ERR_FORMAT);
		file.p[i] ^= 1;
		places_done(&q);
	}
	places_done(&p);
	buf_done(&file);
}

static void
beyond_the_limit_only_known_ones_move(void)
{
	struct places p = { 0 };

	for (uint64_t i = 1; i <= PLACES_MAX; i++)
		must(places_set(&p, content(i), i));
	check(!places_room(&p, content(PLACES_MAX + 1)));
	check(!places_set(&p, content(PLACES_MAX + 1), 1));
	check(places_set(&p, content(9), 10));
	check_int(places_get(&p, content(9)), 10);
	places_done(&p);
}

int
main(void)
{
	run(what_was_set_is_found_and_nothing_else);
	run(the_file_gives_the_list_back_without_what_is_at_nothing);
	run(a_file_with_any_octet_changed_or_missing_is_refused);
	run(beyond_the_limit_only_known_ones_move);
	return check_done();
}
