/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes without regard to case, for PCRE2. With (?i) RE2 takes each class with the other cases
 * of its signs, and of those of ASCII two lie beyond it: U+017F (long s) and U+212A (Kelvin). PCRE2
 * does so for signs and ranges, not for \w and [:alpha:]. What reads ASCII texts alone (Hyperscan,
 * the machine) need not know. The pattern is as regex_read() wrote it: nothing in it is broken.
 */
#include "query/regex.h"

#include "query/octets.h"

enum { GROUPS = 80 };		/* more than regex_read lets be open */

struct cases {
	struct span s;
	size_t at;
	struct buf *out;
	uint32_t depth;
	bool any_case[GROUPS];		/* of each open group */
};

static const char beyond[] = "\\x{17f}\\x{212a}";

static void
copy(struct cases *c, size_t n)
{
	buf_span_put(c->out, span_sub(c->s, c->at, n));
	c->at += n;
}

static uint8_t
octet(const struct cases *c, size_t ahead)
{
	return c->at + ahead < c->s.n ? c->s.p[c->at + ahead] : 0;
}

/* More signs than those of a class's part that was just written; no range begins with them. */
static void
beyond_put(struct cases *c)
{
	buf_str(c->out, beyond);
	if (octet(c, 0) == '-' && octet(c, 1) != ']')
		buf_u8(c->out, '\\');
}

/* Every sign but those of the set and their other cases; the set has letters. */
static void
opposite_put(struct cases *c, struct octets set)
{
	octets_any_case(&set);
	for (unsigned i = 0; i < 0x80; i++)
		if (!octets_has(&set, (uint8_t)i))
			buf_printf(c->out, "\\x%02x", i);
	buf_str(c->out, "\\x{80}-\\x{17e}\\x{180}-\\x{2129}\\x{212b}-\\x{10ffff}");
	if (octet(c, 0) == '-' && octet(c, 1) != ']')
		buf_u8(c->out, '\\');
}

/* "[:" [ "^" ] name ":]" */
static void
posix_put(struct cases *c)
{
	bool turned = octet(c, 2) == '^';
	struct octets set = { { 0 } };
	size_t n = octets_posix(&set, span_sub(c->s, c->at + 2 + turned, SIZE_MAX)) + 4 + turned;
	bool has_letters = octets_has(&set, 's') || octets_has(&set, 'S');

	if (!c->any_case[c->depth] || !has_letters) {
		copy(c, n);
	} else if (turned) {
		c->at += n;
		opposite_put(c, set);
	} else {
		copy(c, n);
		beyond_put(c);
	}
}

/* \w or \W inside of a class; any_case. */
static void
word_put(struct cases *c)
{
	struct octets word = { { 0 } };
	bool high;

	if (octet(c, 1) == 'w') {
		copy(c, 2);
		beyond_put(c);
		return;
	}
	(void)octets_escape('w', &word, &high);
	c->at += 2;
	opposite_put(c, word);
}

/* "[" [ "^" ] [ "]" ] ... "]" */
static void
class_put(struct cases *c)
{
	copy(c, 1);
	if (octet(c, 0) == '^')
		copy(c, 1);
	if (octet(c, 0) == ']')
		copy(c, 1);
	while (c->at < c->s.n && octet(c, 0) != ']') {
		if (octet(c, 0) == '[' && octet(c, 1) == ':')
			posix_put(c);
		else if (octet(c, 0) == '\\' && (octet(c, 1) | 0x20) == 'w' &&
		    c->any_case[c->depth])
			word_put(c);
		else
			copy(c, octet(c, 0) == '\\' ? 2 : 1);
	}
	copy(c, 1);
}

/* "(?" flags ( ")" / ":" ), or a group without flags. */
static void
group_put(struct cases *c)
{
	bool any_case = c->any_case[c->depth], on = true, flags = octet(c, 1) == '?';
	size_t n = 1;

	for (n += flags; flags && octet(c, n) != ')' && octet(c, n) != ':'; n++) {
		on = on && octet(c, n) != '-';
		any_case = octet(c, n) == 'i' ? on : any_case;
		if (octet(c, n) == 0)
			break;
	}
	if (!flags || octet(c, n) == ':')
		c->depth += c->depth + 1 < GROUPS;
	c->any_case[c->depth] = any_case;
	copy(c, n + flags);
}

static void
escape_put(struct cases *c)
{
	if (!c->any_case[c->depth] || (octet(c, 1) | 0x20) != 'w') {
		copy(c, 2);
		return;
	}
	buf_printf(c->out, octet(c, 1) == 'w' ? "[\\w%s]" : "[^\\w%s]", beyond);
	c->at += 2;
}

void
regex_cases(struct span pattern, struct buf *out)
{
	struct cases c = { .s = pattern, .out = out };

	while (c.at < pattern.n) {
		switch (octet(&c, 0)) {
		case '\\':
			escape_put(&c);
			break;
		case '[':
			class_put(&c);
			break;
		case '(':
			group_put(&c);
			break;
		case ')':
			c.depth -= c.depth > 0;
			copy(&c, 1);
			break;
		default:
			copy(&c, 1);
		}
	}
}
