/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of coverage: rows as a test says them, kept by a real keeper, and in another folder a
 * tree of heartbeats as a test says them. Times are seconds from a Monday at 00:00 UTC.
 */
#ifndef TEST_COVERAGE_RIG_H
#define TEST_COVERAGE_RIG_H

#include "check.h"
#include "coverage/coverage.h"
#include "model/leaf.h"
#include "model/registry.h"
#include "store/seal.h"
#include "store/store.h"
#include "test/unit/store/proof_store.h"

enum { HOUR = 3600, DAY = 86400, RIG_SOURCES = 9 };

static const int64_t monday = INT64_C(1764547200);	/* 2025-12-01 */

struct said {
	uint32_t source;
	double at_s;			/* received */
	bool unparsed;
	uint8_t flags;
	double late_s;			/* its own stamp is so much older */
	uint64_t number;		/* sequenceId; 0: none */
};

struct rig {
	struct place rows, beats;
	uint32_t channel;
	uint64_t ticket, sent;
	struct batch_writer *batch;
	struct seal *seal;
	struct store *store;
	struct arena *arena;
	struct registry *registry;	/* NULL: none */
	const int64_t *since_ns;	/* of its rows, or NULL */
	struct coverage_result r;
	struct why why;
};

static inline int64_t
ns_of(double s)
{
	return monday * 1000000000 + (int64_t)(s * 1e9);
}

/* Shapes: 0 a line that was understood, 1 one that was not, 2 one with a sender's number. */
static inline void
rig_shapes(struct rig *g)
{
	struct hole number[2] = {
		{ HOLE_SD_VALUE, ROLE_NONE, SPAN("meta.sequenceId"), SPAN("\"] ") },
		{ HOLE_TEXT, ROLE_MESSAGE, SPAN("message"), SPAN("") } };
	const struct shape shape[3] = {
		{ .format = FORMAT_LINE, .decoder = 1, .nhole = 1, .head = SPAN(""),
		    .hole = &number[1] },
		{ .format = FORMAT_UNPARSED, .decoder = 1, .nhole = 1, .head = SPAN(""),
		    .hole = &number[1] },
		{ .format = FORMAT_RFC5424, .decoder = 1, .nhole = 2,
		    .head = SPAN("<13>1 - - - - - [meta sequenceId=\""), .hole = number } };
	struct buf code = { 0 };

	for (uint32_t i = 0; i < 3; i++) {
		code.n = 0;
		shape_encode(&code, &shape[i]);
		if (!check(keep_shape(g->rows.keep, g->channel, i, buf_span(&code), &g->why) == OK))
			printf("%s\n", g->why.text);
	}
	buf_done(&code);
}

/* 0 to 5 are hosts; 6 is host 0 by another application; 7 has no name of its own; 8 is a file. */
static inline void
rig_sources(struct rig *g)
{
	struct buf code = { 0 };

	for (uint32_t i = 0; i < RIG_SOURCES; i++) {
		char host[16];
		struct source source = { .class = 1, .trust = TRUST_PEER, .unit = 3,
		    .listener = SPAN("udp"), .peer = SPAN("10.0.0.1"),
		    .app = i == 6 ? SPAN("cron") : SPAN("sshd") };

		(void)snprintf(host, sizeof host, "may%02u", i % 6);
		source.host = span_str(host);
		if (i == 7)
			source = (struct source){ .class = 1, .trust = TRUST_CLAIM, .unit = 3,
			    .listener = SPAN("udp") };
		if (i == 8)
			source.listener = SPAN("import:/old.log");
		code.n = 0;
		source_encode(&code, &source);
		must(keep_source(g->rows.keep, g->channel, i, buf_span(&code), NULL) == OK);
	}
	buf_done(&code);
}

static inline void
rig_make(struct rig *g, enum key_make make)
{
	static const uint8_t seed[32] = { 7 };

	*g = (struct rig){ .ticket = 0 };
	place_make(&g->rows);
	place_open(&g->rows, make);
	must(keep_channel_open(g->rows.keep, 77, &g->channel, NULL) == OK);
	rig_shapes(g);
	rig_sources(g);
	g->batch = batch_writer_new(STREAM_RAW, 1);
	place_make(&g->beats);
	must(seal_open(&g->seal, g->beats.fd, "trucban/00112233445566778899aabbccddeeff", seed,
	    &g->why) == OK);
	g->arena = arena_new((size_t)1 << 30);
}

static inline void
rig_done(struct rig *g)
{
	store_close(&g->store);
	seal_close(&g->seal);
	if (g->rows.keep != NULL)
		place_close(&g->rows);
	batch_writer_free(&g->batch);
	place_remove(&g->rows);
	place_remove(&g->beats);
	arena_free(&g->arena);
	registry_free(&g->registry);
}

/* ---- rows ---- */

static inline void
rig_row(struct rig *g, const struct said *said)
{
	char number[24];
	struct span value[2] = { span_of(number, (size_t)snprintf(number, sizeof number, "%llu",
	    (unsigned long long)said->number)), SPAN("mot dong") };
	bool numbered = said->number > 0;
	struct row row = { .recv_ns = ns_of(said->at_s), .flags = said->flags,
	    .event_ns = ns_of(said->at_s - said->late_s), .nvalue = numbered ? 2 : 1,
	    .value = numbered ? value : value + 1 };

	must(batch_add(g->batch, numbered ? 2 : said->unparsed ? 1 : 0, said->source, &row) == OK);
}

/* What was said since the last time is kept, and a segment of its own. */
static inline void
rig_keep(struct rig *g)
{
	struct buf code = { 0 };
	uint32_t n = batch_rows(g->batch);

	batch_finish(g->batch, &code);
	g->sent += n;
	must(keep_batch(g->rows.keep, g->channel, ++g->ticket, buf_span(&code), &g->why) == OK);
	for (unsigned i = 0; g->rows.acked < g->sent && i < 10000; i++) {
		keep_wait(g->rows.keep, 10);
		place_take(&g->rows);
	}
	must(g->rows.acked == g->sent);
	place_flush(&g->rows);
	buf_done(&code);
}

/* ---- heartbeats ---- */

struct told {
	const char *name;
	uint64_t value;
};

/* Ended by a NULL name; NULL: none. */
static inline void
rig_beat(struct rig *g, double at_s, uint64_t last_seq, const struct told *told)
{
	struct leaf_counter counter[16];
	struct leaf leaf = { .type = LEAF_HEARTBEAT, .epoch = 1, .time_ns = ns_of(at_s) };
	struct buf code = { 0 };
	uint32_t n = 0;

	for (; told != NULL && told[n].name != NULL; n++)
		counter[n] = (struct leaf_counter){ span_str(told[n].name), told[n].value };
	leaf.u.heartbeat.last_seq[STREAM_RAW] = leaf.u.heartbeat.rows[STREAM_RAW] = last_seq;
	leaf.u.heartbeat.ncounter = n;
	leaf.u.heartbeat.counter = counter;
	leaf_encode(&code, &leaf);
	(void)seal_append(g->seal, buf_span(&code));
	buf_done(&code);
}

/* The tree's first entry, as every store has it. */
static inline void
rig_begin(struct rig *g, double at_s)
{
	struct leaf leaf = { .type = LEAF_EPOCH, .epoch = 1, .time_ns = ns_of(at_s) };
	struct buf code = { 0 };

	leaf.u.epoch_begin.reason = SPAN("first");
	leaf_encode(&code, &leaf);
	(void)seal_append(g->seal, buf_span(&code));
	buf_done(&code);
}

/* Every minute, without counters. */
static inline void
rig_beats(struct rig *g, double from_s, double to_s, const struct told *told)
{
	for (double s = from_s; s < to_s; s += 60)
		rig_beat(g, s, 0, told);
}

static inline void
rig_sign(struct rig *g)
{
	must(seal_checkpoint(g->seal, NULL, &g->why) == OK);
}

/* ---- asking ---- */

static inline enum err
rig_ask_at(struct rig *g, double from_s, double to_s, double now_s, int32_t zone_s)
{
	struct coverage_ask ask = { .period = { ns_of(from_s), ns_of(to_s), ns_of(now_s),
	    zone_s }, .registry = g->registry, .since_ns = g->since_ns };

	g->why.text[0] = '\0';
	store_close(&g->store);
	must(store_open(&g->store, g->rows.fd, g->rows.keys.has_store_key ?
	    g->rows.keys.store_key : NULL, &g->why) == OK);
	arena_reset(g->arena);
	return coverage_make(g->store, g->beats.fd, &ask, g->arena, &g->r, &g->why);
}

static inline void
rig_register(struct rig *g, const char *text)
{
	registry_free(&g->registry);
	if (!check(registry_read(&g->registry, span_str(text), &g->why) == OK))
		printf("%s\n", g->why.text);
}

/* It succeeds; now is the period's end, the zone +07:00. */
static inline void
rig_ask(struct rig *g, double from_s, double to_s)
{
	if (!check(rig_ask_at(g, from_s, to_s, to_s, 7 * HOUR) == OK))
		printf("%s\n", g->why.text);
}

static inline const struct coverage_source *
source_of(const struct rig *g, const char *host)
{
	static const struct coverage_source none = { .rows = 0 };

	for (uint32_t i = 0; i < g->r.nsource; i++)
		if (span_is(g->r.source[i].host, host))
			return &g->r.source[i];
	return &none;
}

static inline const struct coverage_loss *
loss_of(const struct rig *g, const char *door, const char *name)
{
	for (uint32_t i = 0; i < g->r.nloss; i++)
		if (span_is(g->r.loss[i].door, door) && span_is(g->r.loss[i].name, name))
			return &g->r.loss[i];
	return NULL;
}

/* 0 when there is none. */
static inline uint64_t
lost_of(const struct rig *g, const char *door, const char *name)
{
	const struct coverage_loss *loss = loss_of(g, door, name);

	return loss != NULL ? loss->total : 0;
}

static inline const struct coverage_remark *
remark_of(struct rig *g, enum coverage_verdict verdict)
{
	const struct coverage_remark *remark;
	uint32_t n = coverage_judge(&g->r, g->arena, &remark);

	for (uint32_t i = 0; i < n; i++)
		if (remark[i].verdict == verdict)
			return &remark[i];
	return NULL;
}

#endif
