/* SPDX-License-Identifier: Apache-2.0 */
/* libsodium's state, and a copy of it for each look. See running.h. */
#include "model/running.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/must.h"

/* The library's state wants an alignment of 64 octets. */
enum { STATE_ALIGN = 64 };

struct running {
	crypto_generichash_state *state;
	void *memory;
};

static crypto_generichash_state *
aligned(void *memory)
{
	uintptr_t at = ((uintptr_t)memory + STATE_ALIGN - 1) & ~(uintptr_t)(STATE_ALIGN - 1);

	return (crypto_generichash_state *)at;
}

struct running *
running_new(void)
{
	struct running *r = xcalloc(1, sizeof *r);

	r->memory = xmalloc(crypto_generichash_statebytes() + STATE_ALIGN);
	r->state = aligned(r->memory);
	must(crypto_generichash_init(r->state, NULL, 0, DIGEST_BYTES) == 0);
	return r;
}

void
running_free(struct running **running)
{
	if (*running == NULL)
		return;
	free((*running)->memory);
	free(*running);
	*running = NULL;
}

void
running_add(struct running *r, struct span piece)
{
	if (piece.n > 0)
		must(crypto_generichash_update(r->state, piece.p, piece.n) == 0);
}

void
running_look(const struct running *r, struct digest *ret)
{
	void *memory = xmalloc(crypto_generichash_statebytes() + STATE_ALIGN);
	crypto_generichash_state *copy = aligned(memory);

	memcpy(copy, r->state, crypto_generichash_statebytes());
	must(crypto_generichash_final(copy, ret->b, DIGEST_BYTES) == 0);
	free(memory);
}
