/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked example of doc/formats/evidence.md: the row proof of seal.md's, written as a package
 * has it. Without it in the page, prints what must stand there.
 */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/leafproof.h"
#include "model/rowproof.h"
#include "evidence/bag.h"

static void
file_read(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	must(f != NULL);
	do {
		n = fread(buf_add(out, 4096), 1, 4096, f);
		out->n -= 4096 - n;
	} while (n > 0);
	(void)fclose(f);
}

/* The lines behind `head` that are indented, or empty between such. */
static void
block_take(struct buf *out, const struct buf *page, const char *head)
{
	const uint8_t *at = memmem(page->p, page->n, head, strlen(head));
	struct span rest;

	must(at != NULL);
	rest = span_of(at, page->n - (size_t)(at - page->p));
	while (rest.n > 0) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.n);
		size_t n = lf != NULL ? (size_t)(lf - rest.p) + 1 : rest.n;

		if (n > 1 && !span_starts(rest, SPAN("    ")))
			break;
		buf_span_put(out, n > 1 ? span_sub(rest, 4, n - 4) : SPAN("\n"));
		rest = span_sub(rest, n, SIZE_MAX);
	}
}

static void
example_put(struct buf *out, const struct row_proof *row)
{
	struct leaf_proof p = { .tree_index = row->tree_index, .inclusion = row->inclusion,
	    .frames = row->frame.n };
	struct leaf_proof_frame *frame = leaf_proof_frame_add(&p);
	struct leaf_proof_row *r = leaf_proof_row_add(&p);
	uint8_t from[SOURCE_DIGEST_BYTES];

	source_digest(from, &(struct source){ .code = row->source });
	*r = (struct leaf_proof_row){ .seq = row->seq, .recv_ns = row->recv_ns,
	    .length = (uint32_t)row->raw.n, .flags = row->flags };
	memcpy(r->salt, row->salt, SALT_BYTES);
	row_digest(&r->digest, row->salt, row->stream, row->class, row->flags, row->epoch,
	    row->seq, row->recv_ns, from, row->raw);
	*frame = (struct leaf_proof_frame){ .first_seq = row->seq - row->row.index,
	    .index = row->frame.index, .rows = row->row.n, .nrow = 1,
	    .nbeside = row->row.nhash };
	buf_put(&p.beside, row->row.hash, row->row.nhash * sizeof row->row.hash[0]);
	buf_put(&p.above, row->frame.hash, row->frame.nhash * sizeof row->frame.hash[0]);
	buf_span_put(&p.entry, row->entry);
	(void)leaf_proof_source_add(&p, row->source);
	bag_claim_put(out, &(struct bag_claim){ .records = 1, .first_seq = row->seq,
	    .last_seq = row->seq });
	leaf_proof_put(out, &p);
	leaf_proof_done(&p);
}

int
main(int argc, char **argv)
{
	struct buf evidence = { 0 }, seal = { 0 }, proof = { 0 }, want = { 0 }, page = { 0 };
	struct row_proof *row = xcalloc(1, sizeof *row);
	struct arena *arena = arena_new(1 << 20);
	struct span text;

	must(argc == 3);
	file_read(&evidence, argv[1]);
	file_read(&seal, argv[2]);
	block_take(&proof, &seal, "    trucban/row-proof/v1\n    record raw:1:40231");
	check_int(row_proof_get(row, buf_span(&proof), arena, NULL), OK);
	example_put(&want, row);
	for (text = buf_span(&want); text.n > 0;) {
		const uint8_t *lf = memchr(text.p, '\n', text.n);
		size_t n = (size_t)(lf - text.p) + 1;

		if (n > 1)
			buf_str(&page, "    ");
		buf_put(&page, text.p, n);
		text = span_sub(text, n, SIZE_MAX);
	}
	/* The empty line at the end is the page's. */
	page.n--;
	if (!check(memmem(evidence.p, evidence.n, page.p, page.n) != NULL))
		printf("%.*s", (int)page.n, (const char *)page.p);
	arena_free(&arena);
	free(row);
	buf_done(&evidence);
	buf_done(&seal);
	buf_done(&proof);
	buf_done(&want);
	buf_done(&page);
	return check_bad_ > 0 ? 1 : 0;
}
