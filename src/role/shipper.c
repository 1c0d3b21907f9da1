/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     write the spool, connect to the desk that the configuration names, take batches of its
 *          writers
 * may not: read any other file, accept a connection, look into a record, do anything that the desk
 *          says but going on
 * if it dies: what was acknowledged is in the spool; writers send the rest again; the desk knows
 *          which rows it has, so that the next one goes on behind them
 *
 * The keeper of a relay: it has the keeper's end of the channels of intake and collector. Batches
 * go into the spool, are acknowledged when they are on disk, and then go to the desk in their
 * order. doc/formats/relay.md.
 */
#include "role/shipper_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "sys/sandbox.h"

enum { TICK_MS = 1000 };

static void
parent_read(struct shipper *s)
{
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(s->brief.parent, &msg, NULL)) == OK) {
		struct cur in = cur_of(msg.body);

		if (msg.type == WIRE_HELLO && msg.fd >= 0) {
			ship_writer_open(s, msg.fd, cur_u8(&in));
			msg.fd = -1;
		}
		file_close(&msg.fd);
		s->stopping |= msg.type == WIRE_STOP;
	}
	s->stopping |= rc != ERR_MORE;
}

static void
tick(struct shipper *s)
{
	struct spool_state state;

	s->tick_ns = clock_mono_ns();
	spool_tell(s->spool, &state);
	if (state.damaged > s->damaged)
		(void)fprintf(stderr, "trucban: shipper: the spool was damaged, %llu records or "
		    "more are lost: check the disk\n",
		    (unsigned long long)(state.lost_rows - s->lost_rows));
	ship_count(s, "spool.damaged", state.damaged - s->damaged);
	ship_count(s, "spool.rows_lost", state.lost_rows - s->lost_rows);
	s->damaged = state.damaged;
	s->lost_rows = state.lost_rows;
	if (s->group.stuck)
		ship_group_write(s);
	ship_counters_save(s);
	ship_status_write(s);
	(void)chan_flush(s->brief.parent, NULL);
}

static unsigned
watch(struct shipper *s, struct curl_waitfd *set, int *io_wait_ms)
{
	unsigned n = 0;

	set[n++] = (struct curl_waitfd){ .fd = chan_fd(s->brief.parent),
	    .events = CURL_WAIT_POLLIN };
	for (unsigned i = 0; i < SHIP_LINES; i++) {
		struct ship_writer *w = &s->writer[i];

		if (w->chan == NULL)
			continue;
		set[n] = (struct curl_waitfd){ .fd = chan_fd(w->chan) };
		if (ship_takes(s))
			set[n].events |= CURL_WAIT_POLLIN;
		if (chan_queued(w->chan) > 0)
			set[n].events |= CURL_WAIT_POLLOUT;
		if (w->more && ship_takes(s))
			*io_wait_ms = 0;
		n += set[n].events != 0;
	}
	return n;
}

static void
turn(struct shipper *s)
{
	struct curl_waitfd set[SHIP_LINES + 1];
	int wait_ms = TICK_MS, ready = 0;
	unsigned n;

	ship_line_turn(s, &wait_ms);
	n = watch(s, set, &wait_ms);
	(void)curl_multi_poll(s->line.multi, set, n, wait_ms, &ready);
	parent_read(s);
	for (unsigned i = 0; i < SHIP_LINES; i++) {
		struct ship_writer *w = &s->writer[i];

		if (w->chan != NULL && chan_queued(w->chan) > 0)
			(void)chan_flush(w->chan, NULL);
		if (w->chan != NULL && ship_takes(s))
			ship_writer_read(s, w);
		if (w->chan != NULL && w->lost)
			ship_writer_close(s, w);
	}
	if (clock_mono_ns() - s->tick_ns >= (int64_t)TICK_MS * 1000000)
		tick(s);
}

/* ---- start ---- */

static enum err
rights_drop(struct shipper *s, struct why *why)
{
	static const char *const fixed[] = { "/etc/resolv.conf", "/etc/hosts",
	    "/etc/nsswitch.conf", "/etc/gai.conf" };
	int read_dir[4], write_dir[1] = { s->start->store_fd };
	struct sandbox sandbox = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE |
	    SANDBOX_NET | SANDBOX_NET_OUT | SANDBOX_THREADS, .read_dir = read_dir,
	    .write_dir = write_dir, .nwrite_dir = 1 };
	enum err rc;

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		int fd = open(fixed[i], O_PATH | O_CLOEXEC);

		if (fd >= 0)
			read_dir[sandbox.nread_dir++] = fd;
	}
	rc = brief_sandbox(&sandbox, "shipper", why);
	for (unsigned i = 0; i < sandbox.nread_dir; i++)
		(void)close(read_dir[i]);
	return rc;
}

static enum err
open_all(struct shipper *s, struct why *why)
{
	enum err rc;

	rc = spool_open(&s->spool, s->start->store_fd,
	    (uint64_t)s->brief.conf.forward_spool_bytes, random_u64() | 1, why);
	if (rc != OK)
		return rc;
	ship_counters_load(s);
	for (int i = 0; i < s->start->nchan; i++)
		ship_writer_open(s, s->start->chan_fd[i], s->start->chan_role[i]);
	ship_state_set(s, TROUBLE_FIRST, "");
	return OK;
}

int
shipper_main(const struct role_start *start)
{
	struct shipper *s = xcalloc(1, sizeof *s);
	struct why why = { "" };
	enum err rc;

	s->start = start;
	rc = brief_take(&s->brief, start->parent_fd, false, false, &why);
	if (rc == OK && !conf_forwards(&s->brief.conf))
		rc = why_set(&why, ERR_FORMAT, "the configuration names no desk to send to");
	if (rc == OK)
		rc = ship_line_open(s, &why);
	if (rc == OK)
		rc = brief_drop_rights(&s->brief, &why);
	if (rc == OK)
		rc = rights_drop(s, &why);
	if (rc == OK)
		rc = open_all(s, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: shipper: %s\n", why.text);
		return 3;
	}
	brief_ready(&s->brief, s->brief.conf.forward_to);
	while (!s->stopping && !s->broken)
		turn(s);
	ship_counters_save(s);
	ship_status_write(s);
	ship_line_close(s);
	spool_free(&s->spool);
	return s->broken ? 3 : 0;
}
