/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the records of a file end: lines, or several joined by a rule (model/join.h), rows of CSV
 * whose quoted values may hold line feeds, or JSON values one after the other, also as elements of
 * an array. Pure and resumable: the caller
 * keeps what is not taken yet in one piece of memory and hands it in with more behind it. What
 * lies between records (line feeds, commas, brackets) is framing and belongs to none.
 */
#ifndef PARSE_SPLIT_H
#define PARSE_SPLIT_H

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "model/join.h"

enum split_kind { SPLIT_LINES, SPLIT_CSV, SPLIT_JSON, SPLIT_JOINED };

/* A quoted value of CSV; one that is longer was no quote, and the row ends with its line. */
enum { SPLIT_QUOTED_BYTES = 64 << 10 };

struct split {
	uint8_t kind;			/* enum split_kind */
	uint8_t comma;			/* CSV: between values */
	const struct join *join;	/* JOINED: the caller's */
	/* of the record that is begun */
	bool skipping;			/* it was given, cut: its rest is passed over */
	bool quoted;			/* CSV, JSON: inside of quotes */
	bool escaped;			/* JSON: the octet before was a backslash */
	bool loose;			/* JSON: no object; it ends with its line */
	bool unquoted;			/* CSV: too long for a quote: it ends with its line */
	uint32_t depth;			/* JSON */
	size_t at;			/* octets looked at */
	struct join_scan scan;		/* JOINED */
	size_t quote, closed;		/* CSV: where the quote began; behind the last one */
};

struct split_record {
	struct span record;		/* into the input */
	size_t taken;			/* octets of the input that are done with, framing too */
	bool cut;			/* it is longer; what is not given is counted as passed */
	size_t passed;			/* of those taken: octets of a cut record, not given */
};

enum split_end { SPLIT_MORE_COMES, SPLIT_COMPLETE };

/*
 * OK: a record, perhaps empty. ERR_MORE: none yet (all of it is taken when the input is complete).
 * In both cases drop ret->taken octets from the input before the next call.
 */
enum err	split_next(struct split *split, struct span in, enum split_end end,
		    struct split_record *ret_record);

#endif
