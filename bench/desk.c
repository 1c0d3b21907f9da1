/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the duty desk takes to answer when it has much to answer about: many alerts and
 * incidents in a view on disk, then each question of a list several times.
 *
 *	desk DB ALERTS INCIDENTS ROUNDS
 *
 * "name value unit" per line: desk.fold_us of a finding, desk.act_us, desk.due_us, and the median
 * of every question as desk.ms{path=...}; desk.worst_ms is the worst of those.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/must.h"
#include "sys/clock.h"
#include "desk/desk.h"
#include "role/conf.h"
#include "role/incidentpack.h"
#include "role/policy.h"
#include "role/rulepack.h"

#define SECOND	INT64_C(1000000000)
#define T0	(INT64_C(1795000000) * SECOND)

enum { ROUNDS_MAX = 99, BATCH = 1000 };

static struct desk *desk;
static struct arena *arena;
static struct why why;
static uint64_t finding_seq, ledger_seq;
static int64_t now_ns = T0;

static void
need(enum err rc)
{
	if (rc == OK)
		return;
	(void)fprintf(stderr, "desk: %s\n", why.text);
	exit(EXIT_FAILURE);
}

static void
found(unsigned n, unsigned act)
{
	char host[32], message[128];
	struct finding f = { .act = (uint8_t)act, .level = (uint8_t)(n % 5), .version = 1,
	    .sequence = n, .rule = n % 3 == 0 ? SPAN("coverage.silent") : SPAN("clock.skew"),
	    .time_ns = T0 + n * SECOND, .opened_ns = T0 + n * SECOND, .opened_seq = n };

	(void)snprintf(host, sizeof host, "may-%u", n % 1000);
	(void)snprintf(message, sizeof message, "Máy %s không gửi nhật ký đã %u phút", host, n);
	f.group.host = span_str(host);
	f.message = span_str(message);
	finding_id(&f);
	need(desk_finding(desk, &f, ++finding_seq, &why));
}

/* Does an act as the role does it; the id in the answer is what ret_id gets. */
static void
done(const char *path, const struct desk_param *param, unsigned n, char ret_id[33])
{
	struct desk_ask ask = { .act = true, .path = span_str(path), .who = SPAN("an"),
	    .from = SPAN("192.0.2.1"), .rights = DESK_ALL, .lang = SPAN("vi"), .now_ns = now_ns,
	    .nparam = n };
	struct buf out = { 0 };
	struct desk_answer answer = { .out = &out };
	struct span at;

	memcpy(ask.param, param, n * sizeof *param);
	arena_reset(arena);
	need(desk_answer(desk, &ask, &answer, arena, &why));
	if (!answer.wants_act) {
		(void)fprintf(stderr, "desk: %s: %.*s\n", path, (int)out.n, (const char *)out.p);
		exit(EXIT_FAILURE);
	}
	need(desk_act(desk, &answer.act, ++ledger_seq, &why));
	if (ret_id != NULL) {
		need(desk_then(desk, &ask, &answer, &why));
		at = buf_span(&out);
		must(at.n > 7);
		(void)snprintf(ret_id, 33, "%.*s", (int)strcspn((const char *)at.p + 7, "\""),
		    (const char *)at.p + 7);
	}
	buf_done(&out);
}

#define P(NAME, VALUE)	{ SPAN(NAME), span_str(VALUE) }

static void
incident_made(unsigned n)
{
	char title[64], path[96], id[33];
	struct desk_param open[] = { P("title", ""), P("what", "Trang chủ có chữ lạ"),
	    P("t0", "2026-11-18T12:00:00+07:00"), P("how", "citizen"), P("teller", "Bà Hoa") };
	struct desk_param play[] = { P("playbook", "thay-doi-giao-dien"), P("person", "An") };
	struct desk_param note[] = { P("what", "đã xem nhật ký của máy chủ") };

	(void)snprintf(title, sizeof title, "Cổng thông tin %u bị thay nội dung", n);
	open[0].value = span_str(title);
	done("/api/incidents", open, 5, id);
	(void)snprintf(path, sizeof path, "/api/incidents/%s/playbook", id);
	done(path, play, 2, NULL);
	(void)snprintf(path, sizeof path, "/api/incidents/%s/note", id);
	for (unsigned i = 0; i < 10; i++)
		done(path, note, 1, NULL);
}

static void
people_made(void)
{
	char path[64], name[64];
	struct desk_param contact[] = { P("name", ""), P("roles", "technical,leader") };
	struct desk_param plan[] = { P("tier", "technical"), P("people", "p0,p1,p2,p3,p4"),
	    P("start", "2026-11-01T07:30:00+07:00"), P("end", "2027-05-15T07:30:00+07:00"),
	    P("pattern", "07:30-19:30,19:30-07:30") };

	for (unsigned i = 0; i < 50; i++) {
		(void)snprintf(path, sizeof path, "/api/contacts/p%u", i);
		(void)snprintf(name, sizeof name, "Nguyễn Văn %u", i);
		contact[0].value = span_str(name);
		done(path, contact, 2, NULL);
	}
	done("/api/duty/plan", plan, 5, NULL);
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Median of rounds, in microseconds. */
static double
asked(const char *path, const char *name, const char *value, unsigned rounds)
{
	struct desk_ask ask = { .path = span_str(path), .who = SPAN("an"),
	    .from = SPAN("192.0.2.1"), .rights = DESK_ALL, .lang = SPAN("vi"), .now_ns = now_ns };
	int64_t took[ROUNDS_MAX];
	struct buf out = { 0 };

	if (name != NULL)
		ask.param[ask.nparam++] = (struct desk_param){ span_str(name), span_str(value) };
	for (unsigned i = 0; i < rounds; i++) {
		struct desk_answer answer = { .out = &out };
		int64_t begun = clock_mono_ns();

		arena_reset(arena);
		need(desk_answer(desk, &ask, &answer, arena, &why));
		took[i] = clock_mono_ns() - begun;
		must(answer.status == 200);
	}
	buf_done(&out);
	qsort(took, rounds, sizeof took[0], by_value);
	return (double)took[rounds / 2] / 1000;
}

static void
packs_load(void)
{
	struct incidentpack *pack = xcalloc(1, sizeof *pack);
	struct conf *conf = xcalloc(1, sizeof *conf);
	struct buf json = { 0 };

	conf->zone_minutes = 420;
	need(rulepack_own(pack, &incidentpack_kind, &why));
	incidentpack_json(&json, pack);
	need(desk_load(desk, "incident", buf_span(&json), &why));
	need(policy_load(desk, conf, now_ns, &why));
	buf_done(&json);
	free(conf);
	free(pack);
}

static void
fill(unsigned alerts, unsigned incidents)
{
	int64_t begun = clock_mono_ns();

	for (unsigned i = 0; i < alerts; i++) {
		if (i % BATCH == 0)
			need(desk_fold_begin(desk, &why));
		found(i, FINDING_OPENED);
		if (i % 2 == 0)
			found(i, FINDING_CLOSED);
		if (i % BATCH == BATCH - 1 || i + 1 == alerts)
			need(desk_fold_end(desk, &why));
	}
	now_ns += alerts * SECOND;
	(void)printf("desk.fold_us %.1f us\n", (double)(clock_mono_ns() - begun) / 1000 /
	    ((double)alerts * 1.5));
	need(desk_fold_begin(desk, &why));
	people_made();
	for (unsigned i = 0; i < incidents; i++)
		incident_made(i);
	need(desk_fold_end(desk, &why));
}

/* What the desk itself has to do, as it does it: one act after the other. */
static void
due_measure(void)
{
	enum { TURNS = 200 };
	int64_t begun = clock_mono_ns();
	struct act act;

	for (unsigned i = 0; i < TURNS; i++) {
		arena_reset(arena);
		if (desk_due(desk, now_ns, &act, arena, &why) != OK)
			break;
		need(desk_act(desk, &act, ++ledger_seq, &why));
	}
	(void)printf("desk.due_us %.1f us\n", (double)(clock_mono_ns() - begun) / 1000 / TURNS);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path, *name, *value;
	} question[] = {
		{ "/api/alerts", NULL, NULL }, { "/api/alerts", "state", "all" },
		{ "/api/alerts", "state", "done" }, { "/api/alerts", "text", "may-77" },
		{ "/api/alerts", "rule", "clock.skew" }, { "/api/mutes", NULL, NULL },
		{ "/api/incidents", NULL, NULL }, { "/api/incidents", "state", "all" },
		{ "/api/pages/incidents", NULL, NULL }, { "/api/tasks", NULL, NULL },
		{ "/api/incidents/SC-2026-0001", NULL, NULL }, { "/api/duty", NULL, NULL },
		{ "/api/duty/roster", NULL, NULL }, { "/api/duty/book", NULL, NULL },
		{ "/api/contacts", NULL, NULL }, { "/api/handovers", NULL, NULL },
	};
	double worst = 0;
	sqlite3 *db;

	if (argc != 5)
		return EXIT_FAILURE;
	must(sqlite3_open(argv[1], &db) == SQLITE_OK);
	must(sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
	    "PRAGMA temp_store = MEMORY;", NULL, NULL, NULL) == SQLITE_OK);
	arena = arena_new(1 << 20);
	need(desk_new(&desk, db, &why));
	packs_load();
	fill((unsigned)strtoul(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10));
	due_measure();
	for (size_t i = 0; i < sizeof question / sizeof question[0]; i++) {
		double us = asked(question[i].path, question[i].name, question[i].value,
		    (unsigned)strtoul(argv[4], NULL, 10) % ROUNDS_MAX);

		(void)printf("desk.ms{path=\"%s%s%s%s%s\"} %.2f ms\n", question[i].path,
		    question[i].name != NULL ? "?" : "", question[i].name != NULL ?
		    question[i].name : "", question[i].name != NULL ? "=" : "",
		    question[i].value != NULL ? question[i].value : "", us / 1000);
		worst = us > worst ? us : worst;
	}
	(void)printf("desk.worst_ms %.2f ms\n", worst / 1000);
	desk_free(&desk);
	(void)sqlite3_close(db);
	arena_free(&arena);
	return 0;
}
