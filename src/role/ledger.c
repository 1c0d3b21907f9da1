/* SPDX-License-Identifier: Apache-2.0 */
/* One shape, one source, one-row batches: see ledger.h. */
#include "role/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/random.h"
#include "model/batch.h"
#include "wire/wire.h"

enum { LEDGER_HOLES = 5, LEDGER_VALUE_MAX = 65536 };

struct ledger {
	struct chan *keeper;
	struct buf shape, source, out, value[LEDGER_HOLES];
	struct batch_writer *writer;
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
	l->instance = random_u64();
	l->writer = batch_writer_new(STREAM_LEDGER, 0);
	shape_make(l);
	source_encode(&l->source, &(struct source){ .trust = TRUST_LOCAL,
	    .listener = span_str(wire_role_name(role)), .host = span_str(host),
	    .app = SPAN("trucban") });
	return l;
}

void
ledger_free(struct ledger **ledger)
{
	struct ledger *l = *ledger;

	if (l == NULL)
		return;
	batch_writer_free(&l->writer);
	buf_done(&l->shape);
	buf_done(&l->source);
	buf_done(&l->out);
	for (int i = 0; i < LEDGER_HOLES; i++)
		buf_done(&l->value[i]);
	free(l);
	*ledger = NULL;
}

void
ledger_channel(struct ledger *ledger, struct chan *keeper)
{
	ledger->keeper = keeper;
	ledger->defined = false;
}

/* RFC 8259 section 7; octets that are not UTF-8 stay as they are, the record is marked so. */
static struct span
escape(struct buf *out, struct span s)
{
	out->n = 0;
	for (size_t i = 0; i < s.n && out->n < LEDGER_VALUE_MAX; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, s.p[i]);
		} else if (s.p[i] < 0x20) {
			buf_printf(out, "\\u%04x", s.p[i]);
		} else {
			buf_u8(out, s.p[i]);
		}
	}
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

enum err
ledger_write(struct ledger *ledger, const struct ledger_act *act, int64_t now_ns,
    uint64_t *ret_ticket, struct why *why)
{
	struct ledger *l = ledger;
	uint8_t stamp[CIVIL_TEXT_BYTES];
	struct span value[LEDGER_HOLES];
	struct row row = { .recv_ns = now_ns, .event_ns = now_ns, .nvalue = LEDGER_HOLES,
	    .value = value };
	enum err rc = OK;

	if (l->keeper == NULL)
		return why_set(why, ERR_BUSY, "the keeper is being started");
	if (!l->defined)
		rc = define(l, why);
	if (rc != OK)
		return rc;
	value[0] = span_of(stamp, civil_put(stamp, now_ns, 9, 0));
	value[1] = escape(&l->value[1], span_str(act->act));
	value[2] = escape(&l->value[2], act->who);
	value[3] = escape(&l->value[3], act->from);
	value[4] = escape(&l->value[4], act->what);
	rc = batch_add(l->writer, 0, 0, &row);
	must(rc == OK);
	l->out.n = 0;
	batch_finish(l->writer, &l->out);
	rc = chan_send(l->keeper, &(struct chan_msg){ .type = WIRE_BATCH, .tag = l->ticket + 1,
	    .body = buf_span(&l->out) }, why);
	if (rc == OK)
		*ret_ticket = ++l->ticket;
	return rc;
}
