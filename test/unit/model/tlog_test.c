/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests model/tlog.c against the eight-leaf tree that certificate-transparency implementations
 * share, and against the recursive definitions of RFC 6962 section 2.1 written out plainly.
 */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/tlog.h"

enum { LEAVES = 70000, TILES0 = LEAVES / TLOG_TILE + 1 };

/* A tree in memory: leaf hashes and the tiles that the edge gave out. */
static struct digest *leaf;
static struct digest *tile[3];
static struct tlog_edge edge;

static struct digest
hash_of(const char *hex)
{
	struct digest d;

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		unsigned v = 0;

		for (size_t j = 0; j < 2; j++) {
			char c = hex[2 * i + j];

			v = v * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		d.b[i] = (uint8_t)v;
	}
	return d;
}

static bool
same(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, DIGEST_BYTES) == 0;
}

/* RFC 6962 2.1, word for word. */
static struct digest
mth(const struct digest *d, uint64_t n)
{
	struct digest left, right;
	uint64_t k = 1;

	if (n == 1)
		return d[0];
	while (k * 2 < n)
		k *= 2;
	left = mth(d, k);
	right = mth(d + k, n - k);
	tlog_node_hash(&left, &left, &right);
	return left;
}

static void
path_plain(struct tlog_proof *proof, uint64_t m, const struct digest *d, uint64_t n)
{
	uint64_t k = 1;

	if (n == 1)
		return;
	while (k * 2 < n)
		k *= 2;
	if (m < k) {
		path_plain(proof, m, d, k);
		proof->hash[proof->n++] = mth(d + k, n - k);
	} else {
		path_plain(proof, m - k, d + k, n - k);
		proof->hash[proof->n++] = mth(d, k);
	}
}

static void
subproof_plain(struct tlog_proof *proof, uint64_t m, const struct digest *d, uint64_t n, int b)
{
	uint64_t k = 1;

	if (m == n) {
		if (!b)
			proof->hash[proof->n++] = mth(d, n);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	if (m <= k) {
		subproof_plain(proof, m, d, k, b);
		proof->hash[proof->n++] = mth(d + k, n - k);
	} else {
		subproof_plain(proof, m - k, d + k, n - k, 0);
		proof->hash[proof->n++] = mth(d, k);
	}
}

static void
tree_make(void)
{
	static const size_t ntile[3] = { TILES0, 2, 1 };

	leaf = xcalloc(LEAVES, sizeof *leaf);
	for (unsigned l = 0; l < 3; l++)
		tile[l] = xcalloc(ntile[l] * TLOG_TILE, sizeof *tile[l]);
	for (uint32_t i = 0; i < LEAVES; i++) {
		uint8_t entry[4];
		unsigned full;

		le_put(entry, i, 4);
		tlog_leaf_hash(&leaf[i], span_of(entry, 4));
		full = tlog_edge_append(&edge, &leaf[i]);
		for (unsigned l = 0; l < full; l++)
			memcpy(tile[l] + (tlog_tiles(edge.size, l) - 1) * TLOG_TILE, edge.tile[l],
			    sizeof edge.tile[l]);
	}
	for (unsigned l = 0; l < 3; l++)
		memcpy(tile[l] + tlog_tiles(LEAVES, l) * TLOG_TILE, edge.tile[l],
		    tlog_width(LEAVES, l) * sizeof(struct digest));
}

static enum err
tile_give(void *ctx, unsigned level, uint64_t index, unsigned width, const struct digest **ret,
    struct why *why)
{
	(void)why;
	(void)ctx;
	check(level < 3 && index <= tlog_tiles(LEAVES, level));
	if (level < 3 && index == tlog_tiles(LEAVES, level))
		check(width <= tlog_width(LEAVES, level));
	*ret = tile[level] + index * TLOG_TILE;
	return OK;
}

static const struct tlog_reader reader = { tile_give, NULL, LEAVES };

static void
the_eight_leaf_tree_of_certificate_transparency_has_its_roots(void)
{
	static const char *const entry[8] = { "", "\0", "\x10", "\x20\x21", "\x30\x31",
	    "\x40\x41\x42\x43", "\x50\x51\x52\x53\x54\x55\x56\x57",
	    "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f" };
	static const size_t size[8] = { 0, 1, 1, 2, 2, 4, 8, 16 };
	static const char *const root[8] = {
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	static struct tlog_edge small;
	struct digest got, want;

	tlog_edge_root(&got, &small);
	want = hash_of("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check(same(&got, &want));
	for (unsigned i = 0; i < 8; i++) {
		struct digest d;

		tlog_leaf_hash(&d, span_of(entry[i], size[i]));
		check_int(tlog_edge_append(&small, &d), 0);
		tlog_edge_root(&got, &small);
		want = hash_of(root[i]);
		check(same(&got, &want));
	}
}

static void
roots_from_tiles_and_from_the_edge_are_those_of_the_definition(void)
{
	struct digest got, want = mth(leaf, LEAVES);

	tlog_edge_root(&got, &edge);
	check(same(&got, &want));
	check(tlog_root(&reader, LEAVES, &got, NULL) == OK && same(&got, &want));
	for (uint64_t n = 1; n < 1200; n += n < 600 ? 1 : 37) {
		want = mth(leaf, n);
		check(tlog_root(&reader, n, &got, NULL) == OK && same(&got, &want));
	}
	want = mth(leaf, 65536);
	check(tlog_root(&reader, 65536, &got, NULL) == OK && same(&got, &want));
	check(tlog_root(&reader, LEAVES + 1, &got, NULL) == ERR_LIMIT);
}

static bool
proof_same(const struct tlog_proof *a, const struct tlog_proof *b)
{
	return a->n == b->n && memcmp(a->hash, b->hash, a->n * sizeof a->hash[0]) == 0;
}

static void
try_inclusion(uint64_t index, uint64_t size)
{
	struct tlog_proof got, want = { 0 };
	struct digest root = mth(leaf, size);

	check(tlog_inclusion(&reader, index, size, &got, NULL) == OK);
	path_plain(&want, index, leaf, size);
	check(proof_same(&got, &want));
	check(tlog_inclusion_check(&leaf[index], index, size, &root, &got, NULL) == OK);
	/* Any change is seen: of a hash, the place, the leaf, the number of hashes. */
	check(tlog_inclusion_check(&leaf[index + 1], index, size, &root, &got, NULL) == ERR_PROOF);
	if (size > 1)
		check(tlog_inclusion_check(&leaf[index], (index + 1) % size, size, &root, &got,
		    NULL) == ERR_PROOF);
	for (unsigned i = 0; i < got.n; i++) {
		got.hash[i].b[i % DIGEST_BYTES] ^= 0x10;
		check(tlog_inclusion_check(&leaf[index], index, size, &root, &got, NULL) ==
		    ERR_PROOF);
		got.hash[i].b[i % DIGEST_BYTES] ^= 0x10;
	}
	got.n++;
	check(tlog_inclusion_check(&leaf[index], index, size, &root, &got, NULL) == ERR_PROOF);
	if (got.n > 1) {
		got.n -= 2;
		check(tlog_inclusion_check(&leaf[index], index, size, &root, &got, NULL) ==
		    ERR_PROOF);
	}
}

static void
every_inclusion_proof_is_that_of_the_definition_and_no_other_holds(void)
{
	for (uint64_t size = 1; size < 35; size++)
		for (uint64_t index = 0; index < size; index++)
			try_inclusion(index, size);
	for (uint64_t size = 250; size < 1100; size += 131)
		for (uint64_t index = 0; index < size; index += 53)
			try_inclusion(index, size);
	try_inclusion(0, LEAVES);
	try_inclusion(65535, LEAVES);
	try_inclusion(65536, LEAVES);
	try_inclusion(LEAVES - 2, LEAVES);
}

static void
try_consistency(uint64_t old, uint64_t size)
{
	struct tlog_proof got, want = { 0 };
	struct digest old_root = mth(leaf, old), root = mth(leaf, size);

	check(tlog_consistency(&reader, old, size, &got, NULL) == OK);
	subproof_plain(&want, old, leaf, size, 1);
	check(proof_same(&got, &want));
	check(tlog_consistency_check(old, &old_root, size, &root, &got, NULL) == OK);
	check(tlog_consistency_check(old, &root, size, &root, &got, NULL) ==
	    (old == size ? OK : ERR_PROOF));
	if (old < size && old > 1)
		check(tlog_consistency_check(old - 1, &old_root, size, &root, &got, NULL) ==
		    ERR_PROOF);
	for (unsigned i = 0; i < got.n; i++) {
		got.hash[i].b[i % DIGEST_BYTES] ^= 0x10;
		check(tlog_consistency_check(old, &old_root, size, &root, &got, NULL) ==
		    ERR_PROOF);
		got.hash[i].b[i % DIGEST_BYTES] ^= 0x10;
	}
	got.n++;
	check(tlog_consistency_check(old, &old_root, size, &root, &got, NULL) == ERR_PROOF);
	got.n -= got.n > 1 ? 2 : 1;
	if (want.n > 0)
		check(tlog_consistency_check(old, &old_root, size, &root, &got, NULL) ==
		    ERR_PROOF);
}

static void
every_consistency_proof_is_that_of_the_definition_and_no_other_holds(void)
{
	for (uint64_t size = 1; size < 35; size++)
		for (uint64_t old = 1; old <= size; old++)
			try_consistency(old, size);
	for (uint64_t size = 250; size < 1100; size += 131)
		for (uint64_t old = 1; old <= size; old += 53)
			try_consistency(old, size);
	try_consistency(1, LEAVES);
	try_consistency(65535, LEAVES);
	try_consistency(65536, LEAVES);
	try_consistency(65537, LEAVES);
}

static void
the_empty_tree_is_consistent_with_every_tree(void)
{
	struct digest empty, root = mth(leaf, 5);
	struct tlog_proof proof;

	tlog_empty_root(&empty);
	check(tlog_consistency(&reader, 0, 5, &proof, NULL) == OK && proof.n == 0);
	check(tlog_consistency_check(0, &empty, 5, &root, &proof, NULL) == OK);
	check(tlog_consistency_check(0, &empty, 0, &empty, &proof, NULL) == OK);
	check(tlog_consistency_check(0, &root, 5, &root, &proof, NULL) == ERR_PROOF);
	check(tlog_consistency_check(0, &empty, 0, &root, &proof, NULL) == ERR_PROOF);
	check(tlog_consistency_check(6, &root, 5, &root, &proof, NULL) == ERR_PROOF);
}

static void
proofs_of_absurd_sizes_are_refused_and_end(void)
{
	struct digest d = { { 1 } };
	struct tlog_proof proof = { .n = TLOG_PROOF_MAX };

	check(tlog_inclusion_check(&d, 0, 0, &d, &proof, NULL) == ERR_PROOF);
	check(tlog_inclusion_check(&d, UINT64_MAX - 1, UINT64_MAX, &d, &proof, NULL) == ERR_PROOF);
	check(tlog_consistency_check(UINT64_MAX - 1, &d, UINT64_MAX, &d, &proof, NULL) ==
	    ERR_PROOF);
	check(tlog_consistency_check(1, &d, UINT64_MAX, &d, &proof, NULL) == ERR_PROOF);
	check(tlog_inclusion(&reader, 5, 5, &proof, NULL) == ERR_LIMIT);
	check(tlog_inclusion(&reader, 5, LEAVES + 1, &proof, NULL) == ERR_LIMIT);
	check(tlog_consistency(&reader, 5, LEAVES + 1, &proof, NULL) == ERR_LIMIT);
	check(tlog_consistency(&reader, 6, 5, &proof, NULL) == ERR_LIMIT);
}

static void
name_is(int level, uint64_t index, unsigned width, const char *want)
{
	char name[TLOG_NAME_BYTES];
	int got_level = -9;
	uint64_t got_index = 0;
	unsigned got_width = 0;

	tlog_name(name, level, index, width);
	check_span(span_str(name), span_str(want));
	check(tlog_name_get(span_str(name), &got_level, &got_index, &got_width) == OK);
	check(got_level == level && got_index == index && got_width == width);
}

static void
tiles_have_the_names_of_the_specification(void)
{
	name_is(0, 0, 256, "tile/0/000");
	name_is(0, 1234067, 256, "tile/0/x001/x234/067");
	name_is(0, 1234, 5, "tile/0/x001/234.p/5");
	name_is(TLOG_ENTRIES, 1000, 255, "tile/entries/x001/000.p/255");
	name_is(7, UINT64_MAX, 10, "tile/7/x018/x446/x744/x073/x709/x551/615.p/10");
	check_int(tlog_tiles(70000, 0), 273);
	check_int(tlog_width(70000, 0), 112);
	check_int(tlog_tiles(70000, 1), 1);
	check_int(tlog_width(70000, 1), 17);
	check_int(tlog_tiles(70000, 2), 0);
	check_int(tlog_width(70000, 2), 1);
	check_int(tlog_width(256, 0), 0);
	check_int(tlog_width(256, 1), 1);
}

static void
names_that_are_not_written_so_are_refused(void)
{
	static const char *const bad[] = { "", "tile/", "tile/8/000", "tile/00/000", "tile/0/00",
	    "tile/0/0000", "tile/0/x000/000", "tile/0/x001", "tile/0/x001/", "tile/0/001/002",
	    "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/05", "tile/0/000.p/",
	    "tile/0/000.p", "tile/0/000/", "tile/entries/", "tile/entries/0", "tile/x/000",
	    "tile/-1/000", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/../../checkpoint",
	    "tile/0/x018/x446/x744/x073/x709/x551/616" };
	uint64_t index;
	unsigned width;
	int level;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(tlog_name_get(span_str(bad[i]), &level, &index, &width) == ERR_FORMAT))
			printf("taken: %s\n", bad[i]);
}

static void
bundles_give_their_entries_back_and_refuse_cut_ones(void)
{
	struct buf bundle = { 0 };
	uint8_t *big = xcalloc(1, 65535);
	struct span rest, entry;

	tlog_bundle_add(&bundle, SPAN("one"));
	tlog_bundle_add(&bundle, SPAN(""));
	tlog_bundle_add(&bundle, span_of(big, 65535));
	check_span(span_sub(buf_span(&bundle), 0, 5), SPAN("\0\3one"));
	rest = buf_span(&bundle);
	check(tlog_bundle_next(&rest, &entry) == OK);
	check_span(entry, SPAN("one"));
	check(tlog_bundle_next(&rest, &entry) == OK && entry.n == 0);
	check(tlog_bundle_next(&rest, &entry) == OK && entry.n == 65535);
	check(tlog_bundle_next(&rest, &entry) == ERR_MORE);
	for (size_t n = 1; n < 5; n++) {
		rest = span_sub(buf_span(&bundle), 0, n);
		check(tlog_bundle_next(&rest, &entry) == ERR_FORMAT);
	}
	free(big);
	buf_done(&bundle);
}

int
main(void)
{
	tree_make();
	run(the_eight_leaf_tree_of_certificate_transparency_has_its_roots);
	run(roots_from_tiles_and_from_the_edge_are_those_of_the_definition);
	run(every_inclusion_proof_is_that_of_the_definition_and_no_other_holds);
	run(every_consistency_proof_is_that_of_the_definition_and_no_other_holds);
	run(the_empty_tree_is_consistent_with_every_tree);
	run(proofs_of_absurd_sizes_are_refused_and_end);
	run(tiles_have_the_names_of_the_specification);
	run(names_that_are_not_written_so_are_refused);
	run(bundles_give_their_entries_back_and_refuse_cut_ones);
	free(leaf);
	for (unsigned l = 0; l < 3; l++)
		free(tile[l]);
	return check_done();
}
