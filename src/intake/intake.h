/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front door of the room of doors: listeners for syslog (UDP, TCP, TLS), RELP and HTTP push.
 * What comes in is framed here, taken apart by a parser that the role hands in, gathered into
 * batches and sent to the keeper. Promises: an answer to a client that says "kept" is sent only
 * after the keeper's ACK for every row it speaks of; every octet that reached a socket is a row or
 * is counted; memory is bounded by base/limits.h whatever the clients do. Never opens a file.
 * doc/formats/roles.md, section "Messages", and the RFCs named in the files of the room.
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "model/join.h"

struct chan;
struct event_base;
struct intake;
struct registry;

enum intake_kind {
	INTAKE_UDP,		/* RFC 5426: a datagram is a record */
	INTAKE_TCP,		/* RFC 6587, with TLS RFC 5425 */
	INTAKE_RELP,
	INTAKE_HTTP,
	INTAKE_KIND_END
};

enum intake_clients {
	INTAKE_CLIENTS_ANY,		/* no certificate is asked for */
	INTAKE_CLIENTS_OPTIONAL,	/* one that is shown must be good */
	INTAKE_CLIENTS_REQUIRED,
};

enum { INTAKE_LISTENERS = 32, INTAKE_TOKENS = 64, INTAKE_RULES = 16 };

/* Records of one peer that are not kept, by somebody's order: order.h. */
struct intake_rule {
	struct span name;
	struct span peer;		/* its address, as in the source */
	uint64_t keep;			/* one of so many is kept; 0: none */
	uint8_t below;			/* only records less severe than this; 0: all */
	int64_t until_ns;		/* received before it */
};

/* A secret that names who sends: "Bearer SECRET", or Basic and ApiKey with NAME:SECRET. */
struct intake_token {
	struct span name;
	struct span secret;
};

/* One bound socket. Spans are copied; the descriptor stays the caller's until intake_free. */
struct intake_listener {
	struct span name;		/* unique, at most 255 octets */
	uint8_t kind;			/* enum intake_kind */
	uint8_t clients;		/* enum intake_clients */
	uint8_t class;			/* retention class of all that comes in here */
	uint8_t trust;			/* enum source_trust without an identity */
	uint64_t unit;
	int fd;				/* non-blocking; listening when it is a stream */
	struct span cert_pem, key_pem;	/* cert_pem.n > 0: TLS; the chain, own certificate first */
	struct span ca_pem;		/* who signs clients' certificates */
	struct join join;		/* INTAKE_TCP: which lines are one record */
	bool own;			/* the registrar gives all three; nobody is let in before */
	const struct intake_token *token;
	unsigned ntoken;		/* HTTP: > 0 refuses requests without a good one */
	const struct intake_rule *rule;	/* UDP, TCP: nrule, at most INTAKE_RULES */
	unsigned nrule;
};

/* What the sender's protocol says about a record's form. */
enum intake_format {
	INTAKE_FORMAT_SYSLOG,		/* RFC 5424, RFC 3164, JSON or plain: to be found out */
	INTAKE_FORMAT_JSON,		/* meant to be a JSON object */
	INTAKE_FORMAT_LINE,		/* a line of a text file */
	INTAKE_FORMAT_JOURNAL,		/* an entry of the local journal as a JSON object */
};

struct intake_hint {
	uint8_t format;			/* enum intake_format */
	/* JSON: names that client or door gave, commas between, the best first; or empty */
	struct span message_field, time_field, stream_fields, host_field, app_field;
	struct span host, app;		/* of records that claim none; at most 255 octets */
};

/* What is framed where that is not the record itself: bodies of other projects' protocols. */
enum intake_form {
	INTAKE_FORM_RECORD,		/* it is the record */
	INTAKE_FORM_LOKI_JSON,
	INTAKE_FORM_LOKI_PROTO,
	INTAKE_FORM_OTLP_JSON,
	INTAKE_FORM_OTLP_PROTO,
	INTAKE_FORM_ENTRY,		/* of the journal, in its export format */
	INTAKE_FORMS
};

/* A record taken out of a body. */
struct intake_unpacked {
	struct span record;		/* valid until the next call */
	uint64_t cut;			/* octets beyond LIMIT_RECORD_BYTES */
	uint64_t skipped;		/* fields that nobody knows */
};

/* A record taken apart: record.md section 1. */
struct intake_parsed {
	uint32_t shape;			/* numbered from 0; a new one is the next unused number */
	bool unparsed;			/* kept whole: the record does not follow its format */
	bool set_aside;			/* kept whole: it made this role crash twice */
	uint8_t flags;			/* enum row_flag but ROW_CUT; time rule */
	int64_t event_ns;
	uint32_t nvalue;
	const struct span *value;	/* into the record */
	struct span host, app;		/* what the record claims, or empty */
};

#define INTAKE_NO_SHAPE	UINT32_MAX

/*
 * The parser that the role hands in. parse() never fails: what it cannot read it hands back whole.
 * Everything in *ret stays valid until the next call.
 */
struct intake_parser {
	void (*parse)(void *state, const struct intake_hint *hint, struct span record,
	    int64_t recv_ns, struct intake_parsed *ret);
	/* The encoding of a shape that was given out; valid as long as the parser. */
	struct span (*shape)(const void *state, uint32_t shape);
	/* The number of a shape that a relay made, or INTAKE_NO_SHAPE: no room for it. */
	uint32_t (*adopt)(void *state, struct span code);
	/* As parse(), but not looked into: for records of a shape without a number. */
	void (*whole)(void *state, struct span record, int64_t recv_ns,
	    struct intake_parsed *ret);
	/*
	 * Records out of a body of a form, one at a time: an unpacker is made, begun with a body
	 * that stays until the last record was taken, and asked until it does not say OK.
	 * ERR_ABSENT: that was all. Else the body is broken there and why says what and where.
	 */
	void *(*unpack_new)(void *state);
	void (*unpack_begin)(void *unpack, uint8_t form, struct span body);
	enum err (*unpack_next)(void *unpack, struct intake_unpacked *ret, struct why *why);
	void (*unpack_free)(void *unpack);
};

/* A sentence for the log, about hostile or broken input; at most one a second. */
typedef void intake_sample_fn(void *arg, const char *text);

struct intake_conf {
	struct event_base *base;	/* the caller's; it may put events of its own on it */
	const struct intake_parser *parser;
	void *parser_state;
	const struct intake_listener *listener;
	unsigned nlistener;
	uint64_t instance;		/* random; roles.md, "Tickets" */
	uint64_t hash_seed;		/* random */
	unsigned per_peer;		/* connections per address; 0: LIMIT_PEER_CONNECTIONS */
	intake_sample_fn *sample;	/* may be NULL */
	void *sample_arg;
};

/*
 * Whether a listener's certificate, key and ca can be used, before anything is begun with them.
 * ERR_FORMAT says what is wrong with which. Its descriptor is not looked at.
 */
enum err	intake_try(const struct intake_listener *listener, struct why *why);
/* ERR_FORMAT, ERR_LIMIT: a listener's certificate, key or name is not usable. */
enum err	intake_new(struct intake **ret_intake, const struct intake_conf *conf,
		    struct why *why);
void		intake_free(struct intake **intake);

/*
 * The register of sources (model/registry.h), taken over; NULL: none any more. Its units and
 * classes count from now on, on open connections too; until then the listeners' own do.
 */
void		intake_registry(struct intake *intake, struct registry *registry);

/*
 * The keeper's channel: takes it over, says HELLO, defines everything again and sends again what
 * was not acknowledged. Before it, and between two of them, rows are gathered up to a limit and
 * then the sockets are not read.
 */
void		intake_keeper(struct intake *intake, int fd);
/*
 * The registrar's channel: takes it over. What it said before holds until it says something else;
 * listeners that are its own begin with the first word, and connections end whose certificate it
 * does not name any more.
 */
void		intake_registrar(struct intake *intake, int fd);
/* True while there is a channel to the keeper that works. */
bool		intake_has_keeper(const struct intake *intake);

/* One turn of the loop: waits for events (or does not), serves them, sends what has gathered. */
enum intake_wait { INTAKE_NO_WAIT, INTAKE_WAIT };
void		intake_turn(struct intake *intake, enum intake_wait wait);
/*
 * Takes what the sockets hold, accepts nothing new, answers what was begun. Then intake_stopped()
 * becomes true, after 10 seconds at the latest; go on with turns until it does.
 */
void		intake_stop(struct intake *intake);
bool		intake_stopped(const struct intake *intake);

/* Appends name and value of all counters that are not 0 or can fall: WIRE_COUNTERS' payload. */
void		intake_counters(struct intake *intake, struct buf *out);
/* Sends them to the keeper, which seals them: what was lost belongs into the record. */
void		intake_report(struct intake *intake);

#endif
