/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the tree on disk; see seal.h. Believes the checkpoint when it is signed by us (or by the
 * key that we replaced), and the tiles when they hash to its root. doc/formats/seal.md section 4.
 */
#include "store/seal_int.h"

#include "base/must.h"
#include "model/checkpoint.h"
#include "model/leaf.h"
#include "sys/file.h"

enum { KEY_LEAF_BACK = 64, LEAF_ARENA = 1 << 20 };

/* ---- opening: the checkpoint ---- */

static bool
digest_same(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, DIGEST_BYTES) == 0;
}

/* A KEY leaf among the last entries that leads from the note's signer to us. */
static enum err
old_signer_check(struct seal *seal, const struct note *note, uint64_t size,
    const struct note_key *own, struct why *why)
{
	struct arena *arena = arena_new(LEAF_ARENA);
	struct buf bytes = { 0 };
	enum err rc = ERR_PROOF;

	for (uint64_t back = 1; rc != OK && back <= KEY_LEAF_BACK && back <= size; back++) {
		struct note_key old, next;
		struct span entry;
		struct leaf leaf;

		bytes.n = 0;
		arena_reset(arena);
		if (tiles_entry(seal->tiles, size - back, size, &bytes, &entry, NULL) == OK &&
		    leaf_decode(&leaf, entry, arena, NULL) == OK && leaf.type == LEAF_KEY &&
		    note_key_get(&next, leaf.u.key.new_vkey, NULL) == OK &&
		    note_key_get(&old, leaf.u.key.old_vkey, NULL) == OK &&
		    note_key_eq(&next, own) && note_check(note, &old, NULL, NULL) == OK)
			rc = OK;
	}
	buf_done(&bytes);
	arena_free(&arena);
	if (rc != OK)
		return why_set(why, rc, "seal/checkpoint is not signed by this desk's key");
	return OK;
}

static enum err
checkpoint_check(struct seal *seal, struct checkpoint *ret, const struct buf *text,
    struct why *why)
{
	struct note note;
	struct note_key own;
	enum err rc;

	rc = note_parse(&note, buf_span(text), why);
	if (rc == OK)
		rc = checkpoint_get(ret, note.text, why);
	if (rc != OK)
		return why_prefix(why, rc, "seal/checkpoint");
	if (!span_is(ret->origin, seal->origin))
		return why_set(why, ERR_PROOF, "seal/checkpoint is of another desk: %.*s",
		    (int)ret->origin.n, (const char *)ret->origin.p);
	note_key_of_seed(&own, seal->origin, seal->seed);
	rc = note_check(&note, &own, NULL, why);
	if (rc == ERR_ABSENT)
		rc = old_signer_check(seal, &note, ret->size, &own, why);
	return rc;
}

/* ---- opening: the right edge ---- */

static enum err
edge_read(struct seal *seal, uint64_t size)
{
	struct tlog_reader reader = tiles_reader(seal->tiles, size);

	seal->edge.size = size;
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		unsigned width = tlog_width(size, level);
		const struct digest *d = NULL;
		enum err rc;

		if (width == 0)
			continue;
		rc = reader.tile(reader.ctx, level, tlog_tiles(size, level), width, &d, NULL);
		if (rc != OK)
			return rc;
		memcpy(seal->edge.tile[level], d, width * sizeof *d);
	}
	return OK;
}

static bool
edge_fits(const struct tlog_edge *edge, const struct checkpoint *checkpoint)
{
	struct digest root;

	tlog_edge_root(&root, edge);
	return digest_same(&root, &checkpoint->root);
}

/* The partial tile of level 0 from the entries, those above from the whole tiles below them. */
static enum err
level_make(struct seal *seal, uint64_t size, unsigned level, struct why *why)
{
	struct tlog_reader reader = tiles_reader(seal->tiles, size);
	unsigned width = tlog_width(size, level);
	struct digest *to = seal->edge.tile[level];
	const struct digest *d = NULL;
	struct buf bytes = { 0 };
	struct span rest, entry;
	enum err rc = OK;

	if (level == 0 && width > 0)
		rc = tiles_bundle(seal->tiles, tlog_tiles(size, 0), size, &bytes, NULL, why);
	rest = buf_span(&bytes);
	for (unsigned i = 0; rc == OK && i < width; i++) {
		if (level > 0) {
			rc = reader.tile(reader.ctx, level - 1, tlog_tiles(size, level) *
			    TLOG_TILE + i, TLOG_TILE, &d, why);
			if (rc == OK)
				tlog_run_root(&to[i], d, TLOG_TILE);
		} else {
			rc = tlog_bundle_next(&rest, &entry);
			if (rc == OK)
				tlog_leaf_hash(&to[i], entry);
		}
	}
	buf_done(&bytes);
	return rc;
}

/*
 * The right edge once more, from what its tiles were made of; when it fits the checkpoint then, the
 * damaged files are replaced.
 */
static enum err
edge_mend(struct seal *seal, const struct checkpoint *checkpoint, struct why *why)
{
	char name[TLOG_NAME_BYTES];
	enum err rc = OK;

	seal->edge.size = checkpoint->size;
	for (unsigned level = 0; rc == OK && level < TLOG_LEVELS; level++)
		rc = level_make(seal, checkpoint->size, level, why);
	if (rc == OK && edge_fits(&seal->edge, checkpoint)) {
		for (unsigned level = 0; rc == OK && level < TLOG_LEVELS; level++) {
			unsigned width = tlog_width(checkpoint->size, level);

			if (width == 0)
				continue;
			tlog_name(name, (int)level, tlog_tiles(checkpoint->size, level), width);
			rc = file_replace(tiles_fd(seal->tiles), name,
			    span_of(seal->edge.tile[level], width * sizeof(struct digest)), why);
		}
		return rc;
	}
	return why_set(why, ERR_PROOF, "the tiles of seal/ do not fit its checkpoint");
}

/* The partial bundle; its entries must hash to the edge's level 0. */
static enum err
bundle_read(struct seal *seal, uint64_t size, struct why *why)
{
	unsigned width = tlog_width(size, 0);
	struct buf bytes = { 0 };
	struct span rest, entry;
	char name[TLOG_NAME_BYTES];
	enum err rc;

	if (width == 0)
		return OK;
	rc = tiles_bundle(seal->tiles, tlog_tiles(size, 0), size, &bytes, name, why);
	rest = buf_span(&bytes);
	for (unsigned i = 0; rc == OK && i < width; i++) {
		struct digest d;

		if (tlog_bundle_next(&rest, &entry) != OK) {
			rc = why_set(why, ERR_PROOF, "seal/%s ends early", name);
			break;
		}
		tlog_leaf_hash(&d, entry);
		if (!digest_same(&d, &seal->edge.tile[0][i]))
			rc = why_set(why, ERR_PROOF, "seal/%s: entry %u was changed", name, i);
	}
	if (rc == OK)	/* a wider file holds more than was signed */
		buf_put(&seal->bundle, bytes.p, bytes.n - rest.n);
	buf_done(&bytes);
	return rc;
}

/* A tree whose checkpoint was lost must not be begun anew over its own files. */
static enum err
no_checkpoint(struct seal *seal, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, tiles_fd(seal->tiles), "tile/0/000", FILE_READ, NULL);
	file_close(&fd);
	if (rc == ERR_ABSENT)
		return OK;
	return why_set(why, ERR_PROOF, "seal/checkpoint is not there, but the tree is");
}

enum err
seal_read(struct seal *seal, struct why *why)
{
	struct buf text = { 0 };
	struct checkpoint checkpoint;
	enum err rc;

	rc = tiles_note(seal->tiles, &text, why);
	if (rc == ERR_ABSENT) {
		buf_done(&text);
		return no_checkpoint(seal, why);
	}
	if (rc == OK)
		rc = checkpoint_check(seal, &checkpoint, &text, why);
	if (rc == OK && (edge_read(seal, checkpoint.size) != OK ||
	    !edge_fits(&seal->edge, &checkpoint)))
		rc = edge_mend(seal, &checkpoint, why);
	if (rc == OK)
		rc = bundle_read(seal, checkpoint.size, why);
	if (rc == OK)
		seal->signed_size = seal->written_size = checkpoint.size;
	buf_done(&text);
	return rc;
}
