/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes parse/bulk.c: the body whole, and cut in two at the place that its first octet says.
 * Both ways give the same documents.
 */
#include <stdint.h>

#include "base/hash.h"
#include "base/must.h"
#include "parse/bulk.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t hash;
	uint32_t items;
	enum err rc;
};

static void
walk(struct bulk *bulk, struct seen *seen)
{
	struct bulk_item item;

	while ((seen->rc = bulk_next(bulk, &item, NULL)) == OK) {
		must(item.action < BULK_ACTION_END);
		must((item.action == BULK_DELETE) == (item.document.n == 0));
		seen->hash = seen->hash * 31 + hash64(item.document) + hash64(item.index) +
		    item.action;
		seen->items++;
	}
	must(bulk->lines.at <= bulk->lines.body.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { .items = 0 }, parts = { .items = 0 };
	struct bulk bulk;
	struct span body;

	if (size == 0)
		return 0;
	body = span_of(data + 1, size - 1);
	bulk = bulk_of(body, LINES_COMPLETE);
	walk(&bulk, &whole);
	must(whole.rc == ERR_MORE || whole.rc == ERR_FORMAT);

	bulk = bulk_of(span_sub(body, 0, data[0]), LINES_MORE_COMES);
	walk(&bulk, &parts);
	if (parts.rc == ERR_MORE) {
		bulk = bulk_of(span_sub(body, bulk.lines.at, SIZE_MAX), LINES_COMPLETE);
		walk(&bulk, &parts);
	}
	must(whole.items == parts.items && whole.hash == parts.hash && whole.rc == parts.rc);
	return 0;
}
