/* SPDX-License-Identifier: Apache-2.0 */
/* web/client.c against a desk that does as it is told; honest answers: server_test.c. */
#include "web/client.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "sys/thread.h"
#include "check.h"

static char dir[64];
static char path[96];
static int listen_fd;
static struct thread thread;
static struct why why;
static struct buf asked;		/* the request as it came */
static const char *answer;		/* NULL: none, the connection stays open */
static size_t enough;			/* octets of the request to read before answering */
static volatile bool cancel;
static struct buf got;
static pthread_t person;

static void
on_signal(int signal)
{
	(void)signal;
	cancel = true;
}

static void
desk_run(void *arg)
{
	struct pollfd at = { .fd = listen_fd, .events = POLLIN };
	struct sock_addr peer;
	int fd = -1;

	(void)arg;
	(void)poll(&at, 1, 20000);
	must(sock_accept(&fd, listen_fd, &peer, NULL) == OK);
	at.fd = fd;
	while (asked.n < enough && poll(&at, 1, 20000) > 0) {
		ssize_t n = read(fd, buf_add(&asked, 4096), 4096);

		asked.n -= 4096 - (n > 0 ? (size_t)n : 0);
		if (n <= 0)
			break;
	}
	if (answer != NULL) {
		must(write(fd, answer, strlen(answer)) == (ssize_t)strlen(answer));
	} else {
		(void)pthread_kill(person, SIGUSR1);
		(void)poll(&at, 1, 20000);	/* until the client goes away */
	}
	file_close(&fd);
}

static void
desk_start(const char *what, size_t n)
{
	char address[128];

	asked.n = got.n = 0;
	answer = what;
	enough = n;
	cancel = false;
	(void)snprintf(dir, sizeof dir, "/tmp/client_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof path, "%s/s", dir);
	(void)snprintf(address, sizeof address, "unix:%s", path);
	listen_fd = -1;
	must(sock_listen(&listen_fd, address, &(struct sock_spec){ .kind = SOCK_KIND_STREAM },
	    &why) == OK);
	must(thread_start(&thread, "desk", desk_run, NULL, &why) == OK);
}

static void
desk_stop(void)
{
	thread_join(&thread);
	file_close(&listen_fd);
	must(unlink(path) == 0 && rmdir(dir) == 0);
}

static bool
take(void *ctx, struct span piece)
{
	(void)ctx;
	buf_span_put(&got, piece);
	return true;
}

static enum err
ask(struct span form)
{
	return client_run(&(struct client_ask){ .socket = path, .path = "/x", .form = form,
	    .take = take, .cancel = &cancel }, &why);
}

static void
the_request_says_what_is_asked(void)
{
	const struct span get = SPAN("GET /x HTTP/1.1\r\nHost: trucban\r\nConnection: "
	    "close\r\n\r\n");
	const struct span post = SPAN("POST /x HTTP/1.1\r\nHost: trucban\r\nConnection: close\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b");

	desk_start("HTTP/1.1 200 OK\r\n\r\nfine", get.n);
	check_int(ask(SPAN("")), OK);
	desk_stop();
	check_span(buf_span(&asked), get);
	check_span(buf_span(&got), SPAN("fine"));
	desk_start("HTTP/1.1 200 OK\r\n\r\n", post.n);
	check_int(ask(SPAN("a=b")), OK);
	desk_stop();
	check_span(buf_span(&asked), post);
}

static void
a_desk_that_is_not_there_is_absent(void)
{
	char address[128];

	check_int(client_run(&(struct client_ask){ .socket = "/nowhere/s", .path = "/x",
	    .take = take }, &why), ERR_ABSENT);
	/* The file of a socket that nobody listens on. */
	desk_start("HTTP/1.1 200 OK\r\n\r\n", 1);
	check_int(ask(SPAN("")), OK);
	thread_join(&thread);
	file_close(&listen_fd);
	check_int(ask(SPAN("")), ERR_ABSENT);
	must(unlink(path) == 0 && rmdir(dir) == 0);
	memset(address, 'x', sizeof address - 1);
	address[sizeof address - 1] = '\0';
	check(client_run(&(struct client_ask){ .socket = address, .path = "/x", .take = take },
	    &why) != OK);
}

static void
a_desk_that_says_nothing_is_broken_off_when_the_person_wishes(void)
{
	person = pthread_self();
	(void)signal(SIGUSR1, on_signal);
	desk_start(NULL, 10);
	check_int(ask(SPAN("")), ERR_BUSY);
	desk_stop();
}

static void
a_refusal_before_the_whole_request_was_read_is_heard(void)
{
	struct buf form = { 0 };

	memset(buf_add(&form, 8 << 20), 'a', 8 << 20);
	desk_start("HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\n\r\ntoo long", 10);
	check_int(ask(buf_span(&form)), ERR_LIMIT);
	check_span(span_str(why.text), SPAN("too long"));
	desk_stop();
	buf_done(&form);
}

static void
a_desk_that_breaks_off_is_told(void)
{
	desk_start("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 10);
	check_int(ask(SPAN("")), ERR_IO);
	check_span(buf_span(&got), SPAN("half"));
	desk_stop();
	desk_start("", 10);
	check_int(ask(SPAN("")), ERR_IO);
	desk_stop();
	desk_start("220 mail.example ESMTP\r\n", 10);
	check_int(ask(SPAN("")), ERR_FORMAT);
	check_span(span_str(why.text), SPAN("what answers is not the desk"));
	desk_stop();
}

int
main(void)
{
	run(the_request_says_what_is_asked);
	run(a_desk_that_is_not_there_is_absent);
	run(a_desk_that_says_nothing_is_broken_off_when_the_person_wishes);
	run(a_refusal_before_the_whole_request_was_read_is_heard);
	run(a_desk_that_breaks_off_is_told);
	buf_done(&asked);
	buf_done(&got);
	return check_done();
}
