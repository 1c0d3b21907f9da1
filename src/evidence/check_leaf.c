/* SPDX-License-Identifier: Apache-2.0 */
/* One leaf's proof against the checkpoint: rules 12 to 15. See check_int.h. */
#include "evidence/check_int.h"

#include <stdlib.h>

#include "base/must.h"

typedef unsigned long long ull;

void
leaf_view_done(struct leaf_view *view)
{
	leaf_proof_done(&view->proof);
	arena_free(&view->arena);
	free(view->source);
	free(view->state);
	*view = (struct leaf_view){ 0 };
}

void
leaf_view_digest(struct digest *ret, const struct check *c, const struct leaf_view *view,
    const struct leaf_proof_row *row, struct span octets)
{
	row_digest(ret, row->salt, c->result->claim.stream, view->leaf.class, row->flags,
	    view->leaf.epoch, row->seq, row->recv_ns, view->source[row->source], octets);
}

/* Rule 13: the entry, and numbers that can be so. */
static bool
entry_holds(struct check *c, struct leaf_view *view)
{
	const struct leaf_proof *p = &view->proof;
	const struct leaf_rows *rows = &view->leaf.u.rows;
	const struct leaf_proof_row *row = p->row;
	uint64_t before = 0;

	if (p->frames != rows->frames || view->leaf.stream != c->result->claim.stream) {
		check_say(c, 13, BAG_PROOFS, p->line, "", "entry %llu of the seal is of other rows",
		    (ull)p->tree_index);
		return false;
	}
	for (uint32_t i = 0; i < p->nframe; i++) {
		for (uint32_t j = 0; j < p->frame[i].nrow; j++, row++) {
			if (row->seq <= before || row->seq < rows->first_seq ||
			    row->seq > rows->last_seq) {
				check_say(c, 13, BAG_PROOFS, row->line, "", "record %llu cannot "
				    "stand here: rows were swapped, doubled or are another "
				    "leaf's", (ull)row->seq);
				return false;
			}
			before = row->seq;
		}
	}
	return true;
}

/* Rule 14. */
static bool
inclusion_holds(struct check *c, const struct leaf_view *view)
{
	const struct leaf_proof *p = &view->proof;
	struct why why = { "" };
	struct digest hash;

	if (c->last_index != UINT64_MAX && p->tree_index == c->last_index) {
		check_say(c, 13, BAG_PROOFS, p->line, "", "entry %llu of the seal is there twice",
		    (ull)p->tree_index);
		return false;
	}
	tlog_leaf_hash(&hash, buf_span(&p->entry));
	if (p->tree_index < c->checkpoint.size && tlog_inclusion_check(&hash, p->tree_index,
	    c->checkpoint.size, &c->checkpoint.root, &p->inclusion, &why) == OK)
		return true;
	check_say(c, 14, BAG_PROOFS, p->line, "", "entry %llu of the seal does not lead to the "
	    "checkpoint: entry, proof or checkpoint is another one", (ull)p->tree_index);
	return false;
}

/* The leaf root by what the proof says of its rows, or by what the records give themselves. */
static bool
root_is(const struct leaf_view *view, const struct digest *row)
{
	struct digest root;

	return leaf_proof_root(&root, &view->proof, row) &&
	    memcmp(root.b, view->leaf.u.rows.root.b, DIGEST_BYTES) == 0;
}

/* Rule 15. */
static bool
root_holds(struct check *c, struct leaf_view *view)
{
	struct leaf_proof *p = &view->proof;
	struct digest *row = xcalloc((size_t)p->nrow + 1, sizeof *row);
	size_t at = view == &c->view[c->now] ? c->at : SIZE_MAX;
	bool holds;

	for (uint32_t i = 0; i < p->nrow; i++)
		row[i] = p->row[i].digest;
	holds = root_is(view, row);
	/* Only the digests in the text may be other ones: then the records say so. */
	for (uint32_t i = 0; !holds && at != SIZE_MAX && i < p->nrow; i++) {
		struct span octets = span_sub(c->records, at, p->row[i].length);

		leaf_view_digest(&row[i], c, view, &p->row[i], octets);
		at += (size_t)p->row[i].length + 1;
	}
	if (!holds && at != SIZE_MAX && root_is(view, row)) {
		holds = view->by_octets = true;
		for (uint32_t i = 0; i < p->nrow; i++) {
			if (memcmp(row[i].b, p->row[i].digest.b, DIGEST_BYTES) == 0)
				continue;
			check_say(c, 15, BAG_PROOFS, p->row[i].line, "", "the digest of record "
			    "%llu was changed here; the record itself is what was sealed",
			    (ull)p->row[i].seq);
			p->row[i].digest = row[i];
		}
	}
	if (!holds)
		check_say(c, 15, BAG_PROOFS, p->line, "", "the %u records of entry %llu do not "
		    "lead to what was sealed: a digest from line %llu on, beside them or in the "
		    "entry is another one", p->nrow, (ull)p->tree_index, (ull)p->line);
	free(row);
	return holds;
}

static void
sources_take(struct leaf_view *view)
{
	const struct leaf_proof *p = &view->proof;

	if (p->nsource > view->source_cap) {
		view->source_cap = p->nsource;
		view->source = xreallocarray(view->source, view->source_cap,
		    sizeof *view->source);
	}
	for (uint32_t i = 0; i < p->nsource; i++)
		source_digest(view->source[i],
		    &(struct source){ .code = leaf_proof_source(p, i) });
	if (p->nrow > view->state_cap) {
		view->state_cap = p->nrow;
		view->state = xreallocarray(view->state, view->state_cap, sizeof *view->state);
	}
}

bool
leaf_view_next(struct check *c, struct leaf_view *view)
{
	struct why why = { "" };
	enum err rc;

	view->there = view->readable = view->included = view->by_octets = false;
	if (view->arena == NULL)
		view->arena = arena_new(CHECK_ARENA);
	arena_reset(view->arena);
	rc = leaf_proof_get(&view->proof, &c->proofs, &c->proofs_line, &why);
	if (rc != OK) {
		if (rc != ERR_MORE)
			check_say(c, 12, BAG_PROOFS, 0, "", "%s; nothing behind it is looked at",
			    why.text);
		c->proofs = (struct span){ NULL, 0 };
		return false;
	}
	view->there = true;
	sources_take(view);
	view->readable = leaf_decode(&view->leaf, buf_span(&view->proof.entry), view->arena,
	    &why) == OK && view->leaf.type == LEAF_ROWS;
	if (!view->readable) {
		memset(&view->leaf, 0, sizeof view->leaf);
		check_say(c, 13, BAG_PROOFS, view->proof.line, "", "the entry is not that of any "
		    "records");
	}
	return true;
}

void
leaf_view_judge(struct check *c, struct leaf_view *view)
{
	view->included = view->readable && entry_holds(c, view);
	view->included = view->readable && inclusion_holds(c, view) && view->included;
	view->included = view->included && root_holds(c, view);
	c->last_index = view->proof.tree_index;
}
