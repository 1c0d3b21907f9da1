/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: spans of a directory. The segment that is copied, as it is read. See multiply.c. */
#include "multiply.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"

/* Segments under construction, which the journal knows by their ids: room for them. */
enum { IDS_APART = 64 };

static enum err
base_find(struct multiply *m, struct why *why)
{
	for (size_t i = 0; i < manifest_count(m->manifest); i++) {
		const struct segment_info *info = manifest_segment(m->manifest, i);

		if (info->stream == STREAM_RAW && info->rows > m->base.rows)
			m->base = *info;
	}
	if (m->base.rows == 0)
		return why_set(why, ERR_ABSENT, "no segment of raw records: flush first");
	if (m->base.last_seq - m->base.first_seq + 1 != m->base.rows)
		return why_set(why, ERR_FORMAT, "the segment has gaps: use one class only");
	m->next_seq = manifest_stored(m->manifest, STREAM_RAW, m->base.class) + 1;
	m->next_id = manifest_segment(m->manifest, manifest_count(m->manifest) - 1)->id + IDS_APART;
	return OK;
}

static enum err
vectors_read(struct rows *r, struct why *why)
{
	enum err rc;

	rc = segment_shape_index(r->segment, &r->shape, why);
	if (rc == OK)
		rc = segment_source_index(r->segment, &r->source, why);
	if (rc == OK)
		rc = segment_flags(r->segment, &r->flags, why);
	if (rc == OK)
		rc = segment_recv(r->segment, &r->recv, why);
	if (rc == OK)
		rc = segment_time(r->segment, &r->time, why);
	return rc;
}

static enum err
rows_read(struct rows *r, struct why *why)
{
	const struct column *column;
	enum err rc = vectors_read(r, why);

	for (uint32_t i = 0; rc == OK && i < segment_columns(r->segment); i++) {
		rc = segment_column_load(r->segment, i, &column, why);
		if (rc == OK && segment_column(r->segment, i)->form == COLUMN_TEXT)
			rc = segment_column_text(r->segment, i, NULL, why);
	}
	r->n = segment_rows(r->segment);
	r->at = xcalloc((size_t)r->n + 1, sizeof *r->at);
	for (uint32_t i = 0; rc == OK && i < r->n; i++) {
		rc = segment_raw(r->segment, i, &r->raw, why);
		r->at[i + 1] = r->raw.n;
	}
	r->source_digest = xcalloc(segment_sources(r->segment), sizeof *r->source_digest);
	for (uint32_t i = 0; i < segment_sources(r->segment); i++)
		source_digest(r->source_digest[i], segment_source(r->segment, i));
	return rc;
}

void
stream_skip(struct cur *c)
{
	uint64_t head = cur_varint(c);

	if ((head & 1) != 0) {
		(void)cur_span(c, head >> 1);
		return;
	}
	(void)cur_varint(c);
	(void)cur_varint(c);
}

/* segment.md section 2: leaves, shapes, sources, row vectors, columns. */
static enum err
pieces_find(struct multiply *m, struct why *why)
{
	struct cur c = cur_of(m->sealed.body);
	const uint8_t *from;

	(void)cur_varint(&c);
	(void)cur_span(&c, 16);
	for (uint64_t n = cur_varint(&c); n > 0 && !c.bad; n--) {
		(void)cur_varint(&c);
		(void)cur_span(&c, SEED_BYTES);
		for (uint64_t k = cur_varint(&c) * 2; k > 0 && !c.bad; k--)
			(void)cur_varint(&c);
	}
	from = c.p;
	for (int i = 0; i < 2; i++) {
		(void)cur_varint(&c);
		stream_skip(&c);
	}
	for (int i = 0; i < 3; i++)
		(void)cur_bytes(&c);
	m->pieces.middle = span_of(from, (size_t)(c.p - from));
	m->pieces.recv = cur_bytes(&c);
	m->pieces.tail = span_of(c.p, cur_left(&c));
	if (c.bad)
		return why_set(why, ERR_FORMAT, "the directory has a form that is not known here");
	return OK;
}

/* Where the section of this kind lies in the derived part's directory. */
static enum err
section_find(const struct multiply *m, uint8_t kind, struct span *ret, struct why *why)
{
	struct cur c = cur_of(m->derived.body);

	while (cur_left(&c) > 0 && !c.bad) {
		uint8_t found = cur_u8(&c);

		*ret = cur_bytes(&c);
		if (found == kind && !c.bad)
			return OK;
	}
	return why_set(why, ERR_FORMAT, "section %u of the derived part is not there", kind);
}

/* filter.h: flags, ranges, number of tokens, of bits, the chunk that holds them. */
static enum err
filter_find(struct multiply *m, struct why *why)
{
	struct filter_about about;
	struct span section;
	struct cur c;
	uint64_t nbit;
	enum err rc = section_find(m, DERIVED_FILTER, &section, why);

	if (rc != OK)
		return rc;
	c = cur_of(section);
	if (!filter_about_get(&c, &about))
		return why_set(why, ERR_FORMAT, "the filter has a form that is not known here");
	(void)cur_varint(&c);
	nbit = cur_varint(&c);
	m->chance.chunk = cur_varint(&c);
	if (!cur_done(&c) || m->chance.chunk >= m->derived.nchunk ||
	    m->derived.chunk[m->chance.chunk].stored.n * 8 != nbit)
		return why_set(why, ERR_FORMAT, "the filter has a form that is not known here");
	m->chance.bits = m->derived.chunk[m->chance.chunk].stored;
	return OK;
}

static enum err
times_find(struct multiply *m, struct why *why)
{
	enum err rc = section_find(m, DERIVED_TIMES, &m->times, why);

	if (rc == OK && (m->times.n == 0 || m->times.p[0] > TIMES_CLOCKS))
		rc = why_set(why, ERR_FORMAT, "event times have a form that is not known here");
	return rc;
}

enum err
base_read(struct multiply *m, struct why *why)
{
	char name[SEGMENT_NAME];
	enum err rc = base_find(m, why);

	if (rc == OK)
		rc = day_open(m, m->base.recv_min_ns, why);
	if (rc == OK)
		rc = segment_open(&m->rows.segment, m->day_fd, m->base.id, m->key, why);
	if (rc == OK)
		rc = rows_read(&m->rows, why);
	segment_name(name, m->base.id, SEGMENT_SEALED);
	if (rc == OK)
		rc = recast_read(&m->sealed, m->day_fd, name, m->key, why);
	segment_name(name, m->base.id, SEGMENT_DERIVED);
	if (rc == OK)
		rc = recast_read(&m->derived, m->day_fd, name, m->key, why);
	if (rc == OK)
		rc = pieces_find(m, why);
	if (rc == OK)
		rc = times_find(m, why);
	if (rc == OK)
		rc = filter_find(m, why);
	if (rc == OK)
		chance_measure(&m->chance);
	return rc;
}
