/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic and vector loads, each behind a comparison with the octets left.
 * See track.h. Siblings are tried in the order of their last use, so that runs of one shape
 * find their way at the first try.
 */
#include "parse/track.h"

#include <stdlib.h>

#include "base/must.h"
#include "parse/scan.h"

enum {
	TRACK_STEPS = 1 << 18,		/* 10 MB */
	TRACK_SIBLINGS = 64,		/* more are not looked at */
	TRACK_FIRST = 256,
};

/* What follows the piece: told apart by the octet behind it. */
enum step_kind {
	STEP_END,
	STEP_STRING,
	STEP_LITERAL,
	STEP_ARRAY,
	STEP_OBJECT,
};

struct step {
	struct span piece;	/* in the encoding of the shape that came this way first */
	uint8_t kind;		/* enum step_kind */
	uint32_t child;		/* first one; 0: none, as step 0 is the root */
	uint32_t next;		/* sibling */
	uint32_t shape_id;	/* of a STEP_END */
};

struct track {
	uint32_t count;
	uint32_t cap;
	struct step *step;
};

struct track *
track_new(void)
{
	struct track *track = xcalloc(1, sizeof *track);

	track->cap = TRACK_FIRST;
	track->step = xreallocarray(NULL, track->cap, sizeof track->step[0]);
	track->step[0] = (struct step){ .kind = STEP_END };
	track->count = 1;
	return track;
}

void
track_free(struct track **track)
{
	if (*track == NULL)
		return;
	free((*track)->step);
	free(*track);
	*track = NULL;
}

/* memcmp() == 0 without a call; both sides have n octets. */
static inline bool
same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t x, y, z, w;

#if defined(__SSE2__)
	if (n >= 16) {
		__m128i diff = _mm_setzero_si128();

		for (size_t i = 0; i + 16 <= n; i += 16)
			diff = _mm_or_si128(diff, _mm_xor_si128(
			    _mm_loadu_si128((const __m128i *)(const void *)(a + i)),
			    _mm_loadu_si128((const __m128i *)(const void *)(b + i))));
		diff = _mm_or_si128(diff, _mm_xor_si128(
		    _mm_loadu_si128((const __m128i *)(const void *)(a + n - 16)),
		    _mm_loadu_si128((const __m128i *)(const void *)(b + n - 16))));
		return _mm_movemask_epi8(_mm_cmpeq_epi8(diff, _mm_setzero_si128())) == 0xffff;
	}
#else
	if (n >= 16)
		return memcmp(a, b, n) == 0;
#endif
	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&z, a + n - 8, 8);
		memcpy(&w, b + n - 8, 8);
		return ((x ^ y) | (z ^ w)) == 0;
	}
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool
kind_fits(uint8_t kind, const uint8_t *at, const uint8_t *end)
{
	if (kind == STEP_END || at == end)
		return kind == STEP_END && at == end;
	switch (kind) {
	case STEP_STRING:
		return at[-1] == '"';		/* the piece ends with the opening quote */
	case STEP_ARRAY:
		return *at == '[';
	case STEP_OBJECT:
		return *at == '{';
	default:
		return *at != '[' && *at != '{' && *at != '"' && *at > ' ';
	}
}

/* The child whose piece stands at p, as the first of its siblings; NULL when there is none. */
static const struct step *
step_match(struct track *track, uint32_t parent, const uint8_t *p, const uint8_t *end)
{
	struct step *all = track->step;
	uint32_t before = 0, at = all[parent].child;

	for (unsigned tries = 0; at != 0 && tries < TRACK_SIBLINGS; tries++) {
		struct step *step = &all[at];

		if (step->piece.n <= (size_t)(end - p) &&
		    same(step->piece.p, p, step->piece.n) &&
		    kind_fits(step->kind, p + step->piece.n, end)) {
			if (before != 0) {
				all[before].next = step->next;
				step->next = all[parent].child;
				all[parent].child = at;
			}
			return step;
		}
		before = at;
		at = step->next;
	}
	return NULL;
}

static const uint8_t *
value_end(uint8_t kind, const uint8_t *p, const uint8_t *end)
{
	if (kind == STEP_STRING)
		return scan_string(p, end);
	if (kind == STEP_LITERAL)
		return scan_literal(p, end);
	return scan_nested(p, end);
}

uint32_t
track_follow(struct track *track, struct span record, struct cut *cut)
{
	const uint8_t *p = record.p, *end = p + record.n;
	uint32_t at = 0, n = 0;

	for (;;) {
		const struct step *step = step_match(track, at, p, end);
		const uint8_t *behind;

		if (step == NULL)
			return TRACK_NONE;
		if (step->kind == STEP_END) {
			cut->n = n;
			return step->shape_id;
		}
		p += step->piece.n;
		behind = value_end(step->kind, p, end);
		if (behind == NULL)
			return TRACK_NONE;
		cut->value[n++] = span_of(p, (size_t)(behind - p));
		p = behind;
		at = (uint32_t)(step - track->step);
	}
}

static uint8_t
step_kind(unsigned hole_kind, struct span value)
{
	if (hole_kind == HOLE_JSON_STRING)
		return STEP_STRING;
	if (hole_kind == HOLE_JSON_LITERAL)
		return STEP_LITERAL;
	return value.p[0] == '[' ? STEP_ARRAY : STEP_OBJECT;
}

/* The child with this piece and kind, made when it is missing. 0: no room. */
static uint32_t
step_make(struct track *track, uint32_t parent, struct span piece, uint8_t kind)
{
	unsigned siblings = 0;

	for (uint32_t at = track->step[parent].child; at != 0; at = track->step[at].next) {
		if (track->step[at].kind == kind && span_eq(track->step[at].piece, piece))
			return at;
		siblings++;
	}
	if (siblings >= TRACK_SIBLINGS || track->count == TRACK_STEPS)
		return 0;
	if (track->count == track->cap) {
		track->cap *= 2;
		track->step = xreallocarray(track->step, track->cap, sizeof track->step[0]);
	}
	track->step[track->count] = (struct step){ .piece = piece, .kind = kind,
	    .next = track->step[parent].child };
	track->step[parent].child = track->count;
	return track->count++;
}

void
track_add(struct track *track, const struct cut *cut, const struct shape *shape,
    uint32_t shape_id)
{
	struct span piece = shape->head;
	uint32_t at = 0;

	for (uint32_t i = 0; i < shape->nhole; i++) {
		if (shape->hole[i].kind == HOLE_TEXT)
			return;		/* `_rest` has no end of its own */
		at = step_make(track, at, piece, step_kind(shape->hole[i].kind, cut->value[i]));
		if (at == 0)
			return;
		piece = shape->hole[i].piece;
	}
	at = step_make(track, at, piece, STEP_END);
	if (at != 0)
		track->step[at].shape_id = shape_id;
}
