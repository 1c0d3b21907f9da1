/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: test code over its own arrays. See fake_store.h. */
#include "fake_store.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/must.h"
#include "query/value.h"
#include "query/view.h"

enum { SHAPES = 64, SOURCES = 64, SEGMENTS = 64 };

struct fake_column {
	struct column_info info;
	struct column column;
	uint32_t *row;
	struct span *raw;		/* all values */
	struct span *shown;		/* TEXT: only those that were asked for */
	struct span *template;
	uint16_t *template_of;
	uint32_t ntemplate;
};

struct fake_segment {
	struct segment_info info;
	uint32_t from;			/* first row */
	bool text;
	uint64_t *token;
	size_t ntoken, token_cap;
};

struct segment {
	const struct fake_segment *fake;
	uint16_t *shape_index, *source_index;
	uint8_t *flags;
	int64_t *recv, *event;
	uint64_t *seq;
	uint32_t ncolumn;
	struct fake_column *column;
	struct arena *arena;
};

static struct {
	struct arena *arena;
	struct shape *shape[SHAPES];
	uint32_t nshape;
	struct source *source[SOURCES];
	uint32_t nsource;
	struct fake_row *row;
	uint32_t nrow, row_cap;
	struct fake_segment segment[SEGMENTS];
	uint32_t nsegment;
	uint32_t open;			/* first row of the open segment */
} fake;

void
fake_reset(void)
{
	for (uint32_t i = 0; i < fake.nshape; i++)
		shape_free(&fake.shape[i]);
	for (uint32_t i = 0; i < fake.nsource; i++)
		source_free(&fake.source[i]);
	for (uint32_t i = 0; i < fake.nsegment; i++)
		free(fake.segment[i].token);
	free(fake.row);
	arena_free(&fake.arena);
	memset(&fake, 0, sizeof fake);
	fake.arena = arena_new((size_t)1 << 30);
}

uint32_t
fake_shape(uint8_t format, const struct fake_hole *hole, uint32_t nhole)
{
	struct hole *h = arena_zalloc(fake.arena, nhole, sizeof *h);
	struct shape shape = { .format = format, .decoder = 1, .nhole = nhole, .hole = h };
	struct buf code = { 0 };
	struct why why = { "" };

	must(fake.nshape < SHAPES && nhole <= FAKE_HOLES);
	for (uint32_t i = 0; i < nhole; i++)
		h[i] = (struct hole){ hole[i].kind, hole[i].role, span_str(hole[i].name),
		    SPAN(" ") };
	shape_encode(&code, &shape);
	must(shape_new(&fake.shape[fake.nshape], buf_span(&code), &why) == OK);
	buf_done(&code);
	return fake.nshape++;
}

uint32_t
fake_source(uint64_t unit, const char *listener, const char *peer, const char *host,
    const char *app)
{
	struct source source = { .trust = TRUST_PEER, .unit = unit, .listener = span_str(listener),
	    .peer = span_str(peer), .host = span_str(host), .app = span_str(app) };
	struct buf code = { 0 };
	struct why why = { "" };

	must(fake.nsource < SOURCES);
	source_encode(&code, &source);
	must(source_new(&fake.source[fake.nsource], buf_span(&code), &why) == OK);
	buf_done(&code);
	return fake.nsource++;
}

void
fake_row(const struct fake_row *row)
{
	if (fake.nrow == fake.row_cap) {
		fake.row_cap = fake.row_cap == 0 ? 256 : fake.row_cap * 2;
		fake.row = xreallocarray(fake.row, fake.row_cap, sizeof *fake.row);
	}
	fake.row[fake.nrow++] = *row;
}

uint32_t
fake_rows(void)
{
	return fake.nrow;
}

const struct fake_row *
fake_row_at(uint32_t i)
{
	return &fake.row[i];
}

const struct shape *
fake_shape_at(uint32_t i)
{
	return fake.shape[i];
}

const struct source *
fake_source_at(uint32_t i)
{
	return fake.source[i];
}

struct store *
fake_store(void)
{
	return (struct store *)&fake;
}

/* ---- tokens: exactly those of the values, nothing guessed ---- */

static void
token_add(struct fake_segment *s, struct span text, bool entity)
{
	uint8_t *at = xmalloc(text.n + 1);
	size_t n = fold(at, text);

	if (s->ntoken == s->token_cap) {
		s->token_cap = s->token_cap == 0 ? 256 : s->token_cap * 2;
		s->token = xreallocarray(s->token, s->token_cap, sizeof *s->token);
	}
	if (n > 0)
		s->token[s->ntoken++] = store_token_hash(span_of(at, n), entity);
	free(at);
}

static void
tokens_add(struct fake_segment *s, const struct shape *shape, const struct fake_row *row)
{
	uint8_t room[4096];

	for (uint32_t h = 0; h < shape->nhole; h++) {
		struct span value = hole_value(shape, &shape->hole[h], span_str(row->value[h]),
		    room);
		struct span part;
		size_t at = 0;

		while (word_next(value, &at, &part))
			token_add(s, part, false);
		at = 0;
		while (store_entity_next(value, &at, &part))
			token_add(s, part, true);
	}
}

void
fake_cut(bool text)
{
	struct fake_segment *s = &fake.segment[fake.nsegment];
	uint32_t n = fake.nrow - fake.open;

	must(fake.nsegment < SEGMENTS && n > 0 && n <= LIMIT_ROWS);
	*s = (struct fake_segment){ .from = fake.open, .text = text };
	s->info = (struct segment_info){ .id = fake.nsegment + 1, .stream = STREAM_RAW, .epoch = 1,
	    .rows = n, .first_seq = fake.open + 1, .last_seq = fake.nrow,
	    .recv_min_ns = INT64_MAX, .recv_max_ns = INT64_MIN, .event_min_ns = INT64_MAX,
	    .event_max_ns = INT64_MIN };
	for (uint32_t i = fake.open; i < fake.nrow; i++) {
		const struct fake_row *row = &fake.row[i];

		s->info.recv_min_ns = row->recv_ns < s->info.recv_min_ns ? row->recv_ns :
		    s->info.recv_min_ns;
		s->info.recv_max_ns = row->recv_ns > s->info.recv_max_ns ? row->recv_ns :
		    s->info.recv_max_ns;
		s->info.event_min_ns = row->event_ns < s->info.event_min_ns ? row->event_ns :
		    s->info.event_min_ns;
		s->info.event_max_ns = row->event_ns > s->info.event_max_ns ? row->event_ns :
		    s->info.event_max_ns;
		tokens_add(s, fake.shape[row->shape], row);
	}
	fake.open = fake.nrow;
	fake.nsegment++;
}

size_t
store_segments(const struct store *store)
{
	(void)store;
	return fake.nsegment;
}

const struct segment_info *
store_segment(const struct store *store, size_t index)
{
	(void)store;
	return &fake.segment[index].info;
}

bool
store_may_hold(struct store *store, size_t index, const uint64_t *token_hash, size_t n)
{
	const struct fake_segment *s = &fake.segment[index];

	(void)store;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < s->ntoken && s->token[k] != token_hash[i])
			k++;
		if (k == s->ntoken)
			return false;
	}
	return true;
}

/* ---- columns ---- */

static struct fake_column *
column_of(struct segment *s, const struct hole *hole)
{
	struct fake_column *c;

	for (uint32_t i = 0; i < s->ncolumn; i++)
		if (s->column[i].info.kind == hole->kind && span_eq(s->column[i].info.name,
		    hole->name))
			return &s->column[i];
	s->column = xreallocarray(s->column, s->ncolumn + 1, sizeof *s->column);
	c = &s->column[s->ncolumn++];
	*c = (struct fake_column){ .info = { .name = hole->name, .kind = hole->kind } };
	c->row = arena_alloc(s->arena, s->fake->info.rows * 4 * sizeof *c->row);
	c->raw = arena_zalloc(s->arena, s->fake->info.rows * 4, sizeof *c->raw);
	return c;
}

static bool
canonical_int(struct span s, int64_t *ret)
{
	struct buf text = { 0 };
	bool same;

	if (!value_i64(s, ret))
		return false;
	value_put_i64(&text, *ret);
	same = span_eq(buf_span(&text), s);
	buf_done(&text);
	return same;
}

static void
numbers_make(struct segment *s, struct fake_column *c)
{
	int64_t *num = arena_alloc(s->arena, (c->info.nvalue + 1) * sizeof *num);

	c->info.has_int = true;
	c->info.int_min = INT64_MAX;
	c->info.int_max = INT64_MIN;
	for (uint32_t i = 0; i < c->info.nvalue && c->info.has_int; i++) {
		c->info.has_int = canonical_int(c->raw[i], &num[i]);
		c->info.int_min = num[i] < c->info.int_min ? num[i] : c->info.int_min;
		c->info.int_max = num[i] > c->info.int_max ? num[i] : c->info.int_max;
	}
	if (c->info.has_int)
		c->column.num = num;
}

/* Words of at most a third as many as values; false: there are more. */
static bool
dict_make(struct segment *s, struct fake_column *c)
{
	uint32_t most = c->info.nvalue / 3 + 1;
	struct span *word = arena_alloc(s->arena, (most + 1) * sizeof *word);
	uint32_t *code = arena_alloc(s->arena, (c->info.nvalue + 1) * sizeof *code), n = 0;

	for (uint32_t i = 0; i < c->info.nvalue; i++) {
		uint32_t w = 0;

		while (w < n && !span_eq(word[w], c->raw[i]))
			w++;
		if (w == n && n == most)
			return false;
		if (w == n)
			word[n++] = c->raw[i];
		code[i] = w;
	}
	c->info.form = n == 1 ? COLUMN_CONST : COLUMN_DICT;
	c->column.nword = n;
	c->column.word = word;
	c->column.code = n == 1 ? NULL : code;
	return true;
}

/* A slot for each word that has a digit (and the backslash in front of it, for escapes). */
static struct span
template_of(struct segment *s, struct span value)
{
	struct buf out = { 0 };
	struct span word, kept;
	size_t at = 0, done = 0;

	while (word_next(value, &at, &word)) {
		bool digit = false;

		for (size_t i = 0; i < word.n; i++)
			digit |= word.p[i] >= '0' && word.p[i] <= '9';
		if (!digit)
			continue;
		buf_put(&out, value.p + done, (size_t)(word.p - value.p) - done);
		buf_u8(&out, 0);
		done = at;
	}
	buf_put(&out, value.p + done, value.n - done);
	kept = arena_dup(s->arena, buf_span(&out));
	buf_done(&out);
	return kept;
}

static void
text_make(struct segment *s, struct fake_column *c)
{
	c->template = arena_alloc(s->arena, (c->info.nvalue + 1) * sizeof *c->template);
	c->template_of = arena_alloc(s->arena, (c->info.nvalue + 1) * sizeof *c->template_of);
	c->shown = arena_zalloc(s->arena, c->info.nvalue + 1, sizeof *c->shown);
	for (uint32_t i = 0; i < c->info.nvalue; i++) {
		struct span t = template_of(s, c->raw[i]);
		uint32_t k = 0;

		while (k < c->ntemplate && !span_eq(c->template[k], t))
			k++;
		if (k == c->ntemplate)
			c->template[c->ntemplate++] = t;
		c->template_of[i] = (uint16_t)k;
	}
	c->info.form = COLUMN_TEXT;
	c->column.ntemplate = c->ntemplate;
	c->column.template = c->template;
	c->column.template_of = c->template_of;
}

static void
column_finish(struct segment *s, struct fake_column *c)
{
	bool identity = c->info.nvalue == s->fake->info.rows;

	for (uint32_t i = 0; i < c->info.nvalue; i++) {
		identity = identity && c->row[i] == i;
		c->info.has_escape |= c->raw[i].n > 0 && memchr(c->raw[i].p, '\\', c->raw[i].n) !=
		    NULL;
	}
	c->column.n = c->info.nvalue;
	c->column.row = identity ? NULL : c->row;
	if (dict_make(s, c))
		return;
	numbers_make(s, c);
	c->info.form = COLUMN_VALUES;
	if (s->fake->text && !c->info.has_int)
		text_make(s, c);
	else
		c->column.value = c->raw;
}

enum err
store_segment_open(struct store *store, size_t index, struct segment **ret_segment,
    struct why *why)
{
	struct segment *s = xcalloc(1, sizeof *s);
	uint32_t n = fake.segment[index].info.rows;

	(void)store, (void)why;
	s->fake = &fake.segment[index];
	s->arena = arena_new((size_t)1 << 30);
	s->shape_index = arena_alloc(s->arena, n * sizeof *s->shape_index);
	s->source_index = arena_alloc(s->arena, n * sizeof *s->source_index);
	s->flags = arena_zalloc(s->arena, n, 1);
	s->recv = arena_alloc(s->arena, n * sizeof *s->recv);
	s->event = arena_alloc(s->arena, n * sizeof *s->event);
	s->seq = arena_alloc(s->arena, n * sizeof *s->seq);
	for (uint32_t i = 0; i < n; i++) {
		const struct fake_row *row = &fake.row[s->fake->from + i];
		const struct shape *shape = fake.shape[row->shape];

		s->shape_index[i] = (uint16_t)row->shape;
		s->source_index[i] = (uint16_t)row->source;
		s->recv[i] = row->recv_ns;
		s->event[i] = row->event_ns;
		s->seq[i] = s->fake->from + i + 1;
		for (uint32_t h = 0; h < shape->nhole; h++) {
			struct fake_column *c = column_of(s, &shape->hole[h]);

			c->info.roles |= (uint8_t)(1 << shape->hole[h].role);
			c->row[c->info.nvalue] = i;
			c->raw[c->info.nvalue++] = span_str(row->value[h]);
		}
	}
	for (uint32_t i = 0; i < s->ncolumn; i++)
		column_finish(s, &s->column[i]);
	for (uint32_t i = 0; i < s->ncolumn; i++)
		s->column[i].column.info = &s->column[i].info;
	*ret_segment = s;
	return OK;
}

void
store_segment_done(struct store *store, uint64_t id, struct segment **segment)
{
	(void)store, (void)id;
	segment_free(segment);
}

void
segment_free(struct segment **segment)
{
	if (*segment == NULL)
		return;
	arena_free(&(*segment)->arena);
	free((*segment)->column);
	free(*segment);
	*segment = NULL;
}

uint32_t
segment_rows(const struct segment *s)
{
	return s->fake->info.rows;
}

uint32_t
segment_shapes(const struct segment *s)
{
	(void)s;
	return fake.nshape;
}

const struct shape *
segment_shape(const struct segment *s, uint32_t index)
{
	(void)s;
	return fake.shape[index];
}

uint32_t
segment_sources(const struct segment *s)
{
	(void)s;
	return fake.nsource;
}

const struct source *
segment_source(const struct segment *s, uint32_t index)
{
	(void)s;
	return fake.source[index];
}

enum err
segment_shape_index(struct segment *s, const uint16_t **ret, struct why *why)
{
	(void)why;
	*ret = s->shape_index;
	return OK;
}

enum err
segment_source_index(struct segment *s, const uint16_t **ret, struct why *why)
{
	(void)why;
	*ret = s->source_index;
	return OK;
}

enum err
segment_recv(struct segment *s, const int64_t **ret, struct why *why)
{
	(void)why;
	*ret = s->recv;
	return OK;
}

enum err
segment_time(struct segment *s, const int64_t **ret, struct why *why)
{
	(void)why;
	*ret = s->event;
	return OK;
}

enum err
segment_seq(struct segment *s, const uint64_t **ret, struct why *why)
{
	(void)why;
	*ret = s->seq;
	return OK;
}

enum err
segment_flags(struct segment *s, const uint8_t **ret, struct why *why)
{
	(void)why;
	*ret = s->flags;
	return OK;
}

uint32_t
segment_columns(const struct segment *s)
{
	return s->ncolumn;
}

const struct column_info *
segment_column(const struct segment *s, uint32_t column)
{
	return &s->column[column].info;
}

enum err
segment_column_load(struct segment *s, uint32_t column, const struct column **ret_column,
    struct why *why)
{
	(void)why;
	*ret_column = &s->column[column].column;
	return OK;
}

/* Values that were not asked for are undefined: here they are traps. */
enum err
segment_column_text(struct segment *s, uint32_t column, const uint8_t *want, struct why *why)
{
	struct fake_column *c = &s->column[column];

	(void)why;
	for (uint32_t i = 0; i < c->info.nvalue; i++) {
		if (want == NULL || want[i])
			c->shown[i] = arena_dup(s->arena, c->raw[i]);
		else
			c->shown[i] = SPAN("undefined 10.9.8.7 value");
	}
	c->column.value = c->shown;
	return OK;
}

/* Each slot of each template has a list of its own: number 16 * template + slot. */
uint32_t
segment_text_lists(const struct segment *s, uint32_t column)
{
	return s->column[column].ntemplate * 16;
}

const uint32_t *
segment_text_slots(const struct segment *s, uint32_t column, uint32_t template, uint32_t *ret_n)
{
	struct span t = s->column[column].template[template];
	uint32_t *list = arena_alloc(s->arena, 16 * sizeof *list);

	*ret_n = 0;
	for (size_t i = 0; i < t.n; i++) {
		must(t.p[i] != 0 || *ret_n < 16);
		if (t.p[i] == 0) {
			list[*ret_n] = template * 16 + *ret_n;
			++*ret_n;
		}
	}
	return list;
}

bool
segment_list_may_hold(const struct segment *s, uint32_t column, uint32_t list, struct span text,
    bool any_case)
{
	(void)s, (void)column, (void)list, (void)text, (void)any_case;
	return true;
}

bool
segment_column_may_hold(const struct segment *s, uint32_t column, struct span text, bool any_case)
{
	(void)s, (void)column, (void)text, (void)any_case;
	return true;
}

bool
segment_list_octets(const struct segment *s, uint32_t column, uint32_t list, struct span *ret)
{
	(void)s, (void)column, (void)list, (void)ret;
	return false;
}

bool
segment_list_one(const struct segment *s, uint32_t column, uint32_t list, struct span *ret)
{
	(void)s, (void)column, (void)list, (void)ret;
	return false;
}

void
segment_list_outline(const struct segment *s, uint32_t column, uint32_t list,
    struct outline *ret)
{
	(void)s, (void)column, (void)list;
	ret->kind = OUTLINE_NONE;
}

enum err
segment_list_ipv4(struct segment *s, uint32_t column, uint32_t list, const int64_t **ret_num,
    uint32_t *ret_n, struct why *why)
{
	(void)s, (void)column, (void)list, (void)ret_num, (void)ret_n, (void)why;
	must(false);
	return ERR_FORMAT;
}

/* Says nothing of lists, and where templates lie neither. */
const struct text_map *
segment_text_map(struct segment *s, uint32_t column)
{
	const struct fake_column *c = &s->column[column];
	struct text_map *map = arena_zalloc(s->arena, 1, sizeof *map);
	struct template_look *look = arena_zalloc(s->arena, c->ntemplate + 1, sizeof *look);
	uint8_t *lies = arena_alloc(s->arena, c->ntemplate * 16 + 1);
	uint8_t *points = arena_alloc(s->arena, c->ntemplate * 16 + 1);
	uint32_t *list = arena_alloc(s->arena, (c->ntemplate * 16 + 1) * sizeof *list);

	for (uint32_t i = 0; i < c->ntemplate * 16; i++) {
		lies[i] = LIST_OTHER;
		points[i] = LIST_POINTS_ANY;
		list[i] = i;
	}
	for (uint32_t i = 0; i < c->ntemplate; i++) {
		struct span t = c->template[i];

		look[i].first = i * 16;
		for (size_t k = 0; k < t.n; k++) {
			if (t.p[k] == '\\')
				look[i].flags |= TEMPLATE_BACKSLASH;
			if (t.p[k] != 0)
				continue;
			look[i].nslot++;
			look[i].before = look[i].behind = ~(uint64_t)0;
			if ((k > 0 && (t.p[k - 1] == 0 || t.p[k - 1] >= 0x80 ||
			    ascii_is_word(t.p[k - 1]))) || (k + 1 < t.n && (t.p[k + 1] >= 0x80 ||
			    ascii_is_word(t.p[k + 1]))))
				look[i].flags |= TEMPLATE_TIGHT;
		}
	}
	*map = (struct text_map){ .nlist = c->ntemplate * 16, .lies = lies,
	    .points = points, .look = look,
	    .slot_list = list };
	return map;
}

const struct text_away *
segment_text_away(struct segment *s, uint32_t column, uint32_t *ret_n)
{
	(void)s, (void)column;
	*ret_n = 0;
	return NULL;
}

enum err
segment_list_values(struct segment *s, uint32_t column, uint32_t list, struct list_values *ret,
    struct why *why)
{
	struct fake_column *c = &s->column[column];
	struct span *value = arena_alloc(s->arena, (c->info.nvalue + 1) * sizeof *value);

	(void)why;
	*ret = (struct list_values){ .value = value };
	for (uint32_t i = 0; i < c->info.nvalue; i++) {
		struct span t = c->template[list / 16];
		uint32_t slot = 0;
		size_t at = 0;

		for (size_t k = 0; k < t.n && c->template_of[i] == list / 16; k++) {
			struct span rest = span_sub(c->raw[i], at, c->raw[i].n), word;
			size_t end = 0;

			if (t.p[k] != 0) {
				at++;
				continue;
			}
			must(word_next(rest, &end, &word) && word.p == rest.p);
			if (slot++ == list % 16)
				value[ret->nvalue++] = word;
			at += end;
		}
	}
	return OK;
}

enum err
segment_raw(struct segment *s, uint32_t row, struct buf *out, struct why *why)
{
	const struct fake_row *from = &fake.row[s->fake->from + row];
	const struct shape *shape = fake.shape[from->shape];

	(void)why;
	buf_span_put(out, shape->head);
	for (uint32_t h = 0; h < shape->nhole; h++) {
		buf_str(out, from->value[h]);
		buf_span_put(out, shape->hole[h].piece);
	}
	return OK;
}
