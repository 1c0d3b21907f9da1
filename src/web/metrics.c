/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over an object that our own keeper wrote; see metrics.h. */
#include "web/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cur.h"
#include "base/must.h"
#include "model/denied.h"

enum { SAMPLES = 8192 };		/* more are left out: some hundreds are usual */

enum metric_type {
	GAUGE,
	COUNTER,
	COUNTER_NS,			/* told in seconds */
	GAUGE_NS
};

/* What the keeper's status calls `key` is the metric trucban_NAME. */
static const struct metric {
	const char *key, *name;
	enum metric_type type;
	const char *help;
} known[] = {
	{ "batches", "batches_total", COUNTER, "Batches taken from the other roles." },
	{ "batches_bad", "batches_bad_total", COUNTER, "Batches that were not well formed." },
	{ "checkpoints", "checkpoints_total", COUNTER, "Checkpoints signed since the start." },
	{ "day_octets", "segment_bytes_per_day", GAUGE,
	    "What a day brings, by the last seven; not told while too little is known." },
	{ "denied", "intake_denied", GAUGE,
	    "TLS handshakes refused for a certificate, of each who tried within the last hour." },
	{ "definition_octets", "definition_bytes", GAUGE, "Memory of shapes and sources." },
	{ "definitions", "definitions", GAUGE, "Shapes and sources in memory." },
	{ "epoch", "epoch", GAUGE, "Epoch of the store: one more with each life." },
	{ "free_octets", "disk_free_bytes", GAUGE, "Free on the store's disk." },
	{ "held_octets", "held_bytes", GAUGE, "Segments on disk that a legal hold covers." },
	{ "holds", "holds", GAUGE, "Legal holds in force." },
	{ "journal_files", "journal_files", GAUGE, "Journal files that are still needed." },
	{ "journal_octets", "journal_bytes_total", COUNTER, "Octets written to the journal." },
	{ "journal_rewrites", "journal_rewrites_total", COUNTER,
	    "Failed writes that were made again." },
	{ "journal_writes", "journal_writes_total", COUNTER, "Synced writes to the journal." },
	{ "last_seq", "last_seq", GAUGE, "Number of the last row of a stream." },
	{ "leaves", "leaves_total", COUNTER, "Leaves added to the tree since the start." },
	{ "octets_torn", "torn_bytes_total", COUNTER,
	    "Octets that a crash left unfinished at the journal's end." },
	{ "oldest_seconds", "oldest_record_timestamp_seconds", GAUGE,
	    "When the oldest log record in a segment was received, since 1970." },
	{ "record_octets", "record_bytes", GAUGE, "Records in segments, as they came in." },
	{ "reserve_octets", "disk_reserve_bytes", GAUGE, "Of it, kept free." },
	{ "rows", "rows_total", COUNTER, "Rows taken since the start." },
	{ "rows_acked", "rows_acknowledged_total", COUNTER, "Rows on disk and acknowledged." },
	{ "rows_again", "rows_again_total", COUNTER, "Rows sent again that were there already." },
	{ "rows_lost", "rows_lost_total", COUNTER, "Rows that a damaged journal has lost." },
	{ "rows_recovered", "rows_recovered_total", COUNTER,
	    "Rows read from the journal at the start." },
	{ "rows_refused_full", "rows_refused_full_total", COUNTER,
	    "Rows refused because the disk is full." },
	{ "rows_refused_read_only", "rows_refused_read_only_total", COUNTER,
	    "Rows refused because nothing can be written." },
	{ "rows_set_aside", "rows_set_aside_total", COUNTER,
	    "Rows that stopped a role twice: kept and not looked at." },
	{ "segment_octets", "segment_bytes", GAUGE, "Segments on disk." },
	{ "segments", "segments_total", COUNTER, "Segments made since the start." },
	{ "segments_away", "segments_away", GAUGE,
	    "Segments in a cold folder that is not there: they cannot be read." },
	{ "segments_cold", "segments_cold", GAUGE, "Segments in the cold folder." },
	{ "segments_dropped", "segments_dropped_total", COUNTER,
	    "Segments whose retention has ended." },
	{ "segments_held", "segments_held", GAUGE, "Segments that a legal hold covers." },
	{ "segments_kept", "segments", GAUGE, "Segments on disk." },
	{ "segments_repacked", "segments_repacked_total", COUNTER,
	    "Segments that were packed anew since the start." },
	{ "segments_moved", "segments_moved_total", COUNTER,
	    "Segments moved to the cold folder since the start." },
	{ "signed_size", "signed_leaves", GAUGE, "Leaves under the last checkpoint." },
	{ "state", "state", GAUGE, "State of the store: open, full, rewriting or read-only." },
	{ "sync_max_ns", "journal_sync_max_seconds", GAUGE_NS, "Longest sync of the journal." },
	{ "sync_ns", "journal_sync_seconds_total", COUNTER_NS, "Time in syncs of the journal." },
	{ "tree_size", "tree_leaves", GAUGE, "Leaves of the tree." },
	{ "trouble", "trouble", GAUGE, "What the disk said last when a write failed." },
};

/* Counters of the other roles that can fall; the others only grow. */
static const char *const falling[] = { "sources", "connections", "bytes_incomplete",
    "bytes_unacknowledged", "files", "files_waiting", "files_refused", "began", "socket",
    "behind_seconds", "reached", "findings_open" };

/* One line: its metric's name, and what follows the name. */
struct sample {
	const struct metric *metric;	/* NULL: one of the roles' counters, or unknown */
	uint32_t number;		/* in order of the status */
	size_t at, n;			/* name in text */
	size_t rest_at, rest_n;
	bool grows;
};

struct metrics {
	struct cur in;
	struct buf text;
	struct sample *sample;
	uint32_t nsample;
};

static uint8_t
peek(const struct cur *in)
{
	return !in->bad && cur_left(in) > 0 ? *in->p : 0;
}

static bool
take(struct cur *in, uint8_t c)
{
	if (peek(in) != c)
		return false;
	(void)cur_u8(in);
	return true;
}

/* The octets between quotes, escapes kept: Prometheus escapes the same two characters. */
static struct span
text(struct cur *in)
{
	const uint8_t *from;

	if (!take(in, '"'))
		in->bad = true;
	from = in->p;
	while (!in->bad && peek(in) != '"')
		if (cur_u8(in) == '\\')
			(void)cur_u8(in);
	(void)cur_u8(in);
	return in->bad ? span_of(from, 0) : span_of(from, (size_t)(in->p - from) - 1);
}

static struct span
number(struct cur *in)
{
	const uint8_t *from = in->p;

	while ((peek(in) >= '0' && peek(in) <= '9') || peek(in) == '.' || peek(in) == '-')
		(void)cur_u8(in);
	if (in->p == from)
		in->bad = true;
	return span_of(from, (size_t)(in->p - from));
}

/* ---- samples ---- */

static const struct metric *
metric_of(struct span key)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (span_is(key, known[i].key))
			return &known[i];
	}
	return NULL;
}

static void
name_put(struct buf *out, struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		buf_u8(out, (name.p[i] >= 'a' && name.p[i] <= 'z') ||
		    (name.p[i] >= '0' && name.p[i] <= '9') ? name.p[i] : '_');
}

static void
value_put(struct buf *out, const struct metric *metric, struct span n)
{
	struct span whole, part;
	size_t digits = n.n;

	buf_u8(out, ' ');
	if (metric == NULL || metric->type < COUNTER_NS) {
		buf_span_put(out, n);
		return;
	}
	/* Nanoseconds, as they are written: 9 digits behind the point. */
	whole = span_sub(n, 0, digits > 9 ? digits - 9 : 0);
	part = span_sub(n, whole.n, digits);
	if (whole.n == 0)
		buf_u8(out, '0');
	buf_span_put(out, whole);
	buf_u8(out, '.');
	for (size_t i = part.n; i < 9; i++)
		buf_u8(out, '0');
	buf_span_put(out, part);
}

/* A sample of this name; what follows it up to sample_end() is the rest of its line. */
static bool
sample_begin(struct metrics *m, const struct metric *metric, struct span name, bool grows)
{
	struct sample *s;

	if (m->nsample == SAMPLES)
		return false;
	m->sample = xreallocarray(m->sample, m->nsample + 1, sizeof *m->sample);
	s = &m->sample[m->nsample];
	*s = (struct sample){ .metric = metric, .number = m->nsample, .grows = grows,
	    .at = m->text.n };
	m->nsample++;
	if (metric != NULL)
		buf_str(&m->text, metric->name);
	else
		name_put(&m->text, name);
	if (metric == NULL && grows)
		buf_str(&m->text, "_total");
	s->n = m->text.n - s->at;
	s->rest_at = m->text.n;
	return true;
}

static void
sample_end(struct metrics *m)
{
	struct sample *s = &m->sample[m->nsample - 1];

	s->rest_n = m->text.n - s->rest_at;
}

static void
sample_add(struct metrics *m, const struct metric *metric, struct span name, bool grows,
    const char *label, struct span value, struct span n)
{
	if (!sample_begin(m, metric, name, grows))
		return;
	if (label != NULL) {
		buf_printf(&m->text, "{%s=\"", label);
		buf_span_put(&m->text, value);
		buf_str(&m->text, "\"}");
	}
	value_put(&m->text, metric, n);
	sample_end(m);
}

/* ---- the object ---- */

static void
list(struct metrics *m, struct span key)
{
	static const char *const stream[] = { "raw", "findings", "ledger" };

	for (size_t i = 0; !m->in.bad && !take(&m->in, ']'); i++) {
		struct span n = number(&m->in);

		if (!m->in.bad && i < 3)
			sample_add(m, metric_of(key), key, false, "stream", span_str(stream[i]), n);
		(void)take(&m->in, ',');
	}
}

static bool
can_fall(struct span name)
{
	for (size_t i = 0; i < sizeof falling / sizeof falling[0]; i++) {
		if (span_is(name, falling[i]))
			return true;
	}
	return false;
}

static size_t
dot_last(struct span s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] != '.')
		n--;
	return n;
}

/* What stands between role and name is a listener, but for these. */
static const struct part {
	const char *role, *label;
	bool own;			/* the metric has the role's name in front */
} parts[] = {
	{ "teller", "anchor", true },
	{ "watch", "severity", false },
	{ "", "listener", true },
};

static const struct part *
part_of(struct span role)
{
	const struct part *part = parts;

	while (part->role[0] != '\0' && !span_is(role, part->role))
		part++;
	return part;
}

/* "intake.syslog-tcp.records" is intake_records_total{listener="syslog-tcp"}. */
static void
counter(struct metrics *m, struct span key, struct span n)
{
	const uint8_t *dot = key.n > 0 ? memchr(key.p, '.', key.n) : NULL;
	size_t last = dot_last(key), first = dot != NULL ? (size_t)(dot - key.p) : 0;
	struct span role = span_sub(key, 0, first), name = span_sub(key, last, key.n), listener;
	const struct part *part = part_of(role);
	struct buf full = { 0 };

	listener = span_sub(key, first + 1, last > first + 2 ? last - first - 2 : 0);
	if (role.n > 0 && part->own && !span_starts(name, role)) {
		buf_span_put(&full, role);
		buf_u8(&full, '_');
	}
	buf_span_put(&full, name);
	sample_add(m, NULL, buf_span(&full), !can_fall(span_starts(name, role) && role.n > 0 ?
	    span_sub(name, role.n + 1, name.n) : name), listener.n > 0 ? part->label : NULL,
	    listener, n);
	buf_done(&full);
}

static void
counters(struct metrics *m)
{
	while (!m->in.bad && !take(&m->in, '}')) {
		struct span name = text(&m->in), n;

		(void)take(&m->in, ':');
		n = number(&m->in);
		if (!m->in.bad)
			counter(m, name, n);
		(void)take(&m->in, ',');
	}
}

static void
label_put(struct buf *out, const char *label, struct span value)
{
	buf_printf(out, "%s=\"", label);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, value.p[i]);
	}
	buf_u8(out, '"');
}

/* Who was not let in: model/denied.h. */
static void
denied(struct metrics *m, struct span hex)
{
	struct buf list = { 0 };
	struct cur in;

	if (denied_unhex(&list, hex) && denied_check(buf_span(&list), NULL) == OK) {
		in = cur_of(buf_span(&list));
		for (uint64_t n = cur_varint(&in); n > 0; n--) {
			struct denied d;

			denied_get(&in, &d);
			if (!sample_begin(m, metric_of(SPAN("denied")), SPAN(""), false))
				break;
			label_put(&m->text, "{listener", d.listener);
			label_put(&m->text, ",peer", d.peer);
			label_put(&m->text, ",cause", span_str(denied_word(d.cause)));
			label_put(&m->text, ",certificate", d.name);
			buf_printf(&m->text, "} %" PRIu64, d.times);
			sample_end(m);
		}
	}
	buf_done(&list);
}

static void
value(struct metrics *m, struct span name)
{
	struct span s;

	switch (peek(&m->in)) {
	case '"':
		s = text(&m->in);
		if (!m->in.bad && span_is(name, "denied"))
			denied(m, s);
		else if (!m->in.bad && s.n > 0)
			sample_add(m, metric_of(name), name, false, "is", s, SPAN("1"));
		break;
	case '[':
		(void)take(&m->in, '[');
		list(m, name);
		break;
	case '{':
		(void)take(&m->in, '{');
		counters(m);
		break;
	default:
		s = number(&m->in);
		if (!m->in.bad)
			sample_add(m, metric_of(name), name, false, NULL, s, s);
		break;
	}
}

/* The lines of one metric stand together, as the format asks. */
static int
sample_cmp(const void *a, const void *b, void *text)
{
	const struct sample *x = a, *y = b;
	struct span all = buf_span(text);
	int cmp = span_cmp(span_sub(all, x->at, x->n), span_sub(all, y->at, y->n));

	return cmp != 0 ? cmp : (x->number > y->number) - (x->number < y->number);
}

static void
samples_print(const struct metrics *m, struct buf *out)
{
	struct span all = buf_span(&m->text), before = { 0 };

	for (uint32_t i = 0; i < m->nsample; i++) {
		const struct sample *s = &m->sample[i];
		struct span name = span_sub(all, s->at, s->n);
		bool grows = s->grows || (s->metric != NULL && (s->metric->type == COUNTER ||
		    s->metric->type == COUNTER_NS));

		if (i == 0 || !span_eq(name, before)) {
			if (s->metric != NULL)
				buf_printf(out, "# HELP trucban_%s %s\n", s->metric->name,
				    s->metric->help);
			buf_printf(out, "# TYPE trucban_%.*s %s\n", (int)name.n,
			    (const char *)name.p, grows ? "counter" : "gauge");
		}
		before = name;
		buf_str(out, "trucban_");
		buf_span_put(out, name);
		buf_span_put(out, span_sub(all, s->rest_at, s->rest_n));
		buf_u8(out, '\n');
	}
}

void
metrics_put(struct buf *out, struct span status)
{
	struct metrics m = { .in = cur_of(status) };

	if (take(&m.in, '{')) {
		while (!m.in.bad && cur_left(&m.in) > 0 && !take(&m.in, '}')) {
			struct span name = text(&m.in);

			(void)take(&m.in, ':');
			if (!m.in.bad)
				value(&m, name);
			(void)take(&m.in, ',');
		}
	}
	if (m.nsample > 0)
		qsort_r(m.sample, m.nsample, sizeof *m.sample, sample_cmp, &m.text);
	samples_print(&m, out);
	free(m.sample);
	buf_done(&m.text);
}
