/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of conn.h.
 *
 *	accepted -> HANDSHAKE (TLS only) -> OPEN -> CLOSING -> gone
 *
 * Reading is switched off in three cases: the keeper is behind (intake->paused), the protocol
 * takes nothing (blocked), or the peer does not read what we write. It is switched off lazily,
 * when the event comes, and on again from the list of idle ones: a pause costs only those that
 * send. conn_end is called from the outermost function of an event only, never from a protocol.
 */
#include "intake/conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "intake/enrols.h"
#include "intake/intake_int.h"
#include "intake/octets.h"

enum {
	READS_A_TURN = 2,	/* then it is somebody else's turn */
	NS_PER_S = 1000000000,
};

static void	conn_readable(evutil_socket_t fd, short what, void *arg);
static void	conn_writable(evutil_socket_t fd, short what, void *arg);

/* ---- lists ---- */

static void
list_add(struct conn *conn)
{
	struct conn **head = &conn->intake->conns;

	conn->next = *head;
	conn->back = head;
	if (*head != NULL)
		(*head)->back = &conn->next;
	*head = conn;
}

void
conn_wait(struct conn *conn, uint8_t class)
{
	struct conn **head = &conn->intake->waiting[class];

	if (conn->wait_back != NULL)
		return;
	conn->wait_next = *head;
	conn->wait_back = head;
	if (*head != NULL)
		(*head)->wait_back = &conn->wait_next;
	*head = conn;
}

void
conn_wait_end(struct conn *conn)
{
	if (conn->wait_back == NULL)
		return;
	*conn->wait_back = conn->wait_next;
	if (conn->wait_next != NULL)
		conn->wait_next->wait_back = conn->wait_back;
	conn->wait_back = NULL;
	conn->wait_next = NULL;
}

static void
idle_remove(struct conn *conn)
{
	struct conn **at = &conn->intake->idle;

	if (!conn->listed_idle)
		return;
	while (*at != conn)
		at = &(*at)->idle_next;
	*at = conn->idle_next;
	conn->listed_idle = false;
}

/* ---- begin and end ---- */

/* Dead peers are found by the kernel: silence is normal for a source of logs. */
static void
socket_tune(int fd)
{
	int on = 1, idle_s = 120, every_s = 30, times = 4;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/*
 * All places for handshakes are taken: the one that has stood longest goes, if it had its time.
 * So whoever only opens connections cannot keep the others out for LIMIT_HANDSHAKE_S.
 */
static bool
handshake_make_room(struct intake *intake)
{
	struct conn *oldest = NULL;

	for (struct conn *conn = intake->conns; conn != NULL; conn = conn->next)
		if (conn->state == CONN_HANDSHAKE)
			oldest = conn;		/* new ones are put in front */
	if (oldest == NULL || clock_mono_ns() - oldest->since_ns < NS_PER_S)
		return false;
	oldest->listener->count.handshakes_bad++;
	conn_end(oldest);
	return true;
}

/* False when a limit refuses it. The listener's "other" origin has no limit per peer. */
static bool
conn_allowed(struct listener *listener, uint32_t peer)
{
	struct intake *intake = listener->intake;
	unsigned per_peer = intake->conf.per_peer > 0 ? intake->conf.per_peer :
	    LIMIT_PEER_CONNECTIONS;

	if (intake->stopping || intake->nconn >= LIMIT_CONNECTIONS)
		return false;
	if (listener->tls != NULL && intake->nhandshake >= LIMIT_HANDSHAKES &&
	    !handshake_make_room(intake))
		return false;
	return sources_is_other(intake->sources, peer) ||
	    *sources_connections(intake->sources, peer) < per_peer;
}

static void
conn_opened(struct conn *conn)
{
	conn->state = CONN_OPEN;
	conn->listener->kind->begin(conn);
}

void
conn_begin(struct listener *listener, int fd, struct span peer_text)
{
	struct intake *intake = listener->intake;
	uint32_t peer = intake_origin(listener, peer_text);
	struct conn *conn;

	if (!conn_allowed(listener, peer)) {
		listener->count.over_limit++;
		file_close(&fd);
		return;
	}
	conn = xcalloc(1, sizeof *conn);
	conn->intake = intake;
	conn->listener = listener;
	conn->fd = fd;
	must(peer_text.n < sizeof conn->address);
	memcpy(conn->address, peer_text.p, peer_text.n);
	conn->peer = peer;
	conn->origin = conn->next_origin = peer;
	conn->class = listener->conf.class;
	conn->unit = listener->conf.unit;
	conn->since_ns = conn->active_ns = clock_mono_ns();
	list_add(conn);
	intake->nconn++;
	listener->count.accepted++;
	listener->count.connections++;
	++*sources_connections(intake->sources, peer);
	socket_tune(fd);
	event_assign(&conn->read_event, intake->base, fd, EV_READ | EV_PERSIST, conn_readable,
	    conn);
	event_assign(&conn->write_event, intake->base, fd, EV_WRITE, conn_writable, conn);
	must(event_add(&conn->read_event, NULL) == 0);
	conn->reading = true;
	if (listener->tls != NULL) {
		conn->ssl = tls_begin(listener->tls, fd, &conn->shown);
		conn->state = CONN_HANDSHAKE;
		intake->nhandshake++;
	} else {
		conn_opened(conn);
	}
}

static void
held_update(struct conn *conn)
{
	size_t held = 0;

	if (conn->state != CONN_HANDSHAKE)
		held = conn->listener->kind->held(conn) + conn->rest.cap;
	conn->intake->held += held - conn->held;
	conn->held = held;
	conn->intake->replies += conn->out.cap - conn->reply;
	conn->reply = conn->out.cap;
}

void
conn_end(struct conn *conn)
{
	struct intake *intake = conn->intake;

	conn_wait_end(conn);
	idle_remove(conn);
	*conn->back = conn->next;
	if (conn->next != NULL)
		conn->next->back = conn->back;
	if (conn->state == CONN_HANDSHAKE)
		intake->nhandshake--;
	else
		conn->listener->kind->end(conn);
	intake->held -= conn->held;
	intake->replies -= conn->reply;
	event_del(&conn->read_event);
	event_del(&conn->write_event);
	if (conn->ssl != NULL) {
		if (conn->state != CONN_HANDSHAKE)
			(void)SSL_shutdown(conn->ssl);
		ERR_clear_error();
		SSL_free(conn->ssl);
	}
	file_close(&conn->fd);
	buf_done(&conn->out);
	buf_done(&conn->rest);
	free(conn->shown);
	--*sources_connections(intake->sources, conn->peer);
	conn->listener->count.connections--;
	intake->nconn--;
	free(conn);
}

struct span
conn_peer(const struct conn *conn)
{
	return span_str(conn->address);
}

size_t
conn_most(const struct conn *conn, size_t held)
{
	size_t others = conn->intake->held - conn->held;

	if (others + LIMIT_RECORD_BYTES <= LIMIT_PARTIAL_BYTES)
		return LIMIT_RECORD_BYTES;
	if (others >= LIMIT_PARTIAL_BYTES)
		return held;
	return LIMIT_PARTIAL_BYTES - others > held ? LIMIT_PARTIAL_BYTES - others : held;
}

/* ---- octets in and out ---- */

void
conn_write(struct conn *conn, struct span bytes)
{
	buf_span_put(&conn->out, bytes);
}

enum err
conn_push(struct conn *conn)
{
	while (conn->out_at < conn->out.n) {
		size_t n;
		enum io io = octets_write(conn->fd, conn->ssl,
		    span_sub(buf_span(&conn->out), conn->out_at, SIZE_MAX), &n);

		conn->out_at += n;
		if (io == IO_BROKEN || io == IO_END)
			return ERR_ABSENT;
		if (io != IO_OK) {
			(void)event_add(&conn->write_event, NULL);
			return OK;
		}
		conn->active_ns = clock_mono_ns();
	}
	buf_done(&conn->out);
	conn->out_at = 0;
	return OK;
}

/* ---- reading on and off ---- */

static bool
conn_may_read(const struct conn *conn)
{
	const struct intake *intake = conn->intake;

	if (conn->state == CONN_CLOSING || conn->blocked)
		return false;
	if (conn->out.n - conn->out_at > LIMIT_REPLY_BYTES)
		return false;
	/* A client that can be told to come later is read, so that it is told. */
	return !intake_is_full(intake) || (conn->listener->kind->is_light != NULL &&
	    intake_is_overloaded(intake) && conn->listener->kind->is_light(conn));
}

static void
conn_read_off(struct conn *conn)
{
	if (conn->reading)
		event_del(&conn->read_event);
	conn->reading = false;
	if (!conn->listed_idle && !conn->blocked) {
		conn->idle_next = conn->intake->idle;
		conn->intake->idle = conn;
		conn->listed_idle = true;
	}
}

static void
conn_read_on(struct conn *conn)
{
	if (!conn->reading)
		must(event_add(&conn->read_event, NULL) == 0);
	conn->reading = true;
	/* TLS may hold octets that the socket does not show any more. */
	if (conn->ssl != NULL || conn->rest.n > 0 || conn->pending)
		event_active(&conn->read_event, EV_READ, 0);
}

void
conn_resume_all(struct intake *intake)
{
	struct conn *conn = intake->idle;

	intake->idle = NULL;
	while (conn != NULL) {
		struct conn *next = conn->idle_next;

		conn->listed_idle = false;
		if (conn_may_read(conn))
			conn_read_on(conn);
		else if (!conn->blocked)
			conn_read_off(conn);
		conn = next;
	}
}

void
conn_unblock(struct conn *conn)
{
	conn->blocked = false;
	if (conn->state == CONN_OPEN)
		conn_read_on(conn);
}

/* ---- one event ---- */

/* After a protocol has had its say: send, and end when it is over. False: conn is gone. */
static bool
conn_after(struct conn *conn, enum err rc)
{
	if (rc != OK) {
		conn->state = CONN_CLOSING;
		conn_wait_end(conn);
	}
	if (conn_push(conn) != OK || (conn->state == CONN_CLOSING && conn->out.n == 0)) {
		conn_end(conn);
		return false;
	}
	if (conn->state == CONN_CLOSING)
		conn_read_off(conn);
	held_update(conn);
	return true;
}

/* Gives octets to the protocol; what it does not take is kept for later. */
static enum err
conn_feed(struct conn *conn, struct span in)
{
	enum err rc = conn->listener->kind->input(conn, &in, clock_wall_ns());

	if (rc == OK && in.n > 0) {
		must(conn->blocked || intake_is_full(conn->intake));
		buf_span_put(&conn->rest, in);
	}
	return rc;
}

/* Octets that were left come first. */
static enum err
conn_feed_rest(struct conn *conn)
{
	struct buf rest = conn->rest;
	enum err rc;

	conn->rest = (struct buf){ 0 };
	rc = conn_feed(conn, buf_span(&rest));
	buf_done(&rest);
	return rc;
}

static enum err
conn_eof(struct conn *conn)
{
	enum err rc = ERR_ABSENT;

	conn->eof = true;
	if (conn->listener->kind->input_end != NULL)
		rc = conn->listener->kind->input_end(conn, clock_wall_ns());
	if (rc == ERR_MORE) {
		conn->blocked = true;
		conn_read_off(conn);
		return OK;
	}
	return ERR_ABSENT;
}

/* False: conn is gone or not ready. */
static bool
conn_handshake(struct conn *conn)
{
	enum io io;
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(conn->ssl);
	if (rc == 1 && enrols_identify(conn)) {
		conn->intake->nhandshake--;
		conn->origin = conn->next_origin;
		conn_opened(conn);
		return true;
	}
	io = rc == 1 ? IO_BROKEN : octets_ssl(conn->ssl, rc);
	if (io == IO_AGAIN)
		return false;
	if (io == IO_WRITE_FIRST) {
		(void)event_add(&conn->write_event, NULL);
		return false;
	}
	conn_denied(conn, ERR_peek_error());
	conn_end(conn);
	return false;
}

/* No event tells of what was left: it is fed when reading goes on. */
static bool
conn_has_rest(struct conn *conn)
{
	if (conn->rest.n == 0 && !conn->pending)
		return false;
	conn_read_off(conn);
	return true;
}

static void
conn_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	struct intake *intake = conn->intake;

	(void)fd;
	(void)what;
	if (conn->state == CONN_HANDSHAKE && !conn_handshake(conn))
		return;
	for (unsigned i = 0; i < READS_A_TURN; i++) {
		enum err rc = OK;
		enum io io;
		size_t n;

		if (!conn_may_read(conn)) {
			conn_read_off(conn);
			return;
		}
		if (conn->rest.n > 0 || conn->pending) {
			intake->reads++;
			if (!conn_after(conn, conn_feed_rest(conn)) || conn_has_rest(conn))
				return;
			continue;
		}
		io = octets_read(conn->fd, conn->ssl, intake->read_buf, READ_BYTES, &n);
		if (n > 0) {
			intake->reads++;
			conn->active_ns = clock_mono_ns();
			rc = conn_feed(conn, span_of(intake->read_buf, n));
		}
		if (rc == OK && (io == IO_END || io == IO_BROKEN))
			rc = conn_eof(conn);
		if (!conn_after(conn, rc) || conn_has_rest(conn))
			return;
		if (io == IO_WRITE_FIRST) {
			conn->lone_write = true;
			(void)event_add(&conn->write_event, NULL);
		}
		if (io != IO_OK)
			return;
	}
	/* TLS may still hold what no event will tell of. */
	if (conn->ssl != NULL)
		event_active(&conn->read_event, EV_READ, 0);
}

static void
conn_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	if (conn->state == CONN_HANDSHAKE || conn->lone_write) {
		conn->lone_write = false;
		conn_readable(fd, what, arg);
		return;
	}
	if (!conn_after(conn, OK))
		return;
	if (conn->listed_idle && conn_may_read(conn)) {
		idle_remove(conn);
		conn_read_on(conn);
	}
}

/* ---- all of them ---- */

void
conn_settled(struct intake *intake, uint8_t class, uint64_t batch, enum err result)
{
	struct conn *conn = intake->waiting[class], *next;

	for (; conn != NULL; conn = next) {
		next = conn->wait_next;
		(void)conn_after(conn, conn->listener->kind->settled(conn, batch, result));
	}
}

void
conn_told(struct conn *conn, enum err rc)
{
	(void)conn_after(conn, rc);
}

static bool
conn_expired(const struct conn *conn, int64_t now)
{
	if (conn->state == CONN_HANDSHAKE)
		return now - conn->since_ns > (int64_t)LIMIT_HANDSHAKE_S * NS_PER_S;
	if (conn->out.n > 0)	/* the peer does not read its answers */
		return now - conn->active_ns > (int64_t)LIMIT_STALL_S * NS_PER_S;
	return false;
}

void
conn_stop_all(struct intake *intake)
{
	struct conn *conn = intake->conns, *next;

	for (; conn != NULL; conn = next) {
		next = conn->next;
		if (conn->state == CONN_OPEN && conn->listener->kind->input_end != NULL)
			(void)conn_after(conn, conn_eof(conn));
	}
}

void
conn_tick_all(struct intake *intake)
{
	for (struct conn *conn = intake->conns; conn != NULL; conn = conn->next) {
		if (conn->state != CONN_OPEN || conn->listener->kind->tick == NULL)
			continue;
		conn->listener->kind->tick(conn);
		held_update(conn);
	}
}

void
conn_sweep(struct intake *intake)
{
	int64_t now = clock_mono_ns();
	struct conn *conn = intake->conns, *next;

	for (; conn != NULL; conn = next) {
		next = conn->next;
		/* Who is not read now is not late. */
		if (!conn->reading && conn->listed_idle && conn->out.n == 0) {
			conn->active_ns = now;
			continue;
		}
		if (conn_expired(conn, now) || (conn->state == CONN_OPEN &&
		    conn->listener->kind->expired(conn, now))) {
			conn->listener->count.expired++;
			conn_end(conn);
		}
	}
}
