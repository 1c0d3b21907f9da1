/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of the input. See split.h. A record's end is looked for from
 * split->at on, so no octet is looked at twice however small the pieces are.
 */
#include "parse/split.h"

#include "base/must.h"

enum { NOT_FOUND = 0 };

/* Octets up to and with the end of the record, or NOT_FOUND. */
typedef size_t end_fn(struct split *split, struct span in, bool complete);

static size_t
line_end(struct split *split, struct span in, bool complete)
{
	const uint8_t *lf = in.n > split->at ?
	    memchr(in.p + split->at, '\n', in.n - split->at) : NULL;

	(void)complete;
	split->at = in.n;
	return lf != NULL ? (size_t)(lf - in.p) + 1 : NOT_FOUND;
}

/* A record that is longer than one may be is one line: the rest of it ends with its LF. */
static size_t
joined_end(struct split *split, struct span in, bool complete)
{
	enum join_input input = complete ? JOIN_COMPLETE : JOIN_MORE_COMES;
	struct join_found found;

	if (split->skipping)
		return line_end(split, in, complete);
	split->at = in.n;
	return join_next(split->join, &split->scan, in, input, &found) == OK ? found.n : NOT_FOUND;
}

/* ---- CSV: RFC 4180, with any of the usual separators ---- */

/* What was taken for a quote is none: the row ends with the line that it began in. */
static size_t
csv_unquote(struct split *split, struct span in, bool complete)
{
	split->quoted = false;
	split->unquoted = true;
	split->at = split->quote;
	return line_end(split, in, complete);
}

static size_t
csv_end(struct split *split, struct span in, bool complete)
{
	size_t i;

	if (split->unquoted)
		return line_end(split, in, complete);
	for (i = split->at; i < in.n; i++) {
		uint8_t b = in.p[i];

		if (b == '"' && split->quoted) {
			split->quoted = false;
			split->closed = i + 1;
		} else if (b == '"' && (i == 0 || in.p[i - 1] == split->comma ||
		    split->closed == i)) {
			split->quoted = true;
			split->quote = i;
		} else if (b == '\n' && !split->quoted) {
			return i + 1;
		}
		if (split->quoted && i - split->quote > SPLIT_QUOTED_BYTES)
			return csv_unquote(split, in, complete);
	}
	split->at = i;
	if (complete && split->quoted)
		return csv_unquote(split, in, complete);
	return NOT_FOUND;
}

/* ---- JSON: where does the object that begins the input end? ---- */

static size_t
json_end(struct split *split, struct span in, bool complete)
{
	size_t i;

	if (split->loose)
		return line_end(split, in, complete);
	for (i = split->at; i < in.n; i++) {
		uint8_t b = in.p[i];

		if (split->escaped)
			split->escaped = false;
		else if (split->quoted && b == '\\')
			split->escaped = true;
		else if (b == '"')
			split->quoted = !split->quoted;
		else if (!split->quoted && (b == '{' || b == '['))
			split->depth++;
		else if (!split->quoted && (b == '}' || b == ']') && --split->depth == 0)
			return i + 1;
	}
	split->at = i;
	return NOT_FOUND;
}

static const struct span byte_order_mark = { (const uint8_t *)"\xef\xbb\xbf", 3 };

/* Octets in front of an object that belong to none. */
static size_t
json_between(struct span in)
{
	size_t i = 0;

	while (i < in.n && (in.p[i] <= ' ' || in.p[i] == ',' || in.p[i] == '[' || in.p[i] == ']'))
		i++;
	if (i == 0 && span_starts(in, byte_order_mark))
		i = 3;
	return i;
}

/* ---- all ---- */

static void
record_begin(struct split *split)
{
	*split = (struct split){ .kind = split->kind, .comma = split->comma,
	    .join = split->join };
}

static enum err
taken(struct split_record *ret, size_t n)
{
	*ret = (struct split_record){ .taken = n };
	return ERR_MORE;
}

/*
 * The record is longer than one may be: its front is given. Its end is there (n), or its rest will
 * be passed over.
 */
static enum err
cut(struct split *split, struct span in, size_t n, struct split_record *ret)
{
	*ret = (struct split_record){ .record = span_sub(in, 0, LIMIT_RECORD_BYTES), .cut = true };
	ret->taken = n != NOT_FOUND ? n : in.n;
	ret->passed = ret->taken - LIMIT_RECORD_BYTES;
	if (n != NOT_FOUND) {
		record_begin(split);
		return OK;
	}
	split->skipping = true;
	split->at = split->quote = split->closed = 0;
	return OK;
}

/* The end of a record that was cut, or not yet. */
static enum err
pass(struct split *split, struct span in, size_t end, bool complete, struct split_record *ret)
{
	size_t n = end != NOT_FOUND ? end : in.n;

	*ret = (struct split_record){ .taken = n, .passed = n };
	split->at = split->quote = split->closed = 0;
	if (end != NOT_FOUND || complete)
		record_begin(split);
	return ERR_MORE;
}

static struct span
without_end(const struct split *split, struct span record)
{
	bool line = split->kind != SPLIT_JSON || split->loose;

	if (line && record.n > 0 && record.p[record.n - 1] == '\n')
		record.n--;
	return record;
}

enum err
split_next(struct split *split, struct span in, enum split_end end,
    struct split_record *ret_record)
{
	static end_fn *const by_kind[] = { [SPLIT_LINES] = line_end, [SPLIT_CSV] = csv_end,
	    [SPLIT_JSON] = json_end, [SPLIT_JOINED] = joined_end };
	bool complete = end == SPLIT_COMPLETE;
	size_t n;

	must(split->kind < sizeof by_kind / sizeof by_kind[0] && split->at <= in.n);
	if (split->kind == SPLIT_JSON && split->at == 0 && !split->skipping) {
		n = json_between(in);
		if (n > 0 || in.n == 0)
			return taken(ret_record, n);
		if (!complete && in.n < byte_order_mark.n && span_starts(byte_order_mark, in))
			return taken(ret_record, 0);	/* it may be one when more comes */
		split->loose = in.p[0] != '{';
	}
	n = by_kind[split->kind](split, in, complete);
	if (split->skipping)
		return pass(split, in, n, complete, ret_record);
	if ((n != NOT_FOUND ? n : in.n) > LIMIT_RECORD_BYTES + 1)
		return cut(split, in, n, ret_record);
	if (n == NOT_FOUND && (!complete || in.n == 0))
		return taken(ret_record, 0);
	if (n == NOT_FOUND)
		n = in.n;
	*ret_record = (struct split_record){ .record = without_end(split, span_sub(in, 0, n)),
	    .taken = n };
	record_begin(split);
	return OK;
}
