/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers as files of comma-separated values: see registers.h. Many rows are one act, all of them
 * or none; what was taken before a wrong row stays, and how much that was is said.
 */
#include "cmd/registers.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/must.h"
#include "model/cells.h"
#include "model/json.h"
#include "sys/file.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/cmd.h"
#include "cmd/print.h"

/* Rows of one act: what a form of the front has room for. */
enum { FILE_BYTES = 64 << 20, CELL_BYTES = 1000 * 4, COLUMNS_MAX = 24, NAME_BYTES = 64,
	ROWS_BYTES = 100 << 10, ROWS_MOST = 500, PAGE = 1000 };

/* ---- columns ---- */

struct columns {
	unsigned n;
	char name[COLUMNS_MAX][NAME_BYTES], title[COLUMNS_MAX][4 * NAME_BYTES];
};

static bool
on_column(void *ctx, const char *const *cell, int n)
{
	struct columns *columns = ctx;

	must(n == 3);
	(void)snprintf(columns->name[columns->n], NAME_BYTES, "%s", cell[0]);
	(void)snprintf(columns->title[columns->n], 4 * NAME_BYTES, "%s", say(cell[1], cell[2]));
	return ++columns->n < COLUMNS_MAX;
}

static enum err
columns_get(const struct register_command *c, struct columns *columns, struct why *why)
{
	struct buf json = { 0 };
	char path[REGISTERS_PATH];
	enum err rc;

	registers_path(path, c, 1, "");
	rc = api_ask(c->state, false, path, SPAN("limit=0"), &json, why);
	if (rc == OK)
		api_rows(buf_span(&json), "SELECT value ->> 'name', value ->> 'title', value ->>"
		    " 'english' FROM json_each(:json, '$.columns')", on_column, columns);
	buf_done(&json);
	return rc;
}

/* The column's name, where the file has the title that people read. */
static struct span
column_of(const struct columns *columns, struct span head)
{
	for (unsigned i = 0; i < columns->n; i++)
		if (span_is(head, columns->title[i]))
			return span_str(columns->name[i]);
	return head;
}

/* ---- in ---- */

struct importing {
	const struct register_command *c;
	const struct columns *columns;
	struct cells cells;
	unsigned nhead;
	struct span head[CELLS_MAX];
	struct buf rows;		/* JSON that is not sent yet */
	unsigned nrow, sent;
};

static enum err
rows_send(struct importing *m, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	char path[REGISTERS_PATH];
	enum err rc;

	if (m->nrow == 0)
		return OK;
	registers_path(path, m->c, 1, "");
	buf_u8(&m->rows, ']');
	form_add(&form, "rows", buf_span(&m->rows));
	rc = api_ask(m->c->state, true, path, buf_span(&form), &json, why);
	if (rc == OK)
		m->sent += m->nrow;
	m->nrow = 0;
	m->rows.n = 0;
	buf_done(&form);
	buf_done(&json);
	return rc;
}

static enum err
row_take(struct importing *m, struct why *why)
{
	if (m->cells.n > m->nhead)
		return why_set(why, ERR_FORMAT, say("dòng %u: nhiều ô hơn dòng đầu", "line %u: "
		    "more cells than the first line has"), m->cells.line);
	buf_str(&m->rows, m->nrow == 0 ? "[{" : ",{");
	for (unsigned i = 0; i < m->cells.n; i++) {
		if (i > 0)
			buf_u8(&m->rows, ',');
		json_string(&m->rows, m->head[i]);
		buf_u8(&m->rows, ':');
		json_string(&m->rows, m->cells.cell[i]);
	}
	buf_u8(&m->rows, '}');
	m->nrow++;
	return m->nrow >= ROWS_MOST || m->rows.n >= ROWS_BYTES ? rows_send(m, why) : OK;
}

/* The first line: names are copied, as the text is changed in place. */
static enum err
head_take(struct importing *m, struct arena *arena, struct why *why)
{
	bool has_id = false;
	enum err rc = cells_next(&m->cells, why);

	if (rc == ERR_ABSENT)
		return why_set(why, ERR_FORMAT, "%s", say("tệp không có dòng nào", "the file has "
		    "no line"));
	for (unsigned i = 0; rc == OK && i < m->cells.n; i++) {
		m->head[i] = arena_dup(arena, column_of(m->columns, m->cells.cell[i]));
		has_id |= span_is(m->head[i], "id");
	}
	m->nhead = m->cells.n;
	if (rc == OK && !has_id)
		rc = why_set(why, ERR_FORMAT, "%s", say("dòng đầu thiếu cột id", "the first line "
		    "has no column id"));
	return rc;
}

int
registers_import(const struct register_command *c, struct why *why)
{
	struct arena *arena = arena_new(1 << 20);
	struct columns columns = { .n = 0 };
	struct importing m = { .c = c, .columns = &columns };
	struct buf text = { 0 };
	enum err rc = columns_get(c, &columns, why);

	if (rc == OK)
		rc = file_read_named(c->word[1], FILE_BYTES, &text, why);
	if (rc == OK) {
		cells_begin(&m.cells, &text, CELL_BYTES);
		rc = head_take(&m, arena, why);
	}
	while (rc == OK && (rc = cells_next(&m.cells, why)) == OK)
		rc = row_take(&m, why);
	if (rc == ERR_ABSENT)
		rc = rows_send(&m, why);
	if (rc == OK || m.sent > 0)
		(void)printf(say("Đã ghi %u mục.\n", "%u entries written.\n"), m.sent);
	buf_done(&m.rows);
	buf_done(&text);
	arena_free(&arena);
	return rc == OK ? EXIT_DONE : registers_failed(c, rc, why);
}

/* ---- out ---- */

struct exporting {
	struct buf out;
	unsigned n;
};

static bool
on_line(void *ctx, const char *const *cell, int n)
{
	struct exporting *e = ctx;

	for (int i = 0; i < n; i++) {
		if (i > 0)
			buf_u8(&e->out, ',');
		cell_put(&e->out, span_str(cell[i]));
	}
	buf_str(&e->out, "\r\n");
	e->n++;
	return true;
}

/* A page of it; n: how many it had. */
static enum err
page_export(const struct register_command *c, const char *sql, unsigned offset,
    struct exporting *e, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	char path[REGISTERS_PATH];
	enum err rc;

	registers_path(path, c, 1, "");
	buf_printf(&form, "limit=%d&offset=%u", PAGE, offset);
	e->n = 0;
	rc = api_ask(c->state, false, path, buf_span(&form), &json, why);
	if (rc == OK)
		api_rows(buf_span(&json), sql, on_line, e);
	buf_done(&form);
	buf_done(&json);
	return rc;
}

int
registers_export(const struct register_command *c, struct why *why)
{
	struct columns columns = { .n = 0 };
	struct exporting e = { .n = PAGE };
	struct buf sql = { 0 };
	enum err rc = columns_get(c, &columns, why);

	/* What spreadsheets know UTF-8 by. */
	buf_str(&e.out, "\xef\xbb\xbfid");
	buf_str(&sql, "SELECT value ->> 'id'");
	for (unsigned i = 0; i < columns.n; i++) {
		buf_printf(&e.out, ",%s", columns.name[i]);
		buf_printf(&sql, ", value ->> '$.fields.%s'", columns.name[i]);
	}
	buf_str(&e.out, "\r\n");
	buf_str(&sql, " FROM json_each(:json, '$.entries')");
	buf_u8(&sql, '\0');
	for (unsigned at = 0; rc == OK && e.n == PAGE; at += PAGE)
		rc = page_export(c, (const char *)sql.p, at, &e, why);
	if (rc == OK && c->nword > 1)
		rc = print_save(c->word[1], buf_span(&e.out), why);
	else if (rc == OK)
		(void)fwrite(e.out.p, 1, e.out.n, stdout);
	buf_done(&e.out);
	buf_done(&sql);
	return rc == OK ? EXIT_DONE : registers_failed(c, rc, why);
}
