/* SPDX-License-Identifier: Apache-2.0 */
/* Tests store/gather.c: values that are filed all at once lie as if filed one by one. */
#include "store/gather.h"

#include <stdlib.h>

#include "check.h"

enum { VALUES = 3 * GATHER_ALL, SEED = 7 };

/* How many different values there are in a column, for value i. */
typedef uint32_t kind_fn(uint32_t i);

static uint32_t
one(uint32_t i)
{
	(void)i;
	return 1;
}

static uint32_t
few(uint32_t i)
{
	(void)i;
	return 9;
}

static uint32_t
many(uint32_t i)
{
	(void)i;
	return 2000;
}

static uint32_t
all(uint32_t i)
{
	return i + 1;
}

static uint32_t
one_then_all(uint32_t i)
{
	return i < 5000 ? 1 : i;
}

static uint32_t
all_then_few(uint32_t i)
{
	return i < 700 ? i + 1 : 3;
}

static kind_fn *const kinds[] = { one, few, many, all, one_then_all, all_then_few };

/* Values of 0 to 40 octets, the same for the same number. */
static struct span *
values_new(kind_fn *kind, struct buf *octets)
{
	struct span *v = calloc(VALUES, sizeof *v);
	uint64_t dice = 1;

	buf_reserve(octets, (size_t)VALUES * 64);
	for (uint32_t i = 0; i < VALUES; i++) {
		uint32_t different = kind(i), number;
		size_t from = octets->n;

		dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
		number = (uint32_t)(dice >> 33) % different;
		if (kind == all || (kind == all_then_few && i < 700))
			number = i;
		for (uint32_t k = 0; k < number % 5; k++)
			buf_str(octets, "octets-");
		if (number > 0)
			buf_printf(octets, "%u", number);
		v[i] = span_of(octets->p + from, octets->n - from);
	}
	return v;
}

static void
gathers_are_equal(const struct gather *x, const struct gather *y)
{
	unsigned wrong = 0;

	check_int(x->n, y->n);
	check_int(x->nword, y->nword);
	check_int(x->plain, y->plain);
	check_int(x->coded, y->coded);
	check_span(buf_span(&x->code), buf_span(&y->code));
	check(span_eq(buf_span(&x->octets), buf_span(&y->octets)));
	for (uint32_t i = 0; i < x->n && i < y->n; i++)
		wrong += !span_eq(gather_value(x, i), gather_value(y, i));
	check_int(wrong, 0);
}

/* In blocks of up to `block` values. */
static void
kind_is_the_same(kind_fn *kind, uint32_t block)
{
	static struct gather_mark mark[2 * GATHER_ALL];
	struct buf octets = { 0 };
	struct span *v = values_new(kind, &octets);
	struct gather slow = { 0 }, fast = { 0 };
	uint32_t hint = 0;

	for (uint32_t i = 0, n; i < VALUES; i += n) {
		n = VALUES - i < block ? VALUES - i : block;
		gather_add_all(&fast, v + i, n, SEED, mark);
	}
	for (uint32_t i = 0; i < VALUES; i++)
		hint = gather_add(&slow, v[i], hint, SEED);
	gathers_are_equal(&fast, &slow);
	for (uint32_t i = 0; i < VALUES; i += 17)
		check_int(gather_find(&fast, v[i], SEED), gather_find(&slow, v[i], SEED));
	gather_done(&slow);
	gather_done(&fast);
	free(v);
	buf_done(&octets);
}

static void
all_at_once_is_as_one_by_one(void)
{
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		kind_is_the_same(kinds[k], GATHER_ALL);
		kind_is_the_same(kinds[k], 600);
		kind_is_the_same(kinds[k], 1);
	}
}

static void
nothing_adds_nothing(void)
{
	struct gather_mark *mark = calloc(2 * GATHER_ALL, sizeof *mark);
	struct gather g = { 0 };

	gather_add_all(&g, NULL, 0, SEED, mark);
	check_int(g.n, 0);
	check_int(g.nword, 0);
	gather_done(&g);
	free(mark);
}

int
main(void)
{
	run(all_at_once_is_as_one_by_one);
	run(nothing_adds_nothing);
	return check_done();
}
