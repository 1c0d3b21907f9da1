/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping records: the front door of the store's one writer, used by role/keeper only. Batches come
 * in by channels, are numbered, digested and journaled, and are acknowledged when they are on disk;
 * segments, leaves, checkpoints and expiry follow by themselves. doc/formats/journal.md,
 * manifest.md, seal.md.
 *
 * No call waits for the disk but keep_open, keep_close, the first use after a damaged state, and a
 * turn every few hours (state/clock).
 * One thread. The program's part: poll keep_fd, call keep_turn when it is readable, at
 * keep_deadline_ns at the latest and at the end of each of its own turns, then take all events.
 */
#ifndef STORE_KEEP_H
#define STORE_KEEP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

struct keep;

enum keep_full {
	KEEP_FULL_REFUSE,	/* newest records are refused and counted */
	KEEP_FULL_HOLD,		/* writers wait */
	KEEP_FULL_SHORTEN,	/* the class's oldest records go, by a POLICY and DROP leaves */
};

struct keep_class {
	char name[64];
	uint32_t days;			/* 0: for ever */
	uint8_t full;			/* enum keep_full */
};

struct keep_conf {
	int dirfd;			/* the store's directory, borrowed until keep_close */
	const uint8_t *store_key;	/* 32 octets, copied; NULL: nothing is encrypted */
	const uint8_t *seal_seed;	/* 32 octets, copied */
	const char *origin;		/* the desk's origin line */
	const char *machine;		/* what tells this machine from others; "" = not known */
	struct keep_class class[LIMIT_CLASSES];
	unsigned nclass;
	int64_t checkpoint_ns;		/* between two ticks; 0: 60 s */
	int64_t segment_age_ns;		/* 0: 600 s */
	uint64_t segment_bytes;		/* memory of one segment under construction; 0: 48 MB */
	uint64_t reserve_bytes;		/* of the disk, kept free; 0: 256 MB */
	uint32_t journal_file_bytes;	/* 0: 64 MB; smaller ones are for tests */
	uint32_t cold_after_days;	/* closed days go to the cold folder; 0: they stay */
};

/*
 * Opens the store, or makes it in an empty directory, and recovers what the last life left. ERR_IO,
 * ERR_FULL, ERR_DENIED (wrong key), ERR_PROOF (the seal does not fit its key), ERR_FORMAT (made by
 * a newer version).
 */
enum err	keep_open(struct keep **ret_keep, const struct keep_conf *conf, struct why *why);
/* The orderly end: last leaves, heartbeat, checkpoint. Segments go on in the next life. */
void		keep_close(struct keep **keep);

int		keep_fd(const struct keep *keep);
/* On clock_mono_ns. */
int64_t		keep_deadline_ns(const struct keep *keep);
void		keep_turn(struct keep *keep);

/* ---- channels ---- */

/*
 * instance: of the writer's process, random; its tickets never come twice but for a batch that is
 * sent again after our restart, which is then acknowledged and not kept again. 0: none.
 * ERR_FULL: there are as many channels as there may be.
 */
enum err	keep_channel_open(struct keep *keep, uint64_t instance, uint32_t *ret_channel,
		    struct why *why);
/* What it sent and is not acknowledged yet is kept all the same; no event will name it. */
void		keep_channel_close(struct keep *keep, uint32_t channel);
/* id: the next unused one, from 0. ERR_FORMAT, ERR_LIMIT: end the channel. */
enum err	keep_shape(struct keep *keep, uint32_t channel, uint32_t id, struct span code,
		    struct why *why);
enum err	keep_source(struct keep *keep, uint32_t channel, uint32_t id, struct span code,
		    struct why *why);
/*
 * OK: taken; KEEP_ACK with this ticket follows when it is on disk. ERR_BUSY: not now; offer it
 * again after KEEP_RESUME, and nothing of this channel before. ERR_FORMAT, ERR_LIMIT: not valid.
 * ERR_FULL: the disk is full and this class is refused. ERR_IO: nothing can be written any more.
 * All refusals are counted.
 */
enum err	keep_batch(struct keep *keep, uint32_t channel, uint64_t ticket,
		    struct span batch, struct why *why);
/*
 * The next batch of this channel is part of an import: it is taken only when the content's place is
 * `from`, else refused by ERR_ABSENT; with its rows the place becomes `to`, on disk too. It may
 * rest on another content's place, which stays: refused by ERR_ABSENT when that is another one.
 * journal.md section 7.
 */
struct keep_place {
	uint64_t content;		/* its highest bit is set */
	uint64_t from, to;		/* from < to; 0: nothing is there */
	uint64_t beside, at;		/* beside > 0: the other content is at this place */
};

void		keep_place(struct keep *keep, uint32_t channel, const struct keep_place *place);
/* The place with all that was taken, on disk or not yet. */
uint64_t	keep_place_get(const struct keep *keep, uint64_t content);
/* The place with all that is on disk. */
uint64_t	keep_place_kept(const struct keep *keep, uint64_t content);
/*
 * The same without a copy: *io_whole is KEEP_FRONT_BYTES octets for our use and the batch. Its
 * memory is taken over when it is {0} afterwards (never unless OK).
 */
enum { KEEP_FRONT_BYTES = 48 };
enum err	keep_batch_give(struct keep *keep, uint32_t channel, uint64_t ticket,
		    struct buf *io_whole, struct why *why);
/*
 * Memory of an earlier batch for one of n octets: pages that are there already. {0} when there is
 * none, or n is so small that it would be a waste.
 */
struct buf	keep_spare(struct keep *keep, size_t n);

/* ---- what happened ---- */

enum keep_event_type {
	KEEP_ACK,
	KEEP_RESUME,		/* batches that were ERR_BUSY may be offered again */
	KEEP_CHECKPOINT,	/* text: the signed note, for the anchors */
	KEEP_FLUSHED,		/* what keep_flush asked for is done */
	KEEP_EXPIRED,		/* what keep_expire asked for is done; rows: segments that went */
	KEEP_REPACKED,		/* what keep_repack asked for is done; rows: segments that became
				 * fewer */
	KEEP_COOLED,		/* what keep_cool asked for is done; rows: segments that moved;
				 * text: why not all, or empty */
	KEEP_PINNED,		/* holds that began or ended are under a checkpoint;
				 * text: why they cannot be, or empty */
	KEEP_REKEYED,		/* the checkpoint before was the old key's last: keys_rotate_end */
	KEEP_ALARM,		/* text: for the log, and for people */
};

struct keep_event {
	uint8_t type;			/* enum keep_event_type */
	uint32_t channel;
	uint64_t ticket;
	uint64_t first_seq;		/* 0: kept before a restart, or set aside in quarantine/ */
	uint32_t rows;
	struct span text;		/* valid until the next keep_event */
};

/* False: none left. */
bool		keep_event(struct keep *keep, struct keep_event *ret_event);

/* ---- asked from outside ---- */

/* A tick now; KEEP_CHECKPOINT follows. */
void		keep_checkpoint(struct keep *keep);
/* Ends all segments; KEEP_FLUSHED follows when they are in the manifest. */
void		keep_flush(struct keep *keep);
/* Applies retention by the wall clock as it is, see keep_clock.c; KEEP_EXPIRED follows. */
void		keep_expire(struct keep *keep);
enum keep_repack_days {
	KEEP_REPACK_CLOSED,	/* days (UTC) that are over for a while */
	KEEP_REPACK_ALL		/* today's segments too: they are not repacked again tomorrow */
};

/* Repacks segments and merges their filters now, not in the next hour; KEEP_REPACKED follows. */
void		keep_repack(struct keep *keep, enum keep_repack_days days);
/*
 * How far the work is that ends with this event, asked for so long ago: a sentence in a line,
 * "still working: 12 of 40 segments, about 2 min left".
 */
void		keep_progress(struct keep *keep, enum keep_event_type event, int64_t since_ns,
		    struct buf *out);
/*
 * Moves segments to the cold folder now, not in the next hour; ALL: whatever their age. KEEP_COOLED
 * follows.
 */
void		keep_cool(struct keep *keep, enum keep_repack_days days);
/* For so long no file of the journal or of a segment is removed; 0: release. */
void		keep_hold(struct keep *keep, int64_t seconds);
/*
 * A legal hold: from now on no record goes that it may cover, whatever retention or a full disk
 * says. Its since_ns is set here. OK: KEEP_PINNED follows. ERR_BUSY: one of this name is in force;
 * ERR_LIMIT: too many are; ERR_IO: nothing can be written. model/pin.h, seal.md section 9.
 */
struct pin;
enum err	keep_pin(struct keep *keep, const struct pin *hold, struct why *why);
/* Ends it; KEEP_PINNED follows. ERR_ABSENT: there is none of this name. */
enum err	keep_unpin(struct keep *keep, struct span name, struct span who,
		    struct span reason, struct why *why);
/*
 * Sets a counter that each heartbeat carries from now on (what was lost, by whom). Relays' have a
 * part of a heartbeat, and give it to the desk's own; what finds no room is counted.
 */
void		keep_counter(struct keep *keep, struct span name, uint64_t value);
/* All that begin so were told: those that were not since the last time make room when needed. */
void		keep_counters_told(struct keep *keep, struct span beginning);
/*
 * Those named "ROLE." and more: who counted has ended, its successor counts from 0. A tick seals
 * what they were; the successor's are in the one after that.
 */
void		keep_counters_end(struct keep *keep, struct span role);
/* Those whose names begin so: the next heartbeat is their last. */
void		keep_counters_gone(struct keep *keep, struct span beginning);
/* Replaces the seal key; the caller has the parts from keys_rotate_begin (store/key.h). */
struct key_rotation;
void		keep_rotate(struct keep *keep, const struct key_rotation *rotation,
		    struct span reason);
/*
 * After a crash in the middle of it: true when the KEY leaf is in the journal but under no
 * checkpoint; it is now signed and KEEP_REKEYED follows. False: there is none, undo the rotation.
 */
bool		keep_rotate_resume(struct keep *keep, const uint8_t seed[32]);
/* State and counters as one JSON object. */
void		keep_status(struct keep *keep, struct buf *out);

/*
 * For the handler of SIGSEGV, SIGABRT and their like, and only there: notes which batch this thread
 * was busy with, so that one that ends two lives in a row is set aside.
 */
void		keep_crashed(void);

#endif
