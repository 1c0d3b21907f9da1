/* SPDX-License-Identifier: Apache-2.0 */
/* role/keeptake.c: what each role may ask the keeper, and what it may write. */
#include "role/keeptake.h"

#include "model/batch.h"
#include "wire/wire.h"
#include "check.h"

static void
only_the_watch_writes_findings_and_nothing_else(void)
{
	for (uint8_t role = WIRE_PARENT; role < WIRE_ROLE_END; role++)
		for (uint8_t stream = STREAM_RAW; stream < STREAM_END; stream++)
			check_int(may_write(role, span_of(&stream, 1)),
			    (stream == STREAM_FINDINGS) == (role == WIRE_WATCH));
	check(may_write(WIRE_INTAKE, span_of("", 0)));	/* is no batch at all: said elsewhere */
}

static void
places_of_imports_and_of_the_watch_are_not_mixed_up(void)
{
	check(may_place(WIRE_WATCH, WIRE_WATCH_CONTENT));
	check(!may_place(WIRE_WATCH, WIRE_WATCH_CONTENT + 1));
	check(may_place(WIRE_IMPORTER, WIRE_WATCH_CONTENT + 1));
	check(!may_place(WIRE_IMPORTER, WIRE_WATCH_CONTENT));
	check(may_place(WIRE_INTAKE, WIRE_WATCH_CONTENT + 1));
	check(!may_place(WIRE_INTAKE, WIRE_WATCH_CONTENT));
	check(!may_place(WIRE_COLLECTOR, WIRE_WATCH_CONTENT + 1));
}

static void
questions_are_the_fronts_but_for_a_few(void)
{
	for (uint8_t what = ASK_CHECKPOINT; what < ASK_END; what++) {
		check_int(may_ask(WIRE_FRONT, what), what != ASK_DESK);
		check_int(may_ask(WIRE_IMPORTER, what), what == ASK_PLACES);
		check_int(may_ask(WIRE_WATCH, what), what == ASK_PLACES || what == ASK_STATUS);
		check_int(may_ask(WIRE_INTAKE, what), what == ASK_PLACE_KEPT);
		check_int(may_ask(WIRE_TELLER, what), what == ASK_STATUS);
		check(!may_ask(WIRE_COLLECTOR, what));
	}
}

int
main(void)
{
	run(only_the_watch_writes_findings_and_nothing_else);
	run(places_of_imports_and_of_the_watch_are_not_mixed_up);
	run(questions_are_the_fronts_but_for_a_few);
	return check_done();
}
