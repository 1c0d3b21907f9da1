/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic inside of the row. See columns.h. */
#include "parse/columns.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "parse/syslog.h"

enum {
	HEADER_BYTES = LIMIT_SHAPE_BYTES,
	STAMP_BYTES = 80,		/* date and time, put together */
	NO_COLUMN = CUT_NO_HOLE,
};

struct column {
	struct span name;
	uint8_t role;
};

struct columns {
	uint8_t format;
	uint8_t comma;
	uint32_t n;
	uint16_t date, time;		/* that make the stamp together; NO_COLUMN: none */
	struct span header;		/* copy */
	struct buf text;		/* names */
	struct column *column;
};

/* A value of the row. */
struct piece {
	struct span value;
	const uint8_t *next;		/* behind it and its comma; NULL: it was the last one */
};

uint8_t
columns_comma(struct span header)
{
	static const uint8_t comma[] = { ',', ';', '\t', '|' };
	unsigned count[sizeof comma] = { 0 };
	bool quoted = false;
	size_t best = 0;

	for (size_t i = 0; i < header.n; i++) {
		quoted ^= header.p[i] == '"';
		for (size_t c = 0; c < sizeof comma && !quoted; c++)
			count[c] += header.p[i] == comma[c];
	}
	for (size_t c = 1; c < sizeof comma; c++)
		if (count[c] > count[best])
			best = c;
	return comma[best];
}

/* A value in quotes, doubled ones inside; false when it is none. RFC 4180, section 2. */
static bool
quoted_take(const uint8_t *p, const uint8_t *end, uint8_t comma, struct piece *ret)
{
	const uint8_t *q = p + 1;

	for (; q < end; q++) {
		if (*q != '"')
			continue;
		if (q + 1 < end && q[1] == '"') {
			q++;
			continue;
		}
		if (q + 1 < end && q[1] != comma)
			return false;
		ret->value = span_of(p + 1, (size_t)(q - p) - 1);
		ret->next = q + 1 < end ? q + 2 : NULL;
		return true;
	}
	return false;
}

static struct piece
value_take(const uint8_t *p, const uint8_t *end, uint8_t comma)
{
	struct piece piece;
	const uint8_t *q;

	if (p < end && *p == '"' && quoted_take(p, end, comma, &piece))
		return piece;
	q = p < end ? memchr(p, comma, (size_t)(end - p)) : NULL;
	piece.value = span_of(p, (size_t)((q != NULL ? q : end) - p));
	piece.next = q != NULL ? q + 1 : NULL;
	return piece;
}

/* ---- the header ---- */

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_sub(s, 1, SIZE_MAX);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* A name in UTF-8, as a shape may have it. */
static void
name_add(struct columns *c, struct span value)
{
	struct span name = utf8_cut(trimmed(value), LIMIT_NAME_BYTES);

	if (name.n == 0 || !utf8_valid(name))
		name = SPAN("_");
	buf_span_put(&c->text, name);
	c->column = xreallocarray(c->column, c->n + 1, sizeof c->column[0]);
	c->column[c->n++] = (struct column){ .name = name };
}

/* Names lie in text, which is whole now. */
static void
names_settle(struct columns *c)
{
	size_t at = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		c->column[i].name.p = c->text.p + at;
		at += c->column[i].name.n;
	}
}

static bool
same_name(struct span a, const char *b)
{
	size_t n = strlen(b);

	if (a.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((a.p[i] | 0x20) != ((uint8_t)b[i] | 0x20))
			return false;
	return true;
}

static uint16_t
column_of(const struct columns *c, const char *name)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (same_name(c->column[i].name, name))
			return (uint16_t)i;
	return NO_COLUMN;
}

static void
role_give(struct columns *c, unsigned role, const char *const *names)
{
	for (; *names != NULL; names++) {
		uint16_t i = column_of(c, *names);

		if (i == NO_COLUMN || c->column[i].role != ROLE_NONE)
			continue;
		c->column[i].role = (uint8_t)role;
		return;
	}
}

static void
roles_give(struct columns *c, const struct parse_names *names)
{
	static const char *const w3c_message[] = { "cs-uri-stem", NULL };
	static const char *const w3c_host[] = { "s-computername", "server-hostname", NULL };
	static const char *const w3c_app[] = { "s-sitename", NULL };
	static const char *const w3c_time[] = { "date-time", "datetime", NULL };

	c->date = column_of(c, "date");
	c->time = column_of(c, "time");
	if (c->date == NO_COLUMN || c->time == NO_COLUMN)
		c->date = c->time = NO_COLUMN;
	if (c->date == NO_COLUMN)
		role_give(c, ROLE_TIME, c->format == FORMAT_W3C ? w3c_time : names->time);
	role_give(c, ROLE_MESSAGE, c->format == FORMAT_W3C ? w3c_message : names->message);
	role_give(c, ROLE_HOST, c->format == FORMAT_W3C ? w3c_host : names->host);
	role_give(c, ROLE_APP, c->format == FORMAT_W3C ? w3c_app : names->app);
}

/* fields = "#Fields:" 1*(SP / TAB) names, with spaces, tabs or commas between */
static struct span
w3c_names(struct columns *c, struct span header)
{
	struct span names;

	if (!span_starts(header, SPAN("#Fields:")))
		return span_of(NULL, 0);
	names = trimmed(span_sub(header, 8, SIZE_MAX));
	c->comma = ' ';
	if (names.n > 0 && memchr(names.p, ' ', names.n) == NULL)
		c->comma = memchr(names.p, ',', names.n) != NULL ? ',' : '\t';
	return names;
}

struct columns *
columns_new(unsigned format, struct span header, const struct parse_names *names)
{
	struct columns *c = xcalloc(1, sizeof *c);
	struct span list = span_sub(header, 0, header.n - syslog_tail(header));
	struct piece piece = { .next = list.p };

	c->format = (uint8_t)format;
	c->header = span_of(xmalloc(header.n + 1), header.n);
	if (header.n > 0)
		memcpy((uint8_t *)(uintptr_t)c->header.p, header.p, header.n);
	if (span_starts(list, SPAN("\xef\xbb\xbf")))
		list = span_sub(list, 3, SIZE_MAX);
	c->comma = columns_comma(list);
	if (format == FORMAT_W3C)
		list = w3c_names(c, list);
	piece.next = list.n > 0 && header.n <= HEADER_BYTES ? list.p : NULL;
	while (piece.next != NULL && c->n < LIMIT_FIELDS) {
		piece = value_take(piece.next, list.p + list.n, c->comma);
		name_add(c, piece.value);
	}
	/* The last hole is for what is more than the header names. */
	if (c->n == 0 || c->n >= LIMIT_FIELDS) {
		columns_free(&c);
		return NULL;
	}
	names_settle(c);
	roles_give(c, names);
	return c;
}

void
columns_free(struct columns **columns)
{
	struct columns *c = *columns;

	if (c == NULL)
		return;
	free((void *)(uintptr_t)c->header.p);
	free(c->column);
	buf_done(&c->text);
	free(c);
	*columns = NULL;
}

bool
columns_is(const struct columns *c, unsigned format, struct span header)
{
	return c->format == format && span_eq(c->header, header);
}

size_t
columns_bytes(const struct columns *c)
{
	return sizeof *c + c->header.n + c->text.cap + c->n * sizeof c->column[0];
}

/* ---- a row ---- */

/* date SP time of two columns; W3C's are of Greenwich. */
static void
stamp_read(const struct columns *c, struct cut *cut, const struct civil_frame *frame)
{
	struct civil_frame own = *frame;
	uint8_t text[STAMP_BYTES];
	struct span date, time;

	if (c->date == NO_COLUMN)
		return;
	cut->time = CUT_TIME_UNREADABLE;
	if (c->date >= cut->n || c->time >= cut->n)
		return;
	date = cut->value[c->date];
	time = cut->value[c->time];
	if (date.n + 1 + time.n > sizeof text || date.n == 0 || time.n == 0)
		return;
	memcpy(text, date.p, date.n);
	text[date.n] = ' ';
	memcpy(text + date.n + 1, time.p, time.n);
	if (c->format == FORMAT_W3C)
		own.zone_s = 0;
	if (civil_read(span_of(text, date.n + 1 + time.n), &own, &cut->time_ns))
		cut->time = CUT_TIME_READ;
}

/* One column's stamp; W3C's are of Greenwich. CSV's is read by who reads those of JSON. */
static void
column_time(const struct columns *c, struct cut *cut, const struct civil_frame *frame)
{
	struct civil_frame own = *frame;
	uint16_t i = cut->role_hole[ROLE_TIME];

	if (i == CUT_NO_HOLE)
		return;
	cut->time = CUT_TIME_VALUE;
	if (c->format != FORMAT_W3C)
		return;
	own.zone_s = 0;
	cut->time = civil_read(cut->value[i], &own, &cut->time_ns) ? CUT_TIME_READ :
	    CUT_TIME_UNREADABLE;
}

void
columns_cut(const struct columns *c, uint32_t layout, struct cut *cut, struct span record,
    const struct civil_frame *frame)
{
	struct piece piece;
	const uint8_t *end;

	cut_begin(cut, record, c->format);
	cut->foreign = true;
	cut->layout = layout;
	end = cut->record.p + cut->record.n - syslog_tail(cut->record);
	for (piece.next = cut->record.p; piece.next != NULL && cut->n < c->n;) {
		const struct column *column = &c->column[cut->n];

		piece = value_take(piece.next, end, c->comma);
		(void)cut_hole(cut, piece.value, HOLE_TEXT, column->role, column->name);
	}
	if (piece.next != NULL)
		(void)cut_hole(cut, span_of(piece.next, (size_t)(end - piece.next)), HOLE_TEXT,
		    ROLE_NONE, SPAN("_rest"));
	column_time(c, cut, frame);
	stamp_read(c, cut, frame);
}
