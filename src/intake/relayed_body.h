/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay's body, read: doc/formats/relay.md sections 1 and 3. Groups are checked and become
 * batches of this intake: its numbers of shapes and sources, its classes and units. Touches no
 * socket. Inside of the room only.
 *
 * Rows of one batch of the relay may be of several retention classes here, and a batch for the
 * keeper has one. The relay's place moves with the last of its pieces; those before it move a
 * second place, the part: the number of the batch, and how many of its sources, in their order, are
 * on disk. So after a crash the rest is known, whatever the register says by then. Each piece moves
 * one of the two and rests on the other: none is kept when one before it was not.
 */
#ifndef INTAKE_RELAYED_BODY_H
#define INTAKE_RELAYED_BODY_H

#include "base/cur.h"
#include "model/batch.h"
#include "intake/intake.h"
#include "intake/source.h"

/* A batch that is ready for the keeper, with the places before and behind it. */
struct relayed_piece {
	struct buf head, code;
	uint8_t class;
	bool moves_part;		/* else the place */
	uint32_t rows;
	uint64_t from, to;
	uint64_t beside;		/* where the other one is */
};

/* A row of a batch that is taken apart by classes. */
struct relayed_mark {
	struct cur cur;			/* where it begins */
	uint32_t left;			/* rows from it on */
	uint32_t next;			/* of the same turn: its number + 1; 0: the last one */
};

struct relayed_turn {
	uint32_t first, last;		/* rows: number + 1 */
	uint32_t end;			/* sources before this index are on disk with it */
	uint8_t class;
};

struct registry;

struct relayed_body {
	/* given */
	const struct intake_parser *parser;
	void *parser_state;
	struct sources *sources;
	uint32_t other;			/* of them, when there is no room */
	const struct registry *registry;	/* of sources; NULL: none */
	uint8_t class;			/* where it says nothing */
	uint64_t unit;
	struct span name;		/* the relay's */
	int64_t recv_ns;
	uint64_t place;			/* before the body; then behind what was taken last */
	uint64_t part;			/* the same of parts */
	/* found */
	struct relayed_piece *piece;
	size_t npiece;
	struct span counters;		/* a list, checked; or empty */
	uint32_t shapes;		/* all that the pieces name are below */
	uint64_t rows, bytes, cut, unparsed;
	/* of the group at hand, by its numbers */
	struct shape **shape;
	uint32_t *shape_id;
	uint32_t nshape, shape_room;
	uint32_t *source_id;
	uint8_t *source_class;
	uint32_t nsource, source_room;
	/* of the batch at hand, by index */
	const struct shape **table;
	size_t table_room;
	struct batch_reader reader;
	struct relayed_mark *mark;
	struct relayed_turn *turn;
	uint32_t *turn_of;		/* by source index */
	struct batch_writer *writer[LIMIT_CLASSES];
	uint8_t open;			/* the class that is written now */
	uint64_t writer_from;		/* place before its first row */
	struct buf record;
};

/*
 * ERR_FORMAT names the broken rule; then nothing of it may be used. Shapes and sources have numbers
 * all the same. Call relayed_body_done in any case.
 */
enum err	relayed_body_read(struct relayed_body *body, struct span octets, struct why *why);
void		relayed_body_done(struct relayed_body *body);

#endif
