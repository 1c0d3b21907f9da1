/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a log-in is good, and what each try does to an account. The numbers come from a pack
 * (content/packs), none is in code; and so does the time.
 */
#ifndef CA_ADMIT_H
#define CA_ADMIT_H

#include "ca/people.h"

struct admit_rules {
	int64_t failures;		/* in a row, then the account is locked */
	int64_t lock_s;
	int64_t idle_s, idle_admin_s;	/* of a session */
	int64_t session_s;		/* at most, idle or not */
	int64_t password_coded;		/* characters, for who shows a code too */
	int64_t password_alone;
	int64_t once_s;			/* a password that was given out is good for so long */
};

enum admit {
	ADMIT_GOOD,
	ADMIT_NOT_PASSWORD,
	ADMIT_NOT_CODE,
	ADMIT_LOCKED,
	ADMIT_DISABLED,
	ADMIT_ONCE_OVER,
};

/*
 * Takes the same time whatever is wrong. The account is changed: tries, lock, last code, last use;
 * it must be on disk before anybody is answered. A clock that was set back makes no lock longer
 * than lock_s from now.
 */
enum admit	admit_try(struct person *person, const struct admit_rules *rules,
		    struct span password, struct span code, int64_t now_s);
/* As long as such a try, for a name that nobody has. */
void		admit_nobody(struct span password);
/* One wrong try, told by the caller. True: it locks the account. */
bool		admit_wrong(struct person *person, const struct admit_rules *rules, int64_t now_s);
/* "wrong password", for the ledger. */
const char	*admit_text(enum admit admit);
/* How long a password must be for this account, and a session of it may lie. */
int64_t		admit_password(const struct person *person, const struct admit_rules *rules);
int64_t		admit_idle(const struct person *person, const struct admit_rules *rules);

#endif
