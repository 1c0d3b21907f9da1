/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the ledger's rows of the act "register", oldest first: "sha256=...; rows=N", then a line
 * for each row that went ('-') or came ('+'). A desk that begins tells all of them as come. See
 * enlisted.h.
 */
#include "web/enlisted.h"

#include <string.h>

#include "base/civil.h"
#include "base/span.h"
#include "sys/clock.h"
#include "model/batch.h"
#include "model/line.h"
#include "model/registry.h"
#include "query/query.h"
#include "web/select.h"

struct enlisted {
	const struct registry *registry;
	uint32_t n;			/* its rows */
	int64_t *since_ns;
	uint8_t *came;			/* in the change that is looked at: 1 */
};

/* "+web01,Cổng,..." */
static uint32_t
row_of(const struct enlisted *e, struct span line)
{
	line = span_sub(line, 1, SIZE_MAX);
	return registry_find(e->registry, span_cut(&line, ','));
}

/* Are these lines the whole register, and no change of one? */
static bool
is_whole(struct span head, struct span lines)
{
	const uint8_t *at = memmem(head.p, head.n, "; rows=", 7);
	uint64_t rows = 0, n = 0;

	if (at == NULL || !line_decimal(span_sub(head, (size_t)(at - head.p) + 7, SIZE_MAX),
	    &rows))
		return false;
	while (lines.n > 0) {
		struct span line = span_cut(&lines, '\n');

		if (line.n > 0 && line.p[0] == '-')
			return false;
		n += line.n > 0 && line.p[0] == '+';
	}
	return n == rows;
}

static void
change_take(struct enlisted *e, struct span lines, int64_t ns)
{
	struct span head = span_cut(&lines, '\n'), rest = lines;
	bool whole = is_whole(head, lines);

	memset(e->came, 0, e->n);
	while (rest.n > 0) {
		struct span line = span_cut(&rest, '\n');
		uint32_t row = line.n > 0 && line.p[0] == '+' ? row_of(e, line) : REGISTRY_NONE;

		if (row == REGISTRY_NONE)
			continue;
		e->came[row] = 1;
		e->since_ns[row] = e->since_ns[row] > 0 ? e->since_ns[row] : ns;
	}
	while (lines.n > 0) {
		struct span line = span_cut(&lines, '\n');
		uint32_t row = line.n > 0 && line.p[0] == '-' ? row_of(e, line) : REGISTRY_NONE;

		if (row != REGISTRY_NONE && e->came[row] == 0)
			e->since_ns[row] = 0;
	}
	for (uint32_t i = 0; whole && i < e->n; i++)
		e->since_ns[i] = e->came[i] != 0 ? e->since_ns[i] : 0;
}

static bool
on_row(void *ctx, const struct query_row *row)
{
	const struct civil_frame frame = { .near_ns = 0 };
	struct span time = { NULL, 0 }, what = { NULL, 0 };
	int64_t ns;

	for (size_t i = 0; i < row->n; i++) {
		if (span_is(row->field[i].name, "_time"))
			time = row->field[i].value;
		else if (span_is(row->field[i].name, "_msg"))
			what = row->field[i].value;
	}
	if (civil_read(time, &frame, &ns))
		change_take(ctx, what, ns);
	return true;
}

enum err
enlisted_since(struct select *select, const struct registry *registry, struct arena *arena,
    const int64_t **ret, struct why *why)
{
	const struct query_options options = { .order = QUERY_OLDEST_FIRST,
	    .streams = 1u << STREAM_LEDGER };
	uint32_t n = registry_rows(registry);
	struct enlisted e = { .registry = registry, .n = n,
	    .since_ns = arena_zalloc(arena, n + (size_t)1, sizeof *e.since_ns),
	    .came = arena_zalloc(arena, n + (size_t)1, 1) };
	struct query *query = NULL;
	struct store *store;
	int dirfd;
	enum err rc = select_store(select, &store, &dirfd, why);

	if (rc == OK)
		rc = query_parse(&query, SPAN("act:=register | fields _time, _msg"),
		    clock_wall_ns(), &options, why);
	if (rc == OK)
		rc = query_run(query, store, NULL, on_row, &e, why);
	query_free(&query);
	*ret = e.since_ns;
	return rc;
}
