/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's end of the writers' channels on a relay: HELLO, SHAPE, SOURCE, BATCH, COUNTERS,
 * DENIED, as roles.md has them. Batches of one writer that are there at one time become one group,
 * one block of the spool, one sync. When the spool is full nothing is read: writers wait, and let
 * their senders wait.
 */
#include "role/shipper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "model/batch.h"

enum {
	ANSWERS_BYTES = 8 << 20,
	TURN_MESSAGES = 256,
	GROUP_BYTES = 1 << 20,
	DEFINE_BYTES = 24 << 20,	/* definitions of a channel, as the keeper's */
	ID_BYTES = 4,
};

void
ship_writer_open(struct shipper *s, int fd, uint8_t role)
{
	for (unsigned i = 0; i < SHIP_LINES; i++)
		if (s->writer[i].chan == NULL) {
			s->writer[i] = (struct ship_writer){ .role = role,
			    .chan = chan_new(fd, WIRE_LIMIT, ANSWERS_BYTES) };
			return;
		}
	(void)fprintf(stderr, "trucban: shipper: no room for another writer\n");
	(void)close(fd);
}

static void
defs_free(struct ship_defs *defs)
{
	for (uint32_t i = 0; i < defs->n; i++)
		buf_done(&defs->def[i].code);
	free(defs->def);
	*defs = (struct ship_defs){ 0 };
}

void
ship_writer_close(struct shipper *s, struct ship_writer *w)
{
	/* What waits for room on the disk is written all the same; nobody is told. */
	if (s->group.writer == w)
		s->group.writer = NULL;
	defs_free(&w->shape);
	defs_free(&w->source);
	chan_free(&w->chan);
	*w = (struct ship_writer){ 0 };
}

bool
ship_takes(const struct shipper *s)
{
	return !s->group.stuck && !s->broken && !spool_is_full(s->spool);
}

/* ---- definitions ---- */

static enum err
define(struct ship_writer *w, const struct chan_msg *msg, struct why *why)
{
	bool shape = msg->type == WIRE_SHAPE;
	struct ship_defs *defs = shape ? &w->shape : &w->source;
	uint32_t most = shape ? LIMIT_SHAPES : LIMIT_SOURCES;
	struct cur in = cur_of(msg->body);
	uint32_t id = cur_u32(&in);
	struct span code = span_sub(msg->body, ID_BYTES, SIZE_MAX);

	if (id != defs->n || id >= most || code.n > DEFINE_BYTES - w->def_bytes)
		return why_set(why, ERR_FORMAT, "definition %u is not the next one", id);
	if (defs->n == defs->room) {
		defs->room = defs->room > 0 ? defs->room * 2 : 64;
		defs->def = xreallocarray(defs->def, defs->room, sizeof defs->def[0]);
	}
	defs->def[defs->n] = (struct ship_def){ .group = 0 };
	buf_span_put(&defs->def[defs->n++].code, code);
	w->def_bytes += code.n;
	return OK;
}

/* ---- the group ---- */

/* Octets that the definitions would take that the group has not; ERR_FORMAT: there is no such. */
static enum err
defs_need(const struct ship_group *g, const struct ship_defs *defs, struct span ids, size_t *io_n)
{
	struct cur in = cur_of(ids);

	while (cur_left(&in) > 0) {
		uint32_t id = cur_u32(&in);

		if (id >= defs->n)
			return ERR_FORMAT;
		if (defs->def[id].group != g->number)
			*io_n += defs->def[id].code.n + 11;
	}
	return OK;
}

/* Defines what is missing; ids becomes their numbers in the group. */
static void
defs_put(struct ship_group *g, struct ship_defs *defs, uint8_t type, struct span ids,
    struct buf *out)
{
	struct cur in = cur_of(ids);

	while (cur_left(&in) > 0) {
		struct ship_def *def = &defs->def[cur_u32(&in)];

		if (def->group != g->number) {
			def->group = g->number;
			def->id = defs->used++;
			relay_put(&g->code, type, buf_span(&def->code));
		}
		buf_u32(out, def->id);
	}
}

static void
group_begin(struct shipper *s, struct ship_writer *w)
{
	struct ship_group *g = &s->group;

	g->code.n = 0;
	g->number++;
	g->writer = w;
	g->instance = w->instance;
	g->nack = 0;
	g->rows = 0;
	w->shape.used = w->source.used = 0;
	relay_put(&g->code, RELAY_GROUP, (struct span){ NULL, 0 });
}

static void
ack(struct ship_writer *w, uint64_t ticket, uint32_t rows)
{
	struct buf body = { 0 };

	wire_ack_encode(&body, 0, rows);
	w->lost |= chan_send(w->chan, &(struct chan_msg){ .type = WIRE_ACK, .tag = ticket,
	    .body = buf_span(&body) }, NULL) != OK;
	buf_done(&body);
}

static void
refuse(struct ship_writer *w, uint64_t ticket, enum err rc, const char *text)
{
	struct buf body = { 0 };

	buf_u8(&body, (uint8_t)rc);
	buf_str(&body, text);
	w->lost |= chan_send(w->chan, &(struct chan_msg){ .type = WIRE_REFUSE, .tag = ticket,
	    .body = buf_span(&body) }, NULL) != OK;
	buf_done(&body);
}

void
ship_group_write(struct shipper *s)
{
	struct ship_group *g = &s->group;
	const struct spool_group group = { .code = buf_span(&g->code),
	    .writer = g->instance, .ticket = g->ticket, .rows = g->rows,
	    .time_ns = clock_wall_ns() };
	struct why why = { "" };
	enum err rc = spool_append(s->spool, &group, &why);

	if (rc == ERR_FULL && !g->stuck)
		(void)fprintf(stderr, "trucban: shipper: the disk of the spool is full: senders "
		    "wait\n");
	g->stuck = rc == ERR_FULL;
	if (g->stuck)
		return;
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: shipper: cannot write the spool: %s\n", why.text);
		s->broken = true;
		return;
	}
	s->sent.taken_rows += g->rows;
	for (unsigned i = 0; g->writer != NULL && i < g->nack; i++)
		ack(g->writer, g->ack[i].ticket, g->ack[i].rows);
	g->nack = 0;
	g->code.n = 0;
	g->writer = NULL;
}

/* ---- messages ---- */

static enum err
batch_take(struct shipper *s, struct ship_writer *w, const struct chan_msg *msg, struct why *why)
{
	struct ship_group *g = &s->group;
	struct batch_head head;
	struct buf batch = { 0 };
	size_t need;
	enum err rc = batch_head_read(&head, msg->body, why);

	if (rc != OK)
		return rc;
	/* It was on disk before this life began, and the writer never heard so. */
	if (msg->tag <= spool_ticket(s->spool, w->instance)) {
		ack(w, msg->tag, head.nrow);
		return OK;
	}
	if (g->writer == NULL)
		group_begin(s, w);
	need = msg->body.n;
	rc = defs_need(g, &w->shape, head.shape_ids, &need);
	if (rc == OK)
		rc = defs_need(g, &w->source, head.source_ids, &need);
	if (rc != OK)
		return why_set(why, rc, "a batch names what was not defined");
	if (need + 64 > SPOOL_GROUP_MOST - g->code.n) {
		refuse(w, msg->tag, ERR_LIMIT, "a batch with its definitions is too long");
		ship_count(s, "spool.rows_refused", head.nrow);
		return OK;
	}
	/* Its tables get the group's numbers; all else stays. */
	buf_reserve(&batch, msg->body.n);
	buf_put(&batch, msg->body.p, BATCH_HEAD_BYTES);
	defs_put(g, &w->shape, RELAY_SHAPE, head.shape_ids, &batch);
	defs_put(g, &w->source, RELAY_SOURCE, head.source_ids, &batch);
	buf_span_put(&batch, head.rows);
	relay_batch_put(&g->code, spool_place(s->spool, buf_span(&batch)), buf_span(&batch));
	buf_done(&batch);
	g->ack[g->nack++] = (struct ship_ack){ msg->tag, head.nrow };
	g->ticket = msg->tag;
	g->rows += head.nrow;
	return OK;
}

static enum err
message(struct shipper *s, struct ship_writer *w, const struct chan_msg *msg, struct why *why)
{
	struct cur in = cur_of(msg->body);
	enum err rc = wire_check(msg->type, msg->body, why);

	if (msg->fd >= 0)
		(void)close(msg->fd);
	if (rc != OK)
		return rc;
	if (msg->type == WIRE_HELLO && !w->hello) {
		if (cur_u8(&in) != w->role)
			return why_set(why, ERR_FORMAT, "HELLO of another role");
		(void)cur_u32(&in);
		w->instance = cur_u64(&in);
		w->hello = true;
		return OK;
	}
	if (msg->type == WIRE_COUNTERS) {
		ship_counters_take(s, w->role, msg->body);
		return OK;
	}
	/* The desk's affair; here the log has it. */
	if (msg->type == WIRE_DENIED)
		return OK;
	if (!w->hello)
		return why_set(why, ERR_FORMAT, "message %u before HELLO", msg->type);
	if (msg->type == WIRE_SHAPE || msg->type == WIRE_SOURCE)
		return define(w, msg, why);
	if (msg->type != WIRE_BATCH)
		return why_set(why, ERR_FORMAT, "message %u is not for a relay", msg->type);
	return batch_take(s, w, msg, why);
}

/* At most a group, so that no writer starves the other, and acknowledgements come soon. */
void
ship_writer_read(struct shipper *s, struct ship_writer *w)
{
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = OK;

	for (int i = 0; i < TURN_MESSAGES && s->group.nack < SHIP_ACKS &&
	    s->group.code.n < GROUP_BYTES && rc == OK; i++) {
		rc = chan_recv(w->chan, &msg, &why);
		if (rc == OK)
			rc = message(s, w, &msg, &why);
	}
	w->more = rc == OK;
	if (s->group.writer != NULL && s->group.nack > 0)
		ship_group_write(s);
	else
		s->group.writer = NULL;
	if (rc == OK || rc == ERR_MORE)
		return;
	if (rc != ERR_ABSENT)
		(void)fprintf(stderr, "trucban: shipper: the channel of %s is closed: %s\n",
		    wire_role_name(w->role), why.text);
	w->lost = true;
}
