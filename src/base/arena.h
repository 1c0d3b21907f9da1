/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turn memory: handed out for one record, request or timer turn and given back all at once.
 * Pro: one branch per allocation, nothing to forget. Con: a long turn holds everything it ever
 * asked for; give it a limit. In the sanitizer build each piece is a malloc of its own, so that
 * an overrun inside the arena is seen.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/span.h"

struct arena;

/* limit_bytes: more than that between two resets is our bug (must). Free with arena_free. */
struct arena	*arena_new(size_t limit_bytes);
void		 arena_free(struct arena **arena);
/* Everything handed out since the last reset is gone; the memory is kept for the next turn. */
void		 arena_reset(struct arena *arena);
/* n bytes aligned to 16, not cleared; never NULL. Valid until the next reset. */
void		*arena_alloc(struct arena *arena, size_t n);
void		*arena_zalloc(struct arena *arena, size_t count, size_t size);
struct span	 arena_dup(struct arena *arena, struct span s);
/* Bytes handed out since the last reset: compare with a budget before asking for more. */
size_t		 arena_used(const struct arena *arena);

#endif
