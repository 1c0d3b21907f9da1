/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of spans. What a list's encoding says of its values without
 * decoding one: whether some word of letters and digits may stand in them. For searches that want
 * to leave lists alone. A broken parameter says nothing: the reader will find it.
 */
#include "store/list_int.h"
#include "store/segment.h"

struct look {
	struct span text;		/* word characters */
	bool any_case;			/* text is in lower case, values need not be */
};

static bool
is_letter(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

/*
 * Letters with diacritics and escapes are not compared by their octets when case does not count
 * or a backslash stands for something: nothing is said then.
 */
static bool
is_judged(const struct look *l, struct span part)
{
	for (size_t i = 0; i < part.n; i++)
		if (part.p[i] == '\\' || (l->any_case && part.p[i] >= 0x80))
			return false;
	return true;
}

static bool
is_same(const struct look *l, uint8_t of_text, uint8_t of_value)
{
	if (l->any_case && is_letter(of_value))
		of_value |= 0x20;
	return of_text == of_value;
}

static bool
stands_at(const struct look *l, struct span part, struct span in, size_t at)
{
	for (size_t i = 0; i < part.n; i++)
		if (!is_same(l, part.p[i], in.p[at + i]))
			return false;
	return true;
}

static bool
stands_in(const struct look *l, struct span part, struct span in)
{
	for (size_t at = 0; at + part.n <= in.n; at++)
		if (stands_at(l, part, in, at))
			return true;
	return false;
}

/* ---- INT: prefix, digits, suffix ---- */

/* The rest of the text from `at` is digits, then a beginning of the suffix. */
static bool
int_tail(const struct look *l, size_t at, bool hex, struct span suffix)
{
	for (;; at++) {
		struct span rest = span_sub(l->text, at, l->text.n);

		if (rest.n <= suffix.n && stands_at(l, rest, suffix, 0))
			return true;
		if (rest.n == 0 || !(hex ? is_hex(rest.p[0]) : is_digit(rest.p[0])))
			return rest.n == 0;
	}
}

static bool
int_may_hold(const struct look *l, struct cur *c)
{
	uint8_t flags = cur_u8(c);
	bool hex = (flags & (INT_HEX_LOWER | INT_HEX_UPPER)) != 0;
	struct span prefix = { 0 }, suffix = { 0 };

	if ((flags & INT_AFFIX) != 0) {
		prefix = cur_bytes(c);
		suffix = cur_bytes(c);
	}
	if (c->bad || !is_judged(l, prefix) || !is_judged(l, suffix) ||
	    stands_in(l, l->text, prefix) || stands_in(l, l->text, suffix))
		return true;
	/* The text begins with an end of the prefix, or with a digit. */
	for (size_t n = 0; n <= prefix.n && n <= l->text.n; n++)
		if (stands_at(l, span_sub(l->text, 0, n), prefix, prefix.n - n) &&
		    int_tail(l, n, hex, suffix))
			return true;
	return false;
}

/* ---- STAMP ---- */

/* Letters that a pattern has by itself; false: they touch a name, so nothing can be said. */
static bool
letters_of(const struct stamp_form *form, uint8_t *letters, size_t *n)
{
	bool name = false, letter = false;

	*n = 0;
	for (size_t i = 0; i < form->n; i++) {
		uint8_t c = (uint8_t)form->pattern[i];

		if (c == '%' && i + 1 < form->n) {
			c = (uint8_t)form->pattern[++i];
			if ((c == 'a' || c == 'b') && letter)
				return false;
			name = c == 'a' || c == 'b';
			letter = false;
			continue;
		}
		if (is_letter(c) && name)
			return false;
		name = false;
		letter = is_letter(c);
		if (letter)
			letters[(*n)++] = c;
	}
	return true;
}

/* A run of letters is a part of a name or consists of the pattern's own letters. */
static bool
letters_fit(const struct look *l, struct span run, struct span own)
{
	static const char names[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed "
	    "Thu "
	    "Fri Sat Sun";
	size_t hits = 0;

	if (stands_in(l, run, SPAN(names)))
		return true;
	for (size_t i = 0; i < run.n; i++)
		hits += stands_in(l, span_sub(run, i, 1), own);
	return hits == run.n;
}

static bool
stamp_may_hold(const struct look *l, struct cur *c)
{
	uint8_t own[STAMP_PATTERN];
	struct stamp_form form;
	size_t nown;

	if (!stamp_form_get(c, &form) || !letters_of(&form, own, &nown))
		return true;
	for (size_t i = 0, from = 0; i <= l->text.n; i++) {
		if (i < l->text.n && is_letter(l->text.p[i]))
			continue;
		if (i > from && !letters_fit(l, span_sub(l->text, from, i - from), span_of(own,
		    nown)))
			return false;
		if (i < l->text.n && !is_digit(l->text.p[i]))
			return false;
		from = i + 1;
	}
	return true;
}

/* ---- NIBBLE: the first value, and where the others differ ---- */

static bool
nibble_may_hold(const struct look *l, struct cur *c)
{
	bool differs[NIBBLE_MAX] = { false };
	struct span first;
	uint64_t n, at = 0;

	(void)cur_u8(c);
	first = cur_bytes(c);
	n = cur_varint(c);
	if (!is_judged(l, first))
		return true;
	for (uint64_t i = 0; i < n && !c->bad; i++) {
		at += cur_varint(c);
		if (at >= first.n || at >= NIBBLE_MAX)
			return true;
		differs[at] = true;
	}
	for (size_t from = 0; !c->bad && from + l->text.n <= first.n; from++) {
		size_t k = 0;

		while (k < l->text.n && (differs[from + k] ? is_hex(l->text.p[k]) :
		    is_same(l, l->text.p[k], first.p[from + k])))
			k++;
		if (k == l->text.n)
			return true;
	}
	return c->bad;
}

static bool
ipv4_may_hold(const struct look *l)
{
	for (size_t i = 0; i < l->text.n; i++)
		if (!is_digit(l->text.p[i]))
			return false;
	return l->text.n <= 3;
}

/* The words of a dictionary are a list themselves. */
static uint8_t
encoding_get(struct cur *c)
{
	uint8_t encoding = cur_u8(c);

	if (encoding == ENCODING_DICT) {
		(void)cur_varint(c);
		encoding = cur_u8(c);
	}
	return encoding;
}

bool
list_may_hold(struct span params, struct span text, bool any_case)
{
	struct cur c = cur_of(params);
	struct look look = { text, any_case };

	switch (encoding_get(&c)) {
	case ENCODING_INT:
		return int_may_hold(&look, &c);
	case ENCODING_STAMP:
		return stamp_may_hold(&look, &c);
	case ENCODING_IPV4:
		return ipv4_may_hold(&look);
	case ENCODING_NIBBLE:
		return nibble_may_hold(&look, &c);
	default:
		return true;
	}
}

/* ---- points ---- */

/* At most; what a backslash stands for may be one. */
static size_t
points_of(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			return LIST_POINTS_ANY;
		n += s.p[i] == '.';
	}
	return n;
}

static size_t
int_points(struct cur *c)
{
	uint8_t flags = cur_u8(c);
	size_t most = (flags & INT_SCALE) != 0;

	if ((flags & INT_AFFIX) != 0) {
		most += points_of(cur_bytes(c));
		most += points_of(cur_bytes(c));
	}
	return most;
}

/* Octets of a pattern are themselves; what stands for digits and names has no points. */
static size_t
stamp_points(struct cur *c)
{
	struct stamp_form form;

	return stamp_form_get(c, &form) ? points_of(span_of(form.pattern, form.n)) :
	    LIST_POINTS_ANY;
}

static uint8_t
list_points(struct span params)
{
	struct cur c = cur_of(params);
	size_t most;

	switch (encoding_get(&c)) {
	case ENCODING_INT:
		most = int_points(&c);
		break;
	case ENCODING_STAMP:
		most = stamp_points(&c);
		break;
	case ENCODING_IPV4:
		most = 3;
		break;
	case ENCODING_NIBBLE:
		(void)cur_u8(&c);
		most = points_of(cur_bytes(&c));
		break;
	default:
		return LIST_POINTS_ANY;
	}
	return (uint8_t)(c.bad || most > LIST_POINTS_ANY ? LIST_POINTS_ANY : most);
}

/* ---- how values lie ---- */

static uint8_t
list_lies(struct span params)
{
	struct cur c = cur_of(params);
	struct list_in in = { &c, NULL, NULL };

	switch (encoding_get(&c)) {
	case ENCODING_INT:
		return cur_u8(&c) == 0 && !c.bad ? LIST_DIGITS : LIST_OTHER;
	case ENCODING_IPV4:
		return LIST_IPV4;
	case ENCODING_STRING:
		ints_skip(&in);
		break;
	case ENCODING_CONST:
		break;
	default:
		return LIST_OTHER;
	}
	return (cur_varint(&c) & 1) != 0 && !c.bad ? LIST_HERE : LIST_AWAY;
}

void
list_look(struct span params, uint8_t *ret_lies, uint8_t *ret_points)
{
	/* What most lists are: one value, here or elsewhere by the first bit of the reference. */
	if (params.n > 1 && params.p[0] == ENCODING_CONST) {
		*ret_lies = (params.p[1] & 1) != 0 ? LIST_HERE : LIST_AWAY;
		*ret_points = LIST_POINTS_ANY;
		return;
	}
	*ret_lies = list_lies(params);
	*ret_points = list_points(params);
}
