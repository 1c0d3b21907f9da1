/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A builder's rows as the two files of a segment, on disk or in memory: doc/formats/segment.md
 * sections 2, 3 and 6.
 */
#include "store/builder_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"
#include "store/filter.h"
#include "store/segment_int.h"

struct writing {
	struct builder *b;
	struct list_out out;
	struct list_scratch scratch;
	struct filter_maker *filter;
	int64_t *num;			/* one per row */
};

/* ---- vectors ---- */

static int64_t
row_shape(const struct build_row *r)
{
	return r->plan;
}

static int64_t
row_source(const struct build_row *r)
{
	return r->source;
}

static int64_t
row_flags(const struct build_row *r)
{
	return r->flags;
}

static int64_t
row_recv(const struct build_row *r)
{
	return r->recv_ns;
}

static void
vector_put(struct writing *w, struct buf *dir, int64_t (*at)(const struct build_row *r),
    enum ints_mode mode)
{
	struct list_out out = { w->out.pack, dir, NULL };

	for (uint32_t i = 0; i < w->b->nrow; i++)
		w->num[i] = at(&w->b->row[i]);
	ints_put(&out, w->num, w->b->nrow, mode);
}

/* ---- the sealed part ---- */

/* Leaves, and the frames that have none yet as one leaf more. */
static void
leaves_put(struct builder *b, struct buf *dir)
{
	uint32_t pending = b->nframe - b->leaf_frame, frame = 0;
	uint8_t zero[32] = { 0 };
	uint64_t next = 0;

	if (pending > 0)
		builder_leaf(b, UINT64_MAX, zero);
	buf_varint(dir, b->nleaf);
	for (uint32_t i = 0; i < b->nleaf; i++) {
		const struct build_leaf *leaf = &b->leaf[i];

		buf_varint(dir, leaf->tree_index);
		buf_put(dir, leaf->seed, sizeof leaf->seed);
		buf_varint(dir, leaf->nframe);
		for (uint32_t k = 0; k < leaf->nframe; k++, frame++) {
			buf_varint(dir, b->frame[frame].first_seq - next);
			buf_varint(dir, b->frame[frame].rows);
			next = b->frame[frame].first_seq + b->frame[frame].rows;
		}
	}
}

/* The distinct encodings of shapes or sources, in order of their index, as one stream. */
static void
encodings_put(struct writing *w, const struct gather *g)
{
	struct buf all = { 0 };

	for (uint32_t i = 0; i < g->nword; i++)
		buf_bytes(&all, gather_word(g, i));
	buf_varint(w->out.dir, g->nword);
	stream_put(&w->out, PACK_WORDS, buf_span(&all));
	buf_done(&all);
}

static void
sealed_put(struct writing *w, const struct segment_info *info)
{
	static const struct {
		int64_t (*at)(const struct build_row *r);
		enum ints_mode mode;
	} vectors[] = {
		{ row_shape, INTS_CODES },
		{ row_source, INTS_CODES },
		{ row_flags, INTS_CODES },
		{ row_recv, INTS_SERIES },
	};
	struct builder *b = w->b;
	struct buf *dir = w->out.dir, vector = { 0 };

	buf_varint(dir, b->nrow);
	buf_i64(dir, info->recv_min_ns);
	buf_i64(dir, info->recv_max_ns);
	leaves_put(b, dir);
	encodings_put(w, &b->plan_codes);
	encodings_put(w, &b->source_codes);
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		vector.n = 0;
		vector_put(w, &vector, vectors[i].at, vectors[i].mode);
		buf_bytes(dir, buf_span(&vector));
	}
	buf_done(&vector);
	fields_put(b, &w->out, &w->scratch);
}

/* ---- the derived part ---- */

static void
section_put(struct buf *body, uint8_t kind, struct buf *contents)
{
	buf_u8(body, kind);
	buf_bytes(body, buf_span(contents));
	contents->n = 0;
}

static void
derived_put(struct writing *w)
{
	struct buf section = { 0 };
	struct list_out out = { w->out.pack, &section, NULL };

	times_put(w->b, &out);
	section_put(w->out.dir, DERIVED_TIMES, &section);
	filter_put(w->filter, &out);
	section_put(w->out.dir, DERIVED_FILTER, &section);
	buf_done(&section);
}

/* ---- both ---- */

static void
info_fill(const struct builder *b, uint64_t id, struct segment_info *info)
{
	*info = (struct segment_info){
		.id = id,
		.stream = b->conf.stream,
		.class = b->conf.class,
		.epoch = b->conf.epoch,
		.rows = b->nrow,
		.first_seq = UINT64_MAX,
		.recv_min_ns = INT64_MAX,
		.recv_max_ns = INT64_MIN,
		.event_min_ns = INT64_MAX,
		.event_max_ns = INT64_MIN,
		.raw_bytes = b->raw_bytes,
	};
	for (uint32_t i = 0; i < b->nrow; i++) {
		int64_t recv = b->row[i].recv_ns, event = b->row[i].event_ns;

		info->recv_min_ns = recv < info->recv_min_ns ? recv : info->recv_min_ns;
		info->recv_max_ns = recv > info->recv_max_ns ? recv : info->recv_max_ns;
		info->event_min_ns = event < info->event_min_ns ? event : info->event_min_ns;
		info->event_max_ns = event > info->event_max_ns ? event : info->event_max_ns;
	}
	for (uint32_t i = 0; i < b->nframe; i++) {
		const struct segment_frame *f = &b->frame[i];

		info->first_seq = f->first_seq < info->first_seq ? f->first_seq : info->first_seq;
		if (f->first_seq + f->rows - 1 > info->last_seq)
			info->last_seq = f->first_seq + f->rows - 1;
	}
}

static void
part_put(struct writing *w, const struct segment_info *info, enum segment_part part,
    const uint8_t *key, struct buf *file)
{
	const struct builder_conf *conf = &w->b->conf;
	struct pack_head head = {
		.kind = part == SEGMENT_DERIVED ? PACK_DERIVED : PACK_SEALED,
		.stream = conf->stream,
		.class = conf->class,
		.decoder = part == SEGMENT_DERIVED ? DECODER_VERSION : 0,
		.epoch = conf->epoch,
		.id = info->id,
	};
	struct buf body = { 0 };

	memcpy(head.store_id, conf->store_id, sizeof head.store_id);
	w->out = (struct list_out){ pack_writer_new(&head, key, conf->level), &body, w->filter };
	if (part == SEGMENT_SEALED)
		sealed_put(w, info);
	else
		derived_put(w);
	pack_finish(w->out.pack, buf_span(&body), file);
	pack_writer_free(&w->out.pack);
	buf_done(&body);
}

/* The columns say, while they are written, what the derived part is made of: it is the second. */
static void
parts_put(struct builder *b, struct segment_info *info, const uint8_t *key, struct buf *sealed,
    struct buf *derived)
{
	struct writing w = { .b = b, .filter = filter_maker_new() };

	w.num = xreallocarray(NULL, b->nrow, sizeof *w.num);
	part_put(&w, info, SEGMENT_SEALED, key, sealed);
	part_put(&w, info, SEGMENT_DERIVED, key, derived);
	info->bytes = sealed->n + derived->n;
	filter_maker_free(&w.filter);
	list_scratch_done(&w.scratch);
	free(w.num);
}

enum err
builder_write(struct builder *b, int dirfd, uint64_t id, struct segment_info *ret_info,
    struct why *why)
{
	struct buf sealed = { 0 }, derived = { 0 };
	char name[SEGMENT_NAME];
	struct segment_info info;
	enum err rc;

	must(b->nrow > 0 && b->nframe == b->leaf_frame);
	info_fill(b, id, &info);
	parts_put(b, &info, b->conf.store_key, &sealed, &derived);
	/* The derived part first: with the sealed one there, the segment is whole. */
	segment_name(name, id, SEGMENT_DERIVED);
	rc = file_replace(dirfd, name, buf_span(&derived), why);
	segment_name(name, id, SEGMENT_SEALED);
	if (rc == OK)
		rc = file_replace(dirfd, name, buf_span(&sealed), why);
	buf_done(&sealed);
	buf_done(&derived);
	if (rc != OK)
		return rc;
	*ret_info = info;
	builder_empty(b);
	return OK;
}

void
builder_derived(struct builder *b, uint64_t id, enum builder_times times, struct buf *out)
{
	struct segment_info info;
	struct buf sealed = { 0 };

	must(b->nrow > 0);
	b->times = times;
	info_fill(b, id, &info);
	parts_put(b, &info, b->conf.store_key, &sealed, out);
	b->times = BUILDER_TIMES_SHORT;
	buf_done(&sealed);
	builder_empty(b);
}

struct segment_memory *
builder_to_memory(struct builder *b, struct segment_info *ret_info)
{
	struct buf sealed = { 0 }, derived = { 0 };

	must(b->nrow > 0);
	info_fill(b, 0, ret_info);
	parts_put(b, ret_info, NULL, &sealed, &derived);
	builder_empty(b);
	return segment_memory_new(&sealed, &derived);
}
