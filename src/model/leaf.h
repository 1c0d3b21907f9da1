/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the sealed tree: doc/formats/seal.md section 3. Plain values; the spans of a decoded
 * leaf borrow from the entry, those of one to be encoded from the caller.
 */
#ifndef MODEL_LEAF_H
#define MODEL_LEAF_H

#include "base/arena.h"
#include "model/digest.h"
#include "model/pin.h"

enum leaf_type {
	LEAF_ROWS = 1,		/* rows of one stream and class */
	LEAF_HEARTBEAT,		/* the tick before each checkpoint: how far, what was lost */
	LEAF_EPOCH,		/* a life of the store begins; always the first entry of a tree */
	LEAF_DROP,		/* rows are gone by rule */
	LEAF_KEY,		/* the seal key was replaced; signed by the old one */
	LEAF_POLICY,		/* how long a class is kept: at first, and at every change */
	LEAF_HOLD,		/* a legal hold begins, or ends */
	LEAF_TYPE_END
};

enum drop_reason {
	DROP_RETENTION = 1,
	DROP_DISK_FULL,
	DROP_LAWFUL,
	DROP_REASON_END
};

enum hold_action {
	HOLD_BEGINS = 1,
	HOLD_ENDS
};

enum {
	LEAF_BYTES_MAX = 65535,		/* C2SP tlog-tiles: entry lengths are u16 */
	LEAF_COUNTERS_MAX = 512,	/* names in one heartbeat */
	LEAF_INDEXES_MAX = 8192,	/* leaves in one DROP; more: a second DROP */
	LEAF_TEXT_MAX = 4096,		/* reason, note, text, vkey, counter name: each */
	LEAF_SIGNATURE_BYTES = 64
};

struct leaf_rows {
	uint64_t first_seq, last_seq;
	uint32_t rows, frames;
	struct digest root;		/* Tree16 of the frame digests */
	uint64_t s0, s1;		/* struct locator */
	uint64_t segment;		/* the segment that the keeper was filling */
};

struct leaf_counter {
	struct span name;
	uint64_t value;
};

struct leaf_heartbeat {
	uint64_t last_seq[STREAM_END];	/* 0: none yet */
	uint64_t rows[STREAM_END];	/* ever received */
	struct digest journal;		/* chain value of the journal's last frame */
	uint32_t ncounter;
	const struct leaf_counter *counter;
};

struct leaf_epoch {
	struct digest root;		/* of the last known checkpoint */
	uint64_t size;
	struct span reason;
};

struct leaf_drop {
	uint64_t segment;
	uint64_t rows;
	uint64_t first_seq, last_seq;
	int64_t newest_ns;		/* newest receive time of the rows */
	uint8_t reason;			/* enum drop_reason */
	struct span note;
	uint32_t nindex;
	const uint64_t *index;		/* of the ROWS leaves, ascending */
};

struct leaf_key {
	struct span old_vkey, new_vkey;
	struct span reason;		/* printable */
	const uint8_t *signature;	/* 64 octets, the old key's, over leaf_key_text() */
};

struct leaf_policy {
	uint64_t days;			/* the class is kept this long; 0: for ever */
	uint64_t days_before;		/* 0 too for the first POLICY of a class */
	struct span text;		/* for people: name of the class, who, why */
};

struct leaf_hold {
	uint8_t action;			/* enum hold_action */
	const struct pin *hold;		/* as it began; of a decoded leaf in the arena */
	struct span who, why;		/* of its end; empty when it begins */
};

struct leaf {
	uint8_t type;			/* enum leaf_type */
	uint8_t stream;			/* ROWS, DROP; else 0 */
	uint8_t class;			/* ROWS, DROP, POLICY; else 0 */
	uint32_t epoch;
	int64_t time_ns;		/* the keeper's wall clock */
	union {
		struct leaf_rows rows;
		struct leaf_heartbeat heartbeat;
		struct leaf_epoch epoch_begin;
		struct leaf_drop drop;
		struct leaf_key key;
		struct leaf_policy policy;
		struct leaf_hold hold;
	} u;
};

/* Appends the entry; must be valid by the rules of seal.md section 3. */
void		leaf_encode(struct buf *out, const struct leaf *leaf);
/* ERR_FORMAT names the broken rule. Counters and indexes are in the arena. */
enum err	leaf_decode(struct leaf *ret_leaf, struct span entry, struct arena *arena,
		    struct why *why);
/* Only the common head: type, stream, class, epoch, time. For walks over many leaves. */
enum err	leaf_peek(struct leaf *ret_leaf, struct span entry, struct why *why);
/* What the old key signs when it is replaced. */
void		leaf_key_text(struct buf *out, struct span old_vkey, struct span new_vkey,
		    struct span reason);
/* "rows", "heartbeat", ...; "unknown" outside of the list. */
const char	*leaf_type_name(unsigned type);

#endif
