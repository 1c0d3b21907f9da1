/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest's state in memory and the records that change it, as octets: manifest.md sections 2
 * and 3. No file is touched here, so that a fuzzer reaches all of it.
 */
#include "store/manifest_int.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

#define MANIFEST_MAGIC	"TBMANIF1"
#define RECORD_MAGIC	"TBMR"

enum {
	HEAD_CHECKED = 56,
	RECORD_HEAD = 24,
	RECORD_CHECKED = 16,
	VERSION = 1,
	FLAG_ENCRYPTED = 1,
};

/* ---- the list ---- */

/* Index of id, or where it belongs. */
static size_t
entry_place(const struct manifest *m, uint64_t id)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->entry[mid].info.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
entry_put(struct manifest *m, const struct segment_info *info, struct span leaves)
{
	size_t at = entry_place(m, info->id);
	struct span copy = span_of(xmemdup(leaves.p, leaves.n), leaves.n);

	if (at < m->n && m->entry[at].info.id == info->id) {
		free((void *)(uintptr_t)m->entry[at].leaves.p);
		m->entry[at] = (struct manifest_entry){ *info, copy };
		return;
	}
	if (m->n == m->cap) {
		m->cap = m->cap > 0 ? m->cap * 2 : 64;
		m->entry = xreallocarray(m->entry, m->cap, sizeof m->entry[0]);
	}
	memmove(&m->entry[at + 1], &m->entry[at], (m->n - at) * sizeof m->entry[0]);
	m->entry[at] = (struct manifest_entry){ *info, copy };
	m->n++;
}

/* Takes out every entry whose id is in the list of n ids (8 octets each, in any order). */
static void
entry_drop(struct manifest *m, const uint64_t *id, size_t n)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = entry_place(m, id[i]);

		if (at < m->n && m->entry[at].info.id == id[i])
			m->entry[at].info.rows = 0;	/* no segment has none: it goes below */
	}
	for (size_t i = 0; i < m->n; i++) {
		if (m->entry[i].info.rows == 0)
			free((void *)(uintptr_t)m->entry[i].leaves.p);
		else
			m->entry[to++] = m->entry[i];
	}
	m->n = to;
}

static void
mark_add(struct manifest *m, const struct segment_info *info)
{
	struct manifest_mark *mark = &m->mark[info->stream][info->class];

	if (mark->stored < info->last_seq)
		mark->stored = info->last_seq;
	mark->rows += info->rows;
}

/* ---- payloads ---- */

void
manifest_segment_put(struct buf *out, const struct segment_info *info, struct span leaves)
{
	buf_u64(out, info->id);
	buf_u8(out, info->stream);
	buf_u8(out, info->class);
	buf_u8(out, info->level);
	buf_u8(out, 0);
	buf_u32(out, info->epoch);
	buf_u32(out, info->rows);
	buf_u64(out, info->first_seq);
	buf_u64(out, info->last_seq);
	buf_i64(out, info->recv_min_ns);
	buf_i64(out, info->recv_max_ns);
	buf_i64(out, info->event_min_ns);
	buf_i64(out, info->event_max_ns);
	buf_u64(out, info->bytes);
	buf_u64(out, info->raw_bytes);
	buf_span_put(out, leaves);
}

static bool
segment_get(struct cur *in, struct segment_info *info, struct span *leaves)
{
	struct cur list;
	uint64_t n;

	*info = (struct segment_info){ .id = cur_u64(in) };
	info->stream = cur_u8(in);
	info->class = cur_u8(in);
	info->level = cur_u8(in);
	(void)cur_u8(in);
	info->epoch = cur_u32(in);
	info->rows = cur_u32(in);
	info->first_seq = cur_u64(in);
	info->last_seq = cur_u64(in);
	info->recv_min_ns = cur_i64(in);
	info->recv_max_ns = cur_i64(in);
	info->event_min_ns = cur_i64(in);
	info->event_max_ns = cur_i64(in);
	info->bytes = cur_u64(in);
	info->raw_bytes = cur_u64(in);
	*leaves = cur_span(in, cur_left(in));
	list = cur_of(*leaves);
	for (n = cur_varint(&list); n > 0 && !list.bad; n--)
		(void)cur_varint(&list);
	return cur_done(&list) && !in->bad && info->id != 0 && info->stream < STREAM_END &&
	    info->class < LIMIT_CLASSES && info->rows >= 1 && info->rows <= LIMIT_ROWS &&
	    info->first_seq <= info->last_seq;
}

/* varint n, n * u64: *ret_id is heap. */
static bool
ids_get(struct cur *in, uint64_t **ret_id, size_t *ret_n)
{
	uint64_t n = cur_varint(in);

	if (in->bad || n > cur_left(in) / 8)
		return false;
	*ret_id = xreallocarray(NULL, (size_t)n, sizeof **ret_id);
	*ret_n = (size_t)n;
	for (size_t i = 0; i < n; i++)
		(*ret_id)[i] = cur_u64(in);
	return true;
}

void
manifest_ids_put(struct buf *out, const uint64_t *id, size_t n)
{
	buf_varint(out, n);
	for (size_t i = 0; i < n; i++)
		buf_u64(out, id[i]);
}

/* ---- one record: what it does to the list; false = its payload is broken ---- */

static bool
apply_add(struct manifest *m, struct cur *in)
{
	struct segment_info info;
	struct span leaves;

	if (!segment_get(in, &info, &leaves))
		return false;
	if (manifest_find(m, info.id) == NULL)
		mark_add(m, &info);
	entry_put(m, &info, leaves);
	return true;
}

static bool
apply_drop(struct manifest *m, struct cur *in)
{
	uint64_t *id = NULL;
	size_t n = 0;
	bool good = ids_get(in, &id, &n) && cur_done(in);

	if (good)
		entry_drop(m, id, n);
	free(id);
	return good;
}

static bool
apply_replace(struct manifest *m, struct cur *in)
{
	struct segment_info info;
	struct span leaves;
	uint64_t *id = NULL;
	size_t n = 0;
	bool good = ids_get(in, &id, &n) && segment_get(in, &info, &leaves);

	if (good) {
		entry_drop(m, id, n);
		entry_put(m, &info, leaves);
	}
	free(id);
	return good;
}

static bool
apply_epoch(struct manifest *m, struct cur *in)
{
	uint32_t epoch = cur_u32(in);
	uint64_t lost[STREAM_END];

	(void)cur_i64(in);
	for (size_t i = 0; i < STREAM_END; i++)
		lost[i] = cur_u64(in);
	(void)cur_bytes(in);
	if (!cur_done(in) || epoch < m->epoch)
		return false;
	m->epoch = epoch;
	for (size_t i = 0; i < STREAM_END; i++)
		m->lost[i] += lost[i];
	return true;
}

static bool
apply_mark(struct manifest *m, struct cur *in)
{
	uint8_t stream = cur_u8(in), class = cur_u8(in);
	struct manifest_mark mark = { .stored = cur_u64(in) };

	mark.rows = cur_u64(in);
	if (!cur_done(in) || stream >= STREAM_END || class >= LIMIT_CLASSES)
		return false;
	m->mark[stream][class] = mark;
	return true;
}

static bool
apply_trim(struct manifest *m, struct cur *in)
{
	uint64_t file = cur_u64(in);

	if (!cur_done(in))
		return false;
	m->journal_file = file;
	return true;
}

static bool
apply_damage(struct manifest *m, struct cur *in)
{
	(void)in;
	m->damaged = true;
	return true;
}

typedef bool apply_fn(struct manifest *m, struct cur *in);

static apply_fn *const apply[RECORD_TYPE_END] = {
	[RECORD_ADD] = apply_add, [RECORD_DROP] = apply_drop, [RECORD_REPLACE] = apply_replace,
	[RECORD_EPOCH] = apply_epoch, [RECORD_MARK] = apply_mark, [RECORD_TRIM] = apply_trim,
	[RECORD_DAMAGE] = apply_damage, [RECORD_HOLD] = manifest_apply_hold,
	[RECORD_RELEASE] = manifest_apply_release,
};

bool
manifest_apply(struct manifest *manifest, enum manifest_record type, struct span payload)
{
	struct cur in = cur_of(payload);

	must(type > 0 && type < RECORD_TYPE_END);
	return apply[type](manifest, &in);
}

void
manifest_forget(struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		free((void *)(uintptr_t)m->entry[i].leaves.p);
	m->n = 0;
	m->nhold = 0;
	m->nrecord = 0;
	m->epoch = 0;
	m->journal_file = 0;
	m->damaged = m->damaged_now = false;
	memset(m->lost, 0, sizeof m->lost);
	memset(m->mark, 0, sizeof m->mark);
	m->version++;
}

/* ---- the log ---- */

static uint64_t
record_sum(struct span head, struct span payload)
{
	return hash64_seed(payload, hash64(head));
}

void
manifest_record_put(struct buf *out, enum manifest_record type, uint32_t number,
    struct span payload)
{
	size_t at = out->n;

	buf_put(out, RECORD_MAGIC, 4);
	buf_u32(out, type);
	buf_u32(out, (uint32_t)payload.n);
	buf_u32(out, number);
	buf_u64(out, record_sum(span_of(out->p + at, RECORD_CHECKED), payload));
	buf_span_put(out, payload);
	while (out->n % 8 != 0)
		buf_u8(out, 0);
}

/* The record at the start of bytes: octets it takes with its padding, 0 when it is not valid. */
static size_t
record_get(struct span bytes, uint8_t *ret_type, uint32_t *ret_number, struct span *ret_payload)
{
	struct cur in = cur_of(bytes);
	struct span magic = cur_span(&in, 4);
	uint32_t type = cur_u32(&in), n = cur_u32(&in), number = cur_u32(&in);
	uint64_t sum = cur_u64(&in);
	struct span payload = cur_span(&in, n);
	size_t all = (RECORD_HEAD + (size_t)n + 7) / 8 * 8;

	if (in.bad || !span_is(magic, RECORD_MAGIC) || type == 0 || n > RECORD_MAX ||
	    all > bytes.n || type > UINT8_MAX)
		return 0;
	if (sum != record_sum(span_sub(bytes, 0, RECORD_CHECKED), payload))
		return 0;
	for (size_t i = RECORD_HEAD + payload.n; i < all; i++)
		if (bytes.p[i] != 0)
			return 0;
	*ret_type = (uint8_t)type;
	*ret_number = number;
	*ret_payload = payload;
	return all;
}

enum err
manifest_take(struct manifest *m, struct span bytes, struct why *why)
{
	struct span payload;
	uint32_t number;
	uint8_t type;
	size_t at = 0, good = 0;

	while (at < bytes.n) {
		size_t n = record_get(span_sub(bytes, at, SIZE_MAX), &type, &number, &payload);

		if (n == 0) {
			at += 8;
			continue;
		}
		if (type >= RECORD_TYPE_END)
			return why_set(why, ERR_FORMAT, "manifest has a record of type %u: it was "
			    "written by a newer version", type);
		if (!manifest_apply(m, (enum manifest_record)type, payload) || at != good ||
		    number != m->nrecord)
			m->damaged = m->damaged_now = true;
		m->nrecord = number + 1;
		m->version++;
		at += n;
		good = at;
	}
	m->end += good;
	return OK;
}

static void
head_put(struct buf *out, const struct manifest *m)
{
	size_t at = out->n;

	buf_put(out, MANIFEST_MAGIC, 8);
	buf_u16(out, VERSION);
	buf_u16(out, m->encrypted ? FLAG_ENCRYPTED : 0);
	buf_u32(out, 0);
	buf_put(out, m->store_id, sizeof m->store_id);
	buf_u64(out, m->generation);
	while (out->n < at + HEAD_CHECKED)
		buf_u8(out, 0);
	buf_u64(out, hash64(span_of(out->p + at, HEAD_CHECKED)));
}

enum err
manifest_head_take(struct manifest *m, struct span bytes, struct why *why)
{
	struct cur in = cur_of(span_sub(bytes, 0, MANIFEST_HEAD_BYTES));
	struct span magic = cur_span(&in, 8), id;
	uint16_t version = cur_u16(&in), must = cur_u16(&in);

	(void)cur_u32(&in);
	id = cur_span(&in, MANIFEST_STORE_ID);
	m->generation = cur_u64(&in);
	(void)cur_span(&in, HEAD_CHECKED - 8 - 8 - MANIFEST_STORE_ID - 8);
	if (in.bad || !span_is(magic, MANIFEST_MAGIC))
		return why_set(why, ERR_FORMAT, "manifest: this is not one");
	if (version != VERSION || (must & ~FLAG_ENCRYPTED) != 0)
		return why_set(why, ERR_FORMAT, "manifest was written by a newer version");
	if (hash64(span_sub(bytes, 0, HEAD_CHECKED)) != cur_u64(&in))
		return why_set(why, ERR_FORMAT, "manifest: the head is damaged");
	memcpy(m->store_id, id.p, id.n);
	m->encrypted = (must & FLAG_ENCRYPTED) != 0;
	m->end = MANIFEST_HEAD_BYTES;
	return OK;
}

uint32_t
manifest_put(struct buf *out, const struct manifest *m)
{
	unsigned used[STREAM_END] = { 0 };	/* classes of the segments: reading counts them */
	struct buf payload = { 0 };
	uint32_t number = 0;

	head_put(out, m);
	buf_u32(&payload, m->epoch);
	buf_i64(&payload, 0);
	for (size_t i = 0; i < STREAM_END; i++)
		buf_u64(&payload, m->lost[i]);
	buf_bytes(&payload, SPAN("compacted"));
	manifest_record_put(out, RECORD_EPOCH, number++, buf_span(&payload));
	for (size_t i = 0; i < m->n; i++) {
		payload.n = 0;
		manifest_segment_put(&payload, &m->entry[i].info, m->entry[i].leaves);
		used[m->entry[i].info.stream] |= 1u << m->entry[i].info.class;
		manifest_record_put(out, RECORD_ADD, number++, buf_span(&payload));
	}
	for (uint8_t s = 0; s < STREAM_END; s++)
		for (uint8_t c = 0; c < LIMIT_CLASSES; c++) {
			if (m->mark[s][c].rows == 0 && m->mark[s][c].stored == 0 &&
			    (used[s] >> c & 1) == 0)
				continue;
			payload.n = 0;
			buf_u8(&payload, s);
			buf_u8(&payload, c);
			buf_u64(&payload, m->mark[s][c].stored);
			buf_u64(&payload, m->mark[s][c].rows);
			manifest_record_put(out, RECORD_MARK, number++, buf_span(&payload));
		}
	payload.n = 0;
	buf_u64(&payload, m->journal_file);
	manifest_record_put(out, RECORD_TRIM, number++, buf_span(&payload));
	for (size_t i = 0; i < m->nhold; i++) {
		payload.n = 0;
		pin_put(&payload, &m->hold[i]);
		manifest_record_put(out, RECORD_HOLD, number++, buf_span(&payload));
	}
	if (m->damaged)
		manifest_record_put(out, RECORD_DAMAGE, number++, (struct span){ NULL, 0 });
	buf_done(&payload);
	return number;
}

uint64_t
manifest_version(const struct manifest *manifest)
{
	return manifest->version;
}

const uint8_t *
manifest_store_id(const struct manifest *manifest)
{
	return manifest->store_id;
}

uint32_t
manifest_epoch(const struct manifest *manifest)
{
	return manifest->epoch;
}

bool
manifest_encrypted(const struct manifest *manifest)
{
	return manifest->encrypted;
}

size_t
manifest_count(const struct manifest *manifest)
{
	return manifest->n;
}

const struct segment_info *
manifest_segment(const struct manifest *manifest, size_t index)
{
	must(index < manifest->n);
	return &manifest->entry[index].info;
}

const struct segment_info *
manifest_find(const struct manifest *manifest, uint64_t id)
{
	size_t at = entry_place(manifest, id);

	if (at == manifest->n || manifest->entry[at].info.id != id)
		return NULL;
	return &manifest->entry[at].info;
}

struct span
manifest_leaves(const struct manifest *manifest, size_t index)
{
	must(index < manifest->n);
	return manifest->entry[index].leaves;
}

uint64_t
manifest_stored(const struct manifest *manifest, uint8_t stream, uint8_t class)
{
	must(stream < STREAM_END && class < LIMIT_CLASSES);
	return manifest->mark[stream][class].stored;
}

uint64_t
manifest_journal_file(const struct manifest *manifest)
{
	return manifest->journal_file;
}

uint64_t
manifest_rows_stored(const struct manifest *manifest, uint8_t stream)
{
	uint64_t rows = 0;

	must(stream < STREAM_END);
	for (size_t c = 0; c < LIMIT_CLASSES; c++)
		rows += manifest->mark[stream][c].rows;
	return rows;
}

uint64_t
manifest_rows_lost(const struct manifest *manifest, uint8_t stream)
{
	must(stream < STREAM_END);
	return manifest->lost[stream];
}

bool
manifest_damaged(const struct manifest *manifest)
{
	return manifest->damaged;
}
