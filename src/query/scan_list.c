/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. Which lists of slots' values may hold what is
 * searched. Lists are shared by templates and judged once: most by how they lie and one search in
 * the octets of all short ones, addresses as numbers, the rest by their encoding or their octets.
 * doc/formats/segment.md, sections 3 and 5.
 */
#include "query/judge_int.h"

#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

#include "base/fold.h"
#include "query/value.h"

struct span
longest_word(struct span text)
{
	struct span best = { 0 }, word;
	size_t at = 0;

	while (word_next(text, &at, &word))
		if (word.n > best.n)
			best = word;
	return best;
}

/* \uXXXX may be a letter: values with escapes are not judged by their octets. */
static bool
is_escaped(const struct judge *j, struct span octets)
{
	return j->part->escaped && octets.n > 0 && memchr(octets.p, '\\', octets.n) != NULL;
}

/* How many of the values lie one behind the other. */
static uint32_t
run_of(const struct span *value, uint32_t n, size_t *ret_bytes)
{
	size_t bytes = value[0].n;
	uint32_t i = 1;

	for (; i < n && value[i].p == value[0].p + bytes; i++)
		bytes += value[i].n;
	*ret_bytes = bytes;
	return i;
}

/* Values that lie together are looked at together; what is found may be of two of them. */
static bool
values_hold(struct judge *j, struct span unit, const struct span *value, uint32_t n)
{
	size_t bytes;

	for (uint32_t i = 0, k; i < n; i += k) {
		struct span all;

		k = run_of(value + i, n - i, &bytes);
		all = span_of(value[i].p, bytes);
		if (is_escaped(j, all))
			return true;
		if (j->how == ALIKE_SAME && text_find(all, unit, 0) == SIZE_MAX)
			continue;
		for (uint32_t m = i; m < i + k; m++)
			if (text_find(text_alike(&j->room, value[m], j->how), unit, 0) != SIZE_MAX)
				return true;
	}
	return false;
}

/* ---- one list ---- */

/* A column that slots repeat: as stored, so escapes of another kind are not judged. */
static enum err
column_judge(struct judge *j, struct known *known, uint32_t index)
{
	struct segment *segment = j->view->segment;
	const struct column *c;
	bool any_case = j->how != ALIKE_SAME, holds = true;
	enum err rc;

	if (known->column[index] != NOT_ASKED)
		return OK;
	known->column[index] = HOLDS_NOT;
	if (!segment_column_may_hold(segment, index, known->word, any_case))
		return OK;
	rc = segment_column_load(segment, index, &c, j->why);
	if (rc == OK && c->info->form != COLUMN_TEXT)
		holds = values_hold(j, known->unit, c->value != NULL ? c->value : c->word,
		    c->value != NULL ? c->n : c->nword);
	known->column[index] = holds ? HOLDS : HOLDS_NOT;
	return rc;
}

/* Whether an address is in a list of them. */
static enum err
ipv4_judge(struct judge *j, struct known *known, uint32_t list)
{
	const int64_t *num;
	uint32_t n, hits = 0;
	enum err rc = segment_list_ipv4(j->view->segment, j->part->index, list, &num, &n, j->why);

	for (uint32_t i = 0; i < n && rc == OK; i++)
		hits += num[i] == known->ipv4;
	known->list[list] = hits > 0 ? HOLDS : HOLDS_NOT;
	return rc;
}

static enum err
values_judge(struct judge *j, struct known *known, uint32_t list)
{
	struct list_values values;
	bool holds;
	enum err rc = segment_list_values(j->view->segment, j->part->index, list, &values, j->why);

	if (rc != OK)
		return rc;
	holds = values_hold(j, known->unit, values.value, values.nvalue);
	for (uint32_t i = 0; i < values.nref && !holds && rc == OK; i++) {
		rc = column_judge(j, known, values.ref[i]);
		holds = known->column[values.ref[i]] == HOLDS;
	}
	known->list[list] = holds ? HOLDS : HOLDS_NOT;
	return rc;
}

static enum err
list_judge(struct judge *j, struct known *known, uint32_t list)
{
	struct segment *segment = j->view->segment;
	uint32_t index = j->part->index;
	struct span octets;

	known->list[list] = HOLDS_NOT;
	if (!segment_list_may_hold(segment, index, list, known->word, j->how != ALIKE_SAME))
		return OK;
	if (known->is_ipv4 && j->map->lies[list] == LIST_IPV4)
		return ipv4_judge(j, known, list);
	if (j->how == ALIKE_SAME && segment_list_octets(segment, index, list, &octets) &&
	    !is_escaped(j, octets) && text_find(octets, known->unit, 0) == SIZE_MAX)
		return OK;
	if (j->guess) {
		known->list[list] = HOLDS;
		return OK;
	}
	return values_judge(j, known, list);
}

bool
list_holds(struct judge *j, struct known *known, uint32_t list)
{
	if (known->list[list] == NOT_ASKED && j->rc == OK)
		j->rc = list_judge(j, known, list);
	return known->list[list] == HOLDS || j->rc != OK;
}

/* ---- all lists at once ---- */

/* Lists whose octets lie together are asked only when `what` is among them. */
static void
lists_mark(const struct text_map *map, struct span what, uint8_t *list)
{
	uint32_t i = 0;

	for (size_t at = text_find(map->here, what, 0); at != SIZE_MAX;
	    at = text_find(map->here, what, at)) {
		while (map->end[i] <= at)
			i++;
		if (map->end[i] - at < what.n) {
			at++;
			continue;
		}
		if (map->lies[i] == LIST_HERE)
			list[i] = NOT_ASKED;
		at = map->end[i];
	}
}

/* How many lie one behind the other, and all of them. */
static uint32_t
away_run(const struct text_away *away, uint32_t n, struct span *ret_all)
{
	size_t bytes = away[0].octets.n;
	uint32_t i = 1;

	for (; i < n && away[i].octets.p == away[0].octets.p + bytes; i++)
		bytes += away[i].octets.n;
	*ret_all = span_of(away[0].octets.p, bytes);
	return i;
}

/* The same for lists whose octets lie elsewhere: each run of them is looked into once. */
static void
away_mark(const struct judge *j, const struct known *known)
{
	const struct text_away *away;
	uint32_t n;

	away = segment_text_away(j->view->segment, j->part->index, &n);
	for (uint32_t i = 0, k; i < n; i += k) {
		struct span all;
		size_t end = away[i].octets.n;
		uint32_t m = i;

		k = away_run(away + i, n - i, &all);
		for (uint32_t x = i; x < i + k; x++)
			known->list[away[x].list] = HOLDS_NOT;
		for (size_t at = text_find(all, known->unit, 0); at != SIZE_MAX;
		    at = text_find(all, known->unit, at)) {
			while (end <= at)
				end += away[++m].octets.n;
			if (end - at < known->unit.n) {
				at++;
				continue;
			}
			known->list[away[m].list] = NOT_ASKED;
			at = end;
		}
	}
}

/* list[i] = first[lies[i]], but HOLDS_NOT when it has too few points. */
static void
lists_set(uint8_t *list, const uint8_t first[LIST_LIES], uint8_t points,
    const struct text_map *map)
{
	uint32_t i = 0;
#ifdef __SSSE3__
	const __m128i least = _mm_set1_epi8((char)points), not = _mm_set1_epi8(HOLDS_NOT);
	uint8_t table[16] = { 0 };
	__m128i t;

	memcpy(table, first, LIST_LIES);
	t = _mm_loadu_si128((const __m128i *)(const void *)table);
	for (; map->nlist - i >= 16; i += 16) {
		__m128i has = _mm_loadu_si128((const __m128i *)(const void *)(map->points + i));
		__m128i lies = _mm_loadu_si128((const __m128i *)(const void *)(map->lies + i));

		/* NOT_ASKED is 0: what has too few is HOLDS_NOT, also when it was before. */
		_mm_storeu_si128((__m128i *)(void *)(list + i),
		    _mm_or_si128(_mm_shuffle_epi8(t, lies),
		    _mm_and_si128(_mm_cmpgt_epi8(least, has), not)));
	}
#endif
	for (; i < map->nlist; i++)
		list[i] = map->points[i] < points ? (uint8_t)HOLDS_NOT : first[map->lies[i]];
}

/* What is known of lists by how they lie. */
static void
lists_first(const struct judge *j, const struct known *known)
{
	const struct text_map *map = j->map;
	uint8_t first[LIST_LIES] = { [LIST_EMPTY] = HOLDS_NOT };
	bool digits = true, address = true;
	unsigned points = 0;

	for (size_t i = 0; i < known->unit.n; i++) {
		bool digit = (uint8_t)(known->unit.p[i] - '0') <= 9;

		digits &= digit || known->unit.p[i] == '-';
		address &= digit || known->unit.p[i] == '.';
		points += known->unit.p[i] == '.' && points < LIST_POINTS_ANY;
	}
	first[LIST_DIGITS] = digits ? NOT_ASKED : HOLDS_NOT;
	first[LIST_IPV4] = address ? NOT_ASKED : HOLDS_NOT;
	first[LIST_HERE] = j->together ? HOLDS_NOT : NOT_ASKED;
	lists_set(known->list, first, (uint8_t)points, map);
	if (j->together)
		lists_mark(map, known->unit, known->list);
}

struct known *
known_of(struct judge *j, struct needle *needle, struct span unit)
{
	struct arena *arena = j->view->arena;
	struct known *known = needle->known;
	struct span word;
	bool part;

	while (known != NULL && (known->unit.p != unit.p || known->unit.n != unit.n))
		known = known->next;
	if (known != NULL)
		return known;
	word = unit.n == needle->text.n ? needle->word : longest_word(unit);
	part = unit.n < needle->text.n &&
	    (unit.p != needle->word.p || unit.n != needle->word.n);
	if (word.n == 0 || (part && j->parts_left == 0))
		return NULL;
	j->parts_left -= part;
	known = arena_zalloc(arena, 1, sizeof *known);
	known->unit = unit;
	known->word = word;
	known->is_ipv4 = j->whole_words && value_ipv4(unit, &known->ipv4);
	known->list = arena_alloc(arena, j->map->nlist + 1);
	known->column = arena_zalloc(arena, segment_columns(j->view->segment) + 1, 1);
	lists_first(j, known);
	/* Most lists are asked for the whole text, few for a part of it. */
	if (j->together && unit.n == needle->text.n)
		away_mark(j, known);
	known->next = needle->known;
	needle->known = known;
	return known;
}
