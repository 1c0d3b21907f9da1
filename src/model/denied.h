/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was not let in at a door with TLS lately, and why: a list that the intake makes and the
 * keeper hands on (roles.md, DENIED). Names come from certificates that were refused: they are
 * shown and never believed.
 *
 *	list = varint n (<= 64), n * (bytes listener of 1 to 255, bytes address (<= 120),
 *	    bytes name (<= 64), u8 cause, varint times (> 0), i64 first, i64 last, both in s)
 */
#ifndef MODEL_DENIED_H
#define MODEL_DENIED_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

enum denied_cause {
	DENIED_REVOKED,			/* also: replaced, or never given out */
	DENIED_EXPIRED,
	DENIED_EARLY,			/* not good yet */
	DENIED_UNKNOWN,			/* another authority signed it */
	DENIED_UNFIT,			/* anything else about it */
	DENIED_NONE,			/* none was shown */
	DENIED_DISTRUST,		/* they do not take the desk's own */
	DENIED_END
};

enum { DENIED_MOST = 64, DENIED_PEER_BYTES = 120, DENIED_NAME_BYTES = 64,
	DENIED_LIST_BYTES = 2 + DENIED_MOST * (2 + 255 + 1 + 120 + 1 + 64 + 1 + 10 + 16) };

struct denied {
	struct span listener, peer;
	struct span name;		/* that the certificate has; or empty */
	uint8_t cause;			/* enum denied_cause */
	uint64_t times;
	int64_t first_s, last_s;	/* since 1970 */
};

/* "revoked"; and, denied_text(), for people: "a certificate that has expired". */
const char	*denied_word(unsigned cause);
/* The cause of that word; of any other DENIED_UNFIT. */
enum denied_cause	denied_named(struct span word);
const char	*denied_text(unsigned cause);
/* Its certificate was signed by the authority that the door trusts, so its name was given by it. */
bool		denied_is_ours(unsigned cause);
void		denied_put(struct buf *out, const struct denied *denied);
/* The next of a list behind its number; *in goes bad when it breaks the rules. */
void		denied_get(struct cur *in, struct denied *ret);
enum err	denied_check(struct span list, struct why *why);
/* Octets out of lower-case hexadecimal digits; false: it is not that. */
bool		denied_unhex(struct buf *out, struct span hex);

#endif
