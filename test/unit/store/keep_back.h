/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store gives back to a reader, for tests of keep: every row of a stream with its sequence
 * number, out of segments and journal alike, by the reader's own front door.
 */
#ifndef TEST_KEEP_BACK_H
#define TEST_KEEP_BACK_H

#include "test/unit/store/keep_rows.h"

#include "store/segment.h"
#include "store/store.h"

struct back {
	uint64_t n;			/* rows found */
	uint64_t last;			/* highest sequence number */
	uint64_t doubled;		/* numbers that came more than once */
	uint64_t *number;		/* by sequence number: what the row says; 0: none */
	size_t cap;
};

static inline void
back_done(struct back *b)
{
	free(b->number);
	*b = (struct back){ 0 };
}

/* The digits behind "number " of a row that writer_batch made. */
static inline uint64_t
back_number(struct span raw)
{
	static const char mark[] = "opened for number ";
	uint64_t v = 0;
	const uint8_t *at = memmem(raw.p, raw.n, mark, sizeof mark - 1);

	must(at != NULL);
	for (at += sizeof mark - 1; at < raw.p + raw.n && *at >= '0' && *at <= '9'; at++)
		v = v * 10 + (uint64_t)(*at - '0');
	return v;
}

static inline void
back_add(struct back *b, uint64_t seq, uint64_t number)
{
	if (seq >= b->cap) {
		size_t cap = seq * 2 + 64;

		b->number = xreallocarray(b->number, cap, sizeof b->number[0]);
		memset(b->number + b->cap, 0, (cap - b->cap) * sizeof b->number[0]);
		b->cap = cap;
	}
	b->doubled += b->number[seq] != 0;
	b->number[seq] = number;
	b->n++;
	if (seq > b->last)
		b->last = seq;
}

static inline enum err
back_segment(struct back *b, struct segment *segment, struct why *why)
{
	const uint64_t *seq = NULL;
	struct buf raw = { 0 };
	enum err rc = segment_seq(segment, &seq, why);

	/* All of each column at once: one row at a time would be slow. */
	for (uint32_t i = 0; rc == OK && i < segment_columns(segment); i++) {
		const struct column *column;

		rc = segment_column_load(segment, i, &column, why);
		if (rc == OK && column->info->form == COLUMN_TEXT)
			rc = segment_column_text(segment, i, NULL, why);
	}
	for (uint32_t i = 0; rc == OK && i < segment_rows(segment); i++) {
		raw.n = 0;
		rc = segment_raw(segment, i, &raw, why);
		if (rc == OK)
			back_add(b, seq[i], back_number(buf_span(&raw)));
	}
	buf_done(&raw);
	return rc;
}

/* Everything of one stream. */
static inline enum err
back_read(struct back *ret_back, int dirfd, const uint8_t *key, uint8_t stream, struct why *why)
{
	struct store *store = NULL;
	enum err rc;

	*ret_back = (struct back){ 0 };
	rc = store_open(&store, dirfd, key, why);
	for (size_t i = 0; rc == OK && i < store_segments(store); i++) {
		struct segment *segment = NULL;

		if (store_segment(store, i)->stream != stream)
			continue;
		rc = store_segment_open(store, i, &segment, why);
		if (rc == OK)
			rc = back_segment(ret_back, segment, why);
		segment_free(&segment);
	}
	store_close(&store);
	return rc;
}

/* Rows 1..n have the numbers `first`, first + 1 ...: none missing, none twice. */
static inline bool
back_is(const struct back *b, uint64_t n, uint64_t first)
{
	if (b->n != n || b->last != n || b->doubled != 0)
		return false;
	for (uint64_t seq = 1; seq <= n; seq++)
		if (b->number[seq] != first + seq - 1)
			return false;
	return true;
}

#endif
