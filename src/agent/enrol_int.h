/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of a host's papers and the talk with its desk. Inside of the room only. */
#ifndef AGENT_ENROL_INT_H
#define AGENT_ENROL_INT_H

#include "agent/enrol.h"

/* How far a request came. */
enum enrol_came {
	ENROL_UNSENT,		/* the desk knows nothing of it */
	ENROL_REFUSED,		/* and nothing was issued for it */
	ENROL_UNSURE,		/* something may have been issued */
};

struct enrol_talk {
	const char *host;
	uint16_t port;
	/* Who the desk is: the certificate of its authority, or (ca_pem empty) its fingerprint. */
	struct span ca_pem;
	const uint8_t *finger;
	/* Renewal: what we show. */
	struct span cert_pem, key_pem;
	const char *path;
	struct span body;
	enrol_slow *slow;
};

/*
 * One request. OK: *ret_pem is what was issued, *ret_ca the certificate of the authority that the
 * desk was known by. Else as enrol_begin() says. *ret_came is set in any case.
 */
enum err	enrol_talk(const struct enrol_talk *talk, struct buf *ret_pem, struct buf *ret_ca,
		    enum enrol_came *ret_came, struct why *why);

#endif
