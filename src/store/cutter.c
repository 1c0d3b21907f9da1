/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of the text. Where texts are cut, see
 * cutter.h: only words with digits and octets that begin something are looked at, by the bits that
 * cutter_lines.c makes of the text.
 */
#include "store/cutter_int.h"

enum {
	QUOTE_BYTES = 512,	/* between quotes */
	GROUP_BYTES = 12	/* of one group of a UUID, MAC or IPv6 address */
};

/* ---- bits ---- */

/* The first digit, or octet that acts, at or behind `at`; c->n: there is none. */
static inline size_t
next_of_interest(const struct cutting *c, size_t at)
{
	size_t block = at / 64;
	uint64_t bits = (c->digit[block] | c->act[block]) & UINT64_MAX << (at % 64);

	while (bits == 0) {
		if (++block * 64 >= c->n)
			return c->n;
		bits = c->digit[block] | c->act[block];
	}
	at = block * 64 + (size_t)__builtin_ctzll(bits);
	return at < c->n ? at : c->n;
}

/* The end of the word that `at` is in. */
static inline size_t
word_stop(const struct cutting *c, size_t at)
{
	size_t block = at / 64;
	uint64_t bits = ~c->word[block] & UINT64_MAX << (at % 64);

	while (bits == 0)
		bits = ~c->word[++block];
	at = block * 64 + (size_t)__builtin_ctzll(bits);
	return at < c->n ? at : c->n;
}

/* The start of the word that the octet before `at` is in, or `at`; not before `least`. */
static inline size_t
word_start(const struct cutting *c, size_t at, size_t least)
{
	size_t block = at / 64;
	uint64_t bits = ~c->word[block] & ((UINT64_C(1) << (at % 64)) - 1);

	while (bits == 0 && block * 64 > least)
		bits = ~c->word[--block];
	if (bits == 0)
		return least;
	at = block * 64 + 64 - (size_t)__builtin_clzll(bits);
	return at > least ? at : least;
}

/* 64 bits of digits from `at` on. */
static inline uint64_t
digits_at(const struct cutting *c, size_t at)
{
	const uint64_t *digit = &c->digit[at / 64];
	unsigned shift = at % 64;

	return shift == 0 ? digit[0] : digit[0] >> shift | digit[1] << (64 - shift);
}

static inline uint64_t
low_bits(size_t n)
{
	return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

static uint8_t
class_at(const struct cutting *c, size_t at)
{
	return at < c->n ? c->class[c->p[at]] : 0;
}

/*
 * Octets of an escape that stands for part of a word, or may: \uXXXX, and \ before a letter that
 * means nothing more than itself, which JSON does not allow. 0: there is none at `at`.
 */
static inline size_t
escape_bytes(const struct cutting *c, size_t at)
{
	uint8_t next;

	if (c->cut->escape != CUT_BACKSLASH || at + 1 >= c->n || c->p[at] != '\\')
		return 0;
	next = c->p[at + 1];
	if (next == 'u')
		return at + 6 <= c->n ? 6 : 0;
	if ((c->class[next] & WORD) == 0 || strchr("bfnrt", next) != NULL)
		return 0;
	return 2;
}

/* As word_stop; in escaped text some escapes belong to the word. */
static inline size_t
word_end(const struct cutting *c, size_t at)
{
	size_t n;

	at = word_stop(c, at);
	while ((n = escape_bytes(c, at)) > 0)
		at = word_stop(c, at + n);
	return at;
}

/* The first octet of a class; escapes that belong to a word are none. */
static size_t
class_end(const struct cutting *c, size_t at, uint8_t class)
{
	size_t n;

	for (;;) {
		while (at < c->n && (c->class[c->p[at]] & class) == 0)
			at++;
		n = escape_bytes(c, at);
		if (n == 0)
			return at;
		at += n;
	}
}

static bool
all_of(const struct cutting *c, size_t from, size_t to, uint8_t class)
{
	while (from < to && (c->class[c->p[from]] & class) != 0)
		from++;
	return from == to;
}

/* ---- what a word with a digit may belong to ---- */

/* The first of the groups of hexadecimal digits that are joined to the word at `at`. */
static size_t
groups_start(const struct cutting *c, size_t at, size_t least)
{
	uint8_t separator = c->p[at - 1];

	while (at >= least + 2 && c->p[at - 1] == separator) {
		size_t from = word_start(c, at - 1, least);

		if (from == at - 1 || at - 1 - from > GROUP_BYTES || !all_of(c, from, at - 1, HEX))
			break;
		at = from;
	}
	return at;
}

/* Groups of hexadecimal digits: UUID, MAC, IPv6. The end of all of them, or 0. */
static size_t
groups_end(const struct cutting *c, size_t at)
{
	size_t end = word_stop(c, at), first = end - at, groups = 1, longest = first;
	uint8_t separator = end < c->n ? c->p[end] : 0;

	if ((separator != ':' && separator != '-') || (first != 8 && first > 4) ||
	    !all_of(c, at, end, HEX))
		return 0;
	while (end < c->n && c->p[end] == separator && (class_at(c, end + 1) & HEX) != 0) {
		size_t from = end + 1, to = word_stop(c, from);

		if (to - from > GROUP_BYTES || !all_of(c, from, to, HEX))
			break;
		longest = to - from > longest ? to - from : longest;
		end = to;
		groups++;
	}
	if (first == 8)
		return groups >= 5 && separator == '-' && longest == 12 ? end : 0;
	if (first == 2 && groups >= 6 && longest == 2)
		return end;
	return separator == ':' && groups >= 8 && longest <= 4 ? end : 0;
}

/* Does the text look like the stamp at `at`? Returns its end, or 0. */
static size_t
stamp_looks(const struct cutting *c, const struct cut_stamp *s, size_t at)
{
	size_t n = s->n;

	if (n == 0) {
		n = stamp_prefix(&s->form, span_of(c->p + at, c->n - at));
	} else {
		if (n > c->n - at || (digits_at(c, at) & low_bits(n)) != s->digits)
			return 0;
		for (size_t i = 0; i < s->nfixed; i++) {
			if (s->octet[i] != c->p[at + s->fixed[i]])
				return 0;
		}
	}
	return n > 0 && (class_at(c, at + n) & WORD) == 0 ? at + n : 0;
}

/* A known timestamp whose first digits are those from `at` to `end`; *ret_from is its start. */
static size_t
stamp_find(const struct cutting *c, size_t at, size_t end, size_t least, size_t *ret_from)
{
	uint8_t behind = end < c->n ? c->p[end] : 0;

	unsigned set = c->cutter->by_digits[end - at] & c->cutter->by_behind[behind];

	for (; set != 0; set &= set - 1) {
		const struct cut_stamp *s = &c->cutter->stamp[__builtin_ctz(set)];
		size_t from = at - s->digit, to;

		if (s->first == 0 && (at < least + s->digit ||
		    (from > 0 && (c->class[c->p[from - 1]] & WORD) != 0)))
			continue;
		to = stamp_looks(c, s, from);
		if (to > 0) {
			*ret_from = from;
			return to;
		}
	}
	return 0;
}

/* Decimals, versions, IPv4: digits, points, digits; a word's rest behind them too. */
static size_t
points_end(const struct cutting *c, size_t end)
{
	while (end + 1 < c->n && c->p[end] == '.' && (class_at(c, end + 1) & DIGIT) != 0)
		end = word_end(c, end + 1);
	return end;
}

static size_t
path_end(const struct cutting *c, size_t at)
{
	size_t from = at;

	at = class_end(c, at, ENDS_PATH);
	/* A colon, point or such at the end belongs to the sentence. */
	while (at > from && (c->class[c->p[at - 1]] & (WORD | ACTS)) == 0)
		at--;
	return at;
}

/* A word with a digit in it, or an escape of one: a slot. Returns where to go on. */
static size_t
word_cut(struct cutting *c, size_t at, size_t least)
{
	size_t end = word_end(c, at), n = end - at, from = at, to = 0;
	bool digits = n < 64 && (~digits_at(c, at) & low_bits(n)) == 0;
	uint8_t before = at > least ? c->p[at - 1] : 0, behind = end < c->n ? c->p[end] : 0;

	if (digits && n < CUT_DIGITS && c->cutter->by_digits[n] != 0) {
		to = stamp_find(c, at, end, least, &from);
		if (to > 0 && word_end(c, to) == to) {
			slot_add(c, from, to);
			if (!c->full)
				c->cut->slot[c->cut->nslot - 1].stamp = true;
			return to;
		}
		to = 0;
	}
	if (before == '-' || before == ':')
		from = groups_start(c, at, least);
	if (from < at || ((behind == '-' || behind == ':') && n <= 8))
		to = groups_end(c, from);
	if (to == 0) {
		from = at;
		to = digits && behind == '.' ? points_end(c, end) : end;
	}
	to = word_end(c, to);
	slot_add(c, from, to);
	return to;
}

/* ---- values, quotes, paths ---- */

static size_t
value_cut(struct cutting *c, size_t at)
{
	size_t end = at + 1;

	if (at == 0 || (c->class[c->p[at - 1]] & WORD) == 0)
		return end;
	if (end < c->n && strchr("\"'([{=<", c->p[end]) != NULL && c->p[end] != 0)
		return end;
	end = class_end(c, end, ENDS_VALUE);
	slot_add(c, at + 1, end);
	return end;
}

/* Text between two quotes of one kind; behind backslashes when they are escaped. */
static size_t
quote_cut(struct cutting *c, size_t at, bool escaped)
{
	const uint8_t quote = c->p[at];
	size_t most = c->n - at - 1 < QUOTE_BYTES ? c->n - at - 1 : QUOTE_BYTES;
	const uint8_t *found = memchr(c->p + at + 1, quote, most);
	size_t end;

	if (found == NULL)
		return at + 1;
	end = (size_t)(found - c->p);
	if (quote == '\'' && (class_at(c, end + 1) & WORD) != 0)
		return at + 1;
	if (escaped && (end == at + 1 || c->p[end - 1] != '\\'))
		return at + 1;
	/* Nothing is cut inside of an escape: an escaped quote ends one by itself. */
	if (c->cut->escape == CUT_BACKSLASH && !escaped &&
	    memchr(c->p + at + 1, '\\', end - at - 1) != NULL)
		return at + 1;
	slot_add(c, at + 1, end - escaped);
	/* Behind the closing quote, which would open another one. */
	return end + 1;
}

/* At '/': a path behind a blank or bracket, or the rest of a URL whose scheme stands before it. */
static size_t
path_cut(struct cutting *c, size_t at, size_t least)
{
	uint8_t before = at > 0 ? c->p[at - 1] : ' ';
	size_t from = at, end;

	if (before == ':' && at > least && at + 1 < c->n && c->p[at + 1] == '/')
		from = word_start(c, at - 1, least);
	else if ((before > ' ' && before != '(' && before != '[' && before != ',') ||
	    (class_at(c, at + 1) & WORD) == 0)
		return at + 1;
	end = path_end(c, at);
	if (end == at)
		return at + 1;
	slot_add(c, from, end);
	return end;
}

/* At an octet that may begin something. Returns where to go on. */
static size_t
act_cut(struct cutting *c, size_t at, size_t least)
{
	switch (c->p[at]) {
	case '=':
		return value_cut(c, at);
	case '"':
	case '\'':
		if (at > 0 && (c->class[c->p[at - 1]] & WORD) != 0)
			return at + 1;
		return quote_cut(c, at, false);
	case '/':
		return path_cut(c, at, least);
	case '\\':
		if (c->cut->escape == CUT_PLAIN || at + 1 >= c->n)
			return at + 1;
		if (escape_bytes(c, at) > 0)
			return word_cut(c, word_start(c, at, least), least);
		if (c->p[at + 1] == '"' && (at == 0 || (c->class[c->p[at - 1]] & WORD) == 0))
			return quote_cut(c, at + 1, true);
		return at + 2;
	default:
		c->full = true;		/* a NUL stands for a slot in templates */
		return c->n;
	}
}

/*
 * May what stands beside the word join it to more? To groups when there is a hexadecimal digit on
 * the other side of the separator too, to a decimal when there is a digit, to an escape.
 */
static bool
may_join(const struct cutting *c, size_t from, size_t to, size_t least)
{
	uint8_t before = from > least ? c->p[from - 1] : 0, behind = to < c->n ? c->p[to] : 0;

	if ((before == '-' || before == ':') && from >= least + 2 &&
	    (c->class[c->p[from - 2]] & HEX) != 0)
		return true;
	if (behind == '-' || behind == ':')
		return to - from <= 8 && (c->class[c->p[from]] & class_at(c, to + 1) & HEX) != 0;
	if (behind == '.')
		return (class_at(c, to + 1) & DIGIT) != 0;
	return behind == '\\';
}

/* The word with a digit may be part of more than itself: of what word_cut knows. */
static inline bool
may_be_more(const struct cutting *c, size_t from, size_t to, size_t least)
{
	uint8_t behind = to < c->n ? c->p[to] : 0;
	size_t n = to - from;

	if (((c->class[behind] | (from > least ? c->class[c->p[from - 1]] : 0)) & JOINS) != 0 &&
	    may_join(c, from, to, least))
		return true;
	return n < CUT_DIGITS && (c->cutter->by_digits[n] & c->cutter->by_behind[behind]) != 0 &&
	    (~digits_at(c, from) & low_bits(n)) == 0;
}

void
cut_run(struct cutting *c, size_t at, size_t end)
{
	size_t whole = c->n, next;

	c->n = end;
	while (at < end && !c->full && (next = next_of_interest(c, at)) < end) {
		size_t from, to;

		if ((c->class[c->p[next]] & DIGIT) == 0) {
			at = act_cut(c, next, at);
			continue;
		}
		from = word_start(c, next, at);
		to = word_stop(c, next);
		if (may_be_more(c, from, to, at)) {
			at = word_cut(c, from, at);
		} else {
			slot_add(c, from, to);
			at = to;
		}
	}
	c->n = whole;
}
