/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the parser of LogsQL: whatever is read must print to something that is read the same. */
#include "base/must.h"
#include "query/query.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query_options options = { .words = size % 2 };
	struct query *query = NULL, *again = NULL;
	struct buf first = { 0 }, second = { 0 };
	struct why why;

	if (query_parse(&query, span_of(data, size), 1700000000000000000, &options, &why) == OK) {
		query_print(query, &first);
		if (query_parse(&again, buf_span(&first), 1700000000000000000, &options, &why) ==
		    OK) {
			query_print(again, &second);
			must(span_eq(buf_span(&first), buf_span(&second)));
		} else {
			/* Quotes and escapes may make it longer than a query may be. */
			must(first.n > size);
		}
	}
	query_free(&query);
	query_free(&again);
	buf_done(&first);
	buf_done(&second);
	return 0;
}
