/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: casts between socket address types, in addr_key. The two doors for syslog: TCP (RFC 6587
 * framing, with or without TLS, RFC 5425) and UDP (RFC 5426: one datagram, one record, no octet
 * taken away). Neither has an answer: a sender is slowed down by not being read (TCP), or loses
 * datagrams, which the kernel counts and we report (UDP).
 *
 * UDP reads up to 64 datagrams with one call into slots of 64 KB, the largest that UDP has. Only
 * the pages that a datagram touches exist, so ordinary traffic costs one page per slot. The slots
 * are not a power of two apart: their first octets would share the same cache lines otherwise.
 */
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/sock.h"
#include "intake/conn.h"
#include "intake/intake_int.h"

static const struct intake_hint syslog_hint = { .format = INTAKE_FORMAT_SYSLOG };

/* ---- TCP ---- */

static void
tcp_begin(struct conn *conn)
{
	conn->u.framing = (struct framing){ 0 };
}

void
syslog_record(struct conn *conn, const struct frame *frame, int64_t recv_ns)
{
	struct incoming in = { frame->record, &syslog_hint, conn->origin, frame->cut, recv_ns };

	/* A lone CR is what an empty line is from senders that write CR LF. */
	if (frame->record.n > 1 || (frame->record.n == 1 && frame->record.p[0] != '\r'))
		(void)intake_record(conn->listener, &in);
	else
		conn->listener->count.empty++;
}

void
syslog_broken(struct conn *conn, uint64_t times, struct span octets)
{
	conn->listener->count.bad_frames += times;
	intake_sample(conn->listener, conn_peer(conn), "broken syslog frame", octets);
}

static enum err
tcp_input(struct conn *conn, struct span *io_input, int64_t recv_ns)
{
	struct framing *framing = &conn->u.framing;
	uint64_t broken = framing->broken;
	struct span all = *io_input;
	struct frame frame;
	enum err rc;

	do {
		rc = framing_next(framing, io_input, conn_most(conn, framing_held(framing)),
		    &frame);
		if (rc == OK)
			syslog_record(conn, &frame, recv_ns);
	} while (rc == OK);
	if (rc == ERR_FORMAT && framing_end(framing, &frame) == OK)
		syslog_record(conn, &frame, recv_ns);
	if (framing->broken != broken)
		syslog_broken(conn, framing->broken - broken, all);
	return rc == ERR_FORMAT ? rc : OK;
}

/* The last record of a sender that ends without a trailer is a record all the same. */
static enum err
tcp_input_end(struct conn *conn, int64_t recv_ns)
{
	struct frame frame;

	if (framing_end(&conn->u.framing, &frame) == OK)
		syslog_record(conn, &frame, recv_ns);
	return ERR_ABSENT;
}

static enum err
tcp_settled(struct conn *conn, uint64_t batch, enum err result)
{
	(void)conn;
	(void)batch;
	(void)result;
	return OK;
}

/* A quiet source is a good source; dead peers are found by keep-alive. */
static bool
tcp_expired(struct conn *conn, int64_t now_ns)
{
	(void)conn;
	(void)now_ns;
	return false;
}

/* Also of one that was sent away before it. */
static void
tcp_end(struct conn *conn)
{
	(void)tcp_input_end(conn, clock_wall_ns());
	framing_done(&conn->u.framing);
}

static size_t
tcp_held(const struct conn *conn)
{
	return framing_held(&conn->u.framing);
}

const struct conn_kind syslog_kind = {
	.begin = tcp_begin,
	.input = tcp_input,
	.input_end = tcp_input_end,
	.settled = tcp_settled,
	.expired = tcp_expired,
	.end = tcp_end,
	.held = tcp_held,
};

/* ---- UDP ---- */

enum {
	SLOTS = 64,
	DATAGRAM_BYTES = 65536,
	SLOT_BYTES = DATAGRAM_BYTES + 192,
	ROUNDS_A_TURN = 16,		/* calls before it is somebody else's turn */
	CONTROL_BYTES = 64,
	KNOWN_PEERS = 1024,		/* of the cache address -> origin */
	RECEIVE_BYTES = 64 << 20,	/* asked of the kernel for a burst; it gives what it may */
	RECEIVE_USUAL = 1 << 20,	/* with more than this somebody has asked already */
};

struct known_peer {
	uint64_t key[2];		/* the address; IPv4 as ::ffff:a.b.c.d */
	uint32_t origin;
	bool used;
};

struct udp {
	uint8_t *slots;			/* SLOTS of SLOT_BYTES, mapped */
	struct mmsghdr msg[SLOTS];
	struct iovec iov[SLOTS];
	struct sockaddr_storage addr[SLOTS];
	alignas(struct cmsghdr) uint8_t control[SLOTS][CONTROL_BYTES];
	uint32_t lost;			/* as the kernel told last, of this socket's life */
	struct known_peer known[KNOWN_PEERS];
};

/* False for addresses of other families (unix sockets): they have no key. */
static bool
addr_key(const struct sockaddr_storage *addr, uint64_t key[2])
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)addr;

	if (addr->ss_family == AF_INET6) {
		memcpy(key, &in6->sin6_addr, 16);
		return true;
	}
	if (addr->ss_family != AF_INET)
		return false;
	key[0] = 0;
	key[1] = UINT64_C(0xffff0000) | (uint64_t)in4->sin_addr.s_addr << 32;
	return true;
}

static uint32_t
udp_origin(struct listener *listener, const struct msghdr *msg)
{
	const struct sockaddr_storage *addr = msg->msg_name;
	struct known_peer *known = NULL;
	char text[SOCK_TEXT_BYTES];
	struct sock_addr peer = { .n = msg->msg_namelen };
	uint64_t key[2], hash;
	uint32_t origin;

	if (msg->msg_namelen == 0)
		return intake_origin(listener, SPAN("unix"));
	if (addr_key(addr, key)) {
		hash = hash64_seed(span_of(key, sizeof key), listener->intake->conf.hash_seed);
		known = &listener->udp->known[hash % KNOWN_PEERS];
		if (known->used && known->key[0] == key[0] && known->key[1] == key[1])
			return known->origin;
	}
	memcpy(&peer.u.store, addr, sizeof peer.u.store);
	sock_peer_text(&peer, text);
	origin = intake_origin(listener, span_str(text));
	if (known != NULL)
		*known = (struct known_peer){ { key[0], key[1] }, origin, true };
	return origin;
}

/* Makes room for the next call; the kernel has changed the lengths. */
static void
slots_ready(struct udp *udp)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct msghdr *msg = &udp->msg[i].msg_hdr;

		msg->msg_namelen = sizeof udp->addr[i];
		msg->msg_controllen = CONTROL_BYTES;
		msg->msg_flags = 0;
	}
}

/*
 * The kernel's number belongs to the socket and wraps at 32 bits. The first difference is taken
 * from 0, so that our counter goes on where it was when this process is not the socket's first.
 * A datagram has the number of when it was queued: older than what udp_tick() asked since.
 */
static void
lost_update(struct listener *listener, uint32_t lost)
{
	if (listener->udp->lost != 0 && lost - listener->udp->lost > UINT32_MAX / 2)
		return;
	listener->count.kernel_drops += (uint32_t)(lost - listener->udp->lost);
	listener->udp->lost = lost;
}

void
udp_tick(struct listener *listener)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof info;

	if (getsockopt(listener->conf.fd, SOL_SOCKET, SO_MEMINFO, info, &n) == 0 &&
	    n > SK_MEMINFO_DROPS * sizeof info[0])
		lost_update(listener, info[SK_MEMINFO_DROPS]);
}

static void
datagram_take(struct listener *listener, const struct mmsghdr *msg, int64_t recv_ns)
{
	struct incoming in = { .hint = &syslog_hint, .recv_ns = recv_ns };

	in.record = span_of(msg->msg_hdr.msg_iov->iov_base, msg->msg_len);
	if (in.record.n == 0) {
		listener->count.empty++;
		return;
	}
	/* MSG_TRUNC in the call's flags makes msg_len the true length. */
	if (in.record.n > DATAGRAM_BYTES) {
		in.cut = in.record.n - DATAGRAM_BYTES;
		in.record.n = DATAGRAM_BYTES;
	}
	in.origin = udp_origin(listener, &msg->msg_hdr);
	(void)intake_record(listener, &in);
}

static void
udp_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct udp *udp = listener->udp;

	(void)what;
	for (unsigned round = 0; round < ROUNDS_A_TURN; round++) {
		int64_t recv_ns;
		uint32_t lost;
		int n;

		if (intake_is_full(listener->intake)) {
			event_del(&listener->event);
			return;
		}
		slots_ready(udp);
		n = recvmmsg(fd, udp->msg, SLOTS, MSG_DONTWAIT | MSG_TRUNC, NULL);
		if (n <= 0)
			return;
		listener->intake->reads++;
		recv_ns = clock_wall_ns();
		for (int i = 0; i < n; i++)
			datagram_take(listener, &udp->msg[i], recv_ns);
		if (sock_lost_of(&udp->msg[n - 1].msg_hdr, &lost))
			lost_update(listener, lost);
		if (n < SLOTS)
			return;
	}
}

/* Never less than it has: whoever bound the socket may have had the right to ask for more. */
static void
receive_more(int fd)
{
	int size = RECEIVE_BYTES, now = 0;
	socklen_t n = sizeof now;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &now, &n) == 0 && now < RECEIVE_USUAL)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void
udp_begin(struct listener *listener)
{
	struct udp *udp = xcalloc(1, sizeof *udp);
	socklen_t n = sizeof listener->count.socket;
	int fd = listener->conf.fd, on = 1;

	udp->slots = mmap(NULL, (size_t)SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(udp->slots != MAP_FAILED);
	for (unsigned i = 0; i < SLOTS; i++) {
		udp->iov[i] = (struct iovec){ udp->slots + (size_t)i * SLOT_BYTES,
		    DATAGRAM_BYTES };
		udp->msg[i].msg_hdr = (struct msghdr){ .msg_iov = &udp->iov[i], .msg_iovlen = 1,
		    .msg_name = &udp->addr[i], .msg_control = udp->control[i] };
	}
	receive_more(fd);
	(void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &listener->count.socket, &n) != 0)
		listener->count.socket = 0;
	listener->udp = udp;
	event_assign(&listener->event, listener->intake->base, fd, EV_READ | EV_PERSIST,
	    udp_readable, listener);
	must(event_add(&listener->event, NULL) == 0);
}

void
udp_forget(struct listener *listener)
{
	memset(listener->udp->known, 0, sizeof listener->udp->known);
}

void
udp_end(struct listener *listener)
{
	if (listener->udp == NULL)
		return;
	event_del(&listener->event);
	(void)munmap(listener->udp->slots, (size_t)SLOTS * SLOT_BYTES);
	free(listener->udp);
	listener->udp = NULL;
}
