/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     hold the authority's key, read and write STATE/ca/, accept on STATE/run/agent.sock from
 *          root and the desk's own user, answer the intake, add rows to the ledger
 * may not: make a connection, read from the network, see a record, read or write the store
 * if it dies: nobody is enrolled, renewed or revoked until the next one begins; those who are let
 *          in stay so, with the intake; what it had begun is in the roll or never was
 *
 * One act after the other: row of the ledger on disk, roll on disk, intake told, answer given. In
 * this order: who is told that something was done can rely on it, and nothing is done that no row
 * tells of. A row may tell of a certificate that nobody got.
 */
#include "role/registrar_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "sys/sock.h"
#include "wire/wire.h"

enum {
	TURN_MS = 1000,
	SESSION_WAIT_MS = 2000,		/* root's or the desk's own, or it is not listened to */
	QUEUE_BYTES = 8 << 20,
	DESK_DAYS = 30,
	DAY_S = 86400,
};

int64_t
registrar_now_s(void)
{
	return clock_wall_ns() / 1000000000;
}

/* ---- the keeper ---- */

/* ---- the intake and the parent ---- */

static void
intake_take(struct registrar *r, int fd)
{
	chan_free(&r->intake);
	r->intake = chan_new(fd, WIRE_LIMIT, QUEUE_BYTES);
	registrar_tell(r);
}

static void
parent_read(void *ctx)
{
	struct registrar *r = ctx;
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(r->brief.parent, &msg, NULL)) == OK) {
		bool hello = msg.type == WIRE_HELLO && msg.fd >= 0 && msg.body.n > 0;

		if (hello && msg.body.p[0] == WIRE_INTAKE)
			intake_take(r, msg.fd);
		else if (hello)
			ledger_keeper(r->ledger, &r->keeper, msg.fd, QUEUE_BYTES);
		else
			file_close(&msg.fd);
		r->stopping |= msg.type == WIRE_STOP;
	}
	r->stopping |= rc != ERR_MORE;
}

static void
enrol_answer(struct registrar *r, const struct chan_msg *msg)
{
	struct buf body = { 0 }, text = { 0 }, out = { 0 };
	uint64_t tag = msg->tag;
	struct enrol enrol;

	/* The act waits for the keeper, and the parent may bring another intake meanwhile. */
	buf_span_put(&body, msg->body);
	if (enrol_read(&enrol, buf_span(&body), NULL) == OK) {
		buf_u16(&out, (uint16_t)registrar_enrol(r, &enrol, &text));
		buf_span_put(&out, buf_span(&text));
		/* Lost meanwhile: who waits there is told so by the intake. */
		if (r->intake != NULL)
			(void)chan_send(r->intake, &(struct chan_msg){ .type = WIRE_ENROLLED,
			    .tag = tag, .body = buf_span(&out) }, NULL);
	}
	explicit_bzero(body.p, body.n);
	buf_done(&body);
	buf_done(&text);
	buf_done(&out);
}

static void
intake_read(struct registrar *r)
{
	struct chan *chan = r->intake;
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = OK;

	(void)chan_flush(chan, NULL);
	/* An act looks at the parent's channel, which may bring another intake. */
	while (r->intake == chan && rc == OK && (rc = chan_recv(chan, &msg, &why)) == OK) {
		file_close(&msg.fd);
		rc = wire_check(msg.type, msg.body, &why);
		if (rc == OK && msg.type == WIRE_ENROL)
			enrol_answer(r, &msg);
	}
	if (r->intake != chan || rc == ERR_MORE)
		return;
	if (rc == ERR_FORMAT)
		(void)fprintf(stderr, "trucban: registrar: the intake sends nonsense: %s\n",
		    why.text);
	chan_free(&r->intake);
}

/* ---- the ledger ---- */

static void
wait_a_bit(void *ctx, int wait_ms)
{
	struct registrar *r = ctx;

	ledger_poll(r->ledger, &r->keeper, r->brief.parent, parent_read, r, wait_ms);
}

enum err
registrar_ledger(struct registrar *r, const struct ledger_act *act, struct why *why)
{
	const struct ledger_wait wait = { wait_a_bit, r, &r->stopping };

	return ledger_keep(r->ledger, act, 0, &wait, why);
}

/* ---- the unix socket ---- */

static void
session_answer(struct registrar *r, struct chan *chan, const char *who)
{
	struct agents_ask ask = { .what = 0 };
	struct buf out = { 0 }, answer = { 0 }, body = { 0 };
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc;

	rc = chan_recv_wait(chan, &msg, SESSION_WAIT_MS, &why);
	if (rc == OK) {
		file_close(&msg.fd);
		/* The act waits, and the next call on the channel would take this away. */
		buf_span_put(&body, msg.body);
		rc = msg.type == AGENTS_ASK ? agents_ask_read(&ask, buf_span(&body), &why) :
		    ERR_FORMAT;
	}
	if (rc == OK)
		rc = registrar_ask(r, &ask, who, &out, &why);
	agents_answer_put(&answer, rc, rc == OK ? buf_span(&out) : span_str(why.text));
	(void)chan_send_wait(chan, &(struct chan_msg){ .type = AGENTS_ANSWER,
	    .body = buf_span(&answer) }, SESSION_WAIT_MS, &why);
	if (out.p != NULL)
		explicit_bzero(out.p, out.n);
	if (answer.p != NULL)
		explicit_bzero(answer.p, answer.n);
	buf_done(&out);
	buf_done(&answer);
	buf_done(&body);
}

static void
session_refuse(struct chan *chan)
{
	struct buf answer = { 0 };

	agents_answer_put(&answer, ERR_DENIED, SPAN("only root and the desk's own user may ask "
	    "this"));
	(void)chan_send_wait(chan, &(struct chan_msg){ .type = AGENTS_ANSWER,
	    .body = buf_span(&answer) }, 0, NULL);
	buf_done(&answer);
}

/* One at a time: who may ask can be waited for. Nothing of others is read. */
static void
session(struct registrar *r)
{
	struct sock_peer peer;
	struct sock_addr addr;
	struct chan *chan;
	char who[32];
	int fd = -1;

	if (sock_accept(&fd, r->start->listen_fd[0], &addr, NULL) != OK)
		return;
	if (sock_peer_cred(fd, &peer, NULL) != OK) {
		file_close(&fd);
		return;
	}
	(void)snprintf(who, sizeof who, "uid %u", (unsigned)peer.uid);
	chan = chan_new(fd, AGENTS_LIMIT, QUEUE_BYTES);
	if (peer.uid == 0 || peer.uid == geteuid())
		session_answer(r, chan, who);
	else
		session_refuse(chan);
	chan_free(&chan);
}

/* ---- the loop ---- */

/* Long before its end, and only when there is somebody to tell. */
static void
desk_renew(struct registrar *r)
{
	struct why why = { "" };

	if (registrar_now_s() - r->desk_s < (int64_t)DESK_DAYS * DAY_S)
		return;
	if (registrar_desk(r, &why) == OK)
		registrar_tell(r);
	else
		(void)fprintf(stderr, "trucban: registrar: %s\n", why.text);
}

static void
turn(struct registrar *r)
{
	struct pollfd set[4] = { { .fd = chan_fd(r->brief.parent), .events = POLLIN },
	    { .fd = r->keeper != NULL ? chan_fd(r->keeper) : -1, .events = POLLIN },
	    { .fd = r->intake != NULL ? chan_fd(r->intake) : -1, .events = POLLIN },
	    { .fd = r->start->listen_fd[0], .events = POLLIN } };
	bool busy = false;

	if (r->keeper != NULL && chan_queued(r->keeper) > 0)
		set[1].events |= POLLOUT;
	if (r->intake != NULL && chan_queued(r->intake) > 0)
		set[2].events |= POLLOUT;
	busy = poll(set, 4, TURN_MS) > 0;
	if (busy && set[0].revents != 0)
		parent_read(r);
	if (busy && r->keeper != NULL && set[1].revents != 0)
		ledger_read(r->ledger, &r->keeper);
	if (busy && r->intake != NULL && set[2].revents != 0)
		intake_read(r);
	if (busy && set[3].revents != 0)
		session(r);
	if (r->keeper == NULL)
		brief_lost_keeper(&r->brief, WIRE_REGISTRAR);
	(void)chan_flush(r->brief.parent, NULL);
	desk_renew(r);
}

/* ---- start ---- */

static enum err
rights_drop(const struct registrar *r, struct why *why)
{
	const int dir[1] = { r->start->store_fd };
	const struct sandbox s = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE |
	    SANDBOX_NET, .write_dir = dir, .nwrite_dir = 1 };

	return brief_sandbox(&s, "registrar", why);
}

static enum err
begin(struct registrar *r, struct why *why)
{
	enum err rc;

	rc = brief_take(&r->brief, r->start->parent_fd, false, false, why);
	if (rc == OK && (r->start->nlisten != 1 || r->start->store_fd < 0))
		rc = why_set(why, ERR_FORMAT, "%d sockets", r->start->nlisten);
	if (rc == OK)
		rc = brief_drop_rights(&r->brief, why);
	/* Nobody else of this user's may look into a process that holds a key. */
	if (rc == OK)
		rc = proc_limit(&(struct proc_limits){ .files = 64, .secret = true }, why);
	if (rc != OK)
		return rc;
	registrar_names(r);
	rc = registrar_open(r, why);
	if (rc == OK)
		rc = registrar_desk(r, why);
	return rc == OK ? rights_drop(r, why) : rc;
}

int
registrar_main(const struct role_start *start)
{
	struct registrar *r = xcalloc(1, sizeof *r);
	struct why why = { "" };
	char host[256] = "";

	r->start = start;
	(void)gethostname(host, sizeof host - 1);
	if (begin(r, &why) != OK) {
		(void)fprintf(stderr, "trucban: registrar: %s\n", why.text);
		authority_free(&r->authority);
		return 3;
	}
	r->ledger = ledger_new(NULL, WIRE_REGISTRAR, host);
	for (int i = 0; i < start->nchan; i++)
		if (start->chan_role[i] == WIRE_INTAKE)
			intake_take(r, start->chan_fd[i]);
		else
			ledger_keeper(r->ledger, &r->keeper, start->chan_fd[i], QUEUE_BYTES);
	brief_ready(&r->brief, "run/agent.sock");
	while (!r->stopping)
		turn(r);
	authority_free(&r->authority);
	explicit_bzero(r->key.p, r->key.n);
	return 0;
}
