/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     accept on STATE/run/import.sock, parse what imports send, send rows to the keeper, add
 *          rows to the ledger
 * may not: open a file, make a connection, see a key of the store, read what is stored
 * if it dies: imports under way end with an error; started again they go on behind what is on
 *          disk, and no record is there twice: the place is in the same frame as the rows
 *
 * A job is one file of one import: its octets come from a session, its batches fly to the keeper,
 * its row of the ledger is written when all have landed, and then who imports is told.
 */
#include "role/importer_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/random.h"
#include "sys/sandbox.h"
#include "sys/sock.h"
#include "wire/wire.h"
#include "role/crash.h"

/* ---- sessions ---- */

static enum err
file_begin(struct importer *im, struct session *s, const struct chan_msg *msg, struct why *why)
{
	struct source like = { .trust = TRUST_CLAIM, .peer = SPAN("unix"),
	    .identity = span_str(s->who) };
	struct import_file file;
	char class[LIMIT_NAME_BYTES + 1];
	int index;
	enum err rc;

	rc = import_file_read(&file, msg->body, why);
	if (rc != OK || s->job != NULL)
		return ERR_FORMAT;
	(void)snprintf(class, sizeof class, "%.*s", (int)file.class.n,
	    (const char *)file.class.p);
	index = conf_class_index(&im->brief.conf, class);
	if (index < 0) {
		(void)why_set(why, ERR_ABSENT, "there is no class %s", class);
		job_refuse(s, msg->tag, ERR_ABSENT, why->text);
		return OK;
	}
	like.class = (uint8_t)index;
	like.unit = file.unit;
	job_new(im, s, msg->tag, &file, &like);
	return OK;
}

static enum err
message(struct importer *im, struct session *s, const struct chan_msg *msg, struct why *why)
{
	struct import_ended ended;
	struct job *job = s->job;

	switch (msg->type) {
	case IMPORT_FILE:
		return file_begin(im, s, msg, why);
	case IMPORT_DATA:
		if (job != NULL)
			content_take(job->content, msg->body, clock_wall_ns());
		break;
	case IMPORT_END:
		if (import_ended_read(&ended, msg->body, why) != OK)
			return ERR_FORMAT;
		s->job = NULL;
		if (job == NULL)
			break;
		job->ended = ended;
		content_end(job->content, (enum import_end)ended.end, clock_wall_ns());
		break;
	default:
		return ERR_FORMAT;
	}
	if (job != NULL)
		job_tend(im, job);
	return OK;
}

/* May its octets be taken now? */
static bool
session_reads(const struct importer *im, const struct session *s)
{
	return s->chan != NULL && !s->gone && im->keeper != NULL && !im->stopping &&
	    im->flying < LIMIT_UNACKED_BYTES && im->next - im->first < FLIGHTS / 2 &&
	    im->njob < JOBS && chan_queued(s->chan) < SESSION_QUEUE / 2 &&
	    (s->job == NULL || content_state(s->job->content) != CONTENT_ASKS);
}

static void
session_read(struct importer *im, struct session *s)
{
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = OK;

	for (int i = 0; i < TURN_MESSAGES && rc == OK && session_reads(im, s); i++) {
		rc = chan_recv(s->chan, &msg, &why);
		if (rc != OK)
			break;
		file_close(&msg.fd);
		rc = message(im, s, &msg, &why);
	}
	s->more = rc == OK;
	s->gone |= rc != OK && rc != ERR_MORE;
}

/* What came of its file is kept, up to the last whole record. */
static void
session_close(struct importer *im, struct session *s)
{
	struct job *job = s->job;

	if (job != NULL && content_state(job->content) != CONTENT_FLOWS) {
		job->session->job = NULL;
		job->ask = 0;
		job_free(im, job);
	} else if (job != NULL) {
		content_end(job->content, IMPORT_BROKEN, clock_wall_ns());
	}
	for (job = im->jobs; job != NULL; job = job->next)
		if (job->session == s)
			job->session = NULL;
	chan_free(&s->chan);
	*s = (struct session){ 0 };
}

static void
sessions_close(struct importer *im)
{
	for (unsigned i = 0; i < SESSIONS; i++)
		if (im->session[i].gone)
			session_close(im, &im->session[i]);
}

static void
session_accept(struct importer *im)
{
	struct sock_peer peer;
	struct sock_addr addr;
	struct why why;
	int fd = -1;

	for (unsigned i = 0; i < SESSIONS; i++) {
		struct session *s = &im->session[i];

		if (s->chan != NULL)
			continue;
		if (sock_accept(&fd, im->start->listen_fd[0], &addr, &why) != OK)
			return;
		if (sock_peer_cred(fd, &peer, &why) != OK) {
			file_close(&fd);
			return;
		}
		*s = (struct session){ .chan = chan_new(fd, IMPORT_LIMIT, SESSION_QUEUE) };
		(void)snprintf(s->who, sizeof s->who, "uid %u", (unsigned)peer.uid);
		fd = -1;
	}
}

/* ---- the loop ---- */

static void
parent_read(struct importer *im)
{
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(im->brief.parent, &msg, NULL)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0) {
			jobs_drop(im);
			sessions_close(im);
			importer_keeper(im, msg.fd);
			msg.fd = -1;
		}
		file_close(&msg.fd);
		im->stopping |= msg.type == WIRE_STOP;
	}
	im->stopping |= rc != ERR_MORE;
}

static void
count_put(struct buf *out, const char *name, uint64_t value)
{
	buf_bytes(out, span_str(name));
	buf_varint(out, value);
}

static void
tick(struct importer *im)
{
	struct buf body = { 0 };

	im->tick_ns = clock_mono_ns();
	if (im->keeper == NULL)
		brief_lost_keeper(&im->brief, WIRE_IMPORTER);
	(void)chan_flush(im->brief.parent, NULL);
	if (!im->counted || im->keeper == NULL)
		return;
	im->counted = false;
	buf_varint(&body, 6);
	count_put(&body, "importer.records", im->count.rows);
	count_put(&body, "importer.records_unparsed", im->count.unparsed);
	count_put(&body, "importer.records_cut", im->count.cut);
	count_put(&body, "importer.bytes_cut", im->count.cut_bytes);
	count_put(&body, "importer.records_refused", im->count.refused);
	count_put(&body, "importer.records_empty", im->count.empty);
	importer_keeper_send(im, WIRE_COUNTERS, 0, buf_span(&body));
	buf_done(&body);
}

static nfds_t
watch(const struct importer *im, struct pollfd *set, int *io_wait_ms)
{
	bool room = false;
	nfds_t n = 0;

	set[n++] = (struct pollfd){ .fd = chan_fd(im->brief.parent), .events = POLLIN };
	set[n] = (struct pollfd){ .fd = im->keeper != NULL ? chan_fd(im->keeper) : -1,
	    .events = POLLIN };
	if (im->keeper != NULL && chan_queued(im->keeper) > 0)
		set[n].events |= POLLOUT;
	n++;
	for (unsigned i = 0; i < SESSIONS; i++) {
		const struct session *s = &im->session[i];

		room |= s->chan == NULL;
		set[n] = (struct pollfd){ .fd = s->chan != NULL ? chan_fd(s->chan) : -1 };
		if (session_reads(im, s))
			set[n].events |= POLLIN;
		if (s->more && session_reads(im, s))
			*io_wait_ms = 0;
		if (s->chan != NULL && chan_queued(s->chan) > 0)
			set[n].events |= POLLOUT;
		n++;
	}
	set[n++] = (struct pollfd){ .fd = room && im->keeper != NULL && !im->stopping ?
	    im->start->listen_fd[0] : -1, .events = POLLIN };
	return n;
}

static void
turn(struct importer *im)
{
	struct pollfd set[SESSIONS + 3];
	int wait_ms = TICK_MS;
	nfds_t n = watch(im, set, &wait_ms);

	if (poll(set, n, wait_ms) < 0)
		return;
	if (set[0].revents != 0)
		parent_read(im);
	if (im->keeper != NULL && (set[1].revents & POLLOUT) != 0)
		(void)chan_flush(im->keeper, NULL);
	if (set[1].revents != 0)
		importer_keeper_read(im);
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct session *s = &im->session[i];

		if (s->chan != NULL && (set[i + 2].revents & POLLOUT) != 0)
			(void)chan_flush(s->chan, NULL);
		/* A frame may be there whole already, read with the one before. */
		if (session_reads(im, s))
			session_read(im, s);
		else if (s->chan != NULL && (set[i + 2].revents & (POLLHUP | POLLERR)) != 0)
			s->gone = true;
	}
	if (im->keeper == NULL)
		jobs_drop(im);
	sessions_close(im);
	jobs_tend(im);
	if (set[n - 1].revents != 0)
		session_accept(im);
	if (clock_mono_ns() - im->tick_ns > (int64_t)TICK_MS * 1000000)
		tick(im);
}

/* Numbers are never used again: a new life begins with all of them. */
static bool
is_worn(const struct importer *im)
{
	if (im->njob > 0 || (cutter_shapes(im->cutter) < LIMIT_SHAPES / WORN &&
	    sources_count(im->sources) < LIMIT_SOURCES / WORN))
		return false;
	for (unsigned i = 0; i < SESSIONS; i++)
		if (im->session[i].chan != NULL)
			return false;
	return true;
}

/* Ends what is begun: what came is stored, and its row of the ledger too. */
static void
stop(struct importer *im)
{
	im->stop_ns = clock_mono_ns();
	for (unsigned i = 0; i < SESSIONS; i++)
		im->session[i].gone = im->session[i].chan != NULL;
	sessions_close(im);
	while (im->jobs != NULL && im->keeper != NULL &&
	    clock_mono_ns() - im->stop_ns < (int64_t)STOP_S * 1000000000)
		turn(im);
	tick(im);
}

static enum err
rights_drop(struct importer *im, struct why *why)
{
	const struct proc_limits limits = { .files = 64 };
	const struct sandbox sandbox = { .groups = SANDBOX_NET };
	enum err rc;

	rc = proc_limit(&limits, why);
	if (rc == OK)
		rc = brief_drop_rights(&im->brief, why);
	if (rc == OK)
		rc = brief_sandbox(&sandbox, "importer", why);
	return rc;
}

static void
open_all(struct importer *im)
{
	const struct source other = { .trust = TRUST_CLAIM, .listener = SPAN("import") };
	char host[256] = "";

	(void)gethostname(host, sizeof host - 1);
	im->cutter = cutter_new(&im->brief.conf, "");
	cutter_suspects(im->cutter, im->brief.suspect, im->brief.nsuspect);
	crash_watch(chan_fd(im->brief.parent));
	im->sources = sources_new(random_u64());
	im->ledger = ledger_new(NULL, WIRE_IMPORTER, host);
	im->desk = (struct content_desk){ .cutter = im->cutter, .sources = im->sources,
	    .other = sources_other(im->sources, &other), .first_id = FIRST_ID,
	    .send = importer_batch, .arg = im };
	if (im->start->nchan > 0)
		importer_keeper(im, im->start->chan_fd[0]);
}

int
importer_main(const struct role_start *start)
{
	struct importer *im = xcalloc(1, sizeof *im);
	struct why why = { "" };
	enum err rc;

	im->start = start;
	rc = brief_take(&im->brief, start->parent_fd, false, false, &why);
	if (rc == OK && start->nlisten != 1)
		rc = why_set(&why, ERR_FORMAT, "%d sockets", start->nlisten);
	if (rc == OK)
		rc = rights_drop(im, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: importer: %s\n", why.text);
		return 3;
	}
	open_all(im);
	brief_ready(&im->brief, "run/import.sock");
	while (!im->stopping && !is_worn(im))
		turn(im);
	stop(im);
	return 0;
}
