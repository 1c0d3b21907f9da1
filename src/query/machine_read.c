/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of the pattern. A pattern as regex_read() wrote it to nodes of
 * a machine (query/machine.h), from left to right without recursion. What has been read of a group
 * lies in a row at the end, and nodes name each other by distance, so that a part is repeated by
 * copying it and gets a node in front by moving it.
 *
 *	x*	split(behind) x jump(back)	x|y	split(y) x jump(behind) y
 *	x+	x split(back)			x?	split(behind) x
 */
#include "query/machine.h"

#include "base/fold.h"

enum { GROUPS = 64, NO_ATOM = 1 << 30, NO_JUMP = 0 };

struct group {
	uint32_t from;			/* where its alternative being read begins */
	uint32_t begin;			/* where it begins itself */
	uint32_t jump;			/* the last to its end, which has the one before in to */
	bool any_case, dot_all;
};

struct reader {
	struct span s;
	size_t at;
	struct nodes *out;
	uint32_t atom;			/* where the last atom begins */
	uint32_t depth;
	struct group group[GROUPS + 2];
	bool bad;
};

/* ---- nodes ---- */

static struct group *
group_of(struct reader *r)
{
	return &r->group[r->depth];
}

static struct node *
node_add(struct reader *r, enum node_op op)
{
	struct nodes *x = r->out;

	if (x->n == MACHINE_NODES) {
		r->bad = true;
		x->n--;
	}
	x->node[x->n] = (struct node){ .op = (uint8_t)op };
	return &x->node[x->n++];
}

static void
jump_add(struct reader *r, enum node_op op, int32_t to)
{
	node_add(r, op)->to = (int16_t)to;
}

/* A split in front of what begins at `at`, to what will be `more` nodes behind its end. */
static void
split_before(struct reader *r, uint32_t at, uint32_t more)
{
	struct nodes *x = r->out;
	uint32_t n = x->n - at;

	(void)node_add(r, NODE_SPLIT);
	if (r->bad)
		return;
	memmove(&x->node[at + 1], &x->node[at], n * sizeof x->node[0]);
	x->node[at] = (struct node){ .op = NODE_SPLIT, .to = (int16_t)(n + 1 + more) };
}

static void
set_add(struct reader *r, const struct octets *set)
{
	struct octets copy = *set;

	if (group_of(r)->any_case)
		octets_any_case(&copy);
	node_add(r, NODE_OCTET)->octets = copy;
}

/* The set or a code point beyond ASCII; that the text is UTF-8 was seen elsewhere. */
static void
set_or_high_add(struct reader *r, const struct octets *set)
{
	static const char lead[3][3] = { "\xf0\xff", "\xe0\xef", "\xc0\xdf" };
	const struct octets tail = octets_of("\x80\xbf");

	jump_add(r, NODE_SPLIT, 3);
	set_add(r, set);
	jump_add(r, NODE_JUMP, 12);
	for (int i = 0; i < 3; i++) {
		const struct octets first = octets_of(lead[i]);

		if (i < 2)
			jump_add(r, NODE_SPLIT, 3);
		set_add(r, &first);
		jump_add(r, NODE_JUMP, i == 0 ? 6 : i == 1 ? 4 : 3);
	}
	for (int i = 0; i < 3; i++)
		set_add(r, &tail);
}

static void
class_add(struct reader *r, const struct octets *set, bool high)
{
	r->atom = r->out->n;
	if (high)
		set_or_high_add(r, set);
	else
		set_add(r, set);
}

static void
literal_add(struct reader *r, uint32_t rune)
{
	uint8_t octet[4];
	size_t n = rune_put(octet, rune);

	r->atom = r->out->n;
	for (size_t i = 0; i < n; i++) {
		struct octets one = { { 0 } };

		octets_range(&one, octet[i], octet[i]);
		set_add(r, &one);
	}
	/* Letters beyond ASCII have cases, too. */
	r->bad |= rune >= 0x80 && group_of(r)->any_case;
}

static void
assert_add(struct reader *r, enum node_assert what)
{
	r->atom = NO_ATOM;
	node_add(r, NODE_ASSERT)->what = (uint8_t)what;
	r->out->edges |= what == ASSERT_WORD_EDGE || what == ASSERT_NO_WORD_EDGE;
}

/* ---- repeats ---- */

static void
part_copy(struct reader *r, uint32_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n && !r->bad; i++)
		*node_add(r, NODE_JUMP) = r->out->node[from + i];
}

/* The part x at `from`, n nodes, becomes x{low,high}; high UINT32_MAX: without end. */
static void
part_repeat(struct reader *r, uint32_t from, uint32_t n, uint32_t low, uint32_t high)
{
	uint32_t base;

	if (high == 0) {
		r->out->n = from;
		return;
	}
	for (uint32_t i = 1; i < low && !r->bad; i++)
		part_copy(r, from, n);
	if (high == UINT32_MAX && low > 0) {
		jump_add(r, NODE_SPLIT, -(int32_t)n);
		return;
	}
	if (low == 0) {
		split_before(r, from, high == UINT32_MAX);
		if (high == UINT32_MAX)
			jump_add(r, NODE_JUMP, -(int32_t)n - 1);
	}
	base = from + (low == 0);
	for (uint32_t i = low > 0 ? low : 1; i < high && high != UINT32_MAX && !r->bad; i++) {
		jump_add(r, NODE_SPLIT, (int32_t)n + 1);
		part_copy(r, base, n);
	}
}

static uint32_t
number_read(struct reader *r)
{
	uint32_t v = 0;
	size_t from = r->at;

	for (; r->at < r->s.n && r->s.p[r->at] >= '0' && r->s.p[r->at] <= '9'; r->at++)
		v = v < 100000 ? v * 10 + r->s.p[r->at] - '0' : v;
	return r->at > from ? v : UINT32_MAX;
}

static bool
take(struct reader *r, char c)
{
	bool is = r->at < r->s.n && r->s.p[r->at] == (uint8_t)c;

	r->at += is;
	return is;
}

static void
repeat_read(struct reader *r)
{
	uint8_t c = r->s.p[r->at++];
	uint32_t low = c == '+', high = c == '?' ? 1 : UINT32_MAX;

	if (c == '{') {
		low = high = number_read(r);
		if (take(r, ','))
			high = number_read(r);
		r->bad |= !take(r, '}') || low == UINT32_MAX;
	}
	(void)take(r, '?');
	if (r->atom == NO_ATOM)
		r->bad = true;
	if (!r->bad)
		part_repeat(r, r->atom, r->out->n - r->atom, low, high);
	r->atom = NO_ATOM;
}

/* ---- classes and escapes ---- */

static uint32_t
hex_read(struct reader *r)
{
	bool open = take(r, '{');
	int n = 0, most = open ? 6 : 2;
	uint32_t v = 0;

	for (; r->at < r->s.n && n < most; n++, r->at++) {
		uint8_t c = r->s.p[r->at];
		bool digit = c >= '0' && c <= '9';

		if (!digit && ((c | 0x20) < 'a' || (c | 0x20) > 'f'))
			break;
		v = v << 4 | (uint32_t)(digit ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	r->bad |= open ? n == 0 || !take(r, '}') : n < 2;
	r->bad |= v > 0x10ffff || (v >= 0xd800 && v < 0xe000);
	return v;
}

/* The sign that an escape stands for, which is behind its letter. */
static uint32_t
sign_of(struct reader *r, uint8_t c)
{
	static const char control[] = "afnrtv", meaning[] = "\a\f\n\r\t\v";
	const char *hit = c != 0 ? strchr(control, c) : NULL;

	if (hit != NULL)
		return (uint8_t)meaning[hit - control];
	if (c == 'x')
		return hex_read(r);
	r->bad |= c >= 0x80 || ascii_is_word(c);
	return c;
}

static void
escape_read(struct reader *r)
{
	struct octets set;
	bool high;
	uint8_t c = r->s.p[r->at + 1];

	r->at += 2;
	switch (c) {
	case 'A':
		assert_add(r, ASSERT_BEGIN);
		return;
	case 'z':
		assert_add(r, ASSERT_END);
		return;
	case 'b':
		assert_add(r, ASSERT_WORD_EDGE);
		return;
	case 'B':
		assert_add(r, ASSERT_NO_WORD_EDGE);
		return;
	default:
		if (octets_escape(c, &set, &high))
			class_add(r, &set, high);
		else
			literal_add(r, sign_of(r, c));
	}
}

/* "[:" [ "^" ] name ":]" */
static void
posix_read(struct reader *r, struct octets *set, bool *high)
{
	struct octets one;
	struct span rest;
	bool turned;
	size_t n;

	r->at += 2;
	turned = take(r, '^');
	rest = span_sub(r->s, r->at, r->s.n);
	n = octets_posix(&one, rest);
	if (n == 0 || !span_starts(span_sub(rest, n, rest.n), SPAN(":]"))) {
		r->bad = true;
		return;
	}
	if (turned)
		octets_turn(&one);
	*high |= turned;
	octets_or(set, &one);
	r->at += n + 2;
}

/* One end of a range; false: it was a set, which has none. */
static bool
class_sign(struct reader *r, struct octets *set, bool *high, uint32_t *ret)
{
	struct octets some;
	bool some_high;
	uint8_t c = r->s.p[r->at];

	if (c == '[' && r->at + 1 < r->s.n && r->s.p[r->at + 1] == ':') {
		posix_read(r, set, high);
		return false;
	}
	r->at++;
	*ret = c;
	r->bad |= c >= 0x80;
	if (c != '\\')
		return true;
	if (r->at == r->s.n) {
		r->bad = true;
		return false;
	}
	c = r->s.p[r->at++];
	if (octets_escape(c, &some, &some_high)) {
		octets_or(set, &some);
		*high |= some_high;
		return false;
	}
	*ret = sign_of(r, c);
	r->bad |= *ret >= 0x80;
	return true;
}

/* "[" [ "^" ] [ "]" ] ... "]" of ASCII */
static void
class_read(struct reader *r)
{
	struct octets set = { { 0 } };
	bool high = false, turned, first = true;

	r->at++;
	turned = take(r, '^');
	for (; !r->bad && r->at < r->s.n && (first || r->s.p[r->at] != ']'); first = false) {
		uint32_t from, to;

		if (!class_sign(r, &set, &high, &from))
			continue;
		to = from;
		if (r->at + 1 < r->s.n && r->s.p[r->at] == '-' && r->s.p[r->at + 1] != ']') {
			r->at++;
			r->bad |= !class_sign(r, &set, &high, &to);
		}
		if (!r->bad && to >= from)
			octets_range(&set, from, to);
		r->bad |= to < from;
	}
	r->bad |= !take(r, ']');
	if (turned && group_of(r)->any_case)
		octets_any_case(&set);
	if (turned)
		octets_turn(&set);
	class_add(r, &set, high != turned);
}

/* ---- groups ---- */

static void
group_begin(struct reader *r)
{
	struct group *g;

	if (r->depth > GROUPS) {
		r->bad = true;
		return;
	}
	g = &r->group[++r->depth];
	*g = r->group[r->depth - 1];
	g->begin = g->from = r->out->n;
	g->jump = NO_JUMP;
}

/* The jumps at the ends of its alternatives lead here. */
static void
group_end(struct reader *r)
{
	struct group *g = group_of(r);
	uint32_t end = r->out->n;

	for (uint32_t at = g->jump; at != NO_JUMP;) {
		uint32_t before = (uint32_t)r->out->node[at].to;

		r->out->node[at].to = (int16_t)(end - at);
		at = before;
	}
	r->atom = g->begin;
	if (r->depth == 0)
		return;
	r->depth--;
}

/* "|": a split in front of the alternative that ends, to the one that begins. */
static void
alternative_read(struct reader *r)
{
	struct group *g = group_of(r);

	r->at++;
	split_before(r, g->from, 1);
	jump_add(r, NODE_JUMP, (int32_t)g->jump);
	g->jump = r->out->n - 1;
	g->from = r->out->n;
	r->atom = NO_ATOM;
}

/* "(?" flags ( ")" / ":" ) */
static void
flags_read(struct reader *r)
{
	struct group old = *group_of(r), *g;
	bool on = true;

	for (r->at += 2; r->at < r->s.n && r->s.p[r->at] != ')' && r->s.p[r->at] != ':'; r->at++) {
		switch (r->s.p[r->at]) {
		case '-':
			on = false;
			break;
		case 'i':
			old.any_case = on;
			break;
		case 's':
			old.dot_all = on;
			break;
		default:
			r->bad = true;
		}
	}
	r->out->ascii |= old.any_case;
	if (take(r, ':'))
		group_begin(r);
	else
		r->bad |= !take(r, ')');
	g = group_of(r);
	g->any_case = old.any_case;
	g->dot_all = old.dot_all;
	r->atom = NO_ATOM;
}

static void
sign_read(struct reader *r)
{
	struct octets set;
	size_t next = r->at;
	uint32_t rune = rune_next(r->s, &next);

	switch (rune < 0x80 ? (int)rune : 0) {
	case '\\':
		r->bad |= r->at + 1 >= r->s.n;
		if (!r->bad)
			escape_read(r);
		return;
	case '[':
		class_read(r);
		return;
	case '(':
		if (r->at + 1 < r->s.n && r->s.p[r->at + 1] == '?') {
			flags_read(r);
			return;
		}
		r->at++;
		group_begin(r);
		r->atom = NO_ATOM;
		return;
	case ')':
		r->at++;
		r->bad |= r->depth == 0;
		if (!r->bad)
			group_end(r);
		return;
	case '|':
		alternative_read(r);
		return;
	case '*':
	case '+':
	case '?':
	case '{':
		repeat_read(r);
		return;
	case '^':
		r->at++;
		assert_add(r, ASSERT_BEGIN);
		return;
	case '.':
		r->at++;
		set = octets_of("\x0b\x7f\1\x09");
		octets_range(&set, 0, 0);
		if (group_of(r)->dot_all)
			octets_range(&set, '\n', '\n');
		class_add(r, &set, true);
		return;
	default:
		r->at = next;
		literal_add(r, rune);
	}
}

bool
machine_read(struct span pattern, bool whole, struct nodes *ret)
{
	struct reader r = { .s = pattern, .out = ret, .atom = NO_ATOM };

	ret->n = 0;
	ret->ascii = ret->edges = false;
	/* A node that does nothing, so that no jump is at NO_JUMP. */
	jump_add(&r, NODE_JUMP, 1);
	r.group[0].begin = r.group[0].from = 1;
	while (!r.bad && r.at < r.s.n)
		sign_read(&r);
	r.bad |= r.depth > 0;
	if (r.bad)
		return false;
	group_end(&r);
	if (whole)
		assert_add(&r, ASSERT_END);
	(void)node_add(&r, NODE_MATCH);
	return !r.bad;
}
