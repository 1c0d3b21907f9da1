/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of one row out of a store, and its check without one: doc/formats/seal.md section 7,
 * model/rowproof.h. Discloses the row and, of its neighbours, digests only.
 */
#include "store/proof_int.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "model/rowproof.h"
#include "sys/file.h"

enum { CHECK_ARENA = 16 << 20 };

typedef unsigned long long ull;

/* What is found on the way from a number to its proof. */
struct search {
	int dirfd;
	uint8_t own_key[KEY_BYTES];
	const uint8_t *store_key;
	uint8_t stream;
	uint64_t seq;
	struct manifest *manifest;
	struct tiles *tiles;
	struct segment *segment;
	const struct segment_leaf *leaf;
	uint32_t frame;			/* of the leaf */
	uint32_t row;			/* of the segment */
	struct redigest rows;
	struct buf note, bundle, raw;
	struct row_proof proof;
};

/* ---- where it is ---- */

static bool
leaf_holds(struct search *s, const struct segment_leaf *leaf)
{
	uint32_t row = leaf->first_row;

	for (uint32_t i = 0; i < leaf->nframe; i++) {
		const struct segment_frame *frame = &leaf->frame[i];

		if (s->seq >= frame->first_seq && s->seq - frame->first_seq < frame->rows) {
			s->leaf = leaf;
			s->frame = i;
			s->row = row + (uint32_t)(s->seq - frame->first_seq);
			return true;
		}
		row += frame->rows;
	}
	return false;
}

enum err
proof_segment_load(struct segment **ret_segment, int dirfd, const struct segment_info *info,
    const uint8_t *store_key, struct why *why)
{
	char path[PROOF_PATH_BYTES];
	struct segment_memory *memory;
	struct buf sealed = { 0 }, none = { 0 };
	struct why reason = { "" };
	enum err rc;

	(void)cold_file_find(path, dirfd, info, SEGMENT_SEALED);
	rc = file_read_whole(dirfd, path, 1 << 30, &sealed, why);
	if (rc == ERR_ABSENT && cold_there(dirfd, &reason) == ERR_IO)
		rc = why_set(why, ERR_IO, "%s", reason.text);
	memory = segment_memory_new(&sealed, &none);
	if (rc == OK)
		rc = segment_open_memory(ret_segment, memory, store_key, PACK_CHECK, why);
	segment_memory_drop(&memory);
	return rc == OK ? OK : why_prefix(why, rc, "%s", path);
}

static enum err
segment_look(struct search *s, const struct segment_info *info, struct why *why)
{
	enum err rc = proof_segment_load(&s->segment, s->dirfd, info, s->store_key, why);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < segment_leaves(s->segment); i++)
		if (leaf_holds(s, segment_leaf(s->segment, i)))
			return OK;
	segment_free(&s->segment);
	return ERR_MORE;
}

/* Segments of several classes share a range of numbers: look into each that may have it. */
static enum err
row_find(struct search *s, struct why *why)
{
	uint64_t last = 0;

	for (size_t i = 0; i < manifest_count(s->manifest); i++) {
		const struct segment_info *info = manifest_segment(s->manifest, i);
		enum err rc;

		if (info->stream != s->stream)
			continue;
		if (info->last_seq > last)
			last = info->last_seq;
		if (s->seq < info->first_seq || s->seq > info->last_seq)
			continue;
		rc = segment_look(s, info, why);
		if (rc != ERR_MORE)
			return rc;
	}
	if (s->seq > last)
		return why_set(why, ERR_BUSY, "record %llu is in no segment yet", (ull)s->seq);
	return why_set(why, ERR_ABSENT, "no segment holds record %llu", (ull)s->seq);
}

/* ---- what leads from it to the checkpoint ---- */

/* All rows of the leaf are digested again; the paths fall out on the way. */
static enum err
paths_make(struct search *s, struct why *why)
{
	const struct segment_leaf *leaf = s->leaf;
	struct digest *frame = xcalloc(leaf->nframe, sizeof *frame);
	uint32_t at = leaf->first_row;
	struct row_proof *proof = &s->proof;
	enum err rc = OK;

	for (uint32_t i = 0; rc == OK && i < leaf->nframe; i++) {
		const struct segment_frame *f = &leaf->frame[i];

		rc = redigest_frame(&s->rows, s->segment, leaf, f, at, why);
		if (rc == OK && i == s->frame) {
			uint32_t row = s->row - at;

			memcpy(proof->salt, s->rows.salt + (size_t)row * SALT_BYTES, SALT_BYTES);
			tree_path_make(&proof->row, &frame[i], s->rows.row, f->rows, row);
		} else if (rc == OK) {
			tree16(&frame[i], s->rows.row, f->rows);
		}
		at += f->rows;
	}
	if (rc == OK)
		tree_path_make(&proof->frame, NULL, frame, leaf->nframe, s->frame);
	free(frame);
	return rc;
}

static enum err
row_take(struct search *s, struct why *why)
{
	struct row_proof *proof = &s->proof;
	enum err rc;

	redigest_init(&s->rows);
	rc = redigest_load(&s->rows, s->segment, why);
	if (rc == OK)
		rc = paths_make(s, why);
	if (rc == OK)
		rc = segment_raw(s->segment, s->row, &s->raw, why);
	if (rc != OK)
		return rc;
	proof->stream = s->stream;
	proof->class = segment_class(s->segment);
	proof->epoch = segment_epoch(s->segment);
	proof->flags = s->rows.flags[s->row];
	proof->seq = s->seq;
	proof->recv_ns = s->rows.recv[s->row];
	proof->source = segment_source(s->segment, s->rows.source_index[s->row])->code;
	proof->raw = buf_span(&s->raw);
	return OK;
}

static enum err
tree_take(struct search *s, struct why *why)
{
	struct row_proof *proof = &s->proof;
	struct tlog_reader reader;
	struct checkpoint checkpoint;
	struct note note;
	enum err rc;

	rc = tiles_note(s->tiles, &s->note, why);
	if (rc == OK)
		rc = note_parse(&note, buf_span(&s->note), why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, note.text, why);
	if (rc != OK)
		return rc;
	if (s->leaf->tree_index >= checkpoint.size)
		return why_set(why, ERR_BUSY, "record %llu is under no checkpoint yet",
		    (ull)s->seq);
	proof->note = buf_span(&s->note);
	proof->tree_index = s->leaf->tree_index;
	rc = tiles_entry(s->tiles, proof->tree_index, checkpoint.size, &s->bundle, &proof->entry,
	    why);
	if (rc != OK)
		return rc;
	reader = tiles_reader(s->tiles, checkpoint.size);
	return tlog_inclusion(&reader, proof->tree_index, checkpoint.size, &proof->inclusion, why);
}

/* Nothing is handed out that would not hold: with the key that the store itself names. */
static enum err
made_check(struct search *s, struct why *why)
{
	struct arena *arena = arena_new(CHECK_ARENA);
	struct keys keys;
	enum err rc;

	rc = keys_load(&keys, s->dirfd, NULL);
	if (rc == OK)
		rc = row_proof_check(&s->proof, &keys.vkey, 1, NULL, arena, why);
	else
		rc = OK;		/* a copy without keys: whoever checks it has one */
	keys_wipe(&keys);
	arena_free(&arena);
	return rc;
}

static enum err
search_open(struct search *s, struct why *why)
{
	enum err rc;

	if (s->store_key == NULL && keys_store_key(s->own_key, s->dirfd, NULL) == OK)
		s->store_key = s->own_key;
	rc = manifest_open(&s->manifest, s->dirfd, MANIFEST_READ, why);
	if (rc == OK)
		rc = tiles_open(&s->tiles, s->dirfd, why);
	return rc;
}

static void
search_close(struct search *s)
{
	segment_free(&s->segment);
	manifest_close(&s->manifest);
	tiles_close(&s->tiles);
	redigest_done(&s->rows);
	buf_done(&s->note);
	buf_done(&s->bundle);
	buf_done(&s->raw);
	explicit_bzero(s->own_key, sizeof s->own_key);
}

enum err
proof_row(int dirfd, const uint8_t *store_key, uint8_t stream, uint64_t seq, struct buf *out,
    struct why *why)
{
	struct search *s = xcalloc(1, sizeof *s);
	enum err rc;

	must(stream < STREAM_END);
	s->dirfd = dirfd;
	s->store_key = store_key;
	s->stream = stream;
	s->seq = seq;
	rc = search_open(s, why);
	if (rc == OK)
		rc = row_find(s, why);
	if (rc == OK)
		rc = row_take(s, why);
	if (rc == OK)
		rc = tree_take(s, why);
	if (rc == OK)
		rc = made_check(s, why);
	if (rc == OK)
		row_proof_put(out, &s->proof);
	search_close(s);
	free(s);
	return rc;
}

/* ---- the other side ---- */

static void
time_say(struct buf *out, const char *what, int64_t ns)
{
	uint8_t text[CIVIL_TEXT_BYTES];

	buf_printf(out, "%s: %.*s\n", what, (int)civil_put(text, ns, 3, 0), (const char *)text);
}

enum err
proof_row_check(struct span text, const struct note_key *keys, size_t nkeys, struct buf *ret_text,
    struct why *why)
{
	struct arena *arena = arena_new(CHECK_ARENA);
	struct checkpoint checkpoint;
	struct row_proof *proof = xcalloc(1, sizeof *proof);
	struct note note;
	struct leaf leaf;
	enum err rc;

	rc = row_proof_get(proof, text, arena, why);
	if (rc == OK)
		rc = row_proof_check(proof, keys, nkeys, &leaf, arena, why);
	if (rc == OK)
		rc = note_parse(&note, proof->note, why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, note.text, why);
	if (rc == OK) {
		buf_printf(ret_text, "record: %s:%u:%llu\n", stream_name(proof->stream),
		    proof->epoch, (ull)proof->seq);
		time_say(ret_text, "received", proof->recv_ns);
		time_say(ret_text, "sealed", leaf.time_ns);
		buf_printf(ret_text, "desk: %.*s\nentry: %llu of %llu\noctets: %zu\n",
		    (int)checkpoint.origin.n, (const char *)checkpoint.origin.p,
		    (ull)proof->tree_index, (ull)checkpoint.size, proof->raw.n);
	}
	free(proof);
	arena_free(&arena);
	return rc;
}
