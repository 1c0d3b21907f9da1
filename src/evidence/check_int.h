/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the check of a package:
 *
 *	check.c		archive, manifests, key, checkpoint; the order of things
 *	check_leaf.c	one leaf's proof: entry, inclusion, root
 *	check_rows.c	data/records.log and data/records.ndjson beside the proofs
 */
#ifndef EVIDENCE_CHECK_INT_H
#define EVIDENCE_CHECK_INT_H

#include "model/checkpoint.h"
#include "model/leafproof.h"
#include "evidence/check.h"

enum {
	CHECK_ARENA = 4 << 20,		/* of one entry */
	CHECK_NAME_BYTES = 48,
	CHECK_RESYNC_MAX = 4096,	/* looks for where a line goes on; then only by length */
	CHECK_FIELDS_MAX = 100		/* findings about data/records.ndjson */
};

/* A leaf's proof and what it is worth. */
struct leaf_view {
	bool there;
	bool readable;			/* the entry is a ROWS leaf */
	bool included;			/* rules 13 to 15 hold */
	bool by_octets;			/* rule 15 holds by the records' own digests only */
	struct leaf_proof proof;
	struct leaf leaf;
	struct arena *arena;		/* of the leaf */
	uint8_t (*source)[SOURCE_DIGEST_BYTES];
	uint32_t source_cap;
	enum evidence_state *state;	/* per row */
	uint32_t state_cap;
};

struct check {
	const struct archive *archive;
	const struct evidence_watch *watch;
	struct evidence_result *result;
	const struct note_key *key;
	const struct evidence_trust *trust;
	struct checkpoint checkpoint;
	bool signed_well;		/* rules 7 and 8 */
	/* data/proofs.txt */
	struct span proofs;
	uint64_t proofs_line;
	struct leaf_view view[2];	/* the one being looked at, and the next */
	unsigned now;
	uint64_t last_index;		/* of the leaf before; UINT64_MAX: none */
	/* data/records.log */
	struct span records;
	size_t at;
	uint64_t line;			/* of records[at] */
	unsigned resyncs;
	size_t swapped;			/* octets of the row before, which changed places */
	/* data/records.ndjson */
	struct span fields;
	uint64_t fields_line;
	unsigned fields_findings;
	/* numbers of proven rows */
	uint64_t *seq;
	size_t nseq, seq_cap;
	uint64_t done_bytes, all_bytes;
	bool stopped;
};

__attribute__((format(printf, 6, 7)))
void	check_say(struct check *c, uint8_t rule, enum bag_file file, uint64_t line,
	    const char *record, const char *format, ...);
/* So many octets were dealt with. */
void	check_step(struct check *c, uint64_t bytes);
/* "raw:1:40231"; the epoch is 0 when the entry cannot be read. */
void	check_name(char ret[CHECK_NAME_BYTES], const struct check *c,
	    const struct leaf_view *view, uint64_t seq);

/* ---- check_leaf.c ---- */

/* Reads the next proof into view; false: there is none, or it cannot be read (which was said). */
bool	leaf_view_next(struct check *c, struct leaf_view *view);
void	leaf_view_done(struct leaf_view *view);
/* Sets included. The view is the present one. */
void	leaf_view_judge(struct check *c, struct leaf_view *view);
/* The digest that the row has with these octets. */
void	leaf_view_digest(struct digest *ret, const struct check *c, const struct leaf_view *view,
	    const struct leaf_proof_row *row, struct span octets);

/* ---- check_rows.c ---- */

/* Judges the rows of the present view. */
void	check_rows(struct check *c);
/* What is left of records and fields behind the last row. */
void	check_rest(struct check *c);

#endif
