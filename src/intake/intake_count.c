/* SPDX-License-Identifier: Apache-2.0 */
/* What the intake counts, as the list of names and numbers that the keeper seals (roles.md). */
#include "intake/intake.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/must.h"
#include "wire/wire.h"
#include "intake/intake_int.h"

static void
counter_put(struct buf *out, uint64_t *n, uint64_t value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void
counter_put(struct buf *out, uint64_t *n, uint64_t value, const char *format, ...)
{
	char name[LIMIT_NAME_BYTES + 1];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(name, sizeof name, format, args);
	va_end(args);
	must(len > 0);
	buf_bytes(out, span_sub(span_str(name), 0, LIMIT_NAME_BYTES));
	buf_varint(out, value);
	++*n;
}

static void
listener_counters(const struct listener *listener, struct buf *out, uint64_t *n)
{
	int len = listener->conf.name.n < 128 ? (int)listener->conf.name.n : 128;
	const char *name = (const char *)listener->conf.name.p;
	struct span rule;
	uint64_t dropped;

	/* What can fall is told when it is 0 again; what only grows begins with its first one. */
#define X(field, text) \
	if (listener->count.field > 0 || (&listener->count.field == \
	    &listener->count.connections && listener->count.accepted > 0)) \
		counter_put(out, n, listener->count.field, "intake.%.*s." text, len, name);
	INTAKE_COUNTERS(X)
#undef X
	for (unsigned i = 0; order_count(listener->order, i, &rule, &dropped); i++)
		if (dropped > 0)
			counter_put(out, n, dropped, "intake.%.*s/%.*s.records_ordered", len, name,
			    (int)rule.n, (const char *)rule.p);
}

void
intake_counters(struct intake *intake, struct buf *out)
{
	struct buf list = { 0 };
	uint64_t n = 0;

	for (unsigned i = 0; i < intake->nlistener; i++)
		listener_counters(&intake->listener[i], &list, &n);
	counter_put(&list, &n, intake->began_s, "intake.began");
	counter_put(&list, &n, sources_count(intake->sources), "intake.sources");
	counter_put(&list, &n, intake->nconn, "intake.connections");
	counter_put(&list, &n, intake->held, "intake.bytes_incomplete");
	counter_put(&list, &n, batcher_unacked(intake->batcher), "intake.bytes_unacknowledged");
	if (intake->pauses > 0)
		counter_put(&list, &n, intake->pauses, "intake.pauses");
	if (batcher_set_aside(intake->batcher) > 0)
		counter_put(&list, &n, batcher_set_aside(intake->batcher),
		    "intake.rows_set_aside");
	relays_counters(intake->relays, &list, &n);
	must(n <= WIRE_COUNTER_MAX);
	buf_varint(out, n);
	buf_span_put(out, buf_span(&list));
	buf_done(&list);
}
