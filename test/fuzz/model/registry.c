/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the register of sources: what is taken is written and read again as the same rows, and
 * each row is found by a sender that is just as it says.
 */
#include <stdint.h>

#include "base/must.h"
#include "model/registry.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
all_put(struct buf *out, const struct registry *r)
{
	registry_head_put(out);
	for (uint32_t i = 0; i < registry_rows(r); i++)
		registry_row_put(out, registry_row(r, i));
}

static void
row_try(const struct registry *r, uint32_t i)
{
	const struct registry_row *row = registry_row(r, i);
	const struct registry_sender s = { row->listener, row->from, row->identity.n > 0 ?
	    row->identity : registry_relay(row->listener), row->host };
	uint32_t found = registry_match(r, &s, REGISTRY_CLAIMED);

	must(row->id.n > 0 && registry_find(r, row->id) == i);
	/* An address of its own, or none: such a sender has this row or a more specific one. */
	if (row->from.n == 0 || (row->bits == 128 && memchr(row->from.p, '/', row->from.n) == NULL))
		must(found != REGISTRY_NONE);
	found = registry_match(r, &s, REGISTRY_ATTESTED);
	must(found == REGISTRY_NONE || registry_row(r, found)->host.n == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry *one = NULL, *two = NULL;
	struct buf first = { 0 }, second = { 0 };
	struct why why = { "" };

	if (registry_read(&one, span_of(data, size), &why) != OK) {
		must(one == NULL && why.text[0] != '\0');
		return 0;
	}
	for (uint32_t i = 0; i < registry_rows(one); i++)
		row_try(one, i);
	all_put(&first, one);
	if (first.n <= LIMIT_REGISTER_BYTES) {
		must(registry_read(&two, buf_span(&first), &why) == OK);
		all_put(&second, two);
		must(span_eq(buf_span(&first), buf_span(&second)));
	}
	registry_free(&one);
	registry_free(&two);
	buf_done(&first);
	buf_done(&second);
	return 0;
}
