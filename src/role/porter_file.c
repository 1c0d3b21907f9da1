/* SPDX-License-Identifier: Apache-2.0 */
/* STATE/people/: doc/formats/people.md. */
#include "role/porter_int.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/random.h"

#define ACCOUNTS	"accounts"
#define OWN_KEY		"key"

/* The key that lies beside them, where the store is not encrypted. */
static enum err
own_key_read(struct porter *r, struct why *why)
{
	struct buf key = { 0 };
	enum err rc = file_read_whole(r->start->store_fd, OWN_KEY, sizeof r->key, &key, why);

	if (rc == OK && key.n != sizeof r->key)
		rc = why_set(why, ERR_FORMAT, "people/%s has not %zu octets", OWN_KEY,
		    sizeof r->key);
	if (rc == OK)
		memcpy(r->key, key.p, sizeof r->key);
	buf_wipe(&key);
	return rc;
}

static enum err
own_key(struct porter *r, bool there_are_accounts, struct why *why)
{
	enum err rc = own_key_read(r, why);

	if (rc != ERR_ABSENT || there_are_accounts)
		return rc;
	random_bytes(r->key, sizeof r->key);
	return file_replace(r->start->store_fd, OWN_KEY, span_of(r->key, sizeof r->key), why);
}

static enum err
accounts_open(struct porter *r, struct why *why)
{
	struct buf file = { 0 };
	enum err rc = file_read_whole(r->start->store_fd, ACCOUNTS, LIMIT_PEOPLE_BYTES, &file,
	    why);
	bool there = rc == OK;

	if (rc == ERR_ABSENT)
		rc = OK;
	if (rc == OK && r->brief.has_store_key)
		memcpy(r->key, r->brief.store_key, sizeof r->key);
	else if (rc == OK)
		rc = own_key(r, there, why);
	if (rc == OK && there)
		rc = people_open(&r->people, buf_span(&file), r->key, why);
	/* Made before the store was encrypted. */
	if (rc == ERR_PROOF && r->brief.has_store_key && own_key_read(r, NULL) == OK) {
		rc = people_open(&r->people, buf_span(&file), r->key, why);
		memcpy(r->key, r->brief.store_key, sizeof r->key);
	}
	explicit_bzero(r->brief.store_key, sizeof r->brief.store_key);
	buf_done(&file);
	return rc;
}

void
porter_open(struct porter *r)
{
	struct why why = { "" };

	if (accounts_open(r, &why) == OK)
		return;
	(void)why_prefix(&why, ERR_IO, "the accounts in people/%s cannot be read; put them there "
	    "from a backup", ACCOUNTS);
	(void)fprintf(stderr, "trucban: porter: %s\n", why.text);
	r->broken = why;
}

enum err
porter_keep(struct porter *r, struct people *people, struct why *why)
{
	uint8_t nonce[PEOPLE_NONCE_BYTES];
	struct buf file = { 0 };
	enum err rc;

	random_bytes(nonce, sizeof nonce);
	people_seal(&file, people, r->key, nonce);
	rc = file_replace(r->start->store_fd, ACCOUNTS, buf_span(&file), why);
	buf_done(&file);
	if (rc != OK)
		return why_prefix(why, rc, "cannot write the accounts");
	people_done(&r->people);
	r->people = *people;
	*people = (struct people){ 0 };
	return OK;
}

enum err
porter_change(struct call *call, const char *act, const char *login, const char *what,
    struct people *people, struct why *why)
{
	const struct desk_ask *ask = &call->visit->ask;
	const struct act_field field = { SPAN("login"), span_str(login) };
	const struct ledger_act row = { .act = act,
	    .who = call->who.login[0] != '\0' ? span_str(call->who.login) : ask->who,
	    .from = ask->from, .what = span_str(what), .field = &field, .nfield = 1 };
	enum err rc = porter_ledger(call->r, &row, why);

	if (rc == OK)
		rc = porter_keep(call->r, people, why);
	people_done(people);
	porter_forget(call->r);
	return rc;
}
