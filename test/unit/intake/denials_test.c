/* SPDX-License-Identifier: Apache-2.0 */
/* intake/denials.c: counted by door, address and cause; bounded whatever comes. */
#include "check.h"
#include "intake/denials.h"

static struct denials *denials;
static struct buf list;
static struct denied found[DENIED_MOST];
static unsigned nfound;

static bool
note(const char *peer, const char *name, enum denied_cause cause, int64_t at_s)
{
	return denials_note(denials, &(struct denied){ .listener = SPAN("relays"),
	    .peer = span_str(peer), .name = span_str(name), .cause = (uint8_t)cause,
	    .last_s = at_s });
}

static bool
put(int64_t now_s)
{
	struct cur in;

	list.n = 0;
	if (!denials_put(denials, now_s, &list))
		return false;
	check_int(denied_check(buf_span(&list), NULL), OK);
	in = cur_of(buf_span(&list));
	nfound = (unsigned)cur_varint(&in);
	for (unsigned i = 0; i < nfound; i++)
		denied_get(&in, &found[i]);
	return true;
}

static void
the_same_is_counted_and_said_once_an_hour(void)
{
	denials = denials_new();
	check(note("10.0.0.5", "a", DENIED_REVOKED, 1000));
	for (int64_t s = 1001; s < 1000 + 3600; s++)
		check(!note("10.0.0.5", "a", DENIED_REVOKED, s));
	check(note("10.0.0.5", "a", DENIED_REVOKED, 1000 + 3600));
	check(note("10.0.0.6", "a", DENIED_REVOKED, 1000 + 3600));
	check(note("10.0.0.5", "b", DENIED_REVOKED, 1000 + 3600));
	check(note("10.0.0.5", "a", DENIED_EXPIRED, 1000 + 3600));
	check(put(1000 + 3600));
	check_int(nfound, 4);
	check_int(found[0].times, 3601);
	check_int(found[0].first_s, 1000);
	check_int(found[0].last_s, 4600);
	check_span(found[0].name, SPAN("a"));
	denials_free(&denials);
}

static void
a_name_that_is_too_long_or_no_text_is_one_and_the_same(void)
{
	static const char word[] = "Máy chủ cổng dịch vụ công của thành phố có tên dài quá mức";

	denials = denials_new();
	check(note("10.0.0.7", "other", DENIED_EXPIRED, 1000));
	check(note("10.0.0.5", word, DENIED_EXPIRED, 1000));
	check(note("10.0.0.6", "a\x1b]0;b\x07", DENIED_EXPIRED, 1000));
	for (int64_t s = 1001; s < 1100; s++) {
		check(!note("10.0.0.5", word, DENIED_EXPIRED, s));
		check(!note("10.0.0.6", "a\x1b]0;b\x07", DENIED_EXPIRED, s));
	}
	check(put(1100));
	check_int(nfound, 3);
	check_int(found[1].times, 100);
	check_int(found[2].times, 100);
	denials_free(&denials);
}

static void
it_is_told_when_it_changed_and_to_who_does_not_know(void)
{
	denials = denials_new();
	check(!put(1));
	(void)note("10.0.0.5", "a", DENIED_REVOKED, 10);
	check(put(11));
	check(!put(12));
	denials_again(denials);
	check(put(13));
	check_int(nfound, 1);
	/* Quiet for an hour: forgotten, and that is told. */
	check(!put(10 + 3599));
	check(put(10 + 3600));
	check_int(nfound, 0);
	check(!put(10 + 3601));
	denials_free(&denials);
}

static void
strangers_cannot_push_out_those_whose_name_we_gave(void)
{
	char peer[32];
	unsigned ours = 0;

	denials = denials_new();
	(void)note("10.0.0.5", "a", DENIED_REVOKED, 10);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(peer, sizeof peer, "192.0.2.%d", i);
		(void)note(peer, "evil", DENIED_UNKNOWN, 20 + i);
	}
	check(put(1100));
	check_int(nfound, DENIED_MOST);
	for (unsigned i = 0; i < nfound; i++)
		ours += found[i].cause == DENIED_REVOKED;
	check_int(ours, 1);
	/* Ours push out strangers, and among themselves the one that was quiet for longest. */
	for (int i = 0; i < DENIED_MOST; i++) {
		(void)snprintf(peer, sizeof peer, "10.0.1.%d", i);
		(void)note(peer, "b", DENIED_EXPIRED, 2000 + i);
	}
	check(!note("192.0.2.1", "evil", DENIED_UNKNOWN, 3000));
	check(put(3000));
	check_int(nfound, DENIED_MOST);
	for (unsigned i = 0; i < nfound; i++)
		check_int(found[i].cause, DENIED_EXPIRED);
	denials_free(&denials);
}

static void
a_stranger_with_many_names_is_one(void)
{
	denials = denials_new();
	(void)note("10.0.0.5", "a", DENIED_UNKNOWN, 10);
	check(!note("10.0.0.5", "b", DENIED_UNKNOWN, 11));
	check(put(12));
	check_int(nfound, 1);
	check_int(found[0].times, 2);
	check_span(found[0].name, SPAN("b"));
	denials_free(&denials);
}

static void
long_names_are_cut_between_characters(void)
{
	char name[200];

	for (size_t i = 0; i < sizeof name - 2; i += 2)
		memcpy(name + i, "\xc4\x91", 2);
	name[198] = '\0';
	memmove(name + 1, name, 198);
	name[0] = 'x';
	denials = denials_new();
	(void)note("10.0.0.5", name, DENIED_REVOKED, 10);
	check(put(11));
	check_int(found[0].name.n, DENIED_NAME_BYTES - 1);
	denials_free(&denials);
}

static void
whatever_a_name_is_the_list_keeps_the_rules(void)
{
	static const char *const name[] = { "\xff\xfe", "a\x01\x7f", "\xed\xa0\x80", "\xc4" };
	static const char *const want[] = { "??", "a??", "???", "?" };

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
		denials = denials_new();
		(void)note(name[i], name[i], DENIED_UNKNOWN, 10);
		check(put(11));
		check_span(found[0].name, span_str(want[i]));
		check_span(found[0].peer, span_str(want[i]));
		denials_free(&denials);
	}
}

int
main(void)
{
	run(the_same_is_counted_and_said_once_an_hour);
	run(a_name_that_is_too_long_or_no_text_is_one_and_the_same);
	run(it_is_told_when_it_changed_and_to_who_does_not_know);
	run(strangers_cannot_push_out_those_whose_name_we_gave);
	run(a_stranger_with_many_names_is_one);
	run(long_names_are_cut_between_characters);
	run(whatever_a_name_is_the_list_keeps_the_rules);
	buf_done(&list);
	return check_done();
}
