/* SPDX-License-Identifier: Apache-2.0 */
/* A desk in memory, asked as the role asks it: what its tests share. */
#ifndef TEST_DESK_ASKING_H
#define TEST_DESK_ASKING_H

#include "desk/desk.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/must.h"
#include "check.h"

static struct why why;
static struct arena *arena;
static sqlite3 *db;
static struct desk *desk;
static struct buf out;
static uint64_t ledger_seq;

#define SECOND INT64_C(1000000000)
#define T0 (INT64_C(1790000000) * SECOND)

static inline void
begin(void)
{
	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	/* As the role has it: views may not use every function. */
	must(sqlite3_exec(db, "PRAGMA trusted_schema = OFF", NULL, NULL, NULL) == SQLITE_OK);
	must(desk_new(&desk, db, &why) == OK);
	ledger_seq = 0;
}

static inline void
end(void)
{
	desk_free(&desk);
	desk_free(&desk);
	(void)sqlite3_close(db);
}

static inline struct desk_ask
ask_of(bool act, const char *path)
{
	return (struct desk_ask){ .act = act, .path = span_str(path), .who = SPAN("an"),
	    .from = SPAN("192.0.2.1"), .rights = DESK_READ | DESK_ACT, .lang = SPAN("en"),
	    .now_ns = T0 + 100 * SECOND };
}

/* As the role does it: asks, writes the act, folds it, answers. Gives the status. */
static inline unsigned
asked_with(struct desk_ask *ask)
{
	struct desk_answer answer = { .out = &out };

	arena_reset(arena);
	must(desk_answer(desk, ask, &answer, arena, &why) == OK);
	if (answer.wants_act) {
		check_int(desk_act(desk, &answer.act, ++ledger_seq, &why), OK);
		check_int(desk_then(desk, ask, &answer, &why), OK);
	}
	return answer.status;
}

static inline unsigned
got(const char *path)
{
	struct desk_ask ask = ask_of(false, path);

	return asked_with(&ask);
}

static inline unsigned
did(const char *path, const char *name, const char *value)
{
	struct desk_ask ask = ask_of(true, path);

	if (name != NULL)
		ask.param[ask.nparam++] = (struct desk_param){ span_str(name), span_str(value) };
	return asked_with(&ask);
}

static inline bool
said(const char *text)
{
	bool holds = span_holds(buf_span(&out), text);

	if (!holds)
		printf("not in: %.*s\n", (int)out.n, (const char *)out.p);
	return holds;
}

/* An act with several params: name, value, ..., NULL. */
static inline unsigned
did_so(const char *path, const char *const *pairs)
{
	struct desk_ask ask = ask_of(true, path);

	ask.rights = DESK_ALL;
	for (; pairs[0] != NULL; pairs += 2)
		ask.param[ask.nparam++] = (struct desk_param){ span_str(pairs[0]),
		    span_str(pairs[1]) };
	return asked_with(&ask);
}

#define DID(path, ...) did_so(path, (const char *const[]){ __VA_ARGS__, NULL })

/* A contact, whose name is the id. */
static inline void
person_is(const char *person, const char *roles)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/contacts/%s", person);
	check_int(DID(path, "name", person, "roles", roles), 200);
}

#endif
