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
index_read(struct segment *s, struct span at, uint32_t limit, uint16_t **ret, struct why *why)
{
	uint32_t *code = NULL;
	enum err rc = small_read(s, at, limit, &code, why);

	if (rc != OK)
		return rc;
	*ret = hold_alloc(&s->hold, s->nrow, sizeof **ret);
	for (uint32_t i = 0; i < s->nrow; i++)
		(*ret)[i] = (uint16_t)code[i];
	free(code);
	return OK;
}

enum err
segment_shape_index(struct segment *s, const uint16_t **ret, struct why *why)
{
	enum err rc = OK;

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

/* Contents of the first section of this kind. */
static enum err
section_find(struct segment *s, uint8_t kind, struct span *ret, struct why *why)
{
	struct cur c;

	if (s->derived == NULL)
		return why_set(why, ERR_ABSENT, "%s: its derived part is missing: run reindex",
		    s->name);
	c = cur_of(pack_body(s->derived));
	while (cur_left(&c) > 0) {
		uint8_t found = cur_u8(&c);
		struct span contents = cur_bytes(&c);

		if (found == kind && !c.bad) {
			*ret = contents;
			return OK;
		}
	}
	return why_set(why, ERR_FORMAT, "%s: section %u of the derived part is missing", s->name,
	    kind);
}

enum err
segment_time(struct segment *s, const int64_t **ret, struct why *why)
{
	const int64_t *recv;
	int64_t *time;
	struct span section = { 0 };
	struct list_in in;
	struct cur c;
	enum err rc;

	if (s->time != NULL) {
		*ret = s->time;
		return OK;
	}
	rc = segment_recv(s, &recv, why);
	if (rc == OK)
		rc = section_find(s, DERIVED_TIMES, &section, why);
	if (rc != OK)
		return rc;
	c = cur_of(section);
	in = (struct list_in){ &c, s->derived, &s->hold };
	if (cur_u8(&c) != TIMES_DIFFERENCE)
		return why_set(why, ERR_FORMAT, "%s: unknown form of event times", s->name);
	time = hold_alloc(&s->hold, s->nrow, sizeof *time);
	rc = ints_get(&in, time, s->nrow, why);
	if (rc != OK)
		return segment_why(s, rc, why);
	for (uint32_t i = 0; i < s->nrow; i++)
		time[i] = (int64_t)((uint64_t)time[i] + (uint64_t)recv[i]);
	s->time = time;
	*ret = time;
	return OK;
}
