/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of octets: query/octets.h. */
#include "query/octets.h"

void
octets_range(struct octets *set, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		set->w[c / 64] |= (uint64_t)1 << c % 64;
}

struct octets
octets_of(const char *ranges)
{
	struct octets set = { { 0 } };

	for (const uint8_t *p = (const uint8_t *)ranges; p[0] != 0; p += 2)
		octets_range(&set, p[0], p[1]);
	return set;
}

void
octets_or(struct octets *set, const struct octets *other)
{
	for (int i = 0; i < 4; i++)
		set->w[i] |= other->w[i];
}

void
octets_turn(struct octets *set)
{
	set->w[0] = ~set->w[0];
	set->w[1] = ~set->w[1];
}

void
octets_any_case(struct octets *set)
{
	for (unsigned c = 'a'; c <= 'z'; c++) {
		if (octets_has(set, (uint8_t)c) || octets_has(set, (uint8_t)(c - 32))) {
			octets_range(set, c, c);
			octets_range(set, c - 32, c - 32);
		}
	}
}

bool
octets_escape(uint8_t c, struct octets *ret, bool *ret_high)
{
	switch (c | 0x20) {
	case 'd':
		*ret = octets_of("09");
		break;
	case 'w':
		*ret = octets_of("09AZ__az");
		break;
	case 's':
		*ret = octets_of("\t\r  ");
		break;
	default:
		return false;
	}
	*ret_high = c < 'a';
	if (*ret_high)
		octets_turn(ret);
	return true;
}

static const struct {
	const char *name, *ranges;
} posix[] = {
	{ "alnum", "09AZaz" }, { "alpha", "AZaz" }, { "ascii", "\1\177" }, { "blank", "\t\t  " },
	{ "cntrl", "\1\37\177\177" }, { "digit", "09" }, { "graph", "!~" }, { "lower", "az" },
	{ "print", " ~" }, { "punct", "!/:@[`{~" }, { "space", "\t\r  " }, { "upper", "AZ" },
	{ "word", "09AZ__az" }, { "xdigit", "09AFaf" },
};

size_t
octets_posix(struct octets *ret, struct span text)
{
	for (size_t i = 0; i < sizeof posix / sizeof posix[0]; i++) {
		struct span name = span_str(posix[i].name);

		if (!span_starts(text, name))
			continue;
		*ret = octets_of(posix[i].ranges);
		if (span_is(name, "ascii") || span_is(name, "cntrl"))
			octets_range(ret, 0, 0);
		return name.n;
	}
	return 0;
}
