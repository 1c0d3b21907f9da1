/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes evidence/check.c: whatever is in an archive, checking it ends and counts each record once.
 * What is neither zip nor tar is taken for data/proofs.txt, to the first NUL, data/records.log, to
 * the next, and so on data/records.ndjson, anchors.txt, checkpoint, keys.txt and a list of anchors.
 */
#include <stdint.h>

#include "base/must.h"
#include "evidence/check.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t records, findings;

static void
on_finding(void *ctx, const struct evidence_finding *f)
{
	(void)ctx;
	must(f->text[0] != '\0' && f->file != NULL);
	findings++;
}

static void
on_record(void *ctx, const struct evidence_record *r)
{
	(void)ctx;
	must(r->state < EVIDENCE_STATES && r->line > 0);
	records++;
}

static bool
on_progress(void *ctx, uint64_t done, uint64_t all)
{
	(void)ctx;
	must(done <= all);
	return true;
}

static struct span
part_take(struct span *rest)
{
	const uint8_t *nul = rest->n > 0 ? memchr(rest->p, 0, rest->n) : NULL;
	struct span part = span_sub(*rest, 0, nul != NULL ? (size_t)(nul - rest->p) : rest->n);

	*rest = span_sub(*rest, part.n + 1, SIZE_MAX);
	return part;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 1 };
	const struct evidence_watch watch = { on_finding, on_record, on_progress, NULL };
	struct span rest = span_of(data, size);
	struct evidence_result result;
	struct archive archive = { 0 };
	struct note_key key;
	static struct held held[HELD_MAX];
	unsigned nheld = 0;

	if (archive_read(&archive, rest, NULL) != OK) {
		archive.file[BAG_PROOFS] = part_take(&rest);
		archive.file[BAG_RECORDS] = part_take(&rest);
		archive.file[BAG_FIELDS] = part_take(&rest);
		archive.file[BAG_ANCHORS] = part_take(&rest);
		archive.file[BAG_CHECKPOINT] = part_take(&rest);
		archive.file[BAG_KEYS] = part_take(&rest);
		(void)held_list(held, &nheld, rest, (struct span){ NULL, 0 }, NULL);
	}
	if (evidence_key(&archive, &key, NULL) != OK)
		note_key_of_seed(&key, "trucban/000102030405060708090a0b0c0d0e0f", seed);
	records = findings = 0;
	must(evidence_check(&archive, &(struct evidence_trust){ &key, held, nheld }, &watch,
	    &result, NULL) == OK);
	must(records == result.records && findings == result.findings);
	must(result.state[EVIDENCE_PROVEN] + result.state[EVIDENCE_CHANGED] +
	    result.state[EVIDENCE_MISSING] + result.state[EVIDENCE_NOT_INCLUDED] == records);
	return 0;
}
