/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what is said of a store's growth, over a manifest made by hand. */
#include "cmd/contents.h"

#include "check.h"
#include "base/civil.h"
#include "model/batch.h"
#include "model/pin.h"

static const int64_t now_ns = 1800000000 * CIVIL_SECOND_NS;
static const int64_t day_ns = CIVIL_DAY_S * CIVIL_SECOND_NS;

static struct segment_info segment[8];
static size_t nsegment;

size_t
store_segments(const struct store *store)
{
	(void)store;
	return nsegment;
}

const struct segment_info *
store_segment(const struct store *store, size_t index)
{
	(void)store;
	return &segment[index];
}

static struct pin pin[2];
static size_t npin;

const struct pin *
store_hold(const struct store *store, size_t index)
{
	(void)store;
	return index < npin ? &pin[index] : NULL;
}

static struct contents
contents(int class)
{
	return contents_of((const struct store *)(const void *)segment, class, now_ns);
}

/* From so many days ago to so many; 100 rows of 10 octets a day. */
static void
add(uint8_t stream, uint8_t class, double from, double to)
{
	segment[nsegment++] = (struct segment_info){ .stream = stream, .class = class,
	    .rows = (uint32_t)((from - to) * 100 + 0.5),
	    .bytes = (uint64_t)((from - to) * 1000 + 0.5),
	    .recv_min_ns = now_ns - (int64_t)(from * (double)day_ns),
	    .recv_max_ns = now_ns - (int64_t)(to * (double)day_ns) };
}

static void
only_the_last_days_tell_how_fast_it_grows(void)
{
	struct contents c;

	nsegment = 0;
	add(STREAM_RAW, 0, 100, 50);
	add(STREAM_RAW, 0, 4, 2);
	add(STREAM_RAW, 0, 2, 0);
	c = contents(CONTENTS_ALL);
	check_int(c.rows, 5400);
	check_int(c.bytes, 54000);
	check_int(c.late_rows, 400);
	check_int(c.late_bytes, 4000);
	check(c.first_ns == now_ns - 100 * day_ns && c.last_ns == now_ns);
	/* What came in is divided by the days of the window, quiet ones too. */
	check(c.days > 6.99 && c.days < 7.01);
	nsegment = 0;
	add(STREAM_RAW, 0, 4, 0);
	c = contents(CONTENTS_ALL);
	check(c.days > 3.99 && c.days < 4.01);
}

static void
a_class_is_its_own_rows_of_the_raw_stream(void)
{
	nsegment = 0;
	add(STREAM_RAW, 0, 1, 0);
	add(STREAM_RAW, 3, 2, 0);
	add(STREAM_LEDGER, 3, 5, 0);
	check_int(contents(0).rows, 100);
	check_int(contents(3).rows, 200);
	check_int(contents(CONTENTS_ALL).rows, 800);
	check_int(contents(7).rows, 0);
	check(contents(7).first_ns > contents(7).last_ns);
}

static void
a_burst_of_minutes_is_no_habit(void)
{
	nsegment = 0;
	add(STREAM_RAW, 0, 1.0 / 24 / 2, 0);
	check(contents(0).days <= 0);
	add(STREAM_RAW, 0, 1.0 / 12, 1.0 / 24);
	check(contents(0).days > 0);
	nsegment = 0;
	check(contents(0).days <= 0);
	check(contents_of(NULL, CONTENTS_ALL, now_ns).rows == 0);
}

static void
what_two_holds_cover_is_counted_once(void)
{
	const struct store *store = (const struct store *)(const void *)segment;
	struct contents c;

	nsegment = 0;
	add(STREAM_RAW, 0, 3, 2);
	add(STREAM_RAW, 1, 2, 1);
	add(STREAM_LEDGER, 0, 3, 0);
	pin[0] = pin[1] = (struct pin){ .stream = PIN_ANY, .class = PIN_ANY,
	    .last_seq = UINT64_MAX, .from_ns = INT64_MIN, .to_ns = INT64_MAX };
	pin[1].class = 1;
	npin = 2;
	c = contents_held(store, NULL);
	check_int(c.segments, 2);
	check_int(c.rows, 200);
	c = contents_held(store, &pin[1]);
	check_int(c.segments, 1);
	check_int(c.last_ns, now_ns - day_ns);
	npin = 0;
	c = contents_held(store, NULL);
	check_int(c.rows, 0);
	check(c.first_ns > c.last_ns);
}

int
main(void)
{
	run(what_two_holds_cover_is_counted_once);
	run(only_the_last_days_tell_how_fast_it_grows);
	run(a_class_is_its_own_rows_of_the_raw_stream);
	run(a_burst_of_minutes_is_no_habit);
	return check_done();
}
