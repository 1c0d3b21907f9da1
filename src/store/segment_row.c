/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays whose sizes were checked. What a segment knows of each row. */
#include <stdlib.h>

#include "base/must.h"
#include "store/segment_data.h"

/* Numbers of the rows out of the directory, each below `limit`. */
static enum err
small_read(struct segment *s, struct span at, uint32_t limit, uint32_t **ret, struct why *why)
{
	struct cur c = cur_of(at);
	struct list_in in = { &c, s->sealed, &s->hold };
	uint32_t *code = xreallocarray(NULL, s->nrow, sizeof *code);
	enum err rc = codes_get(&in, code, s->nrow, limit, why);

	if (rc == OK && !cur_done(&c))
		rc = why_set(why, ERR_FORMAT, "directory: octets behind a vector");
	if (rc != OK) {
		free(code);
		return segment_why(s, rc, why);
	}
	*ret = code;
	return OK;
}

static enum err
index_read(struct segment *s, struct span at, uint32_t limit, const uint16_t **ret,
    struct why *why)
{
	struct cur c = cur_of(at);
	struct list_in in = { &c, s->sealed, &s->hold };
	uint16_t *code = hold_alloc(&s->hold, s->nrow, sizeof *code);
	enum err rc = short_codes_get(&in, code, s->nrow, limit, why);

	if (rc == OK && !cur_done(&c))
		rc = why_set(why, ERR_FORMAT, "directory: octets behind a vector");
	if (rc == OK)
		*ret = code;
	return segment_why(s, rc, why);
}

/* Where there is one shape only, its number is 0 in all rows. */
static bool
is_one_shape(const struct segment *s)
{
	return s->nshape == 1 && codes_are_zero(s->shape_at);
}

enum err
segment_shape_index(struct segment *s, const uint16_t **ret, struct why *why)
{
	static const uint16_t zeros[LIMIT_ROWS];
	enum err rc = OK;

	if (s->shape_index == NULL && is_one_shape(s)) {
		s->shape_index = zeros;
		s->shape[0].rows = s->nrow;
	}
	if (s->shape_index == NULL) {
		rc = index_read(s, s->shape_at, s->nshape, &s->shape_index, why);
		for (uint32_t i = 0; i < s->nrow && rc == OK; i++)
			s->shape[s->shape_index[i]].rows++;
	}
	if (rc == OK)
		*ret = s->shape_index;
	return rc;
}

enum err
segment_source_index(struct segment *s, const uint16_t **ret, struct why *why)
{
	enum err rc = OK;

	if (s->source_index == NULL)
		rc = index_read(s, s->source_at, s->nsource, &s->source_index, why);
	if (rc == OK)
		*ret = s->source_index;
	return rc;
}

enum err
segment_flags(struct segment *s, const uint8_t **ret, struct why *why)
{
	uint32_t *code = NULL;
	enum err rc = OK;

	if (s->flags == NULL) {
		rc = small_read(s, s->flags_at, ROW_KNOWN + 1, &code, why);
		if (rc != OK)
			return rc;
		s->flags = hold_alloc(&s->hold, s->nrow, 1);
		for (uint32_t i = 0; i < s->nrow; i++)
			s->flags[i] = (uint8_t)code[i];
		free(code);
	}
	*ret = s->flags;
	return OK;
}

enum err
segment_recv(struct segment *s, const int64_t **ret, struct why *why)
{
	struct cur c = cur_of(s->recv_at);
	struct list_in in = { &c, s->sealed, &s->hold };
	int64_t *recv;
	enum err rc;

	if (s->recv == NULL) {
		recv = hold_alloc(&s->hold, s->nrow, sizeof *recv);
		rc = ints_get(&in, recv, s->nrow, why);
		if (rc != OK)
			return segment_why(s, rc, why);
		s->recv = recv;
	}
	*ret = s->recv;
	return OK;
}

enum err
segment_seq(struct segment *s, const uint64_t **ret, struct why *why)
{
	uint64_t *seq = s->seq;

	(void)why;
	if (seq == NULL) {
		seq = s->seq = hold_alloc(&s->hold, s->nrow, sizeof *seq);
		for (uint32_t i = 0; i < s->nleaf; i++) {
			for (uint32_t k = 0; k < s->leaf[i].nframe; k++) {
				const struct segment_frame *f = &s->leaf[i].frame[k];

				for (uint32_t n = 0; n < f->rows; n++)
					*seq++ = f->first_seq + n;
			}
		}
	}
	*ret = s->seq;
	return OK;
}

/* ---- the derived part ---- */

struct clock {
	const struct segment_column *column;
	const int64_t *ns;		/* per value */
	const uint8_t *has;		/* per value; NULL: all have */
	uint64_t shift;
	uint32_t at;
};

/* The timestamps near the start of texts, in the subs that follow. */
static enum err
text_clock_read(struct segment *s, struct cur *c, struct clock *clock, struct why *why)
{
	uint32_t sub[TIMES_SUBS_MAX], values = clock->column->column.n;
	uint64_t n = cur_varint(c);
	int64_t *ns = hold_alloc(&s->hold, values, sizeof *ns);
	uint8_t *has = hold_alloc(&s->hold, values, 1);

	if (n > TIMES_SUBS_MAX)
		return why_set(why, ERR_FORMAT, "event times: too many slots");
	for (uint64_t i = 0; i < n; i++) {
		uint64_t v = cur_varint(c);

		sub[i] = v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
	}
	clock->ns = ns;
	clock->has = has;
	return text_reader_clock(clock->column->text, sub, (uint32_t)n, ns, has, why);
}

static enum err
clocks_read(struct segment *s, struct cur *c, struct clock *clock, uint32_t *ret_n,
    struct why *why)
{
	uint64_t n = cur_varint(c);
	const uint16_t *shape;
	enum err rc = segment_shape_index(s, &shape, why);

	if (rc == OK && n > TIMES_CLOCKS_MAX)
		rc = why_set(why, ERR_FORMAT, "event times: too many clocks");
	for (uint32_t i = 0; i < n && rc == OK; i++) {
		uint64_t column = cur_varint(c);

		clock[i] = (struct clock){ .shift = (uint64_t)cur_zigzag(c) };
		if (c->bad || column >= s->ncolumn)
			return why_set(why, ERR_FORMAT, "event times: no such column");
		rc = column_decode(s, (uint32_t)column, why);
		clock[i].column = &s->column[column];
		clock[i].ns = clock[i].column->more.ns;
		if (rc == OK && clock[i].column->text != NULL)
			rc = text_clock_read(s, c, &clock[i], why);
		if (rc == OK && clock[i].ns == NULL)
			rc = why_set(why, ERR_FORMAT, "event times: no column of timestamps");
	}
	*ret_n = (uint32_t)n;
	return rc;
}

/* What the first clock says that has a value in the row. */
static void
clocks_apply(struct segment *s, struct clock *clock, uint32_t n, const uint8_t *flags,
    int64_t *time)
{
	for (uint32_t i = 0; i < s->nrow; i++) {
		bool own = flags[i] >> ROW_TIME_SHIFT == TIME_OWN;

		for (uint32_t k = 0; k < n; k++) {
			uint32_t count = clock[k].column->first[s->shape_index[i]];

			if (own && count > 0 &&
			    (clock[k].has == NULL || clock[k].has[clock[k].at] != 0)) {
				time[i] = (int64_t)((uint64_t)clock[k].ns[clock[k].at] +
				    clock[k].shift);
				own = false;
			}
			clock[k].at += count;
		}
	}
}

static enum err
exceptions_apply(struct segment *s, struct list_in *in, int64_t *time, struct why *why)
{
	uint64_t n = cur_varint(in->c);
	int64_t *row, *ns;
	enum err rc;

	if (n > s->nrow)
		return why_set(why, ERR_FORMAT, "event times: too many exceptions");
	if (n == 0)
		return OK;
	row = hold_alloc(&s->hold, (size_t)n, sizeof *row);
	ns = hold_alloc(&s->hold, (size_t)n, sizeof *ns);
	rc = ints_get(in, row, (size_t)n, why);
	if (rc == OK)
		rc = ints_get(in, ns, (size_t)n, why);
	for (uint64_t i = 0; i < n && rc == OK; i++) {
		if (row[i] < 0 || row[i] >= s->nrow)
			return why_set(why, ERR_FORMAT, "event times: no such row");
		time[row[i]] = ns[i];
	}
	return rc;
}

static enum err
times_read(struct segment *s, struct list_in *in, int64_t *time, const int64_t *recv,
    struct why *why)
{
	struct clock clock[TIMES_CLOCKS_MAX];
	const uint8_t *flags;
	uint8_t form = cur_u8(in->c);
	uint32_t n = 0;
	enum err rc;

	if (form == TIMES_DIFFERENCE) {
		rc = ints_get(in, time, s->nrow, why);
		for (uint32_t i = 0; i < s->nrow && rc == OK; i++)
			time[i] = (int64_t)((uint64_t)time[i] + (uint64_t)recv[i]);
		return rc;
	}
	if (form != TIMES_CLOCKS)
		return why_set(why, ERR_FORMAT, "event times: unknown form");
	memcpy(time, recv, s->nrow * sizeof *time);
	rc = segment_flags(s, &flags, why);
	if (rc == OK)
		rc = clocks_read(s, in->c, clock, &n, why);
	if (rc != OK)
		return rc;
	clocks_apply(s, clock, n, flags, time);
	return exceptions_apply(s, in, time, why);
}

enum err
segment_time(struct segment *s, const int64_t **ret, struct why *why)
{
	const int64_t *recv;
	int64_t *time;
	struct span section = { 0 };
	struct pack *derived;
	struct list_in in;
	struct cur c;
	enum err rc = OK;

	if (s->time == NULL) {
		rc = segment_recv(s, &recv, why);
		if (rc == OK)
			rc = segment_derived(s, &derived, why);
		if (rc == OK)
			rc = derived_section(derived, DERIVED_TIMES, &section, why);
		if (rc != OK)
			return rc;
		c = cur_of(section);
		in = (struct list_in){ &c, derived, &s->hold };
		time = hold_alloc(&s->hold, s->nrow, sizeof *time);
		rc = times_read(s, &in, time, recv, why);
		if (rc == OK && !cur_done(&c))
			rc = why_set(why, ERR_FORMAT, "event times: octets behind them");
		if (rc == OK)
			s->time = time;
	}
	*ret = s->time;
	return segment_why(s, rc, why);
}
