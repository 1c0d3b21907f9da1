/* SPDX-License-Identifier: Apache-2.0 */
/* A shape for each set of fields, one source, one-row batches: see ledger.h. */
#include "role/ledger.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "model/batch.h"
#include "wire/wire.h"

enum {
	PENDING_BYTES = 1 << 20,	/* without an answer */
	PENDING_MAX = 4096,
	KEEP_WAIT_MS = 10000,		/* longer than a keeper takes to be started again */
	KEEP_TURN_MS = 100
};

/* A row on its way. */
struct pending {
	uint64_t ticket;
	struct buf code;		/* its batch */
};

struct ledger {
	struct chan *keeper;
	struct buf *shape;		/* sets of fields that there were; LIMIT_SHAPES at most */
	struct buf source, text;
	unsigned nshape, ndefined;	/* of them the keeper knows */
	struct batch_writer *writer;
	struct pending *pending;	/* ring of PENDING_MAX */
	unsigned first, npending;
	size_t pending_bytes;
	uint64_t instance, ticket;
	uint64_t refused;		/* the last ticket that was; 0: none */
	uint8_t role;
	bool defined;
};

struct ledger *
ledger_new(struct chan *keeper, uint8_t role, const char *host)
{
	struct ledger *l = xcalloc(1, sizeof *l);

	l->keeper = keeper;
	l->role = role;
	l->pending = xcalloc(PENDING_MAX, sizeof *l->pending);
	l->instance = random_u64();
	l->writer = batch_writer_new(STREAM_LEDGER, 0);
	l->shape = xcalloc(1, sizeof *l->shape);
	act_shape(&l->shape[l->nshape++], &(struct act){ .nfield = 0 });
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
	for (unsigned i = 0; i < l->nshape; i++)
		buf_done(&l->shape[i]);
	free(l->shape);
	buf_done(&l->source);
	buf_done(&l->text);
	free(l);
	*ledger = NULL;
}

/* Shapes that the keeper does not know yet; their numbers are their places. */
static enum err
shapes_define(struct ledger *l, struct why *why)
{
	enum err rc = OK;

	for (; rc == OK && l->ndefined < l->nshape; l->ndefined += rc == OK) {
		uint8_t id[4];
		struct span part[2] = { span_of(id, sizeof id),
		    buf_span(&l->shape[l->ndefined]) };

		le_put(id, l->ndefined, sizeof id);
		rc = chan_send_parts(l->keeper, &(struct chan_msg){ .type = WIRE_SHAPE }, part, 2,
		    why);
	}
	return rc;
}

static enum err
define(struct ledger *l, struct why *why)
{
	uint8_t hello[13] = { l->role }, zero[4] = { 0 };
	struct span part[2] = { span_of(zero, sizeof zero), buf_span(&l->source) };
	enum err rc;

	le_put(hello + 1, WIRE_VERSION, 4);
	le_put(hello + 5, l->instance, 8);
	rc = chan_send(l->keeper, &(struct chan_msg){ .type = WIRE_HELLO,
	    .body = span_of(hello, sizeof hello) }, why);
	l->ndefined = 0;
	if (rc == OK)
		rc = shapes_define(l, why);
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
	l->refused = msg->tag;
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

/* The number of the shape that an act with these fields has. */
static enum err
shape_of(struct ledger *l, const struct act *act, uint32_t *ret, struct why *why)
{
	struct buf code = { 0 };
	uint32_t i = 0;

	act_shape(&code, act);
	while (i < l->nshape && !span_eq(buf_span(&l->shape[i]), buf_span(&code)))
		i++;
	*ret = i;
	if (i == LIMIT_SHAPES) {
		buf_done(&code);
		return why_set(why, ERR_LIMIT, "more than %d sets of fields", LIMIT_SHAPES);
	}
	if (i < l->nshape)
		buf_done(&code);
	else {
		l->shape = xreallocarray(l->shape, l->nshape + 1, sizeof *l->shape);
		l->shape[l->nshape++] = code;
	}
	return shapes_define(l, why);
}

enum err
ledger_write(struct ledger *ledger, const struct ledger_act *given, int64_t now_ns,
    struct why *why)
{
	struct ledger *l = ledger;
	struct act act = { .time_ns = now_ns, .act = span_str(given->act), .who = given->who,
	    .from = given->from, .what = given->what, .nfield = given->nfield };
	struct span value[ACT_HOLES];
	struct row row = { .recv_ns = now_ns, .event_ns = now_ns, .value = value,
	    .nvalue = ACT_FIXED + given->nfield };
	struct pending *p;
	uint32_t shape;
	enum err rc;

	must(given->nfield <= ACT_FIELDS_MAX);
	for (unsigned i = 0; i < given->nfield; i++)
		act.field[i] = given->field[i];
	rc = ready(l, why);
	if (rc == OK)
		rc = shape_of(l, &act, &shape, why);
	if (rc != OK)
		return rc;
	act_values(&act, &l->text, value, &row.flags);
	rc = batch_add(l->writer, shape, 0, &row);
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

void
ledger_keeper(struct ledger *l, struct chan **io_keeper, int fd, size_t queue_bytes)
{
	ledger_channel(l, NULL);
	chan_free(io_keeper);
	*io_keeper = chan_new(fd, WIRE_LIMIT, queue_bytes);
	ledger_channel(l, *io_keeper);
}

void
ledger_read(struct ledger *l, struct chan **io_keeper)
{
	struct chan_msg msg;
	struct why why;
	enum err rc;

	(void)chan_flush(*io_keeper, &why);
	while ((rc = chan_recv(*io_keeper, &msg, &why)) == OK) {
		file_close(&msg.fd);
		if (ledger_answer(l, &msg, &why) != OK)
			(void)fprintf(stderr, "trucban: %s: %s\n", wire_role_name(l->role),
			    why.text);
	}
	if (rc == ERR_MORE)
		return;
	ledger_channel(l, NULL);
	chan_free(io_keeper);
}

void
ledger_poll(struct ledger *l, struct chan **io_keeper, struct chan *parent,
    void (*parent_read)(void *ctx), void *ctx, int wait_ms)
{
	struct pollfd set[2] = { { .fd = chan_fd(parent), .events = POLLIN },
	    { .fd = *io_keeper != NULL ? chan_fd(*io_keeper) : -1, .events = POLLIN } };

	if (*io_keeper != NULL && chan_queued(*io_keeper) > 0)
		set[1].events |= POLLOUT;
	if (poll(set, 2, wait_ms) <= 0)
		return;
	if (set[0].revents != 0)
		parent_read(ctx);
	if (*io_keeper != NULL && set[1].revents != 0)
		ledger_read(l, io_keeper);
}

enum err
ledger_keep(struct ledger *l, const struct ledger_act *act, int64_t time_ns,
    const struct ledger_wait *wait, struct why *why)
{
	int64_t end_ns = clock_mono_ns() + KEEP_WAIT_MS * INT64_C(1000000);
	enum err rc;

	while ((rc = ledger_write(l, act, time_ns != 0 ? time_ns : clock_wall_ns(), why)) ==
	    ERR_BUSY && clock_mono_ns() < end_ns && !*wait->stopping)
		wait->turn(wait->ctx, KEEP_TURN_MS);
	if (rc != OK)
		return why_prefix(why, ERR_BUSY, "the ledger cannot be written");
	for (uint64_t ticket = l->ticket; !ledger_settled(l, ticket);) {
		if (clock_mono_ns() >= end_ns || *wait->stopping)
			return why_set(why, ERR_BUSY, "the ledger cannot be written: the keeper "
			    "does not answer");
		wait->turn(wait->ctx, KEEP_TURN_MS);
	}
	if (l->refused == l->ticket)
		return why_set(why, ERR_BUSY, "the keeper refused the ledger's row; the desk's log "
		    "says why");
	return OK;
}
