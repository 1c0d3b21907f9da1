/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this content stored already, and how far? doc/formats/journal.md section 7. A content is known
 * by its first octets: 8, 16, 32 ... 65,536 of them, as many as there were when it was first
 * imported, and by a check of all octets up to its place. Up to 16 contents may begin alike.
 *
 *	place = octets << 24 | 24 bits of BLAKE2b-256 of those octets
 */
#ifndef ROLE_TWIN_H
#define ROLE_TWIN_H

#include "base/buf.h"
#include "base/err.h"
#include "model/digest.h"

enum {
	TWIN_HEAD = 65536,		/* octets that are needed, or all there are */
	TWIN_ALIKE = 16,
	TWIN_MOST = 14 * TWIN_ALIKE + 1,
};

/* A content that this one may be the same as. */
struct candidate {
	uint64_t content;
	uint64_t place;
	bool is, is_not;		/* found out; neither: not yet */
};

struct twins {
	uint64_t content[TWIN_MOST];	/* to be asked for, in this order */
	unsigned n;
	uint64_t fresh;			/* to be used for a content that is new; 0: none is free */
	struct candidate candidate[TWIN_MOST];	/* by their octets, fewest first */
	unsigned ncandidate;
};

/* A place has room for so many octets. */
#define PLACE_BYTES_END	(UINT64_C(1) << 40)

static inline uint64_t
place_bytes(uint64_t place)
{
	return place >> 24;
}

uint64_t	place_make(uint64_t bytes, const struct digest *of_all);
/* What to ask for. whole: there is no more than head. */
void		twin_begin(struct twins *twins, struct span head, bool whole);
/* places: u64 each, as asked for; avoid: u64 contents that it is not. */
enum err	twin_answer(struct twins *twins, struct span places, struct span avoid,
		    struct why *why);
/* The next octet count at which a candidate wants the digest of all before; UINT64_MAX: none. */
uint64_t	twin_wants(const struct twins *twins);
void		twin_check(struct twins *twins, uint64_t bytes,
		    const struct digest *of_all);
/* The content has ended: what is not found out is not. */
void		twin_end(struct twins *twins);

enum twin_verdict {
	TWIN_OPEN,		/* not yet */
	TWIN_NEW,
	TWIN_GOES_ON,		/* *ret is it */
	TWIN_AGAIN,		/* octets passed by that have to be stored: once more, avoiding */
};

enum twin_verdict	twin_verdict(const struct twins *twins,
			    struct candidate *ret);
/* Appends those that it is not. */
void		twin_avoid(const struct twins *twins, struct buf *out);

#endif
