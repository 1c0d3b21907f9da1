/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's certificate from its desk: doc/formats/agent.md, sections 4 and 5. The key is made here
 * and stays in its directory. The desk is known by the fingerprint in the code, or by the
 * certificate that came with the first enrolment, before it is told anything.
 */
#ifndef AGENT_ENROL_H
#define AGENT_ENROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ca/authority.h"
#include "ca/code.h"

/*
 * Are there papers of an enrolment? OK: those of *ret; ERR_ABSENT: no, or of one that broke off
 * while they were written, which enrol_begin() goes on with.
 */
enum err	enrol_there(int dirfd, struct issued *ret, struct why *why);
/* What the desk is waited for when it takes its time. */
enum enrol_stage {
	ENROL_CONNECTS,		/* somebody to take the connection */
	ENROL_GREETS,		/* the first word of TLS */
	ENROL_ANSWERS,		/* the answer to what was asked */
};

/* Called at most once for each request, when it takes long; most_s: what it may still take. */
typedef void	enrol_slow(const char *host, unsigned port, enum enrol_stage stage,
		    unsigned most_s);

/*
 * Enrols with a code; dirfd: STATE/agent. Interrupted anywhere, the same code does it again: the
 * key stays in new.pem when the desk may have answered. Refused, it leaves nothing.
 * ERR_ABSENT: the desk is not reached; ERR_PROOF: whoever answers is not the desk of the code;
 * ERR_DENIED: the code is not taken; ERR_BUSY: later; why says it for people.
 */
enum err	enrol_begin(int dirfd, const struct code *code, enrol_slow *slow,
		    struct why *why);
/*
 * A new certificate for the key that is there, while the old one is good. The same results; after
 * any that is not OK the old one is as it was.
 */
enum err	enrol_renew(int dirfd, enrol_slow *slow, struct why *why);
/* What is there, and whether it is time to renew: the last of LIMIT_RENEW_PARTS has begun. */
enum err	enrol_state(int dirfd, int64_t now_s, struct issued *ret, bool *ret_due,
		    struct why *why);

#endif
