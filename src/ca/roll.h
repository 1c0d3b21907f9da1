/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may send to this desk with a certificate of its own authority: doc/formats/agent.md, section
 * 3. A certificate is good when its number stands here and has not expired, and not otherwise:
 * revoking is taking the number away, and a forgotten list lets nobody in. At most two of an agent
 * are good at a time, so that one that was renewed and never arrived does no harm.
 */
#ifndef CA_ROLL_H
#define CA_ROLL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "ca/code.h"

enum {
	ROLL_NAME_BYTES = 65,		/* with the NUL; 64 is what a common name may have */
	ROLL_CLASS_BYTES = 64,
	ROLL_WHY_BYTES = 201,
	ROLL_SERIAL_BYTES = 16,
	ROLL_CERTS = 2,			/* [0] is the newest */
	ROLL_KEY_BYTES = 32,
	/* Certificates are dated back so far: clocks of others may be behind. */
	ROLL_EARLY_S = 86400,
};

enum agent_state {
	AGENT_INVITED,
	AGENT_ENROLLED,
	AGENT_REVOKED,
	AGENT_STATES
};

struct roll_cert {
	uint8_t serial[ROLL_SERIAL_BYTES];
	int64_t from_s, until_s;	/* until_s 0: there is none */
};

/* When it was given out. */
static inline int64_t
roll_made_s(const struct roll_cert *cert)
{
	return cert->from_s + ROLL_EARLY_S;
}

/* An invitation: what an agent is to be when it has shown the code. */
struct roll_code {
	uint8_t hash[CODE_HASH_BYTES];	/* code_hash() */
	int64_t until_s;		/* 0: there is none */
	int64_t used_s;			/* 0: not yet */
	uint8_t key[ROLL_KEY_BYTES];	/* the key that it was used for: SHA-256 */
	uint64_t unit;
	char class[ROLL_CLASS_BYTES];	/* "": the listener's */
};

struct agent {
	char name[ROLL_NAME_BYTES];
	uint8_t state;			/* enum agent_state */
	uint64_t unit;
	char class[ROLL_CLASS_BYTES];
	struct roll_cert cert[ROLL_CERTS];
	struct roll_code code;
	int64_t revoked_s;
	char why[ROLL_WHY_BYTES];
};

/* {0} is an empty one. */
struct roll {
	struct agent *agent;
	unsigned n, room;
};

void		roll_done(struct roll *roll);
/* *ret_roll must be empty. */
void		roll_copy(struct roll *ret_roll, const struct roll *roll);
/* 1 to 64 of letters, digits, . - _ and no dot or dash in front. */
bool		roll_is_name(struct span name);
/* Borrowed until the next roll_add, as all agents are. NULL: there is none. */
struct agent	*roll_find(const struct roll *roll, struct span name);
/* Looks at every code, each in the same time, whatever they are. */
struct agent	*roll_by_code(const struct roll *roll, const uint8_t hash[CODE_HASH_BYTES]);
/* Whose certificate it is, if that is good now. */
struct agent	*roll_by_serial(const struct roll *roll,
		    const uint8_t serial[ROLL_SERIAL_BYTES], int64_t now_s);
/* A new one, invited, without anything else. ERR_LIMIT: there are LIMIT_AGENTS. */
enum err	roll_add(struct roll *roll, struct span name, struct agent **ret_agent,
		    struct why *why);
/* The newest certificate. Of those before only the one with number `stays` (or NULL) is good. */
void		roll_certify(struct agent *agent, const struct roll_cert *cert,
		    const uint8_t *stays);
void		roll_revoke(struct agent *agent, int64_t now_s, struct span why_text);

enum roll_form {
	ROLL_FILE,		/* as it is kept */
	ROLL_SHOWN,		/* without anything that has to do with codes' secrets */
};

void		roll_put(struct buf *out, const struct roll *roll, enum roll_form form);
/* *ret_roll must be empty. ERR_FORMAT, ERR_PROOF (its sum): nothing is taken. */
enum err	roll_get(struct roll *ret_roll, struct span file, struct why *why);

#endif
