/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this store what was sealed? The front door of verification: doc/formats/seal.md section 6,
 * whose rule numbers the findings carry. Nothing here writes into the store. It may run while the
 * keeper runs.
 */
#ifndef STORE_PROOF_H
#define STORE_PROOF_H

#include "base/buf.h"
#include "base/err.h"
#include "model/note.h"

/* What is wrong; the order is that of section 6. */
enum proof_kind {
	PROOF_CHECKPOINT,	/* missing, damaged, not signed by a trusted key */
	PROOF_KEY,		/* the chain of KEY leaves, the key directory */
	PROOF_TREE,		/* tiles, bundles, root */
	PROOF_LEAF,		/* an entry that is not valid, or says what cannot be */
	PROOF_EPOCH,		/* a life of the store that does not go on from the one before */
	PROOF_CLOCK,		/* the keeper's clock went back */
	PROOF_GAP,		/* sequence numbers that no leaf holds, or two do */
	PROOF_LOSS,		/* numbers that were lost when a life of the store ended badly */
	PROOF_MISSING,		/* sealed rows that are nowhere */
	PROOF_DOUBLE,		/* sealed rows that are in two segments */
	PROOF_ROW,		/* rows whose octets or stamps are not those that were sealed */
	PROOF_DROP,		/* rows gone by a rule that does not cover it, or by order */
	PROOF_SEGMENT,		/* a segment file that is missing, damaged or belongs to nobody */
	PROOF_MANIFEST,		/* the manifest, or what it says of a segment */
	PROOF_JOURNAL,		/* a journal file */
	PROOF_ROLLBACK,		/* an anchor from outside does not fit */
	PROOF_HOLD,		/* a legal hold began or ended */
	PROOF_KIND_END
};

enum proof_grade {
	PROOF_NOTE,		/* worth knowing; the store is whole */
	PROOF_WARN,		/* a person has to look; explained by an accident or by order */
	PROOF_BAD,		/* not what was sealed */
	PROOF_GRADE_END
};

enum { PROOF_NO_STREAM = 255 };

struct proof_finding {
	enum proof_kind kind;
	enum proof_grade grade;
	uint8_t rule;			/* of section 6 */
	uint8_t stream;			/* enum store_stream, PROOF_NO_STREAM */
	uint64_t first_seq, last_seq;	/* 0: not known */
	const char *file;		/* below the store, or "" */
	uint64_t offset;		/* in that file; UINT64_MAX: not known */
	int64_t since_ns;		/* when that which is wrong now was sealed; 0: not known */
	const char *text;		/* a sentence without full stop */
};

/* Called by one thread at a time. */
typedef void proof_finding_fn(void *ctx, const struct proof_finding *finding);
/* Now and then; false: stop, proof_verify gives ERR_BUSY. */
typedef bool proof_progress_fn(void *ctx, uint64_t done_bytes, uint64_t all_bytes);

struct proof_options {
	const struct note_key *trusted;	/* ntrusted keys from outside; 0: the store's own */
	size_t ntrusted;
	struct span against;		/* signed checkpoint or text with anchor lines */
	const uint8_t *store_key;	/* 32 octets; NULL: key/store.key, when it can be read */
	int64_t since_ns;		/* only rows sealed at or after it; 0: all */
	int state_dirfd;		/* with state_name: what an earlier run found whole */
	const char *state_name;		/* is not read again; NULL: no such file */
	unsigned threads;		/* 0: as many as there are processors */
	proof_finding_fn *finding;
	proof_progress_fn *progress;	/* may be NULL */
	void *ctx;
};

struct proof_result {
	char origin[NOTE_NAME_BYTES];
	char code[20];			/* short form of the checkpoint, model/checkpoint.h */
	uint64_t entries;		/* of the tree */
	uint64_t leaves, segments, rows;	/* of those looked at: rows digested again, once */
	uint64_t journal_rows;		/* of them: in the journal and no segment */
	uint64_t skipped_segments;	/* not looked at: since_ns, state */
	uint64_t unsealed_rows;		/* received after the checkpoint */
	uint64_t bytes;			/* of files read */
	uint64_t raw_bytes;		/* of the records in them */
	int64_t first_ns, last_ns;	/* times of the first entry and the last heartbeat */
	uint64_t anchors;		/* that fit */
	int64_t anchor_ns;		/* the newest of them; 0: none */
	bool trusted;			/* signed by a key that was given */
	uint64_t count[PROOF_GRADE_END];
};

/*
 * Verifies the store in dirfd. OK: it was looked at, what is wrong went to options->finding and is
 * counted. ERR_ABSENT: no store there; ERR_DENIED: encrypted, and the key is missing or another
 * one; ERR_BUSY: stopped; ERR_FORMAT: `against` holds no anchor; ERR_IO.
 */
enum err	proof_verify(int dirfd, const struct proof_options *options,
		    struct proof_result *ret_result, struct why *why);

/*
 * Appends the proof of one row (seal.md section 7; model/rowproof.h reads and checks it). store_key
 * may be NULL. ERR_ABSENT: no such row, or gone; ERR_BUSY: it is not in a signed segment yet;
 * ERR_PROOF: the row is not what was sealed.
 */
enum err	proof_row(int dirfd, const uint8_t *store_key, uint8_t stream, uint64_t seq,
		    struct buf *out, struct why *why);
/*
 * Checks such a text without any store. OK: it holds; ret_text gets what it proves in words.
 */
enum err	proof_row_check(struct span text, const struct note_key *keys, size_t nkeys,
		    struct buf *ret_text, struct why *why);

/*
 * Proofs for many rows, leaf by leaf: for evidence packages (doc/formats/evidence.md). First
 * proof_note; what it gives is what all proofs lead to.
 */
struct leaf_proof;

struct proof_many {
	uint8_t stream;
	const uint64_t *seq;		/* n numbers, ascending, each once */
	size_t n;
	/* The exact octets of one row; then, after the last of a leaf, their proof. False: stop. */
	bool (*record)(void *ctx, struct span octets);
	bool (*leaf)(void *ctx, const struct leaf_proof *proof);
	void *ctx;
};

/*
 * Appends the signed checkpoint and the verifier key of who signed it; last_seq: per stream, all
 * rows up to it are under the checkpoint. ERR_ABSENT: nothing was signed yet.
 */
enum err	proof_note(int dirfd, struct buf *note, struct note_key *ret_key,
		    uint64_t last_seq[], struct why *why);
/*
 * The KEY leaves of the note's tree, to each. Reads all entries when a key was ever replaced, else
 * nothing.
 */
struct leaf_key;
enum err	proof_keys(int dirfd, struct span note,
		    void (*each)(void *ctx, const struct leaf_key *key), void *ctx,
		    struct why *why);
/*
 * What leads from the tree's first `size` entries to the note's tree; ERR_PROOF: it has fewer.
 */
struct tlog_proof;
enum err	proof_consistency(int dirfd, struct span note, uint64_t size,
		    struct tlog_proof *ret_proof, struct why *why);
/*
 * note: of proof_note. Segment by segment, with the memory of one. store_key may be NULL.
 * ERR_ABSENT: some row is nowhere or not in a segment; ERR_PROOF: a row is not what was sealed;
 * ERR_BUSY: stopped by a callback.
 */
enum err	proof_leaves(int dirfd, const uint8_t *store_key, struct span note,
		    const struct proof_many *many, struct why *why);

/* "checkpoint", "key", ... and "note", "warning", "bad": for --json. Never NULL. */
const char	*proof_kind_name(unsigned kind);
const char	*proof_grade_name(unsigned grade);

#endif
