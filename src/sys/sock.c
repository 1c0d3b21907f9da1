/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: see sock.h. */
#include "sys/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/file.h"

enum { SOCK_BACKLOG = 1024 };

/* ---- addresses ---- */

static enum err
sock_parse_unix(struct sock_addr *addr, const char *path, struct why *why)
{
	struct sockaddr_un *un = &addr->u.un;
	size_t n = strlen(path);

	if (n == 0 || (path[0] == '@' && n == 1))
		return why_set(why, ERR_FORMAT, "the path is empty");
	if (n >= sizeof un->sun_path)
		return why_set(why, ERR_FORMAT, "the path is longer than %zu octets",
		    sizeof un->sun_path - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n);
	if (path[0] == '@')
		un->sun_path[0] = '\0';
	addr->n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
	    (path[0] == '@' ? 0 : 1));
	return OK;
}

/* port = 1*5digit    0..65535 */
static enum err
sock_parse_port(const char *text, uint16_t *ret_port, struct why *why)
{
	unsigned v = 0, digits = 0;

	for (; text[digits] >= '0' && text[digits] <= '9' && digits < 6; digits++)
		v = v * 10 + (unsigned)(text[digits] - '0');
	if (digits == 0 || digits > 5 || text[digits] != '\0' || v > 65535)
		return why_set(why, ERR_FORMAT, "the port is not a number up to 65535");
	*ret_port = (uint16_t)v;
	return OK;
}

/* address = [ v4 / "[" v6 "]" ] ":" port */
static enum err
sock_parse_inet(struct sock_addr *addr, const char *text, struct why *why)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr->u.store;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&addr->u.store;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	bool bracket = text[0] == '[' && n >= 2 && text[n - 1] == ']';
	uint16_t port = 0;
	enum err rc;

	if (colon == NULL)
		return why_set(why, ERR_FORMAT, "a port is missing (address:port)");
	rc = sock_parse_port(colon + 1, &port, why);
	if (rc != OK)
		return rc;
	if (n == 0) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		addr->n = sizeof *v6;
		addr->dual = true;
		return OK;
	}
	n -= bracket ? 2 : 0;
	if (n >= sizeof host)
		return why_set(why, ERR_FORMAT, "the address is too long");
	memcpy(host, text + (bracket ? 1 : 0), n);
	host[n] = '\0';
	if (bracket && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		addr->n = sizeof *v6;
		return OK;
	}
	if (!bracket && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		addr->n = sizeof *v4;
		return OK;
	}
	return why_set(why, ERR_FORMAT, "not an IPv4 address or an IPv6 address in [ ]");
}

enum err
sock_parse(struct sock_addr *ret_addr, const char *text, struct why *why)
{
	struct sock_addr addr;
	enum err rc;

	memset(&addr, 0, sizeof addr);
	if (strncmp(text, "unix:", 5) == 0)
		rc = sock_parse_unix(&addr, text + 5, why);
	else
		rc = sock_parse_inet(&addr, text, why);
	if (rc != OK)
		return why_prefix(why, rc, "cannot read address %.100s", text);
	*ret_addr = addr;
	return OK;
}

/* The host part; returns the port, or -1 for a unix socket. */
static int
sock_host_text(const struct sock_addr *addr, char *text, size_t n)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&addr->u.store;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&addr->u.store;
	const char *at = NULL;
	int port = -1;

	if (addr->u.any.sa_family == AF_INET) {
		at = inet_ntop(AF_INET, &v4->sin_addr, text, (socklen_t)n);
		port = ntohs(v4->sin_port);
	} else if (addr->u.any.sa_family == AF_INET6) {
		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
			at = inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, (socklen_t)n);
		else
			at = inet_ntop(AF_INET6, &v6->sin6_addr, text, (socklen_t)n);
		port = ntohs(v6->sin6_port);
	}
	if (at == NULL)
		(void)snprintf(text, n, "unix");
	return port;
}

void
sock_peer_text(const struct sock_addr *addr, char ret_text[SOCK_TEXT_BYTES])
{
	(void)sock_host_text(addr, ret_text, SOCK_TEXT_BYTES);
}

void
sock_addr_text(const struct sock_addr *addr, char ret_text[SOCK_TEXT_BYTES])
{
	const struct sockaddr_un *un = &addr->u.un;
	char host[INET6_ADDRSTRLEN];
	int port = sock_host_text(addr, host, sizeof host);
	size_t head = offsetof(struct sockaddr_un, sun_path);
	int n = addr->n > head ? (int)(addr->n - head) : 0;

	if (port >= 0)
		(void)snprintf(ret_text, SOCK_TEXT_BYTES,
		    strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, port);
	else if (n > 0 && un->sun_path[0] == '\0')
		(void)snprintf(ret_text, SOCK_TEXT_BYTES, "unix:@%.*s", n - 1, un->sun_path + 1);
	else
		(void)snprintf(ret_text, SOCK_TEXT_BYTES, "unix:%.*s", n, un->sun_path);
}

enum err
sock_own_addr(int fd, struct sock_addr *ret_addr, struct why *why)
{
	struct sock_addr addr;

	memset(&addr, 0, sizeof addr);
	addr.n = sizeof addr.u;
	if (getsockname(fd, &addr.u.any, &addr.n) < 0)
		return why_errno(why, ERR_IO, errno, "cannot ask for the socket's address");
	*ret_addr = addr;
	return OK;
}

/* ---- listening ---- */

static enum err
sock_option(int fd, int level, int name, int value, const char *what, struct why *why)
{
	if (setsockopt(fd, level, name, &value, sizeof value) < 0)
		return why_errno(why, ERR_IO, errno, "cannot set %s", what);
	return OK;
}

static enum err
sock_options_inet(int fd, const struct sock_addr *addr, const struct sock_spec *spec,
    struct why *why)
{
	bool stream = spec->kind == SOCK_KIND_STREAM;
	enum err rc = OK;

	if (addr->u.any.sa_family == AF_INET6)
		rc = sock_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !addr->dual, "IPV6_V6ONLY", why);
	/* For datagrams it would let a second process steal the port. */
	if (rc == OK && stream)
		rc = sock_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR", why);
	/* Accepted sockets inherit it: a peer that vanished is noticed in the end. */
	if (rc == OK && stream)
		rc = sock_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE", why);
	if (rc == OK && (spec->flags & SOCK_SHARE_PORT) != 0)
		rc = sock_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT", why);
	return rc;
}

static enum err
sock_options(int fd, const struct sock_addr *addr, const struct sock_spec *spec, struct why *why)
{
	int room = spec->receive_bytes > INT32_MAX ? INT32_MAX : (int)spec->receive_bytes;
	enum err rc = OK;

	if (addr->u.any.sa_family != AF_UNIX)
		rc = sock_options_inet(fd, addr, spec, why);
	if (rc == OK && spec->kind == SOCK_KIND_DATAGRAM && addr->u.any.sa_family != AF_UNIX)
		rc = sock_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL", why);
	if (rc == OK && room > 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		rc = sock_option(fd, SOL_SOCKET, SO_RCVBUF, room, "SO_RCVBUF", why);
	return rc;
}

/* Together a second: a process that was killed gives back its sockets within a few milliseconds. */
enum { STALE_TRIES = 50, STALE_PAUSE_NS = 20000000 };

/* True when the socket's file is of a process that is gone. */
static bool
sock_is_stale(const struct sock_addr *addr, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	bool stale;

	if (fd < 0)
		return false;
	stale = lstat(addr->u.un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, &addr->u.any, addr->n) < 0 && errno == ECONNREFUSED;
	file_close(&fd);
	return stale;
}

static enum err
sock_bind(int fd, const struct sock_addr *addr, int type, mode_t mode, struct why *why)
{
	bool path = addr->u.any.sa_family == AF_UNIX && addr->u.un.sun_path[0] != '\0';
	int rc;

	/* The file is never more open than it will be, whatever the umask. */
	if (path)
		(void)fchmod(fd, mode);
	rc = bind(fd, &addr->u.any, addr->n);
	for (int i = 0; rc < 0 && errno == EADDRINUSE && path && i < STALE_TRIES; i++) {
		/* Who holds it may have been killed, and be on its way out. */
		if (i > 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = STALE_PAUSE_NS }, NULL);
		if (sock_is_stale(addr, type))
			(void)unlink(addr->u.un.sun_path);
		rc = bind(fd, &addr->u.any, addr->n);
	}
	if (rc < 0)
		return why_errno(why, errno == EADDRINUSE ? ERR_BUSY : file_err(errno), errno,
		    "cannot bind");
	if (path && chmod(addr->u.un.sun_path, mode) < 0)
		return why_errno(why, file_err(errno), errno, "cannot set rights");
	return OK;
}

static enum err
sock_listen_on(int *ret_fd, const struct sock_addr *addr, const struct sock_spec *spec,
    struct why *why)
{
	int type = spec->kind == SOCK_KIND_STREAM ? SOCK_STREAM : SOCK_DGRAM, fd;
	enum err rc;

	fd = socket(addr->u.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_errno(why, errno == EAFNOSUPPORT ? ERR_ABSENT : file_err(errno), errno,
		    "cannot make a socket");
	rc = sock_options(fd, addr, spec, why);
	if (rc == OK)
		rc = sock_bind(fd, addr, type, spec->unix_mode != 0 ? spec->unix_mode : 0600, why);
	if (rc == OK && type == SOCK_STREAM &&
	    listen(fd, spec->backlog > 0 ? spec->backlog : SOCK_BACKLOG) < 0)
		rc = why_errno(why, errno == EADDRINUSE ? ERR_BUSY : ERR_IO, errno,
		    "cannot listen");
	if (rc != OK) {
		file_close(&fd);
		return rc;
	}
	*ret_fd = fd;
	return OK;
}

enum err
sock_listen(int *ret_fd, const char *text, const struct sock_spec *spec, struct why *why)
{
	struct sock_addr addr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&addr.u.store;
	in_port_t port;
	enum err rc;

	must(*ret_fd == -1);
	rc = sock_parse(&addr, text, why);
	if (rc != OK)
		return rc;
	rc = sock_listen_on(ret_fd, &addr, spec, why);
	/* A kernel without IPv6: ":514" is IPv4 alone. */
	if (rc == ERR_ABSENT && addr.dual) {
		port = ((struct sockaddr_in6 *)&addr.u.store)->sin6_port;
		memset(&addr, 0, sizeof addr);
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		addr.n = sizeof *v4;
		rc = sock_listen_on(ret_fd, &addr, spec, why);
	}
	return rc == OK ? OK : why_prefix(why, rc, "cannot listen on %.100s", text);
}

/* ---- connecting and accepting ---- */

/* Waits for a connect that is under way. */
static enum err
sock_connected(int fd, int timeout_ms, struct why *why)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)timeout_ms * 1000000, left_ms;
	struct pollfd at = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int n, error = 0;

	do {
		left_ms = (end_ns - clock_mono_ns()) / 1000000;
		n = poll(&at, 1, timeout_ms < 0 ? -1 : left_ms < 0 ? 0 : (int)left_ms);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return why_set(why, ERR_BUSY, "no answer in time");
	if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return error == 0 ? OK : why_errno(why, file_err(error), error, "connect");
}

enum err
sock_connect(int *ret_fd, const char *text, enum sock_kind kind, int timeout_ms, struct why *why)
{
	int type = kind == SOCK_KIND_STREAM ? SOCK_STREAM : SOCK_DGRAM, fd;
	struct sock_addr addr;
	enum err rc;

	must(*ret_fd == -1);
	rc = sock_parse(&addr, text, why);
	if (rc != OK)
		return rc;
	fd = socket(addr.u.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_errno(why, file_err(errno), errno, "cannot connect to %.100s", text);
	if (connect(fd, &addr.u.any, addr.n) < 0) {
		if (errno == EINPROGRESS || errno == EINTR)
			rc = sock_connected(fd, timeout_ms, why);
		else
			rc = why_errno(why, file_err(errno), errno, "connect");
	}
	if (rc != OK) {
		file_close(&fd);
		return why_prefix(why, rc, "cannot connect to %.100s", text);
	}
	*ret_fd = fd;
	return OK;
}

enum err
sock_accept(int *ret_fd, int listen_fd, struct sock_addr *ret_peer, struct why *why)
{
	struct sock_addr peer;
	int fd;

	must(*ret_fd == -1);
	for (;;) {
		memset(&peer, 0, sizeof peer);
		peer.n = sizeof peer.u;
		errno = fault_hit("sock_accept");
		fd = errno > 0 ? -1 :
		    accept4(listen_fd, &peer.u.any, &peer.n, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			*ret_peer = peer;
			*ret_fd = fd;
			return OK;
		}
		switch (errno) {
		case EAGAIN:
			return ERR_MORE;
		case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
			return why_errno(why, ERR_LIMIT, errno, "cannot accept");
		case EBADF: case EINVAL: case ENOTSOCK: case EOPNOTSUPP: case EFAULT:
			return why_errno(why, ERR_IO, errno, "cannot accept");
		default:	/* that one connection failed: the next (accept(2)) */
			break;
		}
	}
}

enum err
sock_peer_cred(int fd, struct sock_peer *ret_peer, struct why *why)
{
	struct ucred cred;
	socklen_t len = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return why_errno(why, ERR_IO, errno, "cannot ask who the peer is");
	*ret_peer = (struct sock_peer){ cred.pid, cred.uid, cred.gid };
	return OK;
}

enum err
sock_set_nonblocking(int fd, struct why *why)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return why_errno(why, ERR_IO, errno, "cannot make a socket non-blocking");
	return OK;
}

bool
sock_lost_of(const struct msghdr *msg, uint32_t *ret_lost)
{
	struct msghdr *m = (struct msghdr *)(uintptr_t)msg;	/* CMSG_NXTHDR wants it so */
	struct cmsghdr *head;

	for (head = CMSG_FIRSTHDR(m); head != NULL; head = CMSG_NXTHDR(m, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SO_RXQ_OVFL)
			continue;
		if (head->cmsg_len < CMSG_LEN(sizeof *ret_lost))
			continue;
		memcpy(ret_lost, CMSG_DATA(head), sizeof *ret_lost);
		return true;
	}
	return false;
}
