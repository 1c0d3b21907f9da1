/* SPDX-License-Identifier: Apache-2.0 */
/* sys/chan.c, with sys/thread.c for the other end. */
#include "sys/chan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"
#include "check.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/thread.h"

enum { LIMIT = 1 << 20 };

static struct why why;

static void
two_ends(struct chan **ret_a, struct chan **ret_b, size_t budget)
{
	int fd[2];

	must(chan_pair(fd, &why) == OK);
	*ret_a = chan_new(fd[0], LIMIT, budget);
	*ret_b = chan_new(fd[1], LIMIT, budget);
}

static struct chan_msg
message(uint16_t type, const char *body)
{
	return (struct chan_msg){ .type = type, .tag = type + 1000u, .body = span_str(body) };
}

static void
messages_arrive_whole_and_in_order(void)
{
	struct span part[3] = { SPAN("a"), SPAN(""), SPAN("bc") };
	struct chan_msg msg = message(7, "hello"), got;
	struct chan *a, *b;

	two_ends(&a, &b, 65536);
	check_int(chan_recv(b, &got, &why), ERR_MORE);
	check_int(chan_send(a, &msg, &why), OK);
	msg = message(8, "");
	msg.flags = 0x7fff;
	check_int(chan_send(a, &msg, &why), OK);
	check_int(chan_send_parts(a, &msg, part, 3, &why), OK);
	check_int(chan_queued(a), 0);
	check_int(chan_recv(b, &got, &why), OK);
	check_span(got.body, SPAN("hello"));
	check(got.type == 7 && got.tag == 1007 && got.flags == 0 && got.fd == -1);
	check_int(chan_recv(b, &got, &why), OK);
	check(got.type == 8 && got.body.n == 0 && got.flags == 0x7fff);
	check_int(chan_recv(b, &got, &why), OK);
	check_span(got.body, SPAN("abc"));
	check_int(chan_recv(b, &got, &why), ERR_MORE);
	chan_free(&a);
	check_int(chan_recv(b, &got, &why), ERR_ABSENT);
	check_int(chan_send(b, &msg, &why), ERR_ABSENT);
	chan_free(&b);
}

static void
a_frame_may_come_octet_by_octet(void)
{
	struct buf frame = { 0 };
	struct chan_msg got;
	struct chan *b;
	int fd[2];

	must(chan_pair(fd, &why) == OK);
	b = chan_new(fd[1], LIMIT, 0);
	buf_u32(&frame, 3);
	buf_u16(&frame, 9);
	buf_u16(&frame, 0);
	buf_u64(&frame, 77);
	buf_str(&frame, "xyz");
	for (size_t i = 0; i < frame.n; i++) {
		check_int(chan_recv(b, &got, &why), ERR_MORE);
		must(write(fd[0], frame.p + i, 1) == 1);
	}
	check_int(chan_recv(b, &got, &why), OK);
	check_span(got.body, SPAN("xyz"));
	check_int(got.tag, 77);
	buf_done(&frame);
	(void)close(fd[0]);
	chan_free(&b);
}

/* What the receiver says about these raw octets and then the end. */
static enum err
verdict(const void *p, size_t n)
{
	struct chan_msg got;
	struct chan *b;
	enum err rc;
	int fd[2];

	must(chan_pair(fd, &why) == OK);
	b = chan_new(fd[1], 1000, 0);
	must(write(fd[0], p, n) == (ssize_t)n);
	(void)close(fd[0]);
	while ((rc = chan_recv(b, &got, &why)) == OK)
		;
	/* It stays ended. */
	check_int(chan_recv(b, &got, &why), rc);
	chan_free(&b);
	return rc;
}

static void
a_broken_frame_ends_the_channel(void)
{
	check_int(verdict("", 0), ERR_ABSENT);
	check_int(verdict("\0", 1), ERR_FORMAT);
	check_int(verdict("\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16), ERR_ABSENT);
	check_int(verdict("\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16), ERR_FORMAT);
	check_int(verdict("\xe9\3\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16), ERR_FORMAT);
	check(strstr(why.text, "has ended") != NULL);
	check_int(verdict("\xff\xff\xff\xff\1\0\0\0\0\0\0\0\0\0\0\0", 16), ERR_FORMAT);
	/* Says that a descriptor comes, and none does. */
	check_int(verdict("\0\0\0\0\1\0\0\x80\0\0\0\0\0\0\0\0", 16), ERR_FORMAT);
}

static void
a_descriptor_without_a_message_is_refused(void)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(40 * sizeof(int))];
	} control;
	char frame[16] = { 0 };
	struct iovec iov = { frame, sizeof frame };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
	static const unsigned how_many[] = { 1, 32, 33, 40 };
	struct chan_msg got;
	struct chan *b;
	int fd[2];
	enum err rc;

	for (unsigned i = 0; i < 4; i++) {
		must(chan_pair(fd, &why) == OK);
		memset(&control, 0, sizeof control);
		msg.msg_controllen = CMSG_SPACE(how_many[i] * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(how_many[i] * sizeof(int));	/* all stdin */
		must(sendmsg(fd[0], &msg, 0) == sizeof frame);
		b = chan_new(fd[1], LIMIT, 0);
		rc = chan_recv(b, &got, &why);
		if (rc == OK)
			rc = chan_recv(b, &got, &why);
		check_int(rc, ERR_FORMAT);
		chan_free(&b);
		(void)close(fd[0]);
	}
}

static void
an_unread_queue_is_bounded(void)
{
	char *big = calloc(1, 200000);
	struct chan_msg msg = { .type = 1, .fd = -1 }, got;
	struct chan *a, *b;
	unsigned sent = 0, seen = 0;
	enum err rc = OK;

	must(big != NULL);
	two_ends(&a, &b, 500000);
	msg.body = span_of(big, 200000);
	for (; sent < 100 && (rc = chan_send(a, &msg, &why)) == OK; sent++)
		msg.tag++;
	check_int(rc, ERR_BUSY);
	check(chan_queued(a) <= 500000);
	for (;;) {
		rc = chan_recv(b, &got, &why);
		if (rc == OK) {
			check(got.tag == seen++ && got.body.n == 200000);
			continue;
		}
		check_int(rc, ERR_MORE);
		if (chan_queued(a) == 0)
			break;
		rc = chan_flush(a, &why);
		check(rc == OK || rc == ERR_MORE);
	}
	check_int(seen, sent);
	msg.body.n = LIMIT + 1;
	check_int(chan_send(a, &msg, &why), ERR_LIMIT);
	chan_free(&a);
	chan_free(&b);
	free(big);
}

/* An open file whose size is n. */
static int
file_of_size(unsigned n)
{
	int fd = memfd_create("chan_test", MFD_CLOEXEC);

	must(fd >= 0 && ftruncate(fd, n) == 0);
	return fd;
}

static void
descriptors_come_with_their_messages(void)
{
	static char body[70000];
	struct chan_msg msg, got;
	struct chan *a, *b;
	uint64_t size = 0;
	unsigned next = 0;
	enum err rc;

	two_ends(&a, &b, 64 << 20);
	for (unsigned i = 0; i < 60; i++) {
		msg = (struct chan_msg){ .type = 1, .tag = i, .body = { (uint8_t *)body, 0 } };
		msg.body.n = i * 7919 % sizeof body;
		if (i % 3 == 1) {
			int fd = file_of_size(i);

			rc = chan_send_fd(a, &msg, fd, &why);
			(void)close(fd);
		} else {
			rc = chan_send(a, &msg, &why);
		}
		check_int(rc, OK);
	}
	check(chan_queued(a) > 0);
	while (next < 60) {
		rc = chan_recv(b, &got, &why);
		if (rc == ERR_MORE) {
			rc = chan_flush(a, &why);
			check(rc == OK || rc == ERR_MORE);
			continue;
		}
		if (!check_int(rc, OK))
			break;
		check(got.tag == next && got.body.n == next * 7919 % sizeof body);
		check_int(got.fd >= 0, next % 3 == 1);
		if (got.fd >= 0) {
			check_int(file_size(got.fd, &size, &why), OK);
			check_int(size, next);
			check((fcntl(got.fd, F_GETFD) & FD_CLOEXEC) != 0);
		}
		file_close(&got.fd);
		next++;
	}
	chan_free(&a);
	chan_free(&b);
}

/* ---- two threads ---- */

enum { MANY = 20000 };

static size_t
size_of(uint64_t tag)
{
	return (size_t)(tag * 2654435761u % 3000) + (tag % 997 == 0 ? 300000 : 0);
}

static void
produce(void *arg)
{
	struct chan *a = arg;
	char *body = calloc(1, 400000);
	struct chan_msg msg = { .type = 3 };
	bool ok = body != NULL;

	for (uint64_t i = 0; ok && i < MANY; i++) {
		memset(body, (int)(i & 0xff), size_of(i));
		msg.tag = i;
		msg.body = span_of(body, size_of(i));
		ok = chan_send_wait(a, &msg, 10000, NULL) == OK;
	}
	must(ok);
	free(body);
}

static void
threads_wait_for_each_other(void)
{
	struct thread thread = { 0 };
	struct chan_msg got;
	struct chan *a, *b;
	uint64_t next = 0;
	enum err rc;

	two_ends(&a, &b, 100000);
	check_int(chan_recv_wait(b, &got, 10, &why), ERR_BUSY);
	check_int(thread_start(&thread, "produce", produce, a, &why), OK);
	while (next < MANY) {
		rc = chan_recv_wait(b, &got, 10000, &why);
		if (!check_int(rc, OK))
			break;
		if (got.tag != next || got.body.n != size_of(next) || (got.body.n > 0 &&
		    (got.body.p[0] != (next & 0xff) || got.body.p[got.body.n - 1] !=
		    (next & 0xff))))
			check(false);
		next++;
	}
	thread_join(&thread);
	check_int(next, MANY);
	chan_free(&a);
	chan_free(&b);
}

/* Not a test: `sys_chan_test bench` prints what a message costs. */
static void
bench(size_t n, unsigned count)
{
	char *body = calloc(1, n);
	struct chan_msg msg = { .body = span_of(body, n) }, got;
	struct chan *a, *b;
	int64_t cpu;

	must(body != NULL);
	two_ends(&a, &b, 1 << 20);
	cpu = clock_process_ns();
	for (unsigned i = 0; i < count; i++) {
		must(chan_send(a, &msg, &why) == OK);
		while (chan_recv(b, &got, &why) != OK)
			must(chan_flush(a, &why) != ERR_IO);
	}
	cpu = clock_process_ns() - cpu;
	printf("%zu octets: %.2f us CPU per message, both ends\n", n,
	    (double)cpu / 1000 / count);
	chan_free(&a);
	chan_free(&b);
	free(body);
}

/* Bodies of all sizes about those that have memory of their own, kept or not. */
static void
bodies_can_be_kept(void)
{
	static const size_t sizes[] = { 0, 1, 900, 16383, 16384, 16385, 100000, 17000, 40, 300000 };
	enum { SIZES = sizeof sizes / sizeof sizes[0], MESSAGES = 4 * SIZES };
	struct buf kept[MESSAGES] = { { 0 } };
	struct chan_msg msg = { .type = 3 }, got;
	struct buf body = { 0 };
	struct chan *a, *b;
	unsigned seen = 0;

	for (size_t i = 0; i < 300000; i++)
		buf_u8(&body, (uint8_t)(i * 7 + i / 251));
	two_ends(&a, &b, 16 << 20);
	for (unsigned i = 0; i < MESSAGES; i++) {
		msg.tag = i;
		msg.body = span_sub(buf_span(&body), i, sizes[i * 3 % SIZES]);
		check_int(chan_send(a, &msg, &why), OK);
	}
	while (seen < MESSAGES) {
		if (chan_recv(b, &got, &why) != OK) {
			(void)chan_flush(a, &why);
			continue;
		}
		check_int(got.tag, seen);
		check_span(got.body, span_sub(buf_span(&body), seen, sizes[seen * 3 % SIZES]));
		if (seen % 4 != 3)
			chan_keep(b, &got, &kept[seen]);
		seen++;
	}
	for (unsigned i = 0; i < MESSAGES; i++) {
		if (i % 4 != 3)
			check_span(span_sub(buf_span(&kept[i]), CHAN_FRONT_BYTES, SIZE_MAX),
			    span_sub(buf_span(&body), i, sizes[i * 3 % SIZES]));
		buf_done(&kept[i]);
	}
	buf_done(&body);
	chan_free(&a);
	chan_free(&b);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "bench") == 0) {
		bench(64, 200000);
		bench(4096, 100000);
		bench(262144, 5000);
		return 0;
	}
	run(messages_arrive_whole_and_in_order);
	run(a_frame_may_come_octet_by_octet);
	run(a_broken_frame_ends_the_channel);
	run(a_descriptor_without_a_message_is_refused);
	run(bodies_can_be_kept);
	run(an_unread_queue_is_bounded);
	run(descriptors_come_with_their_messages);
	run(threads_wait_for_each_other);
	return check_done();
}
