/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes model/join.c. First octet: the rule; second: the step in which the text comes. Records
 * put together are the text, and the same however it comes; a limit is passed by one line alone.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/must.h"
#include "model/join.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends the length of each record. */
static void
lengths(struct buf *out, const struct join *join, struct span in, size_t step)
{
	struct join_scan scan = { .done = 0 };
	struct join_found found;
	size_t at = 0, came = 0;

	while (came < in.n) {
		enum join_input input;

		came = came + step < in.n ? came + step : in.n;
		input = came == in.n ? JOIN_COMPLETE : JOIN_MORE_COMES;
		while (join_next(join, &scan, span_sub(in, at, came - at), input, &found) == OK) {
			must(found.n > 0 && found.n <= came - at);
			must(found.n <= LIMIT_JOIN_BYTES ||
			    memchr(in.p + at, '\n', found.n - 1) == NULL);
			buf_varint(out, found.n);
			at += found.n;
		}
		must(scan.done <= came - at && scan.at <= came - at);
	}
	must(at == in.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const rule[] = { "none", "indent", "trace", "stamp", "postgresql",
		"start:?0-x", "start:\n" };
	struct buf whole = { 0 }, parts = { 0 };
	struct join join;
	struct span in;

	if (size < 2)
		return 0;
	(void)join_read(&join, span_of(data, size));
	must(join_read(&join, span_str(rule[data[0] % (sizeof rule / sizeof rule[0])])));
	in = span_of(data + 2, size - 2);
	lengths(&whole, &join, in, SIZE_MAX / 2);
	lengths(&parts, &join, in, data[1] + 1u);
	must(span_eq(buf_span(&whole), buf_span(&parts)));
	buf_done(&whole);
	buf_done(&parts);
	return 0;
}
