/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read the listed log files and the local journal, keep its place in collector/
 * may not: read anything else, write anything else, use the network
 * if it dies: it begins again at the last place whose rows are on disk; lines may come twice after
 *          a kill, none is lost that the file still holds
 */
#include "role/role.h"

#include <fcntl.h>
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
#include "wire/wire.h"
#include "intake/batcher.h"
#include "intake/source.h"
#include "agent/agent.h"
#include "role/brief.h"
#include "role/crash.h"
#include "role/cut.h"

enum {
	TURN_BYTES = 256 << 10,
	TURN_ENTRIES = 500,
	UNACKED_MAX = 4 << 20,
	SCAN_MS = 1000,
	SAVE_MS = 1000,
	CURSOR_MAX = 1024,
};

struct mark {
	uint64_t batch;
	char cursor[CURSOR_MAX];
};

struct collector {
	struct brief brief;
	const struct role_start *start;
	struct cutter *cutter;
	struct sources *sources;
	struct batcher *batcher;
	struct chan *keeper;
	struct tail *tail;
	struct entries *entries;
	struct source like;		/* the origin being filled in */
	uint32_t other;
	uint64_t last_batch;		/* number that the last row went into */
	struct mark mark[TAIL_MARKS];	/* ring */
	unsigned mark_first, nmark;
	char cursor[CURSOR_MAX];	/* committed */
	int64_t recv_ns, scan_ns, save_ns;
	uint64_t began_s;		/* what it counts begins with 0 then */
	bool dirty, stopping, refused;
};

/* ---- rows ---- */

static void
take(struct collector *c, struct span listener, struct span record, uint8_t flags, uint8_t format)
{
	struct intake_hint hint = { .format = format };
	struct incoming in = { .record = record, .hint = &hint, .recv_ns = c->recv_ns,
	    .cut = flags != 0 };
	bool unparsed;

	c->like.listener = listener;
	in.origin = sources_origin(c->sources, &c->like, c->other);
	c->last_batch = batcher_add(c->batcher, &in, 0, &unparsed);
}

static void
on_line(void *ctx, const char *path, struct span record, uint8_t flags)
{
	char name[LIMIT_NAME_BYTES + 1];
	int n = snprintf(name, sizeof name, "file:%s", path);

	take(ctx, span_of(name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1), record,
	    flags,
	    INTAKE_FORMAT_LINE);
}

static void
on_entry(void *ctx, const char *path, struct span record, uint8_t flags)
{
	(void)path;
	take(ctx, SPAN("journal"), record, flags, INTAKE_FORMAT_JOURNAL);
}

/* What became of batches, in order. After a refusal nothing more is believed to be safe. */
static void
on_settled(void *arg, uint8_t class, uint64_t batch, enum err result)
{
	struct collector *c = arg;

	(void)class;
	if (result != OK)
		c->refused = true;
	if (c->refused)
		return;
	tail_commit(c->tail, batch);
	while (c->nmark > 0 && c->mark[c->mark_first].batch <= batch) {
		memcpy(c->cursor, c->mark[c->mark_first].cursor, sizeof c->cursor);
		c->mark_first = (c->mark_first + 1) % TAIL_MARKS;
		c->nmark--;
	}
	c->dirty = true;
}

static void
mark_set(struct collector *c)
{
	struct mark *m = &c->mark[(c->mark_first + c->nmark++) % TAIL_MARKS];

	batcher_flush(c->batcher);
	m->batch = c->last_batch;
	(void)snprintf(m->cursor, sizeof m->cursor, "%s",
	    c->entries != NULL ? entries_cursor(c->entries) : c->cursor);
	tail_mark(c->tail, c->last_batch);
}

/* Reads while the keeper keeps up; true when there was more than one turn's worth. */
static bool
read_turn(struct collector *c)
{
	uint64_t before = c->last_batch;
	struct tail_counts seen, now;
	bool more;

	if (c->nmark >= TAIL_MARKS - 1 || batcher_unacked(c->batcher) > UNACKED_MAX || c->stopping)
		return false;
	tail_counts(c->tail, &seen);
	c->recv_ns = clock_wall_ns();
	more = tail_read(c->tail, TURN_BYTES, on_line, c);
	tail_counts(c->tail, &now);
	if (c->entries != NULL)
		more |= entries_read(c->entries, TURN_ENTRIES, on_entry, c);
	if (c->last_batch != before || now.lines != seen.lines || more)
		mark_set(c);
	return more;
}

/* ---- places ---- */

static void
places_load(struct collector *c)
{
	struct buf text = { 0 };
	struct why why;

	if (file_read_whole(c->start->store_fd, "files", TAIL_SAVE_MAX, &text, &why) == OK)
		tail_load(c->tail, buf_span(&text));
	text.n = 0;
	if (file_read_whole(c->start->store_fd, "journal", CURSOR_MAX - 1, &text, &why) == OK &&
	    text.n > 0)
		memcpy(c->cursor, text.p, text.n);
	buf_done(&text);
}

static void
places_save(struct collector *c)
{
	struct buf text = { 0 };
	struct why why;
	enum err rc;

	tail_save(c->tail, &text);
	rc = file_replace(c->start->store_fd, "files", buf_span(&text), &why);
	if (rc == OK)
		rc = file_replace(c->start->store_fd, "journal", span_str(c->cursor), &why);
	if (rc != OK)
		(void)fprintf(stderr, "trucban: collector: cannot save its place: %s\n", why.text);
	else
		c->dirty = false;
	buf_done(&text);
}

static void
counters_send(struct collector *c)
{
	struct tail_counts n;
	struct buf body = { 0 };
	struct why why;
	const struct {
		const char *name;
		uint64_t value;
	} row[] = {
		{ "files", (tail_counts(c->tail, &n), n.files) },
		{ "files_refused", n.refused }, { "files_waiting", n.waiting },
		{ "lines", n.lines },
		{ "bytes", n.bytes }, { "lines_cut", n.cut },
		{ "records_split", n.split },
		{ "bytes_lost", n.lost_bytes },
		{ "rows_set_aside", batcher_set_aside(c->batcher) },
		{ "began", c->began_s },
	};

	if (c->keeper == NULL)
		return;
	buf_varint(&body, sizeof row / sizeof row[0]);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		buf_bytes(&body, span_str(row[i].name));
		buf_varint(&body, row[i].value);
	}
	(void)chan_send(c->keeper, &(struct chan_msg){ .type = WIRE_COUNTERS,
	    .body = buf_span(&body) }, &why);
	buf_done(&body);
}

/* ---- the loop ---- */

static void
keeper_take(struct collector *c, int fd)
{
	batcher_keeper(c->batcher, NULL);	/* the batcher owns the channel */
	c->keeper = NULL;
	if (fd < 0)
		return;
	c->keeper = chan_new(fd, WIRE_LIMIT, UNACKED_MAX * 2);
	batcher_keeper(c->batcher, c->keeper);
}

static void
parent_read(struct collector *c)
{
	struct chan_msg msg;
	struct why why;
	enum err rc;

	while ((rc = chan_recv(c->brief.parent, &msg, &why)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0)
			keeper_take(c, msg.fd);
		else if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_STOP)
			c->stopping = true;
	}
	if (rc != ERR_MORE)
		c->stopping = c->refused = true;
}

static void
wait_turn(struct collector *c, int wait_ms)
{
	struct pollfd set[3] = { { .fd = chan_fd(c->brief.parent), .events = POLLIN },
	    { .fd = -1, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	struct why why;
	enum err rc = OK;

	if (c->keeper != NULL) {
		set[1].fd = chan_fd(c->keeper);
		if (chan_queued(c->keeper) > 0)
			set[1].events |= POLLOUT;
	}
	if (c->entries != NULL && !c->stopping)
		set[2].fd = entries_fd(c->entries);
	(void)poll(set, 3, wait_ms);
	if (set[0].revents != 0)
		parent_read(c);
	if (c->keeper != NULL && (set[1].revents & POLLOUT) != 0)
		rc = batcher_write(c->batcher, &why);
	if (c->keeper != NULL && rc == OK && (set[1].revents & (POLLIN | POLLHUP)) != 0)
		rc = batcher_read(c->batcher, &why);
	if (c->keeper != NULL && rc == OK)
		rc = batcher_turn(c->batcher, &why);
	if (rc != OK)
		keeper_take(c, -1);
}

static void
timers(struct collector *c)
{
	int64_t now = clock_mono_ns();

	if (now - c->scan_ns > (int64_t)SCAN_MS * 1000000) {
		c->dirty |= tail_scan(c->tail, now);
		c->scan_ns = now;
	}
	if (now - c->save_ns > (int64_t)SAVE_MS * 1000000) {
		if (c->dirty)
			places_save(c);
		if (c->keeper == NULL)
			brief_lost_keeper(&c->brief, WIRE_COLLECTOR);
		counters_send(c);
		c->save_ns = now;
	}
}

static int
loop(struct collector *c)
{
	bool more = false;

	while (!c->refused && !(c->stopping && batcher_is_idle(c->batcher))) {
		timers(c);
		more = read_turn(c);
		wait_turn(c, more && c->nmark < TAIL_MARKS / 2 ? 0 : 250);
	}
	if (c->dirty)
		places_save(c);
	if (c->refused && !c->stopping)
		(void)fprintf(stderr, "trucban: collector: the keeper refused rows; reading again "
		    "from "
		    "the last safe place\n");
	return c->refused && !c->stopping ? 3 : 0;
}

/* ---- start ---- */

/* The directory of a pattern, up to its first special character. */
static void
pattern_dir(char *dir, size_t size, const char *pattern)
{
	size_t n = strcspn(pattern, "*?[");

	while (n > 1 && pattern[n - 1] != '/')
		n--;
	(void)snprintf(dir, size, "%.*s", (int)n, pattern);
}

static enum err
collector_sandbox(struct collector *c, struct why *why)
{
	static const char *const fixed[] = { "/var/log/journal", "/run/log/journal",
	    "/etc/machine-id" };
	int read_dir[CONF_FILES + 3], write_dir[1] = { c->start->store_fd };
	struct sandbox s = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE | SANDBOX_INOTIFY,
	    .read_dir = read_dir, .write_dir = write_dir, .nwrite_dir = 1 };
	char dir[CONF_PATH];
	enum err rc;
	int fd;

	for (unsigned i = 0; i < c->brief.conf.ncollect; i++) {
		pattern_dir(dir, sizeof dir, c->brief.conf.collect[i].path);
		fd = open(dir, O_PATH | O_CLOEXEC);
		if (fd >= 0)
			read_dir[s.nread_dir++] = fd;
	}
	for (size_t i = 0; c->brief.conf.collect_journal && i < 3; i++) {
		fd = open(fixed[i], O_PATH | O_CLOEXEC);
		if (fd >= 0)
			read_dir[s.nread_dir++] = fd;
	}
	rc = brief_sandbox(&s, "collector", why);
	for (unsigned i = 0; i < s.nread_dir; i++)
		(void)close(read_dir[i]);
	return rc;
}

static struct tail_files
files_of(const struct conf_collect *from)
{
	struct tail_files files = { .pattern = from->path };

	must(join_read(&files.join, span_str(from->join)));	/* the configuration was checked */
	return files;
}

static enum err
collector_open(struct collector *c, struct why *why)
{
	struct tail_files files[CONF_FILES];
	char host[256] = "";
	enum err rc = OK;

	(void)gethostname(host, sizeof host - 1);
	for (unsigned i = 0; i < c->brief.conf.ncollect; i++)
		files[i] = files_of(&c->brief.conf.collect[i]);
	c->tail = tail_new(files, c->brief.conf.ncollect);
	c->cutter = cutter_new(&c->brief.conf, host);
	cutter_suspects(c->cutter, c->brief.suspect, c->brief.nsuspect);
	crash_watch(c->start->parent_fd);
	c->sources = sources_new(random_u64());
	c->like = (struct source){ .trust = TRUST_LOCAL, .listener = SPAN("collector") };
	c->other = sources_other(c->sources, &c->like);
	c->batcher = batcher_new(&(struct batcher_conf){ .parser = cutter_ops(),
	    .parser_state = c->cutter, .sources = c->sources, .instance = random_u64(),
	    .role = WIRE_COLLECTOR, .settled = on_settled, .arg = c });
	places_load(c);
	if (c->brief.conf.collect_journal) {
		rc = entries_open(&c->entries, NULL, c->cursor, why);
		if (rc != OK)
			(void)fprintf(stderr, "trucban: collector: %s; going on without it\n",
			    why->text);
	}
	if (c->start->nchan > 0)
		keeper_take(c, c->start->chan_fd[0]);
	return OK;
}

int
collector_main(const struct role_start *start)
{
	struct collector *c = xcalloc(1, sizeof *c);
	struct why why = { "" };
	enum err rc;
	int status = 3;

	c->start = start;
	c->began_s = (uint64_t)clock_wall_ns() / 1000000000;
	rc = brief_take(&c->brief, start->parent_fd, false, false, &why);
	if (rc == OK)
		rc = brief_drop_rights_in_groups(&c->brief, &why);
	if (rc == OK)
		rc = collector_sandbox(c, &why);
	if (rc == OK)
		rc = collector_open(c, &why);
	if (rc == OK) {
		brief_ready(&c->brief, "files and journal of this host");
		status = loop(c);
	} else {
		(void)fprintf(stderr, "trucban: collector: %s\n", why.text);
	}
	entries_close(&c->entries);
	tail_free(&c->tail);
	batcher_free(&c->batcher);
	sources_free(&c->sources);
	cutter_free(&c->cutter);
	return status;
}
