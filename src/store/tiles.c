/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Tiles and bundles read from disk; see tiles.h. Owns a descriptor of
 * seal/ and the last few tiles. Never writes.
 */
#include "store/tiles.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/line.h"
#include "model/note.h"
#include "sys/dir.h"
#include "sys/file.h"

enum {
	TILE_SLOTS = 8,
	TILE_BYTES = TLOG_TILE * DIGEST_BYTES,
	BUNDLE_BYTES_MAX = TLOG_TILE * (2 + 65535)
};

struct slot {
	uint64_t index;
	unsigned level;
	unsigned width;			/* hashes; 0: empty */
	struct digest hash[TLOG_TILE];
};

struct tiles {
	int fd;				/* of seal/ */
	uint64_t size;			/* of the tree that tiles_reader() was asked for */
	unsigned turn;
	struct slot slot[TILE_SLOTS];
};

enum err
tiles_open(struct tiles **ret_tiles, int dirfd, struct why *why)
{
	struct tiles *tiles;
	int fd = -1;
	enum err rc;

	must(*ret_tiles == NULL);
	rc = dir_open(&fd, dirfd, "seal", why);
	if (rc != OK)
		return rc;
	tiles = xcalloc(1, sizeof *tiles);
	tiles->fd = fd;
	*ret_tiles = tiles;
	return OK;
}

void
tiles_close(struct tiles **tiles)
{
	if (*tiles == NULL)
		return;
	file_close(&(*tiles)->fd);
	free(*tiles);
	*tiles = NULL;
}

int
tiles_fd(const struct tiles *tiles)
{
	return tiles->fd;
}

enum err
tiles_note(struct tiles *tiles, struct buf *out, struct why *why)
{
	return file_read_whole(tiles->fd, "checkpoint", NOTE_BYTES_MAX, out, why);
}

/* ---- finding the file ---- */

struct widest {
	unsigned width;
};

static enum err
widest_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct widest *widest = arg;
	uint64_t v;

	(void)why;
	if (entry->kind == DIR_FILE && line_decimal(span_str(entry->name), &v) &&
	    v < TLOG_TILE && v > widest->width)
		widest->width = (unsigned)v;
	return OK;
}

/* The widest partial of that tile, 0 when there is none. */
static unsigned
partial_widest(struct tiles *tiles, int level, uint64_t index)
{
	struct widest widest = { 0 };
	char name[TLOG_NAME_BYTES];
	int fd = -1;

	tlog_name(name, level, index, 1);
	name[strlen(name) - 2] = '\0';		/* "/1" */
	if (dir_open(&fd, tiles->fd, name, NULL) == OK)
		(void)dir_each(fd, widest_each, &widest, NULL);
	file_close(&fd);
	return widest.width;
}

/*
 * Reads tile or bundle (level, index) with at least `width` parts: that width, else whole, else the
 * widest partial. ret_width: what the name promised.
 */
static enum err
part_read(struct tiles *tiles, int level, uint64_t index, unsigned width, size_t limit,
    struct buf *out, unsigned *ret_width, char name[TLOG_NAME_BYTES], struct why *why)
{
	unsigned widths[3] = { width, TLOG_TILE, 0 };
	enum err rc = ERR_ABSENT;

	for (unsigned i = 0; i < 3; i++) {
		if (i == 2)
			widths[i] = partial_widest(tiles, level, index);
		if ((i > 0 && widths[i] <= width))
			continue;
		tlog_name(name, level, index, widths[i]);
		rc = file_read_whole(tiles->fd, name, limit, out, NULL);
		if (rc != ERR_ABSENT) {
			*ret_width = widths[i];
			break;
		}
	}
	if (rc != OK) {
		tlog_name(name, level, index, width);
		return why_set(why, rc, "cannot read seal/%s: %s", name,
		    rc == ERR_ABSENT ? "it is not there" : rc == ERR_LIMIT ? "it is too long" :
		    err_name(rc));
	}
	return OK;
}

/* ---- tiles ---- */

static enum err
slot_fill(struct tiles *tiles, struct slot *slot, unsigned level, uint64_t index, unsigned width,
    struct why *why)
{
	struct buf bytes = { 0 };
	char name[TLOG_NAME_BYTES];
	unsigned got = 0;
	enum err rc;

	slot->width = 0;
	rc = part_read(tiles, (int)level, index, width, TILE_BYTES, &bytes, &got, name, why);
	if (rc == OK && bytes.n != (size_t)got * DIGEST_BYTES)
		rc = why_set(why, ERR_FORMAT, "seal/%s has %zu octets, not %u", name, bytes.n,
		    got * DIGEST_BYTES);
	if (rc == OK) {
		memcpy(slot->hash, bytes.p, bytes.n);
		slot->level = level;
		slot->index = index;
		slot->width = got;
	}
	buf_done(&bytes);
	return rc;
}

static enum err
tile_give(void *ctx, unsigned level, uint64_t index, unsigned width,
    const struct digest **ret_hashes, struct why *why)
{
	struct tiles *tiles = ctx;
	unsigned full = index < tlog_tiles(tiles->size, level) ? TLOG_TILE :
	    tlog_width(tiles->size, level);
	struct slot *slot;
	enum err rc;

	must(width >= 1 && width <= full);
	for (unsigned i = 0; i < TILE_SLOTS; i++) {
		slot = &tiles->slot[i];
		if (slot->width >= width && slot->level == level && slot->index == index) {
			*ret_hashes = slot->hash;
			return OK;
		}
	}
	slot = &tiles->slot[tiles->turn++ % TILE_SLOTS];
	rc = slot_fill(tiles, slot, level, index, full, why);
	if (rc == OK)
		*ret_hashes = slot->hash;
	return rc;
}

struct tlog_reader
tiles_reader(struct tiles *tiles, uint64_t size)
{
	tiles->size = size;
	for (unsigned i = 0; i < TILE_SLOTS; i++)
		tiles->slot[i].width = 0;
	return (struct tlog_reader){ tile_give, tiles, size };
}

/* ---- entries ---- */

enum err
tiles_bundle(struct tiles *tiles, uint64_t index, uint64_t size, struct buf *out,
    char ret_name[TLOG_NAME_BYTES], struct why *why)
{
	unsigned got = 0, width = index < tlog_tiles(size, 0) ? TLOG_TILE : tlog_width(size, 0);
	char name[TLOG_NAME_BYTES];
	enum err rc;

	must(index <= tlog_tiles(size, 0) && width > 0);
	rc = part_read(tiles, TLOG_ENTRIES, index, width, BUNDLE_BYTES_MAX, out, &got, name, why);
	if (ret_name != NULL)
		memcpy(ret_name, name, sizeof name);
	return rc;
}

enum err
tiles_entry(struct tiles *tiles, uint64_t index, uint64_t size, struct buf *out,
    struct span *ret_entry, struct why *why)
{
	char name[TLOG_NAME_BYTES];
	struct span rest, entry = { NULL, 0 };
	size_t before = out->n;
	enum err rc;

	if (index >= size)
		return why_set(why, ERR_ABSENT, "no entry %llu in a tree of %llu",
		    (unsigned long long)index, (unsigned long long)size);
	rc = tiles_bundle(tiles, index / TLOG_TILE, size, out, name, why);
	if (rc != OK)
		return rc;
	rest = span_sub(buf_span(out), before, SIZE_MAX);
	for (uint64_t i = 0; i <= index % TLOG_TILE; i++)
		if (tlog_bundle_next(&rest, &entry) != OK)
			return why_set(why, ERR_FORMAT, "seal/%s ends early", name);
	*ret_entry = entry;
	return OK;
}
