/* SPDX-License-Identifier: Apache-2.0 */
/* Between keep_recover.c (files, frames, what fits together) and keep_replay.c (what they say). */
#ifndef STORE_KEEP_RECOVER_INT_H
#define STORE_KEEP_RECOVER_INT_H

#include "base/arena.h"
#include "store/keep_int.h"

/* One journal file as seen before any is read through. */
struct known_file {
	uint64_t number;
	bool valid;			/* its head is */
	uint32_t epoch;
	struct digest chain;
};

struct walk {
	struct keep *keep;
	struct recovery *r;
	struct known_file *file;
	size_t n;
	struct journal_file at;		/* the one being read */
	size_t index;			/* its place in file[] */
	struct digest chain;
	uint32_t epoch;			/* of the files read last */
	uint64_t expect[STREAM_END];	/* next sequence number in the journal; 0: none yet */
	uint64_t replayed[STREAM_END];	/* rows that are in no segment */
	uint64_t rows_stored[STREAM_END], rows_lost[STREAM_END];	/* by the manifest */
	struct def **def;		/* of the frame at hand */
	size_t def_cap;
	struct arena *arena;
	int64_t leaf_ns;		/* time of the last leaf that was read */
	struct buf drop;		/* ids of segments whose DROP leaf is there */
};

/* What does not fit: a new epoch begins, when it is of this one. */
__attribute__((format(printf, 2, 3)))
void	walk_damage(struct walk *w, const char *format, ...);
/* A frame that cannot be read: its numbers were given all the same, and not again. */
void	walk_given(struct walk *w, const struct frame_head *head);
/* True when the frame's digest was computed, into keep->frame_digest. */
bool	walk_rows(struct walk *w, const struct journal_frame *frame);
void	walk_leaf(struct walk *w, const struct journal_frame *frame);

#endif
