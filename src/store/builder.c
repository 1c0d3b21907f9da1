/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows to columns, and columns to the two files of a segment: doc/formats/segment.md. Values are
 * hashed once, when they come in; the encodings are chosen when the segment is written. Shapes
 * and sources are kept by their encodings, which stand for them.
 */
#include "store/builder_int.h"

#include <stdlib.h>

#include "base/copy.h"
#include "base/limits.h"
#include "base/must.h"
#include "sys/random.h"
#include "store/list.h"
#include "store/segment_int.h"

struct builder *
builder_new(const struct builder_conf *conf)
{
	struct builder *b = xcalloc(1, sizeof *b);

	b->conf = *conf;
	b->seed = random_u64();
	return b;
}

static void
plan_free(struct plan *plan)
{
	shape_free(&plan->shape);
	free(plan->field);
	free(plan->hint);
	free(plan->column);
	free(plan->gather);
}

/* Everything about the rows goes; the builder may be filled again. */
void
builder_empty(struct builder *b)
{
	for (uint32_t i = 0; i < b->nplan; i++)
		plan_free(&b->plan[i]);
	for (uint32_t i = 0; i < b->nsource; i++)
		source_free(&b->source[i]);
	for (uint32_t i = 0; i < b->nfield; i++) {
		gather_done(&b->field[i]->gather);
		text_free(&b->field[i]->text);
		free(b->field[i]->ns);
		free(b->field[i]);
	}
	b->nplan = b->nsource = b->nfield = b->nrow = 0;
	gather_done(&b->plan_codes);
	gather_done(&b->source_codes);
	memset(b->seen, 0, sizeof b->seen);
	gather_done(&b->field_names);
	b->nleaf = b->nframe = b->leaf_frame = 0;
	b->raw_bytes = 0;
	b->nvalue = 0;
}

void
builder_free(struct builder **builder)
{
	struct builder *b = *builder;

	if (b == NULL)
		return;
	builder_empty(b);
	free(b->plan);
	free(b->source);
	free(b->claim);
	free(b->field);
	free(b->row);
	free(b->leaf);
	free(b->frame);
	free(b->batch_plan);
	free(b->batch_source);
	free(b);
	*builder = NULL;
}

/* ---- shapes, sources, fields ---- */

/* Columns beyond the limit share one of each kind, without a name. */
static struct field *
field_of(struct builder *b, struct span name, uint8_t kind, uint8_t role)
{
	struct buf key = { 0 };
	struct field *f;
	uint32_t index;

	if (b->nfield >= LIMIT_COLUMNS - HOLE_KIND_END) {
		buf_u8(&key, kind);
		buf_span_put(&key, name);
		if (gather_find(&b->field_names, buf_span(&key), b->seed) == GATHER_PLAIN)
			name = span_of(NULL, 0);
	}
	key.n = 0;
	buf_u8(&key, kind);
	buf_span_put(&key, name);
	index = gather_intern(&b->field_names, buf_span(&key), b->seed);
	buf_done(&key);
	if (index < b->nfield)
		return b->field[index];
	if (b->nfield == b->field_cap) {
		b->field_cap = b->field_cap > 0 ? b->field_cap * 2 : 64;
		b->field = xreallocarray(b->field, b->field_cap, sizeof(struct field *));
	}
	f = xcalloc(1, sizeof *f);
	f->index = index;
	f->kind = kind;
	f->claim = role == ROLE_HOST ? ENCODING_HOST : role == ROLE_APP ? ENCODING_APP :
	    ENCODING_END;
	if (role == ROLE_MESSAGE && (kind == HOLE_TEXT || kind == HOLE_JSON_STRING))
		f->text = text_new(b->seed, kind == HOLE_JSON_STRING);
	b->field[b->nfield++] = f;
	return f;
}

static void
plan_fields(struct builder *b, struct plan *plan)
{
	static const struct gather none;
	uint32_t n = plan->shape->nhole;

	plan->field = xreallocarray(NULL, n, sizeof *plan->field);
	plan->hint = xcalloc(n, sizeof *plan->hint);
	plan->column = xreallocarray(NULL, n, sizeof *plan->column);
	plan->gather = xreallocarray(NULL, n, sizeof *plan->gather);
	for (uint32_t i = 0; i < n; i++) {
		const struct hole *hole = &plan->shape->hole[i];
		struct field *f = field_of(b, hole->name, hole->kind, hole->role);
		bool first = f->text == NULL;

		for (uint32_t k = 0; k < i && first; k++)
			first = plan->field[k] != f;
		f->roles |= (uint8_t)(1U << hole->role);
		plan->field[i] = f;
		plan->column[i] = first ? f->index : UINT32_MAX;
		plan->gather[i] = first ? &f->gather : &none;
		plan->ntext += f->text != NULL;
	}
}

static uint32_t
plan_of(struct builder *b, const struct shape *shape)
{
	uint32_t index = gather_intern(&b->plan_codes, shape->code, b->seed);
	struct plan *plan;

	if (index < b->nplan)
		return index;
	if (b->nplan == b->plan_cap) {
		b->plan_cap = b->plan_cap > 0 ? b->plan_cap * 2 : 16;
		b->plan = xreallocarray(b->plan, b->plan_cap, sizeof *b->plan);
	}
	plan = &b->plan[b->nplan++];
	*plan = (struct plan){ 0 };
	must(shape_new(&plan->shape, shape->code, NULL) == OK);
	plan_fields(b, plan);
	return index;
}

static struct claim
claim_make(struct span said)
{
	struct claim claim = { .n = CLAIM_BYTES + 1 };

	if (said.n <= CLAIM_BYTES) {
		claim.n = (uint8_t)said.n;
		(void)copy_span(claim.octet, said);
	}
	return claim;
}

static uint32_t
source_intern(struct builder *b, const struct source *source)
{
	uint32_t index = gather_intern(&b->source_codes, source->code, b->seed);

	if (index < b->nsource)
		return index;
	if (b->nsource == b->source_cap) {
		b->source_cap = b->source_cap > 0 ? b->source_cap * 2 : 16;
		b->source = xreallocarray(b->source, b->source_cap, sizeof(struct source *));
		b->claim = xreallocarray(b->claim, b->source_cap, sizeof *b->claim);
	}
	b->source[b->nsource] = NULL;
	must(source_new(&b->source[b->nsource], source->code, NULL) == OK);
	b->claim[b->nsource][0] = claim_make(source->host);
	b->claim[b->nsource][1] = claim_make(source->app);
	b->nsource++;
	return index;
}

static uint32_t
source_index(struct builder *b, const struct source *source)
{
	uint64_t hash = (uint64_t)(uintptr_t)source * UINT64_C(0x9e3779b97f4a7c15);
	struct source_seen *seen = &b->seen[hash >> 32 & (SOURCES_SEEN - 1)];

	if (seen->source != source ||
	    !span_eq(gather_word(&b->source_codes, seen->index), source->code))
		*seen = (struct source_seen){ source, source_intern(b, source) };
	return seen->index;
}

/* ---- rows ---- */

/* A value that is not the source's: those before it are written out. */
static void
claim_end(struct builder *b, struct field *f)
{
	for (uint32_t r = 0; f->claims > 0; r++) {
		const struct plan *plan = &b->plan[b->row[r].plan];

		for (uint32_t i = 0; i < plan->shape->nhole && f->claims > 0; i++) {
			if (plan->field[i] != f)
				continue;
			(void)gather_add(&f->gather, claim_of(b->source[b->row[r].source],
			    f->claim), 0, b->seed);
			f->claims--;
		}
	}
	f->claim = ENCODING_END;
}

static void
value_add(struct builder *b, struct field *f, struct span v, uint32_t source, uint32_t *hint)
{
	if (f->claim != ENCODING_END) {
		if (claim_is(b, source, f->claim, v)) {
			f->claims++;
			return;
		}
		claim_end(b, f);
	}
	*hint = gather_add(&f->gather, v, *hint, b->seed);
}

/* Texts come last: their slots may repeat the row's other values. */
static void
texts_add(struct plan *plan, const struct row *row)
{
	struct text_row others = { row->nvalue, row->value, plan->column, plan->gather };

	for (uint32_t i = 0; i < row->nvalue; i++) {
		if (plan->field[i]->text != NULL)
			text_add(plan->field[i]->text, row->value[i], &others);
	}
}

static void
row_add(struct builder *b, uint32_t plan_index, uint32_t source, const struct row *row)
{
	struct plan *plan = &b->plan[plan_index];

	size_t bytes = plan->shape->fixed_bytes;

	b->row[b->nrow++] = (struct build_row){ row->recv_ns, row->event_ns,
	    (uint16_t)plan_index, (uint16_t)source, row->flags };
	b->nvalue += row->nvalue;
	plan->nrow++;
	for (uint32_t i = 0, n = row->nvalue; i < n; i++) {
		struct field *f = plan->field[i];
		struct span v = row->value[i];

		bytes += v.n;
		if (f->text == NULL)
			value_add(b, f, v, source, &plan->hint[i]);
	}
	b->raw_bytes += bytes;
	if (plan->ntext > 0)
		texts_add(plan, row);
}

static void
rows_room(struct builder *b, uint32_t n)
{
	must(n <= LIMIT_ROWS - b->nrow);
	if (b->nrow + n <= b->row_cap)
		return;
	b->row_cap = b->nrow + n > b->row_cap * 2 ? b->nrow + n : b->row_cap * 2;
	b->row = xreallocarray(b->row, b->row_cap, sizeof *b->row);
}

static void
frame_add(struct builder *b, uint64_t first_seq, uint32_t rows)
{
	if (b->nframe == b->frame_cap) {
		b->frame_cap = b->frame_cap > 0 ? b->frame_cap * 2 : 64;
		b->frame = xreallocarray(b->frame, b->frame_cap, sizeof *b->frame);
	}
	b->frame[b->nframe++] = (struct segment_frame){ first_seq, rows };
}

/* Has the sources of a frame come from memory: most rows are of another one than the row before. */
static void
sources_fetch(const struct batch_head *head, const struct batch_tables *tables)
{
	for (uint32_t i = 0; i < head->nsource; i++)
		__builtin_prefetch(tables->source[i]);
	for (uint32_t i = 0; i < head->nsource; i++)
		__builtin_prefetch(tables->source[i]->code.p);
}

void
builder_frame(struct builder *b, const struct batch_head *head, const struct batch_tables *tables,
    uint64_t first_seq)
{
	struct batch_reader reader;
	struct row row;
	enum err rc;

	must(head->stream == b->conf.stream && head->class == b->conf.class);
	rows_room(b, head->nrow);
	b->batch_plan = xreallocarray(b->batch_plan, head->nshape, sizeof *b->batch_plan);
	b->batch_source = xreallocarray(b->batch_source, head->nsource, sizeof *b->batch_source);
	memset(b->batch_plan, 0xff, head->nshape * sizeof *b->batch_plan);
	memset(b->batch_source, 0xff, head->nsource * sizeof *b->batch_source);
	sources_fetch(head, tables);
	batch_reader_init(&reader, head, tables);
	while ((rc = batch_next(&reader, &row, NULL)) == OK) {
		uint32_t *plan = &b->batch_plan[row.shape], *source = &b->batch_source[row.source];

		if (*plan == UINT32_MAX)
			*plan = plan_of(b, tables->shape[row.shape]);
		if (*source == UINT32_MAX)
			*source = source_index(b, tables->source[row.source]);
		row_add(b, *plan, *source, &row);
	}
	must(rc == ERR_MORE);
	frame_add(b, first_seq, head->nrow);
}

void
builder_leaf(struct builder *b, uint64_t tree_index, const uint8_t seed[32])
{
	struct build_leaf *leaf;

	must(b->nframe > b->leaf_frame);
	if (b->nleaf == b->leaf_cap) {
		b->leaf_cap = b->leaf_cap > 0 ? b->leaf_cap * 2 : 16;
		b->leaf = xreallocarray(b->leaf, b->leaf_cap, sizeof *b->leaf);
	}
	leaf = &b->leaf[b->nleaf++];
	leaf->tree_index = tree_index;
	memcpy(leaf->seed, seed, sizeof leaf->seed);
	leaf->nframe = b->nframe - b->leaf_frame;
	b->leaf_frame = b->nframe;
}

/* ---- rows of a segment ---- */

static enum err
texts_make(struct segment *s, struct why *why)
{
	enum err rc = OK;

	for (uint32_t i = 0; i < segment_columns(s) && rc == OK; i++)
		rc = segment_column_text(s, i, NULL, why);
	return rc;
}

static enum err
segment_row_add(struct builder *b, struct segment *s, uint32_t at, struct why *why)
{
	struct span value[LIMIT_FIELDS];
	const uint16_t *shape, *source;
	const int64_t *recv, *time;
	const uint8_t *flags;
	struct row row;
	enum err rc;

	rc = segment_shape_index(s, &shape, why);
	if (rc == OK)
		rc = segment_source_index(s, &source, why);
	if (rc == OK)
		rc = segment_flags(s, &flags, why);
	if (rc == OK)
		rc = segment_recv(s, &recv, why);
	if (rc == OK)
		rc = segment_time(s, &time, why);
	if (rc == OK)
		rc = segment_values(s, at, value, why);
	if (rc != OK)
		return rc;
	row = (struct row){ shape[at], source[at], flags[at], recv[at], time[at],
	    segment_shape(s, shape[at])->nhole, value };
	row_add(b, plan_of(b, segment_shape(s, shape[at])),
	    source_index(b, segment_source(s, source[at])), &row);
	return OK;
}

enum err
builder_segment(struct builder *b, struct segment *s, uint64_t from_seq, struct why *why)
{
	enum err rc;

	must(segment_stream(s) == b->conf.stream && segment_class(s) == b->conf.class &&
	    segment_epoch(s) == b->conf.epoch);
	rows_room(b, segment_rows(s));
	rc = texts_make(s, why);
	for (uint32_t i = 0; i < segment_leaves(s) && rc == OK; i++) {
		const struct segment_leaf *leaf = segment_leaf(s, i);
		uint32_t at = leaf->first_row;

		for (uint32_t k = 0; k < leaf->nframe; at += leaf->frame[k++].rows) {
			if (leaf->frame[k].first_seq < from_seq)
				continue;
			for (uint32_t n = 0; n < leaf->frame[k].rows && rc == OK; n++)
				rc = segment_row_add(b, s, at + n, why);
			frame_add(b, leaf->frame[k].first_seq, leaf->frame[k].rows);
		}
		if (rc == OK && leaf->tree_index != UINT64_MAX && b->nframe > b->leaf_frame)
			builder_leaf(b, leaf->tree_index, leaf->seed);
	}
	return rc;
}

uint32_t
builder_rows(const struct builder *b)
{
	return b->nrow;
}

size_t
builder_bytes(const struct builder *b)
{
	size_t bytes = b->row_cap * sizeof *b->row + gather_bytes(&b->plan_codes) +
	    gather_bytes(&b->source_codes) + gather_bytes(&b->field_names);

	/* A column of so many values would be refused by readers: say that we are full. */
	if (b->nvalue > LIMIT_COLUMN_VALUES / 2)
		return SIZE_MAX / 2;
	for (uint32_t i = 0; i < b->nfield; i++) {
		bytes += sizeof *b->field[i] + gather_bytes(&b->field[i]->gather);
		if (b->field[i]->text != NULL)
			bytes += text_bytes(b->field[i]->text);
	}
	return bytes;
}
