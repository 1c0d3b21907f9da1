/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read segments and journal, keep a view of findings and ledger in desk/, answer the
 *          front, tell the teller who is to be told, add rows to the ledger
 * may not: use the network, write the store, see the seal's key
 * if it dies: nothing is lost: the next one goes on where the view stands, or makes it anew from
 *          the ledger; nobody can act meanwhile, and escalation is that much later
 *
 * One thing after the other. An act is judged by the view, written as a row of the ledger, and is
 * done when that row is on disk and was read back from the store: the view never knows of an act
 * that the ledger does not have.
 */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "model/checkpoint.h"
#include "model/note.h"
#include "wire/wire.h"
#include "store/rows.h"
#include "store/tiles.h"
#include "desk/desk.h"
#include "role/brief.h"
#include "role/deskpacks.h"
#include "role/inquiry.h"
#include "role/ledger.h"
#include "role/policy.h"
#include "role/role.h"

enum {
	TURN_MS = 500,
	QUEUE_BYTES = 8 << 20,
	ONE_BYTES = 8 << 20,		/* an act, a finding, an answer */
	DUE_MOST = 100,			/* acts of the desk's own in one turn */
	SQLITE_BYTES = 16 << 20,	/* its cache of pages */
};

/* Who may ask it, over a channel of its own. */
enum asker { ASKER_FRONT, ASKER_TELLER, ASKERS };

#define VIEW	"desk/view.db"

struct role_desk {
	struct brief brief;
	const struct role_start *start;
	struct chan *keeper;
	struct chan *asker[ASKERS];	/* who asks: by enum asker */
	struct ledger *ledger;
	struct store *store;
	sqlite3 *db;
	struct desk *desk;
	struct arena *arena, *row_arena;
	struct deskpacks packs;
	bool stopping;
};

static const uint8_t *
key_of(const struct role_desk *r)
{
	return r->brief.has_store_key ? r->brief.store_key : NULL;
}

static void
complain(const char *what, const struct why *why)
{
	(void)fprintf(stderr, "trucban: desk: %s: %s\n", what, why->text);
}

/* ---- the view ---- */

/* In the working directory, whoever may read the directories above it. */
static int
name_as_it_is(sqlite3_vfs *vfs, const char *name, int most, char *ret)
{
	int n = snprintf(ret, (size_t)most, "%s", name);

	(void)vfs;
	return n >= 0 && n < most ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* SQLite's own way to files, which looks at every directory from the root on, but for that. */
static const char *
vfs_name(void)
{
	static sqlite3_vfs vfs;

	if (vfs.zName == NULL) {
		vfs = *sqlite3_vfs_find(NULL);
		vfs.pNext = NULL;
		vfs.zName = "trucban";
		vfs.xFullPathname = name_as_it_is;
		must(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
	}
	return vfs.zName;
}

static enum err
db_open(struct role_desk *r, struct why *why)
{
	static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
	    "PRAGMA temp_store = MEMORY;";
	struct buf channels = { 0 };
	enum err rc = OK;

	if (sqlite3_open_v2(VIEW, &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX, vfs_name()) != SQLITE_OK ||
	    sqlite3_exec(r->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		rc = why_set(why, ERR_IO, "cannot open %s: %s", VIEW, r->db != NULL ?
		    sqlite3_errmsg(r->db) : "no memory");
	if (rc == OK)
		rc = desk_new(&r->desk, r->db, why);
	if (rc == OK)
		rc = deskpacks_load(&r->packs, r->desk, why);
	telling_json(&channels, &r->brief.conf.telling);
	if (rc == OK)
		rc = desk_load(r->desk, "notify", buf_span(&channels), why);
	buf_done(&channels);
	return rc == OK ? policy_load(r->desk, &r->brief.conf, clock_wall_ns(), why) : rc;
}

static void
db_close(struct role_desk *r)
{
	desk_free(&r->desk);
	(void)sqlite3_close(r->db);
	r->db = NULL;
}

/* A view that cannot be used goes: it is made anew from the streams. */
static enum err
view_open(struct role_desk *r, struct why *why)
{
	enum err rc = db_open(r, why);

	if (rc == OK)
		return OK;
	complain("the view is made anew", why);
	db_close(r);
	(void)unlink(VIEW);
	(void)unlink(VIEW "-wal");
	(void)unlink(VIEW "-shm");
	return db_open(r, why);
}

struct folding {
	struct role_desk *r;
	struct why *why;
	enum err rc;
};

static bool
on_finding(void *ctx, uint64_t seq, struct span record)
{
	struct folding *f = ctx;
	struct finding finding;

	arena_reset(f->r->row_arena);
	if (finding_decode(&finding, record, f->r->row_arena, NULL) == OK)
		f->rc = desk_finding(f->r->desk, &finding, seq, f->why);
	return f->rc == OK;
}

static bool
on_act(void *ctx, uint64_t seq, struct span record)
{
	struct folding *f = ctx;
	struct act act;

	arena_reset(f->r->row_arena);
	/* What is no act of a form that we know changes nothing, but it was there. */
	if (act_decode(&act, record, f->r->row_arena, NULL) != OK)
		act = (struct act){ .act = SPAN("unknown") };
	f->rc = desk_act(f->r->desk, &act, seq, f->why);
	return f->rc == OK;
}

static enum err
store_new(struct role_desk *r, struct why *why)
{
	if (r->store != NULL)
		return store_refresh(r->store, why);
	return store_open_streams(&r->store, r->start->store_fd, key_of(r),
	    1u << STREAM_FINDINGS | 1u << STREAM_LEDGER, why);
}

/* A store that began a new life may have rows behind our places that are others. */
static enum err
life_check(struct role_desk *r, struct why *why)
{
	uint32_t epoch = rows_epoch(r->store);
	enum err rc = OK;

	if (epoch == 0 || epoch == desk_epoch(r->desk))
		return OK;
	if (desk_epoch(r->desk) != 0)
		rc = desk_forget(r->desk, why);
	return rc == OK ? desk_epoch_set(r->desk, epoch, why) : rc;
}

/* Everything that is new goes into the view. */
static enum err
follow(struct role_desk *r, struct why *why)
{
	struct folding f = { .r = r, .why = why };
	enum err rc = store_new(r, why);

	if (rc == OK)
		rc = life_check(r, why);
	if (rc == OK)
		rc = desk_fold_begin(r->desk, why);
	if (rc != OK)
		return rc;
	rc = rows_each(r->store, STREAM_FINDINGS, desk_place(r->desk, STREAM_FINDINGS),
	    on_finding, &f, why);
	if (rc == OK && f.rc == OK)
		rc = rows_each(r->store, STREAM_LEDGER, desk_place(r->desk, STREAM_LEDGER),
		    on_act, &f, why);
	if (rc == OK)
		rc = f.rc;
	if (rc == OK)
		return desk_fold_end(r->desk, why);
	desk_fold_undo(r->desk);
	return rc;
}

/* ---- channels ---- */

static void
channel_take(struct role_desk *r, uint8_t role, int fd)
{
	enum asker i = role == WIRE_FRONT ? ASKER_FRONT : ASKER_TELLER;

	if (role != WIRE_FRONT && role != WIRE_TELLER) {
		ledger_keeper(r->ledger, &r->keeper, fd, QUEUE_BYTES);
		return;
	}
	chan_free(&r->asker[i]);
	r->asker[i] = chan_new(fd, WIRE_LIMIT, QUEUE_BYTES);
}

static void
parent_read(void *ctx)
{
	struct role_desk *r = ctx;
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(r->brief.parent, &msg, NULL)) == OK) {
		bool hello = msg.type == WIRE_HELLO && msg.fd >= 0 && msg.body.n > 0;

		if (hello)
			channel_take(r, msg.body.p[0], msg.fd);
		else
			file_close(&msg.fd);
		r->stopping |= msg.type == WIRE_STOP;
	}
	r->stopping |= rc != ERR_MORE;
}

/* ---- acts ---- */

static void
wait_a_bit(void *ctx, int wait_ms)
{
	struct role_desk *r = ctx;

	ledger_poll(r->ledger, &r->keeper, r->brief.parent, parent_read, r, wait_ms);
}

/* The row is on disk when this is OK. */
static enum err
act_write(struct role_desk *r, const struct act *act, struct why *why)
{
	char name[ACT_NAME_BYTES + 1];
	const struct ledger_act row = { .act = name, .who = act->who, .from = act->from,
	    .what = act->what, .field = act->field, .nfield = act->nfield };
	const struct ledger_wait wait = { wait_a_bit, r, &r->stopping };

	must(act->act.n < sizeof name);
	memcpy(name, act->act.p, act->act.n);
	name[act->act.n] = '\0';
	return ledger_keep(r->ledger, &row, act->time_ns, &wait, why);
}

/* Written, and in the view. */
static enum err
act_do(struct role_desk *r, const struct act *act, struct why *why)
{
	enum err rc = act_write(r, act, why);

	return rc == OK ? follow(r, why) : rc;
}

/* ---- who asks ---- */

/* The last checkpoint as a hand-over writes it; nothing where there is none that can be read. */
static struct span
sealed_now(const struct role_desk *r, char room[CHECKPOINT_SHORT_BYTES])
{
	struct tiles *tiles = NULL;
	struct checkpoint checkpoint;
	struct buf text = { 0 };
	struct note note;
	enum err rc = tiles_open(&tiles, r->start->store_fd, NULL);

	if (rc == OK)
		rc = tiles_note(tiles, &text, NULL);
	if (rc == OK)
		rc = note_parse(&note, buf_span(&text), NULL);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, note.text, NULL);
	if (rc == OK)
		checkpoint_short(room, &checkpoint);
	else
		room[0] = '\0';
	tiles_close(&tiles);
	buf_done(&text);
	return span_str(room);
}

static enum err
inquiry_answer(struct role_desk *r, enum asker i, struct span code, struct buf *out,
    struct why *why)
{
	struct buf json = { 0 };
	struct desk_answer answer = { .out = &json };
	char sealed[CHECKPOINT_SHORT_BYTES];
	struct desk_ask ask;
	enum err rc = inquiry_read(&ask, code, why);

	if (rc == OK)
		rc = follow(r, why);
	ask.now_ns = clock_wall_ns();
	/* The front says who asks; the teller is who it is. */
	if (i == ASKER_TELLER)
		ask.rights = DESK_TELL;
	/* What is sealed, and what is printed. */
	if (rc == OK && (ask.act || span_starts(ask.path, SPAN("/api/papers/"))))
		ask.sealed = sealed_now(r, sealed);
	arena_reset(r->arena);
	if (rc == OK)
		rc = desk_answer(r->desk, &ask, &answer, r->arena, why);
	if (rc == OK && answer.wants_act)
		rc = act_do(r, &answer.act, why);
	if (rc == OK && answer.wants_act)
		rc = desk_then(r->desk, &ask, &answer, why);
	if (rc == OK)
		inquiry_answer_put(out, answer.status, buf_span(&json));
	buf_done(&json);
	return rc;
}

static void
ask_take(struct role_desk *r, enum asker i, const struct chan_msg *msg)
{
	struct cur in = cur_of(msg->body);
	struct buf argument = { 0 }, out = { 0 }, text = { 0 };
	struct why why = { "" };
	uint64_t tag = msg->tag;
	uint8_t what = cur_u8(&in);
	enum err rc;

	/* An act waits, and the next call on the channel would take this away. */
	buf_span_put(&argument, cur_bytes(&in));
	rc = what != ASK_DESK ? why_set(&why, ERR_DENIED, "the desk does not answer that") :
	    inquiry_answer(r, i, buf_span(&argument), &text, &why);
	buf_u8(&out, (uint8_t)rc);
	buf_span_put(&out, rc == OK ? buf_span(&text) : span_str(why.text));
	if (rc == ERR_IO)
		complain("cannot answer", &why);
	/* Lost meanwhile: who waits there is told so by the front. */
	if (r->asker[i] != NULL)
		(void)chan_send(r->asker[i], &(struct chan_msg){ .type = WIRE_ANSWER, .tag = tag,
		    .body = buf_span(&out) }, NULL);
	buf_done(&argument);
	buf_done(&out);
	buf_done(&text);
}

static void
asker_read(struct role_desk *r, enum asker i)
{
	struct chan *chan = r->asker[i];
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = OK;

	(void)chan_flush(chan, NULL);
	/* An act looks at the parent's channel, which may bring another one. */
	while (r->asker[i] == chan && rc == OK && (rc = chan_recv(chan, &msg, &why)) == OK) {
		file_close(&msg.fd);
		rc = wire_check(msg.type, msg.body, &why);
		if (rc == OK && msg.type == WIRE_ASK)
			ask_take(r, i, &msg);
	}
	if (r->asker[i] != chan || rc == ERR_MORE)
		return;
	chan_free(&r->asker[i]);
}

/* ---- the loop ---- */

/* What is due goes into the ledger, one act after the other. */
static void
due_turn(struct role_desk *r)
{
	struct why why = { "" };
	enum err rc = follow(r, &why);

	for (unsigned i = 0; rc == OK && i < DUE_MOST && !r->stopping; i++) {
		struct act act;

		arena_reset(r->arena);
		rc = desk_due(r->desk, clock_wall_ns(), &act, r->arena, &why);
		if (rc == OK)
			rc = act_do(r, &act, &why);
	}
	if (rc != OK && rc != ERR_MORE && rc != ERR_BUSY)
		complain("cannot go on", &why);
}

static void
turn(struct role_desk *r)
{
	struct pollfd set[2 + ASKERS] = { { .fd = chan_fd(r->brief.parent), .events = POLLIN },
	    { .fd = r->keeper != NULL ? chan_fd(r->keeper) : -1, .events = POLLIN } };
	bool busy;

	if (r->keeper != NULL && chan_queued(r->keeper) > 0)
		set[1].events |= POLLOUT;
	for (unsigned i = 0; i < ASKERS; i++) {
		struct chan *chan = r->asker[i];

		set[2 + i] = (struct pollfd){ .fd = chan != NULL ? chan_fd(chan) : -1,
		    .events = POLLIN };
		if (chan != NULL && chan_queued(chan) > 0)
			set[2 + i].events |= POLLOUT;
	}
	busy = poll(set, 2 + ASKERS, TURN_MS) > 0;
	if (busy && set[0].revents != 0)
		parent_read(r);
	if (busy && r->keeper != NULL && set[1].revents != 0)
		ledger_read(r->ledger, &r->keeper);
	for (unsigned i = 0; busy && i < ASKERS; i++)
		if (r->asker[i] != NULL && set[2 + i].revents != 0)
			asker_read(r, (enum asker)i);
	if (r->keeper == NULL)
		brief_lost_keeper(&r->brief, WIRE_DESK);
	else
		due_turn(r);
	(void)chan_flush(r->brief.parent, NULL);
}

/* ---- start ---- */

static enum err
rights_drop(struct role_desk *r, struct why *why)
{
	const struct proc_limits limits = { .files = 256 };
	int read_dir[2] = { r->start->store_fd, -1 }, write_dir = -1;
	struct sandbox s = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE,
	    .read_dir = read_dir, .nread_dir = 1 + brief_cold(read_dir[0], &read_dir[1]),
	    .write_dir = &write_dir, .nwrite_dir = 1 };
	enum err rc = proc_limit(&limits, why);

	if (rc == OK)
		rc = brief_drop_rights(&r->brief, why);
	/* SQLite knows files by their names. */
	if (rc == OK && fchdir(r->start->store_fd) != 0)
		rc = why_set(why, ERR_IO, "cannot enter the store's directory");
	if (rc == OK)
		rc = dir_open(&write_dir, r->start->store_fd, "desk", why);
	if (rc == OK)
		rc = brief_sandbox(&s, "desk", why);
	file_close(&read_dir[1]);
	file_close(&write_dir);
	return rc;
}

static enum err
begin(struct role_desk *r, struct why *why)
{
	enum err rc = brief_take(&r->brief, r->start->parent_fd, true, false, why);

	if (rc == OK && r->start->store_fd < 0)
		rc = why_set(why, ERR_FORMAT, "no store was handed over");
	/* The sandbox knows no file of the office's. */
	if (rc == OK)
		rc = deskpacks_take(&r->packs, &r->brief.conf, why);
	if (rc == OK)
		rc = rights_drop(r, why);
	(void)sqlite3_soft_heap_limit64(SQLITE_BYTES);
	return rc == OK ? view_open(r, why) : rc;
}

int
desk_main(const struct role_start *start)
{
	struct role_desk *r = xcalloc(1, sizeof *r);
	struct why why = { "" };
	char host[256] = "";

	r->start = start;
	(void)gethostname(host, sizeof host - 1);
	if (begin(r, &why) != OK) {
		(void)fprintf(stderr, "trucban: desk: %s\n", why.text);
		return 3;
	}
	r->arena = arena_new(ONE_BYTES);
	r->row_arena = arena_new(ONE_BYTES);
	r->ledger = ledger_new(NULL, WIRE_DESK, host);
	for (int i = 0; i < start->nchan; i++)
		channel_take(r, start->chan_role[i], start->chan_fd[i]);
	brief_ready(&r->brief, "alerts");
	while (!r->stopping)
		turn(r);
	store_close(&r->store);
	db_close(r);
	deskpacks_done(&r->packs);
	explicit_bzero(r->brief.store_key, sizeof r->brief.store_key);
	return 0;
}
