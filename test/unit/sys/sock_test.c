/* SPDX-License-Identifier: Apache-2.0 */
/* sys/sock.c and sys/notify.c, on loopback and unix sockets only. */
#include "sys/sock.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "check.h"
#include "sys/file.h"
#include "sys/notify.h"

static struct why why;
static char dir_path[64];

/* "unix:DIR/s" */
static const char *
unix_text(void)
{
	static char text[80];

	(void)snprintf(text, sizeof text, "unix:%s/s", dir_path);
	return text;
}

static void
addresses_are_read_and_written(void)
{
	static const char *const good[] = { "127.0.0.1:5514", "[::1]:514", "[::]:0",
		"[2001:db8::1]:65535", "unix:/run/x.sock", "unix:@name" };
	static const char *const bad[] = { "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:5514 ", "127.0.0.1:-1", "127.0.0.1:000514", "localhost:514", "::1:514",
		"[127.0.0.1]:514", "[::1:514", "[]:1", "[:1", "unix:", "unix:@", "256.0.0.1:1" };
	char text[SOCK_TEXT_BYTES], longest[200];
	struct sock_addr addr;

	for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
		check_int(sock_parse(&addr, good[i], &why), OK);
		sock_addr_text(&addr, text);
		check_span(span_str(text), span_str(good[i]));
	}
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check_int(sock_parse(&addr, bad[i], &why), ERR_FORMAT))
			printf("it was \"%s\"\n", bad[i]);
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	memcpy(longest, "unix:/", 6);
	check_int(sock_parse(&addr, longest, &why), ERR_FORMAT);
	check_int(sock_parse(&addr, ":514", &why), OK);
	check(addr.dual);
	check_int(sock_parse(&addr, "[::ffff:192.0.2.7]:9", &why), OK);
	sock_peer_text(&addr, text);
	check_span(span_str(text), SPAN("192.0.2.7"));
}

/* Accepts what was asked for by connect. */
static int
accepted(int listener, struct sock_addr *ret_peer)
{
	struct pollfd at = { .fd = listener, .events = POLLIN };
	int fd = -1;

	must(poll(&at, 1, 5000) == 1);
	check_int(sock_accept(&fd, listener, ret_peer, &why), OK);
	return fd;
}

static void
both_families_meet_on_one_port(void)
{
	struct sock_spec spec = { .kind = SOCK_KIND_STREAM };
	char text[SOCK_TEXT_BYTES], to[32];
	struct sock_addr own, peer;
	int listener = -1, out = -1, in = -1;

	check_int(sock_listen(&listener, ":0", &spec, &why), OK);
	check_int(sock_own_addr(listener, &own, &why), OK);
	check_int(sock_accept(&in, listener, &peer, &why), ERR_MORE);
	sock_addr_text(&own, text);
	(void)snprintf(to, sizeof to, "127.0.0.1%s", strrchr(text, ':'));
	check_int(sock_connect(&out, to, SOCK_KIND_STREAM, 5000, &why), OK);
	in = accepted(listener, &peer);
	sock_peer_text(&peer, text);
	check_span(span_str(text), SPAN("127.0.0.1"));
	check((fcntl(in, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(in, F_GETFD) & FD_CLOEXEC) != 0);
	file_close(&in);
	file_close(&out);
	file_close(&listener);
	check_int(sock_connect(&out, to, SOCK_KIND_STREAM, 5000, &why), ERR_IO);
	check(strstr(why.text, "cannot connect to 127.0.0.1") != NULL);
}

static void
a_port_in_use_is_told(void)
{
	struct sock_spec spec = { .kind = SOCK_KIND_STREAM };
	char text[SOCK_TEXT_BYTES];
	struct sock_addr own;
	int one = -1, two = -1;

	check_int(sock_listen(&one, "127.0.0.1:0", &spec, &why), OK);
	check_int(sock_own_addr(one, &own, &why), OK);
	sock_addr_text(&own, text);
	check_int(sock_listen(&two, text, &spec, &why), ERR_BUSY);
	check(strstr(why.text, text) != NULL);
	file_close(&one);
	spec.flags = SOCK_SHARE_PORT;
	check_int(sock_listen(&one, text, &spec, &why), OK);
	check_int(sock_listen(&two, text, &spec, &why), OK);
	file_close(&one);
	file_close(&two);
}

static void
a_datagram_listener_counts_what_it_lost(void)
{
	struct sock_spec spec = { .kind = SOCK_KIND_DATAGRAM, .receive_bytes = 4096 };
	char text[SOCK_TEXT_BYTES], body[1000] = "x", control[64], got[1000];
	struct iovec iov = { got, sizeof got };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct sock_addr own;
	uint32_t lost = 0;
	unsigned seen = 0;
	int in = -1, out = -1;

	check_int(sock_listen(&in, "127.0.0.1:0", &spec, &why), OK);
	check_int(sock_own_addr(in, &own, &why), OK);
	sock_addr_text(&own, text);
	check_int(sock_connect(&out, text, SOCK_KIND_DATAGRAM, 1000, &why), OK);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 50; i++)
			must(send(out, body, sizeof body, 0) == sizeof body);
		for (;;) {
			msg.msg_control = control;
			msg.msg_controllen = sizeof control;
			if (recvmsg(in, &msg, 0) < 0)
				break;
			(void)sock_lost_of(&msg, &lost);
			seen++;
		}
	}
	/* The second round's datagrams tell what the first round lost. */
	check(lost > 0 && seen + lost <= 100 && seen + lost >= 50);
	file_close(&in);
	file_close(&out);
}

static void
a_unix_socket_replaces_a_dead_one_only(void)
{
	struct sock_spec spec = { .kind = SOCK_KIND_STREAM, .unix_mode = 0660 };
	struct sock_addr peer_addr;
	struct sock_peer peer = { 0, 99, 99 };
	struct stat st;
	char text[SOCK_TEXT_BYTES];
	int one = -1, two = -1, out = -1, in = -1;

	check_int(sock_listen(&one, unix_text(), &spec, &why), OK);
	must(stat(unix_text() + 5, &st) == 0);
	check_int(st.st_mode & 0777, 0660);
	check_int(sock_listen(&two, unix_text(), &spec, &why), ERR_BUSY);
	check_int(sock_connect(&out, unix_text(), SOCK_KIND_STREAM, 1000, &why), OK);
	in = accepted(one, &peer_addr);
	sock_peer_text(&peer_addr, text);
	check_span(span_str(text), SPAN("unix"));
	check_int(sock_peer_cred(in, &peer, &why), OK);
	check(peer.pid == getpid() && peer.uid == geteuid());
	file_close(&in);
	file_close(&out);
	file_close(&one);
	check_int(sock_listen(&two, unix_text(), &spec, &why), OK);
	file_close(&two);
	/* A plain file in its place is nothing that we would remove. */
	must(unlink(unix_text() + 5) == 0);
	one = open(unix_text() + 5, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(one >= 0);
	file_close(&one);
	check_int(sock_listen(&two, unix_text(), &spec, &why), ERR_BUSY);
	must(unlink(unix_text() + 5) == 0);
}

/* ---- the service manager ---- */

static void
the_service_manager_is_told(void)
{
	struct sock_spec spec = { .kind = SOCK_KIND_DATAGRAM };
	char abstract[64], got[64];
	const char *text[2];
	int fd = -1;

	(void)unsetenv("NOTIFY_SOCKET");
	check_int(notify_send("READY=1", &why), OK);
	(void)setenv("NOTIFY_SOCKET", "relative", 1);
	check_int(notify_send("READY=1", &why), ERR_FORMAT);
	(void)snprintf(abstract, sizeof abstract, "unix:@trucban-test-%ld", (long)getpid());
	text[0] = unix_text();
	text[1] = abstract;
	for (unsigned i = 0; i < 2; i++) {
		check_int(sock_listen(&fd, text[i], &spec, &why), OK);
		(void)setenv("NOTIFY_SOCKET", text[i] + 5, 1);
		check_int(notify_send("READY=1\nSTATUS=up", &why), OK);
		check_int(recv(fd, got, sizeof got, 0), 17);
		check(memcmp(got, "READY=1\nSTATUS=up", 17) == 0);
		file_close(&fd);
	}
	check_int(notify_send("READY=1", &why), ERR_IO);
	(void)unsetenv("NOTIFY_SOCKET");
	must(unlink(unix_text() + 5) == 0);
}

static void
the_watchdog_is_asked_for_half_of_its_time(void)
{
	char pid[24];

	(void)unsetenv("WATCHDOG_USEC");
	check_int(notify_watchdog_ns(), 0);
	(void)setenv("WATCHDOG_USEC", "2000000", 1);
	check_int(notify_watchdog_ns(), 1000000000);
	(void)setenv("WATCHDOG_PID", "1", 1);
	check_int(notify_watchdog_ns(), 0);
	(void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
	(void)setenv("WATCHDOG_PID", pid, 1);
	check_int(notify_watchdog_ns(), 1000000000);
	(void)setenv("WATCHDOG_USEC", "soon", 1);
	check_int(notify_watchdog_ns(), 0);
}

static void
passed_sockets_come_with_their_names(void)
{
	struct notify_socket got[NOTIFY_LISTEN_MAX];
	unsigned n = 9;
	char pid[24];

	for (int fd = 3; fd < 6; fd++)
		must(dup2(0, fd) == fd);
	(void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", "3", 1);
	(void)setenv("LISTEN_FDNAMES", "syslog::relp", 1);
	check_int(notify_listen(got, &n, &why), OK);
	check_int(n, 3);
	check(got[0].fd == 3 && strcmp(got[0].name, "syslog") == 0);
	check(got[1].fd == 4 && strcmp(got[1].name, "unknown") == 0);
	check(got[2].fd == 5 && strcmp(got[2].name, "relp") == 0);
	check((fcntl(4, F_GETFD) & FD_CLOEXEC) != 0);
	check_int(notify_listen(got, &n, &why), OK);
	check_int(n, 0);
	(void)setenv("LISTEN_PID", "1", 1);
	(void)setenv("LISTEN_FDS", "3", 1);
	check_int(notify_listen(got, &n, &why), OK);
	check_int(n, 0);
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", "65", 1);
	check_int(notify_listen(got, &n, &why), ERR_LIMIT);
	check_int(n, 0);
}

static void
who_was_killed_and_still_holds_a_socket_is_waited_for(void)
{
	struct sock_spec spec = { .kind = SOCK_KIND_STREAM };
	int fd = -1, ready[2];
	char octet;
	pid_t child;

	check(pipe(ready) == 0);
	child = fork();
	if (child == 0) {
		int held = -1;

		if (sock_listen(&held, unix_text(), &spec, &why) != OK)
			_exit(1);
		must(write(ready[1], "", 1) == 1);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
		_exit(0);
	}
	check(read(ready[0], &octet, 1) == 1);
	check_int(sock_listen(&fd, unix_text(), &spec, &why), OK);
	check(waitpid(child, NULL, 0) == child);
	file_close(&fd);
	(void)close(ready[0]);
	(void)close(ready[1]);
	must(unlink(unix_text() + 5) == 0);
}

int
main(void)
{
	(void)snprintf(dir_path, sizeof dir_path, "/tmp/sock_test.XXXXXX");
	must(mkdtemp(dir_path) != NULL);
	run(addresses_are_read_and_written);
	run(both_families_meet_on_one_port);
	run(a_port_in_use_is_told);
	run(a_datagram_listener_counts_what_it_lost);
	run(a_unix_socket_replaces_a_dead_one_only);
	run(who_was_killed_and_still_holds_a_socket_is_waited_for);
	run(the_service_manager_is_told);
	run(the_watchdog_is_asked_for_half_of_its_time);
	run(passed_sockets_come_with_their_names);
	must(rmdir(dir_path) == 0);
	return check_done();
}
