/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries as they are asked over HTTP (VictoriaLogs' /select/logsql/query and /tail, and ours) or
 * on the command line with --store: parameters in, rendered rows out. One per thread.
 */
#ifndef WEB_SELECT_H
#define WEB_SELECT_H

#include "base/buf.h"
#include "base/err.h"

struct job;
struct query;
struct select;

/* dirfd: the store's directory, borrowed. key: 32 octets (copied, wiped at the end) or NULL. */
struct select	*select_new(int dirfd, const uint8_t *key, size_t memory_bytes, int zone_minutes);
void		select_free(struct select **select);
struct shelf;
/* Where segments are kept between questions; borrowed. Before the first of them. */
void		select_keep(struct select *select, struct shelf *shelf);
struct query_pool;
/* Who helps with large queries from now on; borrowed. Without it the asking thread works alone. */
void		select_pool(struct select *select, const struct query_pool *pool);

enum select_what { SELECT_QUERY, SELECT_TAIL, SELECT_EXPLAIN };

struct select_ask {
	enum select_what what;
	/* NULL where not given */
	const char *query, *start, *end, *limit, *format, *fold, *oldest, *stream;
	/* False ends the query. */
	bool (*write)(void *ctx, struct span bytes);
	/* Told which query runs (NULL: none any more), so that another thread may cancel it. */
	void (*running)(void *ctx, struct query *query);
	bool (*cancelled)(void *ctx);
	void *ctx;
};

/*
 * Times as select_time has them. format: json (default), text, color, raw. fold: words in lower
 * case match without diacritics, when given and not "0". limit: none when not given, as
 * VictoriaLogs has it. ERR_FORMAT with the place for a wrong query.
 */
enum err	select_run(struct select *select, const struct select_ask *ask, struct why *why);
/* The same for a job of the server; a tail asks for a turn after the other (ERR_MORE). */
enum err	select_job(struct select *select, struct job *job, struct why *why);

/*
 * The records that a query finds, oldest first, numbers above after_seq, to emit (query/query.h);
 * write is not used. ERR_FORMAT too when rows of the result are no whole records.
 */
struct query_row;
enum err	select_records(struct select *select, const struct select_ask *ask,
		    uint64_t after_seq, bool (*emit)(void *ctx, const struct query_row *row),
		    void *ctx, struct why *why);
/* proof_note, proof_keys, proof_consistency, proof_leaves (store/proof.h) of its store. */
struct note_key;
struct proof_many;
enum err	select_note(struct select *select, struct buf *note, struct note_key *ret_key,
		    uint64_t last_seq[], struct why *why);
struct leaf_key;
enum err	select_keys(struct select *select, struct span note,
		    void (*each)(void *ctx, const struct leaf_key *key), void *ctx,
		    struct why *why);
struct tlog_proof;
enum err	select_consistency(struct select *select, struct span note, uint64_t size,
		    struct tlog_proof *ret_proof, struct why *why);
enum err	select_proofs(struct select *select, struct span note,
		    const struct proof_many *many, struct why *why);
struct store;
/* The store as it is now, and its directory: borrowed, for whoever reads it in another way. */
enum err	select_store(struct select *select, struct store **ret_store, int *ret_dirfd,
		    struct why *why);
/* Of the office, east of UTC. */
int32_t		select_zone_s(const struct select *select);

enum select_bound { SELECT_FROM, SELECT_TO };

/*
 * 90s, 30m, 2h, 7d, 1w before now; a date (its first or its last moment in the office's zone);
 * RFC 3339; seconds, milli-, micro- or nanoseconds since 1970. ERR_FORMAT says what can be written.
 */
enum err	select_time(const struct select *select, const char *text,
		    enum select_bound bound, int64_t now_ns, int64_t *ret_ns, struct why *why);

#endif
