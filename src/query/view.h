/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One opened segment as a query sees it: fields by name, whatever columns, shapes or sources their
 * values come from. Belongs to one task on one thread at a time; everything it hands out lives in
 * its arena until view_free().
 *
 * A field's values come in parts. Each row has a value in at most one part; a row in none has the
 * empty value (LogsQL does not tell absent, null and empty apart). A row whose shape has the name
 * twice is in no part: its value is the JSON array of all of them (view_joined).
 */
#ifndef QUERY_VIEW_H
#define QUERY_VIEW_H

#include "base/arena.h"
#include "store/segment.h"
#include "query/bits.h"
#include "query/match.h"
#include "query/query.h"

enum shape_state {
	SHAPE_ABSENT,		/* no hole of that name */
	SHAPE_ONE,
	SHAPE_MANY,
};

struct part {
	uint32_t n;			/* values */
	const uint32_t *row;		/* of each value, ascending; NULL: value i is row i */
	const uint8_t *shape_ok;	/* by shape: whose rows it speaks for; NULL: all it has */
	uint32_t nword;			/* words: already what they mean */
	const struct span *word;
	const uint32_t *code;		/* NULL with words: word[0] everywhere */
	const struct span *value;	/* no words: as stored, see part_value() */
	const int64_t *num;		/* canonical decimal, per value; or NULL */
	const int64_t *time_ns;		/* _time, _recv: instead of value, per value; or NULL */
	const uint64_t *seq;		/* _seq: the same */
	const struct column *column;	/* a column of the segment; NULL: made up */
	uint32_t index;			/* its number */
	uint8_t kind;			/* enum hole_kind */
	bool escaped;			/* some value has escapes to undo */
	bool dash_null;			/* "-" is null */
	bool text;			/* COLUMN_TEXT: value[] only after segment_column_text() */
	bool raw;			/* _raw: the record's octets, made when asked for */
	uint32_t cursor;		/* where the last search for a row ended */
};

/* Where the values of a hole are: the column, and the how manieth of a row in it. */
enum place_turn {
	PLACE_ONLY,		/* the shape has the name once */
	PLACE_FIRST,		/* it has it more often; this is the first */
	PLACE_AGAIN,
};

struct place {
	uint32_t column;		/* UINT32_MAX: in none */
	uint32_t nth;
	uint8_t turn;			/* enum place_turn */
};

struct field {
	struct span name;
	uint32_t npart;
	struct part *part;
	const uint8_t *state;		/* enum shape_state by shape */
	bool some_absent, some_many;	/* among the shapes */
	struct field *next;
};

struct view {
	struct segment *segment;	/* owned */
	struct segment_info info;
	uint32_t nrow;
	uint32_t nshape;
	struct arena *arena;
	struct match_scratch scratch;
	struct room room;		/* of part_value */
	struct buf raw;			/* the same, for _raw */
	struct field *fields;
	const uint16_t *shape_of;	/* by row; loaded when asked for */
	struct place **place;		/* by shape: where each hole's values are */
	uint32_t *cursor;		/* by column: where the last search for a row ended */
	uint8_t *text_all;		/* by column: all of a text column is readable */
	struct span **source_text;	/* by name, by source: source_text() */
	struct bits *spare[2 * LIMIT_QUERY_DEPTH + 16];
	uint32_t nspare;
};

/* Takes the segment over. */
struct view	*view_new(struct segment *segment, const struct segment_info *info);
void		view_free(struct view **view);
/* The same, but the segment goes back to the store. */
void		view_done(struct view **view, struct store *store);

/* The field, resolved once. ERR_FORMAT and the like: the segment is broken. */
enum err	view_field(struct view *view, struct span name, struct field **ret_field,
		    struct why *why);
enum err	view_shape_of(struct view *view, const uint16_t **ret, struct why *why);

/* What value i of the part means; valid until the next call on the view, or longer. */
struct span	part_value(struct view *view, const struct part *part, uint32_t i);
/* The number of row's value in the part; UINT32_MAX: it has none there. */
uint32_t	part_find(struct view *view, struct part *part, uint32_t row);
/* Makes value[] of a text part readable for the values i with want[i] != 0. */
enum err	part_text(struct view *view, struct part *part, const uint8_t *want,
    struct why *why);
/*
 * The value of hole `hole` in a row, as it is stored; its column (loaded) tells what it means.
 * Text columns must have been made readable for the row: view_text_all, or part_text.
 */
enum err	view_hole(struct view *view, uint32_t row, uint32_t hole, struct span *ret_raw,
		    const struct column **ret_column, struct why *why);
struct need;
/* Makes the text columns of these rows readable that view_row() with this need looks at. */
enum err	view_text_rows(struct view *view, const struct need *need, const struct bits *rows,
		    struct why *why);
/* What the octets of a hole mean; room: at least raw.n octets. */
struct span	hole_value(const struct shape *shape, const struct hole *hole, struct span raw,
		    uint8_t *room);
/* Value of a row whose shape has the name twice. In the arena. */
enum err	view_joined(struct view *view, const struct field *field, uint32_t row,
		    struct span *ret_value, struct why *why);
/* The field's value in a row, whatever its part; valid until the next call on the view. */
enum err	view_value(struct view *view, struct field *field, uint32_t row,
		    struct span *ret_value, struct why *why);

/* Sets of rows to work with, last taken first given back. */
struct bits	*view_bits(struct view *view);
void		view_bits_done(struct view *view, struct bits **bits);


/* Appends value as a JSON string; octets that are no UTF-8 become U+FFFD. */
void		json_string_put(struct buf *out, struct span value);

/* ---- fields that no record has ---- */

/* Whether a name is made up whatever the records say: _time, _stream, _seq ... and _msg. */
bool		is_virtual(struct span name);
/* The field's only part, whatever the records say; false: no such field. */
enum err	virtual_part(struct view *view, struct field *field, bool *ret_is,
		    struct why *why);
/*
 * The value of a field that every row of one source has the same of, such as _stream; *ret_is: it
 * is one. Only what is asked for is made. In the view's arena.
 */
enum err	source_text(struct view *view, struct span name, uint32_t row,
		    struct span *ret_value, bool *ret_is, struct why *why);
/*
 * hostname and app_name of rows that say it under another name (host.name, Computer, Channel ...)
 * and have no such field themselves.
 */
enum err	claimed_part(struct view *view, struct field *field, struct why *why);
/* What follows from the priority, for rows that do not have the field themselves. */
enum err	priority_parts(struct view *view, struct field *field, struct why *why);
/* "{app_name="x",hostname="y",unit="3"}" and its id, 48 hexadecimal digits. */
void		stream_print(struct buf *out, const struct source *source);
void		stream_id_print(struct buf *out, const struct source *source);
/* Name of the stored stream: "raw". */
const char	*store_stream_name(unsigned stream);

/* One code per row: what pipes group and count by. word[0] is empty; equal words may differ. */
struct coded {
	uint32_t nword;
	const struct span *word;
	const uint32_t *code;		/* by row; undefined outside of the rows asked for */
};

/* A list of names that a pipe wants: all of them, some, those that begin with something. */
struct need {
	bool all;
	struct names names;
};
/*
 * The row's fields, in the order of the need; all: _time, _stream_id, _stream, _msg, the record's
 * own in its order, what follows from the priority, _seq, then what else is named. Texts must be
 * readable (view_text_rows). In `arena` or the segment.
 */
enum err	view_row(struct view *view, const struct need *need, uint32_t row,
		    struct arena *arena, struct query_row *ret_row, struct why *why);
bool		name_matches(const struct name *pattern, struct span name);

/* For the rows of `want`. In the arena. */
enum err	view_coded(struct view *view, struct field *field, const struct bits *want,
		    struct coded *ret_coded, struct why *why);

#endif
