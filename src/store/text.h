/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column of texts as templates with slots: doc/formats/segment.md section 6. A text is cut
 * (store/cutter.h); its fixed octets with a NUL for each slot are its template, the slots' values
 * go to columns of their own, and a slot that repeats another column's value in the same row says
 * only which. Texts that cannot be cut, or whose templates would be too many, are template 0: one
 * slot and nothing else. Inside of store only.
 */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

#include "store/gather.h"
#include "store/list.h"
#include "store/segment.h"

enum {
	TEXT_REFS = 4,			/* columns that one slot may repeat */
	TEXT_TEMPLATES = 32768,
	TEXT_HAS_REFS = 1		/* flag in the directory */
};

/* ---- writing ---- */

struct text;

/* What else is in the row: first values of columns that are no texts. */
struct text_row {
	uint32_t n;
	const struct span *value;
	const uint32_t *column;
	const struct gather *const *gather;
};

struct text	*text_new(uint64_t seed, bool escaped);
void		text_free(struct text **text);
void		text_add(struct text *text, struct span value, const struct text_row *row);
/* After the last text, before text_put; what it costs is memory and time of the texts. */
void		text_end(struct text *text);
uint32_t	text_values(const struct text *text);
size_t		text_bytes(const struct text *text);
/* Some octet of it is a backslash; values that are references are not looked at. */
bool		text_has_escape(const struct text *text);
/* Some slot near the start was written as timestamps. */
bool		text_has_stamp(const struct text *text);
/* Writes ENCODING_TEXT and all that follows. target[column]: what a reference becomes. */
void		text_put(struct list_out *out, struct list_scratch *scratch, struct text *text,
		    const uint32_t *target);
/*
 * After text_put: timestamps near the start of texts. ns[i] of text i when has[i]; ret_sub: the
 * subs that have them, at most `most`. Returns how many.
 */
uint32_t	text_clock(const struct text *text, uint32_t *ret_sub, uint32_t most, int64_t *ns,
		    uint8_t *has);

/* ---- reading ---- */

struct text_reader;

/* Another column's value in the row of the text's value i; for slots that repeat one. */
typedef enum err text_ref_fn(void *ctx, uint32_t column, uint32_t i, struct span *ret_value,
    struct why *why);

/*
 * Reads flags, templates and template_of for ret->n values. in's parts must outlive the reader,
 * which belongs to in->hold but is ended with text_reader_free.
 */
enum err	text_get(struct list_in *in, struct column *ret, struct text_reader **ret_reader,
		    struct why *why);
void		text_reader_free(struct text_reader **reader);
bool		text_reader_refs(const struct text_reader *reader);
/* Makes value[i] for those that are wanted (NULL: all). */
enum err	text_make(struct text_reader *reader, const uint8_t *want, struct span *value,
		    text_ref_fn *ref, void *ctx, struct why *why);
/* As text_clock of these subs. */
enum err	text_reader_clock(struct text_reader *reader, const uint32_t *sub, uint32_t n,
		    int64_t *ns, uint8_t *has, struct why *why);
/* The values of one slot: those of its own list, and which columns it repeats. */
struct text_slot {
	uint32_t nvalue;
	const struct span *value;	/* distinct when they are words, else one per text */
	uint32_t nref;
	const uint32_t *ref;
	const uint32_t *code;		/* as list_values of segment.h */
};

/* Lists are numbered; slots of several templates may share one. */
uint32_t	text_lists(const struct text_reader *reader);
const uint32_t	*text_slots(const struct text_reader *reader, uint32_t template,
		    uint32_t *ret_n);
/* list_may_hold() of a list; true when it repeats columns. */
bool		text_list_may_hold(const struct text_reader *reader, uint32_t list,
		    struct span text, bool any_case);
/* list_octets() of a list; false when it repeats columns. */
bool		text_list_octets(const struct text_reader *reader, uint32_t list,
		    struct span *ret_octets);
/* How it is encoded; empty: it has no values. */
struct span	text_list_params(const struct text_reader *reader, uint32_t list);
enum err	text_list(struct text_reader *reader, uint32_t list, struct text_slot *ret,
		    struct why *why);
/* ERR_FORMAT when it is not LIST_IPV4. */
enum err	text_list_ipv4(struct text_reader *reader, uint32_t list, const int64_t **ret_num,
		    uint32_t *ret_n, struct why *why);
/* segment_text_map(). (text_look.c) */
const struct text_map	*text_map(struct text_reader *reader);
/* segment_text_away(); lists with backslashes are not among them when it is escaped. */
enum text_escapes { TEXT_PLAIN, TEXT_ESCAPED };
const struct text_away	*text_away(struct text_reader *reader, enum text_escapes escapes,
		    uint32_t *ret_n);

#endif
