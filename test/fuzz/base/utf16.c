/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes base/utf16.c: cut anywhere it gives the same, which is UTF-8, and waits for little. */
#include <stdint.h>

#include "base/must.h"
#include "base/utf16.h"
#include "base/utf8.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data + 2, size < 2 ? 0 : size - 2);
	struct buf whole = { 0 }, pieces = { 0 };
	struct utf16 one, two;

	if (size < 2)
		return 0;
	(void)utf16_look(in);
	one = two = (struct utf16){ .order = data[0] % 2 == 0 ? UTF16_LITTLE : UTF16_BIG };
	utf16_add(&one, in, &whole);
	for (size_t at = 0; at < in.n; at += 1 + data[1] % 16u)
		utf16_add(&two, span_sub(in, at, 1 + data[1] % 16u), &pieces);
	must(span_eq(buf_span(&whole), buf_span(&pieces)));
	must(one.replaced == two.replaced && utf16_left(&one) == utf16_left(&two));
	must(utf16_left(&one) <= 3 && whole.n <= in.n / 2 * 3);
	must(utf8_valid(buf_span(&whole)));
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}
