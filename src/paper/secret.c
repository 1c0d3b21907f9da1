/* SPDX-License-Identifier: Apache-2.0 */
/* See secret.h. */
#include "paper/secret.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/fold.h"

enum { MARK_BYTES = 40 };

static bool
is_mark(struct span cell)
{
	static const char *const mark[] = { "mật", "tối mật", "tuyệt mật" };
	struct buf lower = { 0 };
	bool found = false;

	while (cell.n > 0 && cell.p[0] == ' ')
		cell = span_sub(cell, 1, SIZE_MAX);
	while (cell.n > 0 && (cell.p[cell.n - 1] == ' ' || cell.p[cell.n - 1] == '.'))
		cell.n--;
	if (cell.n == 0 || cell.n > MARK_BYTES)
		return false;
	for (size_t at = 0; at < cell.n;) {
		uint32_t rune = rune_lower(rune_next(cell, &at));

		buf_reserve(&lower, 4);
		lower.n += rune_put(lower.p + lower.n, rune);
	}
	for (size_t i = 0; i < sizeof mark / sizeof mark[0]; i++)
		found |= span_is(buf_span(&lower), mark[i]);
	buf_done(&lower);
	return found;
}

enum err
secret_check(struct span document, struct why *why)
{
	size_t from = 0;

	for (size_t i = 0; i <= document.n; i++) {
		struct span cell = span_sub(document, from, i - from);

		if (i < document.n && document.p[i] != '\t' && document.p[i] != '\n')
			continue;
		if (is_mark(cell))
			return secret_refuse(cell, why);
		from = i + 1;
	}
	return OK;
}

enum err
secret_refuse(struct span mark, struct why *why)
{
	return why_set(why, ERR_DENIED, "this paper is marked '%.*s': a state secret is not "
	    "written on this desk, but on a machine that is allowed for it",
	    (int)(mark.n < MARK_BYTES ? mark.n : MARK_BYTES), (const char *)mark.p);
}
