/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, always behind a comparison with the end. The rarer tokens of JSON,
 * see scan.h. Nesting is kept in a bit stack, not on ours: no recursion on foreign input.
 */
#include "parse/scan.h"

const uint8_t *
scan_unicode(const uint8_t *p, const uint8_t *end)
{
	if (end - p < 6)
		return NULL;
	for (size_t i = 2; i < 6; i++)
		if ((unsigned)(p[i] - '0') > 9 && (unsigned)((p[i] | 0x20) - 'a') > 5)
			return NULL;
	return p + 6;
}

struct nest {
	unsigned depth;
	uint64_t object[SCAN_NEST / 64];	/* 1 = an object, 0 = an array */
};

static bool
nest_in(struct nest *nest, bool object)
{
	uint64_t bit = UINT64_C(1) << nest->depth % 64;

	if (nest->depth == SCAN_NEST)
		return false;
	if (object)
		nest->object[nest->depth / 64] |= bit;
	else
		nest->object[nest->depth / 64] &= ~bit;
	nest->depth++;
	return true;
}

static bool
nest_is_object(const struct nest *nest)
{
	return (nest->object[(nest->depth - 1) / 64] >> (nest->depth - 1) % 64 & 1) != 0;
}

/* string ws ":" ws, in front of a member's value; section 4 */
static const uint8_t *
key_skip(const uint8_t *p, const uint8_t *end)
{
	p = scan_space(p, end);
	if (p == end || *p != '"' || (p = scan_string(p + 1, end)) == NULL)
		return NULL;
	p = scan_space(p + 1, end);
	return p < end && *p == ':' ? p + 1 : NULL;
}

/* Behind "[" or "{": the first value inside, or the bracket that closes an empty one. */
static const uint8_t *
nest_enter(struct nest *nest, const uint8_t *p, const uint8_t *end, bool *ret_empty)
{
	bool object = *p == '{';

	if (!nest_in(nest, object))
		return NULL;
	p = scan_space(p + 1, end);
	*ret_empty = p < end && *p == (object ? '}' : ']');
	if (*ret_empty || !object)
		return p;
	return key_skip(p, end);
}

/* Behind a value: over closing brackets and a comma to the next value, or out of all of it. */
static const uint8_t *
nest_go_on(struct nest *nest, const uint8_t *p, const uint8_t *end)
{
	while (nest->depth > 0) {
		bool object = nest_is_object(nest);

		p = scan_space(p, end);
		if (p == end)
			return NULL;
		if (*p == ',')
			return object ? key_skip(p + 1, end) : p + 1;
		if (*p++ != (object ? '}' : ']'))
			return NULL;
		nest->depth--;
	}
	return p;
}

const uint8_t *
scan_nested(const uint8_t *p, const uint8_t *end)
{
	struct nest nest = { .depth = 0 };
	bool empty;

	do {
		p = scan_space(p, end);
		if (p == end)
			return NULL;
		if (*p == '{' || *p == '[') {
			p = nest_enter(&nest, p, end, &empty);
			if (p == NULL)
				return NULL;
			if (!empty)
				continue;
		} else if (*p == '"') {
			p = scan_string(p + 1, end);
			if (p == NULL)
				return NULL;
			p++;
		} else {
			p = scan_literal(p, end);
			if (p == NULL)
				return NULL;
		}
		p = nest_go_on(&nest, p, end);
		if (p == NULL)
			return NULL;
	} while (nest.depth > 0);
	return p;
}
