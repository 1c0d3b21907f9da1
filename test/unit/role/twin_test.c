/* SPDX-License-Identifier: Apache-2.0 */
/* role/twin.c: which content is this one? The keeper is a small table here. */
#include <stdlib.h>

#include "check.h"
#include "base/must.h"
#include "role/twin.h"

enum { STORED = 8, TEXT = 200000 };

static struct {
	uint64_t content, place;
} stored[STORED];
static unsigned nstored;
static uint8_t text[TEXT];

static void
begin(void)
{
	uint32_t x = 1;

	nstored = 0;
	for (size_t i = 0; i < TEXT; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (uint8_t)(x >> 24);
	}
}

static void
ask(struct twins *t, struct span content, struct span avoid)
{
	struct buf places = { 0 };

	twin_begin(t, span_sub(content, 0, TWIN_HEAD), content.n <= TWIN_HEAD);
	check(t->n <= TWIN_MOST);
	for (unsigned i = 0; i < t->n; i++) {
		uint64_t place = 0;

		for (unsigned k = 0; k < nstored; k++)
			if (stored[k].content == t->content[i])
				place = stored[k].place;
		buf_u64(&places, place);
	}
	check(twin_answer(t, buf_span(&places), avoid, NULL) == OK);
	buf_done(&places);
}

/* As an importer reads on to the end. */
static enum twin_verdict
look(struct twins *t, struct span content, struct candidate *ret)
{
	struct digest digest;

	while (twin_wants(t) <= content.n) {
		uint64_t at = twin_wants(t);

		blake256(&digest, span_sub(content, 0, (size_t)at));
		twin_check(t, at, &digest);
	}
	twin_end(t);
	return twin_verdict(t, ret);
}

static void
store(uint64_t content, struct span octets)
{
	struct digest digest;

	must(nstored < STORED);
	blake256(&digest, octets);
	stored[nstored].content = content;
	stored[nstored++].place = place_make(octets.n, &digest);
}

static struct span
front(size_t n)
{
	return span_of(text, n);
}

static void
what_nobody_has_is_new(void)
{
	struct twins *t = xcalloc(1, sizeof *t);
	struct candidate it;

	begin();
	ask(t, front(100), SPAN(""));
	check(twin_verdict(t, &it) == TWIN_NEW && t->fresh != 0 && t->fresh >> 63 == 1);
	free(t);
}

static void
a_content_is_known_whole_or_grown_from_any_size_of_eight(void)
{
	static const size_t size[] = { 8, 9, 63, 64, 4095, 65535, 65536, 65537, 150000 };
	struct twins *t = xcalloc(1, sizeof *t);
	struct candidate it;

	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
		begin();
		ask(t, front(size[i]), SPAN(""));
		store(t->fresh, front(size[i]));
		ask(t, front(size[i]), SPAN(""));
		check(look(t, front(size[i]), &it) == TWIN_GOES_ON);
		check(place_bytes(it.place) == size[i]);
		ask(t, front(TEXT), SPAN(""));
		check(twin_verdict(t, &it) == TWIN_OPEN);
		check(look(t, front(TEXT), &it) == TWIN_GOES_ON);
		check(it.content == stored[0].content);
	}
	free(t);
}

static void
what_differs_in_one_octet_is_another_after_a_second_look(void)
{
	struct twins *t = xcalloc(1, sizeof *t);
	struct buf avoid = { 0 };
	struct candidate it;

	begin();
	ask(t, front(100000), SPAN(""));
	store(t->fresh, front(100000));
	text[90000] ^= 1;
	ask(t, front(TEXT), SPAN(""));
	check(look(t, front(TEXT), &it) == TWIN_AGAIN);
	twin_avoid(t, &avoid);
	check_int(avoid.n, 8);
	ask(t, front(TEXT), buf_span(&avoid));
	check(twin_verdict(t, &it) == TWIN_NEW && t->fresh != stored[0].content);
	buf_done(&avoid);
	free(t);
}

static void
what_ends_before_what_is_stored_is_another(void)
{
	struct twins *t = xcalloc(1, sizeof *t);
	struct candidate it;

	begin();
	ask(t, front(100000), SPAN(""));
	store(t->fresh, front(100000));
	ask(t, front(99999), SPAN(""));
	check(look(t, front(99999), &it) == TWIN_AGAIN);
	free(t);
}

static void
of_two_that_fit_the_longer_one_goes_on(void)
{
	struct twins *t = xcalloc(1, sizeof *t);
	struct candidate it;

	begin();
	ask(t, front(1000), SPAN(""));
	store(t->fresh, front(1000));
	ask(t, front(70000), SPAN(""));
	check(t->fresh != 0);
	store(t->fresh, front(70000));
	ask(t, front(TEXT), SPAN(""));
	check(look(t, front(TEXT), &it) == TWIN_GOES_ON);
	check(it.content == stored[1].content);
	free(t);
}

static void
an_answer_of_another_length_is_refused(void)
{
	struct twins *t = xcalloc(1, sizeof *t);

	begin();
	twin_begin(t, front(100), true);
	check(twin_answer(t, front(8), SPAN(""), NULL) == ERR_FORMAT);
	free(t);
}

int
main(void)
{
	run(what_nobody_has_is_new);
	run(a_content_is_known_whole_or_grown_from_any_size_of_eight);
	run(what_differs_in_one_octet_is_another_after_a_second_look);
	run(what_ends_before_what_is_stored_is_another);
	run(of_two_that_fit_the_longer_one_goes_on);
	run(an_answer_of_another_length_is_refused);
	return check_done();
}
