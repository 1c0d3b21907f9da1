/* SPDX-License-Identifier: Apache-2.0 */
/* See jsonline.h. */
#include "cmd/jsonline.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "model/json.h"

static void
name_put(struct buf *line, const char *name)
{
	buf_u8(line, line->n == 0 ? '{' : ',');
	json_string(line, span_str(name));
	buf_u8(line, ':');
}

void
jsonline_text(struct buf *line, const char *name, const char *value)
{
	name_put(line, name);
	json_string(line, span_str(value));
}

void
jsonline_number(struct buf *line, const char *name, uint64_t value)
{
	name_put(line, name);
	json_unsigned(line, value);
}

void
jsonline_bool(struct buf *line, const char *name, bool value)
{
	name_put(line, name);
	buf_str(line, value ? "true" : "false");
}

void
jsonline_time(struct buf *line, const char *name, int64_t ns)
{
	char at[CIVIL_TEXT_BYTES + 1];

	at[civil_put((uint8_t *)at, ns, 0, 0)] = '\0';
	jsonline_text(line, name, at);
}

void
jsonline_print(struct buf *line)
{
	(void)printf("%.*s}\n", (int)line->n, (const char *)line->p);
	buf_done(line);
}

struct span
jsonline_value(struct span line, const char *name)
{
	char mark[64];
	const uint8_t *at;
	size_t n = 0;
	int len = snprintf(mark, sizeof mark, "\"%s\":\"", name);

	at = memmem(line.p, line.n, mark, (size_t)len);
	if (at == NULL)
		return SPAN("");
	at += len;
	while (at + n < line.p + line.n && at[n] != '"')
		n += at[n] == '\\' ? 2 : 1;
	return span_sub(line, (size_t)(at - line.p), n);
}
