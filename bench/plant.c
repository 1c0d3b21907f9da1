/* SPDX-License-Identifier: Apache-2.0 */
/* The planted copy: other octets in one row, so it is built from its rows. See multiply.c. */
#include "multiply.h"

#include <stdlib.h>

#include "base/must.h"

struct plant {
	struct multiply *m;
	struct builder *builder;
	struct batch_writer *batch;
	struct segment_frame *frame;	/* in the numbers of the segment that is copied */
	uint32_t nframe;
	uint64_t next_seq;
	uint64_t seq_shift;
};

/* The batch becomes a frame of the builder. */
static void
plant_frame(struct plant *p)
{
	struct segment *segment = p->m->rows.segment;
	struct buf code = { 0 };
	struct batch_head head;
	const struct shape **shape;
	const struct source **source;

	if (batch_rows(p->batch) == 0)
		return;
	batch_finish(p->batch, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK);
	shape = xcalloc(head.nshape, sizeof *shape);
	source = xcalloc(head.nsource, sizeof *source);
	for (uint32_t i = 0; i < head.nshape; i++)
		shape[i] = segment_shape(segment, batch_shape_id(&head, i));
	for (uint32_t i = 0; i < head.nsource; i++)
		source[i] = segment_source(segment, batch_source_id(&head, i));
	builder_frame(p->builder, &head, &(struct batch_tables){ shape, source },
	    p->next_seq + p->seq_shift);
	p->frame = xreallocarray(p->frame, p->nframe + 1, sizeof *p->frame);
	p->frame[p->nframe++] = (struct segment_frame){ p->next_seq, head.nrow };
	p->next_seq += head.nrow;
	free(shape);
	free(source);
	buf_done(&code);
}

static uint32_t
message_hole(const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->nhole; i++)
		if (shape->hole[i].role == ROLE_MESSAGE && shape->hole[i].kind == HOLE_TEXT)
			return i;
	return UINT32_MAX;
}

/* The first row from the middle on that has a message. */
static uint32_t
plant_row(const struct rows *r)
{
	uint32_t row = r->n / 2;

	while (row < r->n && message_hole(segment_shape(r->segment, r->shape[row])) == UINT32_MAX)
		row++;
	return row;
}

static enum err
plant_add(struct plant *p, const struct copy *copy, uint32_t row, const char *text,
    struct why *why)
{
	struct rows *r = &p->m->rows;
	const struct shape *shape = segment_shape(r->segment, r->shape[row]);
	static struct span value[LIMIT_FIELDS];
	struct row out = { .flags = r->flags[row], .recv_ns = r->recv[row] + copy->shift_ns,
	    .event_ns = r->time[row] + copy->shift_ns, .nvalue = shape->nhole, .value = value };
	struct buf message = { 0 };
	enum err rc;

	rc = segment_values(r->segment, row, value, why);
	if (rc == OK && row == r->planted) {
		uint32_t hole = message_hole(shape);

		buf_span_put(&message, value[hole]);
		buf_printf(&message, " %s", text);
		value[hole] = buf_span(&message);
		r->planted_raw.n = 0;
		row_raw(buf_add(&r->planted_raw, row_bytes(&out, shape)), &out, shape);
	}
	if (rc == OK && batch_add(p->batch, r->shape[row], r->source[row], &out) != OK) {
		plant_frame(p);
		if (batch_add(p->batch, r->shape[row], r->source[row], &out) != OK)
			rc = why_set(why, ERR_LIMIT, "row %u is too long", row);
	}
	buf_done(&message);
	return rc;
}

static enum err
plant_build(struct plant *p, struct copy *copy, const char *text, struct why *why)
{
	struct multiply *m = p->m;
	struct segment_info info;
	uint64_t index;
	enum err rc = OK;

	for (uint32_t row = 0; row < m->rows.n && rc == OK; row++)
		rc = plant_add(p, copy, row, text, why);
	if (rc != OK)
		return rc;
	plant_frame(p);
	index = leaf_append(m, copy, p->frame, p->nframe, 0);
	builder_leaf(p->builder, index, copy->seed);
	rc = builder_write(p->builder, m->day_fd, copy->info.id, &info, why);
	if (rc == OK)
		copy->info = info;
	return rc;
}

enum err
plant_make(struct multiply *m, int64_t shift_ns, const char *text, struct why *why)
{
	struct builder_conf conf = { .stream = m->base.stream, .class = m->base.class,
	    .epoch = m->base.epoch, .store_key = m->key, .level = 1 };
	struct plant p = { .m = m, .next_seq = m->base.first_seq };
	struct copy copy;
	enum err rc;

	m->rows.planted = plant_row(&m->rows);
	if (m->rows.planted == m->rows.n)
		return why_set(why, ERR_ABSENT, "no message to plant anything in");
	copy_begin(m, &copy, shift_ns);
	copy.planted = true;
	rc = day_open(m, copy.info.recv_min_ns, why);
	if (rc != OK)
		return rc;
	memcpy(conf.store_id, manifest_store_id(m->manifest), sizeof conf.store_id);
	p.seq_shift = copy.seq_shift;
	p.builder = builder_new(&conf);
	p.batch = batch_writer_new(conf.stream, conf.class);
	rc = plant_build(&p, &copy, text, why);
	batch_writer_free(&p.batch);
	builder_free(&p.builder);
	free(p.frame);
	return rc == OK ? copy_end(m, &copy, why) : rc;
}
