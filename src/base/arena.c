/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Turn memory, see arena.h. A list of chunks that grow by doubling;
 * a reset keeps the largest one.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"

enum { ARENA_ALIGN = 16, ARENA_FIRST = 16384 };

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SPLIT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SPLIT 1
#endif
#endif
#ifndef ARENA_SPLIT
#define ARENA_SPLIT 0
#endif

struct chunk {
	struct chunk *next;
	size_t cap;
	size_t used;
	size_t pad;
	uint8_t data[];
};

struct arena {
	struct chunk *head;	/* the one we allocate from; owned, as is its list */
	size_t limit;
	size_t used;
};

struct arena *
arena_new(size_t limit_bytes)
{
	struct arena *arena = xcalloc(1, sizeof *arena);

	arena->limit = limit_bytes;
	return arena;
}

static void
chunks_free(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
}

void
arena_free(struct arena **arena)
{
	if (*arena == NULL)
		return;
	chunks_free((*arena)->head);
	free(*arena);
	*arena = NULL;
}

void
arena_reset(struct arena *arena)
{
	if (ARENA_SPLIT) {
		chunks_free(arena->head);
		arena->head = NULL;
	} else if (arena->head != NULL) {
		chunks_free(arena->head->next);
		arena->head->next = NULL;
		arena->head->used = 0;
	}
	arena->used = 0;
}

static void
chunk_push(struct arena *arena, size_t n)
{
	size_t cap = arena->head != NULL ? arena->head->cap * 2 : ARENA_FIRST;
	struct chunk *c;

	if (ARENA_SPLIT || cap < n)
		cap = n;
	c = xmalloc(sizeof *c + cap);
	*c = (struct chunk){ .next = arena->head, .cap = cap };
	arena->head = c;
}

void *
arena_alloc(struct arena *arena, size_t n)
{
	size_t size = ARENA_SPLIT ? n : (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	struct chunk *c = arena->head;
	void *at;

	must(n <= arena->limit && arena->used + n <= arena->limit);
	if (ARENA_SPLIT || c == NULL || c->cap - c->used < size) {
		chunk_push(arena, size);
		c = arena->head;
	}
	at = c->data + c->used;
	c->used += size;
	arena->used += size;
	return at;
}

void *
arena_zalloc(struct arena *arena, size_t count, size_t size)
{
	size_t n;
	void *at;

	must(!__builtin_mul_overflow(count, size, &n));
	at = arena_alloc(arena, n);
	if (n > 0)
		memset(at, 0, n);
	return at;
}

struct span
arena_dup(struct arena *arena, struct span s)
{
	uint8_t *at = arena_alloc(arena, s.n);

	if (s.n > 0)
		memcpy(at, s.p, s.n);
	return span_of(at, s.n);
}

size_t
arena_used(const struct arena *arena)
{
	return arena->used;
}
