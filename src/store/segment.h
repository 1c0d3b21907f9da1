/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one segment by columns; part of the front door of store. What is not asked for is
 * neither read nor decoded; what was decoded stays until segment_free. All spans and arrays
 * returned belong to the segment.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "store/store.h"

void		segment_free(struct segment **segment);
uint32_t	segment_rows(const struct segment *segment);
uint32_t	segment_shapes(const struct segment *segment);
const struct shape	*segment_shape(const struct segment *segment, uint32_t index);
uint32_t	segment_sources(const struct segment *segment);
const struct source	*segment_source(const struct segment *segment, uint32_t index);

/* A leaf of the tree that has rows here: what verify and proofs need. */
struct segment_frame {
	uint64_t first_seq;
	uint32_t rows;
};

struct segment_leaf {
	uint64_t tree_index;		/* UINT64_MAX: not in the tree yet */
	uint8_t seed[32];
	uint32_t first_row;
	uint32_t nframe;
	const struct segment_frame *frame;
};

uint32_t	segment_leaves(const struct segment *segment);
const struct segment_leaf	*segment_leaf(const struct segment *segment, uint32_t index);
uint8_t		segment_stream(const struct segment *segment);
uint8_t		segment_class(const struct segment *segment);
uint32_t	segment_epoch(const struct segment *segment);

/* Per-row vectors, segment_rows() long, decoded at the first call. */
enum err	segment_shape_index(struct segment *segment, const uint16_t **ret, struct why *why);
enum err	segment_source_index(struct segment *segment, const uint16_t **ret,
		    struct why *why);
enum err	segment_flags(struct segment *segment, const uint8_t **ret, struct why *why);
enum err	segment_recv(struct segment *segment, const int64_t **ret, struct why *why);
enum err	segment_time(struct segment *segment, const int64_t **ret, struct why *why);
enum err	segment_seq(struct segment *segment, const uint64_t **ret, struct why *why);

enum column_form {
	COLUMN_CONST,		/* word[0] for every value */
	COLUMN_DICT,		/* word[code[i]] */
	COLUMN_VALUES,		/* value[i] */
	COLUMN_TEXT,		/* templates: template_of[i], slots on demand */
};

struct column_info {
	struct span name;
	uint8_t kind;		/* enum hole_kind: how the value's octets are escaped */
	uint8_t roles;		/* bit (1 << enum hole_role) for each role it has in some shape */
	uint8_t form;		/* enum column_form, as it will be after loading */
	bool has_int;		/* every value is a canonical decimal int64: see column.num */
	bool has_escape;	/* some value holds a backslash (JSON, SD kinds) */
	uint32_t nvalue;
	int64_t int_min, int_max;	/* when has_int */
};

uint32_t	segment_columns(const struct segment *segment);
const struct column_info	*segment_column(const struct segment *segment, uint32_t column);

struct column {
	const struct column_info *info;
	uint32_t n;			/* values */
	const uint32_t *row;		/* row of each value, ascending; NULL: value i is row i */
	uint32_t nword;
	const struct span *word;	/* CONST, DICT */
	/* Without refs: which of them a slot has. NULL: the next, or the only one. */
	const uint32_t *code;
	const struct span *value;	/* VALUES; TEXT after segment_column_text() */
	const int64_t *num;		/* when has_int: the numbers (per value) */
	uint32_t ntemplate;		/* TEXT */
	const struct span *template;	/* TEXT: fixed octets with 0x00 where a slot is */
	const uint16_t *template_of;	/* TEXT: per value */
};

/* Decodes column `column`; for TEXT only templates and template_of. Idempotent, cached. */
enum err	segment_column_load(struct segment *segment, uint32_t column,
		    const struct column **ret_column, struct why *why);
/*
 * Makes the TEXT values for which want[i] is set (want == NULL: all). Spans of others are
 * undefined.
 */
enum err	segment_column_text(struct segment *segment, uint32_t column, const uint8_t *want,
		    struct why *why);
/*
 * The lists that slots' values are in, by number: templates share them. For judging each list
 * once. may_hold: as list_may_hold() of store, from how the list (a column) is encoded; false is
 * certain. values: those of the list itself, words once or values one by one; a slot may also
 * repeat the columns ref[], in the same rows. The column must be loaded and a TEXT.
 */
uint32_t	segment_text_lists(const struct segment *segment, uint32_t column);
/* The lists of a template's slots, from the left. */
const uint32_t	*segment_text_slots(const struct segment *segment, uint32_t column,
		    uint32_t template, uint32_t *ret_n);
bool		segment_list_may_hold(const struct segment *segment, uint32_t column, uint32_t list,
		    struct span text, bool any_case);
bool		segment_column_may_hold(const struct segment *segment, uint32_t column,
		    struct span text, bool any_case);
/*
 * The octets of all values of a list, one behind the other, without decoding it: what is not in
 * them is in no value. False: they do not lie so.
 */
bool		segment_list_octets(const struct segment *segment, uint32_t column, uint32_t list,
		    struct span *ret_octets);
/* The numbers of a list that is LIST_IPV4, those of words once. */
enum err	segment_list_ipv4(struct segment *segment, uint32_t column, uint32_t list,
		    const int64_t **ret_num, uint32_t *ret_n, struct why *why);

/* How the values of a list lie. */
enum list_lies {
	LIST_EMPTY,		/* there are none */
	LIST_HERE,		/* their octets are in text_map.here, none is a backslash */
	LIST_AWAY,		/* their octets are in segment_text_away(), if they can be read
				   and none is a backslash in a column that has escapes */
	LIST_DIGITS,		/* whole decimal numbers: digits, and '-' in front */
	LIST_IPV4,		/* addresses: segment_list_ipv4() */
	LIST_OTHER,
	LIST_LIES
};

enum { LIST_POINTS_ANY = 127 };

enum {
	TEMPLATE_TIGHT = 1,	/* a letter, a digit, '_', an octet that is not ASCII or a second
				   slot touches a slot */
	TEMPLATE_BACKSLASH = 2	/* has one */
};

/* Bit c % 64 of before is set when some slot stands behind octet c, of behind: before it. */
struct template_look {
	uint64_t before, behind;
	uint32_t first, nslot;		/* in text_map.slot_list */
	uint8_t flags;
};

/*
 * What can be told of a text's templates and lists without decoding any, for judging many of them
 * at once: one search in `here` is one in all lists that lie there.
 */
struct text_map {
	uint32_t nlist;
	const uint8_t *lies;		/* enum list_lies */
	const uint8_t *points;		/* values have no more of them; or LIST_POINTS_ANY */
	struct span here;
	const uint32_t *end;		/* list i ends before here[end[i]], and the next begins */
	struct span templates;		/* holds column.template[], in order; empty: they do not */
	const struct template_look *look;
	const uint32_t *slot_list;
};

/* Made at the first call, kept with the segment. */
const struct text_map	*segment_text_map(struct segment *segment, uint32_t column);

/* The octets of the lists that are LIST_AWAY, by number; many lie one behind the other. */
struct text_away {
	uint32_t list;
	struct span octets;
};
/* Read at the first call, kept with the segment. */
const struct text_away	*segment_text_away(struct segment *segment, uint32_t column,
		    uint32_t *ret_n);

/*
 * What all values of a list look like, without decoding one: an outline may say more than there
 * is, never less.
 */
enum outline_kind {
	OUTLINE_NONE,			/* nothing is known */
	OUTLINE_ONE,			/* all are `text` */
	OUTLINE_PARTS_OF_ALL		/* all are part[0..n) one behind the other */
};

struct outline_part {
	struct span octets;
	bool any;			/* least to most octets, each out of these; else: these */
	uint8_t least, most;
};

enum { OUTLINE_PARTS = 48 };
struct outline {
	uint8_t kind;			/* enum outline_kind */
	uint32_t n;
	struct span text;
	struct outline_part part[OUTLINE_PARTS];
};

void		segment_list_outline(const struct segment *segment, uint32_t column, uint32_t list,
		    struct outline *ret);
/* Whether all values of a list are one, which is told without decoding. */
bool		segment_list_one(const struct segment *segment, uint32_t column, uint32_t list,
		    struct span *ret_text);
struct list_values {
	uint32_t nvalue;
	const struct span *value;
	uint32_t nref;
	const uint32_t *ref;
	/* Without refs: which of them each slot has. NULL: the next one, or the only one. */
	const uint32_t *code;
};
enum err	segment_list_values(struct segment *segment, uint32_t column, uint32_t list,
		    struct list_values *ret, struct why *why);
/* Appends the exact octets of the record in `row`. */
enum err	segment_raw(struct segment *segment, uint32_t row, struct buf *out,
		    struct why *why);

#endif
