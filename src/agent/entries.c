/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local journal, entry by entry, as JSON objects in one canonical form (the journal itself has
 * no octets to keep): "__REALTIME_TIMESTAMP" first, then the fields in the journal's own order;
 * a value that is valid UTF-8 is a string, any other an array of its octets, as journalctl -o json
 * has it. systemd's library reads the files; its format is systemd's business.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/batch.h"
#include "model/json.h"

enum { FIELD_NAME_MAX = 64 };	/* systemd.journal-fields(7) */

struct entries {
	sd_journal *journal;
	struct buf text;
	char *cursor;
};

enum err
entries_open(struct entries **ret_entries, const char *dir, const char *cursor, struct why *why)
{
	struct entries *e = xcalloc(1, sizeof *e);
	int r;

	r = dir != NULL ? sd_journal_open_directory(&e->journal, dir, 0) :
	    sd_journal_open(&e->journal, SD_JOURNAL_LOCAL_ONLY);
	if (r < 0) {
		free(e);
		return why_errno(why, r == -EACCES ? ERR_DENIED : ERR_ABSENT, -r,
		    "cannot open the local journal");
	}
	(void)sd_journal_set_data_threshold(e->journal, LIMIT_RECORD_BYTES);
	if (cursor[0] != '\0' && sd_journal_seek_cursor(e->journal, cursor) >= 0) {
		/* The cursor names the last entry taken; if it is gone, here is the next one. */
		if (sd_journal_next(e->journal) > 0 &&
		    sd_journal_test_cursor(e->journal, cursor) <= 0 &&
		    sd_journal_previous(e->journal) <= 0)
			(void)sd_journal_seek_head(e->journal);
	} else {
		(void)sd_journal_seek_head(e->journal);
	}
	e->cursor = xstrdup(cursor);
	*ret_entries = e;
	return OK;
}

void
entries_close(struct entries **entries)
{
	struct entries *e = *entries;

	if (e == NULL)
		return;
	sd_journal_close(e->journal);
	free(e->cursor);
	buf_done(&e->text);
	free(e);
	*entries = NULL;
}

/* NAME=value; a field that would pass the record's limit is left out and the entry marked cut. */
static bool
field_put(struct buf *out, struct span field)
{
	const uint8_t *eq = memchr(field.p, '=', field.n);
	size_t before = out->n;
	struct span name, value;

	if (eq == NULL)
		return true;
	name = span_of(field.p, (size_t)(eq - field.p));
	value = span_sub(field, name.n + 1, field.n);
	if (name.n > FIELD_NAME_MAX)
		return false;
	buf_u8(out, ',');
	json_string(out, name);
	buf_u8(out, ':');
	if (utf8_valid(value))
		json_string(out, value);
	else
		json_octets(out, value);
	if (out->n + 1 <= LIMIT_RECORD_BYTES)
		return true;
	out->n = before;
	return false;
}

static void
entry_give(struct entries *e, agent_take_fn *take, void *ctx)
{
	uint64_t us = 0;
	const void *data;
	uint8_t flags = 0;
	size_t n;

	(void)sd_journal_get_realtime_usec(e->journal, &us);
	e->text.n = 0;
	buf_printf(&e->text, "{\"__REALTIME_TIMESTAMP\":\"%llu\"", (unsigned long long)us);
	sd_journal_restart_data(e->journal);
	while (sd_journal_enumerate_available_data(e->journal, &data, &n) > 0)
		if (!field_put(&e->text, span_of(data, n)))
			flags |= ROW_CUT;
	buf_u8(&e->text, '}');
	take(ctx, "journal", buf_span(&e->text), flags);
}

static void
cursor_take(struct entries *e)
{
	char *cursor = NULL;

	if (sd_journal_get_cursor(e->journal, &cursor) < 0)
		return;			/* an older place repeats an entry */
	free(e->cursor);
	e->cursor = cursor;
}

bool
entries_read(struct entries *e, unsigned n, agent_take_fn *take, void *ctx)
{
	(void)sd_journal_process(e->journal);
	for (unsigned i = 0; i < n; i++) {
		if (sd_journal_next(e->journal) <= 0)
			return false;
		entry_give(e, take, ctx);
		cursor_take(e);
	}
	return true;
}

const char *
entries_cursor(struct entries *e)
{
	return e->cursor;
}

int
entries_fd(struct entries *e)
{
	return sd_journal_get_fd(e->journal);
}
