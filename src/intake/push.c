/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for HTTP push: one request after the other, whatever protocol it speaks (door.h).
 *
 *	HEAD -> BODY [-> UNPACK] -> WAIT (for the keeper) -> answer -> no struct push at all
 *	          '---> DISCARD (answered already, the rest of the body is thrown away)
 *
 * A body is never in memory (piece -> decoder -> frame -> row) but for protocols whose messages
 * have to be there as a whole; those are bounded, each and all together. So a request that is
 * refused in its middle leaves the rows before that point recorded; nothing that was read is
 * thrown away, and the client is told that the request as a whole did not succeed. 2xx is said
 * only when the keeper has every row of the request on disk.
 */
#include "intake/push_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "base/utf8.h"
#include "sys/clock.h"
#include "intake/enrols.h"
#include "intake/intake_int.h"

enum {
	RATE_AFTER_S = 60,		/* a body may be slow for so long */
	RATE_BYTES = 512,		/* then it must have come at so many octets a second */
	NS_PER_S = 1000000000,
	NS_PER_MS = 1000000,
	LARGE_ANSWER = 64 << 10,
	SAMPLE_EVERY = 400,		/* the status whose reasons are worth a line of the log */
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

void
push_body_drop(struct conn *conn)
{
	struct push *push = conn->u.push;

	if (push->decoder != NULL) {
		decoder_free(&push->decoder);
		conn->intake->ndecoder--;
	}
	framing_done(&push->lines);
	objects_done(&push->objects);
	entry_done(&push->entry);
	if (push->unpack != NULL)
		conn->intake->conf.parser->unpack_free(push->unpack);
	push->unpack = NULL;
	conn->intake->whole -= push->whole.n;
	buf_done(&push->whole);
	conn->pending = false;
}

static void
push_drop(struct conn *conn)
{
	struct push *push = conn->u.push;

	if (push == NULL)
		return;
	conn_wait_end(conn);
	if (push->phase == PUSH_WAIT && push->door->handed != DOOR_KEPT)
		enrols_forget(conn->intake->enrols, conn);
	push_body_drop(conn);
	buf_done(&push->head);
	outcomes_done(&push->outcomes);
	free(push);
	conn->u.push = NULL;
}

/* The connection is gone; a body that was not whole is counted, its whole lines are recorded. */
static void
push_end(struct conn *conn)
{
	if (conn->u.push != NULL && (conn->u.push->phase == PUSH_BODY ||
	    conn->u.push->phase == PUSH_UNPACK))
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
	    push->objects.hold.cap + push->entry.hold.cap +
	    push->outcomes.room * sizeof push->outcomes.run[0];
}

static void
answer_send(struct conn *conn, struct answer *answer, const struct buf *body)
{
	struct push *push = conn->u.push;

	answer->body = buf_span(body);
	answer->no_body = push->no_body;
	answer->keep_alive = push->keep_alive;
	answer_put(&conn->out, answer);
}

static void
refusal_count(struct conn *conn, unsigned status, const char *reason)
{
	struct counters *count = &conn->listener->count;

	if (status == 401)
		count->unauthorised++;
	else if (status == 429)
		count->delayed++;
	else if (status == 503)
		count->failed++;
	else
		count->requests_bad++;
	if (status == SAMPLE_EVERY)
		intake_sample(conn->listener, conn_peer(conn), "request refused",
		    span_str(reason));
}

/* A refusal: counted, answered at once; what is left of the body is thrown away. */
enum err
push_refuse(struct conn *conn, unsigned status, const char *reason)
{
	struct push *push = conn->u.push;
	struct answer answer = { .status = status };
	struct buf body = { 0 };

	refusal_count(conn, status, reason);
	/* A client that waits for our word may send no body at all now. */
	if (push->expects || (push->phase != PUSH_HEAD && push->body.left > DISCARD_BYTES))
		push->keep_alive = false;
	if (push->door != NULL && push->door->refused != NULL)
		push->door->refused(&push->request, reason, &answer, &body);
	else
		answer_error(&body, status, reason);
	answer_send(conn, &answer, &body);
	buf_done(&body);
	conn_wait_end(conn);
	push_body_drop(conn);
	push->phase = PUSH_DISCARD;
	push->received = 0;
	return OK;
}

/* As refuse(), when nothing after it can be read. */
enum err
push_refuse_and_close(struct conn *conn, unsigned status, const char *reason)
{
	conn->u.push->keep_alive = false;
	(void)push_refuse(conn, status, reason);
	return ERR_FORMAT;
}

/* The request is over; the connection goes on or not. */
enum err
push_request_end(struct conn *conn)
{
	bool keep_alive = conn->u.push->keep_alive;

	push_drop(conn);
	return keep_alive ? OK : ERR_ABSENT;
}

/* What is said when all is on disk, or to a question. ERR_FORMAT: it is none. */
static enum err
answer_make(struct conn *conn, struct answer *answer, struct buf *body)
{
	struct push *push = conn->u.push;
	const struct door *door = push->door;
	struct door_request *request = &push->request;

	request->took_ms = (uint64_t)(clock_mono_ns() - push->begin_ns) / NS_PER_MS;
	request->outcomes = &push->outcomes;
	request->result = push->result;
	if (door->asked == NULL && request->acks)
		conn->intake->acks++;
	request->number = conn->intake->acks;
	if (door->asked != NULL)
		return door->asked(request, buf_span(&push->whole), body);
	if (door->kept != NULL)
		door->kept(request, answer, body);
	return OK;
}

enum err
push_request_answer(struct conn *conn)
{
	struct push *push = conn->u.push;
	struct answer answer = { .status = 200 };
	struct buf body = { 0 };

	push->request.result = push->result;
	if (push->result != OK) {
		(void)push_refuse(conn, 503, "the records could not be stored");
		return push_request_end(conn);
	}
	if (answer_make(conn, &answer, &body) != OK) {
		buf_done(&body);
		(void)push_refuse(conn, 400, "the question is none");
		return push_request_end(conn);
	}
	/* Clients that do not read: their rows are kept, their answers are not. */
	if (body.n > LARGE_ANSWER && conn->intake->replies + body.n > LIMIT_REPLIES_BYTES) {
		conn->listener->count.failed++;
		push->keep_alive = false;
	} else {
		answer_send(conn, &answer, &body);
	}
	buf_done(&body);
	return push_request_end(conn);
}

/* ---- what the registrar is asked ---- */

enum err
push_hand(struct conn *conn)
{
	struct push *push = conn->u.push;
	bool renew = push->door->handed == DOOR_RENEW;

	if (!enrols_ask(conn->intake->enrols, conn, renew, buf_span(&push->whole)))
		return push_refuse(conn, 503, "busy: the desk cannot do this now; try again");
	push_body_drop(conn);
	push->phase = PUSH_WAIT;
	push->last_batch = UINT64_MAX;
	conn->blocked = true;
	return OK;
}

enum err
push_told(struct conn *conn, unsigned status, struct span text)
{
	struct answer answer = { .status = status, .type = "application/x-pem-file" };
	struct buf body = { 0 };
	enum err rc;

	buf_span_put(&body, text);
	if (status == 200) {
		answer_send(conn, &answer, &body);
	} else {
		buf_u8(&body, '\0');
		(void)push_refuse(conn, status, (const char *)body.p);
	}
	buf_done(&body);
	rc = push_request_end(conn);
	if (rc == OK)
		conn_unblock(conn);
	return rc;
}

/* ---- the head ---- */

static enum err
decoder_begin(struct conn *conn, const struct http_head *head)
{
	struct intake *intake = conn->intake;

	if (head->coding == HTTP_IDENTITY || head->coding == HTTP_SNAPPY)
		return OK;
	if (intake->ndecoder >= LIMIT_DECODERS)
		return push_refuse(conn, 429, "too many compressed bodies at once");
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

static struct span
list_of(const char *list)
{
	return list != NULL ? span_str(list) : (struct span){ NULL, 0 };
}

/* Host and application in the query, as Splunk's clients say them of raw lines. */
static void
claims_read(struct push *push, struct span query)
{
	struct intake_hint *hint = &push->hint;

	hint->host = utf8_cut(http_argument(query, "host", push->claim[0], FIELDS_BYTES),
	    LIMIT_NAME_BYTES);
	hint->app = http_argument(query, "sourcetype", push->claim[1], FIELDS_BYTES);
	if (hint->app.n == 0)
		hint->app = http_argument(query, "source", push->claim[1], FIELDS_BYTES);
	hint->app = utf8_cut(hint->app, LIMIT_NAME_BYTES);
}

/* Which fields are what, as VictoriaLogs' clients say it, or else the door. */
static enum err
hint_read(struct push *push, const struct http_head *head)
{
	struct intake_hint *hint = &push->hint;
	enum err rc;

	hint->format = push->door->format;
	hint->host_field = list_of(push->door->host);
	hint->app_field = list_of(push->door->app);
	if (push->door->claims)
		claims_read(push, head->query);
	rc = fields_take(head->query, "_msg_field", head->message_field, push->fields[0],
	    &hint->message_field);
	if (rc == OK)
		rc = fields_take(head->query, "_time_field", head->time_field, push->fields[1],
		    &hint->time_field);
	if (rc == OK)
		rc = fields_take(head->query, "_stream_fields", head->stream_fields,
		    push->fields[2], &hint->stream_fields);
	if (hint->message_field.n == 0)
		hint->message_field = list_of(push->door->message);
	if (hint->time_field.n == 0)
		hint->time_field = list_of(push->door->time);
	return rc;
}

/* Who may send: the origin of the rows, or a refusal (push->phase is then DISCARD). */
static enum err
sender_check(struct conn *conn, const struct http_head *head)
{
	const struct listener *listener = conn->listener;
	struct push *push = conn->u.push;
	struct span name;

	(void)conn_rename(conn);
	push->origin = conn->origin;
	/* Who enrols has nothing yet but a code. */
	if (push->door != NULL && push->door->handed == DOOR_ENROL)
		return OK;
	if (listener->conf.own && !conn->known && (listener->conf.clients ==
	    INTAKE_CLIENTS_REQUIRED || (push->door != NULL &&
	    push->door->handed == DOOR_RENEW)))
		return push_refuse(conn, 401, "certificate: this desk wants a certificate of its "
		    "own from who sends");
	if (listener->conf.ntoken > 0 && !(push->door != NULL && push->door->certificate)) {
		if (!answer_token(listener->token, listener->conf.ntoken, head->authorization,
		    &name))
			return push_refuse(conn, 401, "unknown name or secret");
		push->origin = intake_origin_of(conn, name);
	}
	push->class = sources_class(conn->intake->sources, push->origin);
	return OK;
}

/* What the request needs before its body is read. After a refusal the phase is no longer BODY. */
static enum err
body_begin(struct conn *conn, const struct http_head *head)
{
	struct push *push = conn->u.push;
	enum err rc;

	if (head->coding == HTTP_CODING_UNKNOWN || (push->door->begin == NULL ?
	    head->coding == HTTP_SNAPPY : push->door->begin(&push->request, head) != OK))
		return push_refuse(conn, 415, "content type or coding not supported");
	if (intake_is_overloaded(conn->intake))
		return push_refuse(conn, 429, "the store is behind");
	if (push->door->framing == DOOR_WHOLE && head->length > LIMIT_WHOLE_BYTES)
		return push_refuse(conn, 413, "body too long");
	if (push->door->handed != DOOR_KEPT && (!conn->listener->conf.own || head->chunked ||
	    head->length > LIMIT_ENROL_BYTES))
		return push_refuse(conn, 413, "format: an enrolment goes to a listener with "
		    "cert: own, with its length said, which is small");
	if (hint_read(push, head) != OK)
		return push_refuse(conn, 400, "a list of fields is too long");
	push->lines = (struct framing){ .kind = FRAMING_LINES, .first_done = true };
	rc = decoder_begin(conn, head);
	if (rc == OK && push->phase == PUSH_BODY && head->expects)
		conn_write(conn, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	push->expects = false;
	return rc;
}

static enum err
text_answer(struct conn *conn, const char *text)
{
	struct answer answer = { .status = 200 };
	struct buf body = { 0 };

	buf_str(&body, text);
	answer_send(conn, &answer, &body);
	buf_done(&body);
	conn->u.push->phase = PUSH_DISCARD;
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
		return push_refuse_and_close(conn, rc == ERR_FORMAT ? 400 :
		    rc == ERR_LIMIT ? 413 : 501, why.text);
	push->keep_alive = head.keep_alive && !conn->intake->stopping;
	push->no_body = head.method == HTTP_HEAD;
	push->expects = head.expects;
	http_body_begin(&push->body, &head);
	push->phase = PUSH_BODY;
	route = answer_route(&head);
	push->door = route != NULL ? route->door : NULL;
	/* Who asks only what there is has no token with him. */
	if (head.method != HTTP_OPTIONS)
		rc = sender_check(conn, &head);
	if (rc != OK || push->phase != PUSH_BODY)
		return rc;
	if (route == NULL)
		return push_refuse(conn, 404, "there is no such page; records are sent by POST to "
		    "/_bulk, /insert/jsonline, /insert/lines, /loki/api/v1/push, /v1/logs, "
		    "/services/collector or /upload");
	return push->door == NULL ?
	    text_answer(conn, route->text) : body_begin(conn, &head);
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
		return push_refuse_and_close(conn, 431, "request head too long");
	*in = span_sub(*in, (size > 0 ? size : push->head.n) - before, SIZE_MAX);
	if (size == 0)
		return OK;
	rc = head_take(conn, span_of(push->head.p, size));
	buf_done(&push->head);
	return rc;
}

/* ---- input ---- */

static enum err
push_input(struct conn *conn, struct span *io_input, int64_t recv_ns)
{
	enum err rc = OK;

	while (rc == OK && !conn->blocked && (io_input->n > 0 || conn->pending ||
	    push_body_is_over(conn))) {
		struct push *push = push_of(conn);

		/* Rows of this body would go beyond what the keeper can be behind. */
		if (intake_is_full(conn->intake) && (push->phase == PUSH_UNPACK ||
		    (push->phase == PUSH_BODY && io_input->n > 0)))
			break;

		if (push->phase == PUSH_HEAD)
			rc = head_collect(conn, io_input);
		else if (push->phase == PUSH_UNPACK)
			rc = push_unpack(conn, recv_ns);
		else
			rc = push_body_collect(conn, io_input, recv_ns);
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
		push->result = push->result != OK ? push->result : (uint8_t)result;
	push->settled = batch;
	if (push->phase != PUSH_WAIT || batch < push->last_batch)
		return OK;
	rc = push_request_answer(conn);
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
	if (push->phase == PUSH_WAIT || push->phase == PUSH_UNPACK)
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
