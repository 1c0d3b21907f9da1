/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/leaf.c: an entry that is taken, written and read again, is the same. */
#include <stdint.h>

#include "base/must.h"
#include "model/leaf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena *arena;
	struct buf one = { 0 }, two = { 0 };
	struct leaf leaf, peek;

	if (arena == NULL)
		arena = arena_new(1 << 20);
	arena_reset(arena);
	if (leaf_decode(&leaf, span_of(data, size), arena, NULL) == OK) {
		must(leaf_peek(&peek, span_of(data, size), NULL) == OK && peek.type == leaf.type);
		/* Varints may be longer than they must: compare what is written from here on. */
		leaf_encode(&one, &leaf);
		must(leaf_decode(&leaf, buf_span(&one), arena, NULL) == OK);
		leaf_encode(&two, &leaf);
		must(span_eq(buf_span(&one), buf_span(&two)));
	}
	buf_done(&one);
	buf_done(&two);
	return 0;
}
