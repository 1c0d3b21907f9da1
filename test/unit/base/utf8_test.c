/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/utf8.c with the borders of RFC 3629, section 4, at every place in a vector. */
#include "base/utf8.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"

static const char *const good[] = { "", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
    "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
    "tr\xe1\xbb\xb1z ban", "\xc4\x91\xc4\x83ng nh\xe1\xba\xadp" };

static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ",
    "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
    "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\xe1\xbb",
    "\xe1\xbbz", "\xf0\x90\x80z" };

/* text behind `before` letters and in front of `after`, in an allocation of exact size. */
static struct span
among(const char *text, size_t before, size_t after)
{
	size_t n = strlen(text);
	uint8_t *p = xmalloc(before + n + after);

	memset(p, 'x', before + n + after);
	memcpy(p + before, text, n);
	return span_of(p, before + n + after);
}

static void
borders_are_kept_at_every_place(void)
{
	for (size_t before = 0; before < 40; before++)
		for (size_t after = 0; after < 20; after += 19) {
			for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
				struct span s = among(good[i], before, after);

				check(utf8_valid(s));
				check((utf8_scan(s) & (UTF8_BROKEN | UTF8_NUL)) == 0);
				free((void *)(uintptr_t)s.p);
			}
			for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
				struct span s = among(bad[i], before, after);

				check(!utf8_valid(s));
				check_int(utf8_scan(s), UTF8_HIGH | UTF8_BROKEN);
				free((void *)(uintptr_t)s.p);
			}
		}
}

static void
nuls_are_seen_at_every_place(void)
{
	uint8_t text[50];

	for (size_t n = 1; n <= sizeof text; n++)
		for (size_t i = 0; i < n; i++) {
			memset(text, 'x', n);
			check_int(utf8_scan(span_of(text, n)), 0);
			check_int(utf8_ascii(span_of(text, n)), n);
			text[i] = 0;
			check_int(utf8_scan(span_of(text, n)), UTF8_NUL);
			text[i] = 0xff;
			check_int(utf8_ascii(span_of(text, n)), i);
		}
}

static void
code_points_are_counted(void)
{
	check_int(utf8_count(SPAN("")), 0);
	check_int(utf8_count(SPAN("tr\xe1\xbb\xb1" "c ban")), 8);
	check_int(utf8_count(SPAN("\xff\xfe" "a\xe1\xbb")), 5);
	check_int(utf8_count(SPAN("0123456789abcdef0123\xf0\x90\x80\x80")), 21);
}

static void
a_cut_leaves_code_points_whole(void)
{
	struct span s = SPAN("ab\xe1\xbb\xb1z");

	check_int(utf8_cut(s, 9).n, 6);
	check_int(utf8_cut(s, 6).n, 6);
	check_int(utf8_cut(s, 5).n, 5);
	check_int(utf8_cut(s, 4).n, 2);
	check_int(utf8_cut(s, 3).n, 2);
	check_int(utf8_cut(s, 2).n, 2);
	check_int(utf8_cut(s, 0).n, 0);
	check_int(utf8_cut(SPAN("\x80\x80\x80\x80\x80\x80"), 5).n, 5);
}

int
main(void)
{
	run(borders_are_kept_at_every_place);
	run(nuls_are_seen_at_every_place);
	run(code_points_are_counted);
	run(a_cut_leaves_code_points_whole);
	return check_done();
}
