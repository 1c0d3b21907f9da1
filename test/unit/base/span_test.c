/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/span.h, and base/must.h where they have edges. */
#include "base/span.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/copy.h"
#include "base/must.h"

#include "check.h"
#include "dies.h"

static const struct span nothing = { NULL, 0 };

static void
empty_spans_are_equal_wherever_they_point(void)
{
	check(span_eq(nothing, SPAN("")));
	check(span_eq(nothing, nothing));
	check(span_is(nothing, ""));
	check(!span_is(nothing, "a"));
	check(!span_eq(SPAN("a"), SPAN("")));
}

static void
equality_looks_at_every_octet(void)
{
	check(span_eq(SPAN("a\0b"), SPAN("a\0b")));
	check(!span_eq(SPAN("a\0b"), SPAN("a\0c")));
	check(!span_is(SPAN("ab"), "abc"));
	check(!span_is(SPAN("abc"), "ab"));
}

static void
order_is_by_octets_and_the_shorter_first(void)
{
	check(span_cmp(SPAN("a"), SPAN("b")) < 0);
	check(span_cmp(SPAN("\xff"), SPAN("a")) > 0);
	check(span_cmp(SPAN("ab"), SPAN("a")) > 0);
	check(span_cmp(nothing, SPAN("a")) < 0);
	check_int(span_cmp(nothing, SPAN("")), 0);
	check_int(span_cmp(SPAN("ab"), SPAN("ab")), 0);
}

static void
a_part_is_clipped_to_the_whole(void)
{
	struct span s = SPAN("abcdef");

	check_span(span_sub(s, 0, 6), SPAN("abcdef"));
	check_span(span_sub(s, 2, 3), SPAN("cde"));
	check_span(span_sub(s, 2, SIZE_MAX), SPAN("cdef"));
	check_span(span_sub(s, 6, 1), SPAN(""));
	check_span(span_sub(s, SIZE_MAX, SIZE_MAX), SPAN(""));
	check_int(span_sub(nothing, 3, 4).n, 0);
}

static void
a_text_is_cut_at_its_ends(void)
{
	struct span rest = SPAN("a\n\nbc"), none = { NULL, 0 };

	check(span_is(span_cut(&rest, '\n'), "a") && span_is(rest, "\nbc"));
	check(span_is(span_cut(&rest, '\n'), "") && span_is(rest, "bc"));
	check(span_is(span_cut(&rest, '\n'), "bc") && rest.n == 0);
	check(span_cut(&rest, '\n').n == 0 && span_cut(&none, '\n').n == 0 && none.n == 0);
	rest = SPAN("a\n");
	check(span_is(span_cut(&rest, '\n'), "a") && rest.n == 0);
}

static void
a_head_is_found(void)
{
	check(span_starts(SPAN("abc"), SPAN("ab")));
	check(span_starts(SPAN("abc"), nothing));
	check(span_starts(nothing, nothing));
	check(!span_starts(SPAN("ab"), SPAN("abc")));
	check(!span_starts(nothing, SPAN("a")));
}

static void
break_a_promise(void)
{
	must(1 + 1 == 3);
}

static void
multiply_beyond_the_address_space(void)
{
	(void)xreallocarray(NULL, SIZE_MAX / 4 + 1, 8);
}

static void
a_broken_promise_ends_the_program(void)
{
	must(1 + 1 == 2);
	check(dies(break_a_promise));
	check(dies(multiply_beyond_the_address_space));
}

static void
memory_of_size_zero_is_memory(void)
{
	void *p = xmalloc(0), *q = xcalloc(0, 8), *r = xmemdup("", 0);

	check(p != NULL && q != NULL && r != NULL);
	p = xrealloc(p, 0);
	check(p != NULL);
	free(p);
	free(q);
	free(r);
}

/* Both sides are heap pieces of exact size: the sanitizer build would see one octet more. */
static void
copies_of_every_length_touch_nothing_else(void)
{
	for (size_t n = 0; n < 100; n++) {
		uint8_t *from = xmalloc(n), *to = xmalloc(n);

		for (size_t i = 0; i < n; i++)
			from[i] = (uint8_t)(i + 1);
		check(copy_span(to, span_of(from, n)) == to + n);
		check(span_eq(span_of(from, n), span_of(to, n)));
		free(from);
		free(to);
	}
}

int
main(void)
{
	run(empty_spans_are_equal_wherever_they_point);
	run(equality_looks_at_every_octet);
	run(order_is_by_octets_and_the_shorter_first);
	run(a_part_is_clipped_to_the_whole);
	run(a_text_is_cut_at_its_ends);
	run(a_head_is_found);
	run(a_broken_promise_ends_the_program);
	run(memory_of_size_zero_is_memory);
	run(copies_of_every_length_touch_nothing_else);
	return check_done();
}
