/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anchors that are held outside of the desk, and what leads from one to the checkpoint of a
 * package: doc/formats/evidence.md section 4. They are what the desk's own administrator cannot
 * take back.
 */
#ifndef EVIDENCE_HELD_H
#define EVIDENCE_HELD_H

#include "model/checkpoint.h"
#include "model/tlog.h"

enum { HELD_MAX = 64 };			/* anchors of one package */

struct held {
	uint64_t size;
	struct digest root;
	int64_t time_ns;		/* 0: not known */
	struct tlog_proof proof;	/* of consistency, to the package's checkpoint */
};

/* Appends its text and the empty line behind it. */
void		held_put(struct buf *out, const struct held *held);
/* Takes the next one off *rest. ERR_MORE: *rest was empty; ERR_FORMAT: rule 21. */
enum err	held_get(struct held *ret_held, struct span *rest, uint64_t *line,
		    struct why *why);
/*
 * The anchors of this origin (p is NULL: of the first that is found) in a text: one signed note, or
 * lines in which anchors stand (seal.md section 5); the newest HELD_MAX sizes, ascending, without
 * proofs. ERR_FORMAT: there is none.
 */
enum err	held_list(struct held held[HELD_MAX], unsigned *ret_n, struct span text,
		    struct span origin, struct why *why);
/* OK, or ERR_PROOF: the tree of the checkpoint is not the one of the anchor, grown. */
enum err	held_check(const struct held *held, const struct checkpoint *checkpoint,
		    struct why *why);

#endif
