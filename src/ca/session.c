/* SPDX-License-Identifier: Apache-2.0 */
/* A small table, looked through: see session.h. */
#include "ca/session.h"

#include <string.h>

#include <openssl/crypto.h>

/* The last takes its place. */
void
session_end(struct sessions *sessions, struct session *session)
{
	struct session *last = &sessions->at[--sessions->n];

	*session = *last;
	OPENSSL_cleanse(last, sizeof *last);
}

/* Of one account, or (NULL) of all. */
static struct session *
idlest(struct sessions *sessions, const char *login, unsigned *ret_n)
{
	struct session *found = NULL;

	*ret_n = 0;
	for (unsigned i = 0; i < sessions->n; i++) {
		struct session *s = &sessions->at[i];

		if (login != NULL && strcmp(s->login, login) != 0)
			continue;
		++*ret_n;
		if (found == NULL || s->used_s < found->used_s)
			found = s;
	}
	return found;
}

struct session *
session_add(struct sessions *sessions, const char *login)
{
	unsigned n;
	struct session *old = idlest(sessions, login, &n);

	if (n >= LIMIT_ACCOUNT_SESSIONS)
		session_end(sessions, old);
	if (sessions->n >= LIMIT_SESSIONS)
		session_end(sessions, idlest(sessions, NULL, &n));
	sessions->at[sessions->n] = (struct session){ .pending = false };
	return &sessions->at[sessions->n++];
}

struct session *
session_find(struct sessions *sessions, const uint8_t digest[SECRET_DIGEST_BYTES])
{
	for (unsigned i = 0; i < sessions->n; i++)
		if (CRYPTO_memcmp(sessions->at[i].digest, digest, SECRET_DIGEST_BYTES) == 0)
			return &sessions->at[i];
	return NULL;
}

void
session_end_all(struct sessions *sessions, const char *login)
{
	/* From behind: what takes the place of one that ends was looked at. */
	for (unsigned i = sessions->n; i-- > 0;)
		if (strcmp(sessions->at[i].login, login) == 0)
			session_end(sessions, &sessions->at[i]);
}

struct session *
session_stale(struct sessions *sessions, int64_t now_s, int64_t longest_s)
{
	for (unsigned i = 0; i < sessions->n; i++) {
		struct session *s = &sessions->at[i];

		if (now_s - s->used_s >= s->idle_s || now_s - s->made_s >= longest_s)
			return s;
	}
	return NULL;
}
