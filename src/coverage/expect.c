/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of known sizes. The register held against what came: see coverage.h. */
#include <stdlib.h>

#include "model/registry.h"
#include "coverage/coverage_int.h"

/* Names of applications that only one kind of source has; a beginning is enough. */
static const struct {
	const char *app, *kind;
} kinds[] = {
	{ "%ASA", "cisco-asa" }, { "%FTD", "cisco-asa" },
	{ "Hostd", "esxi" }, { "Vpxa", "esxi" }, { "vmkernel", "esxi" }, { "vpxd", "esxi" },
	{ "Rhttpproxy", "esxi" }, { "Microsoft-Windows", "nxlog" }, { "MSWinEventLog", "nxlog" },
	{ "zimbra", "zimbra" }, { "amavis", "zimbra" }, { "nginx", "nginx" },
	{ "apache", "apache" }, { "httpd", "apache" }, { "postgres", "postgresql" },
	{ "mysqld", "mysql" }, { "mariadbd", "mysql" }, { "kernel", "rsyslog" },
	{ "systemd", "rsyslog" }, { "sshd", "rsyslog" }, { "sudo", "rsyslog" },
	{ "CRON", "rsyslog" }, { "cron", "rsyslog" }, { "rsyslogd", "rsyslog" },
	{ "syslog-ng", "syslog-ng" },
};

const char *
kind_guess(struct span app)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_starts(app, span_str(kinds[i].app)))
			return kinds[i].kind;
	return NULL;
}

/* ---- sources that are related ---- */

/* What the listener attests: one machine, by whichever it comes; the listener where it is all. */
static int
origin_cmp(const struct coverage_source *a, const struct coverage_source *b)
{
	int c = span_cmp(a->peer, b->peer);

	if (c == 0)
		c = span_cmp(a->identity, b->identity);
	if (c == 0 && a->peer.n + a->identity.n == 0)
		c = span_cmp(a->listener, b->listener);
	return c;
}

static int
sender_cmp(const struct coverage_source *a, const struct coverage_source *b)
{
	int c = origin_cmp(a, b);

	if (c == 0)
		c = span_cmp(a->host, b->host);
	return c != 0 ? c : span_cmp(a->listener, b->listener);
}

/* Of one sender the latest comes last. */
static int
by_sender(const void *a, const void *b)
{
	const struct coverage_source *const *x = a, *const *y = b;
	int c = sender_cmp(*x, *y);

	return c != 0 ? c : ((*x)->last_ns > (*y)->last_ns) - ((*x)->last_ns < (*y)->last_ns);
}

static void
relations_find(struct coverage_source *source, uint32_t n, struct arena *arena)
{
	struct coverage_source **order = arena_alloc(arena, (n + (size_t)1) * sizeof *order);

	for (uint32_t i = 0; i < n; i++)
		order[i] = &source[i];
	qsort(order, n, sizeof *order, by_sender);
	for (uint32_t i = 1; i < n; i++)
		order[i - 1]->goes_on = sender_cmp(order[i - 1], order[i]) == 0;
	/* Of one origin the hosts are in order: the first is the last when there is but one. */
	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && origin_cmp(order[i], order[end]) == 0;)
			end++;
		if (!span_eq(order[i]->host, order[end - 1]->host))
			for (uint32_t k = i; k < end; k++)
				order[k]->shares = true;
	}
}

/* What a row about it would say, besides the host: who attests it, or by which way it came. */
static int
place_cmp(const struct coverage_source *a, const struct coverage_source *b)
{
	bool relayed = registry_relay(a->listener).n > 0;
	int c = span_cmp(a->identity, b->identity);

	if (c == 0 && (relayed || a->identity.n == 0))
		c = span_cmp(a->peer, b->peer);
	if (c == 0 && (relayed || a->peer.n + a->identity.n == 0))
		c = span_cmp(a->listener, b->listener);
	return c;
}

/* Of one host the first comes first. */
static int
by_host(const void *a, const void *b)
{
	const struct coverage_source *const *x = a, *const *y = b;
	int c = span_cmp((*x)->host, (*y)->host);

	return c != 0 ? c : (*x > *y) - (*x < *y);
}

void
namesakes_find(struct coverage_source *source, uint32_t n, struct arena *arena)
{
	struct coverage_source **order = arena_alloc(arena, (n + (size_t)1) * sizeof *order);
	const struct coverage_source *first = NULL;
	uint32_t unknown = 0;

	for (uint32_t i = 0; i < n; i++)
		if (coverage_is_unknown(&source[i]))
			order[unknown++] = &source[i];
	qsort(order, unknown, sizeof *order, by_host);
	for (uint32_t i = 0; i < unknown; i++)
		if (first == NULL || !span_eq(first->host, order[i]->host))
			first = order[i];
		else
			order[i]->namesake = place_cmp(first, order[i]) != 0;
}

/* ---- rows ---- */

static void
arrival_take(struct coverage_expected *e, const struct coverage_source *s, uint32_t index)
{
	if (e->sources == 0 || s->last_ns > e->last_ns) {
		e->last_ns = s->last_ns;
		e->last = index;
	}
	if (e->sources == 0 || s->first_ns < e->first_ns)
		e->first_ns = s->first_ns;
	e->rows += s->rows;
	e->sources++;
}

void
expected_count(const struct registry *registry, const int64_t *since_ns,
    struct coverage_source *source, struct arena *arena, struct coverage_result *result)
{
	struct coverage_expected *e;

	result->registry = registry;
	result->nexpected = registry != NULL ? registry_rows(registry) : 0;
	e = arena_zalloc(arena, result->nexpected + (size_t)1, sizeof *e);
	for (uint32_t i = 0; since_ns != NULL && i < result->nexpected; i++)
		e[i].since_ns = since_ns[i];
	relations_find(source, result->nsource, arena);
	for (uint32_t i = 0; i < result->nsource; i++) {
		const struct registry_sender sender = { source[i].listener, source[i].peer,
		    source[i].identity, source[i].host };

		source[i].row = registry_match(registry, &sender, REGISTRY_CLAIMED);
		if (source[i].row != REGISTRY_NONE && is_live(&source[i]))
			arrival_take(&e[source[i].row], &source[i], i);
	}
	result->expected = e;
}
