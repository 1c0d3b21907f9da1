/* SPDX-License-Identifier: Apache-2.0 */
/* One shape, one source, one-row batches: see ledger.h. */
#include "role/ledger.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "base/utf8.h"
#include "sys/random.h"
#include "model/batch.h"
#include "wire/wire.h"

enum {
	LEDGER_HOLES = 5,
	VALUE_MAX = 512 << 10,		/* escaped; the longest query has 256 KB */
	SHORT_MAX = 4096,		/* who, from */
	PENDING_BYTES = 1 << 20,	/* without an answer */
	PENDING_MAX = 4096
};

/* A row on its way. */
struct pending {
	uint64_t ticket;
	struct buf code;		/* its batch */
};

struct ledger {
	struct chan *keeper;
	struct buf shape, source, value[LEDGER_HOLES];
	struct batch_writer *writer;
	struct pending *pending;	/* ring of PENDING_MAX */
	unsigned first, npending;
	size_t pending_bytes;
	uint64_t instance, ticket;
	uint8_t role;
	bool defined;
};

static void
shape_make(struct ledger *l)
{
	struct hole hole[LEDGER_HOLES] = {
		{ HOLE_JSON_STRING, ROLE_TIME, SPAN("_time"), SPAN("\",\"act\":\"") },
		{ HOLE_JSON_STRING, ROLE_NONE, SPAN("act"), SPAN("\",\"who\":\"") },
		{ HOLE_JSON_STRING, ROLE_NONE, SPAN("who"), SPAN("\",\"from\":\"") },
		{ HOLE_JSON_STRING, ROLE_NONE, SPAN("from"), SPAN("\",\"what\":\"") },
		{ HOLE_JSON_STRING, ROLE_MESSAGE, SPAN("what"), SPAN("\"}") },
	};

	shape_encode(&l->shape, &(struct shape){ .format = FORMAT_JSON, .decoder = 1,
	    .nhole = LEDGER_HOLES, .head = SPAN("{\"_time\":\""), .hole = hole });
}

struct ledger *
ledger_new(struct chan *keeper, uint8_t role, const char *host)
{
	struct ledger *l = xcalloc(1, sizeof *l);

	l->keeper = keeper;
	l->role = role;
	l->pending = xcalloc(PENDING_MAX, sizeof *l->pending);
	l->instance = random_u64();
	l->writer = batch_writer_new(STREAM_LEDGER, 0);
	shape_make(l);
	source_encode(&l->source, &(struct source){ .trust = TRUST_LOCAL,
	    .listener = span_str(wire_role_name(role)), .host = span_str(host),
	    .app = SPAN("trucban") });
	return l;
}

static void
pending_drop(struct ledger *l)
{
	struct pending *p = &l->pending[l->first];

	l->pending_bytes -= p->code.n;
	buf_done(&p->code);
	l->first = (l->first + 1) % PENDING_MAX;
	l->npending--;
}

void
ledger_free(struct ledger **ledger)
{
	struct ledger *l = *ledger;

	if (l == NULL)
		return;
	while (l->npending > 0)
		pending_drop(l);
	free(l->pending);
	batch_writer_free(&l->writer);
	buf_done(&l->shape);
	buf_done(&l->source);
	for (int i = 0; i < LEDGER_HOLES; i++)
		buf_done(&l->value[i]);
	free(l);
	*ledger = NULL;
}

/* RFC 8259 section 7; octets that are not UTF-8 stay as they are. Sets flags of the row. */
static struct span
escape(struct buf *out, struct span s, size_t max, uint8_t *flags)
{
	size_t i;

	out->n = 0;
	for (i = 0; i < s.n && out->n < max; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, s.p[i]);
		} else if (s.p[i] < 0x20) {
			buf_printf(out, "\\u%04x", s.p[i]);
		} else {
			buf_u8(out, s.p[i]);
		}
	}
	if (i < s.n) {
		out->n = utf8_cut(buf_span(out), out->n).n;
		*flags |= ROW_CUT;
	}
	if (!utf8_valid(buf_span(out)))
		*flags |= ROW_NOT_UTF8;
	return buf_span(out);
}

static enum err
define(struct ledger *l, struct why *why)
{
	uint8_t hello[13] = { l->role }, zero[4] = { 0 };
	struct span part[2] = { span_of(zero, sizeof zero), buf_span(&l->shape) };
	enum err rc;

	le_put(hello + 1, WIRE_VERSION, 4);
	le_put(hello + 5, l->instance, 8);
	rc = chan_send(l->keeper, &(struct chan_msg){ .type = WIRE_HELLO,
	    .body = span_of(hello, sizeof hello) }, why);
	if (rc == OK)
		rc = chan_send_parts(l->keeper, &(struct chan_msg){ .type = WIRE_SHAPE }, part, 2,
		    why);
	part[1] = buf_span(&l->source);
	if (rc == OK)
		rc = chan_send_parts(l->keeper, &(struct chan_msg){ .type = WIRE_SOURCE }, part, 2,
		    why);
	l->defined = rc == OK;
	return rc;
}

static enum err
pending_send(struct ledger *l, const struct pending *p, struct why *why)
{
	return chan_send(l->keeper, &(struct chan_msg){ .type = WIRE_BATCH, .tag = p->ticket,
	    .body = buf_span(&p->code) }, why);
}

void
ledger_channel(struct ledger *ledger, struct chan *keeper)
{
	struct ledger *l = ledger;
	struct why why;
	enum err rc;

	l->keeper = keeper;
	l->defined = false;
	if (keeper == NULL || l->npending == 0)
		return;
	rc = define(l, &why);
	for (unsigned i = 0; rc == OK && i < l->npending; i++)
		rc = pending_send(l, &l->pending[(l->first + i) % PENDING_MAX], &why);
	if (rc != OK)
		l->keeper = NULL;	/* a channel that takes nothing at its start is broken */
}

enum err
ledger_answer(struct ledger *ledger, const struct chan_msg *msg, struct why *why)
{
	struct ledger *l = ledger;
	bool answers = msg->type == WIRE_ACK || msg->type == WIRE_REFUSE;

	if (!answers || wire_check(msg->type, msg->body, NULL) != OK)
		return OK;
	/* Tickets are answered in their order. */
	while (l->npending > 0 && l->pending[l->first].ticket <= msg->tag)
		pending_drop(l);
	if (msg->type == WIRE_ACK)
		return OK;
	return why_set(why, (enum err)msg->body.p[0], "the ledger's row was refused: %.*s",
	    (int)(msg->body.n - 1), (const char *)msg->body.p + 1);
}

static enum err
ready(struct ledger *l, struct why *why)
{
	if (l->keeper == NULL)
		return why_set(why, ERR_BUSY, "the keeper is being started");
	if (l->npending == PENDING_MAX || l->pending_bytes > PENDING_BYTES)
		return why_set(why, ERR_BUSY, "the keeper does not answer");
	return l->defined ? OK : define(l, why);
}

enum err
ledger_write(struct ledger *ledger, const struct ledger_act *act, int64_t now_ns, struct why *why)
{
	struct ledger *l = ledger;
	uint8_t stamp[CIVIL_TEXT_BYTES];
	struct span value[LEDGER_HOLES];
	struct row row = { .recv_ns = now_ns, .event_ns = now_ns, .nvalue = LEDGER_HOLES,
	    .value = value };
	struct pending *p;
	enum err rc;

	rc = ready(l, why);
	if (rc != OK)
		return rc;
	value[0] = span_of(stamp, civil_put(stamp, now_ns, 9, 0));
	value[1] = escape(&l->value[1], span_str(act->act), SHORT_MAX, &row.flags);
	value[2] = escape(&l->value[2], act->who, SHORT_MAX, &row.flags);
	value[3] = escape(&l->value[3], act->from, SHORT_MAX, &row.flags);
	value[4] = escape(&l->value[4], act->what, VALUE_MAX, &row.flags);
	rc = batch_add(l->writer, 0, 0, &row);
	must(rc == OK);
	p = &l->pending[(l->first + l->npending) % PENDING_MAX];
	*p = (struct pending){ .ticket = l->ticket + 1 };
	batch_finish(l->writer, &p->code);
	rc = pending_send(l, p, why);
	if (rc != OK) {
		buf_done(&p->code);
		return rc;
	}
	l->ticket++;
	l->npending++;
	l->pending_bytes += p->code.n;
	return OK;
}

uint64_t
ledger_ticket(const struct ledger *l)
{
	return l->ticket;
}

bool
ledger_settled(const struct ledger *l, uint64_t ticket)
{
	return l->npending == 0 || ticket < l->pending[l->first].ticket;
}

enum err
ledger_define(struct ledger *l, struct why *why)
{
	return l->keeper == NULL || l->defined ? OK : define(l, why);
}
