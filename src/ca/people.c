/* SPDX-License-Identifier: Apache-2.0 */
/* The two tables of people.h; their file is in people_file.c. */
#include "ca/people.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/must.h"
#include "base/utf8.h"

static const char *const role_name[] = { "reader", "analyst", "officer", "head", "admin",
    "auditor" };

enum { ROLES = sizeof role_name / sizeof role_name[0] };

static void
wiped_free(void *at, size_t n)
{
	if (at != NULL)
		OPENSSL_cleanse(at, n);
	free(at);
}

void
people_done(struct people *people)
{
	wiped_free(people->person, people->n * sizeof people->person[0]);
	wiped_free(people->token, people->ntoken * sizeof people->token[0]);
	*people = (struct people){ 0 };
}

void
people_copy(struct people *ret_people, const struct people *people)
{
	must(ret_people->person == NULL && ret_people->token == NULL);
	*ret_people = (struct people){ .n = people->n, .ntoken = people->ntoken };
	if (people->n > 0)
		ret_people->person = xmemdup(people->person, people->n * sizeof people->person[0]);
	if (people->ntoken > 0)
		ret_people->token = xmemdup(people->token,
		    people->ntoken * sizeof people->token[0]);
}

bool
people_is_login(struct span login)
{
	for (size_t i = 0; i < login.n; i++) {
		uint8_t c = login.p[i];
		bool letter = c >= 'a' && c <= 'z';
		bool other = (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';

		if (!letter && (i == 0 || !other))
			return false;
	}
	return login.n > 0 && login.n < PEOPLE_LOGIN_BYTES;
}

bool
people_is_name(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < ' ' || name.p[i] == 0x7f)
			return false;
	return name.n < PEOPLE_NAME_BYTES && utf8_valid(name);
}

/* The place of the first whose login is not before this one. */
static unsigned
place_of(const struct people *people, struct span login)
{
	unsigned from = 0, to = people->n;

	while (from < to) {
		unsigned middle = from + (to - from) / 2;

		if (span_cmp(span_str(people->person[middle].login), login) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct person *
people_find(const struct people *people, struct span login)
{
	unsigned at = place_of(people, login);

	return at < people->n && span_is(login, people->person[at].login) ? &people->person[at] :
	    NULL;
}

enum err
people_add(struct people *people, struct span login, struct person **ret_person, struct why *why)
{
	unsigned at = place_of(people, login);
	struct person *p;

	must(people_is_login(login));
	if (people_find(people, login) != NULL)
		return why_set(why, ERR_BUSY, "there is a %.*s already", (int)login.n,
		    (const char *)login.p);
	if (people->n >= LIMIT_PEOPLE)
		return why_set(why, ERR_LIMIT, "there are %d accounts already", LIMIT_PEOPLE);
	/* Not realloc: what it leaves behind is not wiped. */
	p = xcalloc(people->n + 1, sizeof *p);
	for (unsigned i = 0; i < people->n; i++)
		p[i + (i >= at)] = people->person[i];
	wiped_free(people->person, people->n * sizeof *p);
	people->person = p;
	people->n++;
	memcpy(p[at].login, login.p, login.n);
	*ret_person = &p[at];
	return OK;
}

unsigned
people_count(const struct people *people, uint8_t role)
{
	unsigned n = 0;

	for (unsigned i = 0; i < people->n; i++)
		n += !people->person[i].disabled && (people->person[i].roles & role) != 0;
	return n;
}

/* ---- tokens ---- */

enum err
people_token_add(struct people *people, struct token **ret_token, struct why *why)
{
	if (people->ntoken >= LIMIT_TOKENS)
		return why_set(why, ERR_LIMIT, "there are %d tokens already", LIMIT_TOKENS);
	people->token = xreallocarray(people->token, people->ntoken + 1,
	    sizeof people->token[0]);
	*ret_token = &people->token[people->ntoken++];
	**ret_token = (struct token){ .roles = 0 };
	return OK;
}

void
people_token_remove(struct people *people, struct token *token)
{
	struct token *last = &people->token[--people->ntoken];

	for (; token < last; token++)
		*token = token[1];
}

struct token *
people_token_find(const struct people *people, const uint8_t id[PEOPLE_TOKEN_ID_BYTES])
{
	for (unsigned i = 0; i < people->ntoken; i++)
		if (memcmp(people->token[i].id, id, PEOPLE_TOKEN_ID_BYTES) == 0)
			return &people->token[i];
	return NULL;
}

struct token *
people_token_by_hash(const struct people *people, const uint8_t hash[SECRET_DIGEST_BYTES],
    int64_t now_s)
{
	struct token *found = NULL;

	for (unsigned i = 0; i < people->ntoken; i++)
		if (CRYPTO_memcmp(people->token[i].hash, hash, SECRET_DIGEST_BYTES) == 0 &&
		    now_s < people->token[i].until_s)
			found = &people->token[i];
	return found;
}

/* ---- roles ---- */

const char *
people_role_name(unsigned role)
{
	for (unsigned i = 0; i < ROLES; i++)
		if (role == 1u << i)
			return role_name[i];
	return NULL;
}

uint8_t
people_roles_read(struct span text)
{
	unsigned roles = 0;

	while (text.n > 0) {
		const uint8_t *comma = memchr(text.p, ',', text.n);
		struct span one = span_sub(text, 0, comma != NULL ? (size_t)(comma - text.p) :
		    text.n);
		unsigned i = 0;

		while (i < ROLES && !span_is(one, role_name[i]))
			i++;
		if (i == ROLES)
			return 0;
		roles |= 1u << i;
		text = span_sub(text, one.n + 1, text.n);
	}
	return (uint8_t)roles;
}
