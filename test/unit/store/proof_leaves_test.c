/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests store/proof_leaves.c on stores that a real keeper made: each row that is asked for comes
 * once, with a proof that holds under the checkpoint, and nothing comes that would not hold.
 */
#include "test/unit/store/proof_store.h"

#include "model/checkpoint.h"
#include "model/leafproof.h"

struct got {
	struct buf note;
	struct note_key key;
	struct checkpoint checkpoint;
	uint64_t last_seq[STREAM_END];
	struct arena *arena;
	struct buf raw[64];		/* of the leaf being shown */
	uint32_t nraw;
	uint64_t rows, leaves, before;
	uint64_t stop_at;		/* record; 0: never */
};

static bool
on_record(void *ctx, struct span octets)
{
	struct got *g = ctx;

	if (++g->rows == g->stop_at)
		return false;
	must(g->nraw < 64);
	g->raw[g->nraw].n = 0;
	buf_span_put(&g->raw[g->nraw++], octets);
	return true;
}

static bool
on_leaf(void *ctx, const struct leaf_proof *p)
{
	struct got *g = ctx;
	struct digest row[64], root, hash;
	struct leaf leaf;

	arena_reset(g->arena);
	check_int(leaf_decode(&leaf, buf_span(&p->entry), g->arena, NULL), OK);
	check_int(p->nrow, g->nraw);
	for (uint32_t i = 0; i < p->nrow && i < g->nraw; i++) {
		const struct leaf_proof_row *r = &p->row[i];
		struct source source = { .code = leaf_proof_source(p, r->source) };
		uint8_t from[SOURCE_DIGEST_BYTES];

		source_digest(from, &source);
		row_digest(&row[i], r->salt, leaf.stream, leaf.class, r->flags, leaf.epoch, r->seq,
		    r->recv_ns, from, buf_span(&g->raw[i]));
		check(memcmp(row[i].b, r->digest.b, DIGEST_BYTES) == 0);
		check_int(r->length, g->raw[i].n);
		check(r->seq > g->before);
		g->before = r->seq;
	}
	check(leaf_proof_root(&root, p, row));
	check(memcmp(root.b, leaf.u.rows.root.b, DIGEST_BYTES) == 0);
	tlog_leaf_hash(&hash, buf_span(&p->entry));
	check_int(tlog_inclusion_check(&hash, p->tree_index, g->checkpoint.size,
	    &g->checkpoint.root, &p->inclusion, NULL), OK);
	g->nraw = 0;
	g->leaves++;
	return true;
}

static void
got_open(struct got *g, const struct place *p)
{
	struct note note;

	*g = (struct got){ .arena = arena_new(1 << 20) };
	check_int(proof_note(p->fd, &g->note, &g->key, g->last_seq, NULL), OK);
	check_int(note_parse(&note, buf_span(&g->note), NULL), OK);
	check_int(note_check(&note, &g->key, NULL, NULL), OK);
	check_int(checkpoint_get(&g->checkpoint, note.text, NULL), OK);
}

static void
got_close(struct got *g)
{
	for (unsigned i = 0; i < 64; i++)
		buf_done(&g->raw[i]);
	buf_done(&g->note);
	arena_free(&g->arena);
}

static enum err
ask(struct got *g, const struct place *p, uint8_t stream, const uint64_t *seq, size_t n)
{
	const struct proof_many many = { .stream = stream, .seq = seq, .n = n,
	    .record = on_record, .leaf = on_leaf, .ctx = g };

	g->before = 0;
	return proof_leaves(p->fd, NULL, buf_span(&g->note), &many, NULL);
}

static void
rows_come_once_with_proofs_that_hold(void)
{
	for (int encrypted = 0; encrypted < 2; encrypted++) {
		struct place p;

		place_fill(&p, encrypted ? KEY_MAKE_ENCRYPTED : KEY_MAKE_PLAIN);
		for (uint64_t step = 1; step <= 49; step += 3) {
			uint64_t seq[49];
			struct got g;
			size_t n = 0;

			for (uint64_t s = 1; s <= 49; s += step)
				seq[n++] = s;
			got_open(&g, &p);
			check_int(ask(&g, &p, STREAM_RAW, seq, n), OK);
			check_int(g.rows, n);
			check(g.leaves >= 1 && g.leaves <= n);
			got_close(&g);
		}
		place_remove(&p);
	}
}

static void
rows_that_are_nowhere_are_not_proven(void)
{
	const uint64_t beyond[] = { 3, 100000 }, six = 6;
	struct place p;
	struct got g;

	place_fill(&p, KEY_MAKE_PLAIN);
	got_open(&g, &p);
	check_int(ask(&g, &p, STREAM_RAW, beyond, 2), ERR_ABSENT);
	got_close(&g);
	got_open(&g, &p);
	check_int(ask(&g, &p, STREAM_LEDGER, &six, 1), ERR_ABSENT);
	check_int(g.rows, 0);
	got_close(&g);
	place_remove(&p);
}

static void
who_asks_can_stop_it(void)
{
	const uint64_t seq[] = { 1, 2, 3 };
	struct place p;
	struct got g;

	place_fill(&p, KEY_MAKE_PLAIN);
	got_open(&g, &p);
	g.stop_at = 2;
	check_int(ask(&g, &p, STREAM_RAW, seq, 3), ERR_BUSY);
	check_int(g.rows, 2);
	got_close(&g);
	place_remove(&p);
}

static void
an_entry_that_was_forged_is_not_handed_out(void)
{
	uint64_t seq[49];
	struct files files;
	struct place p;
	struct got g;
	const char *name;

	place_fill(&p, KEY_MAKE_PLAIN);
	for (uint64_t i = 0; i < 49; i++)
		seq[i] = i + 1;
	files_list(&p, &files);
	name = files_find(&files, "seal/tile/entries/", "");
	must(name != NULL);
	file_poke(&p, name, 300, 1);
	got_open(&g, &p);
	check(ask(&g, &p, STREAM_RAW, seq, 49) != OK);
	got_close(&g);
	place_remove(&p);
}

static void
a_tree_is_shown_to_go_on_from_each_size(void)
{
	struct tlog_proof proof;
	struct place p;
	struct got g;

	place_fill(&p, KEY_MAKE_PLAIN);
	got_open(&g, &p);
	check(g.last_seq[STREAM_RAW] >= 49);
	for (uint64_t size = 0; size <= g.checkpoint.size; size++)
		check_int(proof_consistency(p.fd, buf_span(&g.note), size, &proof, NULL), OK);
	check_int(proof_consistency(p.fd, buf_span(&g.note), g.checkpoint.size + 1, &proof, NULL),
	    ERR_PROOF);
	got_close(&g);
	place_remove(&p);
}

int
main(void)
{
	run(rows_come_once_with_proofs_that_hold);
	run(rows_that_are_nowhere_are_not_proven);
	run(who_asks_can_stop_it);
	run(an_entry_that_was_forged_is_not_handed_out);
	run(a_tree_is_shown_to_go_on_from_each_size);
	return check_done();
}
