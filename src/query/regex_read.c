/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Reads the syntax of RE2 once, from left to right, without
 * recursion: refuses what is not in it, and notes the texts that every match must hold. It need
 * not see every mistake (PCRE2 does), only what PCRE2 would accept and RE2 would not.
 */
#include "query/regex.h"

#include "base/fold.h"
#include "query/level.h"

enum { GROUPS = 64 };

struct reader {
	struct span s;
	size_t at;
	struct regex_facts facts;
	struct buf *out;
	struct level top, group;	/* literal texts there and in a group there */
	uint32_t depth;			/* open groups */
	uint32_t product[GROUPS + 1];	/* greatest repeat inside of each open group */
	uint32_t last;			/* repeat inside of the atom just read */
	bool multiline[GROUPS + 1], dot_all[GROUPS + 1];
	struct arena *arena;
	struct why *why;
};

static enum err
refuse(const struct reader *r, const char *what)
{
	return why_set(r->why, ERR_FORMAT, "regular expression, octet %zu: %s", r->at + 1, what);
}

static bool
peek(const struct reader *r, size_t ahead, char c)
{
	return r->at + ahead < r->s.n && r->s.p[r->at + ahead] == (uint8_t)c;
}

/* Copies n octets of the pattern as they are. */
static void
copy(struct reader *r, size_t n)
{
	buf_span_put(r->out, span_sub(r->s, r->at, n));
	r->at += n;
}

/* Where literals are noted: deeper ones are not. */
static struct level *
level_of(struct reader *r)
{
	return r->depth == 0 ? &r->top : r->depth == 1 ? &r->group : NULL;
}

/* A number of a repeat, or one that is too large as well; UINT32_MAX: none there. */
static uint32_t
number(struct span s, size_t *at)
{
	uint32_t v = 0;
	size_t from = *at;

	for (; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; ++*at)
		if (v <= REGEX_REPEAT)
			v = v * 10 + (s.p[*at] - 48U);
	return *at > from ? v : UINT32_MAX;
}

/* "{" n [ "," [ m ] ] "}"; 0: an ordinary brace */
static size_t
braces(const struct reader *r, uint32_t *ret_low, uint32_t *ret_high)
{
	size_t at = r->at + 1;
	uint32_t low = number(r->s, &at), high = low;

	if (low == UINT32_MAX)
		return 0;
	if (at < r->s.n && r->s.p[at] == ',') {
		at++;
		high = number(r->s, &at);
	}
	if (at >= r->s.n || r->s.p[at] != '}')
		return 0;
	*ret_low = low;
	*ret_high = high;
	return at + 1 - r->at;
}

/* What may follow an atom; ret_low: how often the atom occurs at least. */
static enum err
repeat_read(struct reader *r, uint32_t *ret_low, bool *ret_repeated)
{
	uint32_t low = 1, high = 1, most;
	size_t n = 0;

	if (peek(r, 0, '*') || peek(r, 0, '?') || peek(r, 0, '+')) {
		low = peek(r, 0, '+') ? 1 : 0;
		n = 1;
	} else if (peek(r, 0, '{')) {
		n = braces(r, &low, &high);
		if (n > 0 && (low > REGEX_REPEAT || (high != UINT32_MAX && (high > REGEX_REPEAT ||
		    high < low))))
			return refuse(r, "a repeat is above 1000 or its bounds are swapped");
	}
	*ret_low = low;
	*ret_repeated = n > 0;
	most = high == UINT32_MAX ? low : high > low ? high : low;
	r->last *= most > 1 ? most : 1;
	if (r->last > REGEX_REPEAT)
		return refuse(r, "repeats inside of each other multiply to more than 1000");
	if (r->last > r->product[r->depth])
		r->product[r->depth] = r->last;
	copy(r, n);
	if (n == 0)
		return OK;
	if (peek(r, 0, '?'))
		copy(r, 1);
	if (peek(r, 0, '*') || peek(r, 0, '+') || peek(r, 0, '?') ||
	    (peek(r, 0, '{') && braces(r, &low, &high) > 0))
		return refuse(r, "a repeat of a repeat; put parentheses around the first");
	return OK;
}

/* An atom that is the text `text`. */
static enum err
literal(struct reader *r, struct span text)
{
	struct level *level = level_of(r);
	uint32_t low;
	bool repeated;
	enum err rc;

	r->last = 1;
	rc = repeat_read(r, &low, &repeated);
	if (rc != OK || level == NULL)
		return rc;
	if (level_is_odd(text))
		repeated = true;
	else if (!repeated || low > 0)
		buf_span_put(&level->run, text);
	if (repeated)
		level_run_end(level);
	return OK;
}

/* An atom that is one of many texts. */
static enum err
opaque(struct reader *r)
{
	uint32_t low;
	bool repeated;

	level_run_end(level_of(r));
	return repeat_read(r, &low, &repeated);
}

/* "\x" hex hex / "\x{" hex "}": the code point, or UINT32_MAX */
static uint32_t
hex_read(struct reader *r, size_t *ret_n)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = r->at + 2;
	bool open = peek(r, 2, '{');
	uint32_t v = 0, n = 0;

	at += open;
	for (; at < r->s.n && n < (open ? 6U : 2U); at++, n++) {
		uint8_t low = r->s.p[at] | 0x20;
		const char *hit = low != 0 ? strchr(digits, low) : NULL;

		if (hit == NULL)
			break;
		v = v * 16 + (uint32_t)(hit - digits);
	}
	if (n == 0 || (!open && n != 2) || (open && (at >= r->s.n || r->s.p[at] != '}')))
		return UINT32_MAX;
	*ret_n = at + open - r->at;
	return v > 0x10ffff ? UINT32_MAX : v;
}

/* \pN / \p{Name}: how long it is; 0: broken */
static size_t
property_bytes(const struct reader *r)
{
	if (r->at + 2 >= r->s.n)
		return 0;
	if (!peek(r, 2, '{'))
		return 3;
	for (size_t i = 3; r->at + i < r->s.n && i < 40; i++)
		if (peek(r, i, '}'))
			return i + 1;
	return 0;
}

/* What \s is for RE2, who does not count the vertical tab; and what is left of all signs. */
static const char blanks[] = "\\t\\n\\f\\r\\x20",
    no_blanks[] = "\\x00-\\x08\\x0b\\x0e-\\x1f\\x21-\\x{10ffff}";

/* \p, n octets: a name longer than two is that of a script, which PCRE2 would take for more. */
static void
property_put(struct reader *r, size_t n)
{
	struct span name = n > 4 ? span_sub(r->s, r->at + 3, n - 4) : SPAN("");
	size_t turned = name.n > 0 && name.p[0] == '^';

	name = span_sub(name, turned, name.n);
	if (name.n < 3 || span_is(name, "Any")) {
		copy(r, n);
		return;
	}
	copy(r, 3 + turned);
	buf_str(r->out, "sc:");
	copy(r, name.n + 1);
}

/* "\Q" text [ "\E" ]; what it says is not looked at, for a repeat may follow its last letter. */
static enum err
quoted_read(struct reader *r)
{
	r->at += 2;
	while (r->at < r->s.n && !(peek(r, 0, '\\') && peek(r, 1, 'E'))) {
		if (r->s.p[r->at] < 0x80 && !ascii_is_word(r->s.p[r->at]))
			buf_u8(r->out, '\\');
		copy(r, 1);
		r->facts.crosses |= peek(r, 0, '\n');
	}
	r->facts.crosses |= peek(r, 0, '\n');
	if (r->at < r->s.n)
		r->at += 2;
	r->last = 1;
	return opaque(r);
}

static enum err
escape_read(struct reader *r)
{
	static const char control[] = "afnrtv", meaning[] = "\a\f\n\r\t\v";
	uint8_t c, one[4];
	const char *hit;
	uint32_t rune;
	size_t n = 2;

	if (r->at + 1 >= r->s.n)
		return refuse(r, "a backslash at the end");
	c = r->s.p[r->at + 1];
	hit = c != 0 ? strchr(control, c) : NULL;
	if (c == 'b' || c == 'B') {
		copy(r, 2);
		return OK;
	}
	if (c == 'A' || c == 'z') {
		r->facts.edges = true;
		copy(r, 2);
		return OK;
	}
	if (c == 's' || c == 'S') {
		r->facts.crosses |= c == 's';
		r->last = 1;
		buf_printf(r->out, c == 's' ? "[%s]" : "[^%s]", blanks);
		r->at += 2;
		return opaque(r);
	}
	if (c == 'd' || c == 'w' || c == 'D' || c == 'W') {
		r->facts.crosses |= c == 'D' || c == 'W';
		r->last = 1;
		copy(r, 2);
		return opaque(r);
	}
	if (c == 'p' || c == 'P') {
		n = property_bytes(r);
		if (n == 0)
			return refuse(r, "\\p without a name");
		r->facts.crosses = true;
		r->last = 1;
		property_put(r, n);
		return opaque(r);
	}
	if (c == 'Q')
		return quoted_read(r);
	if (c == 'x') {
		rune = hex_read(r, &n);
		if (rune == UINT32_MAX)
			return refuse(r, "\\x takes two hexadecimal digits or {...}");
		r->facts.crosses |= rune == '\n';
		copy(r, n);
		return literal(r, span_of(one, rune_put(one, rune)));
	}
	if (hit != NULL) {
		r->facts.crosses |= c == 'n';
		copy(r, 2);
		return literal(r, span_of(meaning + (hit - control), 1));
	}
	if (c >= 0x80 || ascii_is_word(c))
		return refuse(r, "an escape that RE2 does not have (no backreferences)");
	one[0] = c;
	copy(r, 2);
	return literal(r, span_of(one, 1));
}

/* The inside of a class up to `end`, where \s, \S and \p are not what they are for PCRE2. */
static void
class_put(struct reader *r, size_t end)
{
	while (r->at < end) {
		uint8_t c = peek(r, 0, '\\') && r->at + 1 < end ? r->s.p[r->at + 1] : 0;
		size_t n = c == 'p' || c == 'P' ? property_bytes(r) : 0;

		if (n > 0) {
			property_put(r, n);
		} else if (c == 's' || c == 'S') {
			buf_str(r->out, c == 's' ? blanks : no_blanks);
			r->at += 2;
			if (peek(r, 0, '-') && r->at + 1 < end)
				buf_u8(r->out, '\\');	/* no range begins with a set */
		} else {
			copy(r, c != 0 ? 2 : 1);
		}
	}
}

/* "[" [ "^" ] [ "]" ] ... "]" */
static enum err
class_read(struct reader *r)
{
	size_t at = r->at + 1;
	struct span s = r->s;

	if (at < s.n && s.p[at] == '^') {
		r->facts.crosses = true;
		at++;
	}
	if (at < s.n && s.p[at] == ']')
		at++;
	for (; at < s.n && s.p[at] != ']'; at++) {
		if (s.p[at] == '\n')
			r->facts.crosses = true;
		if (s.p[at] == '\\' && at + 1 < s.n) {
			at++;
			if (s.p[at] >= '1' && s.p[at] <= '9')
				return refuse(r, "a backreference in a class");
			/* \d, \w and signs are no line feed and begin no range over one. */
			r->facts.crosses |= ascii_is_word(s.p[at]) && s.p[at] != 'd' && s.p[at] !=
			    'w';
		} else if (s.p[at] == '[' && at + 1 < s.n && s.p[at + 1] == ':') {
			r->facts.crosses = true;
			while (at < s.n && !(s.p[at] == ':' && at + 1 < s.n && s.p[at + 1] == ']'))
				at++;
			at += 1;
		} else if (s.p[at] == '-' && at + 1 < s.n && s.p[at - 1] <= '\n') {
			r->facts.crosses = true;
		}
	}
	if (at >= s.n)
		return refuse(r, "missing ']'");
	r->last = 1;
	class_put(r, at + 1);
	return opaque(r);
}

/* flags = *( "i" / "m" / "s" / "U" ) [ "-" ... ] ( ")" / ":" ), behind "(?" */
static enum err
flags_read(struct reader *r)
{
	size_t n = 2;
	bool minus = false, group;
	uint32_t level;

	while (r->at + n < r->s.n && strchr("imsU-", r->s.p[r->at + n]) != NULL &&
	    r->s.p[r->at + n] != 0)
		n++;
	group = peek(r, n, ':');
	if ((!group && !peek(r, n, ')')) || (n == 2 && !group))
		return refuse(r, "RE2 has no such group: only (...), (?:...), (?P<name>...), "
		    "(?flags)");
	level = r->depth + group;
	if (level > GROUPS)
		return refuse(r, "too many groups inside of each other");
	if (group) {
		r->multiline[level] = r->multiline[r->depth];
		r->dot_all[level] = r->dot_all[r->depth];
		r->product[level] = 1;
		level_run_end(level_of(r));
		r->depth = level;
	}
	buf_str(r->out, "(?");
	for (size_t i = 2; i < n; i++) {
		char c = (char)r->s.p[r->at + i];

		minus |= c == '-';
		r->facts.any_case |= c == 'i';
		r->facts.lines |= c == 'm';
		if (c == 'm')
			r->multiline[level] = !minus;
		if (c == 's')
			r->dot_all[level] = !minus;
		if (c == 'U')
			continue;	/* greedy or not is the same for whether it matches */
		if (c == '-' && (i + 1 == n || (i + 2 == n && peek(r, i + 1, 'U'))))
			continue;
		buf_u8(r->out, (uint8_t)c);
	}
	buf_u8(r->out, group ? ':' : ')');
	r->at += n + 1;
	return OK;
}

/* "(" / "(?:" / "(?P<name>" / "(?<name>" / "(?flags)" / "(?flags:" */
static enum err
group_read(struct reader *r)
{
	size_t n;

	if (peek(r, 1, '*'))
		return refuse(r, "RE2 has no verbs (*...)");
	if (peek(r, 1, '?') && !(peek(r, 2, 'P') && peek(r, 3, '<')) &&
	    !(peek(r, 2, '<') && !peek(r, 3, '=') && !peek(r, 3, '!')))
		return flags_read(r);
	if (r->depth == GROUPS)
		return refuse(r, "too many groups inside of each other");
	n = 1;
	if (peek(r, 1, '?')) {
		for (n = peek(r, 2, 'P') ? 4 : 3; r->at + n < r->s.n && !peek(r, n, '>'); n++)
			if (r->s.p[r->at + n] >= 0x80 || !ascii_is_word(r->s.p[r->at + n]))
				return refuse(r, "the name of a group takes letters, digits and "
				    "'_'");
		n++;
		if (r->at + n > r->s.n)
			return refuse(r, "missing '>'");
	}
	level_run_end(level_of(r));
	buf_str(r->out, "(?:");
	r->at += n;
	r->depth++;
	r->product[r->depth] = 1;
	r->multiline[r->depth] = r->multiline[r->depth - 1];
	r->dot_all[r->depth] = r->dot_all[r->depth - 1];
	return OK;
}

static enum err
group_end(struct reader *r)
{
	uint32_t low = 0;
	bool repeated;
	enum err rc;

	if (r->depth == 0)
		return refuse(r, "there is no '(' for this ')'");
	if (r->depth == 1)
		level_branch_end(&r->group, r->arena);
	r->last = r->product[r->depth];
	r->depth--;
	copy(r, 1);
	rc = repeat_read(r, &low, &repeated);
	if (r->depth == 0) {
		if (low > 0)
			level_offer(&r->top, &r->group);
		level_reset(&r->group);
	}
	return rc;
}

static enum err
sign_read(struct reader *r)
{
	uint8_t c = r->s.p[r->at];

	switch (c) {
	case '\\':
		return escape_read(r);
	case '[':
		return class_read(r);
	case '(':
		return group_read(r);
	case ')':
		return group_end(r);
	case '|':
		if (r->depth <= 1)
			level_branch_end(level_of(r), r->arena);
		copy(r, 1);
		return OK;
	case '^':
		r->facts.edges = true;
		copy(r, 1);
		return OK;
	case '$':
		r->facts.edges = true;
		buf_str(r->out, r->multiline[r->depth] ? "$" : "\\z");
		r->at++;
		return OK;
	case '.':
		r->facts.crosses |= r->dot_all[r->depth];
		r->last = 1;
		copy(r, 1);
		return opaque(r);
	default:
		return refuse(r, "a repeat of nothing");
	}
}

static enum err
pattern_read(struct reader *r)
{
	enum err rc = OK;

	while (rc == OK && r->at < r->s.n) {
		size_t next = r->at;
		struct span one;
		uint32_t low, high;

		(void)rune_next(r->s, &next);
		one = span_sub(r->s, r->at, next - r->at);
		if (one.p[0] != 0 && strchr("\\[()|^$.*+?", one.p[0]) != NULL) {
			rc = sign_read(r);
			continue;
		}
		if (one.p[0] == '{' && braces(r, &low, &high) > 0)
			return refuse(r, "a repeat of nothing");
		r->facts.crosses |= one.p[0] == '\n';
		/* An octet that is no UTF-8, and NUL, by their number; braces as themselves. */
		if (one.n == 1 && (one.p[0] >= 0x80 || one.p[0] == 0))
			return refuse(r, "octets that are not UTF-8 cannot be searched for");
		if (one.p[0] == '{' || one.p[0] == '}')
			buf_u8(r->out, '\\');
		copy(r, one.n);
		rc = literal(r, one);
	}
	if (rc == OK && r->depth > 0)
		rc = refuse(r, "missing ')'");
	return rc;
}

/* The inside of ( ... ) or (?: ... ) when that is the whole pattern. */
static struct span
unwrapped(struct span s)
{
	size_t head = span_starts(s, SPAN("(?:")) ? 3 : 1;
	int depth = 0;

	if (s.n < head + 1 || s.p[0] != '(' || (head == 1 && s.p[1] == '?'))
		return s;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' || s.p[i] == '[')
			return s;	/* not worth more */
		depth += s.p[i] == '(';
		depth -= s.p[i] == ')';
		if (depth == 0)
			return i + 1 == s.n ? span_sub(s, head, s.n - head - 1) : s;
	}
	return s;
}

static void
facts_fill(struct regex_facts *facts, const struct level *top)
{
	facts->nbranch = top->unknown ? 0 : top->n;
	memcpy(facts->branch, top->text, facts->nbranch * sizeof *facts->branch);
}

enum err
regex_read(struct span pattern, struct arena *arena, struct regex_facts *ret_facts,
    struct buf *out, struct why *why)
{
	struct reader *r;
	enum err rc;

	if (pattern.n > REGEX_BYTES)
		return why_set(why, ERR_LIMIT, "a regular expression of %zu octets; at most %u",
		    pattern.n, (unsigned)REGEX_BYTES);
	r = arena_zalloc(arena, 1, sizeof *r);
	r->s = unwrapped(pattern);
	r->out = out;
	r->product[0] = 1;
	r->arena = arena;
	r->why = why;
	rc = pattern_read(r);
	if (r->at == 0)
		buf_str(out, "(?:)");		/* of no pattern at all the engines make nothing */
	if (rc == OK) {
		level_branch_end(&r->top, r->arena);
		facts_fill(&r->facts, &r->top);
		for (uint32_t i = 0; i < r->facts.nbranch && r->facts.any_case; i++) {
			uint8_t *at = arena_alloc(arena, r->facts.branch[i].n + 1);

			r->facts.branch[i] = span_of(at, fold_case(at, r->facts.branch[i]));
		}
		*ret_facts = r->facts;
	}
	level_done(&r->top);
	level_done(&r->group);
	return rc;
}
