/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of values and of integers as they lie in a segment: the encodings that stand for
 * themselves (doc/formats/segment.md section 4). Parameters go to a directory, bulk to streams of
 * the pack; short streams stay in the directory. Inside of store only.
 */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "store/pack.h"

enum encoding {
	ENCODING_CONST,
	ENCODING_DICT,
	ENCODING_INT,
	ENCODING_STAMP,
	ENCODING_IPV4,
	ENCODING_NIBBLE,
	ENCODING_STRING,
	ENCODING_TEXT,
	ENCODING_HOST,
	ENCODING_APP,
	ENCODING_SAME,
	ENCODING_MIXED,
	ENCODING_END
};

enum {
	/* Values of one column: what the builder lets in, and a reader's memory, depend on it. */
	LIMIT_COLUMN_VALUES = 1 << 24
};

/* ---- memory of a reader: given back all at once ---- */

struct hold {
	void **p;
	size_t n, cap;
	size_t bytes;
};

void	*hold_alloc(struct hold *hold, size_t count, size_t size);
void	hold_done(struct hold *hold);

/* ---- writing ---- */

struct filter_maker;

/* Where an encoding goes, and the filter that its words go to (NULL: none); all borrowed. */
struct list_out {
	struct pack_writer *pack;
	struct buf *dir;
	struct filter_maker *filter;
};

enum ints_mode {
	INTS_CODES,		/* numbers without order, such as codes: no differences */
	INTS_SERIES		/* differences when they are smaller */
};

/* What the writer of a list learned about it. */
struct list_facts {
	uint8_t encoding;
	bool has_int;			/* canonical decimal int64, all of them */
	bool has_stamp;			/* timestamps of one form, all of them */
	int64_t int_min, int_max;
	int64_t *ns;			/* column_put, has_stamp: of each value; the caller's */
};

void	stream_put(struct list_out *out, enum pack_lane lane, struct span bytes);
/* About how many bits ints_put will need. */
uint64_t	ints_bits(const int64_t *v, size_t n);
void	ints_put(struct list_out *out, const int64_t *v, size_t n, enum ints_mode mode);
void	codes_put(struct list_out *out, const uint16_t *v, size_t n);

/* Working memory of a writer of lists; {0} to begin with, list_scratch_done at the end. */
struct list_scratch {
	int64_t *num;
	int64_t *length;
	size_t cap;
	struct buf octets;
};

void	list_scratch_done(struct list_scratch *scratch);
/* An encoding that gives back n values exactly; see list_int.h. */
struct list_choice;

/* n >= 1; no value is longer than LIMIT_RECORD_BYTES. The choice borrows from v and scratch. */
void	list_choose(struct list_choice *ret_choice, struct list_scratch *scratch,
	    const struct span *v, size_t n);
/* Writes code and parameters of the chosen encoding, and the streams. */
void	list_put_as(struct list_out *out, struct list_scratch *scratch,
	    const struct list_choice *choice, const struct span *v, size_t n,
	    struct list_facts *ret_facts);
/* list_choose and list_put_as. */
void	list_put(struct list_out *out, struct list_scratch *scratch, const struct span *v, size_t n,
	    struct list_facts *ret_facts);

/* ---- reading: a broken rule gives ERR_FORMAT, or sets c->bad ---- */

struct list_in {
	struct cur *c;
	struct pack *pack;
	struct hold *hold;
};

enum err	stream_get(struct list_in *in, struct span *ret_bytes, struct why *why);
enum err	ints_get(struct list_in *in, int64_t *ret, size_t n, struct why *why);
/* The same, each of them below `limit`. */
enum err	codes_get(struct list_in *in, uint32_t *ret, size_t n, uint32_t limit,
		    struct why *why);

/* How values are written that lie as numbers or digits: INT, STAMP, IPV4, NIBBLE. (list_text.c) */
struct recipe;

/* At most so many octets are written of one value. */
size_t	recipe_bytes(const struct recipe *recipe);
/* Writes value i at `at`; returns its octets. */
size_t	recipe_write(const struct recipe *recipe, size_t i, uint8_t *at);
/* The numbers of addresses; NULL: it is not for those. recipe may be NULL. */
const int64_t	*recipe_ipv4(const struct recipe *recipe);
/* All n values. */
const struct span	*recipe_values(const struct recipe *recipe, size_t n, struct hold *hold);

/* A list as read: n spans, and the numbers when they are canonical integers. */
struct list {
	uint8_t encoding;
	const struct span *value;	/* NULL: see recipe */
	const struct recipe *recipe;
	const int64_t *num;		/* INT that renders as itself, STAMP (ns), IPV4; or NULL */
	bool has_int;
	bool has_stamp;
};

/* Whether codes_put wrote zeros only. */
bool		codes_are_zero(struct span params);
/* The same as codes_get, each of them below `limit`, which is at most 2^16. */
enum err	short_codes_get(struct list_in *in, uint16_t *ret, size_t n, uint32_t limit,
		    struct why *why);
/* Steps over what ints_put or codes_put wrote; reads nothing. */
void		ints_skip(struct list_in *in);
/*
 * All octets of a list's values one behind the other, when they lie so (STRING, CONST, the words
 * of a DICT of them), without decoding which is which. False: they do not, or are broken.
 */
bool		list_octets(struct pack *pack, struct span params, struct span *ret_octets);

/* n >= 1. Reads code and parameters. */
enum err	list_get(struct list_in *in, size_t n, struct list *ret, struct why *why);

/* ---- numbers ---- */

/* The value of canonical decimal text: "0", "-17"; no sign "+", no zeros in front, in int64. */
bool	number_parse(struct span s, int64_t *ret);
/* At most 20 octets at `at`; returns how many. */
size_t	number_put(uint8_t *at, int64_t v);

/*
 * Whether some value of a list may hold `text`, which is word characters only: from the list's
 * encoding and parameters, nothing is decoded. any_case: text is in lower case and values are
 * compared without regard to it. False is certain. (look.c)
 */
bool	list_may_hold(struct span params, struct span text, bool any_case);
/*
 * How the list's values lie, an enum list_lies (LIST_HERE: in params themselves), and how many
 * points one has at most, as numbers' encodings say: text_map.points.
 */
void	list_look(struct span params, uint8_t *ret_lies, uint8_t *ret_points);
/* What its values look like. (outline.c) */
struct outline;
void	list_outline(struct pack *pack, struct span params, struct outline *ret);

#endif
