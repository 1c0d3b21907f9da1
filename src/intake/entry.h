/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where does an entry end in a stream in the journal export format
 * (systemd.io/JOURNAL_EXPORT_FORMATS)? Fields with a length may hold anything, so they are walked
 * over. A field that would make the entry too long is left out and counted. Pure, as framing.h.
 *
 *	stream = *( *LF entry LF ), entry = 1*field
 *	field = name "=" text LF / name LF length octets LF      length: 8 octets, little-endian
 */
#ifndef INTAKE_ENTRY_H
#define INTAKE_ENTRY_H

#include "intake/framing.h"

struct entry {
	uint8_t state;		/* enum entry_state */
	bool equals;		/* the line has a '=': it is all of the field */
	bool skip;		/* the field is left out */
	bool emptied;		/* hold was handed out */
	uint8_t nsize;
	uint8_t size[8];
	uint64_t line_n;	/* octets of the line so far */
	uint64_t left;		/* of a field's octets */
	size_t from;		/* where the field begins in hold */
	uint64_t cut;
	struct buf hold;	/* the entry, whole fields and the one that is read */
};

/* As framing_next; the frame is an entry without the empty line. ERR_FORMAT: no such format. */
enum err	entry_next(struct entry *entry, struct span *io_input, size_t most,
		    struct frame *ret_frame);
/*
 * The stream ended: the last entry, when only its empty line is missing. ERR_ABSENT: it ended
 * between entries; ERR_FORMAT: in the middle of a field.
 */
enum err	entry_end(struct entry *entry, struct frame *ret_frame);
void		entry_done(struct entry *entry);

#endif
