/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batcher of batcher.h. What is on its way is a ring of flights with consecutive tickets:
 *
 *	ticket:	head_ticket ............ head_ticket + nflight - 1
 *		[answered][sent][sent][not sent][not sent]   <- new ones are put in here
 *		  '- settled when it is the first        '- next_flight
 *
 * Sending is a pump over three sequences: shapes, sources, flights, each from the first that this
 * channel has not seen. A definition always exists before the batch that uses it, so sending all
 * definitions before the next flight is enough; a new channel begins at zero of each. The keeper
 * is not believed: an answer to a ticket that is not on its way breaks the channel.
 */
#include "intake/batcher.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/chan.h"
#include "model/batch.h"
#include "wire/wire.h"

enum {
	FLUSH_BYTES = 256 << 10,
	BUSY_FLIGHTS = 2,	/* with fewer on their way, nothing waits for company */
	SPARE_BUFS = 32,	/* empty buffers kept for the next batches, */
	SPARE_IDLE = 4,		/* and when nothing is on its way */
	BATCH_ROOM = FLUSH_BYTES + 16384,	/* what most batches need */
};

enum flight_state { FLIGHT_WAITS, FLIGHT_ANSWERED };

struct flight {
	uint8_t state;
	uint8_t class;
	uint8_t result;		/* enum err, when answered */
	uint32_t of[INTAKE_LISTENERS];	/* rows of each door */
	uint64_t batch;
	uint64_t content, from, to;	/* content > 0: has a place */
	uint64_t beside, at;
	struct buf head, code;	/* its octets: all before the rows, and the rows */
};

struct open_batch {
	struct batch_writer *writer;	/* NULL until the class is used */
	uint64_t batch;			/* number of the open one, from 1 */
	uint32_t of[INTAKE_LISTENERS];	/* rows of each door in it */
};

struct batcher {
	struct batcher_conf conf;
	struct chan *chan;
	bool hello_sent;
	uint32_t shapes_sent, sources_sent, flights_sent;
	uint32_t nshape;		/* shapes that the parser has given out */
	struct open_batch open[LIMIT_CLASSES];
	struct flight *flight;		/* ring of flight_room */
	uint32_t first, nflight, flight_room;
	uint64_t head_ticket;
	size_t unacked;
	uint64_t aside_rows;
	struct buf spare[SPARE_BUFS];
	unsigned nspare;
};

struct batcher *
batcher_new(const struct batcher_conf *conf)
{
	struct batcher *b = xcalloc(1, sizeof *b);

	b->conf = *conf;
	b->head_ticket = 1;
	b->flight_room = 64;
	b->flight = xcalloc(b->flight_room, sizeof b->flight[0]);
	for (unsigned class = 0; class < LIMIT_CLASSES; class++)
		b->open[class].batch = 1;
	return b;
}

static struct flight *
flight_at(struct batcher *b, uint32_t index)
{
	must(index < b->nflight);
	return &b->flight[(b->first + index) & (b->flight_room - 1)];
}

static size_t
flight_bytes(const struct flight *flight)
{
	return flight->head.n + flight->code.n;
}

static void
flight_done(struct flight *flight)
{
	buf_done(&flight->head);
	buf_done(&flight->code);
}

void
batcher_free(struct batcher **batcher)
{
	struct batcher *b = *batcher;

	if (b == NULL)
		return;
	chan_free(&b->chan);
	for (unsigned class = 0; class < LIMIT_CLASSES; class++)
		batch_writer_free(&b->open[class].writer);
	for (uint32_t i = 0; i < b->nflight; i++)
		flight_done(flight_at(b, i));
	while (b->nspare > 0)
		buf_done(&b->spare[--b->nspare]);
	free(b->flight);
	free(b);
	*batcher = NULL;
}

void
batcher_keeper(struct batcher *b, struct chan *chan)
{
	chan_free(&b->chan);
	b->chan = chan;
	b->hello_sent = false;
	b->shapes_sent = 0;
	b->sources_sent = 0;
	b->flights_sent = 0;
}

struct chan *
batcher_chan(struct batcher *b)
{
	return b->chan;
}

/* ---- flights ---- */

static struct flight *
flight_new(struct batcher *b)
{
	if (b->nflight == b->flight_room) {
		struct flight *wide = xcalloc((size_t)b->flight_room * 2, sizeof *wide);

		for (uint32_t i = 0; i < b->nflight; i++)
			wide[i] = *flight_at(b, i);
		free(b->flight);
		b->flight = wide;
		b->flight_room *= 2;
		b->first = 0;
	}
	b->nflight++;
	return flight_at(b, b->nflight - 1);
}

/* Ends the open batch of a class and puts it in the queue. */
static void
class_flush(struct batcher *b, uint8_t class)
{
	struct open_batch *open = &b->open[class];
	struct flight *flight = flight_new(b);

	*flight = (struct flight){ .class = class, .batch = open->batch++ };
	memcpy(flight->of, open->of, sizeof flight->of);
	memset(open->of, 0, sizeof open->of);
	if (b->nspare > 0) {
		flight->code = b->spare[--b->nspare];
		flight->code.n = 0;
	} else if (batch_bytes(open->writer) >= FLUSH_BYTES / 2) {
		buf_reserve(&flight->code, BATCH_ROOM);	/* the next one will be long too */
	}
	batch_finish_parts(open->writer, &flight->head, &flight->code);
	b->unacked += flight_bytes(flight);
}

void
batcher_flush(struct batcher *b)
{
	for (uint8_t class = 0; class < LIMIT_CLASSES; class++)
		if (b->open[class].writer != NULL && batch_rows(b->open[class].writer) > 0)
			class_flush(b, class);
}

static void
buf_spare(struct batcher *b, struct buf *code)
{
	if (b->nspare < SPARE_BUFS && code->cap <= 2 * FLUSH_BYTES)
		b->spare[b->nspare++] = *code;
	else
		buf_done(code);
}

static void
refused_tell(struct batcher *b, const struct flight *done)
{
	for (unsigned i = 0; i < INTAKE_LISTENERS; i++)
		if (done->of[i] > 0)
			b->conf.refused(b->conf.arg, i, done->of[i]);
}

/* Tells of every answered flight that has none without an answer before it. */
static void
flights_settle(struct batcher *b)
{
	while (b->nflight > 0 && flight_at(b, 0)->state == FLIGHT_ANSWERED) {
		struct flight done = *flight_at(b, 0);

		b->first = (b->first + 1) & (b->flight_room - 1);
		b->nflight--;
		b->flights_sent--;
		b->head_ticket++;
		b->unacked -= flight_bytes(&done);
		buf_spare(b, &done.code);
		buf_done(&done.head);
		b->conf.settled(b->conf.arg, done.class, done.batch, done.result);
		if (done.result != OK && b->conf.refused != NULL)
			refused_tell(b, &done);
	}
}

/* ---- records ---- */

void
batcher_shape(struct batcher *b, uint32_t shape)
{
	must(shape < LIMIT_SHAPES);
	b->nshape = shape >= b->nshape ? shape + 1 : b->nshape;
}

uint64_t
batcher_give(struct batcher *b, const struct batcher_ready *ready, struct buf *head,
    struct buf *code)
{
	struct open_batch *open = &b->open[ready->class];
	struct flight *flight;

	if (open->writer != NULL && batch_rows(open->writer) > 0)
		class_flush(b, ready->class);
	flight = flight_new(b);
	*flight = (struct flight){ .class = ready->class, .batch = open->batch++,
	    .content = ready->content, .from = ready->from, .to = ready->to,
	    .beside = ready->beside, .at = ready->at, .head = *head, .code = *code };
	flight->of[ready->door] = ready->rows;
	*head = *code = (struct buf){ 0 };
	b->unacked += flight_bytes(flight);
	return flight->batch;
}

uint64_t
batcher_add(struct batcher *b, const struct incoming *in, unsigned door, bool *ret_unparsed)
{
	uint8_t class = sources_class(b->conf.sources, in->origin);
	struct open_batch *open = &b->open[class];
	struct intake_parsed parsed;
	struct row row;
	uint32_t source;
	enum err rc;

	b->conf.parser->parse(b->conf.parser_state, in->hint, in->record, in->recv_ns, &parsed);
	batcher_shape(b, parsed.shape);
	source = sources_find(b->conf.sources, in->origin, parsed.host, parsed.app);

	row = (struct row){ .recv_ns = in->recv_ns, .event_ns = parsed.event_ns,
	    .flags = (uint8_t)(parsed.flags | (in->cut > 0 ? ROW_CUT : 0)),
	    .nvalue = parsed.nvalue, .value = parsed.value };
	if (open->writer == NULL)
		open->writer = batch_writer_new(STREAM_RAW, class);
	rc = batch_add(open->writer, parsed.shape, source, &row);
	if (rc == ERR_FULL) {
		class_flush(b, class);
		rc = batch_add(open->writer, parsed.shape, source, &row);
	}
	must(rc == OK);		/* records are bounded before they come here */

	open->of[door]++;
	b->aside_rows += parsed.set_aside;
	*ret_unparsed = parsed.unparsed;
	if (batch_bytes(open->writer) < FLUSH_BYTES)
		return open->batch;
	class_flush(b, class);
	return open->batch - 1;
}

/* ---- the channel ---- */

static enum err
hello_send(struct batcher *b, struct why *why)
{
	struct chan_msg msg = { .type = WIRE_HELLO };
	struct buf code = { 0 };
	enum err rc;

	buf_u8(&code, b->conf.role);
	buf_u32(&code, WIRE_VERSION);
	buf_u64(&code, b->conf.instance);
	msg.body = buf_span(&code);
	rc = chan_send(b->chan, &msg, why);
	b->hello_sent = rc == OK;
	buf_done(&code);
	return rc;
}

static enum err
define_send(struct batcher *b, uint16_t type, uint32_t id, struct span code, struct why *why)
{
	struct chan_msg msg = { .type = type };
	uint8_t number[4];
	struct span part[2] = { span_of(number, sizeof number), code };

	le_put(number, id, sizeof number);
	return chan_send_parts(b->chan, &msg, part, 2, why);
}

static enum err
flight_send(struct batcher *b, const struct flight *flight, struct why *why)
{
	struct chan_msg msg = { .type = WIRE_BATCH, .tag = b->head_ticket + b->flights_sent };
	struct span part[2] = { buf_span(&flight->head), buf_span(&flight->code) };
	struct buf place = { 0 };
	enum err rc = OK;

	if (flight->content != 0) {
		buf_u64(&place, flight->content);
		buf_u64(&place, flight->from);
		buf_u64(&place, flight->to);
		if (flight->beside != 0) {
			buf_u64(&place, flight->beside);
			buf_u64(&place, flight->at);
		}
		rc = chan_send(b->chan, &(struct chan_msg){ .type = WIRE_PLACE, .tag = msg.tag,
		    .body = buf_span(&place) }, why);
		buf_done(&place);
	}
	return rc == OK ? chan_send_parts(b->chan, &msg, part, 2, why) : rc;
}

/* Sends until all is sent (OK) or the channel takes no more (ERR_BUSY). */
static enum err
pump(struct batcher *b, struct why *why)
{
	enum err rc = OK;

	if (!b->hello_sent)
		rc = hello_send(b, why);
	for (; rc == OK && b->shapes_sent < b->nshape; b->shapes_sent += rc == OK)
		rc = define_send(b, WIRE_SHAPE, b->shapes_sent,
		    b->conf.parser->shape(b->conf.parser_state, b->shapes_sent), why);
	for (; rc == OK && b->sources_sent < sources_count(b->conf.sources);
	    b->sources_sent += rc == OK)
		rc = define_send(b, WIRE_SOURCE, b->sources_sent,
		    sources_code(b->conf.sources, b->sources_sent), why);
	for (; rc == OK && b->flights_sent < b->nflight; b->flights_sent += rc == OK) {
		rc = flight_send(b, flight_at(b, b->flights_sent), why);
	}
	return rc;
}

static enum err
pump_or_wait(struct batcher *b, struct why *why)
{
	enum err rc;

	if (b->chan == NULL)
		return OK;
	rc = pump(b, why);
	return rc == ERR_BUSY ? OK : rc;
}

enum err
batcher_turn(struct batcher *b, struct why *why)
{
	if (b->nflight < BUSY_FLIGHTS)
		batcher_flush(b);
	if (b->nflight == 0 && b->nspare > SPARE_IDLE)
		buf_done(&b->spare[--b->nspare]);
	return pump_or_wait(b, why);
}

enum err
batcher_write(struct batcher *b, struct why *why)
{
	enum err rc = chan_flush(b->chan, why);

	if (rc == ERR_MORE)
		return OK;
	return rc == OK ? pump_or_wait(b, why) : rc;
}

enum err
batcher_ask(struct batcher *b, uint64_t tag, uint64_t content, struct why *why)
{
	struct chan_msg msg = { .type = WIRE_ASK, .tag = tag };
	struct buf body = { 0 };
	enum err rc;

	if (b->chan == NULL)
		return why_set(why, ERR_ABSENT, "there is no keeper");
	buf_u8(&body, ASK_PLACE_KEPT);
	buf_varint(&body, 8);
	buf_u64(&body, content);
	msg.body = buf_span(&body);
	rc = chan_send(b->chan, &msg, why);
	buf_done(&body);
	return rc;
}

/* answer = u8 OK, u64 place */
static enum err
place_take(struct batcher *b, const struct chan_msg *msg, struct why *why)
{
	struct cur in = cur_of(msg->body);
	uint8_t result = cur_u8(&in);
	uint64_t place = cur_u64(&in);

	if (b->conf.placed == NULL || result != OK || !cur_done(&in))
		return why_set(why, ERR_FORMAT, "keeper answers what was not asked");
	b->conf.placed(b->conf.arg, msg->tag, place);
	return OK;
}

static enum err
answer_take(struct batcher *b, const struct chan_msg *msg, struct why *why)
{
	uint64_t index = msg->tag - b->head_ticket;
	struct flight *flight;
	enum err rc;

	rc = wire_check(msg->type, msg->body, why);
	if (rc != OK)
		return rc;
	if (msg->type == WIRE_ANSWER)
		return place_take(b, msg, why);
	if (msg->type != WIRE_ACK && msg->type != WIRE_REFUSE)
		return why_set(why, ERR_FORMAT, "keeper sent a message of type %u", msg->type);
	if (msg->tag < b->head_ticket || index >= b->flights_sent)
		return why_set(why, ERR_FORMAT, "keeper answers a batch that is not on its way");
	flight = flight_at(b, (uint32_t)index);
	if (flight->state == FLIGHT_ANSWERED)
		return why_set(why, ERR_FORMAT, "keeper answers a batch twice");
	flight->state = FLIGHT_ANSWERED;
	flight->result = msg->type == WIRE_ACK ? OK : msg->body.p[0];
	return OK;
}

enum err
batcher_read(struct batcher *b, struct why *why)
{
	struct chan_msg msg;
	enum err rc;

	for (;;) {
		rc = chan_recv(b->chan, &msg, why);
		if (rc != OK)
			break;
		if (msg.fd >= 0)
			return why_set(why, ERR_FORMAT, "keeper sent a descriptor");
		rc = answer_take(b, &msg, why);
		if (rc != OK)
			break;
	}
	flights_settle(b);
	if (rc == ERR_ABSENT)
		return why_set(why, rc, "keeper closed the channel");
	return rc == ERR_MORE ? OK : rc;
}

size_t
batcher_unacked(const struct batcher *b)
{
	return b->unacked;
}

uint64_t
batcher_set_aside(const struct batcher *b)
{
	return b->aside_rows;
}

bool
batcher_is_idle(const struct batcher *b)
{
	for (unsigned class = 0; class < LIMIT_CLASSES; class++)
		if (b->open[class].writer != NULL && batch_rows(b->open[class].writer) > 0)
			return false;
	return b->nflight == 0;
}
