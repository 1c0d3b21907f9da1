/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a store: the front door for whoever only reads (query, web, cmd, later detect and
 * cause). A store is a directory; a reader sees the segments of the manifest and, behind them,
 * the rows that are still in the journal only, as small segments in memory: one interface for
 * both. Nothing here writes. doc/formats/segment.md, journal.md.
 *
 * Threads: a struct store belongs to one thread, also when it shares; a struct segment may be read
 * by one thread at a time, different segments by different threads.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"
#include "model/shape.h"

struct store;
struct segment;
struct shelf;

/* What is known of a segment without opening it. */
struct segment_info {
	uint64_t id;			/* 0: rows that are in the journal only */
	uint8_t stream;			/* enum store_stream */
	uint8_t class;
	uint8_t level;			/* 0 as written, 1 repacked at day close */
	uint32_t epoch;
	uint32_t rows;
	uint64_t first_seq;
	uint64_t last_seq;
	int64_t recv_min_ns, recv_max_ns;
	int64_t event_min_ns, event_max_ns;
	uint64_t bytes;			/* both files */
	uint64_t raw_bytes;		/* of the records */
};

/*
 * Opens the store in directory `dirfd` (borrowed) for reading. key: 32 octets store key, or NULL
 * when not encrypted. ERR_FORMAT, ERR_DENIED (wrong key), ERR_ABSENT (no store there).
 */
enum err	store_open(struct store **ret_store, int dirfd, const uint8_t *key,
		    struct why *why);
/*
 * The same, but of the rows that are in the journal only those of some streams (1 << STREAM_...)
 * are there: for who wants few rows, or follows the journal itself (store/trail.h).
 */
enum err	store_open_streams(struct store **ret_store, int dirfd, const uint8_t *key,
		    unsigned tail_streams, struct why *why);
void		store_close(struct store **store);
/* Looks for new segments and journal frames: cheap when nothing is new. */
enum err	store_refresh(struct store *store, struct why *why);
/* Segments ordered by receive time; indexes are valid until the next refresh. */
size_t		store_segments(const struct store *store);
const struct segment_info	*store_segment(const struct store *store, size_t index);
/* Legal holds in force, in the order in which they began (model/pin.h); NULL past the last one. */
struct pin;
const struct pin	*store_hold(const struct store *store, size_t index);
/*
 * May segment `index` hold all of the n tokens (folded, base/fold.h)? From the merged filters and
 * the segment's own; false is certain, true is a guess. Tokens of entity kind: see store_entity().
 */
bool		store_may_hold(struct store *store, size_t index, const uint64_t *token_hash,
		    size_t n);
/* The hash under which a folded word token, or a whole entity (address, GUID, mail), is filed. */
uint64_t	store_token_hash(struct span folded, bool entity);
/*
 * Next entity of a text: IPv4 address, full IPv6 address, UUID, MAC, the words around the @ of a
 * mail address, a hash of >= 32 hex digits. *at is 0 at first and belongs to the function; entities
 * may overlap. A text that holds another as a phrase has all of its entities (fold them before
 * store_token_hash). Used by the filter's writer and by queries alike.
 */
bool		store_entity_next(struct span text, size_t *at, struct span *ret_entity);
/* Opens one for reading its columns. Free with segment_free; it may outlive a refresh. */
enum err	store_segment_open(struct store *store, size_t index, struct segment **ret_segment,
		    struct why *why);

/*
 * Decoded segments that are kept between questions: at most so many octets for all handles of
 * one store together, on whatever thread. Freed after the handles that use it.
 */
struct shelf	*shelf_new(size_t most_bytes);
void		shelf_free(struct shelf **shelf);
/* Frees what was not asked for since the last call but one. */
void		shelf_age(struct shelf *shelf);
/*
 * As store_open, for one of many handles of one store: they share what the shelf keeps, and the
 * rows of the journal, which are read once for all. Borrows the shelf; NULL: nothing is shared.
 */
enum err	store_open_shared(struct store **ret_store, int dirfd, const uint8_t *key,
		    struct shelf *shelf, struct why *why);
/* Gives back what store_segment_open opened; id: of its info. */
void		store_segment_done(struct store *store, uint64_t id, struct segment **segment);

#endif
