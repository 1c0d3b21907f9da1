/* SPDX-License-Identifier: Apache-2.0 */
/* See kinds.h. */
#include "cmd/kinds.h"

#include <stdio.h>

#include "base/buf.h"
#include "cmd/cmd.h"

enum { NAME_MOST = 32, NEAR = 2 };

struct span
kinds_behind(struct span line, const char *mark)
{
	struct span m = span_str(mark);

	return span_starts(line, m) ? span_sub(line, m.n, SIZE_MAX) : (struct span){ NULL, 0 };
}

bool
kinds_find(struct span list, struct span kind, struct span *ret_block)
{
	bool in = false;

	*ret_block = (struct span){ list.p, 0 };
	while (list.n > 0) {
		struct span at = list, name = kinds_behind(span_cut(&list, '\n'), "== ");

		if (name.n == 0)
			continue;
		if (in) {
			ret_block->n = (size_t)(at.p - ret_block->p);
			return true;
		}
		in = span_eq(name, kind);
		ret_block->p = list.p;
	}
	ret_block->n = in ? (size_t)(list.p - ret_block->p) : 0;
	return in;
}

struct span
kinds_title(struct span block)
{
	const char *mark = say("vi: ", "en: ");

	while (block.n > 0) {
		struct span title = kinds_behind(span_cut(&block, '\n'), mark);

		if (title.n > 0)
			return title;
	}
	return SPAN("");
}

void
kinds_print(struct span list)
{
	(void)puts(say("Các loại nguồn (trucban source LOẠI):\n",
	    "Kinds of sources (trucban source KIND):\n"));
	while (list.n > 0) {
		struct span name = kinds_behind(span_cut(&list, '\n'), "== "), title;

		if (name.n == 0)
			continue;
		title = kinds_title(list);
		(void)printf("  %-12.*s %.*s\n", (int)name.n, (const char *)name.p, (int)title.n,
		    (const char *)title.p);
	}
}

/* ---- a kind that is none ---- */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to put in, take out or change until one is the other; capitals do not count. */
static size_t
distance(struct span a, struct span b)
{
	size_t row[NAME_MOST + 1];

	if (a.n > NAME_MOST || b.n > NAME_MOST)
		return SIZE_MAX;
	for (size_t k = 0; k <= b.n; k++)
		row[k] = k;
	for (size_t i = 0; i < a.n; i++) {
		size_t before = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < b.n; k++) {
			size_t change = before + ((a.p[i] | 0x20) != (b.p[k] | 0x20));

			before = row[k + 1];
			row[k + 1] = least(change, least(row[k], before) + 1);
		}
	}
	return row[b.n];
}

enum err
kinds_wrong(struct span list, struct span kind, struct why *why)
{
	struct span nearest = { NULL, 0 };
	struct buf all = { 0 };
	size_t near = NEAR + 1;

	while (list.n > 0) {
		struct span name = kinds_behind(span_cut(&list, '\n'), "== ");
		size_t far = name.n > 0 ? distance(kind, name) : SIZE_MAX;

		if (name.n > 0)
			buf_printf(&all, "%s%.*s", all.n > 0 ? ", " : "", (int)name.n,
			    (const char *)name.p);
		if (far < near || (near > NEAR && kind.n >= 3 && span_starts(name, kind))) {
			near = least(far, NEAR);
			nearest = name;
		}
	}
	(void)why_set(why, ERR_FORMAT, say("không có loại '%.*s'%s%.*s%s; các loại: %.*s",
	    "there is no kind '%.*s'%s%.*s%s; kinds: %.*s"),
	    (int)least(kind.n, NAME_MOST), (const char *)kind.p,
	    nearest.n > 0 ? say(", có phải ", ", is it ") : "", (int)nearest.n,
	    nearest.n > 0 ? (const char *)nearest.p : "", nearest.n > 0 ? "?" : "", (int)all.n,
	    (const char *)all.p);
	buf_done(&all);
	return ERR_FORMAT;
}
