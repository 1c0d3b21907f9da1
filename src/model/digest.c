/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of the seal: digests of rows, trees of sixteen, salts, the locator. Owns nothing,
 * never fails. seal.md sections 2 and 3, record.md section 4. Hot path: one row digest per record;
 * libsodium picks its fastest BLAKE2b once, before main().
 */
#include "model/digest.h"

#include <sodium.h>

#include "base/must.h"
#include "model/blake.h"

enum { ROW_VERSION = 1, TREE_MARK = 3, CHAIN_MARK = 2, TREE_NODES = 16 };

/* The locator's field: integers modulo the prime 2^61 - 1. */
#define LOCATOR_P	((UINT64_C(1) << 61) - 1)

__extension__ typedef unsigned __int128 wide;

/* Without it libsodium would stay with its portable code. Safe to be called by others too. */
__attribute__((constructor)) static void
digest_start(void)
{
	must(sodium_init() >= 0);
}

void
blake256(struct digest *ret, struct span bytes)
{
	crypto_generichash_blake2b(ret->b, DIGEST_BYTES, bytes.p, bytes.n, NULL, 0);
}

void
source_digest(uint8_t ret[SOURCE_DIGEST_BYTES], const struct source *source)
{
	crypto_generichash_blake2b(ret, SOURCE_DIGEST_BYTES, source->code.p, source->code.n,
	    NULL, 0);
}

void
salts(uint8_t *ret, size_t n, const uint8_t seed[SEED_BYTES], uint64_t first_seq)
{
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	le_put(nonce, first_seq, sizeof nonce);
	must(n <= SIZE_MAX / SALT_BYTES);
	crypto_stream_chacha20(ret, n * SALT_BYTES, nonce, seed);
}

void
row_head_put(uint8_t at[ROW_HEAD_BYTES], const uint8_t salt[SALT_BYTES], uint8_t stream,
    uint8_t class, uint8_t flags, uint32_t epoch, uint64_t seq, int64_t recv_ns,
    const uint8_t source_digest[SOURCE_DIGEST_BYTES], size_t n)
{
	memcpy(at, salt, SALT_BYTES);
	at[16] = ROW_VERSION;
	at[17] = stream;
	at[18] = class;
	at[19] = flags;
	le_put(at + 20, epoch, 4);
	le_put(at + 24, seq, 8);
	le_put(at + 32, (uint64_t)recv_ns, 8);
	memcpy(at + 40, source_digest, SOURCE_DIGEST_BYTES);
	le_put(at + 56, n, 4);
}

void
row_digest(struct digest *ret, const uint8_t salt[SALT_BYTES], uint8_t stream, uint8_t class,
    uint8_t flags, uint32_t epoch, uint64_t seq, int64_t recv_ns,
    const uint8_t source_digest[SOURCE_DIGEST_BYTES], struct span raw)
{
	crypto_generichash_blake2b_state state;
	uint8_t head[ROW_HEAD_BYTES];

	row_head_put(head, salt, stream, class, flags, epoch, seq, recv_ns, source_digest, raw.n);
	crypto_generichash_blake2b_init(&state, NULL, 0, DIGEST_BYTES);
	crypto_generichash_blake2b_update(&state, head, sizeof head);
	crypto_generichash_blake2b_update(&state, raw.p, raw.n);
	crypto_generichash_blake2b_final(&state, ret->b, DIGEST_BYTES);
}

/* Up to TREE_NODES nodes at once: runs of sixteen of the n digests at d. ret may be d. */
static void
tree_nodes(struct digest *ret, const struct digest *d, size_t n)
{
	uint8_t bytes[TREE_NODES][1 + TREE_FAN * DIGEST_BYTES];
	struct span node[TREE_NODES];
	size_t nodes = 0;

	for (size_t at = 0; at < n; at += TREE_FAN, nodes++) {
		size_t run = n - at < TREE_FAN ? n - at : TREE_FAN;

		bytes[nodes][0] = TREE_MARK;
		memcpy(bytes[nodes] + 1, &d[at], run * DIGEST_BYTES);
		node[nodes] = span_of(bytes[nodes], 1 + run * DIGEST_BYTES);
	}
	blake_many(ret, node, nodes);
}

void
tree16(struct digest *ret, struct digest *d, size_t n)
{
	enum { STEP = TREE_NODES * TREE_FAN };

	must(n >= 1);
	do {
		for (size_t at = 0; at < n; at += STEP)
			tree_nodes(&d[at / TREE_FAN], &d[at], n - at < STEP ? n - at : STEP);
		n = (n + TREE_FAN - 1) / TREE_FAN;
	} while (n > 1);
	*ret = d[0];
}

void
tree16_node(struct digest *ret, const struct digest *run, size_t n)
{
	struct digest copy[TREE_FAN];

	must(n >= 1 && n <= TREE_FAN);
	memcpy(copy, run, n * sizeof *run);
	tree16(ret, copy, n);
}

/* v modulo p, for any v. */
static uint64_t
mod_p(uint64_t v)
{
	v = (v & LOCATOR_P) + (v >> 61);
	return v >= LOCATOR_P ? v - LOCATOR_P : v;
}

static uint64_t
mul_p(uint64_t a, uint64_t b)
{
	wide v = (wide)a * b;

	return mod_p((uint64_t)(v & LOCATOR_P) + (uint64_t)(v >> 61));
}

static uint64_t
sub_p(uint64_t a, uint64_t b)
{
	return a >= b ? a - b : a + LOCATOR_P - b;
}

/* a^(p-2), by Fermat the inverse; a is not 0. p - 2 has all bits set but bit 1. */
static uint64_t
inverse_p(uint64_t a)
{
	uint64_t r = 1;

	for (uint64_t e = LOCATOR_P - 2; e > 0; e >>= 1, a = mul_p(a, a))
		if ((e & 1) != 0)
			r = mul_p(r, a);
	return r;
}

void
locator_add(struct locator *locator, const struct digest *row)
{
	uint64_t d = 0;

	for (size_t i = 8; i-- > 0;)
		d = d << 8 | row->b[i];
	d = mod_p(d);
	locator->n++;
	locator->s0 = mod_p(locator->s0 + d);
	locator->s1 = mod_p(locator->s1 + mul_p(d, mod_p(locator->n)));
}

int64_t
locator_find(const struct locator *sealed, const struct locator *seen)
{
	uint64_t d0 = sub_p(seen->s0, mod_p(sealed->s0));
	uint64_t d1 = sub_p(seen->s1, mod_p(sealed->s1));
	uint64_t position;

	if (d0 == 0 || sealed->n != seen->n)
		return -1;
	position = mul_p(d1, inverse_p(d0));
	if (position < 1 || position > seen->n)
		return -1;
	return (int64_t)(position - 1);
}

void
chain_next(struct digest *chain, uint8_t type, const struct digest *d)
{
	uint8_t bytes[2 + 2 * DIGEST_BYTES];

	bytes[0] = CHAIN_MARK;
	memcpy(bytes + 1, chain->b, DIGEST_BYTES);
	bytes[1 + DIGEST_BYTES] = type;
	memcpy(bytes + 2 + DIGEST_BYTES, d->b, DIGEST_BYTES);
	blake256(chain, span_of(bytes, sizeof bytes));
}
