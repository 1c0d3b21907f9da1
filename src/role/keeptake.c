/* SPDX-License-Identifier: Apache-2.0 */
/* See keeptake.h. */
#include "role/keeptake.h"

#include "base/cur.h"

void
counters_keep(struct keep *keep, const char *role, struct span body)
{
	struct cur in = cur_of(body);
	uint64_t n = cur_varint(&in);
	struct buf name = { 0 }, own = { 0 };

	buf_printf(&own, "%s.", role);
	for (uint64_t i = 0; i < n && !in.bad; i++) {
		struct span s = cur_bytes(&in);
		uint64_t v = cur_varint(&in);

		name.n = 0;
		buf_span_put(&name, span_starts(s, buf_span(&own)) ? SPAN("") : buf_span(&own));
		buf_span_put(&name, s);
		if (!in.bad)
			keep_counter(keep, buf_span(&name), v);
	}
	buf_done(&name);
	buf_done(&own);
}

void
place_keep(struct keep *keep, uint32_t channel, struct span body)
{
	struct cur in = cur_of(body);
	struct keep_place place;

	place.content = cur_u64(&in);
	place.from = cur_u64(&in);
	place.to = cur_u64(&in);
	keep_place(keep, channel, &place);
}

void
places_answer(const struct keep *keep, struct span contents, struct buf *out)
{
	struct cur in = cur_of(contents);

	while (cur_left(&in) >= 8)
		buf_u64(out, keep_place_get(keep, cur_u64(&in)));
}
