/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: the intake, its listeners, their counters. Inside of the
 * room only.
 */
#ifndef INTAKE_INTAKE_INT_H
#define INTAKE_INTAKE_INT_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "model/registry.h"
#include "intake/batcher.h"
#include "intake/conn.h"
#include "intake/intake.h"
#include "intake/order.h"
#include "intake/relayed.h"
#include "intake/relays.h"
#include "intake/source.h"
#include "intake/tls.h"

/* Counters of a listener: field, name in WIRE_COUNTERS behind "intake.LISTENER.". */
#define INTAKE_COUNTERS(X) \
	X(records, "records")			/* rows handed to the keeper */ \
	X(bytes, "bytes")			/* of records */ \
	X(cut, "records_cut")			/* longer than the limit */ \
	X(cut_bytes, "bytes_cut") \
	X(empty, "records_empty")		/* framed, without an octet or a lone CR */ \
	X(split, "records_split")		/* joined up to a limit; go on in the next */ \
	X(unparsed, "records_unparsed") \
	X(refused, "rows_refused")		/* by the keeper: lost, if nobody sends again */ \
	X(bad_frames, "frames_bad") \
	X(kernel_drops, "kernel_drops")		/* datagrams lost before they were read */ \
	X(socket, "socket")			/* which one counts them: another, from 0 */ \
	X(accepted, "connections_accepted") \
	X(connections, "connections")		/* open now */ \
	X(over_limit, "connections_refused") \
	X(no_descriptor, "accept_pauses")	/* out of descriptors */ \
	X(handshakes_bad, "handshakes_failed") \
	X(expired, "connections_expired") \
	X(requests, "requests") \
	X(requests_bad, "requests_bad")		/* answered 4xx, but for 401 and 429 */ \
	X(unauthorised, "requests_unauthorised") \
	X(delayed, "requests_delayed")		/* answered 429 */ \
	X(failed, "requests_failed")		/* answered 503 */ \
	X(bombs, "bodies_refused")		/* expand too much */ \
	X(skipped, "fields_unknown")		/* of a protocol's messages, left out */

struct counters {
#define X(field, name) uint64_t field;
	INTAKE_COUNTERS(X)
#undef X
};

enum { READ_BYTES = 256 << 10 };

struct token {
	struct span name;
	uint8_t secret[32];		/* SHA-256 */
};

struct denials;
struct enrols;
struct udp;

struct listener {
	struct intake *intake;
	struct intake_listener conf;	/* name is a copy; no secrets */
	struct event event;
	struct tls *tls;		/* NULL: plain */
	struct udp *udp;
	const struct conn_kind *kind;
	struct token *token;
	struct order *order;		/* NULL: all is kept */
	uint32_t other;			/* origin for all that have no number */
	int64_t sampled_ns;
	struct counters count;
};

struct intake {
	struct intake_conf conf;
	struct event_base *base;
	struct sources *sources;
	struct registry *registry;	/* NULL: none */
	struct batcher *batcher;
	struct denials *denials;	/* who was not let in */
	struct enrols *enrols;		/* what has to do with the registrar */
	struct relays *relays;
	uint64_t asks;			/* for places, of relays */
	struct listener *listener;
	unsigned nlistener;
	uint8_t *read_buf;		/* READ_BYTES, for one read at a time */
	uint8_t *decode_buf;		/* the same for decoded bodies */
	struct event keeper_read, keeper_write;
	struct event tick;
	bool keeper_writing;
	struct conn *conns;
	struct conn *idle;		/* not reading, to be resumed */
	struct conn *waiting[LIMIT_CLASSES];
	unsigned nconn, nhandshake, ndecoder;
	size_t held;			/* octets of incomplete records */
	size_t whole;			/* octets of bodies that are taken as a whole */
	uint64_t acks;			/* the last number given to a client that will ask for it */
	size_t replies;			/* octets of memory for answers that were not sent yet */
	bool paused;			/* too much without an answer: sockets are not read */
	int64_t paused_ns;		/* since then, monotonic */
	bool joins;			/* a listener joins lines: connections are ticked */
	bool stopping;
	bool stop_read;			/* sockets were read to their end */
	int64_t stop_ns;
	uint64_t began_s;		/* this process: what it counts begins with 0 */
	uint64_t ticks;
	uint64_t reads;			/* of sockets that gave something */
	uint64_t pauses;		/* times that reading was stopped */
};

static inline unsigned
listener_number(const struct listener *listener)
{
	return (unsigned)(listener - listener->intake->listener);
}

/* True when sockets must not be read now. */
static inline bool
intake_is_full(const struct intake *intake)
{
	return intake->paused || intake->stop_read;
}

/* True when clients that can be told to come later should be. */
bool	intake_is_overloaded(const struct intake *intake);
/* Hands a record to the batcher and counts it; the number of its batch, 0: it is not kept. */
uint64_t	intake_record(struct listener *listener, const struct incoming *in);
/* A broken frame or request: counted by the caller, told at most once a second. */
void	intake_sample(struct listener *listener, struct span peer, const char *what,
	    struct span octets);
/* The origin of a peer, of whom nothing else is known. */
uint32_t	intake_origin(struct listener *listener, struct span peer);
/* That of somebody on this connection who has said who he is; unit and class are its. */
uint32_t	intake_origin_of(const struct conn *conn, struct span identity);
/* Accepts what waits, from now on. */
void	listener_begin(struct listener *listener);

/* syslog.c */
extern const struct conn_kind syslog_kind;
/* A frame of a stream: a record, or counted as empty. */
void	syslog_record(struct conn *conn, const struct frame *frame, int64_t recv_ns);
/* Frames against the protocol among these octets. */
void	syslog_broken(struct conn *conn, uint64_t times, struct span octets);
/* joined.c: the same door for listeners with a rule that joins lines. */
extern const struct conn_kind joined_kind;
void	udp_begin(struct listener *listener);
void	udp_end(struct listener *listener);
/* The origins that it remembers are not right any more. */
void	udp_forget(struct listener *listener);
/* Now and then: asks the kernel what it dropped. */
void	udp_tick(struct listener *listener);
/* push.c */
extern const struct conn_kind push_kind;

#endif
