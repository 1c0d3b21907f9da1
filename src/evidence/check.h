/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an evidence package what the desk sealed? doc/formats/evidence.md section 6, whose rule
 * numbers the findings carry. Needs no desk and no store: bytes and a key.
 */
#ifndef EVIDENCE_CHECK_H
#define EVIDENCE_CHECK_H

#include "model/note.h"
#include "evidence/archive.h"
#include "evidence/held.h"

struct evidence_finding {
	uint8_t rule;
	const char *file;		/* below the bag's folder, or "" */
	uint64_t line;			/* in that file; 0: none in particular */
	const char *record;		/* "raw:1:40231", or "" */
	const char *text;		/* a sentence without full stop */
};

enum evidence_state {
	EVIDENCE_PROVEN,
	EVIDENCE_CHANGED,		/* its octets or stamps are not those that were sealed */
	EVIDENCE_MISSING,		/* there is its proof and not the record */
	EVIDENCE_NOT_INCLUDED,		/* not shown to be under the checkpoint */
	EVIDENCE_STATES
};

struct evidence_record {
	const char *name;		/* "raw:1:40231" */
	enum evidence_state state;
	uint64_t line;			/* in data/records.log */
	int64_t recv_ns;
};

/* Called in the order of the package; what they get is valid during the call. */
struct evidence_watch {
	void (*finding)(void *ctx, const struct evidence_finding *finding);
	void (*record)(void *ctx, const struct evidence_record *record);
	bool (*progress)(void *ctx, uint64_t done, uint64_t all);	/* false: stop */
	void *ctx;
};

struct evidence_result {
	char origin[NOTE_NAME_BYTES];
	char code[20];			/* short form of the checkpoint */
	uint64_t entries;		/* of its tree */
	uint64_t records;		/* that there are proofs for */
	uint64_t state[EVIDENCE_STATES];
	uint64_t added;			/* pieces of data/records.log that no proof is for */
	uint64_t findings;
	uint64_t first_seq, last_seq;	/* of the proven ones; 0: none */
	int64_t first_ns, last_ns;
	bool contiguous;		/* all numbers between the two are proven */
	struct bag_claim claim;
	unsigned anchors;		/* of those given: that the package leads to */
	uint64_t anchor_size;		/* the largest of them, */
	int64_t anchor_ns;		/* its time, 0: not known, */
	uint64_t anchored;		/* and the proven records that are under it */
	bool complete;			/* the range that is claimed is here, whole */
};

/* The key that the package itself names. ERR_FORMAT: rule 7. */
enum err	evidence_key(const struct archive *archive, struct note_key *ret_key,
		    struct why *why);
/* What is believed without the package. */
struct evidence_trust {
	const struct note_key *key;
	const struct held *held;	/* anchors that are held elsewhere; proofs not used */
	unsigned nheld;
};

/*
 * Checks it against them. OK: it was looked at, findings were told and counted. ERR_BUSY:
 * stopped.
 */
enum err	evidence_check(const struct archive *archive,
		    const struct evidence_trust *trust, const struct evidence_watch *watch,
		    struct evidence_result *ret_result, struct why *why);

/* "proven", "changed", "missing", "not included": for --json. Never NULL. */
const char	*evidence_state_name(unsigned state);

#endif
