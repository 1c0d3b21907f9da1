/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of spans. What can be told of a text's templates and lists
 * without decoding any: text_map of store/segment.h. Nothing here is an error: what is broken is
 * found by who decodes it.
 *
 *	here	... | params of list 6 | params of list 7 | ...
 *	                               ^ end[6]           ^ end[7]
 */
#include "store/text_read_int.h"

#include "base/fold.h"

/* Both ends of a row of spans that lie one behind the other, gaps between; spans may be empty. */
static struct span
both_ends(struct span all, struct span next)
{
	if (next.n == 0)
		return all;
	return all.n == 0 ? next : span_of(all.p, (size_t)(next.p + next.n - all.p));
}

/* Values with a backslash may mean other octets: they are to be asked. */
static void
escapes_mark(const struct text_map *map, uint8_t *lies)
{
	struct span here = map->here;
	const uint8_t *p = here.n > 0 ? memchr(here.p, '\\', here.n) : NULL;

	for (uint32_t i = 0; p != NULL; p = memchr(p, '\\', (size_t)(here.p + here.n - p))) {
		while (here.p + map->end[i] <= p)
			i++;
		if (lies[i] == LIST_HERE)
			lies[i] = LIST_OTHER;
		p = here.p + map->end[i];
	}
}

static void
lists_look(const struct text_reader *r, struct text_map *map)
{
	uint8_t *lies = hold_alloc(r->hold, r->nsub, sizeof *lies);
	uint8_t *points = hold_alloc(r->hold, r->nsub, sizeof *points);
	uint32_t *end = hold_alloc(r->hold, r->nsub, sizeof *end);

	for (uint32_t i = 0; i < r->nsub; i++) {
		const struct sub *s = &r->sub[i];

		lies[i] = LIST_EMPTY;
		points[i] = 0;
		if (s->n > 0)
			list_look(sub_params(s), &lies[i], &points[i]);
		map->here = both_ends(map->here, sub_params(s));
		end[i] = (uint32_t)map->here.n;
	}
	map->nlist = r->nsub;
	map->lies = lies;
	map->points = points;
	map->end = end;
	escapes_mark(map, lies);
}

static bool
is_tight(uint8_t c)
{
	return c == 0 || c >= 0x80 || ascii_is_word(c);
}

static struct template_look
template_look(struct span t, const struct template *template)
{
	struct template_look look = { .first = template->first, .nslot = template->nslot };

	const uint8_t *end = t.p + t.n, *hole = t.n > 0 ? memchr(t.p, 0, t.n) : NULL;

	if (t.n > 0 && memchr(t.p, '\\', t.n) != NULL)
		look.flags |= TEMPLATE_BACKSLASH;
	while (hole != NULL) {
		if (hole > t.p) {
			look.before |= (uint64_t)1 << hole[-1] % 64;
			look.flags |= is_tight(hole[-1]) ? TEMPLATE_TIGHT : 0;
		}
		if (++hole == end)
			break;
		look.behind |= (uint64_t)1 << *hole % 64;
		look.flags |= is_tight(*hole) ? TEMPLATE_TIGHT : 0;
		hole = memchr(hole, 0, (size_t)(end - hole));
	}
	return look;
}

const struct text_map *
text_map(struct text_reader *r)
{
	struct text_map *map;
	struct template_look *look;

	if (r->map != NULL)
		return r->map;
	map = hold_alloc(r->hold, 1, sizeof *map);
	*map = (struct text_map){ .slot_list = r->slot_sub };
	lists_look(r, map);
	look = hold_alloc(r->hold, r->ntemplate, sizeof *look);
	for (uint32_t i = 0; i < r->ntemplate; i++) {
		look[i] = template_look(r->text[i], &r->template[i]);
		map->templates = both_ends(map->templates, r->text[i]);
	}
	map->look = look;
	r->map = map;
	return map;
}

static void
away_make(struct text_reader *r, const struct text_map *map, enum text_escapes escapes)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < map->nlist; i++)
		most += map->lies[i] == LIST_AWAY;
	r->away = hold_alloc(r->hold, most, sizeof *r->away);
	for (uint32_t i = 0; i < map->nlist; i++) {
		struct text_away *one = &r->away[r->naway];
		struct span octets;

		if (map->lies[i] != LIST_AWAY ||
		    !list_octets(r->pack, sub_params(&r->sub[i]), &octets))
			continue;
		if (escapes == TEXT_ESCAPED && octets.n > 0 &&
		    memchr(octets.p, '\\', octets.n) != NULL)
			continue;
		*one = (struct text_away){ i, octets };
		r->naway++;
	}
}

const struct text_away *
text_away(struct text_reader *r, enum text_escapes escapes, uint32_t *ret_n)
{
	if (r->away == NULL)
		away_make(r, text_map(r), escapes);
	*ret_n = r->naway;
	return r->away;
}
