/* SPDX-License-Identifier: Apache-2.0 */
/* coverage/findings.c over findings that a real keeper kept, by the place that the watch has. */
#include "test/unit/coverage/rig.h"

#include "coverage/findings.h"
#include "wire/wire.h"

static struct rig g;
static uint32_t channel[2];
static uint64_t ticket, sequence;

/* Two writers, as if one had ended and its batch were on its way still. */
static void
begin(void)
{
	struct buf shape = { 0 }, source = { 0 };

	rig_make(&g, KEY_MAKE_ENCRYPTED);
	finding_shape(&shape);
	source_encode(&source, &(struct source){ .class = 1, .trust = TRUST_LOCAL,
	    .listener = SPAN("watch") });
	for (unsigned i = 0; i < 2; i++) {
		must(keep_channel_open(g.rows.keep, 100 + i, &channel[i], NULL) == OK);
		must(keep_shape(g.rows.keep, channel[i], 0, buf_span(&shape), NULL) == OK);
		must(keep_source(g.rows.keep, channel[i], 0, buf_span(&source), NULL) == OK);
	}
	buf_done(&shape);
	buf_done(&source);
	ticket = sequence = 0;
}

static struct finding
of(const char *host, enum finding_act act, int64_t at_s)
{
	struct finding f = { .act = (uint8_t)act, .level = FINDING_MEDIUM, .version = 1,
	    .rule = SPAN("coverage.silent"), .group = { .host = span_str(host) },
	    .time_ns = ns_of((double)at_s), .opened_ns = ns_of(0), .opened_seq = 1,
	    .unit = SPAN("seconds"), .message = SPAN("x") };

	finding_id(&f);
	return f;
}

/* One turn of a writer that knows what was found up to from. */
static enum err
tell(unsigned writer, uint64_t from, const struct finding *finding, uint32_t n)
{
	struct batch_writer *batch = batch_writer_new(STREAM_FINDINGS, 1);
	const struct keep_place place = { .content = WIRE_WATCH_CONTENT, .from = from,
	    .to = from + 1 };
	struct buf code = { 0 };
	enum err rc;

	for (uint32_t i = 0; i < n; i++) {
		struct finding f = finding[i];
		struct span value[FINDING_HOLES];
		struct row row = { .recv_ns = f.time_ns, .event_ns = f.time_ns,
		    .nvalue = FINDING_HOLES, .value = value };

		f.sequence = from + 1;
		finding_values(&f, g.arena, value, &row.flags);
		must(batch_add(batch, 0, 0, &row) == OK);
	}
	batch_finish(batch, &code);
	keep_place(g.rows.keep, channel[writer], &place);
	rc = keep_batch(g.rows.keep, channel[writer], ++ticket, buf_span(&code), &g.why);
	if (rc == OK)
		g.sent += n;
	for (unsigned i = 0; g.rows.acked < g.sent && i < 10000; i++) {
		keep_wait(g.rows.keep, 10);
		place_take(&g.rows);
	}
	batch_writer_free(&batch);
	buf_done(&code);
	return rc;
}

static uint32_t
fold(int64_t since_s, unsigned streams, struct findings_one **ret)
{
	uint32_t n = 0;

	store_close(&g.store);
	must(store_open_streams(&g.store, g.rows.fd, g.rows.keys.store_key, streams, &g.why) == OK);
	check(findings_fold(g.store, since_s == INT64_MAX ? INT64_MAX : ns_of((double)since_s),
	    g.arena, ret, &n, &g.why) == OK);
	return n;
}

static void
what_is_open_is_the_last_act_of_each(void)
{
	struct finding acts[] = { of("a", FINDING_OPENED, 0), of("b", FINDING_OPENED, 1),
	    of("a", FINDING_GREW, 60), of("b", FINDING_CLOSED, 90), of("c", FINDING_OPENED, 95) };
	struct findings_one *one;

	begin();
	check(tell(0, 0, acts, 2) == OK);
	place_flush(&g.rows);			/* these in a segment, the others in the journal */
	check(tell(0, 1, acts + 2, 3) == OK);
	if (check_int(fold(INT64_MAX, 1u << STREAM_FINDINGS, &one), 2)) {
		check_span(one[0].finding.group.host, SPAN("a"));
		check_int(one[0].finding.act, FINDING_GREW);
		check_int(one[0].acts, 2);
		check_int(one[0].opened_row, 1);
		check_int(one[0].last_row, 3);
		check_int(one[0].finding.sequence, 2);
		check_span(one[1].finding.group.host, SPAN("c"));
	}
	check_int(fold(80, 1u << STREAM_FINDINGS, &one), 3);
	check_int(fold(91, 1u << STREAM_FINDINGS, &one), 2);
	check_int(fold(0, 0, &one), 2);		/* segments only: both are open there */
	check_int(fold(0, 1u << STREAM_RAW, &one), 2);
	rig_done(&g);
}

static void
who_does_not_know_what_was_found_is_refused(void)
{
	struct finding a = of("a", FINDING_OPENED, 0), c = of("c", FINDING_OPENED, 1);
	struct findings_one *one;

	begin();
	check_int(keep_place_get(g.rows.keep, WIRE_WATCH_CONTENT), 0);
	check(tell(0, 0, &a, 1) == OK);
	check(tell(1, 0, &a, 1) == ERR_ABSENT);	/* it had asked before the other's came */
	check_int(keep_place_get(g.rows.keep, WIRE_WATCH_CONTENT), 1);
	check(tell(1, 1, &c, 1) == OK);
	check_int(fold(0, 1u << STREAM_FINDINGS, &one), 2);
	check_int(one[0].acts, 1);
	rig_done(&g);
}

static void
rows_that_are_no_findings_are_passed_over(void)
{
	struct finding bad = of("a", FINDING_OPENED, 0), good = of("b", FINDING_OPENED, 0);
	struct findings_one *one;

	begin();
	bad.id[0] ^= 1;
	check(tell(0, 0, (struct finding[]){ bad, good }, 2) == OK);
	if (check_int(fold(0, 1u << STREAM_FINDINGS, &one), 1))
		check_span(one[0].finding.group.host, SPAN("b"));
	rig_done(&g);
}

int
main(void)
{
	run(what_is_open_is_the_last_act_of_each);
	run(who_does_not_know_what_was_found_is_refused);
	run(rows_that_are_no_findings_are_passed_over);
	return check_done();
}
