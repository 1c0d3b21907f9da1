/* SPDX-License-Identifier: Apache-2.0 */
/* One query for all phrases of the table: filters pass over segments that have none. See told.h. */
#include "web/told.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "query/query.h"
#include "web/select.h"

/*
 * Who says what. The number stands behind `before` and in front of `after`; two programs that
 * count from their start say the total each time.
 */
static const struct phrase {
	const char *app;		/* of the record; NULL: anybody */
	const char *find;		/* words of the message */
	const char *before, *after;	/* NULL: it names no number */
	bool total;
	const char *what, *vi, *en;
} phrases[] = {
	{ "rsyslogd", "imuxsock lost", "imuxsock lost ", " messages", false,
	    "rsyslog-rate", "rsyslog bỏ vì giới hạn tốc độ", "dropped by rsyslog's rate limit" },
	{ "rsyslogd", "messages lost due to rate-limiting", "imjournal: ", " messages lost", false,
	    "rsyslog-rate", "rsyslog bỏ vì giới hạn tốc độ", "dropped by rsyslog's rate limit" },
	{ "systemd-journald", "Suppressed messages", "Suppressed ", " messages", false,
	    "journald-rate", "journald bỏ vì giới hạn tốc độ", "dropped by journald's rate limit" },
	{ "systemd-journald", "Missed kernel messages", "Missed ", " kernel messages", false,
	    "kernel-ring", "bản ghi của nhân bị ghi đè trước khi đọc",
	    "of the kernel, overwritten before they were read" },
	{ "systemd-journald", "Forwarding to syslog missed", "missed ", " messages", false,
	    "forwarding", "journald không chuyển kịp sang syslog",
	    "journald could not hand them to syslog" },
	{ "kernel", "audit_lost", "audit_lost=", "", true,
	    "audit-queue", "sự kiện auditd bị nhân bỏ vì hàng đợi đầy",
	    "audit events dropped, the kernel's queue was full" },
	{ "kernel", "callbacks suppressed", ": ", " callbacks suppressed", false,
	    "kernel-rate", "thông báo của nhân bị giới hạn tốc độ",
	    "messages of the kernel held back by its rate limit" },
	{ NULL, "Audit events have been dropped by the transport", NULL, NULL, false,
	    "windows-audit", "Windows bỏ sự kiện kiểm toán (mã 1101), không rõ bao nhiêu",
	    "Windows dropped audit events (1101), it does not say how many" },
};

enum {
	PHRASES = sizeof phrases / sizeof phrases[0],
	NUMBER_DIGITS = 15,		/* nobody lost so many; more is a lie */
};

struct collecting {
	struct arena *arena;
	struct told *told;
	size_t n;
	uint64_t *last;			/* of those that say totals */
};

/* ---- one record ---- */

static struct span
value_of(const struct query_row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (span_is(row->field[i].name, name))
			return row->field[i].value;
	return (struct span){ NULL, 0 };
}

static size_t
digits_of(struct span text, size_t at)
{
	size_t n = 0;

	while (at + n < text.n && text.p[at + n] >= '0' && text.p[at + n] <= '9')
		n++;
	return n;
}

static uint64_t
number_of(struct span digits)
{
	uint64_t v = 0;

	for (size_t i = 0; i < digits.n; i++)
		v = v * 10 + (uint64_t)(digits.p[i] - '0');
	return v;
}

/* The first number between `before` and `after`. */
static bool
number_find(struct span text, const struct phrase *phrase, uint64_t *ret)
{
	size_t before = strlen(phrase->before), after = strlen(phrase->after);

	for (size_t i = 0; i + before <= text.n; i++) {
		size_t at = i + before, n;

		if (memcmp(text.p + i, phrase->before, before) != 0)
			continue;
		n = digits_of(text, at);
		if (n == 0 || n > NUMBER_DIGITS || at + n + after > text.n ||
		    memcmp(text.p + at + n, phrase->after, after) != 0)
			continue;
		*ret = number_of(span_sub(text, at, n));
		return true;
	}
	return false;
}

static const struct phrase *
phrase_of(struct span app, struct span text, uint64_t *ret_number)
{
	*ret_number = 0;
	for (size_t i = 0; i < PHRASES; i++) {
		const struct phrase *p = &phrases[i];

		if (p->app != NULL && !span_is(app, p->app))
			continue;
		if (p->before != NULL ? number_find(text, p, ret_number) :
		    text.n > 0 && memmem(text.p, text.n, p->find, strlen(p->find)) != NULL)
			return p;
	}
	return NULL;
}

static size_t
place_of(struct collecting *c, struct span source, const struct phrase *phrase)
{
	size_t i = 0;

	while (i < c->n && (strcmp(c->told[i].what, phrase->what) != 0 ||
	    !span_eq(c->told[i].source, source)))
		i++;
	if (i == c->n && c->n < TOLD_SOURCES) {
		c->told[i] = (struct told){ .source = arena_dup(c->arena, source),
		    .what = phrase->what, .vi = phrase->vi, .en = phrase->en };
		c->last[i] = UINT64_MAX;
		c->n++;
	}
	return i;
}

/*
 * Oldest first. Of the first one only what made it speak is of this period; a total below the one
 * before: the machine began again.
 */
static uint64_t
total_grown(uint64_t last, uint64_t total)
{
	if (last == UINT64_MAX)
		return total > 0;
	return total >= last ? total - last : total;
}

static bool
on_row(void *ctx, const struct query_row *row)
{
	struct collecting *c = ctx;
	const struct phrase *phrase;
	uint64_t number;
	size_t at;

	phrase = phrase_of(value_of(row, "app_name"), value_of(row, "_msg"), &number);
	if (phrase == NULL)
		return true;
	at = place_of(c, value_of(row, "_source"), phrase);
	if (at == c->n)
		return true;
	c->told[at].records++;
	if (!phrase->total) {
		c->told[at].lost += number;
		return true;
	}
	c->told[at].lost += total_grown(c->last[at], number);
	c->last[at] = number;
	return true;
}

/* ---- all of them ---- */

static void
query_make(struct buf *out)
{
	for (size_t i = 0; i < PHRASES; i++) {
		buf_str(out, i > 0 ? " or (" : "(");
		if (phrases[i].app != NULL)
			buf_printf(out, "app_name:=\"%s\" ", phrases[i].app);
		/* Words, not a phrase: numbers stand between some of them. */
		for (const char *p = phrases[i].find; *p != '\0';) {
			size_t n = strcspn(p, " ");

			buf_printf(out, "_msg:\"%.*s\" ", (int)n, p);
			p += n + (p[n] == ' ');
		}
		buf_str(out, ")");
	}
	buf_str(out, " | fields _source, app_name, _msg");
}

static int
by_lost(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	return (x->lost < y->lost) - (x->lost > y->lost);
}

enum err
told_collect(struct select *select, int64_t from_ns, int64_t to_ns, struct arena *arena,
    const struct told **ret, size_t *ret_n, struct why *why)
{
	struct query_options options = { .order = QUERY_OLDEST_FIRST, .bounded = true,
	    .from_ns = from_ns, .to_ns = to_ns - 1 };
	struct collecting c = { .arena = arena,
	    .told = arena_zalloc(arena, TOLD_SOURCES, sizeof *c.told),
	    .last = arena_zalloc(arena, TOLD_SOURCES, sizeof *c.last) };
	struct query *query = NULL;
	struct buf text = { 0 };
	struct store *store;
	int dirfd;
	enum err rc = select_store(select, &store, &dirfd, why);

	query_make(&text);
	if (rc == OK)
		rc = query_parse(&query, buf_span(&text), clock_wall_ns(), &options, why);
	if (rc == OK)
		rc = query_run(query, store, NULL, on_row, &c, why);
	query_free(&query);
	buf_done(&text);
	if (rc == OK)
		qsort(c.told, c.n, sizeof *c.told, by_lost);
	*ret = c.told;
	*ret_n = c.n;
	return rc;
}
