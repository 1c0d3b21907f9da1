/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes role/inquiry.c and the desk behind it: whatever is asked is answered or refused with JSON,
 * and an act that was let through is folded.
 */
#include <sqlite3.h>
#include <stdint.h>

#include "base/must.h"
#include "role/inquiry.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sqlite3 *db;
static struct desk *desk;
static uint64_t seq;

static void
begin(void)
{
	struct finding f = { .act = FINDING_OPENED, .level = FINDING_HIGH, .version = 1,
	    .sequence = 1, .rule = SPAN("coverage.silent"), .time_ns = 1790000000000000000,
	    .opened_seq = 1, .message = SPAN("x") };
	struct why why;

	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	must(desk_new(&desk, db, &why) == OK);
	finding_id(&f);
	must(desk_finding(desk, &f, 1, &why) == OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(8 << 20);
	struct buf out = { 0 }, again = { 0 }, json = { 0 };
	struct desk_answer answer = { .out = &json };
	struct desk_ask ask;
	struct why why = { "" };

	if (desk == NULL)
		begin();
	if (inquiry_read(&ask, span_of(data, size), &why) == OK) {
		struct desk_ask back;

		inquiry_put(&out, &ask);
		must(inquiry_read(&back, buf_span(&out), &why) == OK);
		inquiry_put(&again, &back);
		must(span_eq(buf_span(&out), buf_span(&again)));
		ask.now_ns = 1790000100000000000;
		must(desk_answer(desk, &ask, &answer, arena, &why) == OK);
		if (answer.wants_act) {
			must(desk_act(desk, &answer.act, ++seq, &why) == OK);
			must(desk_then(desk, &ask, &answer, &why) == OK);
		}
		must(json.n > 0 && json.p[0] == '{' && answer.status >= 200);
	} else {
		must(why.text[0] != '\0');
	}
	buf_done(&out);
	buf_done(&again);
	buf_done(&json);
	arena_free(&arena);
	return 0;
}
