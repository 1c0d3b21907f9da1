/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of clients.h, written and read. */
#include "wire/clients.h"

#include "base/limits.h"

void
clients_put(struct buf *out, const struct clients *head)
{
	buf_bytes(out, head->chain);
	buf_bytes(out, head->key);
	buf_bytes(out, head->ca);
	buf_varint(out, head->n);
}

void
client_put(struct buf *out, const struct client *client)
{
	buf_span_put(out, client->serial);
	buf_bytes(out, client->name);
	buf_varint(out, client->unit);
	buf_u8(out, client->class);
	buf_i64(out, client->until_s);
}

static bool
client_take(struct cur *in, struct client *ret)
{
	ret->serial = cur_span(in, CLIENT_SERIAL_BYTES);
	ret->name = cur_bytes(in);
	ret->unit = cur_varint(in);
	ret->class = cur_u8(in);
	ret->until_s = cur_i64(in);
	return !in->bad && ret->name.n > 0 && ret->name.n <= CLIENT_NAME_BYTES &&
	    (ret->class < LIMIT_CLASSES || ret->class == CLIENT_CLASS_NONE);
}

enum err
clients_read(struct clients *ret, struct span payload, struct why *why)
{
	struct cur in = cur_of(payload);
	struct clients c = { .chain = cur_bytes(&in) };
	struct client one;

	c.key = cur_bytes(&in);
	c.ca = cur_bytes(&in);
	c.n = cur_varint(&in);
	c.list = in;
	if (in.bad || c.chain.n == 0 || c.key.n == 0 || c.ca.n == 0 ||
	    c.chain.n > CLIENT_PEM_BYTES || c.key.n > CLIENT_PEM_BYTES ||
	    c.ca.n > CLIENT_PEM_BYTES)
		return why_set(why, ERR_FORMAT, "the desk's certificate is not whole");
	if (c.n > 2 * LIMIT_AGENTS)
		return why_set(why, ERR_FORMAT, "%llu certificates", (unsigned long long)c.n);
	for (uint64_t i = 0; i < c.n; i++)
		if (!client_take(&in, &one))
			return why_set(why, ERR_FORMAT, "client %llu is broken",
			    (unsigned long long)i);
	if (!cur_done(&in))
		return why_set(why, ERR_FORMAT, "octets follow");
	*ret = c;
	return OK;
}

bool
clients_next(struct clients *clients, struct client *ret)
{
	return cur_left(&clients->list) > 0 && client_take(&clients->list, ret);
}

void
enrol_put(struct buf *out, const struct enrol *enrol)
{
	buf_u8(out, enrol->what);
	buf_span_put(out, enrol->serial);
	buf_bytes(out, enrol->peer);
	buf_bytes(out, enrol->body);
}

enum err
enrol_read(struct enrol *ret, struct span payload, struct why *why)
{
	struct cur in = cur_of(payload);
	struct enrol e = { .what = cur_u8(&in) };

	e.serial = cur_span(&in, CLIENT_SERIAL_BYTES);
	e.peer = cur_bytes(&in);
	e.body = cur_bytes(&in);
	if (!cur_done(&in) || e.what >= ENROL_WHATS || e.peer.n > CLIENT_PEER_BYTES ||
	    e.body.n > LIMIT_ENROL_BYTES)
		return why_set(why, ERR_FORMAT, "this is no enrolment");
	*ret = e;
	return OK;
}
