/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest as octets, with the checksums of what looks like a record put right. What was taken in
 * is written again and must read the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "store/manifest_int.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
sums_right(uint8_t *p, size_t n)
{
	if (n >= MANIFEST_HEAD_BYTES)
		le_put(p + 56, hash64(span_of(p, 56)), 8);
	for (size_t at = MANIFEST_HEAD_BYTES; at + 24 <= n; at += 8) {
		struct cur in = cur_of(span_of(p + at + 8, 4));
		uint32_t len = cur_u32(&in);

		if (memcmp(p + at, "TBMR", 4) == 0 && len <= n - at - 24)
			le_put(p + at + 16, hash64_seed(span_of(p + at + 24, len),
			    hash64(span_of(p + at, 16))), 8);
	}
}

static enum err
take(struct manifest *m, struct span octets)
{
	struct why why;
	enum err rc = manifest_head_take(m, octets, &why);

	if (rc == OK)
		rc = manifest_take(m, span_sub(octets, MANIFEST_HEAD_BYTES, SIZE_MAX), &why);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest a = { .fd = -1 }, b = { .fd = -1 };
	uint8_t *p = xmemdup(data, size);
	struct buf again = { 0 };

	sums_right(p, size);
	if (take(&a, span_of(p, size)) == OK) {
		(void)manifest_put(&again, &a);
		must(take(&b, buf_span(&again)) == OK);
		must(a.n == b.n && a.epoch == b.epoch && a.damaged == b.damaged);
		must(memcmp(a.mark, b.mark, sizeof a.mark) == 0);
		for (size_t i = 0; i < a.n; i++)
			must(a.entry[i].info.id == b.entry[i].info.id &&
			    span_eq(a.entry[i].leaves, b.entry[i].leaves));
		must(a.nhold == b.nhold && a.nhold <= LIMIT_HOLDS);
		for (size_t i = 0; i < a.nhold; i++)
			must(pin_same(&a.hold[i], &b.hold[i]));
	}
	manifest_forget(&a);
	manifest_forget(&b);
	free(a.entry);
	free(b.entry);
	free(a.hold);
	free(b.hold);
	buf_done(&again);
	free(p);
	return 0;
}
