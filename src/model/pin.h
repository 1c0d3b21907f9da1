/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A legal hold, in code a pin: which records must stay as they are, who ordered it and why. The
 * octets are the same in the tree, in the manifest and between roles: doc/formats/seal.md
 * section 9.
 */
#ifndef MODEL_PIN_H
#define MODEL_PIN_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

enum {
	PIN_NAME = 64,			/* with the NUL each */
	PIN_WHO = 128,
	PIN_WHY = 1024,
	PIN_ANY = 255,			/* instead of a stream, or of a class */
};

struct pin {
	char name[PIN_NAME];		/* one hold of this name at a time */
	char who[PIN_WHO];
	char why[PIN_WHY];
	int64_t since_ns;		/* when it began; with the name it tells holds apart */
	uint8_t stream;			/* enum store_stream, PIN_ANY */
	uint8_t class;			/* PIN_ANY: every one */
	uint64_t first_seq, last_seq;	/* 1 .. UINT64_MAX: all */
	int64_t from_ns, to_ns;		/* of receipt, both included; least, greatest: open */
};

/* What a segment, or the rows that went with one, has to be compared with. */
struct pin_range {
	uint8_t stream, class;
	uint64_t first_seq, last_seq;
	int64_t oldest_ns, newest_ns;	/* receive time */
};

/* Must be valid: pin_check. */
void		pin_put(struct buf *out, const struct pin *hold);
/* What is not a valid hold makes the cursor bad. */
void		pin_get(struct cur *in, struct pin *ret_pin);
/* ERR_FORMAT says which rule of seal.md section 9 it breaks. */
enum err	pin_check(const struct pin *hold, struct why *why);
/* May any record of the range be one that the hold covers? */
bool		pin_covers(const struct pin *hold, const struct pin_range *range);
/* The same hold: name and begin. */
bool		pin_same(const struct pin *a, const struct pin *b);
/* Copies a text of at most size - 1 octets; false: it is longer. */
bool		pin_text(char *to, size_t size, struct span text);

#endif
