/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests model/rowproof.c: paths through trees of every size, and a proof whose every octet is
 * changed in turn.
 */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/base64.h"
#include "model/checkpoint.h"
#include "model/rowproof.h"

enum { ROWS = 37, ENTRIES = 5 };

static const uint8_t seed[32] = { 1 };
static struct arena *arena;

static bool
path_holds(uint32_t n, uint32_t index)
{
	struct digest *d = xcalloc(n, sizeof *d), leaf, want, made, got;
	struct tree_path path;
	bool ok;

	for (uint32_t i = 0; i < n; i++)
		le_put(d[i].b, i + 1, 4);
	leaf = d[index];
	tree_path_make(&path, &made, d, n, index);
	for (uint32_t i = 0; i < n; i++) {
		memset(&d[i], 0, sizeof d[i]);
		le_put(d[i].b, i + 1, 4);
	}
	tree16(&want, d, n);
	ok = tree_path_root(&got, &path, &leaf) && memcmp(&got, &want, sizeof got) == 0 &&
	    memcmp(&made, &want, sizeof made) == 0;
	for (unsigned i = 0; i < path.nhash; i++) {
		path.hash[i].b[0] ^= 1;
		ok = ok && tree_path_root(&got, &path, &leaf) &&
		    memcmp(&got, &want, sizeof got) != 0;
		path.hash[i].b[0] ^= 1;
	}
	path.nhash++;
	ok = ok && !tree_path_root(&got, &path, &leaf);
	path.nhash -= path.nhash > 1 ? 2 : 1;
	ok = ok && (n == 1 || !tree_path_root(&got, &path, &leaf));
	free(d);
	return ok;
}

static void
a_path_leads_from_every_leaf_to_the_root(void)
{
	for (uint32_t n = 1; n < 70; n++)
		for (uint32_t i = 0; i < n; i++)
			check(path_holds(n, i));
	for (uint32_t n = 250; n < 5000; n += 391)
		for (uint32_t i = 0; i < n; i += 97)
			check(path_holds(n, i));
	check(path_holds(65536, 0));
	check(path_holds(65536, 65535));
}

/* A leaf of two frames, ROWS and 1 rows, in a tree of ENTRIES. */
static void
proof_make(struct buf *out)
{
	struct digest d[ROWS], frame[2], leaf_d[ENTRIES], root;
	struct source source = { .code = SPAN("code of a source") };
	struct row_proof proof = { .stream = 1, .class = 2, .epoch = 3, .seq = 1005, .recv_ns = 77,
	    .source = source.code, .raw = SPAN("the record"), .tree_index = 3 };
	struct leaf leaf = { .type = LEAF_ROWS, .stream = 1, .class = 2, .epoch = 3 };
	uint8_t salt[ROWS * SALT_BYTES], from[SOURCE_DIGEST_BYTES];
	struct buf entry = { 0 }, text = { 0 }, note = { 0 };
	static struct tlog_edge edge;
	struct checkpoint checkpoint = { .origin = SPAN("trucban/x"), .size = ENTRIES };

	salts(salt, ROWS, seed, 1000);
	source_digest(from, &source);
	for (unsigned i = 0; i < ROWS; i++)
		row_digest(&d[i], salt + i * SALT_BYTES, 1, 2, 0, 3, 1000 + i, 77, from, proof.raw);
	memcpy(proof.salt, salt + 5 * SALT_BYTES, SALT_BYTES);
	tree_path_make(&proof.row, &frame[0], d, ROWS, 5);
	memset(&frame[1], 9, sizeof frame[1]);
	tree_path_make(&proof.frame, &root, frame, 2, 0);
	leaf.u.rows = (struct leaf_rows){ 1000, 1037, ROWS + 1, 2, root, 1, 2, 3 };
	leaf_encode(&entry, &leaf);
	proof.entry = buf_span(&entry);

	memset(&edge, 0, sizeof edge);
	for (unsigned i = 0; i < ENTRIES; i++) {
		tlog_leaf_hash(&leaf_d[i], i == 3 ? proof.entry : SPAN("other"));
		tlog_edge_append(&edge, &leaf_d[i]);
	}
	tlog_edge_root(&checkpoint.root, &edge);
	proof.inclusion.n = 3;
	proof.inclusion.hash[0] = leaf_d[2];
	tlog_node_hash(&proof.inclusion.hash[1], &leaf_d[0], &leaf_d[1]);
	proof.inclusion.hash[2] = leaf_d[4];
	checkpoint_put(&text, &checkpoint);
	note_sign(&note, buf_span(&text), "trucban/x", seed);
	proof.note = buf_span(&note);
	row_proof_put(out, &proof);
	buf_done(&entry);
	buf_done(&text);
	buf_done(&note);
}

static enum err
judge(struct span text, struct why *why)
{
	struct row_proof proof;
	struct note_key key;
	enum err rc;

	arena_reset(arena);
	note_key_of_seed(&key, "trucban/x", seed);
	rc = row_proof_get(&proof, text, arena, why);
	if (rc == OK)
		rc = row_proof_check(&proof, &key, 1, NULL, arena, why);
	return rc;
}

static void
a_proof_holds_and_none_of_its_octets_can_be_changed(void)
{
	struct buf text = { 0 };
	struct why why = { "" };
	size_t taken = 0, row;

	proof_make(&text);
	row = (size_t)((uint8_t *)memmem(text.p, text.n, "\nrow 5 37\n", 10) - text.p);
	if (!check(judge(buf_span(&text), &why) == OK))
		printf("%s\n%.*s", why.text, (int)text.n, (char *)text.p);
	for (size_t i = 0; i < text.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			text.p[i] ^= (uint8_t)(1u << bit);
			/* How many rows the frame has only says which way the path goes. */
			if (judge(buf_span(&text), NULL) == OK && i != row + 8)
				taken++;
			text.p[i] ^= (uint8_t)(1u << bit);
		}
	}
	check_int(taken, 0);
	for (size_t n = 0; n < text.n; n++)
		check(judge(span_of(text.p, n), NULL) != OK);
	buf_done(&text);
}

static void
a_proof_is_worth_nothing_under_another_key(void)
{
	static const uint8_t other[32] = { 2 };
	struct buf text = { 0 };
	struct row_proof proof;
	struct note_key key;

	proof_make(&text);
	arena_reset(arena);
	check(row_proof_get(&proof, buf_span(&text), arena, NULL) == OK);
	note_key_of_seed(&key, "trucban/x", other);
	check(row_proof_check(&proof, &key, 1, NULL, arena, NULL) == ERR_PROOF);
	note_key_of_seed(&key, "trucban/y", seed);
	check(row_proof_check(&proof, &key, 1, NULL, arena, NULL) == ERR_PROOF);
	check(row_proof_check(&proof, &key, 0, NULL, arena, NULL) == ERR_PROOF);
	buf_done(&text);
}

static void
nothing_in_base64_is_nothing(void)
{
	uint8_t octets[4];
	size_t n = 7;

	check_int(base64_get(octets, sizeof octets, &n, (struct span){ NULL, 0 }), OK);
	check_int(n, 0);
}

int
main(void)
{
	arena = arena_new(16 << 20);
	run(nothing_in_base64_is_nothing);
	run(a_path_leads_from_every_leaf_to_the_root);
	run(a_proof_holds_and_none_of_its_octets_can_be_changed);
	run(a_proof_is_worth_nothing_under_another_key);
	arena_free(&arena);
	return check_done();
}
