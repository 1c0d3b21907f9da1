/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes were checked. A segment as it is opened: directory, shapes, sources,
 * vectors of the rows. Columns are in segment_column.c. Every rule of doc/formats/segment.md is
 * checked here or there before it is relied on.
 */
#include "store/segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/limits.h"
#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "store/cold_int.h"
#include "store/segment_data.h"

void
segment_name(char ret[SEGMENT_NAME], uint64_t id, enum segment_part part)
{
	(void)snprintf(ret, SEGMENT_NAME, "%016llx.%s", (unsigned long long)id,
	    part == SEGMENT_SEALED ? "seg" : "idx");
}

void
segment_day(char ret[SEGMENT_NAME], int64_t recv_ns)
{
	struct civil c;

	civil_split(&c, recv_ns, 0);
	(void)snprintf(ret, SEGMENT_NAME, "%04d-%02u-%02u", c.year, c.month, c.day);
}

void
segment_free(struct segment **segment)
{
	struct segment *s = *segment;

	if (s == NULL)
		return;
	pack_close(&s->sealed);
	pack_close(&s->derived);
	file_close(&s->derived_fd);
	explicit_bzero(s->key, sizeof s->key);
	for (uint32_t i = 0; i < s->nshape; i++)
		shape_free(&s->shape[i].shape);
	for (uint32_t i = 0; i < s->nsource; i++)
		source_free(&s->source[i]);
	for (uint32_t i = 0; i < s->ncolumn; i++)
		text_reader_free(&s->column[i].text);
	hold_done(&s->hold);
	segment_memory_drop(&s->memory);
	free(s);
	*segment = NULL;
}

void
segment_rest(struct segment *s)
{
	pack_rest(s->sealed);
	if (s->derived != NULL)
		pack_rest(s->derived);
}

size_t
segment_memory_bytes(const struct segment *s)
{
	/* Each piece of memory also costs its bookkeeping. */
	return s->hold.bytes + s->hold.n * 32 + pack_bytes(s->sealed) +
	    (s->derived != NULL ? pack_bytes(s->derived) : 0);
}

enum err
segment_why(const struct segment *s, enum err rc, struct why *why)
{
	return rc == OK ? OK : why_prefix(why, rc, "%s", s->name);
}

static enum err
broken(const char *what, struct why *why)
{
	return why_set(why, ERR_FORMAT, "directory: %s", what);
}

/* ---- the directory ---- */

static enum err
leaf_read(struct segment *s, struct cur *c, struct segment_leaf *leaf, uint64_t *next,
    uint32_t *rows, struct why *why)
{
	struct segment_frame *frame;
	struct span seed;
	uint64_t n;

	leaf->tree_index = cur_varint(c);
	seed = cur_span(c, sizeof leaf->seed);
	n = cur_varint(c);
	if (c->bad || n == 0 || n > s->nrow - *rows || n > cur_left(c))
		return broken("broken leaf", why);
	memcpy(leaf->seed, seed.p, sizeof leaf->seed);
	leaf->first_row = *rows;
	leaf->nframe = (uint32_t)n;
	leaf->frame = frame = hold_alloc(&s->hold, (size_t)n, sizeof *frame);
	for (uint32_t i = 0; i < leaf->nframe; i++) {
		uint64_t count;

		frame[i].first_seq = *next + cur_varint(c);
		count = cur_varint(c);
		if (c->bad || count == 0 || count > s->nrow - *rows)
			return broken("broken frame", why);
		frame[i].rows = (uint32_t)count;
		*rows += frame[i].rows;
		*next = frame[i].first_seq + count;
	}
	return OK;
}

/* The leaves hold every row once. */
static enum err
leaves_read(struct segment *s, struct cur *c, struct why *why)
{
	uint64_t n = cur_varint(c), next = 0;
	uint32_t rows = 0;
	enum err rc = OK;

	if (n == 0 || n > s->nrow || n > cur_left(c))
		return broken("broken number of leaves", why);
	s->leaf = hold_alloc(&s->hold, (size_t)n, sizeof *s->leaf);
	for (; s->nleaf < n && rc == OK; s->nleaf++)
		rc = leaf_read(s, c, &s->leaf[s->nleaf], &next, &rows, why);
	if (rc == OK && rows != s->nrow)
		return broken("the leaves have not as many rows as the segment", why);
	return rc;
}

static enum err
shapes_read(struct segment *s, struct list_in *in, struct why *why)
{
	uint64_t n = cur_varint(in->c);
	struct span all = { 0 };
	struct cur c;
	enum err rc;

	if (n == 0 || n > s->nrow)
		return broken("broken number of shapes", why);
	rc = stream_get(in, &all, why);
	c = cur_of(all);
	s->shape = hold_alloc(&s->hold, (size_t)n, sizeof *s->shape);
	while (rc == OK && s->nshape < n) {
		struct segment_shape *shape = &s->shape[s->nshape];

		*shape = (struct segment_shape){ 0 };
		rc = shape_new(&shape->shape, cur_bytes(&c), why);
		s->nshape += rc == OK;
	}
	return rc == OK && !cur_done(&c) ? broken("broken list of shapes", why) : rc;
}

static enum err
sources_read(struct segment *s, struct list_in *in, struct why *why)
{
	uint64_t n = cur_varint(in->c);
	struct span all = { 0 };
	struct cur c;
	enum err rc;

	if (n == 0 || n > s->nrow)
		return broken("broken number of sources", why);
	rc = stream_get(in, &all, why);
	c = cur_of(all);
	s->source = hold_alloc(&s->hold, (size_t)n, sizeof(struct source *));
	while (rc == OK && s->nsource < n) {
		s->source[s->nsource] = NULL;
		rc = source_new(&s->source[s->nsource], cur_bytes(&c), why);
		s->nsource += rc == OK;
	}
	return rc == OK && !cur_done(&c) ? broken("broken list of sources", why) : rc;
}

static enum err
column_read(struct segment_column *col, struct cur *c, struct why *why)
{
	struct column_info *info = &col->info;
	uint8_t flags;
	uint64_t n;

	*col = (struct segment_column){ 0 };
	info->name = cur_bytes(c);
	info->kind = cur_u8(c);
	info->roles = cur_u8(c);
	flags = cur_u8(c);
	n = cur_varint(c);
	info->nvalue = (uint32_t)n;
	info->has_int = (flags & SEGMENT_HAS_INT) != 0;
	info->has_escape = (flags & SEGMENT_HAS_ESCAPE) != 0;
	if (info->has_int) {
		info->int_min = cur_zigzag(c);
		info->int_max = cur_zigzag(c);
	}
	col->params = cur_bytes(c);
	if (c->bad || info->kind >= HOLE_KIND_END || (flags & ~SEGMENT_COLUMN_KNOWN) != 0 ||
	    info->name.n > LIMIT_NAME_BYTES || n == 0 || n > LIMIT_COLUMN_VALUES ||
	    col->params.n == 0)
		return broken("broken column", why);
	return OK;
}

static uint8_t
form_of(uint8_t encoding)
{
	switch (encoding) {
	case ENCODING_CONST:
		return COLUMN_CONST;
	case ENCODING_DICT:
	case ENCODING_HOST:
	case ENCODING_APP:
		return COLUMN_DICT;
	case ENCODING_TEXT:
		return COLUMN_TEXT;
	default:
		return COLUMN_VALUES;
	}
}

/* What a column will look like after loading; those that are the same as another look like it. */
static void
forms_set(struct segment *s)
{
	for (uint32_t i = 0; i < s->ncolumn; i++)
		s->column[i].info.form = form_of(s->column[i].params.p[0]);
	for (uint32_t i = 0; i < s->ncolumn; i++) {
		struct cur c = cur_of(s->column[i].params);

		if (cur_u8(&c) == ENCODING_SAME) {
			uint64_t target = cur_varint(&c);

			if (target < s->ncolumn)
				s->column[i].info.form = s->column[target].info.form;
		}
	}
}

static enum err
columns_read(struct segment *s, struct cur *c, struct why *why)
{
	uint64_t n = cur_varint(c);
	enum err rc = OK;

	if (n > LIMIT_COLUMNS || n > cur_left(c))
		return broken("too many columns", why);
	s->column = hold_alloc(&s->hold, (size_t)n, sizeof *s->column);
	for (; s->ncolumn < n && rc == OK; s->ncolumn++)
		rc = column_read(&s->column[s->ncolumn], c, why);
	if (rc == OK)
		forms_set(s);
	return rc == OK && !cur_done(c) ? broken("octets behind the last column", why) : rc;
}

/* ---- from holes to columns ---- */

/* Open addressing over the columns by name and kind; names come from the same few shapes. */
struct names {
	uint16_t *slot;			/* column + 1 */
	uint32_t mask;
};

static uint32_t
name_hash(struct span name, uint8_t kind)
{
	uint32_t h = 2166136261U ^ kind;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ name.p[i]) * 16777619U;
	return h ^ h >> 15;
}

static uint32_t
names_find(const struct segment *s, const struct names *names, struct span name, uint8_t kind)
{
	uint32_t at = name_hash(name, kind) & names->mask;

	for (; names->slot[at] != 0; at = (at + 1) & names->mask) {
		const struct column_info *info = &s->column[names->slot[at] - 1].info;

		if (info->kind == kind && span_eq(info->name, name))
			return names->slot[at] - 1U;
	}
	return UINT32_MAX;
}

static enum err
names_fill(struct segment *s, struct names *names, struct why *why)
{
	for (uint32_t i = 0; i < s->ncolumn; i++) {
		const struct column_info *info = &s->column[i].info;
		uint32_t at = name_hash(info->name, info->kind) & names->mask;

		if (names_find(s, names, info->name, info->kind) != UINT32_MAX)
			return broken("two columns of one name and kind", why);
		while (names->slot[at] != 0)
			at = (at + 1) & names->mask;
		names->slot[at] = (uint16_t)(i + 1);
	}
	return OK;
}

/* A hole's column is the one of its name and kind; else the one of its kind without a name. */
static enum err
places_find(struct segment *s, const struct names *names, uint16_t *count, struct why *why)
{
	for (uint32_t i = 0; i < s->nshape; i++) {
		const struct shape *shape = s->shape[i].shape;
		struct place *place = hold_alloc(&s->hold, shape->nhole, sizeof *place);

		memset(count, 0, s->ncolumn * sizeof *count);
		s->shape[i].place = place;
		for (uint32_t k = 0; k < shape->nhole; k++) {
			const struct hole *hole = &shape->hole[k];
			uint32_t column = names_find(s, names, hole->name, hole->kind);

			if (column == UINT32_MAX)
				column = names_find(s, names, span_of(NULL, 0), hole->kind);
			if (column == UINT32_MAX)
				return broken("a hole without a column", why);
			place[k] = (struct place){ (uint16_t)column, count[column]++ };
		}
	}
	return OK;
}

static enum err
places_read(struct segment *s, struct why *why)
{
	struct names names = { .mask = 63 };
	uint16_t *count = xcalloc(s->ncolumn + 1, sizeof *count);
	enum err rc;

	while (names.mask < s->ncolumn * 2)
		names.mask = names.mask * 2 + 1;
	names.slot = xcalloc(names.mask + 1, sizeof *names.slot);
	rc = names_fill(s, &names, why);
	if (rc == OK)
		rc = places_find(s, &names, count, why);
	free(names.slot);
	free(count);
	return rc;
}

/* ---- opening ---- */

/* Steps over the parameters of a vector of the rows and remembers where they are. */
static enum err
vector_skip(struct cur *c, struct span *ret, struct why *why)
{
	*ret = cur_bytes(c);
	return c->bad ? broken("ends early", why) : OK;
}

static enum err
directory_read(struct segment *s, struct why *why)
{
	struct span *const vector[] = { &s->shape_at, &s->source_at, &s->flags_at, &s->recv_at };
	struct cur c = cur_of(pack_body(s->sealed));
	struct list_in in = { &c, s->sealed, &s->hold };
	uint64_t n = cur_varint(&c);
	enum err rc;

	s->nrow = (uint32_t)n;
	s->recv_min_ns = cur_i64(&c);
	s->recv_max_ns = cur_i64(&c);
	if (c.bad || n == 0 || n > LIMIT_ROWS)
		return broken("broken number of rows", why);
	rc = leaves_read(s, &c, why);
	if (rc == OK)
		rc = shapes_read(s, &in, why);
	if (rc == OK)
		rc = sources_read(s, &in, why);
	for (size_t i = 0; i < sizeof vector / sizeof vector[0] && rc == OK; i++)
		rc = vector_skip(&c, vector[i], why);
	if (rc == OK)
		rc = columns_read(s, &c, why);
	if (rc == OK)
		rc = places_read(s, why);
	return rc;
}

static enum err
segment_start(struct segment *s, struct why *why)
{
	if (pack_head(s->sealed)->kind != PACK_SEALED)
		return why_set(why, ERR_FORMAT, "%s: not the sealed part", s->name);
	return segment_why(s, directory_read(s, why), why);
}

typedef enum err part_fn(int *ret_fd, const void *arg, enum segment_part part, struct why *why);

/* Both parts, as `open` gives them. */
static enum err
parts_open(struct segment **ret_segment, uint64_t id, const uint8_t *key, part_fn *open,
    const void *arg, struct why *why)
{
	struct segment *s = xcalloc(1, sizeof *s);
	int fd = -1;
	enum err rc;

	s->derived_fd = -1;
	segment_name(s->name, id, SEGMENT_SEALED);
	rc = open(&fd, arg, SEGMENT_SEALED, why);
	if (rc == OK)
		rc = pack_open(&s->sealed, fd, s->name, key, why);
	if (rc == OK)
		rc = open(&s->derived_fd, arg, SEGMENT_DERIVED, why);
	/* Made again by `trucban reindex`; until then the rest is readable. */
	if (rc == ERR_ABSENT && s->sealed != NULL)
		rc = OK;
	s->has_key = key != NULL;
	if (key != NULL)
		memcpy(s->key, key, sizeof s->key);
	if (rc == OK)
		rc = segment_start(s, why);
	if (rc == OK) {
		*ret_segment = s;
		s = NULL;
	}
	segment_free(&s);
	return rc;
}

struct by_name {
	int dirfd;
	uint64_t id;
};

static enum err
part_by_name(int *ret_fd, const void *arg, enum segment_part part, struct why *why)
{
	const struct by_name *by = arg;
	char name[SEGMENT_NAME];

	segment_name(name, by->id, part);
	return file_open(ret_fd, by->dirfd, name, FILE_READ, why);
}

enum err
segment_open(struct segment **ret_segment, int dirfd, uint64_t id, const uint8_t *key,
    struct why *why)
{
	struct by_name by = { dirfd, id };

	return parts_open(ret_segment, id, key, part_by_name, &by, why);
}

struct by_info {
	int dirfd;
	const struct segment_info *info;
};

static enum err
part_by_info(int *ret_fd, const void *arg, enum segment_part part, struct why *why)
{
	const struct by_info *by = arg;

	return cold_file_open(ret_fd, by->dirfd, by->info, part, why);
}

enum err
segment_find(struct segment **ret_segment, int dirfd, const struct segment_info *info,
    const uint8_t *key, struct why *why)
{
	struct by_info by = { dirfd, info };

	return parts_open(ret_segment, info->id, key, part_by_info, &by, why);
}

struct segment_memory *
segment_memory_new(struct buf *sealed, struct buf *derived)
{
	struct segment_memory *memory = xcalloc(1, sizeof *memory);

	memory->refs = 1;
	memory->sealed = *sealed;
	memory->derived = *derived;
	*sealed = *derived = (struct buf){ 0 };
	return memory;
}

void
segment_memory_drop(struct segment_memory **memory)
{
	struct segment_memory *m = *memory;

	*memory = NULL;
	if (m == NULL || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	buf_done(&m->sealed);
	buf_done(&m->derived);
	free(m);
}

enum err
segment_open_memory(struct segment **ret_segment, struct segment_memory *memory,
    const uint8_t *key, enum pack_trust trust, struct why *why)
{
	struct segment *s = xcalloc(1, sizeof *s);
	enum err rc;

	s->derived_fd = -1;
	s->memory = segment_memory_share(memory);
	(void)snprintf(s->name, sizeof s->name, "rows in memory");
	rc = pack_open_memory(&s->sealed, buf_span(&memory->sealed), s->name, key, trust, why);
	if (rc == OK && memory->derived.n > 0)
		rc = pack_open_memory(&s->derived, buf_span(&memory->derived), s->name, key,
		    trust, why);
	if (rc == OK)
		rc = segment_start(s, why);
	if (rc == OK) {
		*ret_segment = s;
		s = NULL;
	}
	segment_free(&s);
	return rc;
}

/* ---- small answers ---- */

struct pack *
segment_pack(struct segment *s)
{
	return s->sealed;
}

uint32_t
segment_rows(const struct segment *s)
{
	return s->nrow;
}

uint32_t
segment_shapes(const struct segment *s)
{
	return s->nshape;
}

const struct shape *
segment_shape(const struct segment *s, uint32_t index)
{
	must(index < s->nshape);
	return s->shape[index].shape;
}

uint32_t
segment_sources(const struct segment *s)
{
	return s->nsource;
}

const struct source *
segment_source(const struct segment *s, uint32_t index)
{
	must(index < s->nsource);
	return s->source[index];
}

uint32_t
segment_leaves(const struct segment *s)
{
	return s->nleaf;
}

const struct segment_leaf *
segment_leaf(const struct segment *s, uint32_t index)
{
	must(index < s->nleaf);
	return &s->leaf[index];
}

uint8_t
segment_stream(const struct segment *s)
{
	return pack_head(s->sealed)->stream;
}

uint8_t
segment_class(const struct segment *s)
{
	return pack_head(s->sealed)->class;
}

uint32_t
segment_epoch(const struct segment *s)
{
	return pack_head(s->sealed)->epoch;
}
