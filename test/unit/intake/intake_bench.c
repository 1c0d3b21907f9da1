/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message costs in the doors alone: processor time of this process, which runs the intake
 * with a parser that keeps records whole; sender and keeper (which answers at once) are processes
 * of their own. Not a test: prints one line per door.
 *
 *	intake_bench [MESSAGES [OCTETS]]
 */
#include "fake.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "sys/clock.h"

enum { SEND_BYTES = 256 << 10, RELP_WINDOW = 10000 };

static size_t message_bytes = 172;
static volatile sig_atomic_t child_ended;

static void
on_child(int number)
{
	(void)number;
	child_ended = 1;
}

static void
message_put(struct buf *out)
{
	static const char head[] = "<134>1 2026-11-23T04:05:06.789Z host01 app 1234 - - ";

	buf_str(out, head);
	for (size_t n = sizeof head - 1; n < message_bytes; n++)
		buf_u8(out, (uint8_t)('a' + n % 26));
}

static void
keeper_run(int fd)
{
	struct chan *chan = chan_new(fd, WIRE_LIMIT, 1 << 20);
	struct chan_msg msg;

	while (chan_recv_wait(chan, &msg, -1, NULL) == OK) {
		struct batch_head head;
		struct buf ack = { 0 };

		if (msg.type != WIRE_BATCH)
			continue;
		must(batch_head_read(&head, msg.body, NULL) == OK);
		wire_ack_encode(&ack, 1, head.nrow);
		(void)chan_send_wait(chan, &(struct chan_msg){ .type = WIRE_ACK, .tag = msg.tag,
		    .body = buf_span(&ack) }, -1, NULL);
		buf_done(&ack);
	}
	_exit(0);
}

static void
all_send(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		must(n > 0);
		s = span_sub(s, (size_t)n, SIZE_MAX);
	}
}

static int
connect_blocking(uint16_t port, int type)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
	return fd;
}

static void
tcp_run(uint16_t port, unsigned n, bool counted)
{
	struct buf out = { 0 }, one = { 0 };
	int fd = connect_blocking(port, SOCK_STREAM);

	message_put(&one);
	for (unsigned i = 0; i < n; i++) {
		if (counted)
			buf_printf(&out, "%zu ", one.n);
		buf_span_put(&out, buf_span(&one));
		if (!counted)
			buf_u8(&out, '\n');
		if (out.n < SEND_BYTES && i + 1 < n)
			continue;
		all_send(fd, buf_span(&out));
		out.n = 0;
	}
	close(fd);
}

static void
lines_run(uint16_t port, unsigned n)
{
	tcp_run(port, n, false);
}

static void
counted_run(uint16_t port, unsigned n)
{
	tcp_run(port, n, true);
}

/* A little slower than the reader, so that what is measured is not the kernel's dropping. */
static void
udp_run(uint16_t port, unsigned n)
{
	struct buf one = { 0 };
	struct iovec iov;
	struct mmsghdr msg[32] = { 0 };
	int fd = connect_blocking(port, SOCK_DGRAM);

	message_put(&one);
	iov = (struct iovec){ one.p, one.n };
	for (size_t i = 0; i < 32; i++)
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
	for (unsigned i = 0; i < n; i += 32) {
		must(sendmmsg(fd, msg, 32, 0) == 32);
		if (i % 1024 == 0)
			usleep(1000);
	}
	close(fd);
}

static void
relp_run(uint16_t port, unsigned n)
{
	struct buf out = { 0 }, one = { 0 };
	int fd = connect_blocking(port, SOCK_STREAM);
	static char room[1 << 20];
	unsigned sent = 0, answered = 0;

	message_put(&one);
	all_send(fd, SPAN("1 open 30 relp_version=0\ncommands=syslog\n"));
	must(recv(fd, room, sizeof room, 0) > 0);
	while (answered < n) {
		ssize_t got;

		out.n = 0;
		while (sent < n && sent - answered < RELP_WINDOW && out.n < SEND_BYTES) {
			buf_printf(&out, "%u syslog %zu ", sent++ + 2, one.n);
			buf_span_put(&out, buf_span(&one));
			buf_u8(&out, '\n');
		}
		all_send(fd, buf_span(&out));
		got = recv(fd, room, sizeof room, sent - answered < RELP_WINDOW && sent < n ?
		    MSG_DONTWAIT : 0);
		for (ssize_t i = 0; i < got; i++)
			answered += room[i] == '\n';
	}
	close(fd);
}

static void
http_run(uint16_t port, unsigned n)
{
	struct buf body = { 0 }, out = { 0 };
	int fd = connect_blocking(port, SOCK_STREAM);
	static char room[1 << 20];

	for (unsigned i = 0; i < 2000; i++) {
		buf_str(&body, "{\"create\":{}}\n{\"_msg\":\"");
		for (size_t k = 0; k < message_bytes - 11; k++)
			buf_u8(&body, 'x');
		buf_str(&body, "\"}\n");
	}
	buf_printf(&out, "POST /_bulk HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", body.n);
	buf_span_put(&out, buf_span(&body));
	for (unsigned i = 0; i < n; i += 2000) {
		size_t got = 0;

		all_send(fd, buf_span(&out));
		while (got < 5 || memcmp(room + got - 3, "}]}", 3) != 0) {
			ssize_t k = recv(fd, room + got, sizeof room - got, 0);

			must(k > 0);
			got += (size_t)k;
		}
	}
	close(fd);
}

static void
measure(const char *name, uint8_t kind, void (*run_sender)(uint16_t port, unsigned n), unsigned n)
{
	struct intake_listener listener = { .name = SPAN("door"), .kind = kind };
	struct fake *fake = fake_new(&listener, 1, 0);
	int64_t cpu, wall;
	int pair[2], status;
	pid_t keeper, sender;
	uint64_t rows;

	fake_keeper_kill(fake);
	must(chan_pair(pair, NULL) == OK);
	keeper = fork();
	if (keeper == 0) {
		close(pair[0]);
		keeper_run(pair[1]);
	}
	close(pair[1]);
	intake_keeper(fake->intake, pair[0]);
	child_ended = 0;
	(void)signal(SIGCHLD, on_child);
	cpu = clock_process_ns();
	wall = clock_mono_ns();
	sender = fork();
	if (sender == 0) {
		run_sender(fake->port[0], n);
		_exit(0);
	}
	while (!child_ended)
		intake_turn(fake->intake, INTAKE_WAIT);
	must(waitpid(sender, &status, 0) == sender);
	intake_stop(fake->intake);
	while (!intake_stopped(fake->intake))
		intake_turn(fake->intake, INTAKE_WAIT);
	cpu = clock_process_ns() - cpu;
	wall = clock_mono_ns() - wall;
	rows = fake_counter(fake, "intake.door.records");
	printf("%-12s %9llu rows  %.3f us CPU each  %.0f a second  %llu dropped by the kernel\n",
	    name, (unsigned long long)rows, (double)cpu / 1e3 / (double)(rows > 0 ? rows : 1),
	    (double)rows * 1e9 / (double)wall,
	    (unsigned long long)fake_counter(fake, "intake.door.kernel_drops"));
	(void)fflush(stdout);
	(void)signal(SIGCHLD, SIG_DFL);
	fake_free(&fake);
	(void)waitpid(keeper, &status, 0);
}

int
main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;

	if (argc > 2)
		message_bytes = strtoul(argv[2], NULL, 10);
	if (argc > 3) {
		measure("udp", INTAKE_UDP, udp_run, n);
		return 0;
	}
	measure("tcp lines", INTAKE_TCP, lines_run, n);
	measure("tcp counted", INTAKE_TCP, counted_run, n);
	measure("udp", INTAKE_UDP, udp_run, n);
	measure("relp", INTAKE_RELP, relp_run, n);
	measure("http _bulk", INTAKE_HTTP, http_run, n);
	return 0;
}
