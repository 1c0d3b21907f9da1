/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container of segment files: doc/formats/segment.md section 1. Many small streams of octets
 * share chunks, so that the codec sees them together; a chunk is compressed, encrypted and
 * checksummed by itself and is read only when a stream in it is asked for.
 *
 * A pack is made in memory and is read from memory or from a file. Nothing here knows what a
 * stream means. Inside of store only.
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "base/buf.h"
#include "base/err.h"

enum {
	PACK_STORE_ID = 16,
	/* A chunk as it is in memory; a segment holds less raw text than that. */
	LIMIT_CHUNK_BYTES = 256 << 20,
	/* Chunks of a pack: a segment of ours has about 50. */
	LIMIT_CHUNKS = 1 << 20
};

enum pack_kind {
	PACK_SEALED,			/* .seg */
	PACK_DERIVED,			/* .idx */
	PACK_GROUP,			/* .tbf: filters of many segments */
	PACK_KINDS
};

struct pack_head {
	enum pack_kind kind;
	uint8_t stream;
	uint8_t class;
	uint16_t decoder;
	uint32_t epoch;
	uint64_t id;
	uint8_t store_id[PACK_STORE_ID];
};

/* Where a stream is: n octets from `at` of the plain chunk. */
struct pack_ref {
	uint32_t chunk;
	uint32_t at;
	uint32_t n;
};

/* Streams of one lane lie in the same chunks, in the order in which they were put. */
enum pack_lane {
	PACK_WORDS,		/* text: large chunks, so that similar words meet */
	PACK_NUMBERS,		/* codes and numbers: small ones, so that a column is read alone */
	PACK_LANES
};

/* ---- writing ---- */

struct pack_writer;

/* store_key: 32 octets, borrowed until pack_finish; NULL: not encrypted. level: of zstd. */
struct pack_writer	*pack_writer_new(const struct pack_head *head, const uint8_t *store_key,
		    int level);
void		pack_writer_free(struct pack_writer **writer);
struct pack_ref	pack_put(struct pack_writer *writer, enum pack_lane lane, struct span bytes);
/* A chunk of its own that is stored as it is: for bits that no codec makes smaller. */
struct pack_ref	pack_put_raw(struct pack_writer *writer, struct span bytes);
/*
 * Writes what is ready to fd and forgets its octets: for packs larger than memory should hold. Only
 * between streams that were put with pack_put_raw; pack_finish then appends the rest of the file.
 */
enum err	pack_spill(struct pack_writer *writer, int fd, struct why *why);
/* Appends the whole file to out: directory = the chunks' list, then body. */
void		pack_finish(struct pack_writer *writer, struct span body, struct buf *out);

/* ---- reading ---- */

enum pack_trust {
	PACK_CHECK,
	PACK_TRUST		/* checksums are not compared: for fuzzers, to get behind them */
};

struct pack;

/*
 * Opens the pack in the file fd, which is taken over in any case, or in memory, which is borrowed
 * until pack_close. name is for messages and copied. ERR_FORMAT, ERR_PROOF (checksum, tag),
 * ERR_DENIED (encrypted, and key is NULL or another one), ERR_IO.
 */
enum err	pack_open(struct pack **ret_pack, int fd, const char *name, const uint8_t *key,
		    struct why *why);
enum err	pack_open_memory(struct pack **ret_pack, struct span bytes, const char *name,
		    const uint8_t *key, enum pack_trust trust, struct why *why);
void		pack_close(struct pack **pack);
const struct pack_head	*pack_head(const struct pack *pack);
/* The directory behind the list of chunks; belongs to the pack. */
struct span	pack_body(const struct pack *pack);
/* The octets of a stream; they belong to the pack and stay until pack_close. */
enum err	pack_get(struct pack *pack, struct pack_ref ref, struct span *ret_bytes,
		    struct why *why);
/* The same until pack_rest: for who decodes them at once. */
enum err	pack_peek(struct pack *pack, struct pack_ref ref, struct span *ret_bytes,
		    struct why *why);
/* Gives back what the codec keeps between chunks, and chunks that were peeked at only. */
void		pack_rest(struct pack *pack);
/* Gives the memory of decoded chunks back; what pack_get gave is gone. */
void		pack_forget(struct pack *pack);
/* Reads every chunk and compares its checksum and tag: for verify. */
enum err	pack_check(struct pack *pack, struct why *why);
/* Memory held by decoded chunks. */
size_t		pack_bytes(const struct pack *pack);

#endif
