/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. The tree: every bundle and every tile that the checkpoint's size
 * demands, against its root. doc/formats/seal.md section 6, rules 3 and 4. See proof_int.h.
 *
 * The root is made of the entries. When it is the checkpoint's, a tile that differs is the one that
 * was changed. When it is not, the tiles say which entries do not fit them.
 */
#include "store/proof_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"

enum { TILE_BYTES = TLOG_TILE * DIGEST_BYTES };

/* ---- bits ---- */

void
bits_grow(struct bits *bits, uint64_t n)
{
	size_t old = (size_t)((bits->n + 63) / 64), now = (size_t)((n + 63) / 64);

	if (now > old) {
		bits->word = xreallocarray(bits->word, now, sizeof *bits->word);
		memset(bits->word + old, 0, (now - old) * sizeof *bits->word);
	}
	if (n > bits->n)
		bits->n = n;
}

void
bits_done(struct bits *bits)
{
	free(bits->word);
	*bits = (struct bits){ 0 };
}

/* ---- bundles ---- */

static bool
digest_same(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, DIGEST_BYTES) == 0;
}

static void
seal_path(char path[TLOG_NAME_BYTES + 8], const char *name)
{
	memcpy(path, "seal/", 5);
	memcpy(path + 5, name, strlen(name) + 1);
}

/* One bundle as it lies on disk, and the tile that stands for it. */
struct bundle {
	uint64_t index;
	unsigned want;			/* entries that the tree has of it */
	unsigned n;			/* that could be read */
	char path[TLOG_NAME_BYTES + 8];
	struct buf bytes;
	size_t used;			/* octets of the n entries */
	struct span entry[TLOG_TILE];
	struct digest leaf[TLOG_TILE];	/* of the entries; of the tile from n on, or where */
	bool bad[TLOG_TILE];		/* the tile is right and the entry is not */
};

static unsigned
bundle_width(uint64_t size, uint64_t index)
{
	return index < tlog_tiles(size, 0) ? TLOG_TILE : tlog_width(size, 0);
}

/* Takes the octets apart, as far as they go, and hashes the entries. */
static void
bundle_split(struct bundle *b)
{
	struct span rest = buf_span(&b->bytes);

	b->n = 0;
	while (b->n < b->want && tlog_bundle_next(&rest, &b->entry[b->n]) == OK) {
		tlog_leaf_hash(&b->leaf[b->n], b->entry[b->n]);
		b->n++;
	}
	b->used = b->bytes.n - rest.n;
}

static void
bundle_root_keep(struct proof *p, uint64_t index, const struct digest *root)
{
	must(index <= p->nbundle);
	if (index == p->bundle_cap) {
		p->bundle_cap = p->bundle_cap > 0 ? 2 * p->bundle_cap : 64;
		p->bundle_root = xreallocarray(p->bundle_root, p->bundle_cap,
		    sizeof *p->bundle_root);
	}
	p->bundle_root[index] = *root;
	p->nbundle = (size_t)index + 1;
}

/* The width that a file's name promises. */
static bool
name_exact(const char *path, unsigned want)
{
	uint64_t index;
	unsigned width = 0;
	int level;

	return tlog_name_get(span_str(path + 5), &level, &index, &width) == OK && width == want;
}

/* Is this the root that the tree has above a whole tile, or with a last, partial one? */
static bool
run_fits(struct proof *p, const struct bundle *b, const struct digest *run)
{
	struct tlog_reader reader = tiles_reader(p->tiles, p->checkpoint.size);
	const struct digest *above = NULL;
	struct tlog_edge *edge;
	struct digest root;
	bool fits;

	tlog_run_root(&root, run, b->want);
	if (b->want == TLOG_TILE)
		return reader.tile(reader.ctx, 1, b->index / TLOG_TILE,
		    (unsigned)(b->index % TLOG_TILE) + 1, &above, NULL) == OK &&
		    digest_same(&above[b->index % TLOG_TILE], &root);
	edge = xmemdup(&p->edge, sizeof p->edge);
	for (unsigned i = 0; i < b->want; i++)
		tlog_edge_append(edge, &run[i]);
	tlog_edge_root(&root, edge);
	fits = digest_same(&root, &p->checkpoint.root);
	free(edge);
	return fits;
}

/*
 * Entries and tile differ, or entries are missing: when the tile fits the tree and the entries do
 * not, the tile's hashes take the place of the bad entries, and the walk can go on.
 */
static void
bundle_mend(struct proof *p, struct bundle *b)
{
	struct tlog_reader reader = tiles_reader(p->tiles, p->checkpoint.size);
	const struct digest *tile = NULL;
	struct digest copy[TLOG_TILE];
	unsigned first = b->want;

	if (reader.tile(reader.ctx, 0, b->index, b->want, &tile, NULL) != OK)
		return;
	memcpy(copy, tile, b->want * sizeof copy[0]);
	for (unsigned i = b->want; i-- > 0;)
		if (i >= b->n || !digest_same(&copy[i], &b->leaf[i]))
			first = i;
	if (first == b->want || (b->n == b->want && run_fits(p, b, b->leaf)) ||
	    !run_fits(p, b, copy))
		return;
	for (unsigned i = first; i < b->want; i++) {
		b->bad[i] = i >= b->n || !digest_same(&copy[i], &b->leaf[i]);
		b->leaf[i] = copy[i];
	}
	b->n = b->want;
}

/* Which octet of the bundle its i-th entry begins at. */
static uint64_t
entry_offset(const struct bundle *b, unsigned i)
{
	uint64_t at = 0;

	for (unsigned k = 0; k < i; k++)
		at += 2 + b->entry[k].n;
	return at;
}

/* What is wrong with the bundle's own octets. */
static void
bundle_judge(struct proof *p, const struct bundle *b, unsigned read, struct why *why)
{
	unsigned bad = 0;

	while (bad < b->n && !b->bad[bad])
		bad++;
	if (why != NULL)
		proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(3, .file = b->path,
		    .since_ns = p->stand.time_ns), "%s", why->text);
	else if (bad < b->n)
		proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(3, .file = b->path,
		    PROOF_AT(entry_offset(b, bad < read ? bad : read)),
		    .since_ns = p->stand.time_ns), "entry %llu is not the one that was sealed",
		    (unsigned long long)(b->index * TLOG_TILE + bad));
	else if (read < b->want)
		proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(3, .file = b->path,
		    PROOF_AT(b->used), .since_ns = p->stand.time_ns),
		    "holds %u entries, not %u", read, b->want);
	if (why == NULL && read == b->want && b->used < b->bytes.n && name_exact(b->path, b->want))
		proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(3, .file = b->path,
		    PROOF_AT(b->used)), "%zu octets follow the last entry",
		    b->bytes.n - b->used);
}

/*
 * Bundle `index` of the tree: its hashes to the edge, its entries to be judged; those that an
 * earlier walk has judged (below stand.entries) are only hashed. False: entries are missing for
 * good, so that what comes behind them has no place in the tree.
 */
static bool
bundle_walk(struct proof *p, struct bundle *b, uint64_t index, struct leaf_reader *earlier)
{
	char name[TLOG_NAME_BYTES];
	struct why why = { "" };
	struct digest root;
	unsigned read;
	enum err rc;

	memset(b->bad, 0, sizeof b->bad);
	b->index = index;
	b->want = bundle_width(p->checkpoint.size, index);
	b->bytes.n = 0;
	rc = tiles_bundle(p->tiles, index, p->checkpoint.size, &b->bytes, name, &why);
	seal_path(b->path, name);
	bundle_split(b);
	read = b->n;
	bundle_mend(p, b);
	bundle_judge(p, b, read, rc != OK ? &why : NULL);
	for (unsigned i = 0; i < b->n; i++)
		tlog_edge_append(&p->edge, &b->leaf[i]);
	if (b->n > 0) {
		tlog_run_root(&root, b->leaf, b->n);
		bundle_root_keep(p, index, &root);
	}
	for (unsigned i = 0; i < b->n; i++) {
		if (index * TLOG_TILE + i != p->stand.entries)
			continue;
		if (b->bad[i])
			proof_leaf_skip(p);
		else
			proof_leaf(p, b->entry[i], earlier);
	}
	p->result.bytes += b->bytes.n;
	(void)proof_step(p, b->bytes.n);
	return b->n == b->want;
}

/* ---- tiles ---- */

/* Tile (level, index) on disk against the hashes that follow from the entries. */
static void
tile_check(struct proof *p, unsigned level, uint64_t index, unsigned width,
    const struct digest *want)
{
	char name[TLOG_NAME_BYTES], path[TLOG_NAME_BYTES + 8];
	struct tlog_reader reader = tiles_reader(p->tiles, p->checkpoint.size);
	const struct digest *got = NULL;
	struct buf bytes = { 0 };
	struct why why = { "" };
	enum err rc;

	tlog_name(name, (int)level, index, width);
	seal_path(path, name);
	rc = file_read_whole(tiles_fd(p->tiles), name, TILE_BYTES, &bytes, NULL);
	if (rc == OK && bytes.n != width * sizeof *want) {
		proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(4, .file = path),
		    "has %zu octets, not %zu", bytes.n, width * sizeof *want);
	} else if (rc != OK) {
		/* Beside a running keeper it may be a wider one by now. */
		rc = reader.tile(reader.ctx, level, index, width, &got, &why);
		if (rc != OK)
			proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(4, .file = path), "%s",
			    why.text);
	} else {
		got = (const struct digest *)(const void *)bytes.p;
	}
	for (unsigned i = 0; got != NULL && i < width; i++) {
		if (digest_same(&got[i], &want[i]))
			continue;
		proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(4, .file = path,
		    PROOF_AT(i * sizeof *want), .since_ns = p->stand.beat_ns),
		    "hash %u is not that of the entries", i);
		break;
	}
	p->result.bytes += bytes.n;
	buf_done(&bytes);
}

/* After each whole bundle: the tiles that it made whole. */
static void
whole_tiles_check(struct proof *p)
{
	uint64_t size = p->edge.size;

	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		if (size == 0 || (size & ((UINT64_C(1) << (8 * level + 8)) - 1)) != 0)
			break;
		tile_check(p, level, tlog_tiles(size, level) - 1, TLOG_TILE, p->edge.tile[level]);
	}
}

static void
partial_tiles_check(struct proof *p)
{
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		unsigned width = tlog_width(p->edge.size, level);

		if (width > 0)
			tile_check(p, level, tlog_tiles(p->edge.size, level), width,
			    p->edge.tile[level]);
	}
}

/* ---- the walk ---- */

enum err
proof_tree(struct proof *p, struct why *why)
{
	struct leaf_reader earlier = { .index = UINT64_MAX };
	struct bundle *bundle = xcalloc(1, sizeof *bundle);
	uint64_t size = p->checkpoint.size;
	struct digest root;
	bool whole = true;
	enum err rc;

	bits_grow(&p->rows, size);
	bits_grow(&p->gone, size);
	bits_grow(&p->found, size);
	bits_grow(&p->segment, size);
	memset(&p->edge, 0, sizeof p->edge);
	p->nbundle = 0;
	rc = leaf_reader_open(&earlier, p, why);
	for (uint64_t i = 0; rc == OK && whole && i * TLOG_TILE < size && !p->stopped; i++) {
		whole = bundle_walk(p, bundle, i, &earlier);
		if (whole)
			whole_tiles_check(p);
	}
	if (rc == OK && whole && !p->stopped) {
		partial_tiles_check(p);
		tlog_edge_root(&root, &p->edge);
		if (!digest_same(&root, &p->checkpoint.root))
			proof_say(p, PROOF_TREE, PROOF_BAD, PROOF_PLACE(3,
			    .file = "seal/checkpoint", .since_ns = p->stand.beat_ns),
			    "the root of the entries is not the one that was signed");
	}
	leaf_reader_close(&earlier);
	buf_done(&bundle->bytes);
	free(bundle);
	return rc;
}

/* ---- entries once more ---- */

enum err
leaf_reader_open(struct leaf_reader *reader, const struct proof *p, struct why *why)
{
	*reader = (struct leaf_reader){ .proof = p, .index = UINT64_MAX };
	reader->arena = arena_new(PROOF_ARENA);
	reader->bundle = xcalloc(1, sizeof *reader->bundle);
	return tiles_open(&reader->tiles, p->dirfd, why);
}

void
leaf_reader_close(struct leaf_reader *reader)
{
	if (reader->bundle != NULL)
		buf_done(&reader->bundle->bytes);
	free(reader->bundle);
	tiles_close(&reader->tiles);
	arena_free(&reader->arena);
	*reader = (struct leaf_reader){ .index = UINT64_MAX };
}

/* Marks the entries that are not those of the tree that was walked. */
static enum err
bundle_compare(struct leaf_reader *reader, struct bundle *b, struct why *why)
{
	const struct proof *p = reader->proof;
	struct tlog_reader tiles = tiles_reader(reader->tiles, p->checkpoint.size);
	const struct digest *tile = NULL;
	struct digest root;
	unsigned n = p->edge.size - b->index * TLOG_TILE < b->want ?
	    (unsigned)(p->edge.size - b->index * TLOG_TILE) : b->want;

	memset(b->bad, 0, sizeof b->bad);
	if (b->n >= n) {
		tlog_run_root(&root, b->leaf, n);
		if (digest_same(&root, &p->bundle_root[b->index]))
			return OK;
	}
	if (n == b->want && tiles.tile(tiles.ctx, 0, b->index, n, &tile, NULL) == OK) {
		tlog_run_root(&root, tile, n);
		if (digest_same(&root, &p->bundle_root[b->index])) {
			for (unsigned i = 0; i < b->n; i++)
				b->bad[i] = !digest_same(&b->leaf[i], &tile[i]);
			return OK;
		}
	}
	return why_set(why, ERR_PROOF, "its bundle was changed while we looked");
}

static enum err
bundle_load(struct leaf_reader *reader, uint64_t index, struct why *why)
{
	const struct proof *p = reader->proof;
	struct bundle *b = reader->bundle;
	enum err rc;

	reader->index = UINT64_MAX;
	b->index = index;
	b->bytes.n = 0;
	if (index >= p->nbundle)
		return why_set(why, ERR_PROOF, "its bundle is damaged");
	b->want = bundle_width(p->checkpoint.size, index);
	rc = tiles_bundle(reader->tiles, index, p->checkpoint.size, &b->bytes, NULL, why);
	if (rc != OK)
		return rc;
	bundle_split(b);
	rc = bundle_compare(reader, b, why);
	if (rc == OK)
		reader->index = index;
	return rc;
}

enum err
leaf_reader_get(struct leaf_reader *reader, uint64_t index, struct leaf *ret_leaf,
    struct why *why)
{
	unsigned at = (unsigned)(index % TLOG_TILE);
	enum err rc = OK;

	if (reader->index != index / TLOG_TILE)
		rc = bundle_load(reader, index / TLOG_TILE, why);
	if (rc == OK && (at >= reader->bundle->n || reader->bundle->bad[at]))
		rc = why_set(why, ERR_PROOF, "it is damaged");
	arena_reset(reader->arena);
	if (rc == OK)
		rc = leaf_decode(ret_leaf, reader->bundle->entry[at], reader->arena, why);
	return rc == OK ? OK : why_prefix(why, rc, "entry %llu", (unsigned long long)index);
}

bool
leaf_reader_same(struct leaf_reader *reader, uint64_t index, struct span entry)
{
	unsigned at = (unsigned)(index % TLOG_TILE);
	struct digest d;

	if ((reader->index != index / TLOG_TILE &&
	    bundle_load(reader, index / TLOG_TILE, NULL) != OK) || at >= reader->bundle->n)
		return true;
	tlog_leaf_hash(&d, entry);
	return reader->bundle->bad[at] || digest_same(&d, &reader->bundle->leaf[at]);
}
