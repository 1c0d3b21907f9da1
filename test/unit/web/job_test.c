/* SPDX-License-Identifier: Apache-2.0 */
/* web/job.c: what becomes of jobs, and of jobs whose clients leave or do not read. */
#include "server_rig.h"

static void
a_job_answers_with_what_it_writes(void)
{
	struct buf out = { 0 };
	char want[96];

	server_start();
	check_int(ask("/echo", "a=x%20y", &out), OK);
	(void)snprintf(want, sizeof want, "/echo|uid %u|unix|x y", (unsigned)getuid());
	check_span(buf_span(&out), span_str(want));
	check_int(ask("/echo?a=in+the+path", "", &out), OK);
	check(out.n > 8 && memcmp(out.p + out.n - 8, "the path", 8) == 0);
	check_int(ask("/echo?a=path", "a=body", &out), OK);
	check(out.n > 4 && memcmp(out.p + out.n - 4, "body", 4) == 0);
	check_int(ask("/empty", "", &out), OK);
	check_int(out.n, 0);
	check_int(admitted, 4);
	server_stop();
	buf_done(&out);
}

static void
an_error_is_an_answer_with_its_sentence(void)
{
	static const enum err want[] = { OK, ERR_FORMAT, ERR_DENIED, ERR_ABSENT, ERR_LIMIT,
	    ERR_BUSY,
	    ERR_IO };
	struct buf out = { 0 };
	char form[16];

	server_start();
	for (int i = 1; i < 7; i++) {
		(void)snprintf(form, sizeof form, "n=%d", i);
		check_int(ask("/fail", form, &out), want[i]);
		check_span(span_str(why.text), SPAN("because"));
	}
	check_int(ask("/nowhere", "", &out), ERR_ABSENT);
	check_int(ask("/echo", "a=%zz", &out), ERR_FORMAT);
	refuse_all = true;
	check_int(ask("/echo", "", &out), ERR_BUSY);
	check_span(span_str(why.text), SPAN("no /echo today"));
	server_stop();
	buf_done(&out);
}

static void
an_error_behind_the_first_octets_breaks_the_answer_off(void)
{
	struct buf out = { 0 };

	server_start();
	check_int(ask("/fail", "n=6&late=1", &out), ERR_IO);
	check_span(buf_span(&out), SPAN("begun"));
	check_span(span_str(why.text), SPAN("the desk broke off the answer"));
	check_int(ask("/fail", "n=0&late=1", &out), OK);
	check_span(buf_span(&out), SPAN("begun"));
	server_stop();
	buf_done(&out);
}

static void
a_job_chooses_the_type_of_its_answer(void)
{
	struct buf out = { 0 };

	server_start();
	ask_raw("GET /type HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &out);
	check(heard(&out, "Content-Type: text/special"));
	server_stop();
	buf_done(&out);
}

static void
a_job_has_as_many_turns_as_it_asks_for(void)
{
	struct buf out = { 0 };

	server_start();
	check_int(ask("/turns", "", &out), OK);
	check_span(buf_span(&out), SPAN("123"));
	server_stop();
	buf_done(&out);
}

static void
jobs_between_their_turns_hold_no_worker(void)
{
	struct buf out = { 0 };
	int fd[WORKERS * 2];

	server_start();
	for (int i = 0; i < WORKERS * 2; i++) {
		fd[i] = connected(false);
		say(fd[i], "GET /turns?for_ever=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	check(wait_until(&running, WORKERS * 2));
	check_int(ask("/echo", "", &out), OK);
	for (int i = 0; i < WORKERS * 2; i++)
		file_close(&fd[i]);
	server_stop();
	buf_done(&out);
}

static void
a_client_that_goes_away_cancels_its_job(void)
{
	int fd;

	server_start();
	fd = connected(false);
	say(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	check(wait_until(&running, 1));
	file_close(&fd);
	check(wait_until(&cancelled, 1));
	check(wait_until(&ended, 1));
	server_stop();
	check_int(cancelled, 1);
}

static void
a_client_that_is_cut_off_cancels_its_job(void)
{
	const struct linger at_once = { 1, 0 };
	int fd;

	server_start();
	fd = connected(true);
	say(fd, "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
	check(wait_until(&running, 1));
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);	/* RST */
	file_close(&fd);
	check(wait_until(&cancelled, 1));
	server_stop();
}

static void
a_client_that_goes_away_stops_a_flood(void)
{
	struct buf out = { 0 };
	int fd;

	server_start();
	fd = connected(false);
	say(fd, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
	check(wait_until(&running, 1));
	(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, WAIT_MS);
	file_close(&fd);
	check(wait_until(&ended, 1));
	server_stop();
	buf_done(&out);
}

static void
a_slow_client_costs_a_bounded_amount_of_memory(void)
{
	uint64_t before, after = 0;
	int fd;

	server_start();
	fd = connected(false);
	say(fd, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
	check(wait_until(&running, 1));
	/* Reads nothing: soon nothing more is written. */
	do {
		before = after;
		(void)usleep(100000);
		lock_take(&lock);
		after = written;
		lock_give(&lock);
	} while (after != before || after == 0);
	check(after < 2 * SERVER_BACKLOG + (4 << 20));
	file_close(&fd);
	check(wait_until(&ended, 1));
	server_stop();
}

static void
more_jobs_than_it_takes_are_answered_503(void)
{
	struct buf out = { 0 };
	int fd[SERVER_JOBS];

	server_start();
	for (int i = 0; i < SERVER_JOBS; i++) {
		fd[i] = connected(false);
		say(fd[i], "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	check(wait_until(&admitted, SERVER_JOBS));
	check_int(ask("/echo", "", &out), ERR_BUSY);
	check(strstr(why.text, "64 requests") != NULL);
	ask_raw("GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &out);
	check(heard(&out, "a page"));		/* pages go on */
	lock_take(&lock);
	hold = false;
	wake_all(&wake);
	lock_give(&lock);
	check(wait_until(&ended, SERVER_JOBS));
	for (int i = 0; i < SERVER_JOBS; i++)
		file_close(&fd[i]);
	server_stop();
	buf_done(&out);
}

static void
jobs_that_wait_leave_room_for_others(void)
{
	struct buf out = { 0 };
	int fd[SERVER_JOBS], refused = 0;

	server_start();
	for (int i = 0; i < SERVER_WAITING + 4; i++) {
		fd[i] = connected(false);
		say(fd[i], "GET /turns?for_ever=1 HTTP/1.1\r\nHost: x\r\nConnection: "
		    "close\r\n\r\n");
	}
	check(wait_until(&running, SERVER_WAITING + 4));
	check_int(ask("/echo", "", &out), OK);
	for (int i = 0; i < SERVER_WAITING + 4; i++) {
		hear(fd[i], &out, 0);
		refused += strstr((char *)out.p, "503") != NULL;
		file_close(&fd[i]);
	}
	check_int(refused, 4);
	server_stop();
	buf_done(&out);
}

static void
who_reads_nothing_keeps_no_worker_from_others(void)
{
	struct buf out = { 0 };
	int fd[WORKERS];

	patience_ms = 100;
	server_start();
	for (int i = 0; i < WORKERS; i++) {
		fd[i] = connected(false);
		say(fd[i], "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	check(wait_until(&running, WORKERS));
	check_int(ask("/echo", "", &out), OK);
	check(wait_until(&ended, 1));
	for (int i = 0; i < WORKERS; i++)
		file_close(&fd[i]);
	server_stop();
	check_int(ended, WORKERS);
	patience_ms = 0;
	buf_done(&out);
}

static void
the_end_of_the_server_ends_every_job(void)
{
	struct buf out = { 0 };
	int fd[4];

	server_start();
	for (int i = 0; i < 4; i++)
		fd[i] = connected(false);
	say(fd[0], "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	say(fd[1], "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
	check(wait_until(&running, 2));
	say(fd[2], "GET /turns?for_ever=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	say(fd[3], "GET /wa");
	check(wait_until(&running, 3));
	server_stop();
	check_int(ended, 2);
	for (int i = 0; i < 4; i++) {
		hear(fd[i], &out, WAIT_MS);
		check(strstr((char *)out.p, "\r\n0\r\n\r\n") == NULL);	/* no last chunk */
		file_close(&fd[i]);
	}
	buf_done(&out);
}

int
main(void)
{
	run(a_job_answers_with_what_it_writes);
	run(an_error_is_an_answer_with_its_sentence);
	run(an_error_behind_the_first_octets_breaks_the_answer_off);
	run(a_job_chooses_the_type_of_its_answer);
	run(a_job_has_as_many_turns_as_it_asks_for);
	run(jobs_between_their_turns_hold_no_worker);
	run(a_client_that_goes_away_cancels_its_job);
	run(a_client_that_is_cut_off_cancels_its_job);
	run(a_client_that_goes_away_stops_a_flood);
	run(a_slow_client_costs_a_bounded_amount_of_memory);
	run(more_jobs_than_it_takes_are_answered_503);
	run(jobs_that_wait_leave_room_for_others);
	run(who_reads_nothing_keeps_no_worker_from_others);
	run(the_end_of_the_server_ends_every_job);
	return check_done();
}
