/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What registrar and intake say to each other: roles.md, "Enrolment". Who may come in with a
 * certificate of the desk's own authority, and requests for such a certificate. Neither end
 * believes the other.
 */
#ifndef WIRE_CLIENTS_H
#define WIRE_CLIENTS_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

enum {
	CLIENT_SERIAL_BYTES = 16,
	CLIENT_NAME_BYTES = 64,
	CLIENT_CLASS_NONE = 255,	/* that of the listener */
	CLIENT_PEM_BYTES = 64 << 10,
	CLIENT_PEER_BYTES = 120,
};

/* One certificate that is good. */
struct client {
	struct span serial;		/* CLIENT_SERIAL_BYTES */
	struct span name;
	uint64_t unit;
	uint8_t class;
	int64_t until_s;
};

/* ROLL: the desk's certificate with its chain, its key, its authority, and the clients. */
struct clients {
	struct span chain, key, ca;
	uint64_t n;
	struct cur list;
};

void		clients_put(struct buf *out, const struct clients *head);
void		client_put(struct buf *out, const struct client *client);
/* Checks all of it; everything borrows from the payload. */
enum err	clients_read(struct clients *ret, struct span payload, struct why *why);
/* False: that was the last. Only after clients_read() said OK. */
bool		clients_next(struct clients *clients, struct client *ret);

enum enrol_what {
	ENROL_CODE,		/* with a code */
	ENROL_RENEW,		/* with a certificate that is good */
	ENROL_WHATS
};

/* ENROL */
struct enrol {
	uint8_t what;			/* enum enrol_what */
	struct span serial;		/* of the certificate shown, or CLIENT_SERIAL_BYTES zeros */
	struct span peer;		/* address, for the ledger */
	struct span body;		/* as it came */
};

void		enrol_put(struct buf *out, const struct enrol *enrol);
enum err	enrol_read(struct enrol *ret, struct span payload, struct why *why);

#endif
