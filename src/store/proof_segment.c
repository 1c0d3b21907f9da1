/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments: every file of the manifest, and every row in it digested again from its octets and
 * stamps. doc/formats/seal.md section 6, rules 11, 12 and 14. Several threads take segments one by
 * one; what they share is under p->lock or atomic. See proof_int.h.
 */
#include "store/proof_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "store/journal_int.h"
#include "store/pack.h"

enum {
	FILE_BYTES_MAX = 1 << 30,	/* of one part of a segment; 64 MB is a large one */
	/* Where files name the store key: segment.md section 1, journal.md section 1. */
	PACK_KEY_ID_AT = 48,
	JOURNAL_KEY_ID_AT = 80
};

typedef unsigned long long ull;

/* ---- one thread's tools ---- */

struct worker {
	struct proof *p;
	struct thread thread;
	size_t *next;			/* shared: of the manifest's segments */
	struct leaf_reader leaves;
	struct leaf_sum sum;
	struct redigest rows;
	/* the segment at hand */
	const struct segment_info *info;
	char path[PROOF_PATH_BYTES];		/* of its sealed part */
	char path_idx[PROOF_PATH_BYTES];
};

static void
segment_bad(struct worker *w, enum proof_kind kind, const char *path, const char *text)
{
	proof_say(w->p, kind, PROOF_BAD, PROOF_PLACE(14, .stream = w->info->stream,
	    .first_seq = w->info->first_seq, .last_seq = w->info->last_seq, .file = path,
	    .since_ns = w->info->recv_max_ns), "%s", text);
}

/* ---- rows ---- */

/* The leaf of the segment against its entry in the tree. */
static void
leaf_judge(struct worker *w, struct segment *segment, const struct segment_leaf *leaf)
{
	struct proof *p = w->p;
	struct why why = { "" };
	struct leaf entry;

	if (!bits_get(&p->rows, leaf->tree_index)) {
		if (leaf_reader_get(&w->leaves, leaf->tree_index, &entry, &why) == OK)
			(void)why_set(&why, ERR_PROOF, "it has rows of entry %llu, which is none "
			    "of rows", (ull)leaf->tree_index);
		segment_bad(w, PROOF_SEGMENT, w->path, why.text);
		return;
	}
	(void)bits_set(&p->found, leaf->tree_index);
	if (leaf_reader_get(&w->leaves, leaf->tree_index, &entry, &why) != OK) {
		segment_bad(w, PROOF_SEGMENT, w->path, why.text);
		return;
	}
	if (bits_set(&p->segment, leaf->tree_index))
		proof_say(p, PROOF_DOUBLE, PROOF_BAD, PROOF_PLACE(11, .stream = entry.stream,
		    .first_seq = entry.u.rows.first_seq, .last_seq = entry.u.rows.last_seq,
		    .file = w->path, .since_ns = entry.time_ns),
		    "these records are in another segment too");
	if (entry.stream != segment_stream(segment) || entry.class != segment_class(segment) ||
	    entry.epoch != segment_epoch(segment))
		segment_bad(w, PROOF_SEGMENT, w->path,
		    "its stream, class or epoch is not that of its entries");
	(void)leaf_sum_check(p, &w->sum, &entry, leaf->tree_index, w->rows.seq + leaf->first_row,
	    w->path);
	if (bits_get(&p->gone, leaf->tree_index))
		proof_say(p, PROOF_DROP, PROOF_NOTE, PROOF_PLACE(13, .stream = entry.stream,
		    .first_seq = entry.u.rows.first_seq, .last_seq = entry.u.rows.last_seq,
		    .file = w->path, .since_ns = entry.time_ns),
		    "these records were dropped and are still there");
	proof_runs_add(p, entry.stream, leaf->frame, leaf->nframe);
}

static enum err
leaf_check(struct worker *w, struct segment *segment, const struct segment_leaf *leaf,
    struct why *why)
{
	uint32_t at = leaf->first_row;
	enum err rc = OK;

	leaf_sum_reset(&w->sum);
	for (uint32_t i = 0; rc == OK && i < leaf->nframe; i++) {
		const struct segment_frame *frame = &leaf->frame[i];

		rc = redigest_frame(&w->rows, segment, leaf, frame, at, why);
		if (rc == OK)
			leaf_sum_frame(&w->sum, w->rows.row, frame->rows, frame->first_seq, NULL);
		at += frame->rows;
	}
	if (rc != OK)
		return rc;
	lock_take(&w->p->lock);
	w->p->result.rows += w->sum.rows;
	lock_give(&w->p->lock);
	if (leaf->tree_index < w->p->stand.entries)
		leaf_judge(w, segment, leaf);
	return OK;
}

/* ---- what the manifest says ---- */

/* The index of a manifest's list of leaves; false at its end. */
static bool
leaves_next(struct cur *list, uint64_t *left, uint64_t *index)
{
	if (*left == 0 || list->bad)
		return false;
	(*left)--;
	*index += cur_varint(list);
	return !list->bad;
}

static const char *
leaves_compare(struct span list, const struct segment *segment)
{
	struct cur in = cur_of(list);
	uint64_t left = cur_varint(&in), index = 0;
	uint32_t i = 0;

	if (left != segment_leaves(segment))
		return "the manifest names other entries for it";
	while (leaves_next(&in, &left, &index))
		if (index != segment_leaf(segment, i++)->tree_index)
			return "the manifest names other entries for it";
	return cur_done(&in) ? NULL : "the manifest's list of its entries is broken";
}

static void
manifest_compare(struct worker *w, struct segment *segment, size_t index)
{
	const struct segment_info *info = w->info;
	uint32_t n = segment_rows(segment);
	int64_t min = w->rows.recv[0], max = w->rows.recv[0];
	const char *wrong = NULL;
	uint64_t low = w->rows.seq[0], high = w->rows.seq[0];

	for (uint32_t i = 1; i < n; i++) {
		min = w->rows.recv[i] < min ? w->rows.recv[i] : min;
		max = w->rows.recv[i] > max ? w->rows.recv[i] : max;
		low = w->rows.seq[i] < low ? w->rows.seq[i] : low;
		high = w->rows.seq[i] > high ? w->rows.seq[i] : high;
	}
	if (info->stream != segment_stream(segment) || info->class != segment_class(segment) ||
	    info->epoch != segment_epoch(segment) || info->rows != n)
		wrong = "the manifest names another stream, class, epoch or number of rows";
	else if (info->first_seq != low || info->last_seq != high)
		wrong = "the manifest names other sequence numbers";
	else if (info->recv_min_ns != min || info->recv_max_ns != max)
		wrong = "the manifest names other receive times";
	else
		wrong = leaves_compare(manifest_leaves(w->p->manifest, index), segment);
	if (wrong != NULL)
		segment_bad(w, PROOF_MANIFEST, w->path, wrong);
}

/* Event times are derived; the manifest's bounds of them decide what a query reads. */
static void
times_compare(struct worker *w, struct segment *segment)
{
	const struct segment_info *info = w->info;
	const int64_t *time;
	struct why why = { "" };
	int64_t min, max;

	if (segment_time(segment, &time, &why) != OK) {
		segment_bad(w, PROOF_SEGMENT, w->path_idx, why.text);
		return;
	}
	min = max = time[0];
	for (uint32_t i = 1; i < segment_rows(segment); i++) {
		min = time[i] < min ? time[i] : min;
		max = time[i] > max ? time[i] : max;
	}
	if (info->event_min_ns != min || info->event_max_ns != max)
		segment_bad(w, PROOF_MANIFEST, w->path, "the manifest names other event times");
}

/* ---- one segment ---- */

/* Did retention take the segment away while we looked? Then the tree says so, or will. */
static bool
segment_gone(const struct worker *w)
{
	struct manifest *now = NULL;
	bool gone;

	gone = manifest_open(&now, w->p->dirfd, MANIFEST_READ, NULL) == OK &&
	    manifest_find(now, w->info->id) == NULL;
	manifest_close(&now);
	return gone;
}

/* Once more when it is not where it was found: it moved to the cold folder. */
static enum err
octets_read(struct worker *w, enum segment_part part, char path[PROOF_PATH_BYTES],
    struct buf *out, struct why *why)
{
	struct why reason = { "" };
	enum err rc;

	rc = file_read_whole(w->p->dirfd, path, FILE_BYTES_MAX, out, why);
	if (rc == ERR_ABSENT && cold_file_find(path, w->p->dirfd, w->info, part) == PLACE_COLD)
		rc = file_read_whole(w->p->dirfd, path, FILE_BYTES_MAX, out, why);
	if (rc == ERR_ABSENT && cold_there(w->p->dirfd, &reason) == ERR_IO)
		(void)why_set(why, rc, "%s", reason.text);
	return rc;
}

/* A file of the segment with all its checksums and tags; out gets its octets when they hold. */
static bool
part_read(struct worker *w, enum segment_part part, struct buf *out)
{
	char *path = part == SEGMENT_SEALED ? w->path : w->path_idx;
	struct pack *pack = NULL;
	struct why why = { "" };
	enum err rc;

	rc = octets_read(w, part, path, out, &why);
	if (rc == ERR_ABSENT && segment_gone(w))
		return false;
	if (rc == OK)
		rc = pack_open_memory(&pack, buf_span(out), path, w->p->store_key, PACK_CHECK,
		    &why);
	if (rc == OK && (pack_head(pack)->id != w->info->id ||
	    memcmp(pack_head(pack)->store_id, manifest_store_id(w->p->manifest),
	    MANIFEST_STORE_ID) != 0))
		rc = why_set(&why, ERR_PROOF, "%s: it is another segment, or another "
		    "store's", path);
	if (rc == OK)
		rc = pack_check(pack, &why);
	pack_close(&pack);
	if (rc == OK)
		return true;
	out->n = 0;
	segment_bad(w, PROOF_SEGMENT, path, why.text);
	return false;
}

static void
segment_check(struct worker *w, struct segment *segment, size_t index, bool derived)
{
	struct why why = { "" };
	enum err rc;

	rc = redigest_load(&w->rows, segment, &why);
	for (uint32_t i = 0; rc == OK && i < segment_leaves(segment); i++)
		rc = leaf_check(w, segment, segment_leaf(segment, i), &why);
	if (rc != OK) {
		segment_bad(w, PROOF_SEGMENT, w->path, why.text);
		return;
	}
	manifest_compare(w, segment, index);
	if (derived)
		times_compare(w, segment);
}

/* The id of the store key that a file was encrypted under; zeros when it cannot be read. */
static void
key_id_read(struct proof *p, const char *path, uint64_t offset, uint8_t ret[KEY_ID_BYTES])
{
	int fd = -1;

	memset(ret, 0, KEY_ID_BYTES);
	if (file_open(&fd, p->dirfd, path, FILE_READ, NULL) == OK)
		(void)file_pread_all(fd, ret, KEY_ID_BYTES, offset, NULL);
	file_close(&fd);
}

bool
proof_key_fits(struct proof *p)
{
	static const uint8_t none[KEY_ID_BYTES];
	uint8_t want[KEY_ID_BYTES], got[KEY_ID_BYTES];
	char path[PROOF_PATH_BYTES];
	uint64_t *list = NULL;
	size_t n = 0, seen = 0;
	bool fits = false;

	key_id(want, p->store_key);
	for (size_t i = 0; !fits && i < manifest_count(p->manifest); i++) {
		(void)cold_file_find(path, p->dirfd, manifest_segment(p->manifest, i),
		    SEGMENT_SEALED);
		key_id_read(p, path, PACK_KEY_ID_AT, got);
		seen += memcmp(got, none, sizeof got) != 0;
		fits = memcmp(got, want, sizeof got) == 0;
	}
	(void)journal_list(p->dirfd, &list, &n, NULL);
	for (size_t i = 0; !fits && i < n; i++) {
		journal_name(path, list[i]);
		key_id_read(p, path, JOURNAL_KEY_ID_AT, got);
		seen += memcmp(got, none, sizeof got) != 0;
		fits = memcmp(got, want, sizeof got) == 0;
	}
	free(list);
	return fits || seen == 0;
}

static void
segment_verify(struct worker *w, size_t index)
{
	struct buf sealed = { 0 }, derived = { 0 };
	struct segment_memory *memory;
	struct segment *segment = NULL;
	struct why why = { "" };
	bool ok, has_derived;

	ok = part_read(w, SEGMENT_SEALED, &sealed);
	has_derived = part_read(w, SEGMENT_DERIVED, &derived);
	lock_take(&w->p->lock);
	w->p->result.bytes += sealed.n + derived.n;
	w->p->result.segments++;
	lock_give(&w->p->lock);
	memory = segment_memory_new(&sealed, &derived);
	if (ok && segment_open_memory(&segment, memory, w->p->store_key, PACK_TRUST, &why) == OK)
		segment_check(w, segment, index, has_derived);
	else if (ok)
		segment_bad(w, PROOF_SEGMENT, w->path, why.text);
	segment_free(&segment);
	segment_memory_drop(&memory);
	buf_done(&sealed);
	buf_done(&derived);
}

void
proof_segment_found(struct proof *p, size_t index)
{
	struct span list = manifest_leaves(p->manifest, index);
	struct cur in = cur_of(list);
	uint64_t left = cur_varint(&in), at = 0;

	while (leaves_next(&in, &left, &at)) {
		if (at >= p->found.n)
			continue;
		(void)bits_set(&p->found, at);
		(void)bits_set(&p->segment, at);
	}
}

static void
segment_skip(struct proof *p, size_t index)
{
	proof_segment_found(p, index);
	lock_take(&p->lock);
	p->result.skipped_segments++;
	lock_give(&p->lock);
}

/* ---- the threads ---- */

static bool
segment_take(struct worker *w, size_t *ret_index)
{
	struct proof *p = w->p;
	bool more;

	lock_take(&p->lock);
	more = !p->stopped && *w->next < manifest_count(p->manifest);
	if (more)
		*ret_index = (*w->next)++;
	lock_give(&p->lock);
	return more;
}

static void
worker_run(void *arg)
{
	struct worker *w = arg;
	struct proof_seen seen = { 0 };
	size_t index;
	bool known;

	while (segment_take(w, &index)) {
		w->info = manifest_segment(w->p->manifest, index);
		(void)cold_file_find(w->path, w->p->dirfd, w->info, SEGMENT_SEALED);
		(void)cold_file_find(w->path_idx, w->p->dirfd, w->info, SEGMENT_DERIVED);
		known = proof_seen_same(w->p, index, &seen);
		if (known || w->info->recv_max_ns < w->p->options->since_ns)
			segment_skip(w->p, index);
		else
			segment_verify(w, index);
		if (known || w->info->recv_max_ns >= w->p->options->since_ns)
			proof_seen_add(w->p, &seen);
		(void)proof_step(w->p, w->info->bytes);
	}
}

static enum err
worker_init(struct worker *w, struct proof *p, size_t *next, struct why *why)
{
	*w = (struct worker){ .p = p, .next = next };
	redigest_init(&w->rows);
	return leaf_reader_open(&w->leaves, p, why);
}

static void
worker_done(struct worker *w)
{
	leaf_reader_close(&w->leaves);
	leaf_sum_done(&w->sum);
	redigest_done(&w->rows);
}

/* ---- files that belong to nobody ---- */

struct strays {
	struct proof *p;
	const char *top;		/* "segment", or that of the cold folder */
	char day[SEGMENT_NAME];
};

/* Is it one of the two files of a segment of the manifest, where it belongs? */
static bool
name_known(struct proof *p, const char *day, const char *name)
{
	char want_day[SEGMENT_NAME], sealed[SEGMENT_NAME], derived[SEGMENT_NAME];
	const struct segment_info *info;
	uint64_t id = 0;

	for (unsigned i = 0; i < 16; i++) {
		char c = name[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		id = id << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	info = manifest_find(p->manifest, id);
	if (info == NULL)
		return false;
	segment_day(want_day, info->recv_min_ns);
	segment_name(sealed, id, SEGMENT_SEALED);
	segment_name(derived, id, SEGMENT_DERIVED);
	return strcmp(day, want_day) == 0 && (strcmp(name, sealed) == 0 ||
	    strcmp(name, derived) == 0);
}

/* Readers go by the manifest, so such a file does no harm: what a crash left, or what is made. */
static enum err
stray_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	const struct strays *strays = arg;
	char path[PROOF_PATH_BYTES + 256];

	(void)why;
	if (name_known(strays->p, strays->day, entry->name))
		return OK;
	(void)snprintf(path, sizeof path, "%s/%s/%s", strays->top, strays->day,
	    entry->name);
	proof_say(strays->p, PROOF_SEGMENT, PROOF_NOTE, PROOF_PLACE(14, .file = path),
	    "the manifest does not know this file");
	return OK;
}

static enum err
day_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct strays *strays = arg;
	char path[PROOF_PATH_BYTES + 256];
	int fd = -1;
	enum err rc;

	if (entry->kind != DIR_DIRECTORY || strlen(entry->name) >= sizeof strays->day)
		return OK;
	memcpy(strays->day, entry->name, strlen(entry->name) + 1);
	(void)snprintf(path, sizeof path, "%s/%s", strays->top, entry->name);
	rc = dir_open(&fd, strays->p->dirfd, path, why);
	if (rc == OK)
		rc = dir_each(fd, stray_each, strays, why);
	file_close(&fd);
	return rc == ERR_ABSENT ? OK : rc;
}

static enum err
strays_look(struct proof *p, const char *top, struct why *why)
{
	struct strays strays = { .p = p, .top = top };
	int fd = -1;
	enum err rc = OK;

	if (dir_open(&fd, p->dirfd, top, NULL) == OK)
		rc = dir_each(fd, day_each, &strays, why);
	file_close(&fd);
	return rc;
}

/* ---- all ---- */

enum err
proof_segments(struct proof *p, struct why *why)
{
	unsigned n = p->options->threads > 0 ? p->options->threads : thread_processors();
	struct worker *w;
	size_t next = 0;
	enum err rc = OK;

	if (n > 16)
		n = 16;
	w = xcalloc(n, sizeof *w);
	for (unsigned i = 0; rc == OK && i < n; i++)
		rc = worker_init(&w[i], p, &next, why);
	for (unsigned i = 1; rc == OK && i < n; i++)
		(void)thread_start(&w[i].thread, "verify", worker_run, &w[i], NULL);
	if (rc == OK)
		worker_run(&w[0]);
	for (unsigned i = 0; i < n; i++) {
		thread_join(&w[i].thread);
		p->result.raw_bytes += w[i].rows.raw_bytes;
		worker_done(&w[i]);
	}
	free(w);
	if (rc == OK)
		rc = strays_look(p, "segment", why);
	return rc == OK ? strays_look(p, COLD_SEGMENTS, why) : rc;
}
