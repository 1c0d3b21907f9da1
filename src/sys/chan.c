/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic on the two buffers. Message channels: see chan.h.
 *
 * Sending: a frame goes to the socket at once while nothing is queued; what the socket does not
 * take is copied to `out`. A descriptor rides on the first octet of its frame; the queue knows the
 * stream position of each and never lets one system call run past the next.
 * Receiving: one read fills `in` with as many frames as are there; the body of a long one is read
 * to where it stays, with no more than the next head behind it. The kernel ends a read after
 * the piece that brought a descriptor, so a descriptor has always come when its frame is whole, and
 * they come in the order of their frames.
 */
#include "sys/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/file.h"

enum {
	CHAN_FDS = 32,
	CHAN_PARTS = 6,
	CHAN_IN_FIRST = 65536,
	CHAN_IN_MOST = 262144,	/* or one frame, when that is longer */
	CHAN_SOCKET_BYTES = 1 << 20,
	CHAN_LONG = 16384,	/* a body that is read to memory of its own */
	CHAN_AHEAD = 1024,	/* read with it, and while such bodies come */
};

struct chan_out_fd {
	uint64_t at;		/* stream position of the frame that it goes with */
	int fd;			/* ours until sent */
};

struct chan {
	int fd;
	uint32_t limit;
	size_t budget;
	enum err ended;		/* not OK: says so for ever */

	struct buf out;
	size_t out_at;		/* octets of out that are sent */
	uint64_t out_pos;	/* stream position of out.p[out_at] */
	struct chan_out_fd out_fd[CHAN_FDS];
	unsigned nout_fd;

	struct buf in;
	size_t in_at;		/* octets of in that were handed out */
	struct buf body;	/* front and body of a long message, on its way or handed out */
	size_t body_want;	/* 0: none is on its way; else body.n when it is whole */
	struct chan_msg body_msg;
	bool long_ones;		/* the last was one */
	int in_fd[CHAN_FDS];
	unsigned nin_fd;
};

/* More room in the socket means fewer turns; forced when we may, else what is allowed. */
static void
chan_socket_room(int fd)
{
	int n = CHAN_SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &n, sizeof n) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof n);
}

enum err
chan_pair(int ret_fd[2], struct why *why)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		return why_errno(why, file_err(errno), errno, "cannot make a channel");
	chan_socket_room(fd[0]);
	chan_socket_room(fd[1]);
	ret_fd[0] = fd[0];
	ret_fd[1] = fd[1];
	return OK;
}

struct chan *
chan_new(int fd, uint32_t limit_bytes, size_t queue_bytes)
{
	struct chan *chan = xcalloc(1, sizeof *chan);

	must(fd >= 0);
	chan->fd = fd;
	chan->limit = limit_bytes;
	chan->budget = queue_bytes;
	return chan;
}

void
chan_free(struct chan **chan)
{
	struct chan *c = *chan;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->nout_fd; i++)
		file_close(&c->out_fd[i].fd);
	for (unsigned i = 0; i < c->nin_fd; i++)
		file_close(&c->in_fd[i]);
	buf_done(&c->out);
	buf_done(&c->in);
	buf_done(&c->body);
	file_close(&c->fd);
	free(c);
	*chan = NULL;
}

int
chan_fd(const struct chan *chan)
{
	return chan->fd;
}

size_t
chan_queued(const struct chan *chan)
{
	return chan->out.n - chan->out_at;
}

/* ---- sending ---- */

/* sendmsg with an optional descriptor. OK and *ret_n (0: the socket is full), or the end of it. */
static enum err
chan_push(struct chan *c, struct iovec *iov, size_t niov, int fd, size_t *ret_n, struct why *why)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = niov };
	struct cmsghdr *head;
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof control.room;
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	do {
		int hit = fault_hit("chan_send");

		if (hit == FAULT_SHORT && fd < 0 && niov > 1)
			msg.msg_iovlen = 1;
		errno = hit;
		n = hit > 0 ? -1 : sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 || errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) {
		*ret_n = n > 0 ? (size_t)n : 0;
		return OK;
	}
	if (errno == EPIPE || errno == ECONNRESET)
		c->ended = why_set(why, ERR_ABSENT, "cannot send: the peer is gone");
	else
		c->ended = why_errno(why, ERR_IO, errno, "cannot send");
	return c->ended;
}

enum err
chan_flush(struct chan *c, struct why *why)
{
	struct iovec iov;
	size_t n = 0;
	enum err rc;
	int fd;

	if (c->ended != OK)
		return why_set(why, c->ended, "cannot send: the channel has ended");
	while (c->out_at < c->out.n) {
		iov = (struct iovec){ c->out.p + c->out_at, c->out.n - c->out_at };
		fd = -1;
		if (c->nout_fd > 0 && c->out_fd[0].at == c->out_pos)
			fd = c->out_fd[0].fd;
		/* Up to where the next descriptor must ride. */
		if (c->nout_fd > (fd >= 0 ? 1 : 0) &&
		    c->out_fd[fd >= 0 ? 1 : 0].at - c->out_pos < iov.iov_len)
			iov.iov_len = (size_t)(c->out_fd[fd >= 0 ? 1 : 0].at - c->out_pos);
		rc = chan_push(c, &iov, 1, fd, &n, why);
		if (rc != OK)
			return rc;
		if (n == 0)
			return ERR_MORE;
		if (fd >= 0) {
			file_close(&c->out_fd[0].fd);
			c->nout_fd--;
			memmove(c->out_fd, c->out_fd + 1, c->nout_fd * sizeof c->out_fd[0]);
		}
		c->out_at += n;
		c->out_pos += n;
	}
	c->out.n = c->out_at = 0;
	return OK;
}

/* The parts of a frame from octet `skip` on, to the end of the queue. */
static void
chan_queue(struct chan *c, const struct iovec *iov, unsigned niov, size_t skip)
{
	/* Sent octets in front are dropped when they are at least half: linear in all. */
	if (c->out_at > 0 && c->out_at >= c->out.n - c->out_at) {
		memmove(c->out.p, c->out.p + c->out_at, c->out.n - c->out_at);
		c->out.n -= c->out_at;
		c->out_at = 0;
	}
	for (unsigned i = 0; i < niov; i++) {
		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		buf_put(&c->out, (const uint8_t *)iov[i].iov_base + skip, iov[i].iov_len - skip);
		skip = 0;
	}
}

/* Makes room for a frame of n octets in the queue, or says ERR_BUSY. */
static enum err
chan_admit(struct chan *c, size_t n, bool with_fd, struct why *why)
{
	enum err rc;

	if (c->ended != OK)
		return why_set(why, c->ended, "cannot send: the channel has ended");
	if (chan_queued(c) == 0)
		return OK;
	rc = chan_flush(c, why);
	if (rc != ERR_MORE)
		return rc;
	if (chan_queued(c) + n > c->budget || (with_fd && c->nout_fd == CHAN_FDS))
		return why_set(why, ERR_BUSY, "cannot send: the peer does not read");
	return OK;
}

/* Sends what goes at once and queues the rest; keeps a copy of fd when it must wait. */
static enum err
chan_transmit(struct chan *c, struct iovec *iov, unsigned niov, size_t total, int fd,
    struct why *why)
{
	size_t sent = 0;
	enum err rc;
	int copy;

	if (chan_queued(c) == 0) {
		rc = chan_push(c, iov, niov, fd, &sent, why);
		if (rc != OK)
			return rc;
		c->out_pos += sent;
	}
	if (sent == total)
		return OK;
	if (sent == 0 && fd >= 0) {
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			return why_errno(why, file_err(errno), errno, "cannot send a descriptor");
		c->out_fd[c->nout_fd++] = (struct chan_out_fd){ c->out_pos + chan_queued(c), copy };
	}
	chan_queue(c, iov, niov, sent);
	return OK;
}

static enum err
chan_send_any(struct chan *c, const struct chan_msg *msg, const struct span *part,
    unsigned npart, int fd, struct why *why)
{
	struct iovec iov[1 + CHAN_PARTS];
	uint8_t head[CHAN_HEAD_BYTES];
	size_t n = 0;
	enum err rc;

	must(npart <= CHAN_PARTS && (msg->flags & CHAN_FLAG_FD) == 0);
	for (unsigned i = 0; i < npart; i++) {
		iov[i + 1] = (struct iovec){ (void *)(uintptr_t)part[i].p, part[i].n };
		n += part[i].n;
	}
	if (n > c->limit)
		return why_set(why, ERR_LIMIT, "cannot send: %zu octets, %lu allowed", n,
		    (unsigned long)c->limit);
	le_put(head, n, 4);
	le_put(head + 4, msg->type, 2);
	le_put(head + 6, msg->flags | (fd >= 0 ? CHAN_FLAG_FD : 0), 2);
	le_put(head + 8, msg->tag, 8);
	iov[0] = (struct iovec){ head, sizeof head };
	rc = chan_admit(c, n + sizeof head, fd >= 0, why);
	if (rc != OK)
		return rc;
	return chan_transmit(c, iov, 1 + npart, n + sizeof head, fd, why);
}

enum err
chan_send(struct chan *chan, const struct chan_msg *msg, struct why *why)
{
	return chan_send_any(chan, msg, &msg->body, 1, -1, why);
}

enum err
chan_send_parts(struct chan *chan, const struct chan_msg *msg, const struct span *part,
    unsigned npart, struct why *why)
{
	return chan_send_any(chan, msg, part, npart, -1, why);
}

enum err
chan_send_fd(struct chan *chan, const struct chan_msg *msg, int fd, struct why *why)
{
	must(fd >= 0);
	return chan_send_any(chan, msg, &msg->body, 1, fd, why);
}

/* ---- receiving ---- */

static enum err
chan_broken(struct chan *c, struct why *why, const char *what)
{
	c->ended = why_set(why, ERR_FORMAT, "the peer broke the channel: %s", what);
	return c->ended;
}

/* Takes the descriptors of one read into the line; too many close and are an error. */
static enum err
chan_take_fds(struct chan *c, struct msghdr *msg, struct why *why)
{
	struct cmsghdr *head;
	size_t n;
	int fd;
	bool over = (msg->msg_flags & MSG_CTRUNC) != 0;

	for (head = CMSG_FIRSTHDR(msg); head != NULL; head = CMSG_NXTHDR(msg, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		n = (head->cmsg_len - CMSG_LEN(0)) / sizeof fd;
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
			if (c->nin_fd < CHAN_FDS) {
				c->in_fd[c->nin_fd++] = fd;
				continue;
			}
			file_close(&fd);
			over = true;
		}
	}
	return over ? chan_broken(c, why, "too many descriptors") : OK;
}

/* Room for the frame in hand (want octets in all), and for more when there is much to read. */
static void
chan_make_room(struct chan *c, size_t want)
{
	size_t have = c->in.n - c->in_at;

	if (c->in_at > 0) {
		if (have > 0)
			memmove(c->in.p, c->in.p + c->in_at, have);
		c->in.n = have;
		c->in_at = 0;
	}
	buf_reserve(&c->in, (want > CHAN_IN_FIRST ? want : CHAN_IN_FIRST) - c->in.n);
}

/* One read. OK: some octets came. */
static enum err
chan_pull(struct chan *c, size_t want, struct why *why)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(CHAN_FDS * sizeof(int))];
	} control;
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.room,
		.msg_controllen = sizeof control.room };
	ssize_t n;

	chan_make_room(c, want);
	iov[0] = (struct iovec){ NULL, 0 };
	if (c->body_want > 0)
		iov[0] = (struct iovec){ c->body.p + c->body.n, c->body_want - c->body.n };
	iov[1] = (struct iovec){ c->in.p + c->in.n, c->in.cap - c->in.n };
	if (c->long_ones && iov[1].iov_len > CHAN_AHEAD && want <= CHAN_HEAD_BYTES)
		iov[1].iov_len = CHAN_AHEAD;
	do {
		int hit = fault_hit("chan_recv");

		if (hit == FAULT_SHORT) {
			iov[0].iov_len = iov[0].iov_len > 0;
			iov[1].iov_len = iov[0].iov_len == 0;
		}
		errno = hit;
		n = hit > 0 ? -1 : recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return ERR_MORE;
	if (n < 0 && errno != ECONNRESET) {
		c->ended = why_errno(why, ERR_IO, errno, "cannot receive");
		return c->ended;
	}
	if (n <= 0 && (c->in.n > 0 || c->body_want > 0))
		return chan_broken(c, why, "closed inside a message");
	if (n <= 0) {
		c->ended = why_set(why, ERR_ABSENT, "the peer closed the channel");
		return c->ended;
	}
	if ((size_t)n < iov[0].iov_len)
		iov[0].iov_len = (size_t)n;
	if (c->body_want > 0)
		c->body.n += iov[0].iov_len;
	c->in.n += (size_t)n - iov[0].iov_len;
	/* It filled the buffer: there is more, and fewer turns are cheaper. */
	if (c->in.n == c->in.cap && c->in.cap < CHAN_IN_MOST)
		buf_reserve(&c->in, c->in.cap);
	return chan_take_fds(c, &msg, why);
}

/* The message's descriptor, when it has one, and its body: it is whole. */
static enum err
chan_deliver(struct chan *c, struct chan_msg *msg, struct span body, struct chan_msg *ret_msg,
    struct why *why)
{
	msg->body = body;
	msg->fd = -1;
	if ((msg->flags & CHAN_FLAG_FD) != 0) {
		if (c->nin_fd == 0)
			return chan_broken(c, why, "a descriptor is missing");
		msg->fd = c->in_fd[0];
		c->nin_fd--;
		memmove(c->in_fd, c->in_fd + 1, c->nin_fd * sizeof c->in_fd[0]);
		msg->flags &= (uint16_t)~CHAN_FLAG_FD;
	}
	*ret_msg = *msg;
	return OK;
}

/* A body of n octets that is not here whole gets memory of its own, and what is here. */
static void
chan_long_begin(struct chan *c, const struct chan_msg *msg, size_t n)
{
	struct span here = span_sub(buf_span(&c->in), c->in_at + CHAN_HEAD_BYTES, SIZE_MAX);

	c->body_want = CHAN_FRONT_BYTES + n;
	if (c->body.cap < c->body_want)
		buf_done(&c->body);
	c->body.n = 0;
	buf_reserve(&c->body, (c->body_want + CHAN_LONG - 1) / CHAN_LONG * CHAN_LONG);
	c->body.n = CHAN_FRONT_BYTES;
	buf_span_put(&c->body, here);
	c->body_msg = *msg;
	c->long_ones = true;
	c->in.n = c->in_at = 0;
}

/* The message on its way, or the frame at in_at: OK, or ERR_MORE and the octets that it wants. */
static enum err
chan_frame(struct chan *c, struct chan_msg *ret_msg, size_t *ret_want, struct why *why)
{
	struct cur cur = cur_of(span_sub(buf_span(&c->in), c->in_at, SIZE_MAX));
	struct chan_msg msg = { .type = 0 };
	uint32_t n;

	*ret_want = CHAN_HEAD_BYTES;
	if (c->body.n < c->body_want)
		return ERR_MORE;
	if (c->body_want > 0) {
		c->body_want = 0;
		return chan_deliver(c, &c->body_msg,
		    span_sub(buf_span(&c->body), CHAN_FRONT_BYTES, SIZE_MAX), ret_msg, why);
	}
	n = cur_u32(&cur);
	msg.type = cur_u16(&cur);
	msg.flags = cur_u16(&cur);
	msg.tag = cur_u64(&cur);
	if (cur.bad)
		return ERR_MORE;
	if (n > c->limit)
		return chan_broken(c, why, "a message is too long");
	if (cur_left(&cur) < n && n >= CHAN_LONG) {
		chan_long_begin(c, &msg, n);
		return ERR_MORE;
	}
	c->long_ones = false;
	*ret_want = CHAN_HEAD_BYTES + (size_t)n;
	if (cur_left(&cur) < n)
		return ERR_MORE;
	c->in_at += *ret_want;
	return chan_deliver(c, &msg, cur_span(&cur, n), ret_msg, why);
}

enum err
chan_recv(struct chan *chan, struct chan_msg *ret_msg, struct why *why)
{
	size_t want;
	enum err rc;

	if (chan->ended == ERR_FORMAT || chan->ended == ERR_IO)
		return why_set(why, chan->ended, "cannot receive: the channel has ended");
	for (;;) {
		rc = chan_frame(chan, ret_msg, &want, why);
		if (rc != ERR_MORE)
			return rc;
		if (chan->in_at == chan->in.n && chan->body_want == 0 && chan->nin_fd > 0)
			return chan_broken(chan, why, "a descriptor without a message");
		rc = chan_pull(chan, want, why);
		if (rc != OK)
			return rc;
	}
}

void
chan_keep(struct chan *chan, const struct chan_msg *msg, struct buf *io_whole)
{
	struct buf next = *io_whole;

	must(next.n == 0 && msg->body.n <= chan->limit);
	if (chan->body.p != NULL && msg->body.p == chan->body.p + CHAN_FRONT_BYTES) {
		*io_whole = chan->body;
		chan->body = next;
	} else {
		(void)buf_add(io_whole, CHAN_FRONT_BYTES);
		buf_span_put(io_whole, msg->body);
	}
}

/* ---- waiting ---- */

/* OK: events are there, or the peer hung up. ERR_BUSY: the deadline passed. */
static enum err
chan_wait(struct chan *c, short events, int64_t deadline_ns, struct why *why)
{
	struct pollfd at = { .fd = c->fd, .events = events };
	int64_t left;
	int n, ms;

	do {
		ms = -1;
		if (deadline_ns >= 0) {
			left = (deadline_ns - clock_mono_ns() + 999999) / 1000000;
			ms = left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
		}
		n = poll(&at, 1, ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return why_errno(why, ERR_IO, errno, "cannot wait for the peer");
	return n > 0 ? OK : why_set(why, ERR_BUSY, "the peer did not answer in time");
}

static int64_t
chan_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : clock_mono_ns() + (int64_t)timeout_ms * 1000000;
}

enum err
chan_send_wait(struct chan *chan, const struct chan_msg *msg, int timeout_ms, struct why *why)
{
	int64_t deadline_ns = chan_deadline(timeout_ms);
	enum err rc;

	while ((rc = chan_send(chan, msg, why)) == ERR_BUSY) {
		rc = chan_wait(chan, POLLOUT, deadline_ns, why);
		if (rc != OK)
			return rc;
	}
	if (rc != OK)
		return rc;
	while ((rc = chan_flush(chan, why)) == ERR_MORE) {
		rc = chan_wait(chan, POLLOUT, deadline_ns, why);
		if (rc == ERR_BUSY)
			return OK;
		if (rc != OK)
			return rc;
	}
	return rc;
}

enum err
chan_recv_wait(struct chan *chan, struct chan_msg *ret_msg, int timeout_ms, struct why *why)
{
	int64_t deadline_ns = chan_deadline(timeout_ms);
	enum err rc;

	while ((rc = chan_recv(chan, ret_msg, why)) == ERR_MORE) {
		rc = chan_wait(chan, POLLIN, deadline_ns, why);
		if (rc != OK)
			return rc;
	}
	return rc;
}
