/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as lines: see render.h. */
#include "web/render.h"

#include <string.h>

#include "base/civil.h"

static const char dim[] = "\033[2m", bold[] = "\033[1m", red[] = "\033[31m", cyan[] = "\033[36m",
    yellow[] = "\033[33m", plain[] = "\033[0m";

enum render_form
render_form(const char *name)
{
	static const char *const names[] = { "json", "text", "color", "raw" };

	for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0)
			return (enum render_form)i;
	return RENDER_JSON;
}

static struct span
field(const struct query_row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (span_is(row->field[i].name, name))
			return row->field[i].value;
	return (struct span){ NULL, 0 };
}

/* C0, DEL and the C1 range (as UTF-8) are what terminals obey. */
static void
safe_put(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c == 0xc2 && i + 1 < s.n && s.p[i + 1] >= 0x80 && s.p[i + 1] < 0xa0)
			buf_printf(out, "\\u%04x", s.p[++i]);
		else
			buf_u8(out, c);
	}
}

static void
styled(struct buf *out, const char *style, struct span s, bool color)
{
	if (color)
		buf_str(out, style);
	safe_put(out, s);
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

	if (civil_iso(value, &frame, &ns) > 0) {
		styled(out, dim, span_of(text, civil_put(text, ns, 3, zone_minutes * 60)), color);
	} else {
		styled(out, dim, value, color);
	}
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
			safe_put(out, row->field[i].value);
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

static void
line_put(struct buf *out, const struct query_row *row, int zone_minutes, bool color)
{
	struct span host = field(row, "hostname"), app = field(row, "app_name");
	struct span message = field(row, "_msg");

	if (host.n == 0)
		host = field(row, "Hostname");
	if (app.n == 0)
		app = field(row, "Channel");
	time_put(out, field(row, "_time"), zone_minutes, color);
	buf_u8(out, ' ');
	styled(out, bold, host.n > 0 ? host : SPAN("-"), color);
	buf_u8(out, ' ');
	styled(out, cyan, app.n > 0 ? app : SPAN("-"), color);
	buf_str(out, ": ");
	styled(out, level_style(row), message, color);
}

void
render_row(struct buf *out, const struct query_row *row, enum render_form form, int zone_minutes)
{
	switch (form) {
	case RENDER_RAW:
		buf_span_put(out, field(row, "_raw"));
		break;
	case RENDER_TEXT:
	case RENDER_COLOR:
		if (field(row, "_time").n > 0 && field(row, "_msg").n > 0)
			line_put(out, row, zone_minutes, form == RENDER_COLOR);
		else
			pairs_put(out, row, zone_minutes, form == RENDER_COLOR);
		break;
	case RENDER_JSON:
	default:
		query_row_json(out, row);
		return;
	}
	buf_u8(out, '\n');
}
