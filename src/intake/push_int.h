/* SPDX-License-Identifier: Apache-2.0 */
/* What push.c (requests) and push_body.c (their bodies) share. Inside of the two only. */
#ifndef INTAKE_PUSH_INT_H
#define INTAKE_PUSH_INT_H

#include "intake/conn.h"
#include "intake/decode.h"
#include "intake/door.h"
#include "intake/entry.h"
#include "intake/objects.h"

enum {
	DISCARD_BYTES = 1 << 20,	/* of a refused body, so that the client sees the answer */
	FIELDS_BYTES = 1024,		/* a list of names of fields */
};

enum phase { PUSH_HEAD, PUSH_BODY, PUSH_DISCARD, PUSH_UNPACK, PUSH_WAIT };

/* One request. */
struct push {
	uint8_t phase;
	uint8_t action;			/* enum action of the document that is awaited */
	uint8_t result;			/* enum err: what the keeper said so far */
	bool keep_alive;
	bool no_body;			/* HEAD: the answer has none */
	bool expects;			/* the client waits for a word before it sends the body */
	bool document;			/* bulk: the next line is one */
	bool rows;			/* at least one */
	uint32_t origin;
	uint8_t class;			/* of the origin's rows */
	int64_t begin_ns;
	uint64_t received;		/* octets of the body as sent */
	uint64_t first_batch, last_batch;
	uint64_t settled;		/* the last batch that the keeper spoke of */
	const struct door *door;	/* NULL: not known, or a page of text */
	struct door_request request;
	struct buf head;
	struct http_body body;
	struct decoder *decoder;
	struct framing lines;
	struct objects objects;
	struct entry entry;
	struct buf whole;		/* counted in intake->whole */
	uint64_t ask;			/* > 0: the keeper was asked; relayed.h */
	void *unpack;			/* the parser's, or NULL */
	uint64_t given;			/* octets of the records that came out of it */
	struct outcomes outcomes;
	struct intake_hint hint;
	uint8_t fields[3][FIELDS_BYTES];	/* what the hint borrows */
	uint8_t claim[2][FIELDS_BYTES];
};

/* ---- push.c ---- */

/* Counted, answered at once; what is left of the body is thrown away. */
enum err	push_refuse(struct conn *conn, unsigned status, const char *reason);
/* As push_refuse(), when nothing after it can be read. */
enum err	push_refuse_and_close(struct conn *conn, unsigned status, const char *reason);
/* The request is over; the connection goes on or not. */
enum err	push_request_end(struct conn *conn);
/* Says what became of the request, and ends it. */
enum err	push_request_answer(struct conn *conn);
/*
 * The body goes to the registrar; the request waits for its answer, which push_told() hands on.
 * text: ends with LF, without a NUL.
 */
enum err	push_hand(struct conn *conn);
enum err	push_told(struct conn *conn, unsigned status, struct span text);
/* Frees what reading the body needed. */
void		push_body_drop(struct conn *conn);

/* ---- push_body.c ---- */

/* Takes octets of the body off *in. After a refusal the phase is no longer BODY. */
enum err	push_body_collect(struct conn *conn, struct span *in, int64_t recv_ns);
/* A body without an octet ends where its head does. */
bool		push_body_is_over(const struct conn *conn);
/* PUSH_UNPACK: takes records out of what was framed, until none is left or the store is behind. */
enum err	push_unpack(struct conn *conn, int64_t recv_ns);

#endif
