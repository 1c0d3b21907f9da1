/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic inside of the text. Where texts are cut, see cutter.h. */
#include "store/cutter.h"

#include "base/must.h"

enum {
	QUOTE_BYTES = 512,	/* between quotes */
	LABEL_BYTES = 48,	/* of a line, before its colon */
	LEARN_BYTES = 128	/* timestamps are looked for up to here */
};

/* Classes of octets. */
enum {
	WORD = 1,		/* letters, digits, '_', all above ASCII */
	DIGIT = 2,
	HEX = 4,
	ENDS_VALUE = 8,		/* of key=value */
	ENDS_PATH = 16,
	LABEL = 32,		/* may stand in the label of a line */
	ACTS = 64		/* begins something: not a word, not to be stepped over */
};

static uint8_t
class_make(unsigned c)
{
	bool digit = c >= '0' && c <= '9';
	bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	uint8_t class = 0;

	if (digit || letter || c == '_' || c >= 0x80)
		class |= WORD;
	if (digit)
		class |= DIGIT;
	if (digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'))
		class |= HEX;
	if (c <= ' ' || strchr(",;)]}>\"'&|\\", (int)c) != NULL)
		class |= ENDS_VALUE;
	if (c <= ' ' || strchr("\"'<>(),;[]{}\\", (int)c) != NULL)
		class |= ENDS_PATH;
	if (digit || letter || (c != 0 && strchr(" -_/().#", (int)c) != NULL))
		class |= LABEL;
	if (c == 0 || strchr("=\"'/\\", (int)c) != NULL)
		class |= ACTS;
	return class;
}

void
cutter_init(struct cutter *cutter)
{
	*cutter = (struct cutter){ .nstamp = 0 };
	for (unsigned i = 0; i < 256; i++)
		cutter->class[i] = class_make(i);
}

struct cutting {
	const struct cutter *cutter;
	struct cut *cut;
	const uint8_t *p;
	size_t n;
	const uint8_t *class;
	bool full;
};

static void
slot_add(struct cutting *c, size_t from, size_t to)
{
	struct cut *cut = c->cut;

	if (cut->nslot == CUT_SLOTS) {
		c->full = true;
		return;
	}
	cut->slot[cut->nslot++] = (struct cut_slot){ (uint32_t)from, (uint32_t)(to - from) };
}

static uint8_t
class_at(const struct cutting *c, size_t at)
{
	return at < c->n ? c->class[c->p[at]] : 0;
}

/* The end of the word at `at`; *ret_class gets the classes that all or some octets have. */
static size_t
word_end(const struct cutting *c, size_t at, uint8_t *ret_some, uint8_t *ret_all)
{
	uint8_t some = 0, all = 0xff;

	for (;;) {
		uint8_t class = class_at(c, at);

		if ((class & WORD) != 0) {
			some |= class;
			all &= class;
			at++;
		} else if (c->cut->escape == CUT_BACKSLASH && at + 6 <= c->n &&
		    c->p[at] == '\\' && c->p[at + 1] == 'u') {
			all &= WORD;
			at += 6;
		} else {
			break;
		}
	}
	*ret_some = some;
	*ret_all = all;
	return at;
}

/* ---- what a word with a digit may belong to ---- */

/* Groups of hexadecimal digits: UUID, MAC, IPv6. The end of all of them, or 0. */
static size_t
groups_end(const struct cutting *c, size_t at, size_t end)
{
	uint8_t separator = end < c->n ? c->p[end] : 0;
	size_t first = end - at, groups = 1, longest = first;

	if ((separator != ':' && separator != '-') || (first != 8 && first > 4))
		return 0;
	while (end < c->n && c->p[end] == separator && (class_at(c, end + 1) & HEX) != 0) {
		size_t from = end + 1, to = from;

		while ((class_at(c, to) & HEX) != 0)
			to++;
		if ((class_at(c, to) & WORD) != 0)
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

/* A known timestamp that begins with the word from `at` to `end`. */
static size_t
stamp_end(const struct cutting *c, size_t at, size_t end, uint8_t all)
{
	const struct cutter *cutter = c->cutter;
	uint8_t digits = (all & DIGIT) != 0 && end - at < 10 ? (uint8_t)(end - at) : 0;
	uint8_t behind = end < c->n ? c->p[end] : 0;

	for (uint32_t i = 0; i < cutter->nstamp; i++) {
		size_t n;

		if (cutter->first[i] != digits || cutter->behind[i] != behind)
			continue;
		n = stamp_prefix(&cutter->stamp[i], span_of(c->p + at, c->n - at));
		if (n > 0 && (class_at(c, at + n) & WORD) == 0)
			return at + n;
	}
	return 0;
}

/* Decimals, versions, IPv4: digits, points, digits; a word's rest behind them too. */
static size_t
points_end(const struct cutting *c, size_t end)
{
	uint8_t some, all;

	while (end + 1 < c->n && c->p[end] == '.' && (class_at(c, end + 1) & DIGIT) != 0)
		end = word_end(c, end + 1, &some, &all);
	return end;
}

static size_t
path_end(const struct cutting *c, size_t at)
{
	while (at < c->n && (c->class[c->p[at]] & ENDS_PATH) == 0)
		at++;
	/* A colon, point or such at the end belongs to the sentence. */
	while (at > 0 && (c->class[c->p[at - 1]] & (WORD | ACTS)) == 0)
		at--;
	return at;
}

/* From a word on: a slot, or fixed. Returns where to go on. */
static size_t
word_cut(struct cutting *c, size_t at)
{
	uint8_t some, all;
	size_t end = word_end(c, at, &some, &all), to;

	if (end + 2 < c->n && c->p[end] == ':' && c->p[end + 1] == '/' && c->p[end + 2] == '/') {
		to = path_end(c, end);
		slot_add(c, at, to);
		return to;
	}
	to = c->cutter->nstamp > 0 ? stamp_end(c, at, end, all) : 0;
	if (to == 0 && (all & HEX) != 0)
		to = groups_end(c, at, end);
	if (to == 0 && (some & DIGIT) != 0)
		to = (all & DIGIT) != 0 ? points_end(c, end) : end;
	if (to == 0)
		return end;
	slot_add(c, at, to);
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
	while (end < c->n && (c->class[c->p[end]] & ENDS_VALUE) == 0)
		end++;
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
	return end - escaped;
}

/* At an octet that may begin something. Returns where to go on. */
static size_t
act_cut(struct cutting *c, size_t at)
{
	uint8_t before = at > 0 ? c->p[at - 1] : ' ';

	switch (c->p[at]) {
	case '=':
		return value_cut(c, at);
	case '"':
	case '\'':
		return (c->class[before] & WORD) == 0 ? quote_cut(c, at, false) : at + 1;
	case '/':
		if ((before <= ' ' || before == '(' || before == '[' || before == ',') &&
		    (class_at(c, at + 1) & WORD) != 0) {
			size_t end = path_end(c, at);

			slot_add(c, at, end);
			return end;
		}
		return at + 1;
	case '\\':
		if (c->cut->escape == CUT_PLAIN || at + 1 >= c->n)
			return at + 1;
		if (c->p[at + 1] == 'u' && at + 6 <= c->n)
			return word_cut(c, at);
		if (c->p[at + 1] == '"' && (c->class[before] & WORD) == 0)
			return quote_cut(c, at + 1, true);
		return at + 2;
	default:
		c->full = true;		/* a NUL stands for a slot in templates */
		return c->n;
	}
}

/* Words and what stands between them, from `at` up to `end`. */
static void
run_cut(struct cutting *c, size_t at, size_t end)
{
	size_t whole = c->n;

	c->n = end;
	while (at < end && !c->full) {
		uint8_t class = c->class[c->p[at]];

		if ((class & WORD) != 0)
			at = word_cut(c, at);
		else if ((class & ACTS) != 0)
			at = act_cut(c, at);
		else
			at++;
	}
	c->n = whole;
}

/* ---- lines ---- */

/* The end of the line that begins at `at`; *ret_next is the start of the next one. */
static size_t
line_end(const struct cutting *c, size_t at, size_t end, size_t *ret_next)
{
	size_t i = at;

	for (; i < end; i++) {
		if (c->p[i] == '\n' || c->p[i] == '\r')
			break;
		if (c->p[i] != '\\' || c->cut->escape == CUT_PLAIN || i + 1 == end)
			continue;
		if (c->p[i + 1] == 'n' || c->p[i + 1] == 'r')
			break;
		i++;
	}
	*ret_next = i;
	while (*ret_next < end) {
		if (c->p[*ret_next] == '\n' || c->p[*ret_next] == '\r')
			++*ret_next;
		else if (c->cut->escape == CUT_BACKSLASH && *ret_next + 1 < end &&
		    c->p[*ret_next] == '\\' &&
		    (c->p[*ret_next + 1] == 'n' || c->p[*ret_next + 1] == 'r'))
			*ret_next += 2;
		else
			break;
	}
	return i < end ? i : end;
}

/* Blanks, also escaped ones. */
static size_t
blanks_end(const struct cutting *c, size_t at, size_t end)
{
	while (at < end) {
		if (c->p[at] == ' ' || c->p[at] == '\t')
			at++;
		else if (c->cut->escape == CUT_BACKSLASH && at + 1 < end && c->p[at] == '\\' &&
		    c->p[at + 1] == 't')
			at += 2;
		else
			break;
	}
	return at;
}

/* "Label: value", "Label:\tvalue", "Label=value": where the value begins; 0: no label. */
static size_t
label_end(const struct cutting *c, size_t at, size_t end)
{
	size_t from = blanks_end(c, at, end), i = from, value;

	while (i < end && i - from < LABEL_BYTES && (c->class[c->p[i]] & LABEL) != 0)
		i++;
	if (i == from || i == end)
		return 0;
	if (c->p[i] == '=')
		return i + 1;
	if (c->p[i] != ':')
		return 0;
	value = blanks_end(c, i + 1, end);
	return value > i + 1 ? value : 0;
}

static void
lines_cut(struct cutting *c, size_t at, size_t end)
{
	while (at < end && !c->full) {
		size_t next, stop = line_end(c, at, end, &next);
		size_t value = label_end(c, at, stop);

		if (value > 0 && memchr(c->p + at, 0, stop - at) == NULL)
			slot_add(c, value, stop);
		else
			run_cut(c, at, stop);
		at = next;
	}
}

static bool
has_lines(const struct cut *cut)
{
	const uint8_t *p = cut->text.p, *end = p + cut->text.n;

	if (memchr(p, '\n', cut->text.n) != NULL)
		return true;
	if (cut->escape == CUT_PLAIN)
		return false;
	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL && end - p >= 2) {
		if (p[1] == 'n')
			return true;
		p += 2;
	}
	return false;
}

static void
part_cut(struct cutting *c, size_t at, size_t end, bool lines)
{
	if (lines)
		lines_cut(c, at, end);
	else
		run_cut(c, at, end);
}

bool
cut_make(const struct cutter *cutter, struct cut *cut)
{
	struct cutting c = { cutter, cut, cut->text.p, cut->text.n, cutter->class, false };
	size_t at = 0;
	bool lines;

	cut->nslot = 0;
	if (cut->text.n == 0 || cut->text.n > CUT_BYTES)
		return false;
	lines = has_lines(cut);
	for (uint32_t i = 0; i < cut->natom; i++) {
		part_cut(&c, at, cut->atom[i].at, lines);
		slot_add(&c, cut->atom[i].at, cut->atom[i].at + cut->atom[i].n);
		at = cut->atom[i].at + cut->atom[i].n;
	}
	part_cut(&c, at, c.n, lines);
	return !c.full;
}

/* ---- learning timestamps ---- */

static bool
stamp_add(struct cutter *cutter, struct span s)
{
	struct stamp_form form;
	uint32_t i = cutter->nstamp;
	size_t digits = 0;

	if (i == CUT_STAMPS || !stamp_form_of(s, &form))
		return false;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	cutter->stamp[i] = form;
	cutter->first[i] = (uint8_t)digits;
	cutter->behind[i] = s.p[digits > 0 ? digits : 3];
	cutter->nstamp++;
	return true;
}

bool
cutter_learn(struct cutter *cutter, struct span text)
{
	size_t most = text.n < LEARN_BYTES ? text.n : LEARN_BYTES;
	uint32_t before = cutter->nstamp;

	for (size_t i = 0; i < most; i++) {
		uint8_t c = text.p[i], last = i > 0 ? text.p[i - 1] : ' ';
		size_t n;

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'W')) || last == '_' ||
		    last >= 0x80 || (last >= '0' && last <= '9') ||
		    ((last | 0x20) >= 'a' && (last | 0x20) <= 'z'))
			continue;
		n = stamp_head(span_sub(text, i, text.n));
		if (n == 0)
			continue;
		for (uint32_t k = 0; k < cutter->nstamp && n > 0; k++) {
			if (stamp_prefix(&cutter->stamp[k], span_sub(text, i, n)) == n)
				n = 0;
		}
		if (n > 0)
			(void)stamp_add(cutter, span_sub(text, i, n));
	}
	return cutter->nstamp > before;
}
