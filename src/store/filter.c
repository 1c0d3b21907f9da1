/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic inside of texts. The token filter of a segment, see filter.h. */
#include "store/filter.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/copy.h"
#include "base/fold.h"
#include "base/hash.h"
#include "base/must.h"
#include "sys/random.h"
#include "model/escape.h"
#include "model/shape.h"
#include "store/store.h"
#include "store/token.h"

enum {
	SET_FIRST = 4096,
	LATELY = 2048,		/* words that were filed lately; fits the first-level cache */
	PENDING = 16,		/* tokens whose place in the set is on its way from memory */
	LINES = 4096,		/* lines that were filed lately */
	LINE_LEAST = 48,	/* shorter ones are not worth it */
	BITS_LEAST = 64,
	DENSE_NUMBERS = 128,	/* so many that fill a quarter of their range are filed as one */
	ASCII_WORD = 64		/* words of ASCII are folded here */
};

/* Octets of ASCII words. */
static const uint8_t is_word[256] = {
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
	['8'] = 1, ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
	['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1,
	['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1,
	['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['_'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,
	['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1,
	['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,
	['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

struct filter_maker {
	uint64_t *token;		/* a set: open addressing, 0 = free */
	size_t mask, n;
	uint64_t pending[PENDING];
	size_t npending;
	uint64_t lately[LATELY];	/* hashes of words that are in the set, */
	uint64_t line[LINES];		/* and of lines */
	uint64_t seed;			/* of theirs: nobody may aim at another's */
	uint8_t kind;
	struct filter_about about;
	struct buf clear;		/* a value without its escapes */
	struct buf word;
};

struct filter_maker *
filter_maker_new(void)
{
	struct filter_maker *m = xcalloc(1, sizeof *m);

	m->token = xcalloc(SET_FIRST, sizeof *m->token);
	m->mask = SET_FIRST - 1;
	m->seed = random_u64();
	return m;
}

void
filter_maker_free(struct filter_maker **maker)
{
	struct filter_maker *m = *maker;

	if (m == NULL)
		return;
	free(m->token);
	buf_done(&m->clear);
	buf_done(&m->word);
	free(m);
	*maker = NULL;
}

void
filter_kind(struct filter_maker *m, uint8_t kind)
{
	m->kind = kind;
}

void
filter_flags(struct filter_maker *m, uint8_t flags)
{
	m->about.flags |= flags;
}

/* ---- the set of tokens ---- */

static void
set_grow(struct filter_maker *m)
{
	uint64_t *old = m->token;
	size_t size = (m->mask + 1) * 2;

	m->token = xcalloc(size, sizeof *m->token);
	for (size_t i = 0; i <= m->mask; i++) {
		size_t at = filter_hash(old[i], 0) & (size - 1);

		if (old[i] == 0)
			continue;
		while (m->token[at] != 0)
			at = (at + 1) & (size - 1);
		m->token[at] = old[i];
	}
	m->mask = size - 1;
	free(old);
}

static void
set_put(struct filter_maker *m, uint64_t token)
{
	size_t at = filter_hash(token, 0) & m->mask;

	while (m->token[at] != 0) {
		if (m->token[at] == token)
			return;
		at = (at + 1) & m->mask;
	}
	m->token[at] = token;
	if (++m->n * 2 > m->mask)
		set_grow(m);
}

static void
pending_put(struct filter_maker *m)
{
	for (size_t i = 0; i < m->npending; i++)
		set_put(m, m->pending[i]);
	m->npending = 0;
}

static void
set_add(struct filter_maker *m, uint64_t token)
{
	token = token != 0 ? token : 1;
	__builtin_prefetch(&m->token[filter_hash(token, 0) & m->mask]);
	m->pending[m->npending++] = token;
	if (m->npending == PENDING)
		pending_put(m);
}

/* Was it filed lately? It is from here on. */
static bool
is_again(struct filter_maker *m, uint64_t *lately, size_t n, struct span s)
{
	uint64_t hash = hash64_seed(s, m->seed);
	bool again = lately[hash % n] == hash;

	lately[hash % n] = hash;
	return again;
}

/* ---- texts ---- */

static void
word_add(struct filter_maker *m, struct span s)
{
	size_t n;

	m->word.n = 0;
	buf_reserve(&m->word, s.n);
	n = fold(m->word.p, s);
	if (n > 0)
		set_add(m, store_token_hash(span_of(m->word.p, n), false));
}

static void
entity_add(struct filter_maker *m, struct span s)
{
	if (token_is_uuid(s))
		m->about.flags |= FILTER_UUIDS;
	m->word.n = 0;
	buf_reserve(&m->word, s.n);
	set_add(m, store_token_hash(span_of(m->word.p, fold(m->word.p, s)), true));
}

/* n octets of ASCII (at most ASCII_WORD) in lower case. */
static inline void
ascii_lower(uint8_t to[ASCII_WORD], struct span s)
{
	(void)copy_span(to, s);
	for (size_t i = 0; i < s.n; i += 8) {
		uint64_t eight, low, upper;

		/* Bit 7 of each octet: it is at least 'A', and not above 'Z'. */
		memcpy(&eight, to + i, 8);
		low = eight & UINT64_C(0x7f7f7f7f7f7f7f7f);
		upper = (low + UINT64_C(0x3f3f3f3f3f3f3f3f)) &
		    ~(low + UINT64_C(0x2525252525252525)) & UINT64_C(0x8080808080808080);
		eight |= upper >> 2;
		memcpy(to + i, &eight, 8);
	}
}

/* An ASCII word, in lower case; digits make up the most of them. */
static void
ascii_add(struct filter_maker *m, struct span s, bool in_uuid)
{
	uint8_t lower[ASCII_WORD];
	uint64_t token;

	if (s.n > sizeof lower) {
		word_add(m, s);
		return;
	}
	ascii_lower(lower, s);
	if (!in_uuid && is_again(m, m->lately, LATELY, span_of(lower, s.n)))
		return;
	token = store_token_hash(span_of(lower, s.n), false);
	if (!in_uuid || (token & (TOKEN_DIGITS | TOKEN_UUIDISH)) != TOKEN_UUIDISH)
		set_add(m, token);
}

static void
ascii_text(struct filter_maker *m, struct span s)
{
	size_t i = 0, uuid_end = 0;

	while (i < s.n) {
		size_t from = i, end;

		if (!is_word[s.p[i]]) {
			i++;
			continue;
		}
		while (i < s.n && is_word[s.p[i]])
			i++;
		if (token_entity_may(s, from, i)) {
			end = token_entity_end(s, from, i);
			if (end > 0)
				entity_add(m, span_sub(s, from, end - from));
			if (end > uuid_end && token_is_uuid(span_sub(s, from, end - from)))
				uuid_end = end;
		}
		ascii_add(m, span_sub(s, from, i - from), i <= uuid_end);
	}
}

static void
any_text(struct filter_maker *m, struct span s)
{
	struct span part;
	size_t at = 0;

	while (word_next(s, &at, &part))
		word_add(m, part);
	at = 0;
	while (store_entity_next(s, &at, &part))
		entity_add(m, part);
}

static bool
is_ascii(struct span s)
{
	uint64_t all = 0, eight;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&eight, s.p + i, 8);
		all |= eight;
	}
	for (; i < s.n; i++)
		all |= s.p[i];
	return (all & UINT64_C(0x8080808080808080)) == 0;
}

static void
line_add(struct filter_maker *m, struct span s)
{
	if (s.n >= LINE_LEAST && is_again(m, m->line, LINES, s))
		return;
	if (is_ascii(s))
		ascii_text(m, s);
	else
		any_text(m, s);
}

/* No word and no entity goes over the end of a line; long texts say many lines again and again. */
static void
text_add(struct filter_maker *m, struct span s)
{
	while (s.n > 0) {
		const uint8_t *end = memchr(s.p, '\n', s.n);
		size_t n = end != NULL ? (size_t)(end - s.p) : s.n;

		line_add(m, span_sub(s, 0, n));
		s = span_sub(s, end != NULL ? n + 1 : n, s.n);
	}
}

void
filter_text(struct filter_maker *m, struct span value)
{
	bool escapes = m->kind != HOLE_TEXT && m->kind != HOLE_JSON_LITERAL && value.n > 0 &&
	    memchr(value.p, '\\', value.n) != NULL;

	/* An array is looked at as it is written, and as its strings mean it. */
	if (!escapes || m->kind == HOLE_JSON_VALUE)
		text_add(m, value);
	if (escapes) {
		buf_reserve(&m->clear, value.n);
		text_add(m, span_of(m->clear.p, escape_undo(m->clear.p, value, m->kind)));
	}
}

/* ---- numbers ---- */

static uint64_t
magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void
filter_number(struct filter_maker *m, int64_t v)
{
	uint64_t u = magnitude(v);
	uint8_t text[24];

	if (u < UINT64_C(100000000000000000))
		set_add(m, token_of_number(u));
	else
		ascii_text(m, span_of(text, number_put(text, v)));
}

static void
range_add(struct filter_maker *m, uint64_t min, uint64_t max)
{
	if (m->about.nrange < FILTER_RANGES) {
		m->about.range[m->about.nrange++] = (struct filter_range){ min, max };
		return;
	}
	for (uint64_t v = min; v <= max; v++)
		set_add(m, token_of_number(v));
}

void
filter_numbers(struct filter_maker *m, const int64_t *v, size_t n)
{
	struct filter_range r = { UINT64_MAX, 0 };

	for (size_t i = 0; i < n; i++) {
		uint64_t u = magnitude(v[i]);

		r.min = u < r.min ? u : r.min;
		r.max = u > r.max ? u : r.max;
	}
	if (n >= DENSE_NUMBERS && (r.max - r.min) / 4 < n && m->about.nrange < FILTER_RANGES) {
		range_add(m, r.min, r.max);
		return;
	}
	for (size_t i = 0; i < n; i++)
		filter_number(m, v[i]);
}

/*
 * Words of letters and digits are told by their looks, numbers by their length; but years, which
 * are as long as much else, by their range.
 */
void
filter_stamps(struct filter_maker *m, const struct stamp_form *form, struct span v,
    const int64_t *ns, size_t n)
{
	struct civil first, last;
	int64_t min = INT64_MAX, max = INT64_MIN;
	struct span word;
	size_t at = 0;

	m->about.flags |= FILTER_STAMPS;
	for (size_t i = 0; i < n; i++) {
		min = ns[i] < min ? ns[i] : min;
		max = ns[i] > max ? ns[i] : max;
	}
	civil_split(&first, min, form->zone_minutes * 60);
	civil_split(&last, max, form->zone_minutes * 60);
	if (form->has_year && memmem(form->pattern, form->n, "%Y", 2) != NULL)
		range_add(m, (uint64_t)first.year, (uint64_t)last.year);
	while (word_next(v, &at, &word)) {
		uint64_t token = store_token_hash(word, false);

		if ((token & TOKEN_DIGITS) == 0)
			continue;
		if (word.n == 4)
			set_add(m, token);	/* also the zone, which is the same in all */
		if (word.n != 4 || !form->has_year)
			m->about.lengths |= 1U << token_length(token);
	}
	/* Without padding a number may have fewer digits. */
	if (!stamp_form_fixed(form))
		m->about.lengths |= 1U << 1 | 1U << 2 | 1U << 3;
}

/* ---- the section ---- */

bool
filter_size_ok(uint64_t nbit)
{
	uint64_t rest = nbit;

	if (nbit < BITS_LEAST || nbit % 8 != 0 || nbit / 8 > LIMIT_FILTER_BYTES)
		return false;
	rest >>= __builtin_ctzll(rest);
	return rest == 1 || rest == 3;
}

static uint64_t
size_for(size_t n)
{
	uint64_t least = (uint64_t)n * FILTER_BITS_PER_TOKEN, size = BITS_LEAST;

	while (size < least)
		size = size % 3 == 0 ? size / 3 * 4 : size / 2 * 3;
	return size;
}

void
filter_about_put(struct buf *out, const struct filter_about *about)
{
	buf_u8(out, about->flags);
	buf_varint(out, about->lengths);
	buf_varint(out, about->nrange);
	for (uint32_t i = 0; i < about->nrange; i++) {
		buf_varint(out, about->range[i].min);
		buf_varint(out, about->range[i].max - about->range[i].min);
	}
}

bool
filter_about_get(struct cur *c, struct filter_about *ret)
{
	uint64_t n;

	ret->flags = cur_u8(c);
	ret->lengths = (uint32_t)cur_varint(c);
	n = cur_varint(c);
	if (c->bad || n > FILTER_RANGES || (ret->flags & ~FILTER_KNOWN) != 0)
		return false;
	ret->nrange = (uint32_t)n;
	for (uint32_t i = 0; i < ret->nrange; i++) {
		ret->range[i].min = cur_varint(c);
		ret->range[i].max = ret->range[i].min + cur_varint(c);
	}
	return !c->bad;
}

void
filter_put(struct filter_maker *m, struct list_out *out)
{
	struct pack_ref ref;
	uint64_t nbit;
	uint8_t *bits;
	unsigned low;

	pending_put(m);
	nbit = size_for(m->n);
	bits = xcalloc((size_t)(nbit / 8), 1);
	/* A remainder by 2^a or 3 * 2^a, without a division. */
	low = (unsigned)__builtin_ctzll(nbit);
	for (size_t i = 0; i <= m->mask; i++) {
		for (unsigned k = 0; k < FILTER_HASHES && m->token[i] != 0; k++) {
			uint64_t x = filter_hash(m->token[i], k), at;

			at = x & ((UINT64_C(1) << low) - 1);
			if (nbit >> low == 3)
				at |= (x >> low) % 3 << low;
			bits[at / 8] |= (uint8_t)(1U << (at % 8));
		}
	}
	filter_about_put(out->dir, &m->about);
	buf_varint(out->dir, m->n);
	buf_varint(out->dir, nbit);
	ref = pack_put_raw(out->pack, span_of(bits, (size_t)(nbit / 8)));
	buf_varint(out->dir, ref.chunk);
	free(bits);
}

/* ---- asking ---- */

enum err
filter_get(struct list_in *in, struct filter *ret, struct why *why)
{
	uint64_t chunk;
	struct pack_ref ref;

	if (!filter_about_get(in->c, &ret->about))
		return why_set(why, ERR_FORMAT, "filter: broken parameters");
	(void)cur_varint(in->c);
	ret->nbit = cur_varint(in->c);
	chunk = cur_varint(in->c);
	if (in->c->bad || !filter_size_ok(ret->nbit) || chunk > UINT32_MAX)
		return why_set(why, ERR_FORMAT, "filter: broken size");
	ref = (struct pack_ref){ (uint32_t)chunk, 0, (uint32_t)(ret->nbit / 8) };
	return pack_get(in->pack, ref, &ret->bits, why);
}

bool
filter_about_holds(const struct filter_about *about, uint64_t token)
{
	if ((token & TOKEN_DIGITS) == 0) {
		if ((token & TOKEN_ENTITY) != 0)
			return (token & TOKEN_MAIL) != 0 && (about->flags & FILTER_MAILS) != 0;
		return ((token & TOKEN_STAMPISH) != 0 && (about->flags & FILTER_STAMPS) != 0) ||
		    ((token & TOKEN_UUIDISH) != 0 && (about->flags & FILTER_UUIDS) != 0);
	}
	/* A number: part of a timestamp, or in a range. */
	if ((about->lengths >> token_length(token) & 1) != 0)
		return true;
	for (uint32_t i = 0; i < about->nrange; i++) {
		if (token_number(token) >= about->range[i].min &&
		    token_number(token) <= about->range[i].max)
			return true;
	}
	return false;
}

bool
filter_may_hold(const struct filter *f, uint64_t token)
{
	token = token != 0 ? token : 1;
	if (filter_about_holds(&f->about, token))
		return true;
	for (unsigned k = 0; k < FILTER_HASHES; k++) {
		uint64_t at = filter_hash(token, k) % f->nbit;

		if ((f->bits.p[at / 8] >> (at % 8) & 1) == 0)
			return false;
	}
	return true;
}
