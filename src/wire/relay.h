/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a relay keeps on its disk and sends to its desk, as octets: groups of definitions and
 * batches. doc/formats/relay.md. The same bytes in a block of the spool and in the body of a
 * request, so that nothing is taken apart on the way. Both ends read foreign octets by it.
 */
#ifndef WIRE_RELAY_H
#define WIRE_RELAY_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "base/limits.h"

enum relay_type {
	RELAY_GROUP,		/* nothing: numbers of definitions begin with 0 again */
	RELAY_SHAPE,		/* shape encoding, record.md section 1 */
	RELAY_SOURCE,		/* source encoding, record.md section 2 */
	RELAY_BATCH,		/* u64 place behind it, batch (record.md section 3) */
	RELAY_COUNTERS,		/* varint n, n * (bytes name, varint value) */
	RELAY_TYPE_END
};

enum {
	RELAY_VERSION = 1,
	RELAY_PLACE_BITS = 24,	/* of the chain, below the number of the batch */
	RELAY_NAME_BYTES = 64,	/* a relay's name */
	RELAY_COUNTER_BYTES = 128,	/* a counter's name, with its listener */
	RELAY_COUNTERS_MAX = 32,
};

struct relay_entry {
	uint8_t type;		/* enum relay_type */
	uint64_t place;		/* BATCH */
	struct span body;	/* without the place */
};

/* OK: the next entry; ERR_MORE: that was all; ERR_FORMAT: a broken rule of relay.md section 1. */
enum err	relay_next(struct relay_entry *ret_entry, struct cur *in, struct why *why);
void		relay_put(struct buf *out, uint8_t type, struct span body);
void		relay_batch_put(struct buf *out, uint64_t place, struct span batch);
/*
 * Appends one group without its batches up to `place`. group: begins with RELAY_GROUP, checked
 * before.
 */
enum err	relay_skip(struct buf *out, struct span group, uint64_t place, struct why *why);

/* The number of the batch that a place is behind, from 1. */
static inline uint64_t
relay_number(uint64_t place)
{
	return place >> RELAY_PLACE_BITS;
}

/* The place behind the batch that comes next; *io_chain: over all batches so far. */
uint64_t	relay_place(uint64_t place, uint64_t *io_chain, struct span batch);

/* May a relay be called so? Names stand in counters, on screens and in sources. */
bool		relay_name_is_good(struct span name);
/*
 * "udp.kernel_drops": is it one of the counters that a desk takes from a relay, well-formed? Only
 * what says that records were lost, refused or cut there.
 */
bool		relay_counter_is_known(struct span name);

#endif
