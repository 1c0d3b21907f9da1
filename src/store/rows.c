/* SPDX-License-Identifier: Apache-2.0 */
/* See rows.h. */
#include "store/rows.h"

#include "store/segment.h"

struct reading {
	uint64_t after;
	rows_each_fn *each;
	void *ctx;
	bool enough;
};

/* All texts at once: one after the other each would begin at the first. */
static enum err
texts_load(struct segment *segment, struct why *why)
{
	const struct column *column;
	enum err rc = OK;

	for (uint32_t i = 0; rc == OK && i < segment_columns(segment); i++) {
		if (segment_column(segment, i)->form != COLUMN_TEXT)
			continue;
		rc = segment_column_load(segment, i, &column, why);
		if (rc == OK)
			rc = segment_column_text(segment, i, NULL, why);
	}
	return rc;
}

static enum err
segment_read(struct reading *r, struct segment *segment, struct why *why)
{
	struct buf record = { 0 };
	const uint64_t *seq;
	enum err rc = segment_seq(segment, &seq, why);

	if (rc == OK)
		rc = texts_load(segment, why);
	for (uint32_t i = 0; rc == OK && i < segment_rows(segment) && !r->enough; i++) {
		if (seq[i] <= r->after)
			continue;
		record.n = 0;
		rc = segment_raw(segment, i, &record, why);
		if (rc == OK)
			r->enough = !r->each(r->ctx, seq[i], buf_span(&record));
	}
	buf_done(&record);
	return rc;
}

enum err
rows_each(struct store *store, unsigned stream, uint64_t after, rows_each_fn *each, void *ctx,
    struct why *why)
{
	struct reading r = { .after = after, .each = each, .ctx = ctx };
	enum err rc = OK;

	for (size_t i = 0; i < store_segments(store) && rc == OK && !r.enough; i++) {
		const struct segment_info *info = store_segment(store, i);
		struct segment *segment = NULL;

		if (info->stream != stream || info->rows == 0 || info->last_seq <= after)
			continue;
		rc = store_segment_open(store, i, &segment, why);
		if (rc == OK)
			rc = segment_read(&r, segment, why);
		segment_free(&segment);
	}
	return rc;
}

uint32_t
rows_epoch(const struct store *store)
{
	uint32_t epoch = 0;

	for (size_t i = 0; i < store_segments(store); i++)
		if (store_segment(store, i)->epoch > epoch)
			epoch = store_segment(store, i)->epoch;
	return epoch;
}
