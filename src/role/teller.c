/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read seal/, remember in anchor/ what was sent, connect to the configured anchors and
 *          channels, ask the desk who is to be told, use a modem that the parent opened
 * may not: read a record or a key, accept a connection, change the seal
 * if it dies: anchors and messages go out later; the seal goes on without them and verify says
 *          since when; the desk goes to the next step where nobody was told
 *
 * Takes each new checkpoint to places outside of this machine: doc/formats/seal.md, section 5.
 * A place that does not answer is tried again; its first failure and its recovery are rows of the
 * ledger. People are told by caller.c.
 */
#include "role/teller_int.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "model/note.h"
#include "wire/wire.h"

enum {
	TURN_MS = 500,
	EVERY_S = 300,
	EVERY_MAIL_S = 86400,
	RETRY_S = 60,
	COUNT_S = 10,
	LOST_MS = 1000,
	KEEPER_QUEUE = 1 << 20,
};

/* ---- the turn ---- */

static void
keeper_lost(struct teller *t)
{
	ledger_channel(t->ledger, NULL);
	chan_free(&t->keeper);
}

static void
ledger_note(struct teller *t, const char *act, const struct place *p, const char *text)
{
	struct buf what = { 0 };
	struct why why;
	enum err rc;

	buf_printf(&what, "%s%s%s", p->conf->target, text[0] != '\0' ? ": " : "", text);
	rc = ledger_write(t->ledger, &(struct ledger_act){ .act = act, .who = SPAN("trucban"),
	    .from = SPAN("teller"), .what = buf_span(&what) }, clock_wall_ns(), &why);
	if (rc != OK)
		(void)fprintf(stderr, "trucban: teller: %s\n", why.text);
	if (rc == ERR_IO || rc == ERR_ABSENT)
		keeper_lost(t);
	buf_done(&what);
}

static void
place_turn(struct teller *t, struct place *p, int64_t now)
{
	int64_t every_s = p->conf->every_s > 0 ? p->conf->every_s :
	    p->conf->kind == CONF_ANCHOR_MAIL ? EVERY_MAIL_S : EVERY_S;
	struct why why = { "" };
	enum err rc;

	rc = teller_anchor(t, p, &why);
	p->next_ns = now + (rc == OK ? every_s : RETRY_S) * 1000000000;
	if (rc == OK) {
		if (p->failed || p->size == 0)
			ledger_note(t, "anchor", p, "");
		p->failed = false;
		p->size = t->checkpoint.size;
		return;
	}
	if (!p->failed) {
		(void)fprintf(stderr, "trucban: teller: anchor %s: %s\n", p->conf->target,
		    why.text);
		ledger_note(t, "anchor-failed", p, why.text);
	}
	p->failed = true;
}

static void
turn(struct teller *t)
{
	int64_t now = clock_mono_ns();
	struct note note;
	struct why why;

	t->note.n = 0;
	if (t->tiles == NULL && tiles_open(&t->tiles, t->start->store_fd, &why) != OK)
		return;
	if (tiles_note(t->tiles, &t->note, &why) != OK)
		return;
	if (note_parse(&note, buf_span(&t->note), &why) != OK ||
	    checkpoint_get(&t->checkpoint, note.text, &why) != OK) {
		(void)fprintf(stderr, "trucban: teller: %s\n", why.text);
		return;
	}
	t->line.n = 0;
	anchor_put(&t->line, &t->checkpoint, clock_wall_ns());
	for (unsigned i = 0; i < t->brief.conf.nanchor; i++) {
		struct place *p = &t->place[i];

		if (p->size == t->checkpoint.size)
			p->behind_ns = 0;
		else if (p->behind_ns == 0)
			p->behind_ns = now;
		if (now >= p->next_ns && p->size != t->checkpoint.size)
			place_turn(t, p, now);
	}
}

static void
count_put(struct buf *out, unsigned place, const char *name, uint64_t value)
{
	struct buf full = { 0 };

	buf_printf(&full, "teller.%u.%s", place + 1, name);
	buf_bytes(out, buf_span(&full));
	buf_varint(out, value);
	buf_done(&full);
}

/* By place, from 1: for how long it has not had the newest, and whether it was ever reached. */
static void
counts_send(struct teller *t)
{
	int64_t now = clock_mono_ns();
	struct buf body = { 0 };
	struct why why;

	if (t->keeper == NULL || now < t->count_ns)
		return;
	t->count_ns = now + COUNT_S * INT64_C(1000000000);
	buf_varint(&body, t->brief.conf.nanchor * (uint64_t)2);
	for (unsigned i = 0; i < t->brief.conf.nanchor; i++) {
		const struct place *p = &t->place[i];

		count_put(&body, i, "behind_seconds", p->behind_ns == 0 ? 0 :
		    (uint64_t)(now - p->behind_ns) / 1000000000);
		count_put(&body, i, "reached", p->size > 0);
	}
	if (chan_send(t->keeper, &(struct chan_msg){ .type = WIRE_COUNTERS,
	    .body = buf_span(&body) }, &why) != OK)
		keeper_lost(t);
	buf_done(&body);
}

static void
keeper_take(struct teller *t, int fd)
{
	chan_free(&t->keeper);
	t->keeper = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	ledger_channel(t->ledger, t->keeper);
}

static void
channel_take(struct teller *t, uint8_t role, int fd)
{
	if (role == WIRE_DESK)
		caller_desk(t->caller, fd);
	else
		keeper_take(t, fd);
}

static void
parent_read(struct teller *t)
{
	struct chan_msg msg;
	struct why why;
	enum err rc;

	while ((rc = chan_recv(t->brief.parent, &msg, &why)) == OK) {
		if (msg.type == WIRE_MODEM)
			caller_modem(t->caller, &msg);
		else if (msg.type == WIRE_HELLO && msg.fd >= 0 && msg.body.n > 0)
			channel_take(t, msg.body.p[0], msg.fd);
		else if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_STOP)
			t->stopping = true;
	}
	if (rc != ERR_MORE)
		t->stopping = true;
}

/* Of answers to ledger rows only refusals are of interest, but all must be taken. */
static void
keeper_read(struct teller *t)
{
	struct chan_msg msg;
	struct why why;
	enum err rc;

	(void)chan_flush(t->keeper, &why);
	while ((rc = chan_recv(t->keeper, &msg, &why)) == OK) {
		if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_ANSWER)
			caller_status(t->caller, &msg);
		if (ledger_answer(t->ledger, &msg, &why) != OK)
			(void)fprintf(stderr, "trucban: teller: %s\n", why.text);
	}
	if (rc != ERR_MORE)
		keeper_lost(t);
}

/* Each second without a channel: roles.md, "A lost channel". */
static void
keeper_miss(struct teller *t)
{
	int64_t now = clock_mono_ns();

	if (t->keeper != NULL || now - t->lost_ns < LOST_MS * INT64_C(1000000))
		return;
	t->lost_ns = now;
	brief_lost_keeper(&t->brief, WIRE_TELLER);
	(void)chan_flush(t->brief.parent, NULL);
}

void
teller_wait(void *teller)
{
	struct teller *t = teller;
	struct curl_waitfd set[2 + CALLER_WAITS] = {
	    { .fd = chan_fd(t->brief.parent), .events = CURL_WAIT_POLLIN },
	    { .fd = t->keeper != NULL ? chan_fd(t->keeper) : -1, .events = CURL_WAIT_POLLIN } };
	/* A descriptor that is none is no place to wait at. */
	unsigned n = caller_waits(t->caller, set, t->keeper != NULL ? 2 : 1);

	net_wait(t->net, set, n, TURN_MS);
	net_turn(t->net);
	(void)chan_flush(t->brief.parent, NULL);
	parent_read(t);
	if (t->keeper != NULL)
		keeper_read(t);
	t->stopping |= !caller_turn(t->caller, t->keeper);
	keeper_miss(t);
	counts_send(t);
}

/* ---- start ---- */

/* Directories of file anchors are opened by name once, before the sandbox. */
static void
places_open(struct teller *t)
{
	char dir[CONF_PATH];

	for (unsigned i = 0; i < t->brief.conf.nanchor; i++) {
		struct place *p = &t->place[i];
		const char *slash;

		p->conf = &t->brief.conf.anchor[i];
		p->dirfd = -1;
		slash = strrchr(p->conf->target, '/');
		if (p->conf->kind != CONF_ANCHOR_FILE || slash == NULL)
			continue;
		(void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - p->conf->target) + 1,
		    p->conf->target);
		(void)dir_open(&p->dirfd, AT_FDCWD, dir, NULL);
	}
}

static enum err
teller_sandbox(struct teller *t, struct why *why)
{
	static const char *const fixed[] = { "/etc/ssl", "/etc/resolv.conf", "/etc/hosts",
	    "/etc/nsswitch.conf", "/usr/share/ca-certificates" };
	int read_dir[8], write_dir[CONF_ANCHORS + 1] = { t->anchor_fd }, seal = -1;
	struct sandbox s = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE | SANDBOX_NET |
	    SANDBOX_NET_OUT | SANDBOX_THREADS, .read_dir = read_dir, .write_dir = write_dir,
	    .nwrite_dir = 1 };
	struct sandbox_state state;
	enum err rc;

	rc = dir_open(&seal, t->start->store_fd, "seal", why);
	if (rc != OK)
		return rc;
	read_dir[s.nread_dir++] = seal;
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		int fd = open(fixed[i], O_PATH | O_CLOEXEC);

		if (fd >= 0)
			read_dir[s.nread_dir++] = fd;
	}
	for (unsigned i = 0; i < t->brief.conf.nanchor; i++)
		if (t->place[i].dirfd >= 0)
			write_dir[s.nwrite_dir++] = t->place[i].dirfd;
	rc = sandbox_enter(&s, &state, why);
	for (unsigned i = 0; i < s.nread_dir; i++)
		(void)close(read_dir[i]);
	return rc;
}

/* Secrets are read, and the runner of commands is started, with the rights of the parent. */
static enum err
begin(struct teller *t, const char *host, struct why *why)
{
	struct caller_world world;
	enum err rc = brief_take(&t->brief, t->start->parent_fd, false, false, why);

	if (rc != OK)
		return rc;
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	t->net = net_new();
	t->ledger = ledger_new(NULL, WIRE_TELLER, host);
	world = (struct caller_world){ .conf = &t->brief.conf,
	    .conf_text = buf_span(&t->brief.conf_text), .ledger = t->ledger, .net = t->net,
	    .parent = t->brief.parent, .host = host };
	rc = caller_new(&t->caller, &world, why);
	/* Passwords: no other process of the same user's reads this memory. */
	t->brief.secret = t->brief.conf.telling.nchannel > 0;
	if (rc == OK)
		rc = proc_limit(&(struct proc_limits){ .secret = t->brief.secret }, why);
	if (rc == OK)
		rc = brief_drop_rights(&t->brief, why);
	if (rc == OK)
		rc = dir_open(&t->anchor_fd, t->start->store_fd, "anchor", why);
	if (rc != OK)
		return rc;
	places_open(t);
	return teller_sandbox(t, why);
}

int
teller_main(const struct role_start *start)
{
	struct teller *t = xcalloc(1, sizeof *t);
	char host[256] = "";
	struct why why = { "" };
	enum err rc;

	t->start = start;
	t->anchor_fd = -1;
	(void)gethostname(host, sizeof host - 1);
	rc = begin(t, host, &why);
	if (rc == OK) {
		for (int i = 0; i < start->nchan; i++)
			channel_take(t, start->chan_role[i], start->chan_fd[i]);
		brief_ready(&t->brief, "anchors and notices");
		while (!t->stopping) {
			turn(t);
			teller_wait(t);
		}
	} else {
		(void)fprintf(stderr, "trucban: teller: %s\n", why.text);
	}
	caller_free(&t->caller);
	net_free(&t->net);
	tiles_close(&t->tiles);
	ledger_free(&t->ledger);
	return rc == OK ? 0 : 3;
}
