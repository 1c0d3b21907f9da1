/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registrar does: invite, issue, enrol, renew, revoke; doc/formats/agent.md, sections 4
 * and 6. Each works on a copy of the roll, which takes the place of ours when ledger and disk have
 * it. What a stranger sends is looked at in this order: its form, its code, and only behind a good
 * code its signing request, which OpenSSL reads.
 */
#include "role/registrar_int.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/random.h"
#include "ca/body.h"

enum {
	DAY_S = 86400,
	RENEW_S = 10,			/* between two of one agent */
	MINUTE_S = 60,
};

static void
hex_put(struct buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", p[i]);
}

/* ---- one act ---- */

struct roll_act {
	const char *name;		/* of the ledger */
	struct span who, from;
	struct buf what;
};

/* Row, roll, intake; *next is empty afterwards, whatever became of it. */
static enum err
act_do(struct registrar *r, struct roll_act *act, struct roll *next, struct why *why)
{
	struct ledger_act row = { .act = act->name, .who = act->who, .from = act->from,
	    .what = buf_span(&act->what) };
	struct why ignored;
	enum err rc;

	rc = registrar_ledger(r, &row, why);
	if (rc == OK) {
		rc = registrar_roll_keep(r, next, why);
		if (rc == OK) {
			registrar_tell(r);
		} else {
			row.act = "agent-failed";
			(void)ledger_write(r->ledger, &row, clock_wall_ns(), &ignored);
			(void)fprintf(stderr, "trucban: registrar: %s\n", why->text);
		}
	}
	roll_done(next);
	buf_done(&act->what);
	return rc;
}

/* A certificate for the key in the request, in the agent and as PEM with the authority's. */
static enum err
certify(struct registrar *r, struct agent *a, const struct request *request, uint64_t days,
    const uint8_t *stays, struct buf *out, struct why *why)
{
	int64_t now = registrar_now_s(), most = authority_until_s(r->authority);
	struct authority_cert say = { .name = a->name, .from_s = now - ROLL_EARLY_S,
	    .until_s = now + (int64_t)(days > 0 ? days : (uint64_t)r->brief.conf.agent_days) *
	    DAY_S };
	struct roll_cert cert;
	enum err rc;

	if (say.until_s > most)
		say.until_s = most;
	random_bytes(say.serial, sizeof say.serial);
	authority_serial(say.serial);
	rc = authority_client(r->authority, &say, request, out, why);
	if (rc != OK)
		return rc;
	buf_span_put(out, buf_span(&r->ca));
	cert = (struct roll_cert){ .from_s = say.from_s, .until_s = say.until_s };
	memcpy(cert.serial, say.serial, sizeof cert.serial);
	roll_certify(a, &cert, stays);
	return OK;
}

static void
say_agent(struct buf *what, const struct agent *a)
{
	buf_printf(what, "%s unit=%llu class=%s", a->name, (unsigned long long)a->unit, a->class);
	if (a->cert[0].until_s == 0)
		return;
	buf_str(what, " serial=");
	hex_put(what, a->cert[0].serial, ROLL_SERIAL_BYTES);
}

/* ---- over the unix socket ---- */

static enum err
class_check(const struct registrar *r, struct span class, struct why *why)
{
	char name[LIMIT_NAME_BYTES + 1];

	(void)snprintf(name, sizeof name, "%.*s", (int)class.n,
	    class.n > 0 ? (const char *)class.p : "");
	if (class.n < ROLL_CLASS_BYTES && conf_class_index(&r->brief.conf, name) >= 0)
		return OK;
	return why_set(why, ERR_ABSENT, "there is no class %s; the configuration names them under "
	    "classes", name);
}

/* The agent of this name in the copy, made when it is new. */
static enum err
agent_of(const struct registrar *r, struct roll *next, const struct agents_ask *ask,
    struct agent **ret, struct why *why)
{
	enum err rc;

	if (!roll_is_name(ask->name))
		return why_set(why, ERR_FORMAT, "'%.*s' is no name of an agent; use up to 64 "
		    "letters, digits, - _ and .", (int)(ask->name.n < 80 ? ask->name.n : 80),
		    ask->name.n > 0 ? (const char *)ask->name.p : "");
	rc = class_check(r, ask->class, why);
	if (rc != OK)
		return rc;
	roll_copy(next, &r->roll);
	*ret = roll_find(next, ask->name);
	return *ret != NULL ? OK : roll_add(next, ask->name, ret, why);
}

static void
class_put(char class[ROLL_CLASS_BYTES], struct span from)
{
	memset(class, 0, ROLL_CLASS_BYTES);
	if (from.n > 0)
		memcpy(class, from.p, from.n);
}

/* The address that is in no doubt: said now, configured, or that of the first http door. */
static enum err
address_find(const struct registrar *r, struct span said, struct code *code, struct why *why)
{
	const struct conf *conf = &r->brief.conf;
	char text[CONF_PATH + REGISTRAR_NAME_BYTES];
	bool known = true;

	if (said.n > 0)
		return code_address(code, said, why);
	if (conf->agent_address[0] != '\0')
		return code_address(code, span_str(conf->agent_address), why);
	for (unsigned i = 0; i < conf->nlistener; i++) {
		const struct conf_listener *l = &conf->listener[i];
		const char *colon = strrchr(l->address, ':');
		size_t n = colon != NULL ? (size_t)(colon - l->address) : 0;
		bool any = n == 0 || strncmp(l->address, "0.0.0.0:", 8) == 0 ||
		    strncmp(l->address, "[::]:", 5) == 0;

		if (l->kind != CONF_HTTP || !conf_is_own(l->cert) || colon == NULL)
			continue;
		known = !any || r->address[0] != '\0';
		if (!known)
			continue;
		(void)snprintf(text, sizeof text, "%s%s", any ? r->address : "",
		    any ? colon : l->address);
		return code_address(code, span_str(text), why);
	}
	if (!known)
		return why_set(why, ERR_ABSENT, "this machine had no address when the desk began; "
		    "say --address HOST:PORT as the host sees the desk");
	return why_set(why, ERR_ABSENT, "no listener of kind http has cert: own, and enrolment "
	    "goes there; add one to the configuration, or say --address HOST:PORT");
}

static enum err
invite(struct registrar *r, const struct agents_ask *ask, struct roll_act *act, struct buf *out,
    struct why *why)
{
	uint64_t days = ask->days > 0 ? ask->days : CODE_DAYS;
	struct roll next = { 0 };
	struct code code = { .port = 0 };
	struct agent *a = NULL;
	enum err rc;

	if (days > AGENTS_INVITE_DAYS_MAX)
		return why_set(why, ERR_LIMIT, "an invitation is good for at most %d days",
		    AGENTS_INVITE_DAYS_MAX);
	rc = address_find(r, ask->text, &code, why);
	if (rc == OK)
		rc = agent_of(r, &next, ask, &a, why);
	if (rc == OK) {
		authority_finger(r->authority, code.finger);
		random_bytes(code.secret, sizeof code.secret);
		a->code = (struct roll_code){ .unit = ask->unit,
		    .until_s = registrar_now_s() + (int64_t)days * DAY_S };
		code_hash(a->code.hash, code.secret);
		class_put(a->code.class, ask->class);
		if (a->state == AGENT_REVOKED || a->cert[0].until_s == 0) {
			a->state = AGENT_INVITED;
			a->revoked_s = 0;
			a->why[0] = '\0';
			a->unit = ask->unit;
			class_put(a->class, ask->class);
		}
		buf_printf(&act->what, "%s unit=%llu class=%s days=%llu", a->name,
		    (unsigned long long)ask->unit, a->code.class, (unsigned long long)days);
		rc = act_do(r, act, &next, why);
	}
	if (rc == OK)
		code_put(out, &code);
	explicit_bzero(&code, sizeof code);
	roll_done(&next);
	return rc;
}

/* A certificate that somebody sends with ends with the next one: only who knows that may ask it. */
static enum err
free_check(const struct registrar *r, const struct agent *a, struct why *why)
{
	int32_t zone_s = (int32_t)r->brief.conf.zone_minutes * 60;
	char made[CIVIL_TEXT_BYTES + 1], until[CIVIL_TEXT_BYTES + 1];

	if (a->cert[0].until_s <= registrar_now_s())
		return OK;
	made[civil_put((uint8_t *)made, roll_made_s(&a->cert[0]) * CIVIL_SECOND_NS, 0, zone_s)] = 0;
	until[civil_put((uint8_t *)until, a->cert[0].until_s * CIVIL_SECOND_NS, 0, zone_s)] = 0;
	return why_set(why, ERR_BUSY, "%s has a certificate already, made %s, good until %s; a new "
	    "one ends it at once, and who sends with it is shut out: say --replace when that is "
	    "meant, else take another name", a->name, made, until);
}

static enum err
issue(struct registrar *r, const struct agents_ask *ask, struct roll_act *act, struct buf *out,
    struct why *why)
{
	struct request *request = NULL;
	struct roll next = { 0 };
	struct agent *a = NULL;
	enum err rc;

	rc = agent_of(r, &next, ask, &a, why);
	if (rc == OK && (ask->flags & AGENTS_REPLACE) == 0)
		rc = free_check(r, a, why);
	if (rc == OK)
		rc = request_read(&request, ask->text, why);
	if (rc == OK) {
		a->unit = ask->unit;
		class_put(a->class, ask->class);
		rc = certify(r, a, request, ask->days, NULL, out, why);
	}
	if (rc == OK) {
		say_agent(&act->what, a);
		rc = act_do(r, act, &next, why);
	}
	request_free(&request);
	roll_done(&next);
	return rc;
}

static enum err
list(struct registrar *r, const struct agents_ask *ask, struct roll_act *act, struct buf *out,
    struct why *why)
{
	(void)ask;
	(void)act;
	(void)why;
	roll_put(out, &r->roll, ROLL_SHOWN);
	return OK;
}

static enum err
desk_show(struct registrar *r, const struct agents_ask *ask, struct roll_act *act, struct buf *out,
    struct why *why)
{
	(void)ask;
	(void)act;
	(void)why;
	buf_span_put(out, buf_span(&r->chain));
	return OK;
}

/* The first reason stays: it says when and why senders were shut out. */
static enum err
revoked_before(const struct registrar *r, const struct agent *a, struct why *why)
{
	char at[CIVIL_TEXT_BYTES + 1];

	at[civil_put((uint8_t *)at, a->revoked_s * CIVIL_SECOND_NS, 0,
	    (int32_t)r->brief.conf.zone_minutes * 60)] = '\0';
	return why_set(why, ERR_BUSY, "%s was revoked already, at %s, which stays as it is; the "
	    "reason was: %s", a->name, at, a->why);
}

static enum err
revoke(struct registrar *r, const struct agents_ask *ask, struct roll_act *act, struct buf *out,
    struct why *why)
{
	const struct agent *known = roll_find(&r->roll, ask->name);
	struct roll next = { 0 };
	struct agent *a;

	if (known == NULL)
		return why_set(why, ERR_ABSENT, "there is no agent of this name; see: trucban "
		    "agent list");
	if (known->state == AGENT_REVOKED)
		return revoked_before(r, known, why);
	if (ask->text.n == 0 || memchr(ask->text.p, '\0', ask->text.n) != NULL)
		return why_set(why, ERR_FORMAT, "say why: --why TEXT");
	roll_copy(&next, &r->roll);
	a = roll_find(&next, ask->name);
	say_agent(&act->what, a);
	buf_printf(&act->what, " why=%.*s", (int)(ask->text.n < 4096 ? ask->text.n : 4096),
	    (const char *)ask->text.p);
	if (a->state == AGENT_INVITED)
		buf_str(out, AGENTS_UNINVITED);
	roll_revoke(a, registrar_now_s(), ask->text);
	return act_do(r, act, &next, why);
}

enum err
registrar_ask(struct registrar *r, const struct agents_ask *ask, const char *who,
    struct buf *out, struct why *why)
{
	static const struct {
		const char *act;
		enum err (*run)(struct registrar *r, const struct agents_ask *ask,
		    struct roll_act *act, struct buf *out, struct why *why);
	} row[AGENTS_END] = {
		[AGENTS_INVITE] = { "agent-invite", invite },
		[AGENTS_ISSUE] = { "agent-issue", issue },
		[AGENTS_LIST] = { "agent-list", list },
		[AGENTS_REVOKE] = { "agent-revoke", revoke },
		[AGENTS_DESK] = { "agent-desk", desk_show },
	};
	struct roll_act act = { .who = span_str(who), .from = SPAN("unix") };
	enum err rc;

	must(ask->what > 0 && ask->what < AGENTS_END);
	act.name = row[ask->what].act;
	rc = row[ask->what].run(r, ask, &act, out, why);
	buf_done(&act.what);
	return rc;
}

/* ---- over the network ---- */

static unsigned
say(struct buf *out, unsigned status, const char *text)
{
	out->n = 0;
	buf_printf(out, "%s\n", text);
	return status;
}

static unsigned
say_why(struct buf *out, enum err rc, const struct why *why)
{
	out->n = 0;
	buf_printf(out, "%s: %s\n", rc == ERR_FORMAT ? "format" : "busy", why->text);
	return rc == ERR_FORMAT ? 400 : 503;
}

/* A code that is none, or none any more: told in the ledger, but not more than a few a minute. */
static unsigned
code_refuse(struct registrar *r, const struct enrol *enrol, const struct agent *a,
    unsigned status, const char *text, struct buf *out)
{
	int64_t minute = registrar_now_s() / MINUTE_S;
	struct roll_act act = { .name = "agent-refused", .who = SPAN(""), .from = enrol->peer };
	struct ledger_act row;
	struct why why = { "" };
	enum err rc;

	if (minute != r->minute)
		r->wrong = 0;
	r->minute = minute;
	if (r->wrong >= WRONG_MOST) {
		r->wrong_untold++;
		return say(out, 429, "wait: too many wrong codes came in this minute");
	}
	r->wrong++;
	buf_printf(&act.what, "%s%s%.*s", a != NULL ? a->name : "", a != NULL ? ": " : "",
	    (int)strcspn(text, ":"), text);
	if (r->wrong_untold > 0)
		buf_printf(&act.what, " (and %u before)", r->wrong_untold);
	row = (struct ledger_act){ .act = act.name, .who = act.who, .from = act.from,
	    .what = buf_span(&act.what) };
	rc = registrar_ledger(r, &row, &why);
	buf_done(&act.what);
	if (rc != OK)
		return say_why(out, rc, &why);
	r->wrong_untold = 0;
	return say(out, status, text);
}

/* Unit and class of one who enrols are those of the code; one who renews keeps his. */
static unsigned
enrol_issue(struct registrar *r, const struct enrol *enrol, const struct agent *known,
    const struct request *request, const uint8_t key[ROLL_KEY_BYTES], struct buf *out)
{
	struct roll_act act = { .name = enrol->what == ENROL_CODE ? "agent-enrol" : "agent-renew",
	    .from = enrol->peer };
	struct roll next = { 0 };
	struct why why = { "" };
	char name[ROLL_NAME_BYTES];
	struct agent *a;
	enum err rc;

	/* Both rolls go before the row is forgotten. */
	(void)snprintf(name, sizeof name, "%s", known->name);
	act.who = span_str(name);
	roll_copy(&next, &r->roll);
	a = roll_find(&next, act.who);
	if (enrol->what == ENROL_CODE) {
		a->unit = a->code.unit;
		memcpy(a->class, a->code.class, sizeof a->class);
		a->code.used_s = registrar_now_s();
		memcpy(a->code.key, key, sizeof a->code.key);
		if (registrar_class_gone(r, a))
			registrar_class_tell(a);
	}
	rc = certify(r, a, request, 0, enrol->what == ENROL_CODE ? NULL : enrol->serial.p, out,
	    &why);
	if (rc == OK) {
		say_agent(&act.what, a);
		rc = act_do(r, &act, &next, &why);
	}
	roll_done(&next);
	buf_done(&act.what);
	return rc == OK ? 200 : say_why(out, rc, &why);
}

static unsigned
code_enrol(struct registrar *r, const struct enrol *enrol, struct span secret_text,
    struct span pem, struct buf *out)
{
	uint8_t secret[CODE_SECRET_BYTES], hash[CODE_HASH_BYTES], key[ROLL_KEY_BYTES];
	struct request *request = NULL;
	const struct agent *a;
	struct why why = { "" };
	unsigned status;
	enum err rc;

	if (code_secret_get(secret, secret_text) != OK)
		return say(out, 400, "format: this is no code");
	code_hash(hash, secret);
	explicit_bzero(secret, sizeof secret);
	a = roll_by_code(&r->roll, hash);
	if (a == NULL)
		return code_refuse(r, enrol, NULL, 403, "unknown: no invitation has this code; it "
		    "was replaced by a later one, or is another desk's", out);
	if (a->code.until_s <= registrar_now_s())
		return code_refuse(r, enrol, a, 410, "expired: the days of this code have passed; "
		    "ask for a new one", out);
	rc = request_read(&request, pem, &why);
	if (rc != OK)
		return say_why(out, rc, &why);
	request_key(request, key);
	/* Once more with the same key: the answer was lost. */
	if (a->code.used_s != 0 && memcmp(key, a->code.key, sizeof key) != 0)
		status = code_refuse(r, enrol, a, 410, "used: this code was used already; ask for "
		    "a new one, and ask who used it", out);
	else
		status = enrol_issue(r, enrol, a, request, key, out);
	request_free(&request);
	return status;
}

static unsigned
renew(struct registrar *r, const struct enrol *enrol, struct span pem, struct buf *out)
{
	const struct agent *a = roll_by_serial(&r->roll, enrol->serial.p, registrar_now_s());
	uint8_t key[ROLL_KEY_BYTES];
	struct request *request = NULL;
	struct why why = { "" };
	unsigned status;

	if (a == NULL)
		return say(out, 401, "certificate: it is good no more");
	if (registrar_now_s() - roll_made_s(&a->cert[0]) < RENEW_S)
		return say(out, 429, "wait: the certificate was renewed a moment ago");
	if (request_read(&request, pem, &why) != OK)
		return say_why(out, ERR_FORMAT, &why);
	request_key(request, key);
	status = enrol_issue(r, enrol, a, request, key, out);
	request_free(&request);
	return status;
}

unsigned
registrar_enrol(struct registrar *r, const struct enrol *enrol, struct buf *out)
{
	struct span secret, pem;

	if (!body_get(&secret, &pem, enrol->body))
		return say(out, 400, "format: this is no enrolment");
	return enrol->what == ENROL_CODE ? code_enrol(r, enrol, secret, pem, out) :
	    renew(r, enrol, pem, out);
}
