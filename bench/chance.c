/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: bits of a filter. What filters let through by chance, see multiply.h. */
#include "multiply.h"

#include "base/fold.h"
#include "sys/random.h"

static void
token_add(struct chance *c, struct span text, bool entity)
{
	uint8_t folded[256];

	if (c->ntoken < CHANCE_TOKENS && text.n <= sizeof folded)
		c->token[c->ntoken++] = store_token_hash(span_of(folded, fold(folded, text)),
		    entity);
}

void
chance_tokens(struct chance *c, struct span text)
{
	struct span part;
	size_t at = 0;

	while (store_entity_next(text, &at, &part))
		token_add(c, part, true);
	at = 0;
	while (word_next(text, &at, &part))
		token_add(c, part, false);
}

void
chance_measure(struct chance *c)
{
	uint64_t set = 0;

	for (size_t i = 0; i < c->bits.n; i++)
		set += (unsigned)__builtin_popcount(c->bits.p[i]);
	c->rate = 1;
	for (int k = 0; k < FILTER_HASHES; k++)
		c->rate *= (double)set / (double)(c->bits.n * 8);
}

void
chance_take(struct chance *c)
{
	uint64_t nbit = (uint64_t)c->bits.n * 8;

	c->copy.n = 0;
	buf_span_put(&c->copy, c->bits);
	for (size_t i = 0; i < c->ntoken; i++) {
		if ((double)(random_u64() >> 11) / (double)(UINT64_C(1) << 53) >= c->rate)
			continue;
		for (unsigned k = 0; k < FILTER_HASHES; k++) {
			uint64_t at = filter_hash(c->token[i], k) % nbit;

			c->copy.p[at / 8] |= (uint8_t)(1U << at % 8);
		}
	}
}
