/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes role/import.c: what is taken is written again as it was, or as its shortest form. */
#include <stdint.h>

#include "base/must.h"
#include "role/import.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
file_try(struct span body)
{
	struct import_file one, two;
	struct buf out = { 0 };

	if (import_file_read(&one, body, NULL) != OK)
		return;
	import_file_put(&out, &one);
	must(out.n <= body.n && import_file_read(&two, buf_span(&out), NULL) == OK);
	must(span_eq(one.name, two.name) && span_eq(one.avoid, two.avoid) &&
	    one.unit == two.unit && one.mtime_ns == two.mtime_ns && one.form == two.form);
	buf_done(&out);
}

static void
done_try(struct span body)
{
	struct import_done one, two;
	struct buf out = { 0 };

	if (import_done_read(&one, body, NULL) != OK)
		return;
	import_done_put(&out, &one);
	must(out.n <= body.n && import_done_read(&two, buf_span(&out), NULL) == OK);
	must(span_eq(one.text, two.text) && span_eq(one.avoid, two.avoid) &&
	    one.rows == two.rows && one.refused == two.refused && one.bytes == two.bytes);
	buf_done(&out);
}

static void
ended_try(struct span body)
{
	struct import_ended one;
	struct buf out = { 0 };

	if (import_ended_read(&one, body, NULL) != OK)
		return;
	import_ended_put(&out, &one);
	must(out.n <= body.n);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_said said;
	struct span body;

	if (size == 0)
		return 0;
	body = span_of(data + 1, size - 1);
	if (data[0] % 4 == 0)
		file_try(body);
	else if (data[0] % 4 == 1)
		done_try(body);
	else if (data[0] % 4 == 3)
		ended_try(body);
	else
		(void)import_said_read(&said, body, NULL);
	return 0;
}
