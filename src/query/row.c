/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. Rows as JSON lines, as /select/logsql/query of VictoriaLogs. */
#include "query/query.h"

#include "base/fold.h"
#include "query/view.h"

/* What needs an escape in a JSON string, or a look at its UTF-8. */
static bool
is_odd(uint8_t c)
{
	return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

static void
escaped_put(struct buf *out, uint8_t c)
{
	static const char plain[] = "\b\f\n\r\t\"\\", letter[] = "bfnrt\"\\";
	static const char hex[] = "0123456789abcdef";
	const char *hit = c != 0 ? strchr(plain, c) : NULL;
	uint8_t *at;

	if (hit != NULL) {
		at = buf_add(out, 2);
		at[0] = '\\';
		at[1] = (uint8_t)letter[hit - plain];
		return;
	}
	at = buf_add(out, 6);
	memcpy(at, "\\u00", 4);
	at[4] = (uint8_t)hex[c >> 4];
	at[5] = (uint8_t)hex[c & 15];
}

void
json_string_put(struct buf *out, struct span value)
{
	size_t at = 0;

	buf_reserve(out, value.n + 2);
	buf_u8(out, '"');
	while (at < value.n) {
		size_t from = at;

		while (at < value.n && !is_odd(value.p[at]))
			at++;
		buf_put(out, value.p + from, at - from);
		if (at == value.n)
			break;
		if (value.p[at] < 0x80) {
			escaped_put(out, value.p[at++]);
			continue;
		}
		from = at;
		if (rune_next(value, &at) == RUNE_BAD)
			buf_str(out, "\xef\xbf\xbd");
		else
			buf_put(out, value.p + from, at - from);
	}
	buf_u8(out, '"');
}

void
query_row_json(struct buf *out, const struct query_row *row)
{
	bool first = true;

	buf_u8(out, '{');
	for (size_t i = 0; i < row->n; i++) {
		if (row->field[i].value.n == 0)
			continue;
		if (!first)
			buf_u8(out, ',');
		first = false;
		json_string_put(out, row->field[i].name);
		buf_u8(out, ':');
		json_string_put(out, row->field[i].value);
	}
	buf_str(out, "}\n");
}
