/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small package for tests, with a tree of its own: two leaves of two frames each, of which some
 * rows are shown. The records are "record N" and, one of them, have a line feed inside.
 */
#ifndef TEST_EVIDENCE_MAKE_H
#define TEST_EVIDENCE_MAKE_H

#include <stdlib.h>

#include "base/must.h"
#include "model/checkpoint.h"
#include "model/leafproof.h"
#include "evidence/archive.h"

enum { MADE_ROWS = 20, MADE_FRAMES = 2, MADE_LEAVES = 2, MADE_ENTRIES = 5 };

#define MADE_ORIGIN	"trucban/000102030405060708090a0b0c0d0e0f"

struct made {
	struct buf file[BAG_END];
	struct buf zip, tar;
	struct note_key key;
	struct digest entry_hash[MADE_ENTRIES];
};

static inline void
made_record(struct buf *out, uint64_t seq)
{
	out->n = 0;
	buf_printf(out, seq == 4 ? "record %llu\nof two lines" : "record %llu",
	    (unsigned long long)seq);
}

/* Every third row, and all of the second leaf's first frame. */
static inline bool
made_shown(unsigned leaf, unsigned frame, uint64_t seq)
{
	return seq % 3 == 1 || (leaf == 1 && frame == 0);
}

static inline struct span
made_source(void)
{
	static struct buf code;

	if (code.n == 0)
		source_encode(&code, &(struct source){ .listener = SPAN("tcp"),
		    .host = SPAN("web01") });
	return buf_span(&code);
}

/* One frame: its digest; its shown rows go to proof, their octets to the package. */
static inline void
made_frame(struct made *m, struct leaf_proof *proof, unsigned leaf, unsigned f,
    struct digest *ret_digest)
{
	uint64_t first = 1 + (leaf * MADE_FRAMES + f) * MADE_ROWS;
	uint8_t seed[SEED_BYTES] = { 7 }, salt[MADE_ROWS * SALT_BYTES];
	uint8_t from[SOURCE_DIGEST_BYTES];
	struct digest d[MADE_ROWS];
	uint32_t at[MADE_ROWS], n = 0;
	struct leaf_proof_frame *frame;
	struct buf raw = { 0 };
	size_t before = proof->beside.n;

	source_digest(from, &(struct source){ .code = made_source() });
	salts(salt, MADE_ROWS, seed, first);
	for (uint32_t i = 0; i < MADE_ROWS; i++) {
		struct leaf_proof_row *row;

		made_record(&raw, first + i);
		row_digest(&d[i], salt + i * SALT_BYTES, STREAM_RAW, 0, 0, 1, first + i,
		    (int64_t)(1000 + i), from, buf_span(&raw));
		if (!made_shown(leaf, f, first + i))
			continue;
		at[n++] = i;
		row = leaf_proof_row_add(proof);
		row->seq = first + i;
		row->recv_ns = (int64_t)(1000 + i);
		row->length = (uint32_t)raw.n;
		memcpy(row->salt, salt + i * SALT_BYTES, SALT_BYTES);
		row->digest = d[i];
		buf_span_put(&m->file[BAG_RECORDS], buf_span(&raw));
		buf_u8(&m->file[BAG_RECORDS], '\n');
		buf_printf(&m->file[BAG_FIELDS], "{\"_msg\":\"x\",\"_seq\":\"raw:1:%llu\"}\n",
		    (unsigned long long)row->seq);
	}
	frame = leaf_proof_frame_add(proof);
	*frame = (struct leaf_proof_frame){ .first_seq = first, .index = f, .rows = MADE_ROWS,
	    .nrow = n };
	tree_paths_make(&proof->beside, ret_digest, d, MADE_ROWS, at, n);
	frame->nbeside = (uint32_t)((proof->beside.n - before) / DIGEST_BYTES);
	buf_done(&raw);
}

static inline void
made_leaf(struct made *m, struct leaf_proof *proof, unsigned leaf)
{
	struct digest frame[MADE_FRAMES];
	uint32_t at[MADE_FRAMES] = { 0, 1 };
	uint64_t first = 1 + leaf * MADE_FRAMES * MADE_ROWS;
	struct leaf entry = { .type = LEAF_ROWS, .epoch = 1, .time_ns = 2000 };

	(void)leaf_proof_source_add(proof, made_source());
	for (unsigned f = 0; f < MADE_FRAMES; f++)
		made_frame(m, proof, leaf, f, &frame[f]);
	entry.u.rows = (struct leaf_rows){ .first_seq = first, .frames = MADE_FRAMES,
	    .last_seq = first + MADE_FRAMES * MADE_ROWS - 1, .rows = MADE_FRAMES * MADE_ROWS,
	    .segment = 1 };
	proof->frames = MADE_FRAMES;
	tree_paths_make(&proof->above, &entry.u.rows.root, frame, MADE_FRAMES, at, MADE_FRAMES);
	leaf_encode(&proof->entry, &entry);
	proof->tree_index = 1 + 2 * leaf;
	tlog_leaf_hash(&m->entry_hash[proof->tree_index], buf_span(&proof->entry));
}

static inline enum err
made_tile(void *ctx, unsigned level, uint64_t index, unsigned width, const struct digest **ret,
    struct why *why)
{
	(void)why;
	must(level == 0 && index == 0 && width <= MADE_ENTRIES);
	*ret = ctx;
	return OK;
}

static inline void
made_seal(struct made *m, const struct tlog_reader *reader)
{
	static const uint8_t seed[32] = { 1 };
	struct checkpoint checkpoint = { .origin = SPAN(MADE_ORIGIN), .size = MADE_ENTRIES };
	struct buf text = { 0 };

	must(tlog_root(reader, MADE_ENTRIES, &checkpoint.root, NULL) == OK);
	checkpoint_put(&text, &checkpoint);
	note_sign(&m->file[BAG_CHECKPOINT], buf_span(&text), MADE_ORIGIN, seed);
	note_key_of_seed(&m->key, MADE_ORIGIN, seed);
	note_key_put(&m->file[BAG_VKEY], &m->key);
	buf_u8(&m->file[BAG_VKEY], '\n');
	bag_pem_put(&m->file[BAG_PEM], &m->key);
	must(bag_signed_put(&m->file[BAG_SIGNED], &m->file[BAG_SIGNATURE],
	    buf_span(&m->file[BAG_CHECKPOINT]), &m->key, NULL) == OK);
	buf_done(&text);
}

/* The manifests of what is in file[] now. */
static inline void
made_manifests(struct made *m, struct sums sums[BAG_END])
{
	for (unsigned i = 0; i < BAG_END; i++) {
		struct summing *summing = summing_new();

		if (i == BAG_SHA256 || i == BAG_BLAKE2B || i == BAG_TAGS) {
			m->file[i].n = 0;
			bag_manifest_put(&m->file[i], (enum bag_file)i, sums);
		}
		summing_add(summing, buf_span(&m->file[i]));
		summing_end(&summing, &sums[i]);
	}
}

/* And both archives. */
static inline void
made_pack(struct made *m)
{
	struct sums sums[BAG_END] = { 0 };

	made_manifests(m, sums);
	for (int kind = ARCHIVE_ZIP; kind <= ARCHIVE_TAR; kind++) {
		struct buf *out = kind == ARCHIVE_ZIP ? &m->zip : &m->tar;
		struct archive_member member[BAG_END];
		uint32_t stamp = archive_stamp((enum archive_kind)kind, 1795420800000000000);

		out->n = 0;
		for (unsigned i = 0; i < BAG_END; i++) {
			member[i] = (struct archive_member){ .name = bag_name(i),
			    .size = m->file[i].n, .offset = out->n, .crc = sums[i].crc };
			archive_head_put(out, (enum archive_kind)kind, "bag", &member[i], stamp);
			buf_span_put(out, buf_span(&m->file[i]));
			archive_pad_put(out, (enum archive_kind)kind, m->file[i].n);
		}
		archive_end_put(out, (enum archive_kind)kind, "bag", member, BAG_END, stamp,
		    out->n);
	}
}

static inline void
made_new(struct made *m)
{
	struct leaf_proof proof[MADE_LEAVES] = { 0 };
	struct tlog_reader reader = { made_tile, m->entry_hash, MADE_ENTRIES };
	struct bag_claim claim = { 0 };

	*m = (struct made){ 0 };
	for (unsigned i = 0; i < MADE_ENTRIES; i++)
		tlog_leaf_hash(&m->entry_hash[i], SPAN("another"));
	for (unsigned i = 0; i < MADE_LEAVES; i++) {
		made_leaf(m, &proof[i], i);
		claim.records += proof[i].nrow;
	}
	bag_claim_put(&m->file[BAG_PROOFS], &claim);
	for (unsigned i = 0; i < MADE_LEAVES; i++) {
		must(tlog_inclusion(&reader, proof[i].tree_index, MADE_ENTRIES,
		    &proof[i].inclusion, NULL) == OK);
		leaf_proof_put(&m->file[BAG_PROOFS], &proof[i]);
		leaf_proof_done(&proof[i]);
	}
	bag_bagit_put(&m->file[BAG_BAGIT]);
	for (unsigned i = 0; i < BAG_END; i++)
		if (i == BAG_EXPORT || i == BAG_INFO || i == BAG_PAGE || i == BAG_CUSTODY)
			buf_printf(&m->file[i], "text of %s\n", bag_name(i));
	made_seal(m, &reader);
	made_pack(m);
}

static inline void
made_done(struct made *m)
{
	for (unsigned i = 0; i < BAG_END; i++)
		buf_done(&m->file[i]);
	buf_done(&m->zip);
	buf_done(&m->tar);
}

#endif
