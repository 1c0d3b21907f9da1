/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. See query/phrase.h. */
#include "query/phrase.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/must.h"

size_t
text_find(struct span text, struct span needle, size_t from)
{
	const uint8_t *hit;

	if (from > text.n || needle.n > text.n - from)
		return SIZE_MAX;
	if (needle.n == 0)
		return from;
	hit = memmem(text.p + from, text.n - from, needle.p, needle.n);
	return hit != NULL ? (size_t)(hit - text.p) : SIZE_MAX;
}

static bool
word_ends_at(struct span text, size_t at)
{
	if (at == 0)
		return false;
	if (text.p[at - 1] < 0x80)
		return ascii_is_word(text.p[at - 1]);
	return rune_is_word(rune_before(text, &at));
}

static bool
word_begins_at(struct span text, size_t at)
{
	if (at == text.n)
		return false;
	if (text.p[at] < 0x80)
		return ascii_is_word(text.p[at]);
	return rune_is_word(rune_next(text, &at));
}

size_t
phrase_find(struct span text, struct span needle, enum phrase_edges edges, size_t from)
{
	bool left = (edges & PHRASE_LEFT) != 0 && word_begins_at(needle, 0);
	bool right = edges == PHRASE_BOTH && word_ends_at(needle, needle.n);

	if (needle.n == 0)
		return from <= text.n ? from : SIZE_MAX;
	for (size_t at = text_find(text, needle, from); at != SIZE_MAX;
	    at = text_find(text, needle, at + 1)) {
		if (left && word_ends_at(text, at))
			continue;
		if (right && word_begins_at(text, at + needle.n))
			continue;
		return at;
	}
	return SIZE_MAX;
}

static bool
is_lower_ascii(struct span text)
{
	uint8_t odd = 0;

	for (size_t i = 0; i < text.n; i++)
		odd |= (uint8_t)(text.p[i] >= 0x80 || (text.p[i] >= 'A' && text.p[i] <= 'Z'));
	return odd == 0;
}

struct span
text_alike(struct room *room, struct span text, enum alike alike)
{
	if (alike == ALIKE_SAME || is_lower_ascii(text))
		return text;
	if (room->cap < text.n) {
		room->cap = text.n + text.n / 2 + 64;
		room->p = xrealloc(room->p, room->cap);
	}
	if (alike == ALIKE_CASE)
		return span_of(room->p, fold_case(room->p, text));
	return span_of(room->p, fold(room->p, text));
}

void
room_done(struct room *room)
{
	free(room->p);
	*room = (struct room){ 0 };
}
