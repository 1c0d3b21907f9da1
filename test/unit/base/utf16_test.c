/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/utf16.c: RFC 2781 section 2, at every cut between pieces. */
#include "base/utf16.h"

#include "check.h"

struct text {
	struct span units;		/* big-endian, without the mark */
	struct span utf8;
	unsigned replaced, left;
};

/* In the order asked for, and behind the mark if so. */
static struct span
coded(uint8_t *at, struct span units, enum utf16_order order, bool mark)
{
	size_t n = mark ? 2 : 0;

	memcpy(at, "\xfe\xff", n);
	memcpy(at + n, units.p, units.n);
	n += units.n;
	for (size_t i = 0; order == UTF16_LITTLE && i + 1 < n; i += 2) {
		uint8_t first = at[i];

		at[i] = at[i + 1];
		at[i + 1] = first;
	}
	return span_of(at, n);
}

static void
texts_are_read_at_every_cut_in_both_orders(void)
{
	const struct text text[] = {
		{ SPAN("\0a\0\n"), SPAN("a\n"), 0, 0 },
		{ SPAN("\0t\0r\x1e\xf1\0c"), SPAN("tr\xe1\xbb\xb1" "c"), 0, 0 },
		{ SPAN("\xd8\x3d\xde\x00\0!"), SPAN("\xf0\x9f\x98\x80!"), 0, 0 },
		{ SPAN("\xde\x00\0!"), SPAN("\xef\xbf\xbd!"), 1, 0 },
		{ SPAN("\xd8\x3d\0!"), SPAN("\xef\xbf\xbd!"), 1, 0 },
		{ SPAN("\xd8\x3d\xd8\x3d\xde\x00"), SPAN("\xef\xbf\xbd\xf0\x9f\x98\x80"), 1, 0 },
		{ SPAN("\xd8\x3d\xd8\x3d\xff\xfd"),
		    SPAN("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"), 2, 0 },
		{ SPAN("\0a\xd8\x3d"), SPAN("a"), 0, 2 },
		{ SPAN("\0a\xd8\x3d\xde"), SPAN("a"), 0, 3 },
		{ SPAN("\0a\0"), SPAN("a"), 0, 1 },
		{ SPAN("\0a\xfe\xff"), SPAN("a\xef\xbb\xbf"), 0, 0 },
		{ SPAN("\0a\0\0\0b"), SPAN("a\0b"), 0, 0 },
	};
	uint8_t at[64];

	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
		for (unsigned how = 0; how < 4; how++) {
			enum utf16_order order = how % 2 == 0 ? UTF16_LITTLE : UTF16_BIG;
			struct span in = coded(at, text[i].units, order, how >= 2);

			/* Half a unit has no order. */
			if (in.n % 2 != 0 && order == UTF16_LITTLE)
				continue;
			for (size_t cut = 0; cut <= in.n; cut++) {
				struct utf16 u = { .order = (uint8_t)order };
				struct buf out = { 0 };

				utf16_add(&u, span_sub(in, 0, cut), &out);
				utf16_add(&u, span_sub(in, cut, SIZE_MAX), &out);
				check_span(buf_span(&out), text[i].utf8);
				check_int(u.replaced, text[i].replaced);
				check_int(utf16_left(&u), text[i].left);
				buf_done(&out);
			}
		}
}

static void
a_mark_or_evidence_tells_the_order(void)
{
	check_int(utf16_look(SPAN("\xff\xfe")), UTF16_LITTLE);
	check_int(utf16_look(SPAN("\xfe\xff\0a")), UTF16_BIG);
	check_int(utf16_look(SPAN("\xff\xfe\xb1\x1e\xb1\x1e\xb1\x1e\xb1\x1e")), UTF16_LITTLE);
	check_int(utf16_look(SPAN("2\0" "0\0" "2\0" "5\0")), UTF16_LITTLE);
	check_int(utf16_look(SPAN("\0" "2\0" "0\0" "2\0" "5")), UTF16_BIG);
	check_int(utf16_look(SPAN("2\0" "0\0" "2\0" "5\0\n")), UTF16_LITTLE);
}

static void
other_things_are_not_taken_for_it(void)
{
	check_int(utf16_look(SPAN("")), UTF16_NOT);
	check_int(utf16_look(SPAN("a")), UTF16_NOT);
	check_int(utf16_look(SPAN("plain text of one octet each\n")), UTF16_NOT);
	check_int(utf16_look(SPAN("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0")), UTF16_NOT);
	check_int(utf16_look(SPAN("\xff\xfe\0\0a\0\0\0")), UTF16_NOT);
	check_int(utf16_look(SPAN("a\0\0\0b\0\0\0c\0\0\0")), UTF16_NOT);
	check_int(utf16_look(SPAN("a\0b\0")), UTF16_NOT);
	check_int(utf16_look(SPAN("\0\0\0\0\0\0\0\0")), UTF16_NOT);
}

int
main(void)
{
	run(texts_are_read_at_every_cut_in_both_orders);
	run(a_mark_or_evidence_tells_the_order);
	run(other_things_are_not_taken_for_it);
	return check_done();
}
