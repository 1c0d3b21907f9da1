/* SPDX-License-Identifier: Apache-2.0 */
/* The table of shapes: see known.h. Open addressing over ids, at most half full. */
#include "parse/known.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

enum {
	/* Shapes with foreign names leave this many ids, others this many for one-hole shapes. */
	KNOWN_RESERVE = 1024,
	KNOWN_RESERVE_WHOLE = FORMAT_END,
	KNOWN_FIRST_SLOTS = 256,
	/* What others made may take so many ids, and so many octets. */
	KNOWN_ADOPTED = LIMIT_SHAPES / 2,
	KNOWN_ADOPTED_BYTES = 8 << 20,
};

struct known {
	uint64_t seed;
	uint32_t count;
	uint32_t adopted;
	size_t adopted_bytes;
	uint32_t nslot;
	uint32_t last[FORMAT_END];	/* the id found last, per format */
	size_t bytes;			/* of all shapes */
	uint32_t *slot;			/* 0 = empty, else id + 1 */
	struct known_shape *shape;	/* by id; room for nslot / 2 */
	struct buf code;
};

struct known *
known_new(uint64_t seed)
{
	struct known *known = xcalloc(1, sizeof *known);

	known->seed = seed;
	return known;
}

void
known_free(struct known **known)
{
	struct known *k = *known;

	if (k == NULL)
		return;
	for (uint32_t i = 0; i < k->count; i++)
		shape_free(&k->shape[i].shape);
	free(k->shape);
	free(k->slot);
	buf_done(&k->code);
	free(k);
	*known = NULL;
}

uint32_t
known_count(const struct known *known)
{
	return known->count;
}

const struct known_shape *
known_at(const struct known *known, uint32_t id)
{
	must(id < known->count);
	return &known->shape[id];
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 29;
}

static uint64_t
cut_hash(const struct known *known, const struct cut *cut)
{
	uint64_t h = mix(known->seed, cut->format | (uint64_t)cut->layout << 8);

	h = mix(h, hash64_seed(cut->head, known->seed));
	for (uint32_t i = 0; i < cut->n; i++)
		h = mix(h, hash64_seed(cut->hole[i].piece, known->seed + cut->hole[i].kind));
	return mix(h, cut->n);
}

/* The layout of an adopted shape, which no cut has. */
#define FOREIGN_LAYOUT	UINT32_MAX

static bool
known_is(const struct known_shape *its, const struct cut *cut)
{
	const struct shape *shape = its->shape;

	if (shape->format != cut->format || its->layout != cut->layout ||
	    shape->nhole != cut->n || !span_eq(shape->head, cut->head))
		return false;
	for (uint32_t i = 0; i < cut->n; i++)
		if (shape->hole[i].kind != cut->hole[i].kind ||
		    !span_eq(shape->hole[i].piece, cut->hole[i].piece))
			return false;
	return true;
}

uint32_t
known_find(struct known *known, const struct cut *cut)
{
	uint32_t id = known->last[cut->format], at;
	uint64_t hash;

	if (known->count == 0)
		return KNOWN_NONE;
	if (known_is(&known->shape[id], cut))
		return id;
	hash = cut_hash(known, cut);
	at = (uint32_t)hash & (known->nslot - 1);
	for (; known->slot[at] != 0; at = (at + 1) & (known->nslot - 1)) {
		id = known->slot[at] - 1;
		if (known->shape[id].hash == hash && known_is(&known->shape[id], cut)) {
			known->last[cut->format] = id;
			return id;
		}
	}
	return KNOWN_NONE;
}

static void
slot_put(struct known *known, uint32_t id)
{
	uint32_t at = (uint32_t)known->shape[id].hash & (known->nslot - 1);

	while (known->slot[at] != 0)
		at = (at + 1) & (known->nslot - 1);
	known->slot[at] = id + 1;
}

static void
known_grow(struct known *known)
{
	known->nslot = known->nslot > 0 ? known->nslot * 2 : KNOWN_FIRST_SLOTS;
	free(known->slot);
	known->slot = xcalloc(known->nslot, sizeof known->slot[0]);
	known->shape = xreallocarray(known->shape, known->nslot / 2, sizeof known->shape[0]);
	for (uint32_t i = 0; i < known->count; i++)
		slot_put(known, i);
}

/* The whole record as one text without any piece: there is one such shape per format. */
static bool
cut_is_whole(const struct cut *cut)
{
	return cut->n == 1 && cut->head.n == 0 && cut->hole[0].piece.n == 0 &&
	    cut->hole[0].kind == HOLE_TEXT;
}

static uint32_t
known_room(const struct cut *cut)
{
	if (cut_is_whole(cut))
		return LIMIT_SHAPES;
	if (cut->foreign)
		return LIMIT_SHAPES - KNOWN_RESERVE;
	return LIMIT_SHAPES - KNOWN_RESERVE_WHOLE;
}

uint32_t
known_add(struct known *known, const struct cut *cut)
{
	struct shape shape = { .format = cut->format, .decoder = CUT_DECODER, .nhole = cut->n,
	    .head = cut->head, .hole = (struct hole *)(uintptr_t)cut->hole };
	struct known_shape *its;
	size_t bytes;

	known->code.n = 0;
	shape_encode(&known->code, &shape);
	bytes = known->code.n + sizeof shape + cut->n * sizeof cut->hole[0];
	if (known->count >= known_room(cut) ||
	    (cut->foreign && known->bytes + bytes > LIMIT_SHAPE_TABLE_BYTES))
		return KNOWN_NONE;
	if (known->count == known->nslot / 2)
		known_grow(known);
	its = &known->shape[known->count];
	its->shape = NULL;
	if (shape_new(&its->shape, buf_span(&known->code), NULL) != OK)
		return KNOWN_NONE;
	its->hash = cut_hash(known, cut);
	its->layout = cut->layout;
	memcpy(its->role_hole, cut->role_hole, sizeof its->role_hole);
	slot_put(known, known->count);
	known->bytes += bytes;
	known->last[cut->format] = known->count;
	return known->count++;
}

static uint32_t
adopted_find(const struct known *known, struct span code, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (known->nslot - 1);

	for (; known->slot[at] != 0; at = (at + 1) & (known->nslot - 1)) {
		const struct known_shape *its = &known->shape[known->slot[at] - 1];

		if (its->hash == hash && its->layout == FOREIGN_LAYOUT &&
		    span_eq(its->shape->code, code))
			return known->slot[at] - 1;
	}
	return KNOWN_NONE;
}

uint32_t
known_adopt(struct known *known, struct span code)
{
	uint64_t hash = hash64_seed(code, known->seed);
	struct shape *shape = NULL;
	struct known_shape *its;
	uint32_t id = KNOWN_NONE;

	if (known->nslot > 0)
		id = adopted_find(known, code, hash);
	if (id != KNOWN_NONE || known->adopted == KNOWN_ADOPTED ||
	    known->count >= LIMIT_SHAPES - KNOWN_RESERVE ||
	    code.n > KNOWN_ADOPTED_BYTES - known->adopted_bytes ||
	    shape_new(&shape, code, NULL) != OK)
		return id;
	if (known->count == known->nslot / 2)
		known_grow(known);
	its = &known->shape[known->count];
	*its = (struct known_shape){ .shape = shape, .hash = hash, .layout = FOREIGN_LAYOUT };
	slot_put(known, known->count);
	known->adopted++;
	known->adopted_bytes += code.n;
	return known->count++;
}
