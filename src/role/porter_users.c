/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator does with accounts, and tokens of programs. */
#include "role/porter_int.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/random.h"
#include "model/json.h"

enum { DAYS_MOST = 3650, DAYS_USUAL = 365, DAY_S = 86400 };

/* Root or the desk's own user, over the unix socket: the front says so. */
static bool
is_local(const struct call *call)
{
	return call->visit->by == VISIT_NOTHING && call->visit->ask.rights == DESK_ALL;
}

static bool
is_admin(const struct call *call)
{
	return is_local(call) || (call->session != NULL && (call->who.rights & DESK_ADMIN) != 0);
}

/* The word for who may not. */
static const char *
refusal(const struct call *call)
{
	if (call->who.login[0] == '\0')
		return "login-wanted";
	return call->session == NULL ? "no-token" : "no-right";
}

static void
time_put(struct buf *out, const char *name, int64_t s)
{
	uint8_t text[CIVIL_TEXT_BYTES];

	buf_printf(out, ",\"%s\":", name);
	if (s <= 0 || s > INT64_MAX / CIVIL_SECOND_NS) {
		buf_str(out, "null");
		return;
	}
	json_string(out, span_of(text, civil_put(text, s * CIVIL_SECOND_NS, 0, 0)));
}

/* ---- the list ---- */

static void
person_put(struct call *call, const struct person *p)
{
	struct buf *out = &call->json;
	bool locked = p->locked_s != 0 && call->now_s - p->locked_s < call->r->rules.lock_s;

	buf_str(out, "{\"login\":");
	json_string(out, span_str(p->login));
	buf_str(out, ",\"name\":");
	json_string(out, span_str(p->name));
	buf_str(out, ",\"roles\":");
	porter_roles_put(out, p->roles);
	buf_printf(out, ",\"disabled\":%s,\"locked\":%s,\"totp\":%s,\"code\":%s,\"once\":%s",
	    p->disabled ? "true" : "false", locked ? "true" : "false",
	    p->has_code ? "true" : "false", p->no_code ? "false" : "true",
	    p->once_until_s != 0 ? "true" : "false");
	time_put(out, "made", p->made_s);
	time_put(out, "used", p->used_s);
	buf_u8(out, '}');
}

static void
roles_text(struct buf *out, unsigned roles)
{
	const char *comma = "";

	for (unsigned bit = 1; bit < PEOPLE_ROLES; bit <<= 1)
		if ((roles & bit) != 0) {
			buf_printf(out, "%s%s", comma, people_role_name(bit));
			comma = ",";
		}
}

static void
time_text(struct buf *out, const struct call *call, int64_t s)
{
	uint8_t text[CIVIL_TEXT_BYTES];

	buf_span_put(out, span_of(text, civil_put(text, s * CIVIL_SECOND_NS, 0,
	    (int32_t)call->r->brief.conf.zone_minutes * 60)));
}

static void
person_text(struct call *call, const struct person *p)
{
	struct buf *out = &call->json;
	bool locked = p->locked_s != 0 && call->now_s - p->locked_s < call->r->rules.lock_s;

	buf_printf(out, "%-20s ", p->login);
	roles_text(out, p->roles);
	if (p->name[0] != '\0')
		buf_printf(out, "  %s", p->name);
	if (p->disabled)
		buf_str(out, call_say(call, "  [đã khóa]", "  [disabled]"));
	if (locked)
		buf_str(out, call_say(call, "  [tạm khóa vì đăng nhập sai]", "  [locked]"));
	if (p->once_until_s != 0)
		buf_str(out, call_say(call, "  [chưa đổi mật khẩu cấp lần đầu]",
		    "  [password not changed yet]"));
	if (!p->has_code && !p->no_code)
		buf_str(out, call_say(call, "  [chưa cài mã xác thực]", "  [no codes yet]"));
	buf_str(out, call_say(call, "  đăng nhập lần cuối ", "  last log-in "));
	if (p->used_s > 0)
		time_text(out, call, p->used_s);
	else
		buf_str(out, call_say(call, "chưa lần nào", "never"));
	buf_u8(out, '\n');
}

static enum err
users_list(struct call *call)
{
	const struct people *people = &call->r->people;

	if (call_is_text(call)) {
		for (unsigned i = 0; i < people->n; i++)
			person_text(call, &people->person[i]);
		return OK;
	}
	buf_printf(&call->json, "{\"total\":%u,\"users\":[", people->n);
	for (unsigned i = 0; i < people->n; i++) {
		if (i > 0)
			buf_u8(&call->json, ',');
		person_put(call, &people->person[i]);
	}
	buf_str(&call->json, "]}\n");
	return OK;
}

/* ---- acts ---- */

static void
once_show(struct call *call, const struct person *p, struct span password)
{
	struct buf *out = &call->json;

	if (call_is_text(call)) {
		buf_printf(out, call_say(call, "Mật khẩu dùng lần đầu của %s: %.*s\nPhải đổi khi "
		    "đăng nhập, muộn nhất ", "The first password of %s: %.*s\nTo be changed at "
		    "log-in, before "), p->login, (int)password.n, (const char *)password.p);
		time_text(out, call, p->once_until_s);
		buf_u8(out, '\n');
		return;
	}
	buf_str(out, "{\"login\":");
	json_string(out, span_str(p->login));
	buf_str(out, ",\"password\":");
	json_string(out, password);
	time_put(out, "until", p->once_until_s);
	buf_str(out, "}\n");
}

/* A password that is given out: shown once, here. */
static void
once_make(struct call *call, struct person *p)
{
	uint8_t random[SECRET_ONCE_BYTES];
	struct buf text = { 0 };

	random_bytes(random, sizeof random);
	secret_once_put(&text, random);
	secret_hash(p->hash, buf_span(&text));
	p->once_until_s = call->now_s + call->r->rules.once_s;
	p->failed = 0;
	p->locked_s = 0;
	once_show(call, p, buf_span(&text));
	explicit_bzero(random, sizeof random);
	buf_wipe(&text);
}

/* All that an account is, may change with it: its sessions end. */
static enum err
user_keep(struct call *call, const char *act, const char *login, struct span what,
    struct people *next, struct why *why)
{
	char name[PEOPLE_LOGIN_BYTES], text[PEOPLE_NAME_BYTES + 64];
	enum err rc;

	(void)snprintf(name, sizeof name, "%s", login);
	(void)snprintf(text, sizeof text, "%.*s", (int)what.n,
	    what.n > 0 ? (const char *)what.p : "");
	if (people_count(next, PEOPLE_ADMIN) == 0 &&
	    people_count(&call->r->people, PEOPLE_ADMIN) > 0) {
		people_done(next);
		return call_refuse(call, "last-admin");
	}
	rc = porter_change(call, act, name, text, next, why);
	if (rc != OK)
		return rc;
	session_end_all(&call->r->sessions, name);
	porter_forget(call->r);
	if (call->json.n == 0)
		buf_str(&call->json, call_is_text(call) ? "" : "{}\n");
	return OK;
}

/* name, roles and code as they were said; a word when one of them is wrong. */
static const char *
user_fields(const struct call *call, struct person *p)
{
	struct span name = call_param(call, "name"), roles = call_param(call, "roles");
	struct span code = call_param(call, "code");

	if (!people_is_name(name))
		return "name-bad";
	if (roles.n > 0 && people_roles_read(roles) == 0)
		return "roles-bad";
	if (code.n > 0 && !span_is(code, "yes") && !span_is(code, "no"))
		return "code-bad";
	if (name.n > 0) {
		memset(p->name, 0, sizeof p->name);
		memcpy(p->name, name.p, name.n);
	}
	if (roles.n > 0)
		p->roles = people_roles_read(roles);
	if (code.n > 0)
		p->no_code = span_is(code, "no");
	return p->roles == 0 ? "roles-bad" : NULL;
}

static enum err
user_add(struct call *call, struct why *why)
{
	struct span login = call_param(call, "login");
	struct people next = { 0 };
	struct person *p = NULL;
	const char *word = people_is_login(login) ? NULL : "login-bad";
	enum err rc;

	people_copy(&next, &call->r->people);
	rc = word == NULL ? people_add(&next, login, &p, why) : OK;
	if (rc != OK)
		word = rc == ERR_BUSY ? "login-taken" : "too-many";
	if (word == NULL)
		word = user_fields(call, p);
	if (word != NULL) {
		people_done(&next);
		return call_refuse(call, word);
	}
	p->made_s = call->now_s;
	once_make(call, p);
	return user_keep(call, "user-add", p->login, call_param(call, "roles"), &next, why);
}

/* Where nobody has logged in yet: an administrator, whose password the desk's owner sees. */
static enum err
user_first(struct call *call, struct why *why)
{
	struct people next = { 0 };
	struct person *p;

	if (!is_local(call))
		return call_refuse(call, "unix-only");
	for (unsigned i = 0; i < call->r->people.n; i++)
		if (call->r->people.person[i].used_s != 0)
			return call_refuse(call, "first-over");
	people_copy(&next, &call->r->people);
	p = people_find(&next, SPAN("admin"));
	if (p == NULL && people_add(&next, SPAN("admin"), &p, why) != OK) {
		people_done(&next);
		return call_refuse(call, "too-many");
	}
	p->roles = PEOPLE_ADMIN;
	p->disabled = false;
	p->made_s = call->now_s;
	once_make(call, p);
	return user_keep(call, "user-add", "admin", SPAN("admin, the first"), &next, why);
}

/* ---- one account ---- */

struct verb {
	const char *name;
	const char *act;
	const char *what;		/* NULL: roles as they were said */
	const char *(*run)(struct call *call, struct person *p);
};

static const char *
user_set(struct call *call, struct person *p)
{
	return user_fields(call, p);
}

static const char *
user_disable(struct call *call, struct person *p)
{
	(void)call;
	p->disabled = true;
	return NULL;
}

static const char *
user_enable(struct call *call, struct person *p)
{
	(void)call;
	p->disabled = false;
	p->failed = 0;
	p->locked_s = 0;
	return NULL;
}

static const char *
user_password(struct call *call, struct person *p)
{
	once_make(call, p);
	return NULL;
}

static const char *
user_code_reset(struct call *call, struct person *p)
{
	(void)call;
	p->has_code = false;
	p->step = 0;
	explicit_bzero(p->seed, sizeof p->seed);
	return NULL;
}

static const struct verb verbs[] = {
	{ "set", "user-set", NULL, user_set },
	{ "disable", "user-disable", "disabled", user_disable },
	{ "enable", "user-set", "enabled", user_enable },
	{ "password", "user-password", "given out anew", user_password },
	{ "totp-reset", "user-set", "codes removed", user_code_reset },
};

static enum err
user_verb(struct call *call, struct span login, struct span name, struct why *why)
{
	struct people next = { 0 };
	struct person *p;
	const char *word;
	size_t i = 0;

	while (i < sizeof verbs / sizeof verbs[0] && !span_is(name, verbs[i].name))
		i++;
	if (i == sizeof verbs / sizeof verbs[0])
		return call_refuse(call, "no-page");
	people_copy(&next, &call->r->people);
	p = people_find(&next, login);
	word = p != NULL ? verbs[i].run(call, p) : "no-user";
	if (word != NULL) {
		people_done(&next);
		return call_refuse(call, word);
	}
	return user_keep(call, verbs[i].act, p->login, verbs[i].what != NULL ?
	    span_str(verbs[i].what) : call_param(call, "roles"), &next, why);
}

/* "x/y" behind the head; false: it is not two parts. */
static bool
split(struct span path, struct span head, struct span *ret_first, struct span *ret_second)
{
	struct span rest = span_sub(path, head.n, path.n);
	const uint8_t *slash = rest.n > 0 ? memchr(rest.p, '/', rest.n) : NULL;

	if (slash == NULL)
		return false;
	*ret_first = span_sub(rest, 0, (size_t)(slash - rest.p));
	*ret_second = span_sub(rest, ret_first->n + 1, rest.n);
	return true;
}

enum err
porter_users(struct call *call, struct why *why)
{
	bool act = call->visit->ask.act;
	struct span login, verb;

	if (!is_admin(call))
		return call_refuse(call, refusal(call));
	if (span_is(call->path, "users"))
		return act ? user_add(call, why) : users_list(call);
	if (act && span_is(call->path, "users/first"))
		return user_first(call, why);
	if (act && split(call->path, SPAN("users/"), &login, &verb))
		return user_verb(call, login, verb, why);
	return call_refuse(call, "no-page");
}

/* ---- tokens ---- */

static void
token_text(struct call *call, const struct token *t)
{
	struct buf *out = &call->json;

	for (size_t i = 0; i < sizeof t->id; i++)
		buf_printf(out, "%02x", t->id[i]);
	buf_printf(out, "  %-20s ", t->owner);
	roles_text(out, t->roles);
	buf_printf(out, "  %s%s", t->name, call_say(call, "  hết hạn ", "  until "));
	time_text(out, call, t->until_s);
	buf_u8(out, '\n');
}

static void
token_put(struct call *call, const struct token *t)
{
	struct buf *out = &call->json;

	buf_str(out, "{\"id\":");
	json_hex(out, span_of(t->id, sizeof t->id));
	buf_str(out, ",\"owner\":");
	json_string(out, span_str(t->owner));
	buf_str(out, ",\"name\":");
	json_string(out, span_str(t->name));
	buf_str(out, ",\"roles\":");
	porter_roles_put(out, t->roles);
	time_put(out, "made", t->made_s);
	time_put(out, "until", t->until_s);
	buf_u8(out, '}');
}

static enum err
tokens_list(struct call *call)
{
	const struct people *people = &call->r->people;
	bool text = call_is_text(call);
	unsigned total = 0;

	if (!text)
		buf_str(&call->json, "{\"tokens\":[");
	for (unsigned i = 0; i < people->ntoken; i++) {
		const struct token *t = &people->token[i];

		if (!is_admin(call) && strcmp(t->owner, call->who.login) != 0)
			continue;
		if (!text && total++ > 0)
			buf_u8(&call->json, ',');
		if (text)
			token_text(call, t);
		else
			token_put(call, t);
	}
	if (!text)
		buf_printf(&call->json, "],\"total\":%u}\n", total);
	return OK;
}

/* The owner: who is said by an administrator, else who asks. */
static const struct person *
token_owner(const struct call *call)
{
	struct span owner = call_param(call, "owner");

	if (owner.n == 0 || !is_admin(call))
		owner = span_str(call->who.login);
	return people_find(&call->r->people, owner);
}

static int64_t
days_read(struct span text)
{
	int64_t v = 0;

	if (text.n == 0)
		return DAYS_USUAL;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || v > DAYS_MOST)
			return 0;
		v = v * 10 + (text.p[i] - '0');
	}
	return v <= DAYS_MOST ? v : 0;
}

/* What is wrong with it, as a word, or NULL. */
static const char *
token_wrong(const struct call *call, const struct person *owner, int64_t days)
{
	struct span name = call_param(call, "name");
	uint8_t roles = people_roles_read(call_param(call, "roles"));

	if (owner == NULL)
		return "no-user";
	if (name.n == 0 || !people_is_name(name))
		return "name-bad";
	if (roles == 0)
		return "roles-bad";
	if ((roles & ~owner->roles) != 0)
		return "no-right";
	return days == 0 ? "days-bad" : NULL;
}

/* A new secret, shown once, here. */
static void
token_make(struct call *call, const struct people *people, struct token *t)
{
	uint8_t random[SECRET_RANDOM_BYTES];
	struct buf text = { 0 };

	do
		random_bytes(t->id, sizeof t->id);
	while (people_token_find(people, t->id) != t);
	random_bytes(random, sizeof random);
	secret_put(&text, "tbk_", random);
	secret_digest(t->hash, buf_span(&text));
	if (call_is_text(call)) {
		buf_printf(&call->json, "%.*s\n", (int)text.n, (const char *)text.p);
	} else {
		buf_str(&call->json, "{\"id\":");
		json_hex(&call->json, span_of(t->id, sizeof t->id));
		buf_str(&call->json, ",\"token\":");
		json_string(&call->json, buf_span(&text));
		time_put(&call->json, "until", t->until_s);
		buf_str(&call->json, "}\n");
	}
	explicit_bzero(random, sizeof random);
	buf_wipe(&text);
}

static enum err
token_add(struct call *call, struct why *why)
{
	const struct person *owner = token_owner(call);
	struct span name = call_param(call, "name");
	int64_t days = days_read(call_param(call, "days"));
	const char *word = token_wrong(call, owner, days);
	struct people next = { 0 };
	struct token *t = NULL;

	people_copy(&next, &call->r->people);
	if (word == NULL && people_token_add(&next, &t, why) != OK)
		word = "too-many";
	if (word != NULL) {
		people_done(&next);
		return call_refuse(call, word);
	}
	memcpy(t->owner, owner->login, sizeof t->owner);
	memcpy(t->name, name.p, name.n);
	t->roles = people_roles_read(call_param(call, "roles"));
	t->made_s = call->now_s;
	t->until_s = call->now_s + days * DAY_S;
	token_make(call, &next, t);
	return porter_change(call, "token-add", t->owner, t->name, &next, why);
}

static enum err
token_revoke(struct call *call, struct span id, struct why *why)
{
	uint8_t octets[PEOPLE_TOKEN_ID_BYTES] = { 0 };
	char owner[PEOPLE_LOGIN_BYTES], name[PEOPLE_NAME_BYTES];
	struct people next = { 0 };
	struct token *t = NULL;
	bool good = id.n == 2 * sizeof octets;

	for (size_t i = 0; i < id.n && good; i++) {
		uint8_t c = id.p[i];

		good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
		octets[i / 2] = (uint8_t)(octets[i / 2] << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
	}
	people_copy(&next, &call->r->people);
	if (good)
		t = people_token_find(&next, octets);
	/* Somebody else's is not there. */
	if (t == NULL || (!is_admin(call) && strcmp(t->owner, call->who.login) != 0)) {
		people_done(&next);
		return call_refuse(call, "no-such-token");
	}
	memcpy(owner, t->owner, sizeof owner);
	memcpy(name, t->name, sizeof name);
	people_token_remove(&next, t);
	buf_str(&call->json, call_is_text(call) ? "" : "{}\n");
	return porter_change(call, "token-revoke", owner, name, &next, why);
}

enum err
porter_tokens(struct call *call, struct why *why)
{
	bool act = call->visit->ask.act;
	struct span id, verb;

	if (!is_local(call) && (call->session == NULL || call->who.must != 0))
		return call_refuse(call, refusal(call));
	if (span_is(call->path, "tokens"))
		return act ? token_add(call, why) : tokens_list(call);
	if (act && split(call->path, SPAN("tokens/"), &id, &verb) && span_is(verb, "revoke"))
		return token_revoke(call, id, why);
	return call_refuse(call, "no-page");
}
