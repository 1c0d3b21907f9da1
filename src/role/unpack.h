/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process that unpacks says to `trucban import`, in frames of sys/chan.h: for each file in
 * what it was given one UNPACK_MEMBER, UNPACK_DATA as often as needed, UNPACK_END; at last
 * UNPACK_OVER. Whoever started it believes nothing of it but octets.
 */
#ifndef ROLE_UNPACK_H
#define ROLE_UNPACK_H

#include "base/span.h"
#include "sys/chan.h"

enum unpack_type {
	UNPACK_MEMBER = 1,	/* i64 time of it in ns (0: not known), name; "": the file itself */
	UNPACK_DATA,		/* octets; tag: octets of the packed file that were read */
	UNPACK_END,		/* text: why it ends early; "": it is whole */
	UNPACK_OVER,		/* text: why the rest cannot be read; "": that was all */
};

enum { UNPACK_PIECE = 128 << 10, UNPACK_LIMIT = 256 << 10, UNPACK_MAGIC = 512 };

/* Do these first octets look packed? n <= UNPACK_MAGIC. */
bool	unpack_looks_packed(struct span first);

#endif
