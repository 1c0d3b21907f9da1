/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/joined.c over loopback: lines of a TCP source become records. */
#include "fake.h"

#include "base/limits.h"
#include "intake/intake_int.h"

static struct fake *
fake_joined(const char *rule)
{
	struct intake_listener listener = door(INTAKE_TCP);
	struct fake *fake;

	must(join_read(&listener.join, span_str(rule)));
	fake = fake_new(&listener, 1, 0);
	fake->auto_ack = true;
	return fake;
}

/* So many seconds without an octet. */
static void
pass_seconds(struct fake *fake, unsigned n)
{
	while (n-- > 0)
		conn_tick_all(fake->intake);
	fake_turns(fake, 2);
}

static void
a_trace_is_one_record_however_it_is_cut(void)
{
	static const char text[] = "10:00 one\n\tat a\n\tat b\nCaused by: c\n10:01 two\n";

	for (size_t step = 1; step <= sizeof text; step += 6) {
		struct fake *fake = fake_joined("trace");
		int fd = fake_connect(fake, 0);

		for (struct span in = span_str(text); in.n > 0; in = span_sub(in, step, SIZE_MAX))
			fake_send(fake, fd, span_sub(in, 0, step));
		check_int(fake->nrow, 1);
		check_span(raw(fake, 0), SPAN("10:00 one\n\tat a\n\tat b\nCaused by: c"));
		close(fd);
		fake_turns(fake, 4);
		check_int(fake->nrow, 2);
		check_span(raw(fake, 1), SPAN("10:01 two"));
		check_int(fake_counter(fake, "intake.door.records"), 2);
		check_int(fake_counter(fake, "intake.door.records_split"), 0);
		check_int(fake->intake->held, 0);
		fake_free(&fake);
	}
}

static void
a_pause_ends_the_record_and_gives_back_its_memory(void)
{
	struct fake *fake = fake_joined("trace");
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("one\n\tat a\n"));
	pass_seconds(fake, LIMIT_JOIN_PAUSE_S);
	fake_send(fake, fd, SPAN("\tat b\n"));
	pass_seconds(fake, LIMIT_JOIN_PAUSE_S);
	check_int(fake->nrow, 0);
	check(fake->intake->held > 0);
	pass_seconds(fake, 1);
	check_int(fake->nrow, 1);
	check_span(raw(fake, 0), SPAN("one\n\tat a\n\tat b"));
	check_int(fake->intake->held, 0);
	/* What comes late is kept as what it is. */
	fake_send(fake, fd, SPAN("\tat c\ntwo\n"));
	check_int(fake->nrow, 2);
	check_span(raw(fake, 1), SPAN("\tat c"));
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 3);
	fake_free(&fake);
}

static void
each_connection_joins_its_own_lines(void)
{
	struct fake *fake = fake_joined("indent");
	int a = fake_connect(fake, 0), b = fake_connect(fake, 0);

	fake_send(fake, a, SPAN("a1\n"));
	fake_send(fake, b, SPAN("b1\n"));
	fake_send(fake, a, SPAN(" a2\n"));
	fake_send(fake, b, SPAN(" b2\n"));
	close(a);
	fake_turns(fake, 4);
	close(b);
	fake_turns(fake, 4);
	check_int(fake->nrow, 2);
	check_span(raw(fake, 0), SPAN("a1\n a2"));
	check_span(raw(fake, 1), SPAN("b1\n b2"));
	fake_free(&fake);
}

static void
syslog_messages_and_counted_frames_are_not_joined(void)
{
	struct fake *fake = fake_joined("stamp");
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("<13>a\n<13>b\nmore\n<14>c\n"));
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 3);
	check_span(raw(fake, 1), SPAN("<13>b\nmore"));
	fd = fake_connect(fake, 0);
	fake_send(fake, fd, SPAN("6 <13>a\n4 more4 <1>b"));
	check_int(fake->nrow, 6);
	check_span(raw(fake, 3), SPAN("<13>a\n"));
	check_span(raw(fake, 4), SPAN("more"));
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 6);
	fake_free(&fake);
}

static void
empty_lines_are_kept_inside_and_counted_outside(void)
{
	struct fake *fake = fake_joined("indent");
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("\n\r\na\n\n b\r\n\n"));
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 1);
	check_span(raw(fake, 0), SPAN("a\n\n b\r\n"));
	check_int(fake_counter(fake, "intake.door.records_empty"), 2);
	fake_free(&fake);
}

static void
what_passes_a_limit_goes_on_in_the_next_record(void)
{
	struct fake *fake = fake_joined("indent");
	int fd = fake_connect(fake, 0);
	struct buf text = { 0 };

	buf_str(&text, "first\n");
	for (int i = 1; i < LIMIT_JOIN_LINES + 3; i++)
		buf_str(&text, " more\n");
	buf_str(&text, "big\n ");
	for (int i = 0; i < LIMIT_JOIN_BYTES; i++)
		buf_u8(&text, 'x');
	buf_str(&text, "\nend\n");
	fake_send(fake, fd, buf_span(&text));
	close(fd);
	fake_turns(fake, 8);
	check_int(fake->nrow, 5);
	check_int(raw(fake, 0).n, 5 + 6 * (LIMIT_JOIN_LINES - 1));
	check_span(raw(fake, 1), SPAN(" more\n more\n more"));
	check_span(raw(fake, 2), SPAN("big"));
	check_int(raw(fake, 3).n, LIMIT_JOIN_BYTES + 1);
	check_span(raw(fake, 4), SPAN("end"));
	check_int(fake_counter(fake, "intake.door.records_split"), 2);
	check_int(fake_counter(fake, "intake.door.bytes_cut"), 0);
	buf_done(&text);
	fake_free(&fake);
}

int
main(void)
{
	run(a_trace_is_one_record_however_it_is_cut);
	run(a_pause_ends_the_record_and_gives_back_its_memory);
	run(each_connection_joins_its_own_lines);
	run(syslog_messages_and_counted_frames_are_not_joined);
	run(empty_lines_are_kept_inside_and_counted_outside);
	run(what_passes_a_limit_goes_on_in_the_next_record);
	return check_done();
}
