/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes frames and offers of intake/relp.c; first octet: the step, as in framing.c. */
#include <stdint.h>

#include "base/must.h"
#include "intake/relp.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(struct span in, size_t step, size_t most, struct buf *out)
{
	struct relp_reader reader = { 0 };
	struct relp_frame frame;
	enum err rc = ERR_MORE;

	while (in.n > 0 && rc != ERR_FORMAT) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, step, SIZE_MAX);
		while ((rc = relp_next(&reader, &part, most, &frame)) == OK) {
			uint32_t version = 0;

			must(frame.command < RELP_COMMAND_END && frame.txnr <= 999999999);
			must(frame.data.n <= LIMIT_RECORD_BYTES);
			if (frame.command == RELP_OPEN &&
			    relp_offers(frame.data, &version, NULL) == OK)
				must(version <= 1);
			buf_u32(out, frame.txnr);
			buf_u8(out, frame.command);
			buf_bytes(out, frame.data);
		}
		must(rc == ERR_FORMAT || part.n == 0);
		must(reader.hold.n <= most);
	}
	relp_reader_done(&reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, parts = { 0 };
	struct span all;

	if (size < 1)
		return 0;
	all = span_of(data + 1, size - 1);
	run(all, SIZE_MAX, LIMIT_RECORD_BYTES, &whole);
	run(all, (data[0] & 0x7f) + 1u, data[0] & 0x80 ? 16 : LIMIT_RECORD_BYTES, &parts);
	if ((data[0] & 0x80) == 0)
		must(span_eq(buf_span(&whole), buf_span(&parts)));
	buf_done(&whole);
	buf_done(&parts);
	return 0;
}
