/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the doors have to do with the registrar: who may come in with a certificate of the desk's
 * own authority (doc/formats/agent.md, 1.1), and requests for such certificates on their way there
 * and back. What was said last holds while the registrar is gone; before its first word nobody is
 * let in. Inside of the room only.
 */
#ifndef INTAKE_ENROLS_H
#define INTAKE_ENROLS_H

#include <openssl/ssl.h>

#include "base/span.h"
#include "wire/clients.h"

struct conn;
struct enrols;
struct intake;

struct member {
	uint8_t serial[CLIENT_SERIAL_BYTES];
	struct span name;
	uint64_t unit;
	uint8_t class;			/* CLIENT_CLASS_NONE: the listener's */
	int64_t until_s;
};

struct enrols	*enrols_new(struct intake *intake);
void		enrols_free(struct enrols **enrols);
/* Takes the channel over. */
void		enrols_channel(struct enrols *enrols, int fd);
/* Each second: requests that waited too long, certificates that expired. */
void		enrols_tick(struct enrols *enrols);
/* Whose certificate it is, if that is good now; valid until the registrar speaks again. */
const struct member	*enrols_find(const struct enrols *enrols, const X509 *cert);
/*
 * Whose rows these are, now that the handshake is over: sets conn->next_origin. False: its
 * certificate, of the desk's own, is good no more.
 */
bool		enrols_identify(struct conn *conn);
/*
 * Hands a body on for this connection; push_told() will be called, unless enrols_forget() is.
 * False: too many wait, or there is no registrar.
 */
bool		enrols_ask(struct enrols *enrols, struct conn *conn, bool renew,
		    struct span body);
void		enrols_forget(struct enrols *enrols, const struct conn *conn);

#endif
