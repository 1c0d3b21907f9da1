/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes model/note.c and model/checkpoint.c: a note that is taken is made of exactly its text and
 * its lines; a checkpoint, a key and an anchor that are taken are written as they were read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/checkpoint.h"
#include "model/line.h"
#include "model/note.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note_try(struct span bytes)
{
	struct note *note = xcalloc(1, sizeof *note);
	struct checkpoint checkpoint;
	struct note_key key;
	struct buf again = { 0 };
	const uint8_t seed[32] = { 1 };

	if (note_parse(note, bytes, NULL) == OK) {
		buf_span_put(&again, note->text);
		buf_u8(&again, '\n');
		for (unsigned i = 0; i < note->nsignature; i++)
			buf_span_put(&again, note->signature[i].line);
		must(span_eq(buf_span(&again), bytes));
		note_key_of_seed(&key, "desk/1", seed);
		(void)note_check(note, &key, NULL, NULL);
		note_key_make(&key, "witness/1", NOTE_COSIGNATURE, key.public_key);
		(void)note_check(note, &key, NULL, NULL);
		again.n = 0;
		if (checkpoint_get(&checkpoint, note->text, NULL) == OK) {
			checkpoint_put(&again, &checkpoint);
			must(span_eq(buf_span(&again), note->text));
		}
	}
	buf_done(&again);
	free(note);
}

static void
lines_try(struct span rest)
{
	struct checkpoint anchor, again;
	struct note_key key;
	struct span line;
	struct buf out = { 0 };
	int64_t time_ns, time_again;

	while (line_next(&rest, &line)) {
		if (note_key_get(&key, line, NULL) == OK) {
			out.n = 0;
			note_key_put(&out, &key);
			must(memmem(line.p, line.n, out.p, out.n) != NULL);
		}
		if (anchor_get(&anchor, &time_ns, line, NULL) != OK)
			continue;
		out.n = 0;
		anchor_put(&out, &anchor, time_ns);
		must(anchor_get(&again, &time_again, buf_span(&out), NULL) == OK);
		must(again.size == anchor.size && time_again == time_ns);
	}
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	note_try(span_of(data, size));
	lines_try(span_of(data, size));
	return 0;
}
