/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read segments, journal and seal, ask the keeper for its status, hand findings to it
 * may not: write a file, see the seal's key, have any socket beside its channels
 * if it dies: nothing is lost or told twice: the next one makes what is open anew from the stream
 *          and goes on behind what is on disk; silence is noticed that much later
 *
 * Every minute: each new row is counted once (coverage/rolling.h), what holds is judged, and what
 * opens, grows or closes goes to the keeper as one batch, whose PLACE is the sequence that its rows
 * carry. So findings and the state that they mean are on disk together, or neither is. A batch that
 * the keeper did not take, for whatever reason, is forgotten: all is made anew from the stream.
 */
#include "role/watch_int.h"

#include <malloc.h>
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
#include "model/registry.h"
#include "wire/wire.h"
#include "coverage/findings.h"

static const int64_t second_ns = 1000000000, ms_ns = 1000000;

enum { TAG_PLACES = 1, TAG_STATUS, CLASS = 0 };

static const uint8_t *
key_of(const struct watch *w)
{
	return w->brief.has_store_key ? w->brief.store_key : NULL;
}

static void
complain(const char *what, const struct why *why)
{
	(void)fprintf(stderr, "trucban: watch: %s: %s\n", what, why->text);
}

/* ---- to the keeper ---- */

static void
keeper_lost(struct watch *w)
{
	chan_free(&w->keeper);
	w->state = WATCH_ALONE;
	w->next_ns = 0;
}

static bool
keeper_send(struct watch *w, uint16_t type, uint64_t tag, struct span body)
{
	struct why why = { "" };

	if (w->keeper != NULL && chan_send(w->keeper, &(struct chan_msg){ .type = type,
	    .tag = tag, .body = body }, &why) == OK)
		return true;
	keeper_lost(w);
	return false;
}

/* What is open is made anew, from what the keeper has. */
static void
begin_anew(struct watch *w)
{
	struct buf contents = { 0 }, body = { 0 };

	buf_u64(&contents, WIRE_WATCH_CONTENT);
	buf_u8(&body, ASK_PLACES);
	buf_bytes(&body, buf_span(&contents));
	w->asked_ns = clock_mono_ns();
	if (keeper_send(w, WIRE_ASK, TAG_PLACES, buf_span(&body)))
		w->state = WATCH_ASKED;
	buf_done(&contents);
	buf_done(&body);
}

static void
keeper_take(struct watch *w, int fd)
{
	struct source source = { .class = CLASS, .trust = TRUST_LOCAL, .listener = SPAN("watch"),
	    .app = SPAN("trucban") };
	struct buf hello = { 0 }, shape = { 0 }, from = { 0 };
	char host[256] = "";

	chan_free(&w->keeper);
	w->keeper = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	(void)gethostname(host, sizeof host - 1);
	source.host = span_str(host);
	buf_u8(&hello, WIRE_WATCH);
	buf_u32(&hello, WIRE_VERSION);
	buf_u64(&hello, w->instance);
	buf_u32(&shape, 0);
	finding_shape(&shape);
	buf_u32(&from, 0);
	source_encode(&from, &source);
	if (keeper_send(w, WIRE_HELLO, 0, buf_span(&hello)) &&
	    keeper_send(w, WIRE_SHAPE, 0, buf_span(&shape)) &&
	    keeper_send(w, WIRE_SOURCE, 0, buf_span(&from)))
		begin_anew(w);
	buf_done(&hello);
	buf_done(&shape);
	buf_done(&from);
}

/* ---- what is open, from the stream ---- */

static bool
on_finding(void *ctx, const struct finding *finding, uint64_t seq)
{
	(void)seq;
	standing_load(ctx, finding);
	return true;
}

/* ERR_MORE: the keeper has taken rows that are not on disk yet. */
static enum err
load(struct watch *w, struct why *why)
{
	struct standing *anew = standing_new();
	struct store *store = NULL;
	bool waited = clock_mono_ns() - w->asked_ns > LOAD_S * second_ns;
	enum err rc = store_open_streams(&store, w->start->store_fd, key_of(w),
	    1u << STREAM_FINDINGS, why);

	if (rc == OK)
		rc = findings_each(store, on_finding, anew, why);
	store_close(&store);
	/* Rows that expired, or were set aside, never come. */
	if (rc == OK && standing_sequence(anew) < w->place && !waited)
		rc = why_set(why, ERR_MORE, "not on disk yet");
	if (rc == OK) {
		standing_free(&w->standing);
		w->standing = anew;
		anew = NULL;
	}
	standing_free(&anew);
	return rc;
}

static void
load_turn(struct watch *w)
{
	struct why why = { "" };
	enum err rc = load(w, &why);

	w->next_ns = clock_mono_ns() + RETRY_MS * ms_ns;
	if (rc == OK) {
		w->state = WATCH_COUNTS;
		w->fresh = false;
	} else if (rc != ERR_MORE) {
		complain("cannot read the findings", &why);
	}
}

/* ---- counting ---- */

/* New segments from the beginning of their list. ERR_MORE: there are more of them. */
static enum err
segments_turn(struct watch *w, struct why *why)
{
	int64_t from_ns = w->began ? INT64_MIN : clock_wall_ns() - HISTORY_S * second_ns;
	enum err rc = OK;

	if (!w->fresh) {
		w->at = 0;
		rc = w->store != NULL ? store_refresh(w->store, why) :
		    store_open_streams(&w->store, w->start->store_fd, key_of(w), 0, why);
		w->fresh = rc == OK;
	}
	return rc == OK ? rolling_segments(w->rolling, w->store, from_ns, &w->at, why) : rc;
}

/* One batch more of the journal. */
static enum err
journal_turn(struct watch *w, struct why *why)
{
	enum err rc = OK;

	if (w->trail == NULL)
		rc = trail_open(&w->trail, w->start->store_fd, key_of(w), why);
	if (rc == OK && !w->gap)
		rc = trail_next(w->trail, &w->batch, why);
	if (rc != OK || w->batch.stream != STREAM_RAW)
		return rc;
	if (w->gap) {
		rolling_batch_after_gap(w->rolling, w->batch.class, w->batch.first_seq,
		    w->batch.head, w->batch.tables);
		w->gap = false;
	} else if (!rolling_batch(w->rolling, w->batch.class, w->batch.first_seq, w->batch.head,
	    w->batch.tables)) {
		/* Its file went before we came: its rows are in segments. */
		w->gap = true;
		w->fresh = false;
	}
	return OK;
}

/* OK: caught up. ERR_MORE: the channels first, then on. */
static enum err
count_turn(struct watch *w, struct why *why)
{
	enum err rc = segments_turn(w, why);

	for (unsigned i = 0; rc == OK && i < BATCHES_A_TURN; i++) {
		rc = journal_turn(w, why);
		if (rc == OK && w->gap)
			return ERR_MORE;
	}
	if (rc == ERR_MORE && w->at < store_segments(w->store))
		return ERR_MORE;
	return rc == OK ? ERR_MORE : rc == ERR_MORE ? OK : rc;
}

static void
rest(struct watch *w)
{
	w->state = WATCH_RESTS;
	w->next_ns = clock_mono_ns() + watch_tick_ns(w);
}

static void
counting(struct watch *w)
{
	const uint8_t body[2] = { ASK_STATUS, 0 };
	struct why why = { "" };
	enum err rc = count_turn(w, &why);

	if (rc == ERR_MORE)
		return;
	if (rc != OK) {
		complain("cannot read the store", &why);
		trail_close(&w->trail);
		store_close(&w->store);
		w->gap = w->fresh = false;
		rest(w);
		return;
	}
	if (!w->began) {
		w->began = true;
		rolling_begin(w->rolling);
		(void)malloc_trim(0);
	}
	if (keeper_send(w, WIRE_ASK, TAG_STATUS, span_of(body, sizeof body)))
		w->state = WATCH_STATUS;
}

/* ---- telling ---- */

static void
counters_send(struct watch *w)
{
	uint32_t n[FINDING_LEVEL_END];
	struct buf body = { 0 };

	standing_count(w->standing, n);
	buf_varint(&body, FINDING_LEVEL_END);
	for (unsigned i = 0; i < FINDING_LEVEL_END; i++) {
		struct buf name = { 0 };

		buf_printf(&name, "watch.%s.findings_open", finding_level_name(i));
		buf_bytes(&body, buf_span(&name));
		buf_varint(&body, n[i]);
		buf_done(&name);
	}
	(void)keeper_send(w, WIRE_COUNTERS, 0, buf_span(&body));
	buf_done(&body);
}

static void
batch_make(struct buf *out, const struct finding *finding, uint32_t n, int64_t now_ns,
    struct arena *arena)
{
	struct batch_writer *writer = batch_writer_new(STREAM_FINDINGS, CLASS);

	for (uint32_t i = 0; i < n; i++) {
		struct span value[FINDING_HOLES];
		struct row row = { .recv_ns = now_ns, .event_ns = now_ns, .nvalue = FINDING_HOLES,
		    .value = value };
		enum err rc;

		finding_values(&finding[i], arena, value, &row.flags);
		rc = batch_add(writer, 0, 0, &row);
		must(rc == OK);
	}
	batch_finish(writer, out);
	batch_writer_free(&writer);
}

static void
findings_send(struct watch *w, const struct finding *finding, uint32_t n, int64_t now_ns,
    struct arena *arena)
{
	struct buf batch = { 0 }, place = { 0 };

	batch_make(&batch, finding, n, now_ns, arena);
	buf_u64(&place, WIRE_WATCH_CONTENT);
	buf_u64(&place, w->place);
	buf_u64(&place, w->sequence);
	w->ticket++;
	if (keeper_send(w, WIRE_PLACE, w->ticket, buf_span(&place)) &&
	    keeper_send(w, WIRE_BATCH, w->ticket, buf_span(&batch)))
		w->state = WATCH_TOLD;
	buf_done(&batch);
	buf_done(&place);
}

static void
judge(struct watch *w)
{
	struct arena *arena = arena_new(JUDGE_BYTES);
	uint64_t last = standing_sequence(w->standing);
	const struct finding *finding;
	int64_t now_ns = clock_wall_ns();
	struct why why = { "" };
	uint32_t n = 0;
	enum err rc;

	w->sequence = (w->place > last ? w->place : last) + 1;
	rc = watch_judge(w, now_ns, w->sequence, arena, &finding, &n, &why);
	rest(w);
	if (rc != OK)
		complain("cannot judge", &why);
	else if (n > 0)
		findings_send(w, finding, n, now_ns, arena);
	else
		counters_send(w);
	arena_free(&arena);
}

/* ---- from the keeper ---- */

static void
answer_take(struct watch *w, const struct chan_msg *msg)
{
	struct cur in = cur_of(span_sub(msg->body, 1, SIZE_MAX));
	bool good = msg->body.p[0] == OK;

	if (msg->tag == TAG_PLACES && w->state == WATCH_ASKED) {
		w->place = good && cur_left(&in) == 8 ? cur_u64(&in) : 0;
		w->state = WATCH_LOADS;
		w->next_ns = 0;
	} else if (msg->tag == TAG_STATUS && w->state == WATCH_STATUS) {
		w->status.n = 0;
		if (good)
			buf_span_put(&w->status, span_sub(msg->body, 1, SIZE_MAX));
		judge(w);
	}
}

static void
told(struct watch *w, const struct chan_msg *msg)
{
	if (w->state != WATCH_TOLD || msg->tag != w->ticket)
		return;
	if (msg->type == WIRE_ACK) {
		w->place = w->sequence;
		w->state = WATCH_RESTS;
		counters_send(w);
		return;
	}
	(void)fprintf(stderr, "trucban: watch: findings were not kept, trying anew: %.*s\n",
	    (int)(msg->body.n - 1), (const char *)msg->body.p + 1);
	/* What it was told is not so: from the stream, with the next tick. */
	standing_free(&w->standing);
	w->state = WATCH_RESTS;
}

static void
keeper_read(struct watch *w)
{
	struct chan_msg msg;
	struct why why = { "" };
	enum err rc = OK;

	while (w->keeper != NULL && (rc = chan_recv(w->keeper, &msg, &why)) == OK) {
		file_close(&msg.fd);
		if (wire_check(msg.type, msg.body, &why) != OK) {
			rc = ERR_FORMAT;
			break;
		}
		if (msg.type == WIRE_ANSWER)
			answer_take(w, &msg);
		else if (msg.type == WIRE_ACK || msg.type == WIRE_REFUSE)
			told(w, &msg);
	}
	if (w->keeper != NULL && rc != ERR_MORE)
		keeper_lost(w);
}

/* The parent has checked it. */
static void
register_apply(struct watch *w, struct span text)
{
	struct registry *registry = NULL;
	struct why why = { "" };

	if (registry_read(&registry, text, &why) != OK) {
		complain("the register of sources", &why);
		return;
	}
	registry_free(&w->registry);
	w->registry = registry;
}

static void
parent_read(struct watch *w)
{
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(w->brief.parent, &msg, NULL)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0) {
			keeper_take(w, msg.fd);
			msg.fd = -1;
		}
		file_close(&msg.fd);
		if (msg.type == WIRE_REGISTER)
			register_apply(w, msg.body);
		w->stopping |= msg.type == WIRE_STOP;
	}
	w->stopping |= rc != ERR_MORE;
}

/* ---- the loop ---- */

static void
work(struct watch *w)
{
	bool due = clock_mono_ns() >= w->next_ns;

	if (w->state == WATCH_ALONE && due) {
		brief_lost_keeper(&w->brief, WIRE_WATCH);
		w->next_ns = clock_mono_ns() + second_ns;
	} else if (w->state == WATCH_LOADS && due) {
		load_turn(w);
	} else if (w->state == WATCH_COUNTS) {
		counting(w);
	} else if (w->state == WATCH_RESTS && due) {
		w->fresh = false;
		w->state = WATCH_COUNTS;
		if (w->standing == NULL)
			begin_anew(w);
	}
}

/* Nothing is done between ticks. */
static int
wait_ms(const struct watch *w)
{
	int64_t ms = (w->next_ns - clock_mono_ns()) / ms_ns + 1;

	if (w->state == WATCH_COUNTS)
		return 0;
	if (w->state == WATCH_ASKED || w->state == WATCH_STATUS || w->state == WATCH_TOLD)
		return -1;
	return ms < 0 ? 0 : ms > TICK_S * 1000 ? TICK_S * 1000 : (int)ms;
}

static void
loop(struct watch *w)
{
	while (!w->stopping) {
		struct pollfd set[2] = { { .fd = chan_fd(w->brief.parent), .events = POLLIN },
		    { .fd = w->keeper != NULL ? chan_fd(w->keeper) : -1, .events = POLLIN } };

		if (w->keeper != NULL && chan_queued(w->keeper) > 0)
			set[1].events |= POLLOUT;
		if (poll(set, 2, wait_ms(w)) < 0)
			continue;
		if (w->keeper != NULL && (set[1].revents & POLLOUT) != 0)
			(void)chan_flush(w->keeper, NULL);
		if (w->keeper != NULL && set[1].revents != 0)
			keeper_read(w);
		if (set[0].revents != 0)
			parent_read(w);
		work(w);
		(void)chan_flush(w->brief.parent, NULL);
	}
}

/* ---- start ---- */

static enum err
rights_drop(struct watch *w, struct why *why)
{
	const struct proc_limits limits = { .files = 256 };
	int dir[2] = { w->start->store_fd, -1 };
	struct sandbox s = { .groups = SANDBOX_FILE_READ, .read_dir = dir,
	    .nread_dir = 1 + brief_cold(dir[0], &dir[1]) };
	enum err rc = proc_limit(&limits, why);

	if (rc == OK)
		rc = brief_drop_rights(&w->brief, why);
	if (rc == OK)
		rc = brief_sandbox(&s, "watch", why);
	file_close(&dir[1]);
	return rc;
}

/* For tests: hours in seconds. */
static int64_t
haste_read(void)
{
	const char *text = getenv("TRUCBAN_WATCH_HASTE");
	int64_t v = text != NULL ? strtoll(text, NULL, 10) : 1;

	return v < 1 ? 1 : v > 36000 ? 36000 : v;
}

int
watch_main(const struct role_start *start)
{
	struct watch *w = xcalloc(1, sizeof *w);
	struct why why = { "" };
	enum err rc;

	w->start = start;
	w->haste = haste_read();
	w->instance = random_u64();
	rc = brief_take(&w->brief, start->parent_fd, true, false, &why);
	if (rc == OK)
		rc = rights_drop(w, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: watch: %s\n", why.text);
		return 3;
	}
	w->rolling = rolling_new(&(struct rolling_conf){ .window_ns = WINDOW_S * second_ns,
	    .haste = w->haste, .zero_ns = clock_wall_ns(),
	    .zone_s = (int32_t)w->brief.conf.zone_minutes * 60 });
	register_apply(w, buf_span(&w->brief.registry));
	buf_done(&w->brief.registry);
	if (start->nchan > 0)
		keeper_take(w, start->chan_fd[0]);
	brief_ready(&w->brief, "coverage");
	loop(w);
	trail_close(&w->trail);
	store_close(&w->store);
	standing_free(&w->standing);
	rolling_free(&w->rolling);
	registry_free(&w->registry);
	buf_done(&w->status);
	explicit_bzero(w->brief.store_key, sizeof w->brief.store_key);
	return 0;
}
