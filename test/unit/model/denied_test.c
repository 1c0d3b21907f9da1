/* SPDX-License-Identifier: Apache-2.0 */
/* model/denied.c: a list of who was not let in, and what is none. */
#include "check.h"
#include "model/denied.h"

static struct denied
sample(void)
{
	return (struct denied){ .listener = SPAN("relays"), .peer = SPAN("10.0.0.5"),
	    .name = SPAN("xa-phu-m\xe1\xbb\xb9"), .cause = DENIED_REVOKED, .times = 7,
	    .first_s = 100, .last_s = 200 };
}

static enum err
check_of(const struct denied *denied, unsigned n)
{
	struct buf list = { 0 };
	struct why why = { "" };
	enum err rc;

	buf_varint(&list, n);
	for (unsigned i = 0; i < n; i++)
		denied_put(&list, denied);
	rc = denied_check(buf_span(&list), &why);
	check((rc == OK) == (why.text[0] == '\0'));
	buf_done(&list);
	return rc;
}

static void
what_was_put_is_read_again(void)
{
	const struct denied good = sample();
	struct buf list = { 0 };
	struct denied d;
	struct cur in;

	denied_put(&list, &good);
	in = cur_of(buf_span(&list));
	denied_get(&in, &d);
	check(cur_done(&in));
	check_span(d.listener, good.listener);
	check_span(d.peer, good.peer);
	check_span(d.name, good.name);
	check_int(d.cause, DENIED_REVOKED);
	check_int(d.times, 7);
	check_int(d.first_s, 100);
	check_int(d.last_s, 200);
	buf_done(&list);
	check_int(check_of(&good, 0), OK);
	check_int(check_of(&good, DENIED_MOST), OK);
}

static void
what_breaks_the_rules_is_no_list(void)
{
	static const char long_name[DENIED_NAME_BYTES + 2] =
	    "0123456789012345678901234567890123456789012345678901234567890123x";
	const struct denied good = sample();
	struct denied bad[9];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		bad[i] = good;
	bad[0].listener = SPAN("");
	bad[1].peer = SPAN("10.0.0.5\n");
	bad[2].name = SPAN("\xff");
	bad[3].name = span_str(long_name);
	bad[4].cause = DENIED_END;
	bad[5].times = 0;
	bad[6].first_s = -1;
	bad[7].last_s = 99;
	bad[8].name = SPAN("a\x7f");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check_int(check_of(&bad[i], 1), ERR_FORMAT))
			printf("case %zu\n", i);
	check_int(check_of(&good, DENIED_MOST + 1), ERR_FORMAT);
	check_int(denied_check(SPAN(""), NULL), ERR_FORMAT);
	check_int(denied_check(SPAN("\x01"), NULL), ERR_FORMAT);
	check_int(denied_check(SPAN("\x00\x00"), NULL), ERR_FORMAT);
}

static void
hexadecimal_digits_are_octets(void)
{
	struct buf out = { 0 };

	check(denied_unhex(&out, SPAN("00ff1a")));
	check_span(buf_span(&out), SPAN("\x00\xff\x1a"));
	check(!denied_unhex(&out, SPAN("0")));
	check(!denied_unhex(&out, SPAN("0g")));
	check(!denied_unhex(&out, SPAN("FF")));
	out.n = 0;
	check(denied_unhex(&out, SPAN("")) && out.n == 0);
	buf_done(&out);
}

static void
each_cause_has_its_words(void)
{
	for (unsigned i = 0; i < DENIED_END; i++)
		check(denied_word(i)[0] != '\0' && denied_text(i)[0] != '\0' &&
		    denied_named(span_str(denied_word(i))) == i);
	check(denied_named(SPAN("")) == DENIED_UNFIT && denied_named(SPAN("?")) == DENIED_UNFIT);
	check_span(span_str(denied_word(DENIED_END)), SPAN("?"));
	check(denied_is_ours(DENIED_REVOKED) && denied_is_ours(DENIED_EXPIRED));
	check(!denied_is_ours(DENIED_UNKNOWN) && !denied_is_ours(DENIED_NONE));
}

int
main(void)
{
	run(what_was_put_is_read_again);
	run(what_breaks_the_rules_is_no_list);
	run(hexadecimal_digits_are_octets);
	run(each_cause_has_its_words);
	return check_done();
}
