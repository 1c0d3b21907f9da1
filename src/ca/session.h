/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is logged in: in memory only, a restart ends all. What the browser carries is not here, only
 * its SHA-256. Times are seconds of a clock that never jumps, and come in.
 */
#ifndef CA_SESSION_H
#define CA_SESSION_H

#include "base/limits.h"
#include "ca/people.h"

enum { SESSION_CSRF_BYTES = 16, SESSION_FROM_BYTES = 64 };

struct session {
	uint8_t digest[SECRET_DIGEST_BYTES];
	uint8_t csrf[SESSION_CSRF_BYTES];
	char login[PEOPLE_LOGIN_BYTES];
	char from[SESSION_FROM_BYTES];
	int64_t made_s, used_s, idle_s;	/* idle_s: may lie so long */
	bool pending;			/* seed is one that is not confirmed yet */
	uint8_t seed[TOTP_SEED_BYTES];
};

/* {0} is an empty one. */
struct sessions {
	struct session at[LIMIT_SESSIONS];
	unsigned n;
};

/*
 * A new one, all of whose fields are the caller's to fill. Where the account has
 * LIMIT_ACCOUNT_SESSIONS, or all have LIMIT_SESSIONS, the one that lay the longest ends.
 */
struct session	*session_add(struct sessions *sessions, const char *login);
/* NULL: there is none. */
struct session	*session_find(struct sessions *sessions,
		    const uint8_t digest[SECRET_DIGEST_BYTES]);
void		session_end(struct sessions *sessions, struct session *session);
/* All of an account. */
void		session_end_all(struct sessions *sessions, const char *login);
/* One that lay too long, or is older than longest_s; NULL: none. */
struct session	*session_stale(struct sessions *sessions, int64_t now_s, int64_t longest_s);

#endif
