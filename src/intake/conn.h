/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: accept, handshake, read, write, limits, end; the same for every protocol over TCP.
 * A protocol is a row of functions (struct conn_kind) that is given octets and gives octets back.
 * Reading goes through one buffer of the process, so a connection that says nothing holds only
 * this struct. Inside of the room only.
 */
#ifndef INTAKE_CONN_H
#define INTAKE_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/err.h"
#include "sys/sock.h"
#include "intake/framing.h"
#include "intake/relp.h"

struct conn;
struct intake;
struct joined;
struct listener;
struct push;

/*
 * What a protocol does. An input() or settled() that does not return OK ends the connection, after
 * what it wrote has been sent.
 */
struct conn_kind {
	void (*begin)(struct conn *conn);
	/*
	 * Takes octets off *io_input; recv_ns is when they came. What it leaves is given again
	 * when the connection may be read: not while conn->blocked is set or the intake is full.
	 */
	enum err (*input)(struct conn *conn, struct span *io_input, int64_t recv_ns);
	/* The peer will send nothing more; optional. ERR_MORE: keep open, answers are to come. */
	enum err (*input_end)(struct conn *conn, int64_t recv_ns);
	/* A batch of this class was settled (see batcher.h); called for waiting connections. */
	enum err (*settled)(struct conn *conn, uint64_t batch, enum err result);
	/* True: nothing more is worth waiting for (checked now and then). */
	bool (*expired)(struct conn *conn, int64_t now_ns);
	/* Optional: about a second has passed. */
	void (*tick)(struct conn *conn);
	/* Frees what the protocol holds. */
	void (*end)(struct conn *conn);
	/* Optional: what the client sends now adds no rows, so it is read while others are not. */
	bool (*is_light)(const struct conn *conn);
	/* Octets held for an incomplete record. */
	size_t (*held)(const struct conn *conn);
};

enum conn_state {
	CONN_HANDSHAKE,		/* TLS is not there yet */
	CONN_OPEN,
	CONN_CLOSING,		/* what is written goes out, then the end */
};

/* One connection. Owned by the list of its intake. */
struct conn {
	struct intake *intake;
	struct listener *listener;
	struct conn *next, **back;		/* all connections */
	struct conn *wait_next, **wait_back;	/* waiting for acknowledgements, or back == NULL */
	struct conn *idle_next;			/* reading was switched off */
	struct event read_event, write_event;
	SSL *ssl;
	char address[SOCK_TEXT_BYTES];	/* of the peer: a socket that was reset has none */
	char *shown;		/* the name in a certificate that is refused, or NULL */
	int fd;
	uint8_t state;		/* enum conn_state */
	bool blocked;		/* set by the protocol: takes no input now */
	bool pending;		/* set by the protocol: has work to do without new input */
	bool reading;		/* read_event is on */
	bool listed_idle;
	bool eof;
	bool lone_write;	/* TLS wants to write before it can read */
	bool known;		/* its certificate says who it is */
	uint32_t peer;		/* origin of the bare address, counted for the limit per peer */
	uint32_t origin;	/* whose rows these are (source.h) */
	uint32_t next_origin;	/* whose they are to be when nothing waits for an answer */
	bool unit_said, class_said;	/* its certificate has them, not the listener */
	uint8_t class;
	uint64_t unit;
	int64_t since_ns;	/* begin of the connection, monotonic */
	int64_t active_ns;	/* last octet in or out, monotonic */
	size_t held;		/* as counted in intake->held */
	size_t reply;		/* as counted in intake->replies */
	size_t out_at;		/* written so far of out */
	struct buf out;
	struct buf rest;	/* input not taken yet */
	union {
		struct framing framing;
		struct joined *joined;
		struct relp_door *relp;
		struct push *push;
	} u;
};

/* Begins to serve an accepted socket (taken over); counts and closes it when a limit is passed. */
void	conn_begin(struct listener *listener, int fd, struct span peer);
/* Ends at once. */
void	conn_end(struct conn *conn);
/* The address of the peer, without port; known as long as conn is. */
struct span	conn_peer(const struct conn *conn);
/* Its handshake failed, with the oldest error of this thread: counted, and who it was. */
void	conn_denied(struct conn *conn, unsigned long error);
/* Puts octets behind what is to be sent; conn_push sends. */
void	conn_write(struct conn *conn, struct span bytes);
/* Sends what can be sent. Not OK: the peer is gone. */
enum err	conn_push(struct conn *conn);
/* The protocol takes input again: feeds what was left over, then reads on. */
void	conn_unblock(struct conn *conn);
/* The protocol answered by itself: sends, and ends the connection when rc is not OK. */
void	conn_told(struct conn *conn, enum err rc);
/* In and out of the list that is told of settled batches. */
void	conn_wait(struct conn *conn, uint8_t class);
void	conn_wait_end(struct conn *conn);
/* How many octets an incomplete record of this connection may still grow to. */
size_t	conn_most(const struct conn *conn, size_t held);
/* Reads again from connections that were put aside. */
void	conn_resume_all(struct intake *intake);
/* The register changed: who sends has another origin from now on. */
void	conn_rename_all(struct intake *intake);
/*
 * Takes the next origin, if there is one. False: not yet, answers are due for rows of the other
 * retention class; take no more rows until they are out.
 */
bool	conn_rename(struct conn *conn);
/* The protocol answered by itself: sends, and ends the connection when rc is not OK. */
void	conn_told(struct conn *conn, enum err rc);
/* A batch was settled: tells the waiting ones. */
void	conn_settled(struct intake *intake, uint8_t class, uint64_t batch, enum err result);
/* Nothing is read any more: what was begun and has no end is taken as it is. */
void	conn_stop_all(struct intake *intake);
/* Each second, for kinds that want to know of it. */
void	conn_tick_all(struct intake *intake);
/* Now and then: ends what expired. */
void	conn_sweep(struct intake *intake);

#endif
