/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of the register, one row of the table below each, and what no single cell can tell:
 * see registry.h. Cells are cut by cells.c, rows are found by registry_match.c.
 */
#include "model/registry.h"

#include <stdlib.h>

#include <sodium.h>

#include "base/must.h"
#include "base/plain.h"
#include "model/registry_int.h"

enum { SHOWN = 40 };

typedef enum err column_fn(struct registry_row *row, struct span value, struct why *why);

/* ---- values ---- */

static enum err
bad_value(struct span value, const char *what, struct why *why)
{
	return why_set(why, ERR_FORMAT, "'%.*s' %s",
	    (int)(value.n < SHOWN ? value.n : SHOWN), (const char *)value.p, what);
}

static bool
is_id(struct span s)
{
	return s.n <= REGISTRY_ID && plain_is(s, "", ".-_");
}

static enum err
id_take(struct registry_row *row, struct span value, struct why *why)
{
	row->id = value;
	if (is_id(value))
		return OK;
	return bad_value(value, "is no id: letters without marks, digits, '.', '-' and '_', 64 at "
	    "most; what people read goes into the column name", why);
}

/* Digits and what is behind them. */
static bool
digits_take(struct span *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
			return false;
	*s = span_sub(*s, i, SIZE_MAX);
	*ret = v;
	return i > 0;
}

static enum err
unit_take(struct registry_row *row, struct span value, struct why *why)
{
	struct span rest = value;

	row->unit_text = value;
	row->has_unit = true;
	if (digits_take(&rest, &row->unit) && rest.n == 0 && row->unit <= INT64_MAX)
		return OK;
	return bad_value(value, "is no unit: a whole number up to 9223372036854775807", why);
}

static enum err
seconds_take(uint64_t *ret, struct span value, struct why *why)
{
	static const struct {
		const char *name;
		uint64_t s;
	} unit[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	struct span rest = value;
	uint64_t v;

	if (digits_take(&rest, &v))
		for (size_t i = 0; i < sizeof unit / sizeof unit[0]; i++)
			if (span_is(rest, unit[i].name) && v > 0 && v <= 366 * 86400 / unit[i].s) {
				*ret = v * unit[i].s;
				return OK;
			}
	return bad_value(value, "is no time; write it as 90s, 15m, 2h or 3d, a year at most",
	    why);
}

static enum err
pause_take(struct registry_row *row, struct span value, struct why *why)
{
	row->pause_text = value;
	return seconds_take(&row->pause_s, value, why);
}

static enum err
office_take(struct registry_row *row, struct span value, struct why *why)
{
	row->office_text = value;
	return seconds_take(&row->office_s, value, why);
}

static enum err
from_take(struct registry_row *row, struct span value, struct why *why)
{
	row->from = value;
	return network_read(row->address, &row->bits, value, why);
}

static enum err
priority_take(struct registry_row *row, struct span value, struct why *why)
{
	row->priority = value;
	if (span_is(value, "high") || span_is(value, "normal") || span_is(value, "low"))
		return OK;
	return bad_value(value, "is not one of high, normal, low", why);
}

#define TEXT_COLUMN(field) \
static enum err \
field##_take(struct registry_row *row, struct span value, struct why *why) \
{ \
	(void)why; \
	row->field = value; \
	return OK; \
}

TEXT_COLUMN(name)
TEXT_COLUMN(kind)
TEXT_COLUMN(listener)
TEXT_COLUMN(identity)
TEXT_COLUMN(host)
TEXT_COLUMN(system)
TEXT_COLUMN(class)
TEXT_COLUMN(contact)

/* ---- columns ---- */

static const struct column {
	const char *name;
	column_fn *take;
} columns[] = {
	{ "id", id_take }, { "name", name_take }, { "kind", kind_take }, { "from", from_take },
	{ "host", host_take }, { "listener", listener_take }, { "identity", identity_take },
	{ "unit", unit_take }, { "system", system_take }, { "class", class_take },
	{ "priority", priority_take }, { "pause", pause_take }, { "pause_office", office_take },
	{ "contact", contact_take },
};

_Static_assert(sizeof columns / sizeof columns[0] == REGISTRY_COLUMNS, "registry_cells() too");

struct reader {
	struct registry *registry;
	struct cells cells;
	const struct column *column[CELLS_MAX];
	unsigned ncolumn;
};

static const struct column *
column_find(struct span name)
{
	for (unsigned i = 0; i < REGISTRY_COLUMNS; i++)
		if (span_is(name, columns[i].name))
			return &columns[i];
	return NULL;
}

static enum err
unknown_column(const struct reader *r, struct span name, struct why *why)
{
	struct buf all = { 0 };
	enum err rc;

	for (unsigned i = 0; i < REGISTRY_COLUMNS; i++)
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", columns[i].name);
	rc = why_set(why, ERR_FORMAT, "line %u: there is no column '%.*s'; the first line names "
	    "columns out of: %.*s", r->cells.line, (int)(name.n < SHOWN ? name.n : SHOWN),
	    (const char *)name.p, (int)all.n, (const char *)all.p);
	buf_done(&all);
	return rc;
}

static enum err
head_take(struct reader *r, struct why *why)
{
	bool id = false;

	for (unsigned i = 0; i < r->cells.n; i++) {
		struct span name = r->cells.cell[i];

		r->column[i] = column_find(name);
		if (r->column[i] == NULL && name.n > 0)
			return unknown_column(r, name, why);
		for (unsigned k = 0; k < i && name.n > 0; k++)
			if (r->column[k] == r->column[i])
				return why_set(why, ERR_FORMAT, "line %u: column %s is there "
				    "twice; take one of them away", r->cells.line,
				    r->column[i]->name);
		id |= r->column[i] != NULL && r->column[i]->take == id_take;
	}
	r->ncolumn = r->cells.n;
	return id ? OK : why_set(why, ERR_FORMAT, "line %u: column id is missing; each source "
	    "needs one, such as web01", r->cells.line);
}

/* ---- rows ---- */

static enum err
row_check(const struct registry_row *row, struct why *why)
{
	struct span relay;

	if (row->id.n == 0)
		return why_set(why, ERR_FORMAT, "a source needs an id, such as web01");
	if (row->from.n + row->identity.n + row->listener.n + row->host.n == 0)
		return why_set(why, ERR_FORMAT, "it does not say who sends: fill in from (an "
		    "address), identity, listener or host");
	relay = registry_relay(row->listener);
	if (relay.n > 0 && row->identity.n > 0 && !span_eq(relay, row->identity))
		return why_set(why, ERR_FORMAT, "its listener is one of relay %.*s, its identity "
		    "is another; take identity away", (int)relay.n, (const char *)relay.p);
	if (row->host.n > 0 && (row->has_unit || row->class.n > 0))
		return why_set(why, ERR_FORMAT, "a host is what records claim, nobody attests it: "
		    "with one there can be no unit and no class; take host away, or both of them");
	return OK;
}

static struct registry_row *
row_add(struct registry *registry)
{
	if (registry->nrow == registry->row_room) {
		registry->row_room = registry->row_room > 0 ? registry->row_room * 2 : 64;
		registry->row = xreallocarray(registry->row, registry->row_room,
		    sizeof *registry->row);
	}
	return &registry->row[registry->nrow++];
}

static enum err
row_take(struct reader *r, struct why *why)
{
	struct registry_row row = { .line = r->cells.line, .class_number = REGISTRY_ANY_CLASS };
	enum err rc = OK;

	if (r->registry->nrow == LIMIT_REGISTER_ROWS)
		return why_set(why, ERR_LIMIT, "line %u: more than %d sources", row.line,
		    LIMIT_REGISTER_ROWS);
	for (unsigned i = 0; i < r->cells.n && rc == OK; i++) {
		struct span value = r->cells.cell[i];
		const struct column *column = i < r->ncolumn ? r->column[i] : NULL;

		if (value.n == 0)
			continue;
		if (column == NULL)
			return why_set(why, ERR_FORMAT, "line %u: '%.*s' stands in a column "
			    "without a name", row.line, (int)(value.n < SHOWN ? value.n : SHOWN),
			    (const char *)value.p);
		rc = column->take(&row, value, why);
		if (rc != OK)
			return why_prefix(why, rc, "line %u: %s", row.line, column->name);
	}
	rc = row_check(&row, why);
	if (rc != OK)
		return why_prefix(why, rc, "line %u: %.*s", row.line, (int)row.id.n,
		    (const char *)row.id.p);
	*row_add(r->registry) = row;
	return OK;
}

static enum err
rows_take(struct reader *r, struct why *why)
{
	enum err rc;

	cells_begin(&r->cells, &r->registry->text, REGISTRY_CELL);
	rc = cells_next(&r->cells, why);
	if (rc == OK)
		rc = head_take(r, why);
	while (rc == OK) {
		rc = cells_next(&r->cells, why);
		if (rc == OK)
			rc = row_take(r, why);
	}
	return rc == ERR_ABSENT ? OK : rc;
}

enum err
registry_read(struct registry **ret_registry, struct span text, struct why *why)
{
	struct reader *r = xcalloc(1, sizeof *r);
	enum err rc = OK;

	must(*ret_registry == NULL);
	r->registry = xcalloc(1, sizeof *r->registry);
	if (text.n > LIMIT_REGISTER_BYTES)
		rc = why_set(why, ERR_LIMIT, "more than %d octets", LIMIT_REGISTER_BYTES);
	(void)crypto_hash_sha256(r->registry->sha256, text.p, text.n);
	if (rc == OK) {
		buf_span_put(&r->registry->text, text);
		rc = rows_take(r, why);
	}
	if (rc == OK)
		rc = registry_index(r->registry, why);
	if (rc == OK) {
		*ret_registry = r->registry;
		r->registry = NULL;
	}
	registry_free(&r->registry);
	free(r);
	return rc;
}

void
registry_free(struct registry **registry)
{
	struct registry *r = *registry;

	if (r == NULL)
		return;
	buf_done(&r->text);
	buf_done(&r->keys);
	free(r->row);
	free(r->by_id);
	free(r->place);
	free(r->form);
	free(r);
	*registry = NULL;
}

/* ---- what is in it ---- */

uint32_t
registry_rows(const struct registry *r)
{
	return r->nrow;
}

const struct registry_row *
registry_row(const struct registry *r, uint32_t index)
{
	must(index < r->nrow);
	return &r->row[index];
}

uint32_t
registry_find(const struct registry *r, struct span id)
{
	uint32_t low = 0, high = r->nrow;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int c = span_cmp(r->row[r->by_id[middle]].id, id);

		if (c == 0)
			return r->by_id[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return REGISTRY_NONE;
}

const uint8_t *
registry_sha256(const struct registry *r)
{
	return r->sha256;
}

enum err
registry_resolve(struct registry *r, int (*number_of)(const void *ctx, struct span class),
    const void *ctx, struct why *why)
{
	for (uint32_t i = 0; i < r->nrow; i++) {
		struct registry_row *row = &r->row[i];
		int number = row->class.n > 0 ? number_of(ctx, row->class) : REGISTRY_ANY_CLASS;

		if (number < 0)
			return why_set(why, ERR_FORMAT, "line %u: class: there is no class %.*s; "
			    "name it under classes in the configuration", row->line,
			    (int)row->class.n, (const char *)row->class.p);
		row->class_number = (uint8_t)number;
	}
	return OK;
}

/* ---- writing ---- */

void
registry_cells(struct registry_cell ret[REGISTRY_COLUMNS], const struct registry_row *row)
{
	const struct span value[REGISTRY_COLUMNS] = { row->id, row->name, row->kind, row->from,
	    row->host, row->listener, row->identity, row->unit_text, row->system, row->class,
	    row->priority, row->pause_text, row->office_text, row->contact };

	for (unsigned i = 0; i < REGISTRY_COLUMNS; i++)
		ret[i] = (struct registry_cell){ columns[i].name, value[i] };
}

void
registry_line_put(struct buf *out, const struct registry_cell cell[REGISTRY_COLUMNS])
{
	for (unsigned i = 0; i < REGISTRY_COLUMNS; i++) {
		if (i > 0)
			buf_u8(out, ',');
		cell_put(out, cell[i].value);
	}
	buf_u8(out, '\n');
}

void
registry_head_put(struct buf *out)
{
	for (unsigned i = 0; i < REGISTRY_COLUMNS; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", columns[i].name);
	buf_u8(out, '\n');
}

void
registry_row_put(struct buf *out, const struct registry_row *row)
{
	struct registry_cell cell[REGISTRY_COLUMNS];

	registry_cells(cell, row);
	registry_line_put(out, cell);
}
