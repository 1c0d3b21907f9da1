/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/entry.c and intake/objects.c: where entries and objects end, however they come. */
#include "intake/entry.h"

#include <stdlib.h>

#include "check.h"
#include "intake/objects.h"

enum { FRAMES = 8 };

struct got {
	struct buf frame[FRAMES];
	uint64_t cut[FRAMES];
	size_t n;
	enum err end;
};

static void
got_add(struct got *got, const struct frame *frame)
{
	if (!check(got->n < FRAMES))
		return;
	got->cut[got->n] = frame->cut;
	buf_span_put(&got->frame[got->n++], frame->record);
}

static void
got_done(struct got *got)
{
	for (size_t i = 0; i < FRAMES; i++)
		buf_done(&got->frame[i]);
}

/* In pieces of `step` octets. */
static struct got
entries(struct span in, size_t step, size_t most)
{
	struct entry entry = { .state = 0 };
	struct got got = { .n = 0 };
	struct frame frame;
	enum err rc = ERR_MORE;

	while (rc == ERR_MORE && in.n > 0) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, part.n, SIZE_MAX);
		while ((rc = entry_next(&entry, &part, most, &frame)) == OK)
			got_add(&got, &frame);
	}
	got.end = rc;
	if (rc == ERR_MORE) {
		got.end = entry_end(&entry, &frame);
		if (got.end == OK)
			got_add(&got, &frame);
	}
	entry_done(&entry);
	return got;
}

static struct got
objects(struct span in, size_t step, size_t most)
{
	struct objects o = { .depth = 0 };
	struct got got = { .n = 0 };
	struct frame frame;
	enum err rc = ERR_MORE;

	while (rc == ERR_MORE && in.n > 0) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, part.n, SIZE_MAX);
		while ((rc = objects_next(&o, &part, most, &frame)) == OK)
			got_add(&got, &frame);
	}
	got.end = rc == ERR_MORE && objects_are_whole(&o) ? OK : rc;
	objects_done(&o);
	return got;
}

static void
entries_are_the_same_in_pieces_of_any_size(void)
{
	const struct span stream = SPAN("\n\nA=1\nB\n\x04\0\0\0\0\0\0\0x\n\n=\nC=\n\n"
	    "D\n\0\0\0\0\0\0\0\0\n\n\nE=e=f\n");

	for (size_t step = 1; step <= stream.n; step++) {
		struct got got = entries(stream, step, SIZE_MAX);

		check_int(got.end, OK);
		check_int(got.n, 3);
		check_span(buf_span(&got.frame[0]),
		    SPAN("A=1\nB\n\x04\0\0\0\0\0\0\0x\n\n=\nC=\n"));
		check_span(buf_span(&got.frame[1]), SPAN("D\n\0\0\0\0\0\0\0\0\n"));
		check_span(buf_span(&got.frame[2]), SPAN("E=e=f\n"));
		got_done(&got);
	}
}

static void
a_field_without_room_is_left_out_of_its_entry(void)
{
	const struct span stream = SPAN("A=1\nLONG=0123456789012345678901234567890123\nB=2\n"
	    "C\n\x20\0\0\0\0\0\0\0" "01234567890123456789012345678901" "\nD=4\n\nE=5\n\n");

	for (size_t step = 1; step <= stream.n; step++) {
		struct got got = entries(stream, step, 40);

		check_int(got.n, 2);
		check_span(buf_span(&got.frame[0]), SPAN("A=1\nB=2\nD=4\n"));
		check(got.cut[0] >= 39 + 32);
		check_span(buf_span(&got.frame[1]), SPAN("E=5\n"));
		check_int(got.cut[1], 0);
		got_done(&got);
	}
}

static void
what_is_no_export_format_is_refused(void)
{
	static uint8_t name[300];
	struct got got;

	memset(name, 'x', sizeof name);
	got = entries(span_of(name, sizeof name), 7, SIZE_MAX);
	check_int(got.end, ERR_FORMAT);
	got = entries(SPAN("A\n\x01\0\0\0\0\0\0\0xy"), 3, SIZE_MAX);
	check_int(got.end, ERR_FORMAT);
	got = entries(SPAN("A\n\x01\0\0\0\0\0\0\xff"), 3, SIZE_MAX);
	check_int(got.end, ERR_FORMAT);
	/* In the middle of a field. */
	got = entries(SPAN("A=1\nB"), 3, SIZE_MAX);
	check_int(got.end, ERR_FORMAT);
	got = entries(SPAN("A\n\x02\0\0\0\0\0\0\0x"), 3, SIZE_MAX);
	check_int(got.end, ERR_FORMAT);
	check_int(got.n, 0);
}

static void
objects_are_the_same_in_pieces_of_any_size(void)
{
	const struct span stream = SPAN(" {\"event\":\"}{\\\"\"}{\"a\":[{},{\"b\":\"\\\\\"}]}"
	    "\r\n{}\n\n");

	for (size_t step = 1; step <= stream.n; step++) {
		struct got got = objects(stream, step, SIZE_MAX);

		check_int(got.end, OK);
		check_int(got.n, 3);
		check_span(buf_span(&got.frame[0]), SPAN("{\"event\":\"}{\\\"\"}"));
		check_span(buf_span(&got.frame[1]), SPAN("{\"a\":[{},{\"b\":\"\\\\\"}]}"));
		check_span(buf_span(&got.frame[2]), SPAN("{}"));
		got_done(&got);
	}
}

static void
an_object_without_an_end_or_a_begin_is_seen(void)
{
	struct got got = objects(SPAN("{\"a\":1}{\"b\""), 4, SIZE_MAX);

	check_int(got.n, 1);
	check_int(got.end, ERR_MORE);
	got_done(&got);
	got = objects(SPAN("{\"a\":1},{\"b\":2}"), 4, SIZE_MAX);
	check_int(got.n, 1);
	check_int(got.end, ERR_FORMAT);
	got_done(&got);
	/* Too long: the front of it, and how much is missing. */
	got = objects(SPAN("{\"abcdefghij\":1}{}"), 4, 8);
	check_int(got.n, 2);
	check_span(buf_span(&got.frame[0]), SPAN("{\"abcdef"));
	check_int(got.cut[0], 8);
	check_int(got.cut[1], 0);
	got_done(&got);
}

int
main(void)
{
	run(entries_are_the_same_in_pieces_of_any_size);
	run(a_field_without_room_is_left_out_of_its_entry);
	run(what_is_no_export_format_is_refused);
	run(objects_are_the_same_in_pieces_of_any_size);
	run(an_object_without_an_end_or_a_begin_is_seen);
	return check_done();
}
