/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `trucban import` and the role importer say to each other over STATE/run/import.sock, in the
 * frames of sys/chan.h: doc/formats/roles.md, "Imports". The command sends the content of each file
 * whole and from its beginning, whatever was imported before; the desk knows what it has.
 */
#ifndef ROLE_IMPORT_H
#define ROLE_IMPORT_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "model/digest.h"

enum import_type {
	IMPORT_FILE = 1,	/* command -> desk: struct import_file; tag: its number */
	IMPORT_DATA,		/* command -> desk: octets of it */
	IMPORT_END,		/* command -> desk: struct import_ended */
	IMPORT_SAID,		/* desk -> command: struct import_said */
	IMPORT_DONE,		/* desk -> command: struct import_done; all of it is on disk */
	IMPORT_TYPE_END
};

enum import_end {
	IMPORT_WHOLE,
	IMPORT_BROKEN,		/* it could not be read on: a record that is begun is left out */
};

enum {
	IMPORT_PIECE = 128 << 10,	/* octets of one IMPORT_DATA */
	IMPORT_LIMIT = 256 << 10,
	IMPORT_AVOID = 256,
};

struct import_file {
	struct span name, host, app, class;
	uint64_t unit;
	uint8_t form;			/* enum parse_form */
	int64_t mtime_ns;		/* 0: not known */
	struct span join;		/* how its lines are joined (model/join.h); empty: not */
	/* Contents that it turned out not to be: from an IMPORT_DONE that asks to try again. */
	struct span avoid;		/* u64 each */
};

/* How it ended, and what its own octets were when it was decoded from another coding. */
struct import_ended {
	uint8_t end;			/* enum import_end */
	uint8_t coding;			/* enum utf16_order; 0: the content is its own octets */
	uint64_t bytes, replaced;	/* octets of it; halves of characters made U+FFFD */
	struct digest digest;		/* BLAKE2b-256 of them */
};

struct import_said {
	uint8_t form;
	bool yearless;			/* stamps without a year were seen, */
	int64_t near_ns;		/* and lie in the year before this */
};

struct import_done {
	uint8_t err;			/* enum err; ERR_MORE: send it again, with `avoid` */
	struct span text;		/* why */
	uint64_t bytes;			/* of the content */
	uint64_t known_bytes;		/* of them stored before */
	uint64_t rows, unparsed, empty, cut, cut_bytes, refused;
	struct digest digest;		/* BLAKE2b-256 of the content */
	struct span avoid;
};

void		import_file_put(struct buf *out, const struct import_file *file);
enum err	import_file_read(struct import_file *ret, struct span body, struct why *why);
void		import_ended_put(struct buf *out, const struct import_ended *ended);
enum err	import_ended_read(struct import_ended *ret, struct span body, struct why *why);
void		import_said_put(struct buf *out, const struct import_said *said);
enum err	import_said_read(struct import_said *ret, struct span body, struct why *why);
void		import_done_put(struct buf *out, const struct import_done *done);
enum err	import_done_read(struct import_done *ret, struct span body, struct why *why);

#endif
