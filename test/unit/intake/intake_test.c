/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the doors for syslog and RELP over loopback, the keeper's death, pressure and the end. */
#include "fake.h"

#include "base/limits.h"

/* ---- syslog ---- */

static void
tcp_lines_become_rows_with_their_source(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	const struct source *source;

	fake_send(fake, fd, SPAN("@h1 app one\n@h2 app two\n@h1 ap"));
	check_int(fake->nrow, 2);
	fake_send(fake, fd, SPAN("p three\n"));
	check_int(fake->nrow, 3);
	check_span(raw(fake, 0), SPAN("@h1 app one"));
	check_span(raw(fake, 2), SPAN("@h1 app three"));
	check_int(fake->row[0].source, fake->row[2].source);
	check(fake->row[0].source != fake->row[1].source);
	check_int(fake->row[0].class, 1);
	check_int(fake->row[0].stream, STREAM_RAW);
	source = fake->source[fake->row[1].source];
	check_span(source->host, SPAN("h2"));
	check_span(source->app, SPAN("app"));
	check_span(source->peer, SPAN("127.0.0.1"));
	check_span(source->listener, SPAN("door"));
	check_int(source->trust, TRUST_PEER);
	check_int(source->unit, 7);
	check_int(fake->instance, 77);
	close(fd);
	fake_free(&fake);
}

static void
the_last_line_counts_when_the_sender_goes(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("one\ntwo"));
	check_int(fake->nrow, 1);
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 2);
	check_span(raw(fake, 1), SPAN("two"));
	check_int(fake_counter(fake, "intake.door.connections"), 0);
	fake_free(&fake);
}

static void
what_breaks_off_counting_is_kept_as_lines_and_counted(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	fake->auto_ack = true;
	fake_send(fake, fd, SPAN("3 <1>GARBAGE"));
	check_int(fake->nrow, 1);
	check_int(fake_counter(fake, "intake.door.frames_bad"), 1);
	check_int(fake->samples, 1);
	fake_send(fake, fd, SPAN(" and more\n3 <2>\n"));
	check_int(fake->nrow, 3);
	check_span(raw(fake, 1), SPAN("GARBAGE and more"));
	check_span(raw(fake, 2), SPAN("<2>"));
	fake_send(fake, fd, SPAN("behind"));
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 4);
	check_span(raw(fake, 3), SPAN("behind"));
	check_int(fake_counter(fake, "intake.door.frames_bad"), 2);
	fake_free(&fake);
}

static void
a_count_that_is_never_right_closes_the_connection_and_loses_nothing(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	uint8_t *big = xmalloc(70000);

	memset(big, 'x', 70000);
	fake_send(fake, fd, SPAN("3 <1>"));
	fake_send(fake, fd, span_of(big, 70000));
	check(fake_closed(fd));
	check_int(fake->nrow, 2);
	check_int(fake_counter(fake, "intake.door.bytes"), 3 + 70000);
	check_int(fake_counter(fake, "intake.door.bytes_cut"), 0);
	free(big);
	close(fd);
	fake_free(&fake);
}

static void
a_lone_carriage_return_is_an_empty_line(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("a\r\n\r\n\n \r\n"));
	check_int(fake->nrow, 2);
	check_span(raw(fake, 0), SPAN("a\r"));
	check_span(raw(fake, 1), SPAN(" \r"));
	check_int(fake_counter(fake, "intake.door.records_empty"), 2);
	close(fd);
	fake_free(&fake);
}

static void
a_record_above_the_limit_is_cut_marked_and_counted(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	uint8_t *big = xmalloc(3 << 20);

	memset(big, 'x', 3 << 20);
	big[0] = '<';
	fake_send(fake, fd, SPAN("3145728 "));
	fake_send(fake, fd, span_of(big, 3 << 20));
	fake_send(fake, fd, SPAN("3 abc"));
	fake_turns(fake, 40);
	check_int(fake->nrow, 2);
	check_int(fake->row[0].raw.n, LIMIT_RECORD_BYTES);
	check_int(fake->row[0].flags & ROW_CUT, ROW_CUT);
	check_span(raw(fake, 1), SPAN("abc"));
	check_int(fake->row[1].flags & ROW_CUT, 0);
	check_int(fake_counter(fake, "intake.door.bytes_cut"), (3 << 20) - LIMIT_RECORD_BYTES);
	free(big);
	close(fd);
	fake_free(&fake);
}

static void
each_datagram_is_a_record_octet_for_octet(void)
{
	struct fake *fake = fake_one(INTAKE_UDP);
	char text[64];
	uint8_t *big = xmalloc(65000);
	int fd = -1;

	(void)snprintf(text, sizeof text, "127.0.0.1:%u", fake->port[0]);
	check_int(sock_connect(&fd, text, SOCK_KIND_DATAGRAM, 1000, NULL), OK);
	memset(big, 'y', 65000);
	check(send(fd, "<1>a\n\0", 6, 0) == 6);
	check(send(fd, "", 0, 0) == 0);
	check(send(fd, big, 65000, 0) == 65000);
	for (int i = 0; i < 200; i++)
		check(send(fd, "@h a x", 6, 0) == 6);
	fake_turns(fake, 10);
	check_int(fake->nrow, 202);
	check_span(raw(fake, 0), span_of("<1>a\n\0", 6));
	check_span(raw(fake, 1), span_of(big, 65000));
	check_int(fake->source[fake->row[5].source]->trust, TRUST_CLAIM);
	check_span(fake->source[fake->row[5].source]->peer, SPAN("127.0.0.1"));
	check_int(fake_counter(fake, "intake.door.records_empty"), 1);
	free(big);
	close(fd);
	fake_free(&fake);
}

static void
datagrams_that_the_kernel_dropped_are_counted(void)
{
	struct fake *fake = fake_one(INTAKE_UDP);
	static uint8_t big[60000];
	char text[64];
	int fd = -1, small = 4096;
	unsigned sent = 0;

	fake->auto_ack = true;
	(void)snprintf(text, sizeof text, "127.0.0.1:%u", fake->port[0]);
	check_int(setsockopt(fake->fd[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	check_int(sock_connect(&fd, text, SOCK_KIND_DATAGRAM, 1000, NULL), OK);
	for (int i = 0; i < 200; i++)
		sent += send(fd, big, 1000, 0) == 1000;
	fake_turns(fake, 4);
	for (int i = 0; i < 3; i++)
		sent += send(fd, "x", 1, 0) == 1;
	fake_turns(fake, 4);
	check(fake_counter(fake, "intake.door.kernel_drops") > 100);
	check_int(fake->total + fake_counter(fake, "intake.door.kernel_drops"), sent);
	close(fd);
	fake_free(&fake);
}

/* ---- RELP ---- */

static int
relp_open(struct fake *fake, unsigned listener)
{
	int fd = fake_connect(fake, listener);
	struct span got;

	fake_send(fake, fd, SPAN("1 open 46 relp_version=0\nrelp_software=t\ncommands=syslog\n"));
	got = fake_got(fd);
	check(fake_has(got, "1 rsp ") && fake_has(got, " 200 OK\nrelp_version=0\n"));
	check(fake_has(got, "commands=syslog"));
	return fd;
}

static void
relp_answers_only_after_the_ack(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n3 syslog 3 two\n"));
	check_int(fake->nrow, 2);
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n3 rsp 6 200 OK\n"));
	/* The next ones are answered batch by batch. */
	fake_send(fake, fd, SPAN("4 syslog 1 a\n"));
	fake_send(fake, fd, SPAN("5 syslog 1 b\n"));
	check_int(fake->nticket, 2);
	check_int(fake_got(fd).n, 0);
	fake_answer(fake, &fake->ticket[0], OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("4 rsp 6 200 OK\n"));
	fake_answer(fake, &fake->ticket[1], OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("5 rsp 6 200 OK\n"));
	fake->nticket = 0;
	close(fd);
	fake_free(&fake);
}

static void
relp_close_waits_for_the_last_answers(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n3 close 0\n"));
	check_int(fake_got(fd).n, 0);
	check(!fake_closed(fd));
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n3 rsp 0\n0 serverclose 0\n"));
	check(fake_closed(fd));
	close(fd);
	fake_free(&fake);
}

static void
relp_is_closed_without_answer_when_the_keeper_refuses(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0), other = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n"));
	fake_answer_all(fake, ERR_FULL);
	fake_turns(fake, 2);
	check_int(fake_got(fd).n, 0);
	check(fake_closed(fd));
	check(!fake_closed(other));
	check_int(fake_counter(fake, "intake.door.rows_refused"), 1);
	close(fd);
	close(other);
	fake_free(&fake);
}

/* Rows of several doors are in one batch; what is added up over the doors was refused. */
static void
refused_rows_are_counted_once_where_they_came_in(void)
{
	struct intake_listener listener[3] = { door(INTAKE_TCP), door(INTAKE_TCP),
	    door(INTAKE_TCP) };
	struct fake *fake;
	int a, b;

	listener[1].name = SPAN("back");
	listener[2].name = SPAN("idle");
	fake = fake_new(listener, 3, 0);
	a = fake_connect(fake, 0);
	b = fake_connect(fake, 1);
	fake_send(fake, a, SPAN("one\n"));
	/* While two batches are on their way, rows wait for company. */
	fake_send(fake, a, SPAN("two\n"));
	fake_send(fake, b, SPAN("three\n"));
	fake_send(fake, a, SPAN("four\nfive\n"));
	check_int(fake->nticket, 2);
	fake_answer_all(fake, ERR_FULL);
	fake_turns(fake, 4);
	check_int(fake->nticket, 1);
	fake_answer_all(fake, ERR_FULL);
	fake_turns(fake, 4);
	check_int(fake_counter(fake, "intake.door.rows_refused"), 4);
	check_int(fake_counter(fake, "intake.back.rows_refused"), 1);
	check_int(fake_counter(fake, "intake.idle.rows_refused"), 0);
	check_int(fake_counter(fake, "intake.rows_refused"), 0);
	close(a);
	close(b);
	fake_free(&fake);
}

static void
relp_without_open_or_with_garbage_is_closed(void)
{
	static const char *const bad[] = { "1 syslog 1 x\n", "GET / HTTP/1.1\r\n\r\n",
	    "1 open 27 relp_version=0\ncommands=abc\n", "1 rsp 0\n" };
	struct fake *fake = fake_one(INTAKE_RELP);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int fd = fake_connect(fake, 0);

		fake_send(fake, fd, span_str(bad[i]));
		(void)fake_got(fd);
		check(fake_closed(fd));
		close(fd);
	}
	check_int(fake->nrow, 0);
	check_int(fake_counter(fake, "intake.door.frames_bad"), 4);
	fake_free(&fake);
}

/* ---- the keeper and pressure ---- */

static void
what_a_dead_keeper_did_not_acknowledge_is_sent_again_once(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n"));
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n"));
	fake_send(fake, fd, SPAN("3 syslog 3 two\n"));
	check_int(fake->nticket, 1);
	fake_keeper_kill(fake);
	fake_turns(fake, 2);
	check(!intake_has_keeper(fake->intake));
	fake_send(fake, fd, SPAN("4 syslog 5 three\n"));
	check_int(fake_got(fd).n, 0);
	check(!fake_closed(fd));
	fake->nrow = 0;
	fake_keeper_start(fake);
	fake_turns(fake, 4);
	/* The definitions came again (fake_keeper_take checks their numbers), then the rows. */
	check_int(fake->nrow, 2);
	check_span(raw(fake, 0), SPAN("two"));
	check_span(raw(fake, 1), SPAN("three"));
	check_int(fake->ticket[0].ticket, 2);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(fake_got(fd), SPAN("3 rsp 6 200 OK\n4 rsp 6 200 OK\n"));
	close(fd);
	fake_free(&fake);
}

static void
a_keeper_that_answers_nonsense_is_left(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	struct fake_ticket never = { 99, 1 };
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("a\n"));
	fake_answer(fake, &never, OK);
	fake_turns(fake, 2);
	check(!intake_has_keeper(fake->intake));
	fake_keeper_kill(fake);
	fake_keeper_start(fake);
	fake_turns(fake, 2);
	fake_answer(fake, &fake->ticket[0], OK);
	fake_answer(fake, &fake->ticket[0], OK);
	fake_turns(fake, 2);
	check(!intake_has_keeper(fake->intake));
	close(fd);
	fake_free(&fake);
}

static void
sockets_are_not_read_while_the_keeper_is_behind(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	static uint8_t lines[1 << 20];
	size_t all = sizeof lines / 1000 * 1000;
	uint64_t bytes = 0, before;

	memset(lines, 'x', sizeof lines);
	for (size_t i = 999; i < sizeof lines; i += 1000)
		lines[i] = '\n';
	fake->keep_rows = false;
	for (int i = 0; i < 2000; i++) {
		size_t at = bytes % all;
		ssize_t n = send(fd, lines + at, all - at, MSG_NOSIGNAL);

		bytes += n > 0 ? (uint64_t)n : 0;
		fake_turns(fake, 1);
	}
	before = fake_counter(fake, "intake.bytes_unacknowledged");
	check(before > LIMIT_UNACKED_BYTES && before < LIMIT_UNACKED_BYTES + (2 << 20));
	check_int(fake_counter(fake, "intake.pauses"), 1);
	fake->auto_ack = true;
	fake_turns(fake, 200);
	check_int(fake_counter(fake, "intake.bytes_unacknowledged"), 0);
	check_int(fake->total, bytes / 1000);
	close(fd);
	fake_free(&fake);
}

static void
connections_above_the_limit_of_an_address_are_closed(void)
{
	struct intake_listener listener = door(INTAKE_TCP);
	struct fake *fake = fake_new(&listener, 1, 3);
	int fd[5];

	for (int i = 0; i < 5; i++)
		fd[i] = fake_connect(fake, 0);
	fake_turns(fake, 4);
	check_int(fake_counter(fake, "intake.door.connections"), 3);
	check_int(fake_counter(fake, "intake.door.connections_refused"), 2);
	check(fake_closed(fd[4]) && !fake_closed(fd[0]));
	close(fd[0]);
	fake_turns(fake, 4);
	close(fd[4]);
	fd[4] = fake_connect(fake, 0);
	fake_turns(fake, 4);
	check(!fake_closed(fd[4]));
	for (int i = 1; i < 5; i++)
		close(fd[i]);
	fake_free(&fake);
}

static void
the_end_takes_what_the_sockets_hold_and_answers_it(void)
{
	struct intake_listener listener[2] = { door(INTAKE_RELP), door(INTAKE_TCP) };
	struct fake *fake = fake_new(listener, 2, 0);
	int relp = relp_open(fake, 0), tcp = fake_connect(fake, 1);

	fake_turns(fake, 2);
	check(send(relp, "2 syslog 3 one\n", 15, 0) == 15);
	check(send(tcp, "two\nthr", 7, 0) == 7);
	intake_stop(fake->intake);
	for (int i = 0; i < 20 && !intake_stopped(fake->intake); i++) {
		fake_turns(fake, 1);
		if (i == 10)
			fake_answer_all(fake, OK);
	}
	check(intake_stopped(fake->intake));
	check_int(fake->nrow, 3);
	check_span(fake_got(relp), SPAN("2 rsp 6 200 OK\n"));
	close(relp);
	close(tcp);
	fake_free(&fake);
}

static void
the_end_loses_nothing_that_was_read_of_who_sends_without_end(void)
{
	struct intake_listener listener[2] = { door(INTAKE_TCP), door(INTAKE_RELP) };
	struct fake *fake = fake_new(listener, 2, 0);
	int tcp = fake_connect(fake, 0), relp = fake_connect(fake, 1);

	fake->keep_rows = false;
	fake_turns(fake, 2);
	intake_stop(fake->intake);
	while (!intake_stopped(fake->intake)) {
		(void)send(tcp, "one more\n", 9, MSG_DONTWAIT | MSG_NOSIGNAL);
		fake_turns(fake, 1);
		fake_answer_all(fake, OK);
	}
	check(fake_closed(tcp));
	check(fake->total > 0);
	check_int(fake->total, fake_counter(fake, "intake.door.records"));
	close(tcp);
	close(relp);
	fake_free(&fake);
}

int
main(void)
{
	run(tcp_lines_become_rows_with_their_source);
	run(the_last_line_counts_when_the_sender_goes);
	run(what_breaks_off_counting_is_kept_as_lines_and_counted);
	run(a_count_that_is_never_right_closes_the_connection_and_loses_nothing);
	run(a_lone_carriage_return_is_an_empty_line);
	run(a_record_above_the_limit_is_cut_marked_and_counted);
	run(each_datagram_is_a_record_octet_for_octet);
	run(datagrams_that_the_kernel_dropped_are_counted);
	run(relp_answers_only_after_the_ack);
	run(relp_close_waits_for_the_last_answers);
	run(relp_is_closed_without_answer_when_the_keeper_refuses);
	run(refused_rows_are_counted_once_where_they_came_in);
	run(relp_without_open_or_with_garbage_is_closed);
	run(what_a_dead_keeper_did_not_acknowledge_is_sent_again_once);
	run(a_keeper_that_answers_nonsense_is_left);
	run(sockets_are_not_read_while_the_keeper_is_behind);
	run(connections_above_the_limit_of_an_address_are_closed);
	run(the_end_takes_what_the_sockets_hold_and_answers_it);
	run(the_end_loses_nothing_that_was_read_of_who_sends_without_end);
	return check_done();
}
