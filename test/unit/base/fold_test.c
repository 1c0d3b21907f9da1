/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/fold.c. */
#include "base/fold.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"

static struct span
folded(const char *text)
{
	static uint8_t room[256];

	return span_of(room, fold(room, span_str(text)));
}

static void
folding_takes_case_and_diacritics(void)
{
	check_span(folded("Đăng NHẬP thất bại"), SPAN("dang nhap that bai"));
	check_span(folded("Người dùng ƯU TIÊN"), SPAN("nguoi dung uu tien"));
	check_span(folded("Strauß ÆRØ Łódź"), SPAN("strauß æro lodz"));
	check_span(folded("Москва ΑΘΉΝΑ"), SPAN("москва αθηνα"));
	check_span(folded("a\xcc\x86n\xcc\xa3g"), SPAN("ang"));
	check_span(folded("bad \xff\xc3 A"), SPAN("bad \xff\xc3 a"));
	check_span(folded("≠ … €"), SPAN("≠ … €"));
}

static void
lower_case_keeps_diacritics(void)
{
	uint8_t room[64];

	check_span(span_of(room, fold_case(room, SPAN("ĐĂNG Nhập İ"))), SPAN("đăng nhập İ"));
}

static void
no_code_point_grows_and_folding_is_idempotent(void)
{
	for (uint32_t r = 1; r < 0x110000; r++) {
		uint8_t in[4], out[4], again[4];
		size_t n, m;

		if (r >= 0xd800 && r <= 0xdfff)
			continue;
		n = rune_put(in, r);
		m = fold(out, span_of(in, n));
		if (m > n || !span_eq(span_of(again, fold(again, span_of(out, m))),
		    span_of(out, m)) || fold_case(again, span_of(in, n)) > n) {
			check_int(r, -1);
			break;
		}
		if (rune_is_word(r) && m > 0) {
			size_t at = 0;

			if (!rune_is_word(rune_next(span_of(out, m), &at)))
				check_int(r, -2);
		}
	}
}

static void
a_code_point_is_read_the_same_from_both_ends(void)
{
	static const char *text[] = { "aĐ€\xf0\x9f\x98\x80z", "\x80\x80\xc3", "\xe2\x82",
	    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80" };

	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
		struct span s = span_str(text[i]);
		uint32_t rune[16];
		size_t n = 0;

		for (size_t at = 0; at < s.n;)
			rune[n++] = rune_next(s, &at);
		for (size_t at = s.n; at > 0;)
			check_int(rune_before(s, &at), rune[--n]);
		check_int(n, 0);
	}
}

static void
words_are_runs_of_letters_digits_and_underlines(void)
{
	static const char *want[] = { "foo", "bar", "тест", "x_1", "đăng" };
	struct span s = SPAN("foo: (bar,\"тест\")! x_1\xff-đăng "), word;
	size_t at = 0, n = 0;

	while (word_next(s, &at, &word)) {
		if (n < 5)
			check_span(word, span_str(want[n]));
		n++;
	}
	check_int(n, 5);
	at = 0;
	check(!word_next(SPAN("-- "), &at, &word));
}

static void
folded_text_is_known(void)
{
	check(fold_is_folded(SPAN("dang nhap 7 \xff")));
	check(!fold_is_folded(SPAN("dang Nhap")));
	check(!fold_is_folded(SPAN("đang")));
}

/* Texts of random pieces, of every length around a window, in an allocation of exact size. */
static void
both_ways_through_words_agree(void)
{
	static const char *const piece[] = { "a", "Zz9", "_", " ", "--", ".", "\xc4\x91",
	    "\xe1\xba\xad", "\xf0\x9f\x98\x80", "\xf0\x90\x90\x80", "\xff", "\xe1\xba", "\xc3",
	    "\xcc\xa3", "0123456789abcdef", "\xe2\x82\xac", "@[`{/:" };
	uint32_t dice = 1;

	for (unsigned round = 0; round < 3000; round++) {
		char text[400];
		size_t n = 0, at = 0, end = round % 300;
		struct span one = { NULL, 0 }, two = { NULL, 0 };
		struct words words;
		uint8_t *own;

		while (n < end) {
			const char *s = piece[(dice >> 16) % (sizeof piece / sizeof piece[0])];

			memcpy(text + n, s, strlen(s));
			n += strlen(s);
			dice = dice * 1103515245 + 12345;
		}
		own = xmemdup(text, end);
		words = words_of(span_of(own, end));
		while (word_next(span_of(own, end), &at, &one)) {
			check(words_next(&words, &two));
			check(one.p == two.p && one.n == two.n);
		}
		check(!words_next(&words, &two));
		check(!words_next(&words, &two));
		free(own);
	}
}

int
main(void)
{
	run(folding_takes_case_and_diacritics);
	run(lower_case_keeps_diacritics);
	run(no_code_point_grows_and_folding_is_idempotent);
	run(a_code_point_is_read_the_same_from_both_ends);
	run(words_are_runs_of_letters_digits_and_underlines);
	run(folded_text_is_known);
	run(both_ways_through_words_agree);
	return check_done();
}
