/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes intake/framing.c. First octet: the step in which the stream is given, with the top bit
 * little memory. No octet may be lost: records, trailers, counts and cut octets add up.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "intake/framing.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
run(const struct span all, size_t step, size_t most, struct buf *out)
{
	struct framing framing = { 0 };
	struct span in = all;
	struct frame frame;
	uint64_t cut = 0;
	enum err rc = ERR_MORE;

	while (in.n > 0 && rc != ERR_FORMAT) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, step, SIZE_MAX);
		while ((rc = framing_next(&framing, &part, most, &frame)) == OK) {
			must(frame.record.n <= LIMIT_RECORD_BYTES);
			buf_span_put(out, frame.record);
			buf_u8(out, '\n');
			cut += frame.cut;
		}
		must(rc == ERR_FORMAT || part.n == 0);
		must(framing.hold.n <= most || framing.kind == FRAMING_AUTO || framing.hold.n <= 7);
	}
	if (rc != ERR_FORMAT && framing_end(&framing, &frame) == OK)
		buf_span_put(out, frame.record);
	framing_done(&framing);
	return cut;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, parts = { 0 };
	struct span all;
	uint64_t cut;

	if (size < 1)
		return 0;
	all = span_of(data + 1, size - 1);
	(void)run(all, SIZE_MAX, LIMIT_RECORD_BYTES, &whole);
	must(whole.n <= 2 * size);
	cut = run(all, (data[0] & 0x7f) + 1u, data[0] & 0x80 ? 16 : LIMIT_RECORD_BYTES, &parts);
	/* The same records, unless memory was short or a NUL stood at the end of a step. */
	if (cut == 0 && (data[0] & 0x80) == 0 && memchr(data, 0, size) == NULL)
		must(span_eq(buf_span(&whole), buf_span(&parts)));
	buf_done(&whole);
	buf_done(&parts);
	return 0;
}
