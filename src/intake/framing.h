/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where does a syslog message end in a stream of octets? RFC 6587: octet counting (section 3.4.1)
 * or a trailer (section 3.4.2: LF, some senders NUL), found out per connection. Each counted
 * message begins with a number, a space and '<'; a log line may well begin with the first two.
 * A connection that has begun to count and then sends something else is not given up: up to its
 * LF it is a line, and from then on each frame is looked at anew.
 * Pure: octets in, records out; the socket is the caller's.
 */
#ifndef INTAKE_FRAMING_H
#define INTAKE_FRAMING_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

enum framing_kind {
	FRAMING_AUTO,		/* not known yet */
	FRAMING_LINES,		/* each record ends with LF */
	FRAMING_NUL,		/* each record ends with NUL */
	FRAMING_COUNTED,	/* each record has its length in front */
};

struct framing {
	uint8_t kind;		/* enum framing_kind; FRAMING_LINES may be set at the start */
	uint8_t digits;		/* of the length being read */
	bool in_record;		/* COUNTED: the length is known */
	bool spaced;		/* AUTO: the space behind the digits was taken */
	bool first_done;	/* LINES: the trailer is settled */
	bool emptied;		/* something is to be put right before the next frame */
	bool mixed;		/* a count was none: counted frames and lines may both come */
	uint32_t left;		/* COUNTED: the length being read, then octets still to come */
	uint64_t cut;		/* octets of this record that were not kept */
	uint64_t broken;	/* times that a count was none, or a frame went on without end */
	struct buf hold;	/* the part of a record that came before; nothing when idle */
};

struct frame {
	struct span record;	/* valid until the next call and as long as the input */
	uint64_t cut;		/* octets that belonged to it and were not kept */
};

/*
 * Takes the next record off *io_input. OK: *ret_frame (the record may be empty). ERR_MORE: all
 * input was taken. ERR_FORMAT: so was it, but where its records end cannot be told any more: end
 * the connection; framing_end gives what is held. most: hold no more octets than that, cut instead
 * (LIMIT_RECORD_BYTES unless memory is short). After OK `kind` is that of the frame.
 */
enum err	framing_next(struct framing *framing, struct span *io_input, size_t most,
		    struct frame *ret_frame);
/* The stream ended: what is there of the last record. ERR_ABSENT: it ended between records. */
enum err	framing_end(struct framing *framing, struct frame *ret_frame);
/* Octets of memory held for an incomplete record. */
size_t		framing_held(const struct framing *framing);
void		framing_done(struct framing *framing);

#endif
