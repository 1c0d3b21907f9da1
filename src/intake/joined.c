/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog's TCP door for sources whose records have several lines (model/join.h): lines are held
 * until it is known that the record has ended.
 *
 *	line --- goes on with what is held? ---> held too
 *	 `------ it does not, or a limit is reached: what is held is a record; the line is held
 *
 * What has an end of its own is never joined: counted frames, frames that end with NUL, and lines
 * with a syslog priority in front, each of which is a message with its own time and severity. So a
 * relay that sends for many hosts over one connection cannot have their lines mixed up. A sender
 * that says nothing for LIMIT_JOIN_PAUSE_S has ended its record, unless it is us who do not read.
 * Owns what is held; a listener without a rule never comes here.
 */
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "intake/conn.h"
#include "intake/intake_int.h"

struct joined {
	struct framing framing;
	struct join_state state;
	struct buf hold;		/* lines with LF between them */
	uint64_t cut;			/* octets of its one line that were not kept */
	int64_t recv_ns;		/* of its first line */
	unsigned quiet;			/* ticks since the last line */
};

static void
joined_begin(struct conn *conn)
{
	conn->u.joined = xcalloc(1, sizeof *conn->u.joined);
}

/* What is held is a record. */
static void
hold_give(struct conn *conn)
{
	struct joined *j = conn->u.joined;
	struct frame frame = { buf_span(&j->hold), j->cut };

	if (j->state.lines > 0)
		syslog_record(conn, &frame, j->recv_ns);
	j->state = (struct join_state){ .lines = 0 };
	j->cut = 0;
	buf_done(&j->hold);
}

static bool
has_room(const struct conn *conn, const struct frame *frame)
{
	const struct joined *j = conn->u.joined;
	size_t need = j->hold.n + 1 + frame->record.n;

	return need <= LIMIT_JOIN_BYTES && j->state.lines < LIMIT_JOIN_LINES &&
	    need <= conn_most(conn, j->hold.cap) && j->cut == 0 && frame->cut == 0;
}

static bool
goes_on(struct conn *conn, const struct frame *frame)
{
	struct joined *j = conn->u.joined;
	bool room = has_room(conn, frame);

	if (j->state.lines == 0 ||
	    !join_goes_on(&conn->listener->conf.join, &j->state, frame->record))
		return false;
	conn->listener->count.split += !room;
	return room;
}

static void
line_take(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	struct joined *j = conn->u.joined;

	if (goes_on(conn, frame)) {
		buf_u8(&j->hold, '\n');
		buf_span_put(&j->hold, frame->record);
		return;
	}
	hold_give(conn);
	if (join_is_empty(frame->record)) {
		syslog_record(conn, frame, recv_ns);
		return;
	}
	join_begin(&conn->listener->conf.join, &j->state, frame->record);
	buf_span_put(&j->hold, frame->record);
	j->cut = frame->cut;
	j->recv_ns = recv_ns;
}

static void
frame_take(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	if (conn->u.joined->framing.kind == FRAMING_LINES) {
		line_take(conn, frame, recv_ns);
		return;
	}
	hold_give(conn);
	syslog_record(conn, frame, recv_ns);
}

static enum err
joined_input(struct conn *conn, struct span *io_input, int64_t recv_ns)
{
	struct joined *j = conn->u.joined;
	struct span all = *io_input;
	uint64_t broken = j->framing.broken;
	struct frame frame;
	enum err rc;

	j->quiet = 0;
	do {
		rc = framing_next(&j->framing, io_input,
		    conn_most(conn, framing_held(&j->framing)), &frame);
		if (rc == OK)
			frame_take(conn, &frame, recv_ns);
	} while (rc == OK);
	if (rc == ERR_FORMAT && framing_end(&j->framing, &frame) == OK)
		frame_take(conn, &frame, recv_ns);
	if (rc == ERR_FORMAT)
		hold_give(conn);
	if (j->framing.broken != broken)
		syslog_broken(conn, j->framing.broken - broken, all);
	return rc == ERR_FORMAT ? rc : OK;
}

static enum err
joined_input_end(struct conn *conn, int64_t recv_ns)
{
	struct frame frame;

	if (framing_end(&conn->u.joined->framing, &frame) == OK)
		frame_take(conn, &frame, recv_ns);
	hold_give(conn);
	return ERR_ABSENT;
}

static enum err
joined_settled(struct conn *conn, uint64_t batch, enum err result)
{
	(void)conn;
	(void)batch;
	(void)result;
	return OK;
}

static bool
joined_expired(struct conn *conn, int64_t now_ns)
{
	(void)conn;
	(void)now_ns;
	return false;
}

/* A line that is begun and has no end yet is not waited for: it may never come. */
static void
joined_tick(struct conn *conn)
{
	struct joined *j = conn->u.joined;

	if (!conn->reading || conn->rest.n > 0 || intake_is_full(conn->intake))
		j->quiet = 0;
	else if (j->quiet++ >= LIMIT_JOIN_PAUSE_S)
		hold_give(conn);
}

/* Who was sent away before its end: what came is a record all the same. */
static void
joined_end(struct conn *conn)
{
	(void)joined_input_end(conn, clock_wall_ns());
	framing_done(&conn->u.joined->framing);
	buf_done(&conn->u.joined->hold);
	free(conn->u.joined);
	conn->u.joined = NULL;
}

static size_t
joined_held(const struct conn *conn)
{
	return framing_held(&conn->u.joined->framing) + conn->u.joined->hold.cap;
}

const struct conn_kind joined_kind = {
	.begin = joined_begin,
	.input = joined_input,
	.input_end = joined_input_end,
	.settled = joined_settled,
	.expired = joined_expired,
	.tick = joined_tick,
	.end = joined_end,
	.held = joined_held,
};
