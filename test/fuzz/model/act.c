/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/act.c: what is read as an act is written, and read again as the same. */
#include <stdint.h>

#include "base/must.h"
#include "model/act.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(8 << 20);
	struct buf one = { 0 }, two = { 0 }, code = { 0 };
	struct shape *shape = NULL;
	struct act act, again;
	struct why why = { "" };

	if (act_decode(&act, span_of(data, size), arena, &why) == OK) {
		act_encode(&one, &act);
		must(act_decode(&again, buf_span(&one), arena, &why) == OK);
		must(again.time_ns == act.time_ns && again.nfield == act.nfield);
		act_encode(&two, &again);
		must(span_eq(buf_span(&one), buf_span(&two)));
		act_shape(&code, &act);
		must(shape_new(&shape, buf_span(&code), &why) == OK);
		must(shape->nhole == ACT_FIXED + act.nfield);
		shape_free(&shape);
	} else {
		must(why.text[0] != '\0');
	}
	buf_done(&one);
	buf_done(&two);
	buf_done(&code);
	arena_free(&arena);
	return 0;
}
