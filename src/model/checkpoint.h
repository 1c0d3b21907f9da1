/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a checkpoint says (C2SP tlog-checkpoint) and the forms in which it leaves the machine:
 * doc/formats/seal.md section 5. Parsed values borrow from the text.
 */
#ifndef MODEL_CHECKPOINT_H
#define MODEL_CHECKPOINT_H

#include "model/digest.h"

struct checkpoint {
	struct span origin;
	uint64_t size;
	struct digest root;
	struct span extension;		/* further lines, each with its newline; usually empty */
};

/* The note's text: origin, size, root, extension lines. */
void		checkpoint_put(struct buf *out, const struct checkpoint *checkpoint);
enum err	checkpoint_get(struct checkpoint *ret_checkpoint, struct span text,
		    struct why *why);

enum { CHECKPOINT_SHORT_BYTES = 20 };

/*
 * For the hand-over sheet: the first 80 bits of SHA-256 of the note's text without extension
 * lines, as four groups of four letters, "ABCD EFGH IJKL MNOP".
 */
void		checkpoint_short(char ret[CHECKPOINT_SHORT_BYTES],
		    const struct checkpoint *checkpoint);

/*
 * One line for syslog, mail subjects and files, without newline:
 *	trucban-anchor/v1 origin=O size=N root=BASE64 time=RFC3339 short=ABCD-EFGH-IJKL-MNOP
 */
void		anchor_put(struct buf *out, const struct checkpoint *checkpoint, int64_t time_ns);
/*
 * Finds such a line inside of `line` (a relay may have put its own header in front). ERR_ABSENT:
 * there is none; ERR_FORMAT: there is, and it is broken or its short form does not fit.
 */
enum err	anchor_get(struct checkpoint *ret_checkpoint, int64_t *ret_time_ns,
		    struct span line, struct why *why);

#endif
