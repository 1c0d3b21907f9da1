/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests model/leafproof.c: several leaves of trees of every size, and a proof whose every octet is
 * changed in turn. With an argument it writes that proof there: the fuzzer begins with it.
 */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/leafproof.h"

enum { ROWS = 37, FRAMES = 3 };

static void
numbered(struct digest *d, uint32_t n)
{
	memset(d, 0, n * sizeof *d);
	for (uint32_t i = 0; i < n; i++)
		le_put(d[i].b, i + 1, 4);
}

/* Those whose number has a bit of `mask` (as a word of 32) set. */
static bool
paths_hold(uint32_t n, uint32_t mask)
{
	struct digest *d = xcalloc(n, sizeof *d), *known = xcalloc(n, sizeof *known);
	uint32_t *at = xcalloc(n, sizeof *at), nat = 0;
	struct digest want, made, got;
	struct buf beside = { 0 };
	const struct digest *b;
	uint32_t nbeside;
	bool ok;

	numbered(d, n);
	for (uint32_t i = 0; i < n; i++)
		if ((mask >> i % 32 & 1) != 0) {
			known[nat] = d[i];
			at[nat++] = i;
		}
	tree_paths_make(&beside, &made, d, n, at, nat);
	numbered(d, n);
	tree16(&want, d, n);
	ok = memcmp(&made, &want, sizeof made) == 0;
	b = (const struct digest *)beside.p;
	nbeside = (uint32_t)(beside.n / sizeof *b);
	for (int less = 0; less < 2; less++) {
		numbered(d, n);
		nat = 0;
		for (uint32_t i = 0; i < n; i++)
			if ((mask >> i % 32 & 1) != 0) {
				known[nat] = d[i];
				at[nat++] = i;
			}
		if (less == 0)
			ok = ok && tree_paths_root(&got, n, known, at, nat, b, nbeside) &&
			    memcmp(&got, &want, sizeof got) == 0;
		else if (nbeside > 0)
			ok = ok && !tree_paths_root(&got, n, known, at, nat, b, nbeside - 1);
	}
	free(d);
	free(known);
	free(at);
	buf_done(&beside);
	return ok;
}

static void
several_leaves_lead_to_the_root(void)
{
	for (uint32_t n = 1; n < 300; n++)
		for (uint32_t mask = 1; mask != 0; mask = mask * 5 + (mask >> 27))
			if (n > 32 || (mask & (UINT32_MAX >> (32 - n))) != 0) {
				check(paths_hold(n, mask));
				if (mask > 1u << 30)
					break;
			}
	check(paths_hold(65536, 0x00010001));
	check(paths_hold(65536, UINT32_MAX));
}

static void
positions_that_do_not_ascend_are_refused(void)
{
	struct digest known[2] = { { { 1 } }, { { 2 } } }, got;
	uint32_t at[2] = { 1, 1 }, beyond[1] = { 2 };

	check(!tree_paths_root(&got, 2, known, at, 2, NULL, 0));
	check(!tree_paths_root(&got, 2, known, beyond, 1, known, 1));
	check(!tree_paths_root(&got, 0, known, at, 0, NULL, 0));
}

/* Rows 3, 4 and 20 of frame 0 and row 0 of frame 2; the row digests are their numbers. */
static void
proof_make(struct leaf_proof *p, struct digest *ret_root)
{
	static const uint32_t shown[2][3] = { { 3, 4, 20 }, { 0 } };
	static const uint32_t nshown[2] = { 3, 1 }, index[2] = { 0, 2 };
	struct digest frame[FRAMES], d[ROWS];
	uint32_t at[3];

	p->tree_index = 7;
	buf_str(&p->entry, "entry");
	p->inclusion.n = 2;
	memset(&p->inclusion.hash[0], 9, sizeof p->inclusion.hash[0]);
	memset(&p->inclusion.hash[1], 8, sizeof p->inclusion.hash[1]);
	(void)leaf_proof_source_add(p, SPAN("one"));
	(void)leaf_proof_source_add(p, SPAN("two"));
	numbered(d, ROWS);
	tree16(&frame[1], d, ROWS);
	for (uint32_t f = 0; f < 2; f++) {
		struct leaf_proof_frame *to = leaf_proof_frame_add(p);
		size_t before = p->beside.n;

		*to = (struct leaf_proof_frame){ .index = index[f], .rows = ROWS,
		    .first_seq = 100 + index[f] * ROWS, .nrow = nshown[f] };
		numbered(d, ROWS);
		for (uint32_t i = 0; i < nshown[f]; i++) {
			struct leaf_proof_row *row = leaf_proof_row_add(p);

			at[i] = shown[f][i];
			row->seq = p->frame[f].first_seq + at[i];
			row->source = i % 2;
			row->length = 5;
			row->digest = d[at[i]];
		}
		tree_paths_make(&p->beside, &frame[index[f]], d, ROWS, at, nshown[f]);
		p->frame[f].nbeside = (uint32_t)((p->beside.n - before) / DIGEST_BYTES);
	}
	p->frames = FRAMES;
	at[0] = 0;
	at[1] = 2;
	tree_paths_make(&p->above, ret_root, frame, FRAMES, at, 2);
}

static bool
root_is(const struct leaf_proof *p, const struct digest *want)
{
	struct digest row[8], root;

	if (p->nrow > 8)
		return false;
	for (uint32_t i = 0; i < p->nrow; i++)
		row[i] = p->row[i].digest;
	return leaf_proof_root(&root, p, row) && memcmp(&root, want, sizeof root) == 0;
}

static void
a_proof_is_read_as_it_was_written(void)
{
	struct leaf_proof p = { 0 }, again = { 0 };
	struct digest root;
	struct buf text = { 0 };
	struct span rest;
	uint64_t line = 0;

	proof_make(&p, &root);
	check(root_is(&p, &root));
	leaf_proof_put(&text, &p);
	leaf_proof_put(&text, &p);
	rest = buf_span(&text);
	for (int i = 0; i < 2; i++) {
		check_int(leaf_proof_get(&again, &rest, &line, NULL), OK);
		check(root_is(&again, &root));
		check_int(again.tree_index, 7);
		check_span(leaf_proof_source(&again, 1), SPAN("two"));
		check_int(again.row[0].line, again.line + 7);
	}
	check_int(leaf_proof_get(&again, &rest, &line, NULL), ERR_MORE);
	leaf_proof_done(&p);
	leaf_proof_done(&again);
	buf_done(&text);
}

static void
no_octet_of_it_can_be_another(void)
{
	struct leaf_proof p = { 0 }, again = { 0 };
	struct digest root;
	struct buf text = { 0 }, same = { 0 };
	size_t read = 0;

	proof_make(&p, &root);
	leaf_proof_put(&text, &p);
	for (size_t i = 0; i < text.n; i++) {
		struct span rest = buf_span(&text);
		uint64_t line = 0;

		text.p[i] ^= 1;
		if (leaf_proof_get(&again, &rest, &line, NULL) == OK) {
			same.n = 0;
			leaf_proof_put(&same, &again);
			check(span_eq(buf_span(&same), span_sub(buf_span(&text), 0, same.n)));
			read++;
		}
		text.p[i] ^= 1;
	}
	check(read > 0 && read < text.n);
	leaf_proof_done(&p);
	leaf_proof_done(&again);
	buf_done(&text);
	buf_done(&same);
}

int
main(int argc, char **argv)
{
	if (argc > 1) {
		struct leaf_proof p = { 0 };
		struct digest root;
		struct buf text = { 0 };
		FILE *f = fopen(argv[1], "wb");

		proof_make(&p, &root);
		leaf_proof_put(&text, &p);
		if (f == NULL || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0)
			return 1;
		leaf_proof_done(&p);
		buf_done(&text);
		return 0;
	}
	run(several_leaves_lead_to_the_root);
	run(positions_that_do_not_ascend_are_refused);
	run(a_proof_is_read_as_it_was_written);
	run(no_octet_of_it_can_be_another);
	return check_done();
}
