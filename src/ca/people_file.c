/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of people.h, doc/formats/people.md:
 *
 *	8	"TBPEOPLE"
 *	4	version: 1
 *	12	nonce, random, new with every writing
 *	...	AES-256-GCM of the body; the 12 octets in front are sealed with it
 *	16	its tag
 *
 * body = varint n, n * person, varint n, n * token
 * person = bytes login, bytes name, u8 roles, u8 flags, bytes hash, i64 once, 20 seed, varint
 *	step, varint failed, i64 locked, i64 made, i64 used
 * token = 4 id, bytes owner, bytes name, u8 roles, 32 hash, i64 made, i64 until
 *
 * Valid if and only if (1) the tag fits, (2) logins are valid and each is after the one before, (3)
 * names are valid, roles known and not none, flags known, hashes have their length and no NUL, (4)
 * owners of tokens are there, (5) nothing follows.
 */
#include "ca/people.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/cur.h"
#include "base/must.h"

enum { VERSION = 1, HEAD_BYTES = 8 + 4, TAG_BYTES = 16 };

enum { FLAG_DISABLED = 1, FLAG_NO_CODE = 2, FLAG_HAS_CODE = 4, FLAGS = 7 };

static const struct span magic = { (const uint8_t *)"TBPEOPLE", 8 };

/* ---- the body ---- */

static void
person_put(struct buf *out, const struct person *p)
{
	buf_bytes(out, span_str(p->login));
	buf_bytes(out, span_str(p->name));
	buf_u8(out, p->roles);
	buf_u8(out, (uint8_t)((p->disabled ? FLAG_DISABLED : 0) | (p->no_code ? FLAG_NO_CODE : 0) |
	    (p->has_code ? FLAG_HAS_CODE : 0)));
	buf_bytes(out, span_str(p->hash));
	buf_i64(out, p->once_until_s);
	buf_put(out, p->seed, sizeof p->seed);
	buf_varint(out, p->step);
	buf_varint(out, p->failed);
	buf_i64(out, p->locked_s);
	buf_i64(out, p->made_s);
	buf_i64(out, p->used_s);
}

static void
token_put(struct buf *out, const struct token *t)
{
	buf_put(out, t->id, sizeof t->id);
	buf_bytes(out, span_str(t->owner));
	buf_bytes(out, span_str(t->name));
	buf_u8(out, t->roles);
	buf_put(out, t->hash, sizeof t->hash);
	buf_i64(out, t->made_s);
	buf_i64(out, t->until_s);
}

void
people_put(struct buf *out, const struct people *people)
{
	buf_varint(out, people->n);
	for (unsigned i = 0; i < people->n; i++)
		person_put(out, &people->person[i]);
	buf_varint(out, people->ntoken);
	for (unsigned i = 0; i < people->ntoken; i++)
		token_put(out, &people->token[i]);
}

/* A string of less than `size` octets and without NUL. */
static bool
text_get(struct cur *in, char *at, size_t size)
{
	struct span text = cur_bytes(in);

	if (text.n >= size || (text.n > 0 && memchr(text.p, '\0', text.n) != NULL))
		return false;
	if (text.n > 0)
		memcpy(at, text.p, text.n);
	return true;
}

static void
octets_get(struct cur *in, uint8_t *at, size_t n)
{
	struct span octets = cur_span(in, n);

	if (octets.n == n)
		memcpy(at, octets.p, n);
}

static bool
roles_get(struct cur *in, uint8_t *ret)
{
	*ret = cur_u8(in);
	return *ret != 0 && *ret <= PEOPLE_ROLES;
}

static bool
person_get(struct cur *in, struct person *p)
{
	bool good = text_get(in, p->name, sizeof p->name) && people_is_name(span_str(p->name)) &&
	    roles_get(in, &p->roles);
	uint8_t flags = cur_u8(in);

	good = good && flags <= FLAGS && text_get(in, p->hash, sizeof p->hash);
	p->disabled = (flags & FLAG_DISABLED) != 0;
	p->no_code = (flags & FLAG_NO_CODE) != 0;
	p->has_code = (flags & FLAG_HAS_CODE) != 0;
	p->once_until_s = cur_i64(in);
	octets_get(in, p->seed, sizeof p->seed);
	p->step = cur_varint(in);
	p->failed = cur_varint(in);
	p->locked_s = cur_i64(in);
	p->made_s = cur_i64(in);
	p->used_s = cur_i64(in);
	return good && !in->bad;
}

static bool
token_get(struct cur *in, const struct people *people, struct token *t)
{
	bool good;

	octets_get(in, t->id, sizeof t->id);
	good = text_get(in, t->owner, sizeof t->owner) &&
	    people_find(people, span_str(t->owner)) != NULL &&
	    text_get(in, t->name, sizeof t->name) && people_is_name(span_str(t->name)) &&
	    roles_get(in, &t->roles);
	octets_get(in, t->hash, sizeof t->hash);
	t->made_s = cur_i64(in);
	t->until_s = cur_i64(in);
	return good && !in->bad;
}

static enum err
people_read(struct people *people, struct cur *in, struct why *why)
{
	uint64_t n = cur_varint(in);

	for (uint64_t i = 0; i < n; i++) {
		struct span login = cur_bytes(in);
		struct person *p = NULL;

		/* In order: each goes behind the one before. */
		if (!people_is_login(login) || (i > 0 &&
		    span_cmp(span_str(people->person[i - 1].login), login) >= 0) ||
		    people_add(people, login, &p, why) != OK || !person_get(in, p))
			return why_set(why, ERR_FORMAT, "account %llu is none",
			    (unsigned long long)i);
	}
	n = cur_varint(in);
	for (uint64_t i = 0; i < n; i++) {
		struct token *t = NULL;

		if (people_token_add(people, &t, why) != OK || !token_get(in, people, t))
			return why_set(why, ERR_FORMAT, "token %llu is none",
			    (unsigned long long)i);
	}
	return cur_done(in) ? OK : why_set(why, ERR_FORMAT, "the list of accounts has no end");
}

enum err
people_get(struct people *ret_people, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	struct people people = { 0 };
	enum err rc;

	must(ret_people->person == NULL && ret_people->token == NULL);
	rc = people_read(&people, &in, why);
	if (rc == OK)
		*ret_people = people;
	else
		people_done(&people);
	return rc;
}

/* ---- what is around it ---- */

void
people_seal(struct buf *out, const struct people *people, const uint8_t key[PEOPLE_KEY_BYTES],
    const uint8_t nonce[PEOPLE_NONCE_BYTES])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t from = out->n;
	struct buf body = { 0 };
	uint8_t *at;
	int n;

	must(ctx != NULL);
	buf_span_put(out, magic);
	buf_u32(out, VERSION);
	buf_put(out, nonce, PEOPLE_NONCE_BYTES);
	people_put(&body, people);
	must(body.n <= INT32_MAX);
	must(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1);
	must(EVP_EncryptUpdate(ctx, NULL, &n, out->p + from, HEAD_BYTES) == 1);
	at = buf_add(out, body.n + TAG_BYTES);
	must(EVP_EncryptUpdate(ctx, at, &n, body.p, (int)body.n) == 1 && (size_t)n == body.n);
	must(EVP_EncryptFinal_ex(ctx, at + body.n, &n) == 1 && n == 0);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, at + body.n) == 1);
	EVP_CIPHER_CTX_free(ctx);
	buf_wipe(&body);
}

static bool
body_open(struct buf *out, struct span head, struct span nonce, struct span sealed,
    struct span tag, const uint8_t key[PEOPLE_KEY_BYTES])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *at = buf_add(out, sealed.n);
	uint8_t sum[TAG_BYTES], none[1];
	bool ok;
	int n;

	must(ctx != NULL && sealed.n <= INT32_MAX);
	memcpy(sum, tag.p, sizeof sum);
	ok = EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce.p) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, head.p, (int)head.n) == 1 &&
	    EVP_DecryptUpdate(ctx, at, &n, sealed.p, (int)sealed.n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, sum) == 1 &&
	    EVP_DecryptFinal_ex(ctx, none, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

enum err
people_open(struct people *ret_people, struct span file, const uint8_t key[PEOPLE_KEY_BYTES],
    struct why *why)
{
	struct cur in = cur_of(file);
	struct span head = cur_span(&in, HEAD_BYTES), nonce = cur_span(&in, PEOPLE_NONCE_BYTES);
	struct span sealed, tag;
	struct buf body = { 0 };
	struct cur version;
	enum err rc = OK;

	if (in.bad || cur_left(&in) <= TAG_BYTES || !span_starts(head, magic) ||
	    file.n > LIMIT_PEOPLE_BYTES)
		return why_set(why, ERR_FORMAT, "no list of accounts");
	sealed = cur_span(&in, cur_left(&in) - TAG_BYTES);
	tag = cur_span(&in, TAG_BYTES);
	version = cur_of(span_sub(head, magic.n, 4));
	if (cur_u32(&version) != VERSION)
		return why_set(why, ERR_FORMAT, "accounts of another version of Trực Ban");
	if (!body_open(&body, head, nonce, sealed, tag, key))
		rc = why_set(why, ERR_PROOF, "accounts that do not open: another key, or the file "
		    "was changed");
	if (rc == OK)
		rc = people_get(ret_people, buf_span(&body), why);
	buf_wipe(&body);
	return rc;
}
