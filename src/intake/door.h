/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one protocol over HTTP says: how its bodies are framed, which of a record's fields are
 * what, and the words of its answers. A protocol is one file with a const struct door, and the
 * rows of its paths in answer.c; reading, waiting for the keeper and refusing are push.c's. Doors
 * touch no socket and hold nothing between requests.
 */
#ifndef INTAKE_DOOR_H
#define INTAKE_DOOR_H

#include "intake/action.h"
#include "intake/answer.h"
#include "intake/http.h"
#include "intake/intake.h"

struct conn;

enum door_framing {
	DOOR_LINES,		/* a record per line */
	DOOR_ACTIONS,		/* Elasticsearch: an action line, a document line */
	DOOR_OBJECTS,		/* JSON objects one behind the other */
	DOOR_ENTRIES,		/* of the systemd journal */
	DOOR_WHOLE,		/* all of the body at once, up to LIMIT_WHOLE_BYTES */
	DOOR_FRAMINGS
};

/* Who has the last word on a body. */
enum door_handed {
	DOOR_KEPT,		/* the keeper: it is records */
	DOOR_ENROL,		/* the registrar: a stranger with a code */
	DOOR_RENEW,		/* the registrar: somebody with a certificate of the desk's own */
};

/* Of a request of one of our relays: doc/formats/relay.md section 3. */
struct door_relay {
	uint64_t instance;
	uint64_t from;		/* the place that the rows begin at */
	uint64_t place;		/* that they end at, or that was asked for */
};

/* What a door knows of a request. */
struct door_request {
	uint8_t form;		/* enum intake_form of what was framed */
	bool snappy;		/* DOOR_WHOLE: a block of it */
	bool json;		/* the client speaks JSON */
	bool acks;		/* it will ask whether its number was acknowledged */
	uint64_t number;	/* the number for that; of a question, the last one given */
	uint32_t items;		/* records so far */
	uint64_t took_ms;
	uint8_t result;		/* enum err: what the keeper said */
	struct door_relay relay;
	const struct outcomes *outcomes;
};

struct door {
	uint8_t framing;	/* enum door_framing */
	uint8_t format;		/* enum intake_format of the records */
	uint8_t handed;		/* enum door_handed; DOOR_WHOLE */
	bool endless;		/* a body may be longer than LIMIT_BODY_MB: it is a stream */
	bool certificate;	/* who sends, that says, and no token */
	bool claims;		/* the query may say host and application: claims_read, push.c */
	/* Names of fields, commas between, the best first, unless the client says others. */
	const char *message, *time, *host, *app;
	/* Looks at the head. ERR_ABSENT: a content type or coding that we have not. Optional. */
	enum err (*begin)(struct door_request *request, const struct http_head *head);
	/* The records are on disk: fills in what is not 200 and no body. Optional. */
	void (*kept)(const struct door_request *request, struct answer *answer, struct buf *body);
	/* The body of a refusal, and a status that its clients know better. Optional. */
	void (*refused)(const struct door_request *request, const char *reason,
	    struct answer *answer, struct buf *body);
	/* DOOR_WHOLE: a question and no records; ERR_FORMAT: none that we understand. */
	enum err (*asked)(const struct door_request *request, struct span question,
	    struct buf *body);
	/* DOOR_WHOLE: no records in somebody's form, but rows of a relay; relayed.h. */
	enum err (*take)(struct conn *conn, int64_t recv_ns, struct why *why);
	/* DOOR_WHOLE: a question that the keeper answers later; relayed.h. */
	enum err (*ask)(struct conn *conn, struct why *why);
};

extern const struct door door_bulk, door_json, door_lines;		/* door_plain.c */
extern const struct door door_loki;					/* door_loki.c */
extern const struct door door_otlp;					/* door_otlp.c */
extern const struct door door_hec, door_hec_raw, door_hec_ack, door_hec_health;	/* door_hec.c */
extern const struct door door_journal;					/* door_journal.c */
extern const struct door door_enrol, door_renew;			/* door_enrol.c */
extern const struct door door_relay_rows, door_relay_place, door_relay_other;	/* door_relay.c */

#endif
