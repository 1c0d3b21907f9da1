/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read seal/, remember in anchor/ what was sent, connect to the configured anchors
 * may not: read a record or a key, accept a connection, change the seal
 * if it dies: anchors go out later; the seal goes on without them and verify says since when
 *
 * Takes each new checkpoint to places outside of this machine: doc/formats/seal.md, section 5.
 * A place that does not answer is tried again; its first failure and its recovery are rows of the
 * ledger.
 */
#include "role/role.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/sandbox.h"
#include "sys/sock.h"
#include "model/checkpoint.h"
#include "model/witness.h"
#include "wire/wire.h"
#include "store/tiles.h"
#include "role/brief.h"
#include "role/ledger.h"

enum {
	TURN_MS = 1000,
	NET_TIMEOUT_S = 20,
	EVERY_S = 300,
	EVERY_MAIL_S = 86400,
	RETRY_S = 60,
	ANSWER_MAX = 65536,
	KEEPER_QUEUE = 1 << 20,
};

struct place {
	const struct conf_anchor *conf;
	int64_t next_ns;		/* not before */
	uint64_t size;			/* of the tree last told; witnesses need it */
	int dirfd;			/* file: its directory, opened before the sandbox */
	bool failed;
};

struct teller {
	struct brief brief;
	const struct role_start *start;
	struct chan *keeper;
	struct ledger *ledger;
	struct tiles *tiles;
	int anchor_fd;
	struct place place[CONF_ANCHORS];
	struct buf note;
	struct checkpoint checkpoint;	/* of note */
	struct buf line, answer;
	int64_t lost_ns;		/* the parent was told at that time that the keeper is */
	bool stopping;
};

/* ---- one kind each ---- */

static enum err
tell_file(struct teller *t, struct place *p, struct why *why)
{
	const char *slash = strrchr(p->conf->target, '/');
	int fd = -1;
	enum err rc;

	if (p->dirfd < 0)
		return why_set(why, ERR_ABSENT, "the directory of %s was not there at the start",
		    p->conf->target);
	rc = file_open(&fd, p->dirfd, slash != NULL ? slash + 1 : p->conf->target, FILE_APPEND,
	    why);
	buf_u8(&t->line, '\n');
	if (rc == OK)
		rc = file_write_all(fd, buf_span(&t->line), why);
	if (rc == OK)
		rc = file_sync(fd, why);
	t->line.n--;
	file_close(&fd);
	return rc;
}

/* RFC 5424 by UDP (RFC 5426); facility 13 (log audit), severity 6. */
static enum err
tell_syslog(struct teller *t, struct place *p, struct why *why)
{
	uint8_t stamp[CIVIL_TEXT_BYTES];
	size_t n = civil_put(stamp, clock_wall_ns(), 3, 0);
	struct buf packet = { 0 };
	char host[256] = "-";
	int fd = -1;
	enum err rc;

	(void)gethostname(host, sizeof host - 1);
	buf_printf(&packet, "<110>1 %.*s %s trucban - anchor - %.*s", (int)n, (char *)stamp, host,
	    (int)t->line.n, (char *)t->line.p);
	rc = sock_connect(&fd, p->conf->target, SOCK_KIND_DATAGRAM, 2000, why);
	if (rc == OK && write(fd, packet.p, packet.n) != (ssize_t)packet.n)
		rc = why_set(why, ERR_IO, "the datagram could not be sent");
	file_close(&fd);
	buf_done(&packet);
	return rc;
}

struct upload {
	struct span left;
};

static size_t
on_upload(char *at, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	size_t take = size * n < u->left.n ? size * n : u->left.n;

	memcpy(at, u->left.p, take);
	u->left = span_sub(u->left, take, u->left.n);
	return take;
}

static size_t
on_answer(char *p, size_t size, size_t n, void *arg)
{
	struct buf *out = arg;

	if (out->n + size * n > ANSWER_MAX)
		return 0;
	buf_put(out, p, size * n);
	return size * n;
}

static CURL *
curl_ready(const char *url)
{
	CURL *curl = curl_easy_init();

	must(curl != NULL);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)NET_TIMEOUT_S);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	return curl;
}

/* smtp://host:port/RECIPIENT (smtps too); the line is subject and body. */
static enum err
tell_mail(struct teller *t, struct place *p, struct why *why)
{
	const char *slash = strrchr(p->conf->target, '/');
	struct curl_slist *to = NULL;
	struct buf mail = { 0 };
	struct upload upload;
	char url[CONF_PATH];
	CURLcode code;
	CURL *curl;

	if (slash == NULL || slash[1] == '\0' || strchr(slash, '@') == NULL)
		return why_set(why, ERR_FORMAT, "the target of a mail anchor is "
		    "smtp://host:port/person@host");
	(void)snprintf(url, sizeof url, "%.*s", (int)(slash - p->conf->target), p->conf->target);
	buf_printf(&mail, "From: <%s>\r\nTo: <%s>\r\nSubject: %.*s\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%.*s\r\n\r\n",
	    p->conf->from, slash + 1, (int)t->line.n, (char *)t->line.p, (int)t->line.n,
	    (char *)t->line.p);
	for (struct span rest = buf_span(&t->note); rest.n > 0;) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.n);
		size_t n = lf != NULL ? (size_t)(lf - rest.p) : rest.n;

		buf_printf(&mail, "%.*s\r\n", (int)n, (const char *)rest.p);
		rest = span_sub(rest, n + 1, rest.n);
	}
	upload.left = buf_span(&mail);
	curl = curl_ready(url);
	to = curl_slist_append(to, slash + 1);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, p->conf->from);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
	code = curl_easy_perform(curl);
	curl_slist_free_all(to);
	curl_easy_cleanup(curl);
	buf_done(&mail);
	return code == CURLE_OK ? OK : why_set(why, ERR_IO, "%s: %s", url,
	    curl_easy_strerror(code));
}

/* Cosignatures are kept beside the checkpoint that they are for. */
static enum err
cosignature_keep(struct teller *t, struct place *p, struct why *why)
{
	struct note_key key;
	struct buf kept = { 0 };
	char name[NOTE_NAME_BYTES + 32];
	uint64_t time_s;
	enum err rc;

	rc = note_key_get(&key, span_str(p->conf->vkey), why);
	buf_span_put(&kept, buf_span(&t->note));
	if (rc == OK)
		rc = witness_answer_get(&kept, &time_s, buf_span(&t->note),
		    buf_span(&t->answer), &key, why);
	(void)snprintf(name, sizeof name, "cosigned-%08x", key.id);
	if (rc == OK)
		rc = file_replace(t->anchor_fd, name, buf_span(&kept), why);
	buf_done(&kept);
	return rc;
}

static enum err
witness_post(struct teller *t, struct place *p, long *ret_status, struct why *why)
{
	struct tlog_reader reader = tiles_reader(t->tiles, t->checkpoint.size);
	struct tlog_proof proof;
	struct buf body = { 0 };
	char url[CONF_PATH + 32];
	CURLcode code;
	CURL *curl;
	enum err rc;

	rc = tlog_consistency(&reader, p->size, t->checkpoint.size, &proof, why);
	if (rc != OK)
		return rc;
	witness_request_put(&body, p->size, &proof, buf_span(&t->note));
	(void)snprintf(url, sizeof url, "%s/add-checkpoint", p->conf->target);
	curl = curl_ready(url);
	t->answer.n = 0;
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.n);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t->answer);
	code = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	buf_done(&body);
	return code == CURLE_OK ? OK : why_set(why, ERR_IO, "%s: %s", url,
	    curl_easy_strerror(code));
}

/* C2SP tlog-witness: after a 409 the witness's own size is the old one, once. */
static enum err
tell_witness(struct teller *t, struct place *p, struct why *why)
{
	long status = 0;
	enum err rc;

	rc = witness_post(t, p, &status, why);
	if (rc == OK && status == 409) {
		rc = witness_conflict_get(&p->size, buf_span(&t->answer), why);
		if (rc == OK && p->size > t->checkpoint.size)
			return why_set(why, ERR_PROOF, "the witness has seen %llu entries, "
			    "this tree has %llu: "
			    "the store was rolled back", (unsigned long long)p->size,
			    (unsigned long long)t->checkpoint.size);
		if (rc == OK)
			rc = witness_post(t, p, &status, why);
	}
	if (rc != OK)
		return rc;
	if (status != 200)
		return why_set(why, ERR_DENIED, "the witness answers %ld", status);
	return cosignature_keep(t, p, why);
}

typedef enum err tell_fn(struct teller *t, struct place *p, struct why *why);

static tell_fn *const tell[] = {
	[CONF_ANCHOR_FILE] = tell_file, [CONF_ANCHOR_SYSLOG] = tell_syslog,
	[CONF_ANCHOR_MAIL] = tell_mail, [CONF_ANCHOR_WITNESS] = tell_witness,
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

	rc = tell[p->conf->kind](t, p, &why);
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

		if (now >= p->next_ns && p->size != t->checkpoint.size)
			place_turn(t, p, now);
	}
}

static void
keeper_take(struct teller *t, int fd)
{
	chan_free(&t->keeper);
	t->keeper = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	ledger_channel(t->ledger, t->keeper);
}

static void
parent_read(struct teller *t)
{
	struct chan_msg msg;
	struct why why;
	enum err rc;

	while ((rc = chan_recv(t->brief.parent, &msg, &why)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0)
			keeper_take(t, msg.fd);
		else if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_STOP)
			t->stopping = true;
	}
	if (rc != ERR_MORE)
		t->stopping = true;
}

/* The keeper's answers to ledger rows are of no interest here, but must be taken. */
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

	if (t->keeper != NULL || now - t->lost_ns < TURN_MS * INT64_C(1000000))
		return;
	t->lost_ns = now;
	brief_lost_keeper(&t->brief, WIRE_TELLER);
	(void)chan_flush(t->brief.parent, NULL);
}

static void
loop(struct teller *t)
{
	while (!t->stopping) {
		struct pollfd set[2] = { { .fd = chan_fd(t->brief.parent), .events = POLLIN },
		    { .fd = t->keeper != NULL ? chan_fd(t->keeper) : -1, .events = POLLIN } };

		turn(t);
		(void)poll(set, 2, TURN_MS);
		if (set[0].revents != 0)
			parent_read(t);
		if (t->keeper != NULL && set[1].revents != 0)
			keeper_read(t);
		keeper_miss(t);
	}
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
	rc = brief_take(&t->brief, start->parent_fd, false, false, &why);
	if (rc == OK)
		rc = brief_drop_rights(&t->brief, &why);
	if (rc == OK)
		rc = dir_open(&t->anchor_fd, start->store_fd, "anchor", &why);
	if (rc == OK) {
		(void)curl_global_init(CURL_GLOBAL_DEFAULT);
		places_open(t);
		rc = teller_sandbox(t, &why);
	}
	if (rc == OK) {
		t->ledger = ledger_new(NULL, WIRE_TELLER, host);
		if (start->nchan > 0)
			keeper_take(t, start->chan_fd[0]);
		brief_ready(&t->brief, "anchors");
		loop(t);
	} else {
		(void)fprintf(stderr, "trucban: teller: %s\n", why.text);
	}
	tiles_close(&t->tiles);
	ledger_free(&t->ledger);
	return rc == OK ? 0 : 3;
}
