/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes intake/entry.c and intake/objects.c: the second octet says how large the pieces are, and
 * the frames must be the same as those of the whole. The first says which, and how much is held.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "intake/entry.h"
#include "intake/objects.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All frames, each with its length and how it ended. */
static void
entries(struct buf *out, struct span in, size_t step, size_t most)
{
	struct entry entry = { .state = 0 };
	struct frame frame;
	enum err rc = ERR_MORE;

	while (rc == ERR_MORE && in.n > 0) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, part.n, SIZE_MAX);
		while ((rc = entry_next(&entry, &part, most, &frame)) == OK) {
			must(frame.record.n <= most);
			buf_bytes(out, frame.record);
		}
	}
	if (rc == ERR_MORE && (rc = entry_end(&entry, &frame)) == OK)
		buf_bytes(out, frame.record);
	buf_u8(out, (uint8_t)rc);
	entry_done(&entry);
}

static void
objects(struct buf *out, struct span in, size_t step, size_t most)
{
	struct objects o = { .depth = 0 };
	struct frame frame;
	enum err rc = ERR_MORE;

	while (rc == ERR_MORE && in.n > 0) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, part.n, SIZE_MAX);
		while ((rc = objects_next(&o, &part, most, &frame)) == OK) {
			must(frame.cut > 0 || frame.record.p[frame.record.n - 1] == '}' ||
			    frame.record.p[frame.record.n - 1] == ']');
			buf_bytes(out, span_sub(frame.record, 0, most));
		}
	}
	buf_u8(out, (uint8_t)rc);
	buf_u8(out, objects_are_whole(&o));
	objects_done(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };
	struct span in;
	size_t most;

	if (size < 2)
		return 0;
	most = (data[0] & 2) != 0 ? 64 : LIMIT_RECORD_BYTES;
	in = span_of(data + 2, size - 2);
	if ((data[0] & 1) != 0) {
		entries(&whole, in, SIZE_MAX, most);
		entries(&pieces, in, data[1] + 1U, most);
		/* Which field has no room may be seen earlier or later in a line. */
		must(most == 64 || span_eq(buf_span(&whole), buf_span(&pieces)));
	} else {
		objects(&whole, in, SIZE_MAX, most);
		objects(&pieces, in, data[1] + 1U, most);
		must(span_eq(buf_span(&whole), buf_span(&pieces)));
	}
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}
