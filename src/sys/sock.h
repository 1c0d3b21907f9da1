/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets by address text. Numbers only, never a name: "127.0.0.1:5514", "[::]:514" (IPv6 only),
 * ":514" (IPv6 and IPv4 on one socket), "unix:/run/x.sock", "unix:@name" (abstract). All are
 * non-blocking and close on exec.
 */
#ifndef SYS_SOCK_H
#define SYS_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"

enum { SOCK_TEXT_BYTES = 120 };

enum sock_kind {
	SOCK_KIND_STREAM,		/* TCP, or a unix stream socket */
	SOCK_KIND_DATAGRAM,		/* UDP, or a unix datagram socket */
};

enum sock_flag {
	SOCK_SHARE_PORT = 1 << 0,	/* SO_REUSEPORT: several sockets share one port */
};

struct sock_spec {
	enum sock_kind kind;
	unsigned flags;			/* SOCK_SHARE_PORT */
	unsigned receive_bytes;		/* SO_RCVBUF (forced when root); 0 leaves the default */
	int backlog;			/* 0: 1024 */
	mode_t unix_mode;		/* rights of a unix socket's file; 0: 0600 */
};

struct sock_addr {
	socklen_t n;
	bool dual;		/* ":514" */
	union {
		struct sockaddr any;
		struct sockaddr_storage store;
		struct sockaddr_un un;
	} u;
};

struct sock_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* ERR_FORMAT names what is wrong with the text. */
enum err	sock_parse(struct sock_addr *ret_addr, const char *text, struct why *why);
/*
 * Bound, and listening when a stream. A unix socket's file of an earlier run is replaced when
 * nobody answers on it (ERR_BUSY when somebody does). Datagram sockets get SO_RXQ_OVFL, so that
 * sock_lost_of can tell.
 */
enum err	sock_listen(int *ret_fd, const char *text, const struct sock_spec *spec,
		    struct why *why);
/* ERR_MORE is not used: waits until connected or timeout_ms passed (ERR_BUSY). */
enum err	sock_connect(int *ret_fd, const char *text, enum sock_kind kind, int timeout_ms,
		    struct why *why);
/* ERR_MORE: nobody waits. ERR_LIMIT: no descriptor is free; stop accepting for a while. */
enum err	sock_accept(int *ret_fd, int listen_fd, struct sock_addr *ret_peer,
		    struct why *why);
/* "192.0.2.7", "2001:db8::1" ("::ffff:a.b.c.d" as a.b.c.d), "unix"; no port. Always a C string. */
void		sock_peer_text(const struct sock_addr *addr, char ret_text[SOCK_TEXT_BYTES]);
/* The same with the port: "192.0.2.7:514", "[2001:db8::1]:514", "unix:/path". */
void		sock_addr_text(const struct sock_addr *addr, char ret_text[SOCK_TEXT_BYTES]);
/* The address that fd is bound to: the port after binding port 0. */
enum err	sock_own_addr(int fd, struct sock_addr *ret_addr, struct why *why);
/* Who is at the other end of a unix stream socket. */
enum err	sock_peer_cred(int fd, struct sock_peer *ret_peer, struct why *why);
enum err	sock_set_nonblocking(int fd, struct why *why);
/* Datagrams that the kernel dropped on this socket since it was made, as told by a recvmsg. */
bool		sock_lost_of(const struct msghdr *msg, uint32_t *ret_lost);

#endif
