/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of relays: see relayed.h. Nothing of a body is handed on before all of it was checked,
 * so that a broken one is refused whole.
 */
#include "intake/relayed.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "model/digest.h"
#include "wire/relay.h"
#include "intake/intake_int.h"
#include "intake/push_int.h"
#include "intake/relayed_body.h"
#include "intake/relays.h"

#define CONTENT_MARK	(UINT64_C(1) << 63)

/* ---- who ---- */

static enum err
name_take(const struct conn *conn, char room[TLS_IDENTITY_BYTES], struct span *ret_name,
    struct why *why)
{
	if (conn->ssl == NULL)
		return why_set(why, ERR_DENIED, "a relay comes over TLS with a certificate of its "
		    "own");
	*ret_name = tls_identity(conn->ssl, room);
	if (ret_name->n == 0)
		return why_set(why, ERR_DENIED, "a relay shows a certificate of its own; say "
		    "clients: required at this listener");
	if (!relay_name_is_good(*ret_name))
		return why_set(why, ERR_DENIED, "the certificate's name is none for a relay: at "
		    "most %d octets, without spaces", RELAY_NAME_BYTES);
	return OK;
}

/* What of an instance is here: up to which place, and how much of the batch behind it. */
struct contents {
	uint64_t place, part;
};

static uint64_t
content_of(const char *what, struct span name, uint64_t instance)
{
	struct buf text = { 0 };
	struct digest digest;
	struct cur in;

	buf_str(&text, what);
	buf_bytes(&text, name);
	buf_u64(&text, instance);
	blake256(&digest, buf_span(&text));
	buf_done(&text);
	in = cur_of(span_of(digest.b, sizeof digest.b));
	return cur_u64(&in) | CONTENT_MARK;
}

/* Of the desk's making: nobody can choose a content that is another's. relay.md section 3. */
static struct contents
contents_of(struct span name, uint64_t instance)
{
	return (struct contents){ content_of("trucban relay 1\n", name, instance),
	    content_of("trucban relay part 1\n", name, instance) };
}

/* ---- the body ---- */

/*
 * Each piece rests on the one before it, so the last one is kept only when all are: the answer
 * waits for that one.
 */
static void
body_send(struct conn *conn, struct relayed_body *b, const struct contents *contents)
{
	struct push *push = conn->u.push;
	struct listener *l = conn->listener;

	if (b->shapes > 0)
		batcher_shape(conn->intake->batcher, b->shapes - 1);
	for (size_t i = 0; i < b->npiece; i++) {
		struct relayed_piece *p = &b->piece[i];
		const struct batcher_ready ready = { .class = p->class,
		    .door = (uint8_t)listener_number(l), .rows = p->rows,
		    .content = p->moves_part ? contents->part : contents->place,
		    .from = p->from, .to = p->to,
		    .beside = p->moves_part ? contents->place : contents->part,
		    .at = p->beside };

		push->last_batch = batcher_give(conn->intake->batcher, &ready, &p->head, &p->code);
		push->rows = true;
	}
	push->first_batch = push->last_batch;
	if (push->rows) {
		conn_wait(conn, b->piece[b->npiece - 1].class);
		relays_part_set(conn->intake->relays, contents->part, b->part);
	}
	l->count.records += b->rows;
	l->count.bytes += b->bytes;
	l->count.cut += b->cut;
	l->count.unparsed += b->unparsed;
	push->request.relay.place = b->place;
	relays_said(conn->intake->relays, b->name, l->conf.own ? RELAYS_OURS : RELAYS_OTHERS,
	    b->counters, clock_mono_ns());
}

enum err
relayed_take(struct conn *conn, int64_t recv_ns, struct why *why)
{
	const struct intake_conf *conf = &conn->intake->conf;
	const struct listener *l = conn->listener;
	struct push *push = conn->u.push;
	struct relayed_body *b = xcalloc(1, sizeof *b);
	char room[TLS_IDENTITY_BYTES];
	struct contents contents;
	bool known = false;
	enum err rc;

	b->parser = conf->parser;
	b->parser_state = conf->parser_state;
	b->sources = conn->intake->sources;
	b->other = l->other;
	b->registry = conn->intake->registry;
	b->class = conn->class;
	b->unit = conn->unit;
	b->recv_ns = recv_ns;
	b->place = push->request.relay.from;
	rc = name_take(conn, room, &b->name, why);
	if (rc == OK) {
		contents = contents_of(b->name, push->request.relay.instance);
		known = relays_part(conn->intake->relays, contents.part, &b->part);
		rc = relayed_body_read(b, buf_span(&push->whole), why);
	}
	if (rc == OK && b->npiece > 0 && !known)
		rc = why_set(why, ERR_ABSENT, "ask for the place first");
	/* A place of 0 makes an entry in the keeper's list for ever: nobody needs so many. */
	if (rc == OK && b->npiece > 0 && push->request.relay.from == 0)
		rc = relays_begin(conn->intake->relays, b->name, contents.place, clock_mono_ns(),
		    why);
	if (rc == OK)
		body_send(conn, b, &contents);
	relayed_body_done(b);
	free(b);
	return rc;
}

/* ---- places ---- */

enum err
relayed_ask(struct conn *conn, struct why *why)
{
	struct push *push = conn->u.push;
	char room[TLS_IDENTITY_BYTES];
	struct contents contents;
	struct span name;
	enum err rc = name_take(conn, room, &name, why);

	if (rc != OK)
		return rc;
	contents = contents_of(name, push->request.relay.instance);
	conn->intake->asks += 2;
	rc = batcher_ask(conn->intake->batcher, conn->intake->asks - 1, contents.part, why);
	if (rc == OK)
		rc = batcher_ask(conn->intake->batcher, conn->intake->asks, contents.place, why);
	if (rc != OK)
		return why_set(why, ERR_BUSY, "the store is not there now");
	push->ask = conn->intake->asks;
	return OK;
}

/* The first of the two answers: it is for us. */
static void
part_told(struct conn *conn, uint64_t part)
{
	const struct push *push = conn->u.push;
	char room[TLS_IDENTITY_BYTES];
	struct span name;

	if (name_take(conn, room, &name, NULL) == OK)
		relays_part_set(conn->intake->relays,
		    contents_of(name, push->request.relay.instance).part, part);
}

void
relayed_answer(struct intake *intake, uint64_t tag, uint64_t place)
{
	struct conn *conn = intake->conns, *next;

	for (; conn != NULL; conn = next) {
		struct push *push = conn->listener->kind == &push_kind ? conn->u.push : NULL;
		enum err rc;

		next = conn->next;
		if (push != NULL && tag != 0 && push->ask == tag + 1)
			part_told(conn, place);
		if (push == NULL || push->ask == 0 || (tag != 0 && push->ask != tag))
			continue;
		push->ask = 0;
		push->result = tag != 0 ? OK : ERR_BUSY;
		push->request.relay.place = place;
		rc = push_request_answer(conn);
		if (rc == OK)
			conn_unblock(conn);
		conn_told(conn, rc);
	}
}
