/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/samples.c: figures with none, one and several labels. */
#include "check.h"
#include "cmd/samples.h"

static const char text[] = "# TYPE trucban_rows_total counter\ntrucban_rows_total 7\n"
    "trucban_relay_info{to=\"https://d:1\",name=\"a\\\"b\"} 1\n"
    "trucban_lost_total{counter=\"x\"} 2\ntrucban_lost_total{counter=\"y\"} 3\n"
    "trucban_broken{to= 4\ntrucban_broken{to=\"half 5\nother 1\n";

static void
labels_are_read_one_after_the_other(void)
{
	struct sample s = samples_first(SPAN(text), "relay_info");
	struct span label, value;

	check_span(s.label, SPAN("to"));
	check_span(s.value, SPAN("https://d:1"));
	check(samples_label(&s.labels, &label, &value));
	check_span(label, SPAN("name"));
	check_span(value, SPAN("a\\\"b"));
	check(!samples_label(&s.labels, &label, &value));
	s = samples_first(SPAN(text), "relay_info");
	check_span(sample_value(&s, "name"), SPAN("a\\\"b"));
	check_span(sample_value(&s, "to"), SPAN("https://d:1"));
	check_span(sample_value(&s, "no"), SPAN(""));
}

static void
sums_are_those_of_one_label_or_of_all(void)
{
	check_int((int)samples_sum(SPAN(text), "lost_total", NULL), 5);
	check_int((int)samples_sum(SPAN(text), "lost_total", "y"), 3);
	check_int((int)samples_sum(SPAN(text), "rows_total", NULL), 7);
	check_int((int)samples_sum(SPAN(text), "absent", NULL), 0);
	check_span(samples_word(SPAN(text), "rows_total"), SPAN(""));
	check_span(samples_word(SPAN(text), "absent"), SPAN(""));
}

static void
a_broken_line_gives_no_label(void)
{
	struct span rest = SPAN(text);
	struct sample s;
	unsigned n = 0;

	while (samples_next(&rest, &s))
		n++;
	check_int(n, 6);
	check(samples_first(SPAN("trucban_broken{to= 4\n"), "broken").label.n == 0);
}

int
main(void)
{
	run(labels_are_read_one_after_the_other);
	run(sums_are_those_of_one_label_or_of_all);
	run(a_broken_line_gives_no_label);
	return check_done();
}
