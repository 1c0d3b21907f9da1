/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/leafproof.c: a proof that is read is written the same; its root never breaks. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/leafproof.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leaf_proof proof = { 0 };
	struct span rest = span_of(data, size), before;
	struct buf again = { 0 };
	uint64_t line = 0;

	while ((before = rest, leaf_proof_get(&proof, &rest, &line, NULL) == OK)) {
		struct digest *row = xcalloc((size_t)proof.nrow + 1, sizeof *row), root;

		again.n = 0;
		leaf_proof_put(&again, &proof);
		must(span_eq(buf_span(&again), span_sub(before, 0, before.n - rest.n)));
		for (uint32_t i = 0; i < proof.nrow; i++)
			row[i] = proof.row[i].digest;
		(void)leaf_proof_root(&root, &proof, row);
		free(row);
	}
	leaf_proof_done(&proof);
	buf_done(&again);
	return 0;
}
