/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One text file that grows: who it is, how far it was read, line by line. Inside of agent; used by
 * tail only.
 *
 *	0         safe        read      look        size
 *	|---------|===========|- - - - -|...........|
 *	 on disk    given      a begun    not looked
 *	            as lines   line       at yet
 *
 * Nothing of the file is kept in memory between two turns: a begun line is read again when its end
 * has come. So is a begun record of several lines (model/join.h), at most LIMIT_JOIN_BYTES: `read`
 * stays in front of it, so that whatever ends us in the middle of it neither splits nor repeats
 * it. A place carries a check of the octets in front of it, so that a file that was cut and
 * has grown again (copytruncate) is noticed even when it is longer than before.
 */
#ifndef AGENT_FOLLOW_H
#define AGENT_FOLLOW_H

#include <sys/stat.h>

#include "agent/agent.h"

enum {
	FOLLOW_PATH = 512,		/* a longer path is refused */
	FOLLOW_HEAD = 256,		/* octets that tell two files with one inode apart */
	FOLLOW_CHECK = 64,		/* octets in front of a place that must be the same */
	FOLLOW_PIECE = 64 << 10,	/* octets read at once */
};

struct place {
	uint64_t at;
	uint64_t check;			/* hash of the at most FOLLOW_CHECK octets in front */
};

struct follow {
	char *path;
	const struct join *join;	/* NULL: a line is a record; tail's */
	int fd;				/* -1: known, not open */
	uint64_t dev, ino;
	uint64_t head_hash;		/* of the first head_n octets */
	uint32_t head_n;
	struct place read, look, safe;
	struct place mark[TAIL_MARKS];
	uint64_t size;			/* when last looked at; UINT64_MAX: never */
	struct timespec mtime;
	/* As it was before it was cut: a copy that somebody made of it goes on from there. */
	struct place old, old_safe;
	uint64_t old_hash;
	uint64_t owed;			/* octets not read before the cut, if no copy turns up */
	unsigned owed_scans;
	bool at_end;			/* nothing behind look, by size */
	bool grew;			/* since the last scan */
	bool skipping;			/* the begun line was given, cut: its rest is passed over */
	bool give_rest;			/* no end of line will come any more */
	bool begun;			/* whole lines of a record lie behind read */
	bool give_begun;		/* and they are all of it */
	bool packed;			/* compressed: a rotated copy of what was read as text */
	/* For the scan. */
	bool seen, searched;
	bool was_met;			/* waits: it may be a copy that is being written */
	unsigned nlink;
	int64_t active_ns, gone_ns, opened_ns, met_ns;
	uint64_t still_size;		/* since still_ns it has been as long as that */
	int64_t still_ns;
};

/* What the files share. */
struct follow_io {
	struct tail_counts *counts;
	struct buf line;		/* a long line, whole, or a record's piece */
	size_t left;			/* octets that this turn may still read */
	agent_take_fn *take;
	void *ctx;
	uint8_t in[FOLLOW_CHECK + FOLLOW_PIECE];
};

struct follow	*follow_new(const char *path);
void		follow_free(struct follow **follow);
void		follow_rename(struct follow *follow, const char *path);
/* Takes fd over; a file whose place does not hold (follow_holds) is read from its start. */
void		follow_open(struct follow *follow, int fd, const struct stat *st);
void		follow_close(struct follow *follow);
/* Not to be read as it is now: follow_changed tells when to look at it again. */
void		follow_pass(struct follow *follow, const struct stat *st);
/* The place behind those last (at most FOLLOW_CHECK) octets. */
struct place	place_behind(uint64_t at, struct span last);
/* Is the file behind fd the one that was read up to `place` and began with that head? */
bool		follow_holds(int fd, uint32_t head_n, uint64_t head_hash,
		    const struct place *place);
/* The hash of the first *n octets at most; *n becomes what there was. */
uint64_t	follow_head(int fd, uint32_t *n);
/* Compressed, by name and first octets: not one alone, so that no log hides behind two octets. */
bool		follow_is_packed(const char *path, int fd);
/* Is file a (st) what file b begins with? The heads and the last octets of a decide. */
bool		follow_is_front(int a, const struct stat *st, int b, struct place *ret_end);
/* One piece of it at most. True: there was more. */
bool		follow_turn(struct follow *follow, struct follow_io *io);
/* Time passes: a record that is begun in a file that does not grow is all there. */
void		follow_time(struct follow *follow, int64_t now_ns);
bool		follow_changed(const struct follow *follow, const struct stat *st);

#endif
