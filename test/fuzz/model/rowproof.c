/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/rowproof.c: a proof that is read is written the same; checking it never breaks. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/rowproof.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 1 };
	static struct arena *arena;
	struct row_proof *proof = xcalloc(1, sizeof *proof);
	struct note_key key;
	struct buf again = { 0 };

	if (arena == NULL)
		arena = arena_new(32 << 20);
	arena_reset(arena);
	note_key_of_seed(&key, "trucban/x", seed);
	if (row_proof_get(proof, span_of(data, size), arena, NULL) == OK) {
		row_proof_put(&again, proof);
		must(span_eq(buf_span(&again), span_of(data, size)));
		(void)row_proof_check(proof, &key, 1, NULL, arena, NULL);
	}
	buf_done(&again);
	free(proof);
	return 0;
}
