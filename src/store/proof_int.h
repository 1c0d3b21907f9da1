/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of proof: what its files share while one store is verified.
 *
 *	proof.c		  the order of things; keys, checkpoint, anchors
 *	proof_tree.c	  bundles and tiles against the root; entries once more, later
 *	proof_leaf.c	  what the entries say, one after the other (struct proof_stand)
 *	proof_pin.c	  legal holds, and what went in spite of one
 *	proof_rows.c	  the rows of one leaf against its entry
 *	proof_segment.c	  rows of segments, by several threads
 *	proof_journal.c	  rows of the journal, its chain
 *	proof_state.c	  what an earlier run found
 *	proof_row.c	  one row for people without a store
 *	proof_leaves.c	  many rows for an evidence package
 */
#ifndef STORE_PROOF_INT_H
#define STORE_PROOF_INT_H

#include "model/blake.h"
#include "model/checkpoint.h"
#include "model/leaf.h"
#include "model/tlog.h"
#include "sys/thread.h"
#include "store/cold_int.h"
#include "store/key.h"
#include "store/manifest.h"
#include "store/proof.h"
#include "store/tiles.h"

enum {
	PROOF_KEYS_MAX = 64,		/* seal keys of one store; a year has one */
	PROOF_EPOCHS_MAX = 4096,	/* lives whose last known root is looked at */
	PROOF_ARENA = 8 << 20,
	PROOF_PATH_BYTES = COLD_FILE
};

/* One bit per entry of the tree. */
struct bits {
	uint64_t *word;
	uint64_t n;			/* bits there is room for */
};

struct proof_epoch {
	uint64_t index;
	uint64_t size;
	struct digest root;
	int64_t time_ns;
};

/* What must be known to judge the next entry: plain values, kept between runs. */
struct proof_stand {
	uint64_t entries;		/* looked at */
	uint32_t epoch;
	bool epoch_broke;		/* an EPOCH since the last heartbeat */
	bool hole;			/* a damaged entry since the last heartbeat */
	bool beat;			/* there was a heartbeat */
	int64_t time_ns;		/* of the last entry */
	int64_t beat_ns;		/* of the last heartbeat */
	int64_t first_ns;
	struct {
		uint64_t beat_last, beat_rows;	/* as the last heartbeat says */
		uint64_t rows;			/* in ROWS leaves since */
		uint64_t first, last;		/* their numbers; 0: none */
		int64_t since_ns;		/* of the first of them */
	} stream[STREAM_END];
	bool has_days[LIMIT_CLASSES];
	uint64_t days[LIMIT_CLASSES];
	unsigned nhold;			/* legal holds in force */
	struct pin hold[LIMIT_HOLDS];
	struct digest journal;		/* chain head of the last heartbeat, */
	uint64_t beat_index;		/* and its index */
	uint64_t key_index;		/* of the last KEY leaf; UINT64_MAX: none */
	unsigned nkey;
	struct note_key key[PROOF_KEYS_MAX];	/* in order; [nkey - 1] is the newest */
};

/* By which a file is known again. */
struct proof_facts {
	uint64_t size, inode;
	int64_t mtime_ns, ctime_ns;
};

/* A segment that was looked at. */
struct proof_seen {
	uint64_t id;
	struct proof_facts file[2];	/* sealed and derived part */
	uint64_t leaves;		/* hash of the manifest's list of its entries */
};

/* A frame's numbers, for finding two that overlap. */
struct proof_run {
	uint64_t first;
	uint32_t rows;
	uint8_t stream;
};

/* Sealed rows that the journal has, whole: counted when no segment has them. */
struct proof_held {
	uint64_t index;			/* of their entry */
	uint32_t rows;
};

/* What was said of the manifest, which is read more than once. */
enum proof_said {
	SAID_UNREADABLE = 1 << 0,
	SAID_DAMAGED = 1 << 1,
	SAID_OTHER_STORE = 1 << 2,
	SAID_TAIL = 1 << 3,
};

struct proof {
	const struct proof_options *options;
	struct proof_result result;
	int dirfd;
	struct keys keys;
	bool has_keys;
	const uint8_t *store_key;	/* options', own_key, or NULL */
	uint8_t own_key[KEY_BYTES];
	struct tiles *tiles;
	struct buf note_text;
	struct checkpoint checkpoint;	/* borrows from note_text */
	struct note note;		/* the same */
	struct tlog_edge edge;		/* of the entries as read */
	struct digest *bundle_root;	/* per bundle: root of its entries, as read */
	size_t nbundle, bundle_cap;
	struct bits rows, gone, found;	/* ROWS leaves; dropped; in a segment or the journal */
	struct bits segment;		/* found in a segment */
	struct proof_stand stand;
	struct proof_epoch *epoch;
	size_t nepoch;
	struct arena *arena;		/* of one entry */
	struct manifest *manifest;
	unsigned said;			/* enum proof_said */
	struct proof_run *run;
	size_t nrun, run_cap;
	struct proof_held *held;
	size_t nheld, held_cap;
	struct proof_seen *known;	/* by an earlier run, ordered by id */
	size_t nknown;
	struct proof_seen *seen;	/* by this one, or known still */
	size_t nseen, seen_cap;
	struct {
		uint64_t file;		/* the journal's last file; 0: none */
		uint64_t offset;	/* where its last frame ends */
		uint32_t number;	/* that the next frame will have */
	} tail;
	uint64_t done_bytes, all_bytes;
	bool stopped;
	struct lock lock;		/* result, findings, progress, run: while threads work */
};

/* ---- proof.c ---- */

/* A finding that has only the parts given; text as printf. */
struct proof_place {
	uint8_t rule;
	uint8_t stream;			/* with first_seq */
	bool has_offset;
	uint64_t first_seq, last_seq;	/* 0: none */
	const char *file;		/* NULL: none */
	uint64_t offset;
	int64_t since_ns;
};

#define PROOF_PLACE(...)	(&(struct proof_place){ .rule = __VA_ARGS__ })
#define PROOF_AT(n)		.has_offset = true, .offset = (n)

__attribute__((format(printf, 5, 6)))
void		proof_say(struct proof *p, enum proof_kind kind, enum proof_grade grade,
		    const struct proof_place *place, const char *format, ...);
/* So many octets were dealt with; false: stop. */
bool		proof_step(struct proof *p, uint64_t bytes);

static inline bool
bits_get(const struct bits *bits, uint64_t i)
{
	return i < bits->n &&
	    (__atomic_load_n(&bits->word[i / 64], __ATOMIC_RELAXED) >> i % 64 & 1) != 0;
}

/* True when it was set before. i < n. */
static inline bool
bits_set(struct bits *bits, uint64_t i)
{
	uint64_t mask = UINT64_C(1) << i % 64;

	return (__atomic_fetch_or(&bits->word[i / 64], mask, __ATOMIC_RELAXED) & mask) != 0;
}

void		bits_grow(struct bits *bits, uint64_t n);
void		bits_done(struct bits *bits);

/* ---- proof_tree.c ---- */

/* Reads all entries from stand.entries to the checkpoint's size and judges them. */
enum err	proof_tree(struct proof *p, struct why *why);

/* Reads entries once more; what is not what proof_tree read is refused. One per thread. */
struct leaf_reader {
	const struct proof *proof;
	struct tiles *tiles;
	struct bundle *bundle;
	uint64_t index;			/* of the bundle; UINT64_MAX: none */
	struct arena *arena;
};

enum err	leaf_reader_open(struct leaf_reader *reader, const struct proof *p,
		    struct why *why);
void		leaf_reader_close(struct leaf_reader *reader);
/* The leaf borrows from the reader until its next call. */
enum err	leaf_reader_get(struct leaf_reader *reader, uint64_t index, struct leaf *ret_leaf,
		    struct why *why);
/* Is this the entry of the tree? True too when the tree's own is damaged: that was said. */
bool		leaf_reader_same(struct leaf_reader *reader, uint64_t index, struct span entry);

/* ---- proof_leaf.c ---- */

/* Judges entry number stand.entries and counts it. earlier: for entries that a DROP names. */
void		proof_leaf(struct proof *p, struct span entry, struct leaf_reader *earlier);
/* Counts it without having seen it: it is damaged, and that was said. */
void		proof_leaf_skip(struct proof *p);
/* Behind the last entry: the roots that EPOCH leaves name. */
void		proof_epochs(struct proof *p);
/* ROWS leaves that are nowhere. */
void		proof_missing(struct proof *p);

/* ---- proof_pin.c ---- */

/* A HOLD leaf. */
void		proof_hold(struct proof *p, const struct leaf *leaf);
/*
 * A DROP leaf: did rows go that a hold covers? oldest_ns: no leaf that it names was cut before.
 */
void		proof_hold_drop(struct proof *p, const struct leaf *leaf, int64_t oldest_ns);
/* Does the manifest know of the holds that the tree has in force? */
void		proof_hold_manifest(struct proof *p);
void		proof_hold_stand_put(struct buf *out, const struct proof_stand *stand);
void		proof_hold_stand_get(struct cur *in, struct proof_stand *stand);

/* ---- proof_rows.c ---- */

/* Rows of a segment being digested again. One per thread. */
struct redigest {
	struct digest *row;		/* of the last frame */
	uint8_t *salt;			/* the same */
	struct row_many *many;
	struct buf raw;			/* of its last row */
	uint64_t raw_bytes;		/* of all rows so far */
	uint8_t (*source)[SOURCE_DIGEST_BYTES];
	/* the segment's own, after redigest_load */
	const uint16_t *source_index;
	const uint8_t *flags;
	const int64_t *recv;
	const uint64_t *seq;
};

void		redigest_init(struct redigest *r);
void		redigest_done(struct redigest *r);
/* Decodes all of the segment that goes into the digests of its rows. */
enum err	redigest_load(struct redigest *r, struct segment *segment, struct why *why);
/* The frame's rows stand from row number `at` of the segment on. */
enum err	redigest_frame(struct redigest *r, struct segment *segment,
		    const struct segment_leaf *leaf, const struct segment_frame *frame,
		    uint32_t at, struct why *why);

/*
 * The rows of one leaf being digested again, frame by frame: shared by segments and journal.
 */
struct leaf_sum {
	struct locator locator;
	struct digest *frame;		/* heap */
	uint32_t nframe, cap;
	uint32_t rows;
	uint64_t first_seq, last_seq;
};

void		leaf_sum_frame(struct leaf_sum *sum, const struct digest *row, uint32_t nrow,
		    uint64_t first_seq, struct digest *ret_frame);
/*
 * Compares with the entry; says what differs, naming rows by seq[] (number of the i-th row of the
 * leaf). True when all is well.
 */
bool		leaf_sum_check(struct proof *p, struct leaf_sum *sum, const struct leaf *leaf,
		    uint64_t index, const uint64_t *seq, const char *file);
void		leaf_sum_reset(struct leaf_sum *sum);
void		leaf_sum_done(struct leaf_sum *sum);

/* Frames of leaves that are in segments; then: do any two hold the same numbers? */
void		proof_runs_add(struct proof *p, uint8_t stream, const struct segment_frame *frame,
		    uint32_t n);
void		proof_runs(struct proof *p);

/* ---- proof_segment.c ---- */

enum err	proof_segments(struct proof *p, struct why *why);
/* Is there any file that names our store key, or none that names one at all? */
bool		proof_key_fits(struct proof *p);
/* Not looked at: the entries that the manifest names for it are taken as found. */
void		proof_segment_found(struct proof *p, size_t index);

/* ---- proof_state.c ---- */

/* Takes up what an earlier run left, when options name it and it fits this store. */
void		proof_state_load(struct proof *p);
/* Leaves what this run found; nothing when something was bad. */
enum err	proof_state_save(struct proof *p, struct why *why);
/* Is segment `index` as an earlier run saw it? ret_now: its facts, for proof_seen_add. */
bool		proof_seen_same(struct proof *p, size_t index, struct proof_seen *ret_now);
void		proof_seen_add(struct proof *p, const struct proof_seen *seen);

/* ---- proof_row.c ---- */

/* The sealed part of a segment, whole, with its checksums looked at. Free with segment_free. */
enum err	proof_segment_load(struct segment **ret_segment, int dirfd,
		    const struct segment_info *info, const uint8_t *store_key,
		    struct why *why);

/* ---- proof_journal.c ---- */

enum err	proof_journal(struct proof *p, struct why *why);
/* Octets behind the last frame: a second look, when the writer has had time. */
void		proof_journal_tail(struct proof *p);
/* After the segments: counts the sealed rows that only the journal has. */
void		proof_journal_rows(struct proof *p);

#endif
