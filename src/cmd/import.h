/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `trucban import` share: the run, its side of the desk, what it says. */
#ifndef CMD_IMPORT_H
#define CMD_IMPORT_H

#include "base/utf16.h"
#include "sys/chan.h"
#include "model/running.h"
#include "role/import.h"

/* A file, or a member of an archive, that the desk has not answered for. */
struct sent {
	struct sent *next;
	uint64_t tag;
	uint64_t index;			/* in its archive, from 0 */
	char *name;
	char *form;			/* as the desk said; static text or NULL */
	uint8_t coding;			/* enum utf16_order that it is decoded from */
	uint64_t replaced;		/* halves of characters in it */
	unsigned left;			/* octets at its end that are no whole character */
	struct why trouble;		/* it could not be read to its end */
};

/* To be sent once more, since it begins like another content. */
struct again {
	uint64_t index;
	struct buf avoid;
};

/* The file being sent: see import_coded.c. */
struct coded {
	char *name;
	uint64_t index;
	int64_t mtime_ns;
	struct span avoid;		/* of the pass, borrowed */
	struct buf head, out;
	bool known, refused;		/* what it is is known; it is nothing to import */
	struct utf16 utf16;
	struct running *sum;		/* of its own octets, */
	uint64_t bytes;			/* which are so many */
};

struct run {
	const char *state;
	struct import_file like;	/* what the options say of all files */
	bool json, progress;
	struct chan *desk;
	uint64_t tags;
	struct sent *sent, **sent_last;
	unsigned nsent;
	struct again *again;		/* of the file at hand */
	size_t nagain;
	struct coded coded;
	const volatile bool *cancelled;
	/* sums */
	uint64_t files, failed, bytes, known_bytes, rows, unparsed, cut, refused;
	unsigned said;			/* lines for members of the file at hand */
	/* progress */
	uint64_t total, before, at;	/* octets of all files; of those done; in the one at hand */
	int64_t begin_ns, shown_ns;
};

/* import_desk.c. ERR_ABSENT: the desk is not there (any more); ERR_BUSY: cancelled. */
enum err	desk_open(struct run *run, struct why *why);
/* avoid: of an earlier answer, or empty; coding: what its octets were decoded from. */
enum err	desk_file(struct run *run, const char *name, uint64_t index, int64_t mtime_ns,
		    struct span avoid, enum utf16_order coding, struct why *why);
enum err	desk_data(struct run *run, struct span piece, struct why *why);
/* left: see struct sent; trouble: why it could not be read on, or NULL. Also when cancelled. */
enum err	desk_end(struct run *run, const struct import_ended *ended, unsigned left,
		    const char *trouble, struct why *why);
/* Until everything that was sent is answered for. */
enum err	desk_wait(struct run *run, struct why *why);
void		desk_close(struct run *run);

/*
 * import_coded.c: one file, or member, after the other; avoid is borrowed until the end. What is
 * not text is refused and told of. They fail as desk_file, desk_data, desk_end do.
 */
void		coded_file(struct run *run, const char *name, uint64_t index, int64_t mtime_ns,
		    struct span avoid);
enum err	coded_data(struct run *run, struct span piece, struct why *why);
enum err	coded_end(struct run *run, const char *trouble, struct why *why);
/* Frees what is left of a file that came to no end. */
void		coded_done(struct run *run);

/* import_tell.c */
void	tell_said(struct run *run, const struct sent *sent, const struct import_said *said);
void	tell_done(struct run *run, const struct sent *sent, const struct import_done *done);
/* Stored of a file that is to be sent once more: counted, and told of with the rest. */
void	tell_part(struct run *run, const struct import_done *done);
/* A file of which nothing reached the desk. */
void	tell_failed(struct run *run, const char *name, const char *why);
/* At most five times a second, on a terminal. */
void	tell_progress(struct run *run, const char *name);
void	tell_progress_end(struct run *run);
void	tell_sum(const struct run *run);

#endif
