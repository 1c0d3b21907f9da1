/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for HTTP push: Elasticsearch's _bulk with what its clients ask before they send, and
 * VictoriaLogs' /insert/jsonline, as those document them.
 *
 *	HEAD -> BODY -> WAIT (for the keeper) -> answer -> no struct push at all
 *	          '---> DISCARD (answered already, the rest of the body is thrown away)
 *
 * A body is never in memory: piece -> decoder -> line -> row. So a request that is refused in its
 * middle leaves the rows before that point recorded; nothing that was read is thrown away, and the
 * client is told that the request as a whole did not succeed. 2xx is said only when the keeper has
 * every row of the request on disk.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "intake/action.h"
#include "intake/answer.h"
#include "intake/conn.h"
#include "intake/decode.h"
#include "intake/framing.h"
#include "intake/http.h"
#include "intake/intake_int.h"

enum {
	DISCARD_BYTES = 1 << 20,	/* of a refused body, so that the client sees the answer */
	RATE_AFTER_S = 60,		/* a body may be slow for so long */
	RATE_BYTES = 512,		/* then it must have come at so many octets a second */
	NS_PER_S = 1000000000,
	NS_PER_MS = 1000000,
	REFUSED_WEIGHT = 8,		/* a refused item takes so much more room in the answer */
	CODED_PIECE = 16 << 10,		/* decoded at once; then it is seen whether there is room */
	LARGE_ANSWER = 64 << 10,
	FIELDS_BYTES = 1024,		/* a list of names of fields */
};

enum phase { PUSH_HEAD, PUSH_BODY, PUSH_DISCARD, PUSH_WAIT };

struct push {
	uint8_t phase;
	uint8_t kind;			/* enum answer_kind */
	uint8_t action;			/* enum action of the document that is awaited */
	uint8_t result;			/* enum err: what the keeper said so far */
	bool keep_alive;
	bool no_body;			/* HEAD: the answer has none */
	bool expects;			/* the client waits for a word before it sends the body */
	bool document;			/* bulk: the next line is one */
	bool rows;			/* at least one */
	uint32_t origin;
	int64_t begin_ns;
	uint64_t received;		/* octets of the body as sent */
	uint64_t first_batch, last_batch;
	struct buf head;
	struct http_body body;
	struct decoder *decoder;
	struct framing lines;
	struct outcomes outcomes;
	struct intake_hint hint;
	uint8_t fields[3][FIELDS_BYTES];	/* what the hint borrows */
};

/* ---- begin and end of a request ---- */

static struct push *
push_of(struct conn *conn)
{
	if (conn->u.push == NULL) {
		conn->u.push = xcalloc(1, sizeof *conn->u.push);
		conn->u.push->begin_ns = clock_mono_ns();
	}
	return conn->u.push;
}

static void
decoder_drop(struct conn *conn)
{
	if (conn->u.push->decoder == NULL)
		return;
	decoder_free(&conn->u.push->decoder);
	conn->intake->ndecoder--;
}

static void
push_drop(struct conn *conn)
{
	struct push *push = conn->u.push;

	if (push == NULL)
		return;
	conn_wait_end(conn);
	decoder_drop(conn);
	buf_done(&push->head);
	framing_done(&push->lines);
	outcomes_done(&push->outcomes);
	free(push);
	conn->u.push = NULL;
}

/* The connection is gone; a body that was not whole is counted, its whole lines are recorded. */
static void
push_end(struct conn *conn)
{
	if (conn->u.push != NULL && conn->u.push->phase == PUSH_BODY)
		conn->listener->count.requests_bad++;
	push_drop(conn);
}

/* True while what it sends adds no rows: it can be read though the store is behind. */
static bool
push_is_light(const struct conn *conn)
{
	const struct push *push = conn->u.push;

	return push == NULL || push->phase == PUSH_HEAD || push->phase == PUSH_DISCARD;
}

static void
push_begin(struct conn *conn)
{
	conn->u.push = NULL;
}

static size_t
push_held(const struct conn *conn)
{
	const struct push *push = conn->u.push;

	if (push == NULL)
		return 0;
	return sizeof *push + push->head.cap + framing_held(&push->lines) +
	    push->outcomes.room * sizeof push->outcomes.run[0];
}

static void
answer_send(struct conn *conn, unsigned status, struct span body)
{
	struct push *push = conn->u.push;
	struct answer answer = { .status = status, .body = body, .no_body = push->no_body,
	    .keep_alive = push->keep_alive };

	answer_put(&conn->out, &answer);
}

/* A refusal: counted, answered at once; what is left of the body is thrown away. */
static enum err
refuse(struct conn *conn, unsigned status, const char *reason)
{
	struct counters *count = &conn->listener->count;
	struct push *push = conn->u.push;
	struct buf body = { 0 };

	if (status == 401)
		count->unauthorised++;
	else if (status == 429)
		count->delayed++;
	else if (status == 503)
		count->failed++;
	else
		count->requests_bad++;
	/* A client that waits for our word may send no body at all now. */
	if (push->expects || (push->phase != PUSH_HEAD && push->body.left > DISCARD_BYTES))
		push->keep_alive = false;
	answer_error(&body, status, reason);
	answer_send(conn, status, buf_span(&body));
	buf_done(&body);
	conn_wait_end(conn);
	decoder_drop(conn);
	framing_done(&push->lines);
	push->phase = PUSH_DISCARD;
	push->received = 0;
	return OK;
}

/* As refuse(), when nothing after it can be read. */
static enum err
refuse_and_close(struct conn *conn, unsigned status, const char *reason)
{
	conn->u.push->keep_alive = false;
	(void)refuse(conn, status, reason);
	return ERR_FORMAT;
}

/* The request is over; the connection goes on or not. */
static enum err
request_end(struct conn *conn)
{
	bool keep_alive = conn->u.push->keep_alive;

	push_drop(conn);
	return keep_alive ? OK : ERR_ABSENT;
}

static enum err
request_answer(struct conn *conn)
{
	struct push *push = conn->u.push;
	struct buf body = { 0 };

	if (push->result != OK) {
		(void)refuse(conn, 503, "the records could not be stored");
		return request_end(conn);
	}
	if (push->kind == ANSWER_BULK)
		outcomes_put(&push->outcomes, (uint64_t)(clock_mono_ns() - push->begin_ns) /
		    NS_PER_MS, &body);
	/* Clients that do not read: their rows are kept, their answers are not. */
	if (body.n > LARGE_ANSWER && conn->intake->replies + body.n > LIMIT_REPLIES_BYTES) {
		conn->listener->count.failed++;
		push->keep_alive = false;
	} else {
		answer_send(conn, 200, buf_span(&body));
	}
	buf_done(&body);
	return request_end(conn);
}

/* ---- the head ---- */

static enum err
decoder_begin(struct conn *conn, const struct http_head *head)
{
	struct intake *intake = conn->intake;

	if (head->coding == HTTP_IDENTITY)
		return OK;
	if (head->coding == HTTP_CODING_UNKNOWN)
		return refuse(conn, 415, "content coding not supported");
	if (intake->ndecoder >= LIMIT_DECODERS)
		return refuse(conn, 429, "too many compressed bodies at once");
	intake->ndecoder++;
	conn->u.push->decoder = decoder_new(head->coding);
	return OK;
}

/* The argument, or else the header. */
static enum err
fields_take(struct span query, const char *name, struct span header, uint8_t room[FIELDS_BYTES],
    struct span *ret_list)
{
	struct span list = http_argument(query, name, room, FIELDS_BYTES);

	if (list.n == 0 && header.n > 0) {
		list = span_of(room, header.n < FIELDS_BYTES ? header.n : FIELDS_BYTES);
		memcpy(room, header.p, list.n);
	}
	*ret_list = list;
	return list.n == FIELDS_BYTES ? ERR_LIMIT : OK;	/* it may have been longer */
}

/* Which fields are what, as VictoriaLogs' clients say it. */
static enum err
hint_read(struct push *push, const struct http_head *head)
{
	struct intake_hint *hint = &push->hint;
	enum err rc;

	hint->format = push->kind == ANSWER_LINES ? INTAKE_FORMAT_SYSLOG : INTAKE_FORMAT_JSON;
	rc = fields_take(head->query, "_msg_field", head->message_field, push->fields[0],
	    &hint->message_field);
	if (rc == OK)
		rc = fields_take(head->query, "_time_field", head->time_field, push->fields[1],
		    &hint->time_field);
	if (rc == OK)
		rc = fields_take(head->query, "_stream_fields", head->stream_fields,
		    push->fields[2], &hint->stream_fields);
	return rc;
}

/* Who may send: the origin of the rows, or a refusal (push->phase is then DISCARD). */
static enum err
sender_check(struct conn *conn, const struct http_head *head)
{
	const struct listener *listener = conn->listener;
	struct push *push = conn->u.push;
	char text[SOCK_TEXT_BYTES];
	struct span name;

	push->origin = conn->origin;
	if (listener->conf.ntoken == 0)
		return OK;
	if (!answer_token(listener->token, listener->conf.ntoken, head->authorization, &name))
		return refuse(conn, 401, "unknown name or secret");
	push->origin = intake_origin(conn->listener, conn_peer(conn, text), name);
	return OK;
}

/* A complete head: decides what becomes of the request. */
static enum err
head_take(struct conn *conn, struct span text)
{
	struct push *push = conn->u.push;
	const struct answer_route *route;
	struct why why = { "" };
	struct http_head head;
	enum err rc;

	conn->listener->count.requests++;
	rc = http_head_read(&head, text, &why);
	if (rc != OK)
		return refuse_and_close(conn, rc == ERR_FORMAT ? 400 : rc == ERR_LIMIT ? 413 : 501,
		    why.text);
	push->keep_alive = head.keep_alive && !conn->intake->stopping;
	push->no_body = head.method == HTTP_HEAD;
	push->expects = head.expects;
	http_body_begin(&push->body, &head);
	push->phase = PUSH_BODY;
	rc = sender_check(conn, &head);
	if (rc != OK || push->phase != PUSH_BODY)
		return rc;
	route = answer_route(&head);
	if (route == NULL)
		return refuse(conn, 404, "there is no such page; records are sent by POST to "
		    "/_bulk, /insert/jsonline or /insert/lines");
	push->kind = route->kind;
	if (route->kind == ANSWER_TEXT) {
		answer_send(conn, 200, span_str(route->text));
		push->phase = PUSH_DISCARD;
		return OK;
	}
	if (intake_is_overloaded(conn->intake))
		return refuse(conn, 429, "the store is behind");
	if (hint_read(push, &head) != OK)
		return refuse(conn, 400, "a list of fields is too long");
	push->lines = (struct framing){ .kind = FRAMING_LINES, .first_done = true };
	rc = decoder_begin(conn, &head);
	if (rc == OK && push->phase == PUSH_BODY && head.expects)
		conn_write(conn, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	push->expects = false;
	return rc;
}

/* Takes octets until the head is complete; what came before is in push->head. */
static enum err
head_collect(struct conn *conn, struct span *in)
{
	struct push *push = conn->u.push;
	size_t before = push->head.n, size;
	enum err rc;

	if (before == 0) {
		/* Empty lines between requests are skipped (RFC 9112, 2.2). */
		while (in->n > 0 && (in->p[0] == '\r' || in->p[0] == '\n'))
			*in = span_sub(*in, 1, SIZE_MAX);
		size = http_head_size(span_sub(*in, 0, LIMIT_HTTP_HEAD_BYTES));
		if (size > 0) {
			struct span head = span_sub(*in, 0, size);

			*in = span_sub(*in, size, SIZE_MAX);
			return head_take(conn, head);
		}
	}
	buf_span_put(&push->head, span_sub(*in, 0, LIMIT_HTTP_HEAD_BYTES - before));
	size = http_head_size(buf_span(&push->head));
	if (size == 0 && push->head.n == LIMIT_HTTP_HEAD_BYTES)
		return refuse_and_close(conn, 431, "request head too long");
	*in = span_sub(*in, (size > 0 ? size : push->head.n) - before, SIZE_MAX);
	if (size == 0)
		return OK;
	rc = head_take(conn, span_of(push->head.p, size));
	buf_done(&push->head);
	return rc;
}

/* ---- the body ---- */

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
	conn_wait(conn, conn->listener->conf.class);
}

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
		return refuse(conn, 413, "too many documents in one request");
	if (action_read(frame->record, &action) != OK)
		return refuse(conn, 400, "malformed action line");
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
	if (conn->u.push->kind == ANSWER_BULK)
		return bulk_line(conn, frame, recv_ns);
	record_take(conn, frame, recv_ns);
	return OK;
}

/* Decoded octets. After a refusal the phase is no longer BODY. */
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
			return refuse(conn, 413, why.text);
		}
		if (rc == ERR_FORMAT)
			return refuse(conn, 400, why.text);
		told = lines_take(conn, span_of(conn->intake->decode_buf, n), recv_ns);
	} while (rc == OK && told == OK && push->phase == PUSH_BODY);
	return told;
}

static enum err
body_end(struct conn *conn, int64_t recv_ns)
{
	struct push *push = conn->u.push;
	struct frame frame;
	enum err rc = OK;

	if (push->decoder != NULL && push->received > 0 && !decoder_is_whole(push->decoder))
		(void)refuse(conn, 400, "the compressed body ends early");
	if (push->phase == PUSH_BODY && framing_end(&push->lines, &frame) == OK)
		rc = line_take(conn, &frame, recv_ns);
	if (rc == OK && push->phase == PUSH_BODY && push->document)
		(void)refuse(conn, 400, "an action without its document");
	if (rc != OK)
		return rc;
	if (push->phase == PUSH_DISCARD)
		return request_end(conn);
	if (!push->rows)
		return request_answer(conn);
	decoder_drop(conn);
	framing_done(&push->lines);
	push->phase = PUSH_WAIT;
	conn->blocked = true;
	return OK;
}

static enum err
body_collect(struct conn *conn, struct span *in, int64_t recv_ns)
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
		    refuse_and_close(conn, 400, "broken chunk");
	if (rc == ERR_MORE)
		return OK;
	push->received += piece.n;
	if (push->phase == PUSH_DISCARD)
		return push->received > DISCARD_BYTES ? ERR_LIMIT : OK;
	if (push->received > (uint64_t)LIMIT_BODY_MB << 20)
		return refuse_and_close(conn, 413, "body too long");
	return push->decoder != NULL ? coded_take(conn, piece, recv_ns) :
	    lines_take(conn, piece, recv_ns);
}

/* A body without an octet ends where its head does. */
static bool
body_is_over(const struct conn *conn)
{
	const struct push *push = conn->u.push;
	struct http_body body;
	struct span none = { 0 }, piece;

	if (push == NULL || (push->phase != PUSH_BODY && push->phase != PUSH_DISCARD))
		return false;
	body = push->body;
	return http_body_next(&body, &none, &piece) == ERR_ABSENT;
}

static enum err
push_input(struct conn *conn, struct span *io_input, int64_t recv_ns)
{
	enum err rc = OK;

	while (rc == OK && !conn->blocked && (io_input->n > 0 || body_is_over(conn))) {
		struct push *push = push_of(conn);

		/* Rows of this body would go beyond what the keeper can be behind. */
		if (intake_is_full(conn->intake) && push->phase == PUSH_BODY && io_input->n > 0)
			break;

		if (push->phase == PUSH_HEAD)
			rc = head_collect(conn, io_input);
		else
			rc = body_collect(conn, io_input, recv_ns);
		/* Only empty lines came. */
		if (rc == OK && conn->u.push == push && push->phase == PUSH_HEAD &&
		    push->head.n == 0)
			push_drop(conn);
	}
	return rc;
}

/* ---- the keeper's answer ---- */

static enum err
push_settled(struct conn *conn, uint64_t batch, enum err result)
{
	struct push *push = conn->u.push;
	enum err rc;

	if (result != OK && batch >= push->first_batch && batch <= push->last_batch)
		push->result = (uint8_t)result;
	if (push->phase != PUSH_WAIT || batch < push->last_batch)
		return OK;
	rc = request_answer(conn);
	if (rc == OK)
		conn_unblock(conn);
	return rc;
}

static bool
push_expired(struct conn *conn, int64_t now_ns)
{
	const struct push *push = conn->u.push;
	int64_t quiet_s = (now_ns - conn->active_ns) / NS_PER_S, all_s;

	if (push == NULL)
		return quiet_s > LIMIT_IDLE_S;
	all_s = (now_ns - push->begin_ns) / NS_PER_S;
	if (push->phase == PUSH_WAIT)
		return false;
	if (push->phase == PUSH_HEAD)
		return all_s > LIMIT_STALL_S;
	return quiet_s > LIMIT_STALL_S || (all_s > RATE_AFTER_S &&
	    push->received < (uint64_t)all_s * RATE_BYTES);
}

const struct conn_kind push_kind = {
	.begin = push_begin,
	.input = push_input,
	.settled = push_settled,
	.expired = push_expired,
	.end = push_end,
	.is_light = push_is_light,
	.held = push_held,
};
