/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/code.c: what is printed is read back; what is mistyped is told. */
#include "check.h"

#include "base/must.h"
#include "ca/code.h"
#include "model/base64.h"

static struct code
sample(const char *address)
{
	struct code code = { .port = 0 };

	must(code_address(&code, span_str(address), NULL) == OK);
	for (unsigned i = 0; i < CODE_FINGER_BYTES; i++)
		code.finger[i] = (uint8_t)(i * 17 + 3);
	for (unsigned i = 0; i < CODE_SECRET_BYTES; i++)
		code.secret[i] = (uint8_t)(250 - i * 7);
	return code;
}

static bool
same(const struct code *a, const struct code *b)
{
	return strcmp(a->host, b->host) == 0 && a->port == b->port &&
	    memcmp(a->finger, b->finger, sizeof a->finger) == 0 &&
	    memcmp(a->secret, b->secret, sizeof a->secret) == 0;
}

static void
what_is_printed_is_read_back(void)
{
	static const char *const address[] = { "10.0.0.5:6514", "0.0.0.0:1", "[fd00::5]:65535",
	    "desk.example.vn:443", "255.255.255.255:6514", "256.1.1.1:9", "01.2.3.4:9" };

	for (size_t i = 0; i < sizeof address / sizeof address[0]; i++) {
		struct code one = sample(address[i]), two;
		struct buf text = { 0 };

		code_put(&text, &one);
		check(code_get(&two, buf_span(&text), NULL) == OK && same(&one, &two));
		buf_done(&text);
	}
}

static void
a_code_for_an_ipv4_address_is_15_groups_of_4(void)
{
	struct code code = sample("10.0.0.5:6514");
	struct buf text = { 0 };

	code_put(&text, &code);
	check_int(text.n, 15 * 5 - 1);
	check(text.p[4] == '-' && text.p[text.n - 5] == '-');
	buf_done(&text);
}

static void
case_dashes_spaces_and_lookalikes_do_not_matter(void)
{
	struct code code = sample("10.0.0.5:6514"), two;
	struct buf text = { 0 }, other = { 0 };

	code_put(&text, &code);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '-' || i % 3 == 0)
			buf_u8(&other, ' ');
		if (c != '-')
			buf_u8(&other, c == 'O' ? '0' : c == 'I' ? '1' : c == 'B' ? '8' :
			    c >= 'A' ? c | 0x20 : c);
	}
	check(code_get(&two, buf_span(&other), NULL) == OK && same(&code, &two));
	buf_done(&text);
	buf_done(&other);
}

static void
each_letter_mistyped_and_each_two_swapped_are_told(void)
{
	struct code code = sample("10.0.0.5:6514"), two;
	struct buf text = { 0 };
	unsigned taken = 0;

	code_put(&text, &code);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '-')
			continue;
		text.p[i] = c == 'A' ? 'C' : 'A';
		taken += code_get(&two, buf_span(&text), NULL) == OK;
		text.p[i] = c;
	}
	for (size_t i = 0; i + 1 < text.n; i++) {
		uint8_t a = text.p[i], b = text.p[i + 1];

		if (a == '-' || b == '-' || a == b)
			continue;
		text.p[i] = b;
		text.p[i + 1] = a;
		taken += code_get(&two, buf_span(&text), NULL) == OK;
		text.p[i] = a;
		text.p[i + 1] = b;
	}
	for (size_t n = 0; n < text.n; n++)
		taken += code_get(&two, span_of(text.p, n), NULL) == OK;
	check_int(taken, 0);
	check_int(code_get(&two, span_of(text.p, text.n - 1), NULL), ERR_PROOF);
	buf_done(&text);
}

static void
what_is_no_address_is_refused(void)
{
	static const char *const bad[] = { "", ":", "10.0.0.5", "10.0.0.5:", ":6514", "a:0",
	    "a:65536", "a:99999999999", "a:1x", "fd00::5:6514", "[]:1", "a b:1", "a\n:1", "a/b:1",
	    "a:-1", "a:+1" };
	struct code code;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check_int(code_address(&code, span_str(bad[i]), NULL), ERR_FORMAT);
}

static void
the_secret_goes_its_own_way(void)
{
	struct code code = sample("a:1");
	uint8_t back[CODE_SECRET_BYTES], one[CODE_HASH_BYTES], two[CODE_HASH_BYTES];
	struct buf text = { 0 };

	code_secret_put(&text, code.secret);
	check(code_secret_get(back, buf_span(&text)) == OK &&
	    memcmp(back, code.secret, sizeof back) == 0);
	code_hash(one, code.secret);
	code.secret[10] ^= 1;
	code_hash(two, code.secret);
	check(memcmp(one, two, sizeof one) != 0);
	check(code_secret_get(back, SPAN("")) != OK && code_secret_get(back, SPAN("ABCD")) != OK);
	buf_done(&text);
}

int
main(void)
{
	run(what_is_printed_is_read_back);
	run(a_code_for_an_ipv4_address_is_15_groups_of_4);
	run(case_dashes_spaces_and_lookalikes_do_not_matter);
	run(each_letter_mistyped_and_each_two_swapped_are_told);
	run(what_is_no_address_is_refused);
	run(the_secret_goes_its_own_way);
	return check_done();
}
