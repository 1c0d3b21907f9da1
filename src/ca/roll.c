/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of roll.h and its file:
 *
 *	8	"TBROLL01"
 *	4	number of agents
 *	...	each: bytes name, u8 state, varint unit, bytes class,
 *		2 x (16 serial, i64 from, i64 until),
 *		32 hash, i64 until, i64 used, 32 key, varint unit, bytes class   (the code)
 *		i64 revoked, bytes why
 *	32	SHA-256 of all before
 *
 * Valid if and only if (1) the sum fits, (2) names are valid and each is after the one before, (3)
 * states are known, classes and reasons have their lengths and no NUL, (4) nothing follows.
 */
#include "ca/roll.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/cur.h"
#include "base/must.h"
#include "base/plain.h"

static const struct span magic = { (const uint8_t *)"TBROLL01", 8 };

void
roll_done(struct roll *roll)
{
	free(roll->agent);
	*roll = (struct roll){ 0 };
}

void
roll_copy(struct roll *ret_roll, const struct roll *roll)
{
	must(ret_roll->agent == NULL);
	*ret_roll = (struct roll){ .n = roll->n, .room = roll->n };
	if (roll->n > 0)
		ret_roll->agent = xmemdup(roll->agent, roll->n * sizeof roll->agent[0]);
}

bool
roll_is_name(struct span name)
{
	return name.n < ROLL_NAME_BYTES && plain_is(name, "_", "._-");
}

/* The place of the first agent whose name is not before this one: they stand in order. */
static unsigned
place_of(const struct roll *roll, struct span name)
{
	unsigned from = 0, to = roll->n;

	while (from < to) {
		unsigned middle = from + (to - from) / 2;

		if (span_cmp(span_str(roll->agent[middle].name), name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct agent *
roll_find(const struct roll *roll, struct span name)
{
	unsigned at = place_of(roll, name);

	return at < roll->n && span_is(name, roll->agent[at].name) ? &roll->agent[at] : NULL;
}

struct agent *
roll_by_code(const struct roll *roll, const uint8_t hash[CODE_HASH_BYTES])
{
	struct agent *found = NULL;

	for (unsigned i = 0; i < roll->n; i++) {
		struct agent *a = &roll->agent[i];
		bool same = CRYPTO_memcmp(a->code.hash, hash, CODE_HASH_BYTES) == 0;

		if (same && a->code.until_s != 0)
			found = a;
	}
	return found;
}

struct agent *
roll_by_serial(const struct roll *roll, const uint8_t serial[ROLL_SERIAL_BYTES], int64_t now_s)
{
	for (unsigned i = 0; i < roll->n; i++)
		for (unsigned k = 0; k < ROLL_CERTS; k++) {
			const struct roll_cert *c = &roll->agent[i].cert[k];

			if (c->until_s != 0 && c->until_s > now_s &&
			    memcmp(c->serial, serial, sizeof c->serial) == 0)
				return &roll->agent[i];
		}
	return NULL;
}

enum err
roll_add(struct roll *roll, struct span name, struct agent **ret_agent, struct why *why)
{
	unsigned at = place_of(roll, name);
	struct agent *a;

	must(roll_is_name(name) && roll_find(roll, name) == NULL);
	if (roll->n == LIMIT_AGENTS)
		return why_set(why, ERR_LIMIT, "there are %d agents, which is as many as one desk "
		    "has", LIMIT_AGENTS);
	if (roll->n == roll->room) {
		roll->room = roll->room > 0 ? roll->room * 2 : 16;
		roll->agent = xreallocarray(roll->agent, roll->room, sizeof roll->agent[0]);
	}
	a = &roll->agent[at];
	memmove(a + 1, a, (roll->n - at) * sizeof *a);
	roll->n++;
	memset(a, 0, sizeof *a);
	memcpy(a->name, name.p, name.n);
	*ret_agent = a;
	return OK;
}

void
roll_certify(struct agent *agent, const struct roll_cert *cert, const uint8_t *stays)
{
	struct roll_cert before = { .until_s = 0 };

	for (unsigned i = 0; stays != NULL && i < ROLL_CERTS; i++)
		if (memcmp(agent->cert[i].serial, stays, ROLL_SERIAL_BYTES) == 0)
			before = agent->cert[i];
	agent->cert[0] = *cert;
	agent->cert[1] = before;
	agent->state = AGENT_ENROLLED;
	agent->revoked_s = 0;
	agent->why[0] = '\0';
}

void
roll_revoke(struct agent *agent, int64_t now_s, struct span why_text)
{
	memset(agent->cert, 0, sizeof agent->cert);
	memset(&agent->code, 0, sizeof agent->code);
	agent->state = AGENT_REVOKED;
	agent->revoked_s = now_s;
	why_text = span_sub(why_text, 0, sizeof agent->why - 1);
	memcpy(agent->why, why_text.p, why_text.n);
	agent->why[why_text.n] = '\0';
}

/* ---- the file ---- */

static void
agent_put(struct buf *out, const struct agent *a, enum roll_form form)
{
	static const uint8_t none[CODE_HASH_BYTES];

	buf_bytes(out, span_str(a->name));
	buf_u8(out, a->state);
	buf_varint(out, a->unit);
	buf_bytes(out, span_str(a->class));
	for (unsigned i = 0; i < ROLL_CERTS; i++) {
		buf_put(out, a->cert[i].serial, ROLL_SERIAL_BYTES);
		buf_i64(out, a->cert[i].from_s);
		buf_i64(out, a->cert[i].until_s);
	}
	buf_put(out, form == ROLL_FILE ? a->code.hash : none, CODE_HASH_BYTES);
	buf_i64(out, a->code.until_s);
	buf_i64(out, a->code.used_s);
	buf_put(out, form == ROLL_FILE ? a->code.key : none, ROLL_KEY_BYTES);
	buf_varint(out, a->code.unit);
	buf_bytes(out, span_str(a->code.class));
	buf_i64(out, a->revoked_s);
	buf_bytes(out, span_str(a->why));
}

void
roll_put(struct buf *out, const struct roll *roll, enum roll_form form)
{
	size_t from = out->n;
	uint8_t sum[SHA256_DIGEST_LENGTH];

	buf_span_put(out, magic);
	buf_u32(out, roll->n);
	for (unsigned i = 0; i < roll->n; i++)
		agent_put(out, &roll->agent[i], form);
	(void)SHA256(out->p + from, out->n - from, sum);
	buf_put(out, sum, sizeof sum);
}

/* bytes as a C string of at most n octets with its NUL; marks the reader bad when it is none */
static void
text_take(struct cur *in, char *at, size_t n)
{
	struct span s = cur_bytes(in);

	if (s.n >= n || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL)) {
		in->bad = true;
		return;
	}
	memcpy(at, s.p, s.n);
	at[s.n] = '\0';
}

static void
octets_take(struct cur *in, uint8_t *at, size_t n)
{
	struct span s = cur_span(in, n);

	if (s.n == n)
		memcpy(at, s.p, n);
}

static void
agent_take(struct cur *in, struct agent *a)
{
	a->state = cur_u8(in);
	a->unit = cur_varint(in);
	text_take(in, a->class, sizeof a->class);
	for (unsigned i = 0; i < ROLL_CERTS; i++) {
		octets_take(in, a->cert[i].serial, ROLL_SERIAL_BYTES);
		a->cert[i].from_s = cur_i64(in);
		a->cert[i].until_s = cur_i64(in);
	}
	octets_take(in, a->code.hash, CODE_HASH_BYTES);
	a->code.until_s = cur_i64(in);
	a->code.used_s = cur_i64(in);
	octets_take(in, a->code.key, ROLL_KEY_BYTES);
	a->code.unit = cur_varint(in);
	text_take(in, a->code.class, sizeof a->code.class);
	a->revoked_s = cur_i64(in);
	text_take(in, a->why, sizeof a->why);
	if (a->state >= AGENT_STATES)
		in->bad = true;
}

static enum err
agents_read(struct roll *roll, struct cur *in, struct why *why)
{
	uint32_t n;
	enum err rc = OK;

	if (!span_eq(cur_span(in, magic.n), magic))
		return why_set(why, ERR_FORMAT, "it is no list of agents, or one of a later "
		    "version");
	n = cur_u32(in);
	for (uint32_t i = 0; rc == OK && i < n && !in->bad; i++) {
		struct span name = cur_bytes(in);
		struct agent *a = NULL;

		if (!roll_is_name(name) || (i > 0 &&
		    span_cmp(span_str(roll->agent[i - 1].name), name) >= 0))
			return why_set(why, ERR_FORMAT, "its agent %u has no name, or not its "
			    "place", i);
		rc = roll_add(roll, name, &a, why);
		if (rc == OK)
			agent_take(in, a);
	}
	if (rc == OK && !cur_done(in))
		rc = why_set(why, ERR_FORMAT, "it is broken behind agent %u", roll->n);
	return rc;
}

enum err
roll_get(struct roll *ret_roll, struct span file, struct why *why)
{
	struct roll roll = { 0 };
	uint8_t sum[SHA256_DIGEST_LENGTH];
	struct span body;
	struct cur in;
	enum err rc;

	must(ret_roll->n == 0);
	if (file.n < sizeof sum)
		return why_set(why, ERR_FORMAT, "it ends early");
	body = span_sub(file, 0, file.n - sizeof sum);
	in = cur_of(body);
	(void)SHA256(body.p, body.n, sum);
	if (memcmp(sum, file.p + body.n, sizeof sum) != 0)
		return why_set(why, ERR_PROOF, "its sum does not fit: it was changed");
	rc = agents_read(&roll, &in, why);
	if (rc == OK)
		*ret_roll = roll;
	else
		roll_done(&roll);
	return rc;
}
