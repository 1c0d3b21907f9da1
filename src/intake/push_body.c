/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of requests: pieces, decoded, framed as the door says, taken apart into rows. See push.c.
 *
 *	octets -> (decoder) -> framing: line, object, entry ----------------------> row
 *	                                entry, whole body -> unpacker, one by one --> row
 */
#include "base/must.h"
#include "intake/intake_int.h"
#include "intake/push_int.h"
#include "intake/snappy.h"

enum {
	REFUSED_WEIGHT = 8,		/* a refused item takes so much more room in the answer */
	FREE_BYTES = 1 << 20,		/* records of this much are never a bomb */
	CODED_PIECE = 16 << 10,		/* decoded at once; then it is seen whether there is room */
};

/* ---- rows ---- */

static void
record_take(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct incoming in = { frame->record, &push->hint, push->origin, frame->cut, recv_ns };
	uint64_t batch = intake_record(conn->listener, &in);

	if (!push->rows)
		push->first_batch = batch;
	push->rows = true;
	push->last_batch = batch;
	push->request.items++;
	conn_wait(conn, push->class);
}

static void
unpack_begin(struct conn *conn, struct span body)
{
	const struct intake_conf *conf = &conn->intake->conf;
	struct push *push = conn->u.push;

	if (push->unpack == NULL)
		push->unpack = conf->parser->unpack_new(conf->parser_state);
	conf->parser->unpack_begin(push->unpack, push->request.form, body);
}

/* The next row of what unpack_begin was given. Else as intake_parser says. */
static enum err
unpack_row(struct conn *conn, uint64_t cut, int64_t recv_ns, struct why *why)
{
	struct push *push = conn->u.push;
	struct intake_unpacked one;
	enum err rc = conn->intake->conf.parser->unpack_next(push->unpack, &one, why);
	struct frame frame = { one.record, one.cut + cut };

	conn->listener->count.skipped += one.skipped;
	push->given += one.record.n + one.cut;
	if (rc == OK)
		record_take(conn, &frame, recv_ns);
	return rc;
}

/* ---- lines ---- */

/* bulk-body = *(action LF [document LF]) */
static enum err
bulk_line(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	enum action action;

	if (push->document) {
		bool refused = push->action == ACTION_UPDATE;

		push->document = false;
		if (!refused)
			record_take(conn, frame, recv_ns);
		outcomes_add(&push->outcomes, push->action, refused);
		return OK;
	}
	if (push->outcomes.n + push->outcomes.refused * REFUSED_WEIGHT >= LIMIT_BULK_ITEMS)
		return push_refuse(conn, 413, "too many documents in one request");
	if (action_read(frame->record, &action) != OK)
		return push_refuse(conn, 400, "malformed action line");
	if (action == ACTION_DELETE) {
		outcomes_add(&push->outcomes, action, true);
		return OK;
	}
	push->action = (uint8_t)action;
	push->document = true;
	return OK;
}

static enum err
line_take(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	if (frame->record.n == 0 || (frame->record.n == 1 && frame->record.p[0] == '\r'))
		return OK;
	if (conn->u.push->door->framing == DOOR_ACTIONS)
		return bulk_line(conn, frame, recv_ns);
	record_take(conn, frame, recv_ns);
	return OK;
}

static enum err
lines_take(struct conn *conn, struct span in, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct frame frame;
	enum err rc = OK;

	while (rc == OK && push->phase == PUSH_BODY && framing_next(&push->lines, &in,
	    conn_most(conn, framing_held(&push->lines)), &frame) == OK)
		rc = line_take(conn, &frame, recv_ns);
	return rc;
}

static enum err
lines_end(struct conn *conn, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct frame frame;
	enum err rc = OK;

	if (framing_end(&push->lines, &frame) == OK)
		rc = line_take(conn, &frame, recv_ns);
	if (rc == OK && push->phase == PUSH_BODY && push->document)
		(void)push_refuse(conn, 400, "an action without its document");
	return rc;
}

/* ---- objects ---- */

static enum err
objects_take(struct conn *conn, struct span in, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct frame frame;
	enum err rc;

	while ((rc = objects_next(&push->objects, &in, conn_most(conn, push->objects.hold.cap),
	    &frame)) == OK)
		record_take(conn, &frame, recv_ns);
	if (rc == ERR_FORMAT)
		return push_refuse(conn, 400, "something that is no JSON object");
	return OK;
}

static enum err
objects_end(struct conn *conn, int64_t recv_ns)
{
	(void)recv_ns;
	if (!objects_are_whole(&conn->u.push->objects))
		return push_refuse(conn, 400, "the body ends inside of an object");
	return OK;
}

/* ---- entries of the journal ---- */

static enum err
entry_put(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	struct why why = { "" };
	enum err rc;

	unpack_begin(conn, frame->record);
	rc = unpack_row(conn, frame->cut, recv_ns, &why);
	if (rc == ERR_ABSENT)		/* nothing of it was short enough */
		conn->listener->count.cut_bytes += frame->cut;
	return rc == OK || rc == ERR_ABSENT ? OK : push_refuse(conn, 400, why.text);
}

static enum err
entries_take(struct conn *conn, struct span in, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct frame frame;
	enum err rc;

	while ((rc = entry_next(&push->entry, &in, conn_most(conn, push->entry.hold.cap),
	    &frame)) == OK) {
		rc = entry_put(conn, &frame, recv_ns);
		if (rc != OK || push->phase != PUSH_BODY)
			return rc;
	}
	if (rc == ERR_FORMAT)
		return push_refuse(conn, 400, "not the journal export format");
	return OK;
}

static enum err
entries_end(struct conn *conn, int64_t recv_ns)
{
	struct frame frame;
	enum err rc = entry_end(&conn->u.push->entry, &frame);

	if (rc == OK)
		return entry_put(conn, &frame, recv_ns);
	if (rc == ERR_FORMAT)
		return push_refuse(conn, 400, "the body ends inside of an entry");
	return OK;
}

/* ---- the whole body ---- */

/* Room for n octets more; false: refused. */
static bool
whole_room(struct conn *conn, size_t n)
{
	if (n > LIMIT_WHOLE_BYTES - conn->u.push->whole.n)
		(void)push_refuse(conn, 413, "body too long");
	else if (conn->intake->whole + n > LIMIT_WHOLES_BYTES)
		(void)push_refuse(conn, 429, "too many long bodies at once");
	else
		return true;
	return false;
}

static enum err
whole_take(struct conn *conn, struct span in, int64_t recv_ns)
{
	(void)recv_ns;
	if (!whole_room(conn, in.n))
		return OK;
	buf_span_put(&conn->u.push->whole, in);
	conn->intake->whole += in.n;
	return OK;
}

/* The block of snappy that the body is, taken off it. After a refusal the phase is another. */
static enum err
snappy_take(struct conn *conn)
{
	struct push *push = conn->u.push;
	struct buf block = push->whole, plain = { 0 };
	size_t n = 0;
	enum err rc = snappy_size(buf_span(&block), LIMIT_WHOLE_BYTES, &n);

	if (rc == ERR_LIMIT)
		return push_refuse(conn, 413, "body too long when decompressed");
	if (rc == OK && conn->intake->whole + n > LIMIT_WHOLES_BYTES)
		return push_refuse(conn, 429, "too many long bodies at once");
	if (rc == OK)
		rc = snappy_decode(buf_span(&block), buf_add(&plain, n), n);
	if (rc != OK) {
		buf_done(&plain);
		return push_refuse(conn, 400, "broken snappy block");
	}
	push->whole = plain;
	conn->intake->whole += n;
	conn->intake->whole -= block.n;
	buf_done(&block);
	return OK;
}

static enum err
whole_end(struct conn *conn, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	enum err rc = OK;

	(void)recv_ns;
	if (push->door->asked != NULL)
		return OK;
	if (push->door->handed != DOOR_KEPT)
		return push_hand(conn);
	if (push->door->take != NULL || push->door->ask != NULL) {
		push->phase = PUSH_UNPACK;
		conn->pending = true;
		return OK;
	}
	if (push->request.snappy)
		rc = snappy_take(conn);
	if (rc != OK || push->phase != PUSH_BODY)
		return rc;
	unpack_begin(conn, buf_span(&push->whole));
	push->phase = PUSH_UNPACK;
	conn->pending = true;
	return OK;
}

/* ---- any body ---- */

static const struct {
	/* Decoded octets. */
	enum err (*take)(struct conn *conn, struct span in, int64_t recv_ns);
	/* There will be no more. */
	enum err (*end)(struct conn *conn, int64_t recv_ns);
} framings[DOOR_FRAMINGS] = {
	[DOOR_LINES] = { lines_take, lines_end },
	[DOOR_ACTIONS] = { lines_take, lines_end },
	[DOOR_OBJECTS] = { objects_take, objects_end },
	[DOOR_ENTRIES] = { entries_take, entries_end },
	[DOOR_WHOLE] = { whole_take, whole_end },
};

static enum err
coded_take(struct conn *conn, struct span in, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct why why = { "" };
	enum err rc, told = OK;

	do {
		size_t n = 0;

		rc = decoder_next(push->decoder, &in, conn->intake->decode_buf, READ_BYTES, &n,
		    &why);
		if (rc == ERR_LIMIT) {
			conn->listener->count.bombs++;
			return push_refuse(conn, 413, why.text);
		}
		if (rc == ERR_FORMAT)
			return push_refuse(conn, 400, why.text);
		told = framings[push->door->framing].take(conn,
		    span_of(conn->intake->decode_buf, n), recv_ns);
	} while (rc == OK && told == OK && push->phase == PUSH_BODY);
	return told;
}

/* Every row was handed on: answers, or waits for the keeper. */
static enum err
rows_end(struct conn *conn)
{
	struct push *push = conn->u.push;

	/* The keeper may have been faster than the end of the body. */
	if (!push->rows || push->settled >= push->last_batch)
		return push_request_answer(conn);
	push_body_drop(conn);
	push->phase = PUSH_WAIT;
	conn->blocked = true;
	return OK;
}

/* What many records share is sent once and stands in each: so a small body can be a large one. */
static bool
expands_too_much(const struct push *push)
{
	return push->given > FREE_BYTES && push->given / LIMIT_EXPANSION > push->whole.n;
}

/* Of a relay: all at once, or a question. */
static enum err
relay_unpack(struct conn *conn, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct why why = { "" };
	unsigned status = 400;
	enum err rc;

	rc = push->door->take != NULL ? push->door->take(conn, recv_ns, &why) :
	    push->door->ask(conn, &why);
	if (rc == OK && push->door->take != NULL)
		return rows_end(conn);
	if (rc == OK) {
		push_body_drop(conn);
		push->phase = PUSH_WAIT;
		conn->blocked = true;
		return OK;
	}
	if (rc == ERR_DENIED)
		status = 403;
	else if (rc == ERR_BUSY)
		status = 429;
	else if (rc == ERR_ABSENT)
		status = 409;
	rc = push_refuse(conn, status, why.text);
	return rc == OK ? push_request_end(conn) : rc;
}

enum err
push_unpack(struct conn *conn, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct why why = { "" };
	enum err rc = OK;

	if (push->door->take != NULL || push->door->ask != NULL)
		return relay_unpack(conn, recv_ns);
	while (rc == OK && !intake_is_full(conn->intake)) {
		rc = unpack_row(conn, 0, recv_ns, &why);
		if (rc == OK && expands_too_much(push))
			rc = why_set(&why, ERR_LIMIT, "the records are more than %d times as long "
			    "as the body", LIMIT_EXPANSION);
	}
	if (rc == OK)
		return OK;
	if (rc == ERR_ABSENT)
		return rows_end(conn);
	conn->listener->count.bombs += rc == ERR_LIMIT;
	rc = push_refuse(conn, rc == ERR_LIMIT ? 413 : 400, why.text);
	return rc == OK ? push_request_end(conn) : rc;
}

static enum err
body_end(struct conn *conn, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	enum err rc = OK;

	if (push->phase == PUSH_BODY && push->decoder != NULL && push->received > 0 &&
	    !decoder_is_whole(push->decoder))
		(void)push_refuse(conn, 400, "the compressed body ends early");
	if (push->phase == PUSH_BODY)
		rc = framings[push->door->framing].end(conn, recv_ns);
	if (rc != OK || push->phase == PUSH_UNPACK || push->phase == PUSH_WAIT)
		return rc;
	return push->phase == PUSH_DISCARD ? push_request_end(conn) : rows_end(conn);
}

enum err
push_body_collect(struct conn *conn, struct span *in, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	size_t most = push->decoder != NULL ? CODED_PIECE : SIZE_MAX;
	struct span part = span_sub(*in, 0, most), piece;
	size_t before = part.n;
	enum err rc;

	rc = http_body_next(&push->body, &part, &piece);
	*in = span_sub(*in, before - part.n, SIZE_MAX);
	if (rc == ERR_ABSENT)
		return body_end(conn, recv_ns);
	if (rc == ERR_FORMAT)
		return push->phase == PUSH_DISCARD ? ERR_FORMAT :
		    push_refuse_and_close(conn, 400, "broken chunk");
	if (rc == ERR_MORE)
		return OK;
	push->received += piece.n;
	if (push->phase == PUSH_DISCARD)
		return push->received > DISCARD_BYTES ? ERR_LIMIT : OK;
	if (push->received > (uint64_t)LIMIT_BODY_MB << 20 && !push->door->endless)
		return push_refuse_and_close(conn, 413, "body too long");
	return push->decoder != NULL ? coded_take(conn, piece, recv_ns) :
	    framings[push->door->framing].take(conn, piece, recv_ns);
}

bool
push_body_is_over(const struct conn *conn)
{
	const struct push *push = conn->u.push;
	struct http_body body;
	struct span none = { 0 }, piece;

	if (push == NULL || (push->phase != PUSH_BODY && push->phase != PUSH_DISCARD))
		return false;
	body = push->body;
	return http_body_next(&body, &none, &piece) == ERR_ABSENT;
}
