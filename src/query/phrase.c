/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. See query/phrase.h. */
#include "query/phrase.h"

#include <stdlib.h>
#ifdef __x86_64__
#include <immintrin.h>
#define AVX2	__attribute__((target("avx2")))
#endif

#include "base/fold.h"
#include "base/must.h"

#ifdef __x86_64__
enum { LONG_TEXT = 256 };

/*
 * Sixteen places at a time: where the needle's first octet stands and its last one as far behind
 * it as it should. Texts are short: memmem() spends most of its time getting ready. Looks at the
 * places from *at on; moves *at behind those it looked at.
 */
static const uint8_t *
find_by_sixteen(struct span text, struct span needle, size_t *at)
{
	__m128i first = _mm_set1_epi8((char)needle.p[0]);
	__m128i last = _mm_set1_epi8((char)needle.p[needle.n - 1]);
	size_t i = *at;

	for (; text.n - i >= needle.n + 15; i += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(text.p + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(text.p + i +
		    needle.n - 1));
		unsigned places = (unsigned)_mm_movemask_epi8(_mm_and_si128(
		    _mm_cmpeq_epi8(a, first),
		    _mm_cmpeq_epi8(b, last)));

		for (; places != 0; places &= places - 1) {
			const uint8_t *hit = text.p + i + (size_t)__builtin_ctz(places);

			if (memcmp(hit, needle.p, needle.n) == 0)
				return hit;
		}
	}
	*at = i;
	return NULL;
}

/* The first of these places where the needle stands. */
static inline const uint8_t *
needle_at(const uint8_t *text, uint64_t places, struct span needle)
{
	for (; places != 0; places &= places - 1) {
		const uint8_t *hit = text + (size_t)__builtin_ctzll(places);

		if (memcmp(hit, needle.p, needle.n) == 0)
			return hit;
	}
	return NULL;
}

/* The same, sixty-four places at a time: for lists whose octets lie together. */
AVX2 static const uint8_t *
find_by_sixty_four(struct span text, struct span needle, size_t *at)
{
	__m256i first = _mm256_set1_epi8((char)needle.p[0]);
	__m256i last = _mm256_set1_epi8((char)needle.p[needle.n - 1]);
	size_t i = *at;

	for (; text.n - i >= needle.n + 63; i += 64) {
		const uint8_t *p = text.p + i, *q = p + needle.n - 1, *hit;
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
		__m256i c = _mm256_loadu_si256((const __m256i *)(const void *)q);
		__m256i d = _mm256_loadu_si256((const __m256i *)(const void *)(q + 32));

		a = _mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(c, last));
		b = _mm256_and_si256(_mm256_cmpeq_epi8(b, first), _mm256_cmpeq_epi8(d, last));
		c = _mm256_or_si256(a, b);
		if (_mm256_testz_si256(c, c) != 0)
			continue;
		hit = needle_at(p, (uint32_t)_mm256_movemask_epi8(a) |
		    (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32, needle);
		if (hit != NULL)
			return hit;
	}
	*at = i;
	return NULL;
}
#endif

size_t
text_find(struct span text, struct span needle, size_t from)
{
	const uint8_t *hit = NULL;

	if (from > text.n || needle.n > text.n - from)
		return SIZE_MAX;
	if (needle.n == 0)
		return from;
#ifdef __x86_64__
	if (text.n - from >= LONG_TEXT && __builtin_cpu_supports("avx2"))
		hit = find_by_sixty_four(text, needle, &from);
	if (hit == NULL)
		hit = find_by_sixteen(text, needle, &from);
	for (; hit == NULL && text.n - from >= needle.n; from++)
		if (text.p[from] == needle.p[0] &&
		    text.p[from + needle.n - 1] == needle.p[needle.n - 1] &&
		    memcmp(text.p + from, needle.p, needle.n) == 0)
			hit = text.p + from;
#else
	hit = memmem(text.p + from, text.n - from, needle.p, needle.n);
#endif
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
