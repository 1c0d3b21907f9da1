/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree on disk, written; see seal.h. Owns everything below `seal/`. doc/formats/seal.md
 * section 4, C2SP tlog-tiles.
 *
 * Between two checkpoints whole tiles and bundles wait in memory. A checkpoint writes them and the
 * partial ones of the new right edge, syncs files, then directories, and only then replaces the
 * file `checkpoint`: whatever it names is on disk before it names it. The partial files that the
 * old checkpoint named are removed afterwards. Nothing that a checkpoint names is ever written to.
 */
#include "store/seal.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/checkpoint.h"
#include "model/line.h"
#include "store/seal_int.h"
#include "sys/dir.h"
#include "sys/file.h"

static void	strays_remove(struct seal *seal);
static void	parts_drop(struct seal *seal);

enum err
seal_open(struct seal **ret_seal, int dirfd, const char *origin, const uint8_t seed[32],
    struct why *why)
{
	struct seal *seal;
	enum err rc;

	must(*ret_seal == NULL && note_name_ok(span_str(origin)));
	seal = xcalloc(1, sizeof *seal);
	memcpy(seal->origin, origin, strlen(origin));
	memcpy(seal->seed, seed, sizeof seal->seed);
	rc = dir_make(dirfd, "seal", 0700, why);
	if (rc == OK)
		rc = dir_sync(dirfd, why);
	if (rc == OK)
		rc = tiles_open(&seal->tiles, dirfd, why);
	if (rc == OK)
		rc = seal_read(seal, why);
	if (rc != OK) {
		(void)why_prefix(why, rc, "cannot open the seal");
		goto out;
	}
	strays_remove(seal);
	*ret_seal = seal;
	seal = NULL;
out:
	seal_close(&seal);
	return rc;
}

static void
parts_drop(struct seal *seal)
{
	for (size_t i = 0; i < seal->npart; i++)
		buf_done(&seal->part[i].bytes);
	seal->npart = 0;
}

void
seal_close(struct seal **seal)
{
	if (*seal == NULL)
		return;
	parts_drop(*seal);
	free((*seal)->part);
	buf_done(&(*seal)->bundle);
	tiles_close(&(*seal)->tiles);
	sodium_memzero((*seal)->seed, sizeof (*seal)->seed);
	free(*seal);
	*seal = NULL;
}

uint64_t
seal_size(const struct seal *seal)
{
	return seal->edge.size;
}

uint64_t
seal_signed_size(const struct seal *seal)
{
	return seal->signed_size;
}

void
seal_root(const struct seal *seal, struct digest *ret_root)
{
	tlog_edge_root(ret_root, &seal->edge);
}

void
seal_rekey(struct seal *seal, const uint8_t seed[32])
{
	memcpy(seal->seed, seed, sizeof seal->seed);
}

struct tiles *
seal_tiles(struct seal *seal)
{
	return seal->tiles;
}

/* ---- appending ---- */

static void
part_add(struct seal *seal, int level, uint64_t index, struct span bytes)
{
	struct part *part;

	if (seal->npart == seal->cap) {
		seal->cap = seal->cap > 0 ? 2 * seal->cap : 8;
		seal->part = xreallocarray(seal->part, seal->cap, sizeof *seal->part);
	}
	part = &seal->part[seal->npart++];
	*part = (struct part){ .level = level, .index = index };
	buf_span_put(&part->bytes, bytes);
}

uint64_t
seal_append(struct seal *seal, struct span entry)
{
	uint64_t index = seal->edge.size;
	struct digest leaf;
	unsigned whole;

	tlog_leaf_hash(&leaf, entry);
	tlog_bundle_add(&seal->bundle, entry);
	whole = tlog_edge_append(&seal->edge, &leaf);
	if (whole > 0) {
		part_add(seal, TLOG_ENTRIES, index / TLOG_TILE, buf_span(&seal->bundle));
		seal->bundle.n = 0;
	}
	for (unsigned level = 0; level < whole; level++)
		part_add(seal, (int)level, tlog_tiles(seal->edge.size, level) - 1,
		    span_of(seal->edge.tile[level], sizeof seal->edge.tile[level]));
	return index;
}

/* ---- writing ---- */

/* The directories on the way to a file, from the outermost inwards. */
static enum err
dirs_make(int fd, const char *name, struct why *why)
{
	char path[TLOG_NAME_BYTES];
	enum err rc = OK;

	for (size_t i = 0; rc == OK && name[i] != '\0'; i++) {
		if (name[i] == '/') {
			path[i] = '\0';
			rc = dir_make(fd, path, 0700, why);
		}
		path[i] = name[i];
	}
	return rc;
}

static enum err
dirs_sync(int fd, const char *name, struct why *why)
{
	char path[TLOG_NAME_BYTES];
	enum err rc = OK;

	for (size_t i = 0; rc == OK && name[i] != '\0'; i++) {
		if (name[i] == '/') {
			int dir = -1;

			path[i] = '\0';
			rc = dir_open(&dir, fd, path, why);
			if (rc == OK)
				rc = dir_sync(dir, why);
			file_close(&dir);
		}
		path[i] = name[i];
	}
	return rc == OK ? dir_sync(fd, why) : rc;
}

/* A file that no checkpoint names: what a crash or an error left under the name goes first. */
static enum err
part_write(struct seal *seal, const char *name, struct span bytes, struct why *why)
{
	int dir = tiles_fd(seal->tiles);
	enum err rc;

	must(bytes.n > 0);
	rc = dirs_make(dir, name, why);
	if (rc == OK)
		rc = file_unlink(dir, name, why);
	if (rc == OK || rc == ERR_ABSENT)
		rc = file_make(dir, name, bytes, why);
	return rc == OK ? OK : why_prefix(why, rc, "cannot write seal/%s", name);
}

/* The partial tile of this level is the same file in both trees: it must not be touched. */
static bool
partial_same(unsigned level, uint64_t a, uint64_t b)
{
	return tlog_width(a, level) == tlog_width(b, level) &&
	    tlog_tiles(a, level) == tlog_tiles(b, level);
}

typedef enum err name_fn(struct seal *seal, const char *name, struct span bytes, struct why *why);

/* Calls each() for every file that the new tree has and the signed one has not. */
static enum err
news_each(struct seal *seal, name_fn *each, struct why *why)
{
	uint64_t size = seal->edge.size;
	char name[TLOG_NAME_BYTES];
	enum err rc = OK;

	for (size_t i = 0; rc == OK && i < seal->npart; i++) {
		if (seal->part[i].written)
			continue;
		tlog_name(name, seal->part[i].level, seal->part[i].index, TLOG_TILE);
		rc = each(seal, name, buf_span(&seal->part[i].bytes), why);
	}
	for (unsigned level = 0; rc == OK && level < TLOG_LEVELS; level++) {
		unsigned width = tlog_width(size, level);

		if (width == 0 || partial_same(level, size, seal->signed_size) ||
		    partial_same(level, size, seal->written_size))
			continue;
		tlog_name(name, (int)level, tlog_tiles(size, level), width);
		rc = each(seal, name, span_of(seal->edge.tile[level],
		    width * sizeof(struct digest)), why);
		if (rc != OK || level > 0)
			continue;
		tlog_name(name, TLOG_ENTRIES, tlog_tiles(size, 0), width);
		rc = each(seal, name, buf_span(&seal->bundle), why);
	}
	return rc;
}

static enum err
name_sync(struct seal *seal, const char *name, struct span bytes, struct why *why)
{
	enum err rc;

	(void)bytes;
	rc = dirs_sync(tiles_fd(seal->tiles), name, why);
	return rc == OK ? OK : why_prefix(why, rc, "cannot write seal/%s", name);
}

/* ---- what a newer checkpoint no longer names ---- */

struct strays {
	int fd;
	unsigned keep;			/* width that stays, 0: none */
	bool left;			/* something is still there */
};

static enum err
stray_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct strays *strays = arg;
	uint64_t v;

	if (entry->kind == DIR_FILE && line_decimal(span_str(entry->name), &v) &&
	    v != strays->keep)
		(void)file_unlink(strays->fd, entry->name, why);
	else
		strays->left = true;
	return OK;
}

/* Removes the partials of one tile but for the given width; the directory too when it is empty. */
static void
partials_remove(struct seal *seal, int level, uint64_t index, unsigned keep)
{
	struct strays strays = { .fd = -1, .keep = keep };
	char name[TLOG_NAME_BYTES];

	tlog_name(name, level, index, 1);
	name[strlen(name) - 2] = '\0';		/* "/1" */
	if (dir_open(&strays.fd, tiles_fd(seal->tiles), name, NULL) != OK)
		return;
	(void)dir_each(strays.fd, stray_each, &strays, NULL);
	file_close(&strays.fd);
	if (!strays.left)
		(void)dir_remove(tiles_fd(seal->tiles), name, NULL);
}

/*
 * Best effort: a stray partial costs a few octets and is never read in place of a named one. from:
 * the size of the tree before; partials lie in its last tile of each level or in the new last one.
 */
static void
olds_remove(struct seal *seal, uint64_t from)
{
	uint64_t size = seal->signed_size;

	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		uint64_t old = tlog_tiles(from, level), now = tlog_tiles(size, level);
		unsigned width = tlog_width(size, level);

		if (width == 0 && tlog_width(from, level) == 0 && now == 0)
			break;
		for (; old < now; old++) {
			partials_remove(seal, (int)level, old, 0);
			if (level == 0)
				partials_remove(seal, TLOG_ENTRIES, old, 0);
		}
		partials_remove(seal, (int)level, now, width);
		if (level == 0)
			partials_remove(seal, TLOG_ENTRIES, now, width);
	}
}

/* After a crash between a checkpoint and olds_remove(): the last tiles, and those before them. */
static void
strays_remove(struct seal *seal)
{
	uint64_t size = seal->signed_size;

	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		uint64_t now = tlog_tiles(size, level);

		if (now > 0)
			partials_remove(seal, (int)level, now - 1, 0);
		if (now > 0 && level == 0)
			partials_remove(seal, TLOG_ENTRIES, now - 1, 0);
	}
	olds_remove(seal, size);
}

/* ---- the checkpoint ---- */

static enum err
sign(struct seal *seal, struct buf *out, struct why *why)
{
	struct checkpoint checkpoint = { .origin = span_str(seal->origin),
	    .size = seal->edge.size };
	struct buf text = { 0 };
	enum err rc;

	tlog_edge_root(&checkpoint.root, &seal->edge);
	checkpoint_put(&text, &checkpoint);
	note_sign(out, buf_span(&text), seal->origin, seal->seed);
	buf_done(&text);
	rc = file_replace(tiles_fd(seal->tiles), "checkpoint", buf_span(out), why);
	return rc == OK ? OK : why_prefix(why, rc, "cannot write seal/checkpoint");
}

/* From here on a checkpoint may name them, even if signing reports an error. */
static void
parts_written(struct seal *seal)
{
	for (size_t i = 0; i < seal->npart; i++)
		seal->part[i].written = true;
	seal->written_size = seal->edge.size;
}

enum err
seal_checkpoint(struct seal *seal, struct buf *ret_note, struct why *why)
{
	uint64_t before = seal->signed_size;
	struct buf note = { 0 };
	enum err rc;

	rc = news_each(seal, part_write, why);
	if (rc == OK)
		rc = news_each(seal, name_sync, why);
	if (rc == OK) {
		parts_written(seal);
		rc = sign(seal, &note, why);
	}
	if (rc == OK) {
		seal->signed_size = seal->edge.size;
		parts_drop(seal);
		olds_remove(seal, before);
		if (ret_note != NULL)
			buf_span_put(ret_note, buf_span(&note));
	}
	buf_done(&note);
	return rc;
}
