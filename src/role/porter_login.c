/* SPDX-License-Identifier: Apache-2.0 */
/* Log-in, log-out, and what everybody may change of his own account. */
#include "role/porter_int.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/random.h"
#include "model/base64.h"
#include "model/json.h"

enum { WRONG_MOST = 10 };		/* tries a minute that are told of one by one */

/* ---- who is there ---- */

/* What each role may: doc/formats/people.md, section 4. */
static const unsigned rights_of[] = {
	DESK_READ,
	DESK_READ | DESK_SEARCH,
	DESK_READ | DESK_SEARCH | DESK_ACT,
	DESK_READ | DESK_SEARCH | DESK_ACT | DESK_HEAD,
	DESK_READ | DESK_ADMIN,
	DESK_READ | DESK_SEARCH | DESK_AUDIT,
};

unsigned
porter_rights(unsigned roles)
{
	unsigned rights = 0;

	for (unsigned i = 0; i < sizeof rights_of / sizeof rights_of[0]; i++)
		if ((roles >> i & 1) != 0)
			rights |= rights_of[i];
	return rights;
}

void
porter_roles_put(struct buf *out, unsigned roles)
{
	const char *comma = "";

	buf_u8(out, '[');
	for (unsigned bit = 1; bit < PEOPLE_ROLES; bit <<= 1)
		if ((roles & bit) != 0) {
			buf_printf(out, "%s\"%s\"", comma, people_role_name(bit));
			comma = ",";
		}
	buf_u8(out, ']');
}

static unsigned
must_of(const struct person *p)
{
	return (p->once_until_s != 0 ? VISIT_MUST_PASSWORD : 0u) |
	    (!p->has_code && !p->no_code ? VISIT_MUST_CODE : 0u);
}

static void
visitor_fill(struct visitor *who, const struct person *p, unsigned roles)
{
	memcpy(who->login, p->login, sizeof who->login);
	who->must = must_of(p);
	who->rights = who->must == 0 ? porter_rights(roles) : 0;
}

static void
csrf_text(char ret[VISIT_CSRF_BYTES], const struct session *s)
{
	for (size_t i = 0; i < SESSION_CSRF_BYTES; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", s->csrf[i]);
}

_Static_assert(VISIT_CSRF_BYTES == 2 * SESSION_CSRF_BYTES + 1, "in hexadecimal");

static void
session_who(struct call *call, const uint8_t digest[SECRET_DIGEST_BYTES])
{
	struct session *s = session_find(&call->r->sessions, digest);
	int64_t now_s = porter_mono_s();
	const struct person *p = s != NULL ? people_find(&call->r->people, span_str(s->login)) :
	    NULL;

	/* One that lay too long has its row soon. */
	if (p == NULL || now_s - s->used_s >= s->idle_s ||
	    now_s - s->made_s >= call->r->rules.session_s)
		return;
	if (call->visit->touches)
		s->used_s = now_s;
	call->session = s;
	visitor_fill(&call->who, p, p->roles);
	call->who.session = true;
	csrf_text(call->who.csrf, s);
}

static void
token_who(struct call *call, const uint8_t digest[SECRET_DIGEST_BYTES])
{
	const struct token *t = people_token_by_hash(&call->r->people, digest, call->now_s);
	const struct person *p = t != NULL ? people_find(&call->r->people, span_str(t->owner)) :
	    NULL;

	if (p != NULL && !p->disabled && (t->roles & p->roles) != 0)
		visitor_fill(&call->who, p, t->roles & p->roles);
}

void
porter_who(struct call *call)
{
	uint8_t digest[SECRET_DIGEST_BYTES];

	call->who.accounts = call->r->people.n > 0;
	secret_digest(digest, call->visit->shown);
	if (call->visit->by == VISIT_COOKIE)
		session_who(call, digest);
	else if (call->visit->by == VISIT_TOKEN)
		token_who(call, digest);
}

/* ---- sessions ---- */

/* A new id each time that somebody may more than before: what was known before is worth nothing. */
static void
session_begin(struct call *call, const struct person *p)
{
	struct session *s = session_add(&call->r->sessions, p->login);
	uint8_t random[SECRET_RANDOM_BYTES];
	struct span from = span_sub(call->visit->ask.from, 0, sizeof s->from - 1);

	random_bytes(random, sizeof random);
	call->cookie.n = 0;
	secret_put(&call->cookie, "", random);
	secret_digest(s->digest, buf_span(&call->cookie));
	random_bytes(s->csrf, sizeof s->csrf);
	memcpy(s->login, p->login, sizeof s->login);
	if (from.n > 0)
		memcpy(s->from, from.p, from.n);
	s->made_s = s->used_s = porter_mono_s();
	s->idle_s = admit_idle(p, &call->r->rules);
	explicit_bzero(random, sizeof random);
	call->session = s;
	call->who = (struct visitor){ .accounts = true, .session = true };
	visitor_fill(&call->who, p, p->roles);
	csrf_text(call->who.csrf, s);
}

/* All of the account end, and one begins anew. */
static enum err
session_renew(struct call *call, const char *login, struct why *why)
{
	char name[PEOPLE_LOGIN_BYTES];

	(void)snprintf(name, sizeof name, "%s", login);
	session_end_all(&call->r->sessions, name);
	porter_forget(call->r);
	session_begin(call, people_find(&call->r->people, span_str(name)));
	return porter_me(call, why);
}

void
porter_sessions_turn(struct porter *r)
{
	struct session *s;
	struct why why = { "" };

	while ((s = session_stale(&r->sessions, porter_mono_s(), r->rules.session_s)) != NULL) {
		char login[PEOPLE_LOGIN_BYTES], from[SESSION_FROM_BYTES];
		bool idle = porter_mono_s() - s->used_s >= s->idle_s;

		memcpy(login, s->login, sizeof login);
		memcpy(from, s->from, sizeof from);
		session_end(&r->sessions, s);
		porter_forget(r);
		if (porter_ledger(r, &(struct ledger_act){ .act = "session-lock",
		    .who = span_str(login), .from = span_str(from),
		    .what = idle ? SPAN("idle") : SPAN("too long") }, &why) != OK)
			(void)fprintf(stderr, "trucban: porter: %s\n", why.text);
	}
}

/* ---- log-in ---- */

/* Names that nobody has are not told: people type passwords there. */
static enum err
wrong_tell(struct call *call, const char *login, const char *what, struct why *why)
{
	struct porter *r = call->r;
	int64_t minute = porter_mono_s() / 60;
	struct buf text = { 0 };
	enum err rc;

	if (minute != r->minute)
		r->wrong = 0;
	r->minute = minute;
	if (r->wrong >= WRONG_MOST) {
		r->wrong_untold++;
		return OK;
	}
	r->wrong++;
	buf_str(&text, what);
	if (r->wrong_untold > 0)
		buf_printf(&text, " (and %u before)", r->wrong_untold);
	rc = porter_ledger(r, &(struct ledger_act){ .act = "login-failed", .who = span_str(login),
	    .from = call->visit->ask.from, .what = buf_span(&text) }, why);
	if (rc == OK)
		r->wrong_untold = 0;
	buf_done(&text);
	return rc;
}

/* The count is on disk before anybody knows that it was wrong. */
static enum err
login_wrong(struct call *call, struct people *next, const struct person *p, enum admit admit,
    struct why *why)
{
	bool counted = admit == ADMIT_NOT_PASSWORD || admit == ADMIT_NOT_CODE;
	struct buf text = { 0 };
	char login[PEOPLE_LOGIN_BYTES];
	enum err rc = OK;

	memcpy(login, p->login, sizeof login);
	buf_printf(&text, "%s%s%c", admit_text(admit), counted && p->locked_s != 0 ?
	    "; the account is locked" : "", '\0');
	if (counted)
		rc = porter_keep(call->r, next, why);
	people_done(next);
	if (rc == OK)
		rc = wrong_tell(call, login, (const char *)text.p, why);
	buf_done(&text);
	return rc == OK ? call_refuse(call, "wrong") : rc;
}

enum err
porter_login(struct call *call, struct why *why)
{
	struct span login = call_param(call, "login"), password = call_param(call, "password");
	struct people next = { 0 };
	struct person *p;
	enum admit admit;
	enum err rc;

	if (!call->visit->ask.act || password.n > LIMIT_PASSWORD_BYTES)
		return call_refuse(call, "wrong");
	if (people_find(&call->r->people, login) == NULL) {
		admit_nobody(password);
		rc = wrong_tell(call, "", "no such login", why);
		return rc == OK ? call_refuse(call, "wrong") : rc;
	}
	people_copy(&next, &call->r->people);
	p = people_find(&next, login);
	admit = admit_try(p, &call->r->rules, password, call_param(call, "code"), call->now_s);
	if (admit != ADMIT_GOOD)
		return login_wrong(call, &next, p, admit, why);
	if (call->session != NULL)
		session_end(&call->r->sessions, call->session);
	call->who = (struct visitor){ .accounts = true };
	memcpy(call->who.login, p->login, sizeof call->who.login);
	rc = porter_change(call, "login", p->login, "", &next, why);
	if (rc != OK)
		return rc;
	session_begin(call, people_find(&call->r->people, login));
	return porter_me(call, why);
}

enum err
porter_logout(struct call *call, struct why *why)
{
	enum err rc;

	if (call->session == NULL || !call->visit->ask.act)
		return call_refuse(call, "login-wanted");
	rc = porter_ledger(call->r, &(struct ledger_act){ .act = "logout",
	    .who = span_str(call->who.login), .from = call->visit->ask.from }, why);
	if (rc != OK)
		return rc;
	/* The row waited, and others may have ended: it is looked for again. */
	porter_who(call);
	if (call->session != NULL)
		session_end(&call->r->sessions, call->session);
	porter_forget(call->r);
	buf_str(&call->cookie, "-");
	buf_str(&call->json, "{}\n");
	return OK;
}

/* ---- what everybody may ---- */

static void
must_put(struct buf *out, unsigned must_do)
{
	buf_printf(out, ",\"must\":[%s%s%s]", (must_do & VISIT_MUST_PASSWORD) != 0 ?
	    "\"password\"" : "", must_do == (VISIT_MUST_PASSWORD | VISIT_MUST_CODE) ? "," : "",
	    (must_do & VISIT_MUST_CODE) != 0 ? "\"totp\"" : "");
}

static void
rights_put(struct buf *out, unsigned rights)
{
	static const char *const name[] = { "read", "act", "head", "admin", "audit", "search" };
	const char *comma = "";

	buf_str(out, ",\"rights\":[");
	for (unsigned i = 0; i < sizeof name / sizeof name[0]; i++)
		if ((rights >> i & 1) != 0) {
			buf_printf(out, "%s\"%s\"", comma, name[i]);
			comma = ",";
		}
	buf_u8(out, ']');
}

enum err
porter_me(struct call *call, struct why *why)
{
	const struct desk_ask *ask = &call->visit->ask;
	const struct person *p = people_find(&call->r->people, span_str(call->who.login));
	struct buf *out = &call->json;

	(void)why;
	if (p == NULL && ask->rights == 0)
		return call_refuse(call, call->who.accounts ? "login-wanted" : "no-account");
	out->n = 0;
	buf_str(out, "{\"login\":");
	json_string(out, p != NULL ? span_str(p->login) : ask->who);
	buf_str(out, ",\"name\":");
	json_string(out, span_str(p != NULL ? p->name : ""));
	buf_str(out, ",\"roles\":");
	porter_roles_put(out, p != NULL ? p->roles : 0);
	rights_put(out, p != NULL ? call->who.rights : ask->rights);
	must_put(out, call->who.must);
	buf_str(out, ",\"csrf\":");
	json_string(out, span_str(call->who.csrf));
	buf_printf(out, ",\"idle_s\":%lld,\"zone_minutes\":%lld}\n", call->session != NULL ?
	    (long long)call->session->idle_s : 0, (long long)call->r->brief.conf.zone_minutes);
	call->status = 200;
	return OK;
}

/* A session whose holder does not know the password is somebody else's: tries count. */
static enum err
password_wrong(struct call *call, struct people *next, struct person *p, struct why *why)
{
	char login[PEOPLE_LOGIN_BYTES];

	memcpy(login, p->login, sizeof login);
	if (admit_wrong(p, &call->r->rules, call->now_s)) {
		session_end_all(&call->r->sessions, login);
		porter_forget(call->r);
	}
	return login_wrong(call, next, p, ADMIT_NOT_PASSWORD, why);
}

enum err
porter_password(struct call *call, struct why *why)
{
	struct span old = call_param(call, "old"), new = call_param(call, "new");
	struct people next = { 0 };
	struct person *p;
	enum err rc;

	if (call->session == NULL || !call->visit->ask.act)
		return call_refuse(call, "login-wanted");
	people_copy(&next, &call->r->people);
	p = people_find(&next, span_str(call->who.login));
	if (old.n > LIMIT_PASSWORD_BYTES || !secret_is(p->hash, old))
		return password_wrong(call, &next, p, why);
	if (!secret_is_password(new, (unsigned)admit_password(p, &call->r->rules)) ||
	    span_eq(old, new) || span_is(new, p->login)) {
		people_done(&next);
		return call_refuse(call, span_eq(old, new) ? "password-same" : "password-short");
	}
	secret_hash(p->hash, new);
	p->once_until_s = 0;
	p->failed = 0;
	rc = porter_change(call, "user-password", p->login, "changed by its owner", &next, why);
	return rc == OK ? session_renew(call, call->who.login, why) : rc;
}

/* Not in use before it is shown that the phone has it. */
static enum err
code_begin(struct call *call)
{
	struct session *s = call->session;
	struct buf text = { 0 };

	random_bytes(s->seed, sizeof s->seed);
	s->pending = true;
	base32_put(&text, span_of(s->seed, sizeof s->seed));
	buf_str(&call->json, "{\"secret\":");
	json_string(&call->json, buf_span(&text));
	explicit_bzero(text.p, text.cap);
	text.n = 0;
	totp_uri(&text, s->seed, s->login);
	buf_str(&call->json, ",\"uri\":");
	json_string(&call->json, buf_span(&text));
	buf_str(&call->json, "}\n");
	buf_wipe(&text);
	return OK;
}

enum err
porter_code(struct call *call, struct why *why)
{
	struct session *s = call->session;
	struct span code = call_param(call, "code");
	struct people next = { 0 };
	struct person *p;
	uint64_t step = 0;
	enum err rc;

	if (s == NULL || !call->visit->ask.act)
		return call_refuse(call, "login-wanted");
	if (people_find(&call->r->people, span_str(s->login))->has_code)
		return call_refuse(call, "code-set");
	if (code.n == 0)
		return code_begin(call);
	if (!s->pending)
		return call_refuse(call, "code-none");
	if (!totp_check(s->seed, code, call->now_s, 0, &step))
		return call_refuse(call, "code-wrong");
	people_copy(&next, &call->r->people);
	p = people_find(&next, span_str(s->login));
	memcpy(p->seed, s->seed, sizeof p->seed);
	p->has_code = true;
	p->step = step;
	rc = porter_change(call, "user-set", p->login, "codes set up", &next, why);
	return rc == OK ? session_renew(call, call->who.login, why) : rc;
}
