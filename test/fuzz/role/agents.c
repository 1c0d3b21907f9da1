/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes role/agents.c: a question that is taken is written again as it was, or shorter. */
#include "base/must.h"
#include "role/agents.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of(data, size), text;
	struct agents_ask one, two;
	struct buf out = { 0 };
	enum err rc;

	(void)agents_answer_read(&rc, &text, body, NULL);
	if (agents_ask_read(&one, body, NULL) != OK)
		return 0;
	agents_ask_put(&out, &one);
	must(out.n <= size && agents_ask_read(&two, buf_span(&out), NULL) == OK);
	must(span_eq(one.name, two.name) && span_eq(one.class, two.class) &&
	    span_eq(one.text, two.text) && one.unit == two.unit && one.days == two.days &&
	    one.flags == two.flags);
	buf_done(&out);
	return 0;
}
