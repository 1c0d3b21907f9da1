/* SPDX-License-Identifier: Apache-2.0 */
/* Tests store/shelf.c: a segment is one question's at a time, and goes when it must. */
#include "check.h"

#include "rows.h"
#include "store/builder.h"
#include "store/segment.h"
#include "store/segment_int.h"
#include "store/shelf.h"

static struct segment *
segment_made(void)
{
	struct builder_conf conf = { .class = 2, .epoch = 1, .level = 1 };
	struct builder *b = builder_new(&conf);
	struct batch_writer *writer = batch_writer_new(0, 2);
	struct segment *segment = NULL;
	struct segment_memory *memory;
	struct segment_info info;
	struct rows_tables tables;
	struct batch_head head;
	struct buf code = { 0 };
	struct rows r;

	rows_init(&r, 7);
	rows_add(&r, writer, 50, false);
	batch_finish(writer, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK);
	rows_tables(&tables, &r, &head);
	builder_frame(b, &head, &tables.tables, 1);
	builder_leaf(b, 1, (const uint8_t[32]){ 1 });
	memory = builder_to_memory(b, &info);
	must(segment_open_memory(&segment, memory, NULL, PACK_CHECK, NULL) == OK);
	segment_memory_drop(&memory);
	batch_writer_free(&writer);
	builder_free(&b);
	buf_done(&code);
	rows_done(&r);
	return segment;
}

static void
what_is_taken_is_not_there_for_others(void)
{
	struct shelf *shelf = shelf_new(1 << 20);
	struct segment *given = segment_made(), *same = given;

	check(shelf_take(shelf, 5) == NULL);
	shelf_give(shelf, 5, &given);
	check(given == NULL);
	check(shelf_take(shelf, 6) == NULL);
	given = shelf_take(shelf, 5);
	check(given == same);
	check(shelf_take(shelf, 5) == NULL);
	segment_free(&given);
	shelf_free(&shelf);
}

/* Opens it anew when it is not there. */
static bool
asked_for(struct shelf *shelf, uint64_t id)
{
	struct segment *segment = shelf_take(shelf, id);
	bool there = segment != NULL;

	if (!there)
		segment = segment_made();
	shelf_give(shelf, id, &segment);
	check(segment == NULL);
	return there;
}

static void
what_is_asked_for_again_soon_takes_the_room(void)
{
	struct segment *segment = segment_made();
	size_t bytes = segment_memory_bytes(segment);
	struct shelf *shelf = shelf_new(bytes * 2 + bytes / 2);

	/* A question that goes over four in order finds two of them again. */
	for (unsigned round = 0; round < 4; round++)
		for (uint64_t id = 1; id <= 4; id++)
			check(asked_for(shelf, id) == (round > 0 && id <= 2));
	/* Another one gets there when it is asked for twice, and puts out the one idle longest. */
	for (unsigned round = 0; round < 2; round++)
		check(!asked_for(shelf, 5));
	check(asked_for(shelf, 5));
	/* Two threads opened it: one of them is kept. */
	check(asked_for(shelf, 2));
	shelf_give(shelf, 2, &segment);
	check(segment == NULL);
	segment = shelf_take(shelf, 2);
	check(segment != NULL && shelf_take(shelf, 2) == NULL);
	segment_free(&segment);
	shelf_free(&shelf);
	/* One that is too large for the shelf is not kept at all. */
	shelf = shelf_new(bytes);
	segment = segment_made();
	shelf_give(shelf, 1, &segment);
	check(segment == NULL && shelf_take(shelf, 1) == NULL);
	shelf_free(&shelf);
}

static void
what_is_not_asked_for_goes(void)
{
	struct shelf *shelf = shelf_new(1 << 20);
	struct segment *segment = segment_made();

	shelf_give(shelf, 1, &segment);
	shelf_age(shelf);
	segment = shelf_take(shelf, 1);
	check(segment != NULL);
	shelf_give(shelf, 1, &segment);
	shelf_age(shelf);
	shelf_age(shelf);
	check(shelf_take(shelf, 1) == NULL);
	shelf_free(&shelf);
}

int
main(void)
{
	run(what_is_taken_is_not_there_for_others);
	run(what_is_asked_for_again_soon_takes_the_room);
	run(what_is_not_asked_for_goes);
	return check_done();
}
