/* SPDX-License-Identifier: Apache-2.0 */
/* See twin.h. Without windows: the asking is the importer's. */
#include "role/twin.h"

#include <stdlib.h>

#include "base/cur.h"
#include "base/hash.h"

enum { SHORTEST = 8, CHECK_BITS = 24 };

#define CONTENT_MARK	(UINT64_C(1) << 63)
#define WHOLE_SEED	UINT64_C(0xffffffff)

uint64_t
place_make(uint64_t bytes, const struct digest *of_all)
{
	return bytes << CHECK_BITS | (uint64_t)of_all->b[0] << 16 | (uint64_t)of_all->b[1] << 8 |
	    of_all->b[2];
}

static void
content_add(struct twins *k, struct span front, uint64_t first, unsigned n)
{
	struct digest digest;

	blake256(&digest, front);
	for (unsigned i = 0; i < n; i++)
		k->content[k->n++] = CONTENT_MARK |
		    hash64_seed(span_of(digest.b, sizeof digest.b), front.n << 32 | (first + i));
}

void
twin_begin(struct twins *k, struct span head, bool whole)
{
	size_t n = TWIN_HEAD;

	*k = (struct twins){ .n = 0 };
	while (n > head.n && n >= SHORTEST)
		n /= 2;
	for (; n >= SHORTEST; n /= 2)
		content_add(k, span_sub(head, 0, n), 0, TWIN_ALIKE);
	/* When all numbers of its beginning are taken, or it is too short for one. */
	if (whole && head.n < TWIN_HEAD)
		content_add(k, head, WHOLE_SEED, 1);
}

static bool
is_avoided(struct span avoid, uint64_t content)
{
	struct cur in = cur_of(avoid);

	while (cur_left(&in) >= 8)
		if (cur_u64(&in) == content)
			return true;
	return false;
}

static int
by_bytes(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

enum err
twin_answer(struct twins *k, struct span places, struct span avoid, struct why *why)
{
	struct cur in = cur_of(places);
	bool small = k->n % TWIN_ALIKE == 1;

	if (places.n != k->n * 8u)
		return why_set(why, ERR_FORMAT, "%zu octets for %u places", places.n, k->n);
	for (unsigned i = 0; i < k->n; i++) {
		uint64_t place = cur_u64(&in);
		bool first = i < TWIN_ALIKE || (small && i + 1 == k->n);

		if (place != 0 && !is_avoided(avoid, k->content[i]))
			k->candidate[k->ncandidate++] = (struct candidate){
			    .content = k->content[i], .place = place };
		/* Of the longest beginning, so that few look alike. */
		else if (place == 0 && first && k->fresh == 0)
			k->fresh = k->content[i];
	}
	qsort(k->candidate, k->ncandidate, sizeof k->candidate[0], by_bytes);
	return OK;
}

uint64_t
twin_wants(const struct twins *k)
{
	for (unsigned i = 0; i < k->ncandidate; i++)
		if (!k->candidate[i].is && !k->candidate[i].is_not)
			return place_bytes(k->candidate[i].place);
	return UINT64_MAX;
}

void
twin_check(struct twins *k, uint64_t bytes, const struct digest *of_all)
{
	for (unsigned i = 0; i < k->ncandidate; i++) {
		struct candidate *c = &k->candidate[i];

		if (place_bytes(c->place) != bytes)
			continue;
		c->is = c->place == place_make(bytes, of_all);
		c->is_not = !c->is;
	}
}

void
twin_end(struct twins *k)
{
	for (unsigned i = 0; i < k->ncandidate; i++)
		k->candidate[i].is_not = !k->candidate[i].is;
}

enum twin_verdict
twin_verdict(const struct twins *k, struct candidate *ret)
{
	unsigned best = 0;

	if (k->ncandidate == 0)
		return TWIN_NEW;
	for (unsigned i = 0; i < k->ncandidate; i++) {
		if (!k->candidate[i].is && !k->candidate[i].is_not)
			return TWIN_OPEN;
		if (k->candidate[i].is)
			best = i + 1;
	}
	if (best < k->ncandidate &&
	    (best == 0 || place_bytes(k->candidate[best - 1].place) <
	    place_bytes(k->candidate[k->ncandidate - 1].place)))
		return TWIN_AGAIN;
	*ret = k->candidate[best - 1];
	return TWIN_GOES_ON;
}

void
twin_avoid(const struct twins *k, struct buf *out)
{
	for (unsigned i = 0; i < k->ncandidate; i++)
		if (k->candidate[i].is_not)
			buf_u64(out, k->candidate[i].content);
}
