/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/arena.c: turn memory and its limit. */
#include "base/arena.h"

#include <stdint.h>

#include "check.h"
#include "dies.h"

static void
pieces_are_aligned_and_apart(void)
{
	struct arena *arena = arena_new(1 << 20);
	uint8_t *piece[200];

	for (size_t i = 0; i < 200; i++) {
		piece[i] = arena_alloc(arena, i);
		check_int((uintptr_t)piece[i] % 16, 0);
		if (i > 0)
			memset(piece[i], (int)i, i);
	}
	for (size_t i = 1; i < 200; i++) {
		check_int(piece[i][0], i);
		check_int(piece[i][i - 1], i);
	}
	arena_free(&arena);
	check(arena == NULL);
	arena_free(&arena);
}

static void
a_piece_larger_than_a_chunk_is_given(void)
{
	struct arena *arena = arena_new(64 << 20);
	uint8_t *small = arena_alloc(arena, 1), *large;

	*small = 7;
	large = arena_alloc(arena, 32 << 20);
	large[0] = 1;
	large[(32 << 20) - 1] = 2;
	check_int(*small, 7);
	check(arena_used(arena) >= (32 << 20) + 1);
	arena_free(&arena);
}

static void
a_reset_gives_everything_back(void)
{
	struct arena *arena = arena_new(100000);

	for (int turn = 0; turn < 50; turn++) {
		for (int i = 0; i < 90; i++)
			memset(arena_alloc(arena, 1000), turn, 1000);
		check(arena_used(arena) >= 90000);
		arena_reset(arena);
		check_int(arena_used(arena), 0);
	}
	arena_reset(arena);
	arena_free(&arena);
}

static void
zeroed_memory_is_zero_also_where_a_turn_was_before(void)
{
	struct arena *arena = arena_new(100000);
	const uint8_t *p;

	memset(arena_alloc(arena, 5000), 0xff, 5000);
	arena_reset(arena);
	p = arena_zalloc(arena, 50, 100);
	for (size_t i = 0; i < 5000; i++)
		if (p[i] != 0 && !check_int(p[i], 0))
			break;
	check(arena_zalloc(arena, 0, 100) != NULL);
	arena_free(&arena);
}

static void
a_copy_is_its_own(void)
{
	struct arena *arena = arena_new(1000);
	char text[] = "abc";
	struct span s = arena_dup(arena, span_str(text));

	text[0] = 'x';
	check_span(s, SPAN("abc"));
	check_int(arena_dup(arena, (struct span){ NULL, 0 }).n, 0);
	arena_free(&arena);
}

static void
take_the_limit_and_one_more(void)
{
	struct arena *arena = arena_new(4096);

	(void)arena_alloc(arena, 4096);
	(void)arena_alloc(arena, 1);
}

static void
take_too_much_at_once(void)
{
	(void)arena_alloc(arena_new(4096), 4097);
}

static void
take_more_than_can_be_counted(void)
{
	(void)arena_zalloc(arena_new(4096), SIZE_MAX / 2 + 2, 2);
}

static void
the_limit_ends_the_program(void)
{
	struct arena *arena = arena_new(4096);

	check(arena_alloc(arena, 4096) != NULL);
	arena_reset(arena);
	check(arena_alloc(arena, 4096) != NULL);
	arena_free(&arena);
	check(dies(take_the_limit_and_one_more));
	check(dies(take_too_much_at_once));
	check(dies(take_more_than_can_be_counted));
}

int
main(void)
{
	run(pieces_are_aligned_and_apart);
	run(a_piece_larger_than_a_chunk_is_given);
	run(a_reset_gives_everything_back);
	run(zeroed_memory_is_zero_also_where_a_turn_was_before);
	run(a_copy_is_its_own);
	run(the_limit_ends_the_program);
	return check_done();
}
