/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lines are one record: stack traces, statements over several lines, a server's details of
 * an error. A rule is chosen for a source by who keeps the desk, never guessed from content; it
 * judges a line by its first octets alone, in one pass, so that no text is slow. The line feeds
 * inside of a record are the record's octets, the one behind it is framing: the records with a LF
 * between them are what was written. doc/formats/decoder.md, section 15.
 */
#ifndef MODEL_JOIN_H
#define MODEL_JOIN_H

#include "base/err.h"
#include "base/span.h"

enum join_kind {
	JOIN_NONE,		/* a line is a record */
	JOIN_INDENT,		/* lines that begin with white space go on */
	JOIN_TRACE,		/* so do those of a Java, .NET, Python or PHP trace */
	JOIN_STAMP,		/* a record begins with a stamp */
	JOIN_POSTGRESQL,	/* so it does, but for DETAIL, HINT, STATEMENT and their like */
	JOIN_START,		/* a record begins with the mask */
	JOIN_KIND_END
};

enum {
	JOIN_MASK = 63,			/* octets of a mask */
	JOIN_LOOK = 512,		/* octets of a line that are looked at */
};

struct join {
	uint8_t kind;			/* enum join_kind */
	uint8_t n;
	uint8_t mask[JOIN_MASK];	/* '0' is any digit, '?' any octet, all else itself */
};

/* Names that join_read knows, for messages. */
#define JOIN_NAMES "none, indent, trace, stamp, postgresql, start:TEXT"

/* A rule as it is written: one of JOIN_NAMES, or nothing. False: it is none. */
bool		join_read(struct join *ret_join, struct span text);

/* What is known of the record that is begun; all 0: none is. */
struct join_state {
	uint32_t lines;
	bool in_traceback;		/* Python's: it ends with its first line without indent */
};

/* Begins a record with its first line (without its LF, as below). */
void		join_begin(const struct join *join, struct join_state *ret_state, struct span line);
/* Does the line belong to the record that is begun? If so it is counted as one of it. */
bool		join_goes_on(const struct join *join, struct join_state *state, struct span line);
/* True for what is empty or a lone CR; it goes on with every record. */
bool		join_is_empty(struct span line);

/* Records in memory that grows at its end. */
struct join_scan {
	struct join_state state;
	size_t done;			/* lines up to here are the record's */
	size_t at;			/* no LF between done and here */
};

struct join_found {
	size_t n;			/* octets, with the LF behind the last line */
	bool full;			/* a limit ends it; what follows may belong to it */
};

enum join_input { JOIN_MORE_COMES, JOIN_COMPLETE };

/*
 * The record that `in` begins with. OK: it is there; scan is ready for the next, which begins
 * behind it. A line without an octet in front of a record is one of its own. ERR_MORE: its end is
 * not known yet; call again with more behind it.
 */
enum err	join_next(const struct join *join, struct join_scan *scan, struct span in,
		    enum join_input input, struct join_found *ret_found);

#endif
