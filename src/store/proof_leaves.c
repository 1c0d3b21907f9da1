/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs for many rows out of a store, for evidence packages: doc/formats/evidence.md section 4,
 * model/leafproof.h. Every leaf that has a wanted row is digested again once; what would not hold
 * is not handed out.
 */
#include "store/proof_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/leafproof.h"
#include "sys/dir.h"
#include "sys/file.h"

/* Segments go while we read: repacked, moved. Then the manifest is read anew. */
enum { LEAVES_TRIES = 8, LEAVES_ARENA = 4 << 20 };

typedef unsigned long long ull;

struct leaves {
	const struct proof_many *many;
	int dirfd;
	const uint8_t *store_key;
	uint8_t own_key[KEY_BYTES];
	struct manifest *manifest;
	struct tiles *tiles;
	struct checkpoint checkpoint;
	struct redigest rows;
	struct leaf_proof proof;
	uint32_t *source;		/* of the segment -> 1 + number in the proof; 0: not yet */
	uint8_t *done;			/* per wanted row */
	size_t ndone;
	struct buf bundle, raw;
	struct arena *arena;
};

/* ---- what was asked for ---- */

/* The first wanted number that is not below seq. */
static size_t
wanted_from(const struct proof_many *many, uint64_t seq)
{
	size_t low = 0, high = many->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (many->seq[mid] < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t
wanted_in(const struct leaves *l, const struct segment_frame *frame, size_t *ret_first)
{
	size_t n = 0, at = wanted_from(l->many, frame->first_seq);

	*ret_first = at;
	while (at + n < l->many->n && l->many->seq[at + n] - frame->first_seq < frame->rows)
		n++;
	return n;
}

/* Rows of it that are wanted and were not shown before. */
static size_t
leaf_wanted(const struct leaves *l, const struct segment_leaf *leaf)
{
	size_t n = 0, first;

	for (uint32_t i = 0; i < leaf->nframe; i++) {
		size_t some = wanted_in(l, &leaf->frame[i], &first);

		for (size_t j = 0; j < some; j++)
			n += l->done[first + j] == 0;
	}
	return n;
}

/* ---- one leaf ---- */

static uint32_t
source_of(struct leaves *l, struct segment *segment, uint32_t index)
{
	if (l->source[index] == 0)
		l->source[index] = 1 + leaf_proof_source_add(&l->proof,
		    segment_source(segment, index)->code);
	return l->source[index] - 1;
}

/* One wanted row, number `row` of the segment and `at` of its frame. */
static enum err
row_show(struct leaves *l, struct segment *segment, uint32_t row, uint32_t at, struct why *why)
{
	struct redigest *r = &l->rows;
	struct leaf_proof_row *to;
	uint32_t source = source_of(l, segment, r->source_index[row]);
	enum err rc;

	l->raw.n = 0;
	rc = segment_raw(segment, row, &l->raw, why);
	if (rc != OK)
		return rc;
	to = leaf_proof_row_add(&l->proof);
	*to = (struct leaf_proof_row){ .seq = r->seq[row], .recv_ns = r->recv[row],
	    .source = source, .length = (uint32_t)l->raw.n, .flags = r->flags[row],
	    .digest = r->row[at] };
	memcpy(to->salt, r->salt + (size_t)at * SALT_BYTES, SALT_BYTES);
	if (!l->many->record(l->many->ctx, buf_span(&l->raw)))
		return why_set(why, ERR_BUSY, "stopped");
	return OK;
}

/* A frame whose rows stand from row `row` of the segment on; ret_digest is what it has. */
static enum err
frame_show(struct leaves *l, struct segment *segment, const struct segment_frame *frame,
    uint32_t index, uint32_t row, struct digest *ret_digest, struct why *why)
{
	size_t first, n = wanted_in(l, frame, &first), beside = l->proof.beside.n;
	struct leaf_proof_frame *to;
	uint32_t *at;
	enum err rc = OK;

	if (n == 0) {
		tree16(ret_digest, l->rows.row, frame->rows);
		return OK;
	}
	at = xcalloc(n, sizeof *at);
	for (size_t i = 0; rc == OK && i < n; i++) {
		at[i] = (uint32_t)(l->many->seq[first + i] - frame->first_seq);
		rc = row_show(l, segment, row + at[i], at[i], why);
		l->done[first + i] = 1;
	}
	l->ndone += n;
	tree_paths_make(&l->proof.beside, ret_digest, l->rows.row, frame->rows, at, (uint32_t)n);
	to = leaf_proof_frame_add(&l->proof);
	*to = (struct leaf_proof_frame){ .first_seq = frame->first_seq, .index = index,
	    .rows = frame->rows, .nrow = (uint32_t)n,
	    .nbeside = (uint32_t)((l->proof.beside.n - beside) / DIGEST_BYTES) };
	free(at);
	return rc;
}

static enum err
frames_show(struct leaves *l, struct segment *segment, const struct segment_leaf *leaf,
    struct digest *ret_root, struct why *why)
{
	struct digest *frame = xcalloc(leaf->nframe, sizeof *frame);
	uint32_t *at = xcalloc(leaf->nframe, sizeof *at), row = leaf->first_row;
	enum err rc = OK;

	for (uint32_t i = 0; rc == OK && i < leaf->nframe; i++) {
		const struct segment_frame *f = &leaf->frame[i];

		rc = redigest_frame(&l->rows, segment, leaf, f, row, why);
		if (rc == OK)
			rc = frame_show(l, segment, f, i, row, &frame[i], why);
		row += f->rows;
	}
	for (uint32_t i = 0; i < l->proof.nframe; i++)
		at[i] = l->proof.frame[i].index;
	l->proof.frames = leaf->nframe;
	if (rc == OK)
		tree_paths_make(&l->proof.above, ret_root, frame, leaf->nframe, at,
		    l->proof.nframe);
	free(frame);
	free(at);
	return rc;
}

/* Entry and inclusion; the entry must say what the rows gave. */
static enum err
entry_take(struct leaves *l, const struct digest *root, struct why *why)
{
	struct leaf_proof *p = &l->proof;
	struct tlog_reader reader = tiles_reader(l->tiles, l->checkpoint.size);
	struct span entry;
	struct leaf leaf;
	enum err rc;

	l->bundle.n = 0;
	rc = tiles_entry(l->tiles, p->tree_index, l->checkpoint.size, &l->bundle, &entry, why);
	if (rc == OK)
		rc = tlog_inclusion(&reader, p->tree_index, l->checkpoint.size, &p->inclusion,
		    why);
	if (rc != OK)
		return rc;
	buf_span_put(&p->entry, entry);
	arena_reset(l->arena);
	rc = leaf_decode(&leaf, entry, l->arena, why);
	if (rc == OK && (leaf.type != LEAF_ROWS ||
	    memcmp(leaf.u.rows.root.b, root->b, DIGEST_BYTES) != 0))
		rc = why_set(why, ERR_PROOF, "entry %llu of the seal: its rows are not what was "
		    "sealed; see trucban verify", (ull)p->tree_index);
	return rc;
}

static enum err
leaf_show(struct leaves *l, struct segment *segment, const struct segment_leaf *leaf,
    struct why *why)
{
	struct digest root;
	enum err rc;

	leaf_proof_reset(&l->proof);
	memset(l->source, 0, segment_sources(segment) * sizeof *l->source);
	l->proof.tree_index = leaf->tree_index;
	rc = frames_show(l, segment, leaf, &root, why);
	if (rc == OK)
		rc = entry_take(l, &root, why);
	if (rc == OK && !l->many->leaf(l->many->ctx, &l->proof))
		rc = why_set(why, ERR_BUSY, "stopped");
	return rc;
}

/* ---- segments ---- */

static bool
segment_wanted(const struct leaves *l, const struct segment_info *info)
{
	size_t at = wanted_from(l->many, info->first_seq);

	if (info->stream != l->many->stream)
		return false;
	for (; at < l->many->n && l->many->seq[at] <= info->last_seq; at++)
		if (l->done[at] == 0)
			return true;
	return false;
}

static enum err
segment_show(struct leaves *l, const struct segment_info *info, struct why *why)
{
	struct segment *segment = NULL;
	bool loaded = false;
	enum err rc;

	rc = proof_segment_load(&segment, l->dirfd, info, l->store_key, why);
	if (rc == OK)
		l->source = xreallocarray(l->source, segment_sources(segment) + 1,
		    sizeof *l->source);
	for (uint32_t i = 0; rc == OK && i < segment_leaves(segment); i++) {
		const struct segment_leaf *leaf = segment_leaf(segment, i);

		if (leaf->tree_index >= l->checkpoint.size || leaf_wanted(l, leaf) == 0)
			continue;
		if (!loaded)
			rc = redigest_load(&l->rows, segment, why);
		loaded = true;
		if (rc == OK)
			rc = leaf_show(l, segment, leaf, why);
		/* What was handed over cannot be taken back. */
		if (rc == ERR_ABSENT)
			rc = ERR_IO;
	}
	segment_free(&segment);
	return rc;
}

/* ERR_ABSENT: a file went, or not all were found. */
static enum err
segments_show(struct leaves *l, struct why *why)
{
	enum err rc = OK;

	rc = manifest_open(&l->manifest, l->dirfd, MANIFEST_READ, why);
	for (size_t i = 0; rc == OK && i < manifest_count(l->manifest) && l->ndone < l->many->n;
	    i++)
		if (segment_wanted(l, manifest_segment(l->manifest, i)))
			rc = segment_show(l, manifest_segment(l->manifest, i), why);
	manifest_close(&l->manifest);
	if (rc == OK && l->ndone < l->many->n)
		rc = why_set(why, ERR_ABSENT, "%llu of %llu records are in no sealed segment: they "
		    "were deleted by rule meanwhile, or are not sealed yet",
		    (ull)(l->many->n - l->ndone), (ull)l->many->n);
	return rc;
}

enum err
proof_leaves(int dirfd, const uint8_t *store_key, struct span note, const struct proof_many *many,
    struct why *why)
{
	struct leaves l = { .many = many, .dirfd = dirfd, .store_key = store_key };
	struct note parsed;
	enum err rc;

	must(many->stream < STREAM_END);
	l.arena = arena_new(LEAVES_ARENA);
	l.done = xcalloc(many->n + 1, 1);
	redigest_init(&l.rows);
	if (store_key == NULL && keys_store_key(l.own_key, dirfd, NULL) == OK)
		l.store_key = l.own_key;
	rc = note_parse(&parsed, note, why);
	if (rc == OK)
		rc = checkpoint_get(&l.checkpoint, parsed.text, why);
	if (rc == OK)
		rc = tiles_open(&l.tiles, dirfd, why);
	for (int i = 0; rc == OK && i < LEAVES_TRIES; i++) {
		rc = segments_show(&l, why);
		if (rc != ERR_ABSENT)
			break;
		rc = i + 1 < LEAVES_TRIES ? OK : ERR_ABSENT;
	}
	tiles_close(&l.tiles);
	leaf_proof_done(&l.proof);
	redigest_done(&l.rows);
	buf_done(&l.bundle);
	buf_done(&l.raw);
	free(l.source);
	free(l.done);
	arena_free(&l.arena);
	explicit_bzero(l.own_key, sizeof l.own_key);
	return rc;
}

/* ---- the checkpoint ---- */

/* The last entry of a signed tree is a heartbeat: seal.md section 4. */
static enum err
heartbeat_take(struct tiles *tiles, const struct checkpoint *checkpoint, uint64_t last_seq[],
    struct why *why)
{
	struct arena *arena = arena_new(LEAVES_ARENA);
	struct buf bundle = { 0 };
	struct span entry;
	struct leaf leaf;
	enum err rc = OK;

	if (checkpoint->size == 0)
		rc = why_set(why, ERR_ABSENT, "the sealed tree is empty");
	if (rc == OK)
		rc = tiles_entry(tiles, checkpoint->size - 1, checkpoint->size, &bundle, &entry,
		    why);
	if (rc == OK)
		rc = leaf_decode(&leaf, entry, arena, why);
	if (rc == OK && leaf.type != LEAF_HEARTBEAT)
		rc = why_set(why, ERR_FORMAT, "the last entry of the seal is no heartbeat");
	if (rc == OK)
		memcpy(last_seq, leaf.u.heartbeat.last_seq, sizeof leaf.u.heartbeat.last_seq);
	buf_done(&bundle);
	arena_free(&arena);
	return rc;
}

enum err
proof_note(int dirfd, struct buf *note, struct note_key *ret_key, uint64_t last_seq[],
    struct why *why)
{
	struct tiles *tiles = NULL;
	struct checkpoint checkpoint;
	struct note parsed;
	struct buf vkey = { 0 };
	size_t before = note->n;
	enum err rc;

	/* Only the public half: who asks has no business with the seal's key. */
	rc = file_read_whole(dirfd, "key/seal.vkey", 2 * NOTE_NAME_BYTES, &vkey, why);
	if (rc == OK)
		rc = note_key_get(ret_key, buf_span(&vkey), why);
	buf_done(&vkey);
	if (rc == OK)
		rc = tiles_open(&tiles, dirfd, why);
	if (rc == OK)
		rc = tiles_note(tiles, note, why);
	if (rc == OK)
		rc = note_parse(&parsed, span_sub(buf_span(note), before, note->n), why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, parsed.text, why);
	if (rc == OK)
		rc = note_check(&parsed, ret_key, NULL, why);
	if (rc == OK)
		rc = heartbeat_take(tiles, &checkpoint, last_seq, why);
	tiles_close(&tiles);
	return rc;
}

enum err
proof_consistency(int dirfd, struct span note, uint64_t size, struct tlog_proof *ret_proof,
    struct why *why)
{
	struct tiles *tiles = NULL;
	struct tlog_reader reader;
	struct checkpoint checkpoint;
	struct note parsed;
	enum err rc;

	rc = note_parse(&parsed, note, why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, parsed.text, why);
	if (rc == OK && size > checkpoint.size)
		rc = why_set(why, ERR_PROOF, "rolled back: the anchor has %llu entries, the store "
		    "has %llu", (ull)size, (ull)checkpoint.size);
	if (rc == OK)
		rc = tiles_open(&tiles, dirfd, why);
	if (rc == OK) {
		reader = tiles_reader(tiles, checkpoint.size);
		rc = tlog_consistency(&reader, size, checkpoint.size, ret_proof, why);
	}
	tiles_close(&tiles);
	return rc;
}

/* ---- replaced keys ---- */

/* A key that was replaced stays as key/seal-ID.vkey. */
static enum err
on_key_file(void *arg, const struct dir_entry *entry, struct why *why)
{
	(void)why;
	*(bool *)arg |= strncmp(entry->name, "seal-", 5) == 0 &&
	    strstr(entry->name, ".vkey") != NULL;
	return OK;
}

static enum err
keys_replaced(int dirfd, bool *ret_any, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = dir_each(fd, on_key_file, ret_any, why);
	file_close(&fd);
	return rc;
}

static enum err
bundle_keys(struct span rest, uint64_t left, struct arena *arena,
    void (*each)(void *ctx, const struct leaf_key *key), void *ctx, struct why *why)
{
	struct span entry;
	struct leaf leaf;
	enum err rc = OK;

	for (; rc == OK && left > 0; left--) {
		rc = tlog_bundle_next(&rest, &entry);
		if (rc == OK)
			rc = leaf_peek(&leaf, entry, why);
		if (rc != OK || leaf.type != LEAF_KEY)
			continue;
		arena_reset(arena);
		rc = leaf_decode(&leaf, entry, arena, why);
		if (rc == OK)
			each(ctx, &leaf.u.key);
	}
	return rc == ERR_MORE ? why_set(why, ERR_FORMAT, "an entry bundle ends early") : rc;
}

enum err
proof_keys(int dirfd, struct span note, void (*each)(void *ctx, const struct leaf_key *key),
    void *ctx, struct why *why)
{
	struct tiles *tiles = NULL;
	struct checkpoint checkpoint;
	struct arena *arena;
	struct buf bundle = { 0 };
	struct note parsed;
	bool any = false;
	enum err rc;

	rc = keys_replaced(dirfd, &any, why);
	if (rc != OK || !any)
		return rc;
	arena = arena_new(LEAVES_ARENA);
	rc = note_parse(&parsed, note, why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, parsed.text, why);
	if (rc == OK)
		rc = tiles_open(&tiles, dirfd, why);
	for (uint64_t at = 0; rc == OK && at < checkpoint.size; at += TLOG_TILE) {
		uint64_t left = checkpoint.size - at;

		bundle.n = 0;
		rc = tiles_bundle(tiles, at / TLOG_TILE, checkpoint.size, &bundle, NULL, why);
		if (rc == OK)
			rc = bundle_keys(buf_span(&bundle), left < TLOG_TILE ? left : TLOG_TILE,
			    arena, each, ctx, why);
	}
	tiles_close(&tiles);
	buf_done(&bundle);
	arena_free(&arena);
	return rc;
}
