/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of the people may log in, as what, and with which secrets; and tokens for programs. The
 * file: doc/formats/people.md. What is kept of secrets: hashes, and the secret of the codes, which
 * must be known to make them; so the whole is kept encrypted, and struct people is wiped.
 */
#ifndef CA_PEOPLE_H
#define CA_PEOPLE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "ca/secret.h"
#include "ca/totp.h"

enum {
	PEOPLE_LOGIN_BYTES = 32,	/* with the NUL */
	PEOPLE_NAME_BYTES = 129,	/* with the NUL */
	PEOPLE_KEY_BYTES = 32,
	PEOPLE_NONCE_BYTES = 12,
	PEOPLE_TOKEN_ID_BYTES = 4,
};

/* A person has one or several. */
enum people_role {
	PEOPLE_READER = 1 << 0,
	PEOPLE_ANALYST = 1 << 1,
	PEOPLE_OFFICER = 1 << 2,	/* on duty */
	PEOPLE_HEAD = 1 << 3,
	PEOPLE_ADMIN = 1 << 4,
	PEOPLE_AUDITOR = 1 << 5,
	PEOPLE_ROLES = (1 << 6) - 1,
};

struct person {
	char login[PEOPLE_LOGIN_BYTES];
	char name[PEOPLE_NAME_BYTES];	/* as shown; may be empty */
	uint8_t roles;			/* of enum people_role, at least one */
	bool disabled;
	bool no_code;			/* a password is enough, which is then longer */
	bool has_code;
	char hash[SECRET_HASH_BYTES];
	int64_t once_until_s;		/* not 0: a password given out, to be changed by then */
	uint8_t seed[TOTP_SEED_BYTES];
	uint64_t step;			/* of the last code that was taken */
	uint64_t failed;		/* tries since the last log-in or lock */
	int64_t locked_s;		/* since then; 0: not */
	int64_t made_s, used_s;		/* used_s: last log-in, 0: never */
};

struct token {
	uint8_t id[PEOPLE_TOKEN_ID_BYTES];
	char owner[PEOPLE_LOGIN_BYTES];
	char name[PEOPLE_NAME_BYTES];
	uint8_t roles;			/* those of them that its owner still has */
	uint8_t hash[SECRET_DIGEST_BYTES];
	int64_t made_s, until_s;
};

/* {0} is an empty one. */
struct people {
	struct person *person;		/* in order of their logins */
	unsigned n;
	struct token *token;
	unsigned ntoken;
};

/* Wipes. */
void		people_done(struct people *people);
/* *ret_people must be empty. */
void		people_copy(struct people *ret_people, const struct people *people);

/* A letter, then up to 30 of a-z 0-9 . _ - : no uid, and the same in every ledger. */
bool		people_is_login(struct span login);
/* A name as shown: UTF-8 without controls, at most 128 octets. */
bool		people_is_name(struct span name);
/* Borrowed until the next add. NULL: there is none. */
struct person	*people_find(const struct people *people, struct span login);
/* ERR_BUSY: there is one; ERR_LIMIT: there are LIMIT_PEOPLE. */
enum err	people_add(struct people *people, struct span login, struct person **ret_person,
		    struct why *why);
/* Enabled ones with this role. */
unsigned	people_count(const struct people *people, uint8_t role);

/* One with all fields empty, behind the others; ERR_LIMIT: there are LIMIT_TOKENS. */
enum err	people_token_add(struct people *people, struct token **ret_token, struct why *why);
void		people_token_remove(struct people *people, struct token *token);
struct token	*people_token_find(const struct people *people,
		    const uint8_t id[PEOPLE_TOKEN_ID_BYTES]);
/* Looks at every token, each in the same time. NULL: none that is good at now_s. */
struct token	*people_token_by_hash(const struct people *people,
		    const uint8_t hash[SECRET_DIGEST_BYTES], int64_t now_s);

/* "reader" and so on, for one bit; NULL: no role. */
const char	*people_role_name(unsigned role);
/* Names with commas between; 0: one of them is none, or there is none at all. */
uint8_t		people_roles_read(struct span text);

/* ---- its file ---- */

void		people_put(struct buf *out, const struct people *people);
/* *ret_people must be empty. ERR_FORMAT: nothing is taken. */
enum err	people_get(struct people *ret_people, struct span body, struct why *why);
/* The nonce is random, of this file alone. */
void		people_seal(struct buf *out, const struct people *people,
		    const uint8_t key[PEOPLE_KEY_BYTES], const uint8_t nonce[PEOPLE_NONCE_BYTES]);
/*
 * *ret_people must be empty. ERR_PROOF: another key, or an octet was changed or is missing;
 * ERR_FORMAT: no such file, or of a later version.
 */
enum err	people_open(struct people *ret_people, struct span file,
		    const uint8_t key[PEOPLE_KEY_BYTES], struct why *why);

#endif
