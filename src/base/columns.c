/* SPDX-License-Identifier: Apache-2.0 */
/* See columns.h. The ranges are those of Unicode's EastAsianWidth W and F, and of its marks. */
#include "base/columns.h"

#include "base/fold.h"

static const struct range {
	uint32_t from, to;
	int wide;
} ranges[] = {
	{ 0x0300, 0x036f, 0 }, { 0x1100, 0x115f, 2 }, { 0x1ab0, 0x1aff, 0 },
	{ 0x1dc0, 0x1dff, 0 }, { 0x200b, 0x200f, 0 }, { 0x20d0, 0x20ff, 0 },
	{ 0x2e80, 0x303e, 2 }, { 0x3041, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 },
	{ 0xf900, 0xfaff, 2 }, { 0xfe00, 0xfe0f, 0 }, { 0xfe20, 0xfe2f, 0 },
	{ 0xfe30, 0xfe6f, 2 }, { 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 },
	{ 0x1f300, 0x1f64f, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
};

static int
wide_of(uint32_t point)
{
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (point >= ranges[i].from && point <= ranges[i].to)
			return ranges[i].wide;
	return 1;
}

/* Octets of the front that takes at most so many columns, with the marks on its last letter. */
static size_t
front_of(struct span s, int most, int *ret_wide)
{
	size_t at = 0;

	for (*ret_wide = 0; at < s.n;) {
		size_t next = at;
		int wide = wide_of(rune_next(s, &next));

		if (*ret_wide + wide > most)
			break;
		*ret_wide += wide;
		at = next;
	}
	return at;
}

int
columns_of(struct span text)
{
	int wide;

	(void)front_of(text, INT32_MAX, &wide);
	return wide;
}

static void
blanks_put(struct buf *out, int n)
{
	for (; n > 0; n--)
		buf_u8(out, ' ');
}

void
columns_left(struct buf *out, struct span text, int wide)
{
	int all = columns_of(text), used;
	size_t n = front_of(text, all > wide ? wide - 1 : wide, &used);

	buf_put(out, text.p, n);
	if (all > wide) {
		buf_str(out, "…");
		used++;
	}
	blanks_put(out, wide - used);
}

void
columns_right(struct buf *out, struct span text, int wide)
{
	blanks_put(out, wide - columns_of(text));
	buf_span_put(out, text);
}

void
columns_fit(int wide[], const int least[], unsigned n, int most)
{
	for (;;) {
		unsigned widest = n;
		int sum = 0;

		for (unsigned i = 0; i < n; i++) {
			sum += wide[i];
			if (wide[i] > least[i] && (widest == n || wide[i] > wide[widest]))
				widest = i;
		}
		if (sum <= most || widest == n)
			return;
		wide[widest]--;
	}
}
