/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of keep: who owns what.
 *
 *	struct channel	one writer's shapes and sources
 *	struct strand	one stream and class: the leaf and the segment under construction
 *	struct making	a segment from its first row until it is in the manifest
 *	struct parcel	one ROWS or LEAF frame from keep_batch until it is durable and milled
 *
 * A parcel waits in keep->waiting, in order of the journal; sequence numbers and tree indexes were
 * given when it was put there and stay, also when it must be written again.
 */
#ifndef STORE_KEEP_INT_H
#define STORE_KEEP_INT_H

#include "base/hash.h"
#include "model/blake.h"
#include "model/leaf.h"
#include "store/appender.h"
#include "store/intern.h"
#include "store/journal_int.h"
#include "store/keep.h"
#include "store/mill.h"
#include "store/places.h"
#include "store/upkeep.h"

enum {
	KEEP_CHANNELS = 32,
	/* Definitions of one channel together: one journal file must hold them all. */
	CHANNEL_BYTES = 24 << 20,
	MILL_BYTES = 24 << 20,
	MAKING_BYTES_ALL = 128 << 20,	/* all segments under construction */
	ENDED_BYTES_ALL = 64 << 20,	/* those that are to be written: then writers wait */
	LEAF_ROWS_FULL = 65536,		/* cut at so many rows and 1 s, */
	LEAF_ROWS_SOME = 1000,		/* at so many and 10 s, */
	JOURNAL_FILES_MAX = 4,		/* older rows than these files hold go to segments */
	SUSPECTS = 16,
	KEEP_SPARES = 24,		/* memory of batches that is kept for others, */
	KEEP_SPARE_BYTES = 128 << 10,	/* when it is not smaller */
	KEEP_SPARE_MOST = 1 << 20,	/* nor larger than this */
};

#define SECOND_NS	INT64_C(1000000000)
#define LEAF_FULL_NS	(1 * SECOND_NS)
#define LEAF_SOME_NS	(10 * SECOND_NS)
#define LEAF_ANY_NS	(60 * SECOND_NS)	/* or at any number and this */
#define TICK_NS		(SECOND_NS / 4)

struct channel {
	bool open;
	uint64_t instance;
	uint32_t generation;		/* events of an older one are dropped */
	struct def **shape;
	struct def **source;
	uint32_t nshape, shape_cap, nsource, source_cap;
	size_t bytes;
	struct keep_place place;	/* of the next batch; content 0: none */
};

struct making {
	struct making *next;		/* in keep->ended */
	uint64_t id;
	uint32_t epoch;
	uint8_t stream;
	uint8_t class;
	struct builder *builder;
	size_t bytes;			/* of the builder, as last told by the mill */
	uint32_t rows;
	uint32_t undurable;		/* parcels of it in keep->waiting */
	uint32_t unmilled;		/* jobs of it in the mill */
	uint64_t last_seq;
	uint64_t first_file;		/* journal file of its first row */
	int64_t began_ns;		/* mono */
	int64_t recv_min_ns;
	struct buf leaves;		/* differences, varints */
	uint32_t nleaf;
	uint64_t last_leaf;
	struct mill_job *job;		/* JOB_SEGMENT, once it was tried */
	int64_t retry_ns;
};

struct strand {
	struct making *making;		/* NULL: no row yet */
	uint32_t epoch;			/* of the leaf's rows */
	uint8_t seed[SEED_BYTES];
	uint64_t first_seq, last_seq;
	uint32_t rows;			/* 0: no leaf is under construction */
	struct digest *frame;		/* digests of its frames */
	uint32_t nframe, frame_cap;
	struct locator locator;
	int64_t since_ns;		/* its first row came: mono */
};

enum after {
	AFTER_NOTHING,
	AFTER_CHECKPOINT,		/* sign */
	AFTER_DROP,			/* drop the segments in `ids` */
	AFTER_REKEY,			/* sign, and with the new key from here on */
	AFTER_POLICY,			/* remember what was told */
	AFTER_HOLD,			/* what `ids` says goes into the manifest */
};

struct parcel {
	struct parcel *next;
	uint8_t type;			/* JOURNAL_ROWS, JOURNAL_LEAF */
	uint8_t stream;
	uint8_t class;
	uint8_t after;			/* enum after; LEAF */
	bool durable;
	bool milled;			/* the mill holds nothing of it */
	uint64_t id;			/* first sequence number, or tree index */
	uint32_t rows;
	uint64_t write;			/* appender's number */
	struct digest digest;		/* what the chain takes in */
	struct buf plain;
	/* ROWS */
	struct batch_head head;		/* borrows from plain */
	struct batch_tables tables;	/* arrays of the parcel's own */
	struct def **def;		/* nshape shapes, then nsource sources */
	size_t ndef;
	uint32_t channel;
	uint32_t generation;
	uint64_t ticket;
	uint64_t content, from, to;	/* an import's: its place before and behind */
	struct making *making;		/* LEAF of rows too */
	/* LEAF */
	struct span entry;		/* in plain */
	struct buf ids;			/* AFTER_DROP; AFTER_HOLD: as JOB_HOLD */
};

/* A leaf that waits for room in the journal. */
struct todo {
	struct todo *next;
	struct buf entry;
	uint8_t stream;
	uint8_t class;
	uint8_t after;
	struct buf ids;
};

struct event {
	struct event *next;
	struct keep_event e;
	struct buf text;
};

/* What one journal file still holds that is nowhere else. */
struct file_facts {
	uint64_t number;
	uint64_t last_seq[STREAM_END][LIMIT_CLASSES];
	uint64_t next_leaf;
	bool damaged;
};

/*
 * Batches that the journal held when this life began, by writer's instance and ticket: one that is
 * sent again is acknowledged and not kept twice. Open addressing; an instance of 0 is a free slot.
 */
struct seen {
	struct seen_one {
		uint64_t instance;
		uint64_t ticket;
	} *slot;
	size_t nslot;			/* 0 or a power of two, at least twice the number */
	size_t n;
};

/* A segment that was repacked: its files are still there for queries that were begun before. */
struct superseded {
	struct segment_info info;
	int64_t due_ns;			/* mono */
};

/*
 * keep_cold.c: which segments are in the cold folder. It is told from the store's own folder, when
 * a life begins: those that are not there.
 */
struct keep_cold {
	uint64_t *id;			/* ascending */
	size_t n, cap;
	bool there;			/* at the last look; false too before the first */
	bool told;			/* that it is not */
	bool all;			/* whatever their age */
	bool want_event;
	uint64_t next_id;		/* of this round: those below were looked at */
	uint64_t moved;			/* in this round */
	unsigned failed;		/* in a row */
	struct why trouble;		/* of this round */
	int64_t next_ns, next_look_ns;
};

/* keep_pin.c: the legal holds in force. */
struct keep_pins {
	struct pin *hold;		/* heap, LIMIT_HOLDS */
	size_t n;
	unsigned pending;		/* begun or ended, and not yet in the manifest */
	uint64_t sealed;		/* entries that a checkpoint must have to cover them */
	struct mill_job *failed;	/* JOB_HOLD that come again */
	int64_t retry_ns;
	bool want_event;
	bool told;			/* that what may be shortened is held */
};

struct counter {
	char name[LIMIT_NAME_BYTES + 1];	/* as wire/wire.h has them; a relay's have 199 */
	uint64_t value;
	bool told, stale;		/* since, or not before, keep_counters_told() */
	bool ended;			/* keep_counters_end(): the next heartbeat is its last */
};

/*
 * state/current, shared memory in a file: what the threads are busy with. `what` is the hash of a
 * batch with bit 63 clear, a frame (stream << 56 | first sequence number) with bit 63 set, or the
 * number of a segment that was being repacked, with the highest octet 0xff.
 */
struct keep_note {
	uint64_t magic;
	volatile uint64_t keeping;	/* the caller's thread; 0: nothing */
	struct mill_note milling;
	volatile uint64_t blamed;	/* what the crash handler found */
	struct {
		uint64_t what;
		uint64_t times;
	} suspect[SUSPECTS];
	struct upkeep_note upkeep;
};

#define NOTE_FRAME	(UINT64_C(1) << 63)
#define NOTE_SEGMENT	(UINT64_C(0xff) << 56)

/* Counted since the start. */
struct tally {
	uint64_t rows, batches, acked_rows;
	uint64_t bad_batches, full_rows, readonly_rows, set_aside_rows;
	uint64_t leaves, checkpoints, segments, dropped_segments, repacked_segments, moved_segments;
	uint64_t rewrites;
	uint64_t again_rows;
	uint64_t recovered_rows, torn_bytes, lost_rows, replayed_frames;
};

struct keep {
	struct buf spare[KEEP_SPARES];
	unsigned nspare;
	struct keep_conf conf;		/* key pointers point below */
	uint8_t store_key[32];
	uint8_t store_id[MANIFEST_STORE_ID];
	char *origin;
	char *machine;
	int dirfd;
	int wake_fd;
	uint32_t epoch;
	struct appender *appender;
	struct mill *mill;
	struct intern *intern;
	struct keep_note *note;		/* mapped */
	struct channel channel[KEEP_CHANNELS];
	struct strand strand[STREAM_END][LIMIT_CLASSES];
	struct making *ended, **ended_last;	/* in order; the first may be in the mill */
	bool segment_busy;			/* it is */
	struct parcel *waiting, **waiting_last;
	struct parcel *rewrite;		/* first of waiting that must be put again; or NULL */
	struct todo *todo, **todo_last;
	struct event *event, **event_last;
	struct event *event_now;	/* whose text the caller may still look at */
	struct file_facts *file;
	size_t nfile, file_cap;
	struct seen seen;
	struct places places;

	uint64_t next_seq[STREAM_END];
	uint64_t stored[STREAM_END][LIMIT_CLASSES];
	uint64_t next_leaf;
	uint64_t signed_size;
	uint64_t sealed_seq[STREAM_END];	/* by its last heartbeat */
	int64_t sealed_ns;			/* its time; 0: none was found */
	int64_t expiry_ns;			/* what retention goes by: keep_clock.c, */
	int64_t expiry_mono_ns;			/* as it was at this moment */
	int64_t expiry_saved_ns;		/* as state/clock has it */
	bool expiry_told;			/* that it is far behind the wall clock */
	struct digest known_root;	/* of the checkpoint that was there at the start */
	uint64_t next_segment;

	bool recovering;		/* frames come from the journal: nothing is appended */
	bool full;			/* the disk: see keep_expire.c */
	uint64_t free_bytes;		/* of it, at the last look */
	bool segment_full;		/* a segment could not be written for want of room */
	bool journal_failed;		/* until it is restarted, see keep.c */
	bool read_only;
	bool turned_away;		/* somebody got ERR_BUSY */
	bool want_checkpoint;
	uint64_t flush_below;		/* segments with a lower id shall end; 0: none */
	bool signing;			/* a heartbeat is on its way */
	bool trimming;
	bool dropping;			/* DROP leaves or their job are on the way */
	struct mill_job *drop;		/* JOB_DROP that is to be pushed */
	bool ballast;			/* there is some */
	bool want_expired_event;
	uint64_t dropping_n;
	uint64_t failures;		/* of the journal since a write last succeeded */
	uint64_t last_durable;
	int64_t next_tick_ns, next_checkpoint_ns, next_disk_ns, next_expire_ns, hold_ns;
	int64_t retry_ns;

	/* keep_upkeep.c */
	struct upkeep *upkeep;
	bool repacking;			/* segments are replaced or moved: none is dropped */
	bool tending;
	bool tended;			/* in this life */
	bool want_repacked_event;
	bool repack_open_days;
	struct upkeep_work *repacked;	/* done, and not yet in the manifest: a hold keeps it out */
	struct superseded *superseded;	/* in order of due_ns */
	size_t nsuperseded, superseded_cap;
	uint64_t *unfit;		/* segments that cannot be repacked */
	size_t nunfit;
	uint64_t repacked_n;		/* in this round */
	uint64_t tended_segments, tended_moved;	/* of the tally, when filters were last tended */
	int64_t next_repack_ns, next_tend_ns;
	struct keep_cold cold;
	struct keep_pins pins;

	struct counter *counter;
	size_t ncounter;
	uint64_t left_out;		/* values of counters that found no room */
	struct tally tally;
	struct why trouble;		/* last of it, for status */

	/* scratch */
	struct batch_reader reader;
	struct row_many *many;
	uint8_t *salt;			/* LIMIT_ROWS */
	struct digest *row_digest;	/* LIMIT_ROWS */
	struct digest frame_digest;	/* of the frame replayed last */
	struct def **resolved;		/* of the batch at hand: shapes, then sources */
	size_t resolved_cap;
	const struct shape **shape_table;	/* for one pass over rows */
	size_t shape_table_cap;
	uint64_t ids_serial;		/* of the journal file that these count for */
	uint32_t file_shapes, file_sources;
	bool rekey_wanted;		/* the next checkpoint is the old key's last */
	struct buf key_entry;		/* the KEY leaf that goes before its heartbeat */
	uint8_t new_seed[32];
	struct mill_job *rekey;		/* JOB_REKEY that failed and comes again */
	bool key_leaf_unsigned;		/* the last life left one */
};

/* ---- keep.c ---- */
void		keep_tell(struct keep *keep, enum keep_event_type type, struct span text,
		    const struct keep_event *rest);
void		keep_told(struct event **event);
__attribute__((format(printf, 2, 3)))
void		keep_alarm(struct keep *keep, const char *format, ...);
struct file_facts	*keep_facts(struct keep *keep, uint64_t file);
/* Frees what the mill is done with, and goes on with what follows from it. */
void		keep_collect(struct keep *keep);
/* A leaf of this life: epoch, time of now. */
struct leaf	keep_leaf_now(const struct keep *keep, enum leaf_type type);
/*
 * keep_ask.c: what the next heartbeat says; out has room for all and one more. Of a role that
 * ended and has a successor, what the former counted. The names are valid until
 * keep_counters_drop(), behind the heartbeat: who ended is not known any more.
 */
size_t		keep_counters_take(struct keep *keep, struct leaf_counter *out);
void		keep_counters_drop(struct keep *keep);

/* ---- keep_clock.c ---- */
void		keep_clock_open(struct keep *keep);
/* At the end; keep_clock_ns does it every few hours. The next life goes on from there. */
void		keep_clock_save(struct keep *keep);
/* The time that rows expire by: never ahead of the wall clock. */
int64_t		keep_clock_ns(struct keep *keep);
/* A person says that the wall clock is right. */
void		keep_clock_trust(struct keep *keep);

/* ---- keep_batch.c ---- */
/* What keep_digest makes of the rows of one frame. */
struct rows_sum {
	struct digest digest;		/* of the frame */
	struct locator locator;		/* of the leaf, this frame included */
	int64_t recv_min_ns;
};

/*
 * Reads every row once: OK, or ERR_FORMAT on a broken rule of record.md section 3. def: shapes,
 * then sources of the batch. locator: of the leaf before this frame.
 */
enum err	keep_digest(struct keep *keep, const struct batch_head *head,
		    struct def *const *def, uint32_t epoch, uint64_t first_seq,
		    const uint8_t seed[SEED_BYTES], const struct locator *locator,
		    struct rows_sum *ret_sum, struct why *why);
/* OK when there is none; see keep_batch. */
enum err	place_check(const struct keep *keep, const struct keep_place *place,
		    struct why *why);
enum err	keep_places_open(struct keep *keep, struct why *why);
/* The file as it must be before journal files go; nothing when it is so already. */
void		keep_places_encode(struct keep *keep, struct buf *out);
void		seen_add(struct seen *seen, uint64_t instance, uint64_t ticket);
bool		seen_has(const struct seen *seen, uint64_t instance, uint64_t ticket);
/* Frees what is durable and milled. */
void		parcel_free(struct keep *keep, struct parcel **parcel);
/*
 * A ROWS parcel with its own references to the definitions. The batch lies in *io_whole behind
 * ROWS_HEAD_BYTES, which are filled in; its memory becomes the parcel's.
 */
struct parcel	*parcel_of_rows(const uint8_t seed[SEED_BYTES], uint64_t instance,
		    uint64_t ticket, struct buf *io_whole, const struct batch_head *head,
		    struct def *const *def);
/* A LEAF parcel. */
struct parcel	*parcel_of_leaf(const uint8_t *seed, uint64_t segment_id, struct span entry);
/* Room for a payload and the definitions that the current file lacks: as appender_room. */
enum err	parcel_room(struct keep *keep, struct def *const *def, size_t ndef,
		    size_t plain, struct why *why);
/* Puts the frame, for which there is room, and its definitions in front of it. */
void		parcel_put(struct keep *keep, struct parcel *parcel);
/* Last in the row of those that wait for the disk. */
void		parcel_wait(struct keep *keep, struct parcel *parcel);
/* Takes the rows into the strand's leaf and segment, and hands them to the mill. */
void		strand_add(struct keep *keep, struct parcel *parcel, uint32_t epoch,
		    const struct rows_sum *sum);

/* ---- keep_leaf.c ---- */
/* Ends the leaf under construction, if there is one: OK, or as appender_room. */
enum err	strand_cut(struct keep *keep, uint8_t stream, uint8_t class, bool segment_ends,
		    struct why *why);
/* After rows came in: what is large enough is ended. */
void		strand_grown(struct keep *keep, uint8_t stream, uint8_t class);
/* A leaf's index becomes known: to its segment and, there, to the builder. */
void		strand_known(struct keep *keep, struct strand *strand, uint64_t index);
void		strand_empty(struct strand *strand);
/* The strand's segment, made when there is none; id 0: the next one. */
struct making	*making_get(struct keep *keep, uint8_t stream, uint8_t class, uint32_t epoch,
		    uint64_t id);
/* Ends the segment: its last leaf is cut, then it waits to be written. */
enum err	making_end(struct keep *keep, uint8_t stream, uint8_t class, struct why *why);
/* Are ended segments too much memory, since writing them is behind? */
bool		making_crowded(const struct keep *keep);
/* The same without a leaf: there are no rows behind the last one. */
void		making_finish(struct keep *keep, struct strand *strand);
void		making_free(struct making **making);
/* Has the first finished segment written, when nothing of it is on its way any more. */
void		making_next(struct keep *keep, int64_t now_ns);
/* The mill is done with one. */
void		making_done(struct keep *keep, struct mill_job *job);
/* An entry other than ROWS: put when there is room, in order. ids (may be NULL) is taken over. */
void		todo_push(struct keep *keep, const struct leaf *leaf, enum after after,
		    struct buf *ids);
/* True when nothing waits any more. */
bool		todo_put(struct keep *keep);
/* Leaves, segments and the checkpoint whose time has come. */
void		strand_tick(struct keep *keep, int64_t now_ns);
void		keep_checkpoint_step(struct keep *keep);
void		keep_checkpoint_done(struct keep *keep, struct mill_job *job);

/* ---- keep_expire.c ---- */
void		keep_disk_tick(struct keep *keep, int64_t now_ns);
void		keep_expire_tick(struct keep *keep, int64_t now_ns);
void		keep_drop_done(struct keep *keep, struct mill_job *job);
void		keep_trim(struct keep *keep);
/* OK, or what a batch of this stream and class gets now: ERR_FULL, ERR_BUSY. */
enum err	keep_full_check(struct keep *keep, uint8_t stream, uint8_t class, struct why *why);
/* What it gets when the journal has no room for it: by the class's policy. */
enum err	keep_full_answer(struct keep *keep, uint8_t stream, uint8_t class, struct why *why);
/* POLICY leaves for classes whose days changed since the last life. */
void		keep_policy_tell(struct keep *keep);
void		keep_policy_write(struct keep *keep);

/* ---- keep_upkeep.c ---- */
enum err	keep_upkeep_open(struct keep *keep, struct why *why);
/* Ends the thread; what it had done comes into the manifest yet. Before the mill is closed. */
void		keep_upkeep_close(struct keep *keep);
void		keep_upkeep_step(struct keep *keep, int64_t now_ns);
/* The mill is done with one. */
void		keep_replace_done(struct keep *keep, struct mill_job *job);
void		keep_remove_done(struct keep *keep, struct mill_job *job);

/* ---- keep_cold.c ---- */
/* own: segments of which a sealed part is in the store's own folder, in any order; is sorted. */
void		keep_cold_open(struct keep *keep, const struct manifest *manifest, uint64_t *own,
		    size_t n);
void		keep_cold_close(struct keep *keep);
bool		keep_cold_holds(const struct keep *keep, uint64_t id);
/* In the cold folder, which is not there: what is to go must wait. */
bool		keep_cold_away(const struct keep *keep, uint64_t id);
/* They are in no folder any more: u64 each. */
void		keep_cold_forget(struct keep *keep, struct span ids);
/* There is nothing at hand: is there something to move, or to look after? True: it has begun. */
bool		keep_cold_begin(struct keep *keep, int64_t now_ns);
struct upkeep_work;
void		keep_cold_done(struct keep *keep, const struct upkeep_work *work, int64_t now_ns);

/* ---- keep_pin.c ---- */
/* What the manifest knows; after damage to it what the tree says too. */
enum err	keep_pins_open(struct keep *keep, struct manifest *manifest, struct seal *seal,
		    struct why *why);
void		keep_pins_close(struct keep *keep);
/* One bit for each hold that covers the segment: comparable until a hold comes or goes. */
uint64_t	keep_pins_of(const struct keep *keep, const struct segment_info *info);
/* A HOLD leaf of the last life's journal. */
void		keep_pins_replay(struct keep *keep, const struct leaf_hold *leaf);
/* The leaf of this index is durable; takes over what `ids` holds. */
void		keep_pins_durable(struct keep *keep, uint64_t index, struct buf *ids);
void		keep_pins_done(struct keep *keep, struct mill_job *job);
void		keep_pins_step(struct keep *keep, int64_t now_ns);
/* For keep_status. The manifest is held. */
void		keep_pins_status(const struct keep *keep, const struct manifest *manifest,
		    struct buf *out);

/* ---- keep_note.c ---- */
enum err	keep_note_open(struct keep *keep, struct why *why);
void		keep_note_close(struct keep *keep);
/* Did it end two lives? */
bool		keep_suspects(const struct keep *keep, uint64_t what);
/* Writes a batch with its definitions to quarantine/: on disk when OK. */
enum err	keep_set_aside(struct keep *keep, struct span batch, struct def *const *def,
		    uint32_t nshape, uint32_t nsource, uint64_t what, struct why *why);
/* Is this the machine, and the directory, in which the epoch began? */
enum err	keep_instance_check(struct keep *keep, bool *ret_same, struct why *why);
enum err	keep_instance_write(struct keep *keep, struct why *why);

/* ---- keep_recover.c ---- */
struct recovery {
	struct digest chain;		/* the new file goes on from it */
	uint64_t last_file;		/* highest number there is */
	uint32_t epoch;			/* of the manifest, or of a journal that is ahead of it */
	bool epoch_seen;		/* its EPOCH leaf is in the journal or in the tree */
	bool new_epoch;			/* must begin, */
	char reason[MANIFEST_REASON];	/* because */
	uint64_t lost[STREAM_END];	/* rows that are nowhere */
};

/* Takes in what the journal holds and the segments do not. The manifest is in the mill. */
enum err	keep_recover(struct keep *keep, struct recovery *ret_recovery, struct why *why);

/* ---- keep_stray.c ---- */
/* Removes files of segments that the manifest does not name. */
enum err	keep_strays(struct keep *keep, struct why *why);

#endif
