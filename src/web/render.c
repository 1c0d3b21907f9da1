/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as lines: see render.h. */
#include "web/render.h"

#include <string.h>

#include "base/civil.h"
#include "base/fold.h"

static const char dim[] = "\033[2m", bold[] = "\033[1m", red[] = "\033[31m", cyan[] = "\033[36m",
    yellow[] = "\033[33m", plain[] = "\033[0m";

bool
render_form(const char *name, enum render_form *ret_form)
{
	static const char *const names[] = { [RENDER_JSON] = "json", [RENDER_TEXT] = "text",
	    [RENDER_COLOR] = "color", [RENDER_RAW] = "raw" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (name == NULL || strcmp(names[i], name) == 0) {
			*ret_form = (enum render_form)i;
			return true;
		}
	return false;
}

static struct span
field(const struct query_row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (span_is(row->field[i].name, name))
			return row->field[i].value;
	return (struct span){ NULL, 0 };
}

/* ---- what a terminal may see ---- */

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

/*
 * C1 (terminals obey it in UTF-8 too), line and paragraph separators, and what turns the direction
 * of writing, so that a line reads as another one (U+200E, U+200F, U+202A..E, U+2066..9).
 */
static bool
is_hidden(uint32_t rune)
{
	return (rune >= 0x80 && rune < 0xa0) || rune == 0x61c || rune == 0x200e || rune == 0x200f ||
	    (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069);
}

void
render_safe(struct buf *out, struct span s, bool lines)
{
	size_t at = 0, from;

	while (at < s.n) {
		uint32_t rune;

		for (from = at; at < s.n && is_plain(s.p[at]); at++)
			;
		buf_put(out, s.p + from, at - from);
		if (at == s.n)
			break;
		from = at;
		if (s.p[at] < 0x80) {
			at++;
			if (s.p[from] == '\t' || (lines && s.p[from] == '\n'))
				buf_u8(out, s.p[from]);
			else
				buf_printf(out, "\\x%02x", s.p[from]);
			continue;
		}
		rune = rune_next(s, &at);
		if (at - from == 1)
			buf_printf(out, "\\x%02x", s.p[from]);
		else if (is_hidden(rune))
			buf_printf(out, "\\u%04x", rune);
		else
			buf_put(out, s.p + from, at - from);
	}
}

/* An object in out from `from` on: the same object in other letters. */
static void
json_safe(struct buf *out, size_t from)
{
	struct span s = { out->p + from, out->n - from };
	struct buf safe = { 0 };
	size_t at = 0, odd = 0;

	/* All of them begin with one of three octets, which are rare, or are DEL. */
	for (size_t i = 0; i < s.n; i++)
		odd += s.p[i] == 0x7f || s.p[i] == 0xc2 || s.p[i] == 0xd8 || s.p[i] == 0xe2;
	if (odd == 0)
		return;
	while (at < s.n) {
		size_t before = at;
		uint32_t rune = rune_next(s, &at);

		if (rune == 0x7f || is_hidden(rune))
			buf_printf(&safe, "\\u%04x", rune);
		else
			buf_put(&safe, s.p + before, at - before);
	}
	out->n = from;
	buf_span_put(out, buf_span(&safe));
	buf_done(&safe);
}

/* ---- rows ---- */

static void
styled(struct buf *out, const char *style, struct span s, bool color)
{
	if (color)
		buf_str(out, style);
	render_safe(out, s, false);
	if (color)
		buf_str(out, plain);
}

/* RFC 3339 in UTC becomes the office's time, zone always printed. */
static void
time_put(struct buf *out, struct span value, int zone_minutes, bool color)
{
	const struct civil_frame frame = { 0, 0 };
	uint8_t text[CIVIL_TEXT_BYTES];
	int64_t ns;

	if (value.n > 0 && civil_iso(value, &frame, &ns) == value.n)
		value = span_of(text, civil_put(text, ns, 3, zone_minutes * 60));
	styled(out, dim, value, color);
}

/* The columns of a stats pipe and the like. */
static void
pairs_put(struct buf *out, const struct query_row *row, int zone_minutes, bool color)
{
	for (size_t i = 0; i < row->n; i++) {
		if (i > 0)
			buf_str(out, "  ");
		styled(out, cyan, row->field[i].name, color);
		buf_u8(out, '=');
		if (span_is(row->field[i].name, "_time"))
			time_put(out, row->field[i].value, zone_minutes, color);
		else
			render_safe(out, row->field[i].value, false);
	}
}

static const char *
level_style(const struct query_row *row)
{
	struct span level = field(row, "level");

	if (span_is(level, "error") || span_is(level, "err") || span_is(level, "critical") ||
	    span_is(level, "alert") || span_is(level, "emergency"))
		return red;
	return span_is(level, "warning") || span_is(level, "warn") ? yellow : "";
}

/* The value behind NAME=" in the row's stream, {app_name="x",hostname="y"}. */
static struct span
of_stream(const struct query_row *row, struct span name)
{
	struct span stream = field(row, "_stream");
	const uint8_t *at = stream.n > 0 ? memmem(stream.p, stream.n, name.p, name.n) : NULL, *end;
	size_t from;

	if (at == NULL)
		return span_of(NULL, 0);
	from = (size_t)(at - stream.p) + name.n;
	stream = span_sub(stream, from, stream.n);
	end = stream.n > 0 ? memchr(stream.p, '"', stream.n) : NULL;
	return span_sub(stream, 0, end != NULL ? (size_t)(end - stream.p) : stream.n);
}

static void
line_put(struct buf *out, const struct query_row *row, int zone_minutes, bool color)
{
	struct span host = field(row, "hostname"), app = field(row, "app_name");
	struct span message = field(row, "_msg");

	if (host.n == 0)
		host = of_stream(row, SPAN("hostname=\""));
	if (app.n == 0)
		app = of_stream(row, SPAN("app_name=\""));
	time_put(out, field(row, "_time"), zone_minutes, color);
	buf_u8(out, ' ');
	styled(out, bold, host.n > 0 ? host : SPAN("-"), color);
	buf_u8(out, ' ');
	styled(out, cyan, app.n > 0 ? app : SPAN("-"), color);
	buf_str(out, ": ");
	if (span_starts(field(row, "_seq"), SPAN("ledger:"))) {
		styled(out, bold, field(row, "act"), color);
		buf_str(out, " (");
		render_safe(out, field(row, "who"), false);
		buf_str(out, "): ");
	}
	styled(out, level_style(row), message, color);
}

/* A whole record; what fields or another pipe has left is told whole unless a line shows it all. */
static bool
is_line(const struct query_row *row)
{
	static const char *const shown[] = { "_time", "_msg", "hostname", "app_name", "_stream",
	    "level" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		n += field(row, shown[i]).n > 0;
	return field(row, "_time").n > 0 && field(row, "_msg").n > 0 &&
	    (n == row->n || field(row, "_seq").n > 0);
}

void
render_row(struct buf *out, const struct query_row *row, enum render_form form, int zone_minutes)
{
	size_t from = out->n;

	switch (form) {
	case RENDER_RAW:
		buf_span_put(out, field(row, "_raw"));
		break;
	case RENDER_TEXT:
	case RENDER_COLOR:
		if (is_line(row))
			line_put(out, row, zone_minutes, form == RENDER_COLOR);
		else
			pairs_put(out, row, zone_minutes, form == RENDER_COLOR);
		break;
	case RENDER_JSON:
	default:
		query_row_json(out, row);
		json_safe(out, from);
		return;
	}
	buf_u8(out, '\n');
}
