/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban source import`: a table of sources put into the register (doc/formats/register.md).
 * What is wrong with it is said by the line of the table, also when it is at odds with a row of the
 * register; what becomes of it, by how many sources and which.
 */
#include "cmd/source.h"

#include <stdio.h>

#include "sys/file.h"
#include "role/register.h"
#include "cmd/cmd.h"
#include "cmd/content.h"
#include "cmd/kinds.h"

enum { NAMES_MOST = 10 };

/* The lines to paste are found by the kind: a misspelt one would have none. */
static enum err
kinds_check(const struct registry *file, struct why *why)
{
	struct span block;

	for (uint32_t i = 0; i < registry_rows(file); i++) {
		const struct registry_row *row = registry_row(file, i);

		if (row->kind.n > 0 && !kinds_find(content_sources, row->kind, &block))
			return why_prefix(why, kinds_wrong(content_sources, row->kind, why),
			    "line %u: kind", row->line);
	}
	return OK;
}

/* Against the rows that stay. */
static enum err
clash_check(const struct registry *file, const struct registry *old, struct why *why)
{
	uint32_t now, before;
	struct span id;

	if (!registry_clash(file, old, &now, &before))
		return OK;
	id = registry_row(old, before)->id;
	return why_set(why, ERR_FORMAT, "line %u: is about the same senders as %.*s, which is in "
	    "the register; take one of them away", registry_row(file, now)->line, (int)id.n,
	    (const char *)id.p);
}

static enum err
table_read(struct registry **ret, const struct source_given *given, struct why *why)
{
	struct registry *file = NULL;
	struct buf text = { 0 };
	enum err rc = file_read_named(given->path, LIMIT_REGISTER_BYTES, &text, why);

	if (rc == OK)
		rc = why_prefix(why, register_take(&file, buf_span(&text), given->conf, why), "%s",
		    given->path);
	buf_done(&text);
	if (rc == OK)
		rc = why_prefix(why, kinds_check(file, why), "%s", given->path);
	if (rc == OK && !given->whole)
		rc = why_prefix(why, clash_check(file, given->old, why), "%s", given->path);
	if (rc == OK)
		*ret = file;
	else
		registry_free(&file);
	return rc;
}

static void
count(struct source_taken *taken, enum source_change change, const struct registry_row *row)
{
	struct buf *names = &taken->names[change];

	if (++taken->n[change] > NAMES_MOST)
		return;
	if (names->n > 0)
		buf_str(names, ", ");
	buf_span_put(names, row->id);
}

static bool
is_same(const struct registry_row *one, const struct registry_row *other)
{
	struct buf a = { 0 }, b = { 0 };
	bool same;

	registry_row_put(&a, one);
	registry_row_put(&b, other);
	same = span_eq(buf_span(&a), buf_span(&b));
	buf_done(&a);
	buf_done(&b);
	return same;
}

enum err
source_take(struct source_taken *ret, const struct source_given *given, struct buf *now,
    struct buf *act, struct why *why)
{
	const struct registry *old = given->old;
	struct registry *file = NULL;
	enum err rc = table_read(&file, given, why);

	if (rc != OK)
		return rc;
	registry_head_put(now);
	for (uint32_t i = 0; i < registry_rows(old); i++) {
		const struct registry_row *row = registry_row(old, i);

		if (registry_find(file, row->id) != REGISTRY_NONE)
			continue;
		if (given->whole)
			count(ret, SOURCE_REMOVED, row);
		else
			registry_row_put(now, row);
	}
	for (uint32_t i = 0; i < registry_rows(file); i++) {
		const struct registry_row *row = registry_row(file, i);
		uint32_t place = registry_find(old, row->id);

		registry_row_put(now, row);
		count(ret, place == REGISTRY_NONE ? SOURCE_ADDED :
		    is_same(registry_row(old, place), row) ? SOURCE_SAME : SOURCE_CHANGED, row);
	}
	buf_printf(act, "import %s: new=%u known=%u removed=%u", given->path,
	    ret->n[SOURCE_ADDED], ret->n[SOURCE_CHANGED] + ret->n[SOURCE_SAME],
	    ret->n[SOURCE_REMOVED]);
	registry_free(&file);
	return OK;
}

void
source_taken_tell(const struct source_taken *taken)
{
	static const char *const vi[SOURCE_CHANGES] = { "thêm mới", "thay đổi", "bỏ đi",
	    "giữ nguyên" };
	static const char *const en[SOURCE_CHANGES] = { "added", "changed", "removed",
	    "unchanged" };

	for (unsigned i = 0; i < SOURCE_CHANGES; i++) {
		const struct buf *names = &taken->names[i];

		(void)fprintf(stderr, "  %s: %u", say(vi[i], en[i]), taken->n[i]);
		if (names->n > 0)
			(void)fprintf(stderr, " (%.*s%s)", (int)names->n, (const char *)names->p,
			    taken->n[i] > NAMES_MOST ? ", ..." : "");
		(void)fputc('\n', stderr);
	}
}

void
source_taken_done(struct source_taken *taken)
{
	for (unsigned i = 0; i < SOURCE_CHANGES; i++)
		buf_done(&taken->names[i]);
}
