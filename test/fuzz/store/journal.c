/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal file as octets: head and frames, with their checksums put right, so that what is behind
 * them is reached. Every frame that is taken is read to its last row.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/must.h"
#include "store/journal_int.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
sums_right(uint8_t *p, size_t n)
{
	size_t at = JOURNAL_HEAD_BYTES, all;

	if (n >= 128)
		le_put(p + 120, hash64(span_of(p, 120)), 8);
	for (; at + FRAME_HEAD_BYTES <= n; at += all) {
		struct cur in = cur_of(span_of(p + at + 8, 4));
		uint32_t stored = cur_u32(&in);

		all = frame_wants(span_of(p + at, n - at));
		if (all == 0 || all > n - at)
			return;
		le_put(p + at + 72, hash64_seed(span_of(p + at + FRAME_HEAD_BYTES, stored),
		    hash64(span_of(p + at, 72))), 8);
	}
}

static void
frame_walk(const struct journal_frame *frame)
{
	struct batch_reader *reader = xmalloc(sizeof *reader);
	struct row row;
	uint32_t n = 0;

	batch_reader_init(reader, &frame->head, &frame->tables);
	while (batch_next(reader, &row, NULL) == OK) {
		const struct shape *shape = frame->tables.shape[row.shape];
		uint8_t *raw = xmalloc(row_bytes(&row, shape) + 1);

		row_raw(raw, &row, shape);
		free(raw);
		n++;
	}
	must(n == frame->head.nrow);
	free(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[CRYPT_KEY_BYTES];
	struct journal_file file = { .fd = -1 };
	struct journal_frame frame;
	struct frame_head head;
	uint8_t *p = xmemdup(data, size);
	size_t at = JOURNAL_HEAD_BYTES, n;
	struct why why;

	sums_right(p, size);
	(void)journal_head_get(&file.head, span_of(p, size), key, &why);
	while (at < size && (n = frame_get(&head, span_of(p + at, size - at))) > 0) {
		if (journal_decode(&file, &head, span_of(p + at, n), &frame, &why) == OK &&
		    frame.type == JOURNAL_ROWS)
			frame_walk(&frame);
		at += n;
	}
	journal_file_close(&file);
	free(p);
	return 0;
}
