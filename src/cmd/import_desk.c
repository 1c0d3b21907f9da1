/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's side of the desk's door for imports: role/import.h. Sends without waiting for
 * answers, as long as the desk takes it; answers come as they come.
 */
#include "cmd/import.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/sock.h"
#include "parse/parse.h"

enum { CONNECT_MS = 2000, WAIT_MS = 200, QUEUE_BYTES = 1 << 20, STOP_S = 20 };

/* ---- what waits for an answer ---- */

static struct sent **
sent_find(struct run *run, uint64_t tag)
{
	struct sent **at = &run->sent;

	while (*at != NULL && (*at)->tag != tag)
		at = &(*at)->next;
	return at;
}

static void
sent_drop(struct run *run, struct sent **at)
{
	struct sent *sent = *at;

	*at = sent->next;
	if (*at == NULL)
		run->sent_last = at;
	run->nsent--;
	free(sent->name);
	free(sent);
}

static void
again_add(struct run *run, const struct sent *sent, struct span avoid)
{
	run->again = xreallocarray(run->again, run->nagain + 1, sizeof run->again[0]);
	run->again[run->nagain] = (struct again){ .index = sent->index };
	buf_span_put(&run->again[run->nagain++].avoid, avoid);
}

static enum err
answer_take(struct run *run, const struct chan_msg *msg, struct why *why)
{
	struct sent **at = sent_find(run, msg->tag);
	struct import_said said;
	struct import_done done;
	enum err rc;

	if (*at == NULL)
		return why_set(why, ERR_FORMAT, "the desk answers for a file that it did not get");
	if (msg->type == IMPORT_SAID) {
		rc = import_said_read(&said, msg->body, why);
		if (rc == OK)
			tell_said(run, *at, &said);
		return rc;
	}
	if (msg->type != IMPORT_DONE)
		return why_set(why, ERR_FORMAT, "the desk says something that is not known");
	rc = import_done_read(&done, msg->body, why);
	if (rc != OK)
		return rc;
	if (done.err == ERR_MORE && (*at)->trouble.text[0] == '\0' && !*run->cancelled) {
		again_add(run, *at, done.avoid);
		tell_part(run, &done);
	} else {
		tell_done(run, *at, &done);
	}
	sent_drop(run, at);
	return OK;
}

/* What is there of answers. */
static enum err
answers_take(struct run *run, int wait_ms, struct why *why)
{
	struct chan_msg msg;
	enum err rc;

	rc = wait_ms > 0 ? chan_recv_wait(run->desk, &msg, wait_ms, why) :
	    chan_recv(run->desk, &msg, why);
	while (rc == OK) {
		rc = answer_take(run, &msg, why);
		if (rc == OK)
			rc = chan_recv(run->desk, &msg, why);
	}
	if (rc == ERR_MORE || rc == ERR_BUSY)
		return OK;
	return rc == ERR_ABSENT ? why_set(why, ERR_ABSENT, "the desk has hung up") : rc;
}

/* ---- sending ---- */

static enum err
message_send(struct run *run, uint16_t type, struct span body, struct why *why)
{
	struct chan_msg msg = { .type = type, .tag = run->tags, .body = body };
	int64_t begin_ns = clock_mono_ns();
	enum err rc = answers_take(run, 0, why);

	while (rc == OK) {
		rc = chan_send_wait(run->desk, &msg, WAIT_MS, why);
		if (rc != ERR_BUSY)
			break;
		/* The end of a file that is cancelled is sent all the same. */
		if (*run->cancelled && (type != IMPORT_END ||
		    clock_mono_ns() - begin_ns > (int64_t)STOP_S * 1000000000))
			return why_set(why, ERR_BUSY, "interrupted");
		rc = answers_take(run, 0, why);
	}
	if (rc == ERR_ABSENT || rc == ERR_IO)
		rc = why_set(why, ERR_ABSENT, "the desk has hung up");
	return rc;
}

enum err
desk_open(struct run *run, struct why *why)
{
	char address[4096];
	int fd = -1;
	enum err rc;

	(void)snprintf(address, sizeof address, "unix:%s/run/import.sock", run->state);
	rc = sock_connect(&fd, address, SOCK_KIND_STREAM, CONNECT_MS, why);
	if (rc != OK)
		return rc == ERR_IO ? ERR_ABSENT : rc;
	run->desk = chan_new(fd, IMPORT_LIMIT, QUEUE_BYTES);
	run->sent_last = &run->sent;
	return OK;
}

enum err
desk_file(struct run *run, const char *name, uint64_t index, int64_t mtime_ns, struct span avoid,
    enum utf16_order coding, struct why *why)
{
	struct import_file file = run->like;
	struct sent *sent = xcalloc(1, sizeof *sent);
	struct buf body = { 0 };
	enum err rc;

	file.name = span_str(name);
	file.mtime_ns = mtime_ns;
	file.avoid = avoid;
	import_file_put(&body, &file);
	sent->tag = ++run->tags;
	sent->index = index;
	sent->coding = (uint8_t)coding;
	sent->name = xstrdup(name);
	*run->sent_last = sent;
	run->sent_last = &sent->next;
	run->nsent++;
	rc = message_send(run, IMPORT_FILE, buf_span(&body), why);
	buf_done(&body);
	return rc;
}

enum err
desk_data(struct run *run, struct span piece, struct why *why)
{
	enum err rc = OK;

	while (piece.n > 0 && rc == OK) {
		rc = message_send(run, IMPORT_DATA, span_sub(piece, 0, IMPORT_PIECE), why);
		piece = span_sub(piece, IMPORT_PIECE, SIZE_MAX);
	}
	return rc;
}

enum err
desk_end(struct run *run, const struct import_ended *ended, unsigned left, const char *trouble,
    struct why *why)
{
	struct sent *sent = *sent_find(run, run->tags);
	struct buf body = { 0 };
	enum err rc;

	/* It may be refused, and that be told, already. */
	if (sent != NULL) {
		sent->replaced = ended->replaced;
		sent->left = left;
		if (trouble != NULL)
			(void)why_set(&sent->trouble, ERR_IO, "%s", trouble);
	}
	import_ended_put(&body, ended);
	rc = message_send(run, IMPORT_END, buf_span(&body), why);
	buf_done(&body);
	return rc;
}

enum err
desk_wait(struct run *run, struct why *why)
{
	int64_t stop_ns = 0;
	enum err rc = OK;

	while (rc == OK && run->nsent > 0) {
		rc = answers_take(run, WAIT_MS, why);
		if (!*run->cancelled)
			continue;
		if (stop_ns == 0)
			stop_ns = clock_mono_ns() + (int64_t)STOP_S * 1000000000;
		if (clock_mono_ns() > stop_ns)
			rc = why_set(why, ERR_BUSY, "interrupted");
	}
	return rc;
}

void
desk_close(struct run *run)
{
	while (run->sent != NULL)
		sent_drop(run, &run->sent);
	for (size_t i = 0; i < run->nagain; i++)
		buf_done(&run->again[i].avoid);
	free(run->again);
	run->again = NULL;
	run->nagain = 0;
	chan_free(&run->desk);
}
