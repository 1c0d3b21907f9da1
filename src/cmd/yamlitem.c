/* SPDX-License-Identifier: Apache-2.0 */
/* See yamlitem.h. */
#include "cmd/yamlitem.h"

#include <string.h>

#include "cmd/cmd.h"

/* With its end, unlike span_cut(): what is not ours stays to the octet. */
static struct span
line_take(struct span *text)
{
	const uint8_t *lf = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;
	struct span line = span_sub(*text, 0, lf != NULL ? (size_t)(lf - text->p) + 1 : text->n);

	*text = span_sub(*text, line.n, SIZE_MAX);
	return line;
}

static size_t
indent_of(struct span line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

/* Nothing but blanks, or a remark. */
static bool
is_blank(struct span line)
{
	size_t n = 0;

	while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t' || line.p[n] == '\r'))
		n++;
	return n == line.n || line.p[n] == '\n' || line.p[n] == '#';
}

static bool
is_item(struct span line)
{
	size_t n = indent_of(line);

	return n + 1 < line.n && line.p[n] == '-' && (line.p[n + 1] == ' ' ||
	    line.p[n + 1] == '\r' || line.p[n + 1] == '\n');
}

/* "sample:" alone, a remark behind it or not; *ret_alone: nothing else is in the line. */
static bool
is_key(struct span line, const char *key, bool *ret_alone)
{
	struct span name = span_str(key);

	if (!span_starts(line, name) || line.n == name.n || line.p[name.n] != ':')
		return false;
	*ret_alone = is_blank(span_sub(line, name.n + 1, SIZE_MAX));
	return true;
}

/* The indent of the list's items, from what stands behind its key. */
static size_t
list_indent(struct span rest)
{
	while (rest.n > 0) {
		struct span line = line_take(&rest);

		if (!is_blank(line))
			return is_item(line) ? indent_of(line) : 2;
	}
	return 2;
}

/* How the lines of the text end. */
static const char *
end_of(struct span text)
{
	struct span line = line_take(&text);

	return line.n > 1 && memcmp(line.p + line.n - 2, "\r\n", 2) == 0 ? "\r\n" : "\n";
}

enum err
yamlitem_add(struct buf *out, struct span text, const char *key, struct span item,
    struct why *why)
{
	struct span rest = text, line = { NULL, 0 };
	const char *end = end_of(text);
	bool found = false, alone = true;

	while (rest.n > 0 && !found) {
		line = line_take(&rest);
		found = is_key(line, key, &alone);
	}
	if (!alone)
		return why_set(why, ERR_FORMAT, say("mục %s của cấu hình có giá trị ngay trên dòng "
		    "của nó; hãy viết mỗi lệnh thành một dòng bắt đầu bằng '-' bên dưới, rồi chạy "
		    "lại", "%s of the configuration has its value in the same line; write each "
		    "entry as a line below it that begins with '-', then run this again"), key);
	buf_span_put(out, span_sub(text, 0, text.n - rest.n));
	if (out->n > 0 && out->p[out->n - 1] != '\n')
		buf_str(out, end);
	if (!found)
		buf_printf(out, "%s%s:%s", end, key, end);
	buf_printf(out, "%*s- ", (int)list_indent(rest), "");
	buf_span_put(out, item);
	buf_str(out, end);
	buf_span_put(out, rest);
	return OK;
}

/* Lines of the item: to the last one that is indented more than its dash. */
static struct span
item_take(struct span *rest)
{
	struct span begin = *rest, look = *rest, first = line_take(&look);
	size_t indent = indent_of(first), n = first.n;

	while (look.n > 0) {
		struct span line = line_take(&look);

		if (!is_blank(line) && indent_of(line) <= indent)
			break;
		if (!is_blank(line))
			n = begin.n - look.n;
	}
	*rest = span_sub(begin, n, SIZE_MAX);
	return span_sub(begin, 0, n);
}

/* Does another item follow, before anything else? */
static bool
item_follows(struct span rest, size_t indent)
{
	while (rest.n > 0) {
		struct span line = line_take(&rest);

		if (!is_blank(line))
			return is_item(line) && indent_of(line) == indent;
	}
	return false;
}

static void
line_drop(struct buf *out, size_t at, size_t n)
{
	memmove(out->p + at, out->p + at + n, out->n - at - n);
	out->n -= n;
}

enum err
yamlitem_remove(struct buf *out, struct span text, const char *key, int64_t number,
    struct why *why)
{
	struct span rest = text, line, name = { NULL, 0 };
	size_t at = SIZE_MAX;		/* of the key's line, while no item came behind it */
	bool alone;

	for (int64_t i = 1; rest.n > 0; i++) {
		struct span here = rest;

		line = line_take(&rest);
		if (i == number && is_item(line)) {
			rest = here;
			(void)item_take(&rest);
			if (at != SIZE_MAX && !item_follows(rest, indent_of(line)))
				line_drop(out, at, name.n);
			buf_span_put(out, rest);
			return OK;
		}
		if (is_key(line, key, &alone)) {
			name = line;
			at = out->n;
		} else if (name.n > 0 && !is_blank(line)) {
			at = SIZE_MAX;
		}
		buf_span_put(out, line);
	}
	return why_set(why, ERR_FORMAT, say("ở dòng %lld của cấu hình không bắt đầu một lệnh trong "
	    "mục %s; hãy xóa bằng tay", "in line %lld of the configuration no entry of %s "
	    "begins; take it out by hand"), (long long)number, key);
}

void
yamlitem_quote(struct buf *out, struct span value)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, value.p[i]);
	}
	buf_u8(out, '"');
}
