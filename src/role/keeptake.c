/* SPDX-License-Identifier: Apache-2.0 */
/* See keeptake.h. */
#include "role/keeptake.h"

#include <string.h>

#include "base/cur.h"
#include "model/batch.h"
#include "model/pin.h"
#include "wire/wire.h"

void
counters_keep(struct keep *keep, const char *role, struct span body)
{
	struct cur in = cur_of(body);
	uint64_t n = cur_varint(&in);
	/* What relays lost, they told the doors. */
	struct span other = strcmp(role, "intake") == 0 ? SPAN("relay.") : SPAN("\n");
	struct buf name = { 0 }, own = { 0 };

	buf_printf(&own, "%s.", role);
	for (uint64_t i = 0; i < n && !in.bad; i++) {
		struct span s = cur_bytes(&in);
		uint64_t v = cur_varint(&in);

		name.n = 0;
		buf_span_put(&name, span_starts(s, buf_span(&own)) ||
		    span_starts(s, other) ? SPAN("") : buf_span(&own));
		buf_span_put(&name, s);
		if (!in.bad && span_starts(s, other) && s.p[s.n - 1] == '/')
			keep_counters_gone(keep, s);
		else if (!in.bad)
			keep_counter(keep, buf_span(&name), v);
	}
	keep_counters_told(keep, other);
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
	place.beside = cur_left(&in) > 0 ? cur_u64(&in) : 0;
	place.at = place.beside != 0 ? cur_u64(&in) : 0;
	keep_place(keep, channel, &place);
}

void
places_answer(const struct keep *keep, struct span contents, struct buf *out)
{
	struct cur in = cur_of(contents);

	while (cur_left(&in) >= 8)
		buf_u64(out, keep_place_get(keep, cur_u64(&in)));
}

static enum err
hold_begin(struct keep *keep, struct span argument, struct why *why)
{
	struct cur in = cur_of(argument);
	struct pin hold;

	pin_get(&in, &hold);
	if (!cur_done(&in))
		return why_set(why, ERR_FORMAT, "this is no hold");
	return keep_pin(keep, &hold, why);
}

enum err
hold_take(struct keep *keep, uint8_t what, struct span argument, struct why *why)
{
	struct cur in = cur_of(argument);
	struct span name, who, reason;

	if (what == ASK_HOLD)
		return hold_begin(keep, argument, why);
	name = cur_bytes(&in);
	who = cur_bytes(&in);
	reason = cur_bytes(&in);
	if (!cur_done(&in) || reason.n == 0 || reason.n >= PIN_WHY || who.n >= PIN_WHO)
		return why_set(why, ERR_FORMAT, "a hold ends by its name, with a reason of at most "
		    "%d octets", PIN_WHY - 1);
	return keep_unpin(keep, name, who, reason, why);
}

bool
may_ask(uint8_t role, uint8_t what)
{
	return (role == WIRE_FRONT && what != ASK_DESK) ||
	    (role == WIRE_IMPORTER && what == ASK_PLACES) ||
	    (role == WIRE_INTAKE && what == ASK_PLACE_KEPT) ||
	    (role == WIRE_TELLER && what == ASK_STATUS) ||
	    (role == WIRE_WATCH && (what == ASK_PLACES || what == ASK_STATUS));
}

bool
may_write(uint8_t role, struct span batch)
{
	return batch.n == 0 || (batch.p[0] == STREAM_FINDINGS) == (role == WIRE_WATCH);
}

bool
may_place(uint8_t role, uint64_t content)
{
	return content == WIRE_WATCH_CONTENT ? role == WIRE_WATCH :
	    role == WIRE_IMPORTER || role == WIRE_INTAKE;
}

void
place_kept_answer(const struct keep *keep, struct span content, struct buf *out)
{
	struct cur in = cur_of(content);

	buf_u64(out, keep_place_kept(keep, cur_u64(&in)));
}
