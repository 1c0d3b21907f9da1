/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of relay.md section 1, written and read: see relay.h. */
#include "wire/relay.h"

#include "base/hash.h"
#include "model/batch.h"

enum { PLACE_BYTES = 8 };

enum err
relay_next(struct relay_entry *ret_entry, struct cur *in, struct why *why)
{
	struct relay_entry e = { .place = 0 };

	if (cur_left(in) == 0)
		return in->bad ? ERR_FORMAT : ERR_MORE;
	e.type = cur_u8(in);
	e.body = cur_bytes(in);
	if (in->bad)
		return why_set(why, ERR_FORMAT, "rule 1: an entry ends early");
	if (e.type >= RELAY_TYPE_END)
		return why_set(why, ERR_FORMAT, "rule 2: an entry of type %u", e.type);
	if (e.type == RELAY_GROUP && e.body.n > 0)
		return why_set(why, ERR_FORMAT, "rule 3: a group's begin has octets");
	if (e.type == RELAY_BATCH) {
		struct cur body = cur_of(e.body);

		e.place = cur_u64(&body);
		if (body.bad)
			return why_set(why, ERR_FORMAT, "rule 4: a batch without a place");
		e.body = span_sub(e.body, PLACE_BYTES, SIZE_MAX);
	}
	*ret_entry = e;
	return OK;
}

void
relay_put(struct buf *out, uint8_t type, struct span body)
{
	buf_u8(out, type);
	buf_bytes(out, body);
}

void
relay_batch_put(struct buf *out, uint64_t place, struct span batch)
{
	buf_u8(out, RELAY_BATCH);
	buf_varint(out, PLACE_BYTES + batch.n);
	buf_u64(out, place);
	buf_span_put(out, batch);
}

enum err
relay_skip(struct buf *out, struct span group, uint64_t place, struct why *why)
{
	struct cur in = cur_of(group);
	struct relay_entry e;
	enum err rc;

	for (;;) {
		const uint8_t *from = in.p;

		rc = relay_next(&e, &in, why);
		if (rc != OK)
			return rc == ERR_MORE ? OK : rc;
		if (e.type != RELAY_BATCH || relay_number(e.place) > relay_number(place))
			buf_put(out, from, (size_t)(in.p - from));
	}
}

uint64_t
relay_place(uint64_t place, uint64_t *io_chain, struct span batch)
{
	uint64_t mask = (UINT64_C(1) << RELAY_PLACE_BITS) - 1;

	*io_chain = hash64_seed(batch, *io_chain);
	return ((relay_number(place) + 1) << RELAY_PLACE_BITS) | (*io_chain & mask);
}

/* As a listener's name in a configuration: what no other format has a use for. */
static bool
is_plain(uint8_t c)
{
	return c > 0x20 && c != 0x7f && strchr("\"'\\/{}=,", c) == NULL;
}

bool
relay_name_is_good(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_plain(name.p[i]))
			return false;
	/* With its listener behind it, it would be called as the desk's own files are. */
	if (span_starts(name, SPAN("file:")) || span_starts(name, SPAN("import:")))
		return false;
	return name.n > 0 && name.n <= RELAY_NAME_BYTES;
}

bool
relay_counter_is_known(struct span name)
{
	/* As in src/coverage/loss.c, which gives them their meaning. */
	static const char *const known[] = { "kernel_drops", "rows_set_aside", "bytes_lost",
	    "rows_refused", "batches_refused", "connections_refused", "requests_failed",
	    "requests_unauthorised", "bodies_refused", "handshakes_failed", "records_cut",
	    "lines_cut", "frames_bad", "requests_bad", "records_empty", "rows_lost" };
	size_t dot = name.n;

	for (size_t i = 0; i < name.n; i++)
		if (!is_plain(name.p[i]))
			return false;
	while (dot > 0 && name.p[dot - 1] != '.')
		dot--;
	if (dot < 2 || name.n > RELAY_COUNTER_BYTES)
		return false;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_is(span_sub(name, dot, SIZE_MAX), known[i]))
			return true;
	return false;
}
