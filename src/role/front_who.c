/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks over TCP, and what he may ask for: by the porter's word, behind the guard of
 * web/guard.h. Over the unix socket the kernel says who it is, and nothing here is asked.
 */
#include "role/front_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wire/wire.h"

/* Log-ins at once: a password takes a tenth of a second, and searches want the other workers. */
enum { LOGINS_MOST = 2 };

#define COOKIE	"trucban="

bool
front_is_local(const struct job *job)
{
	return strncmp(job_who(job), "uid ", 4) == 0;
}

bool
front_is_owner(const struct job *job)
{
	char own[32];

	(void)snprintf(own, sizeof own, "uid %u", (unsigned)geteuid());
	return strcmp(job_who(job), "uid 0") == 0 || strcmp(job_who(job), own) == 0;
}

unsigned
front_rights(const struct job *job)
{
	return front_is_owner(job) ? DESK_ALL : job_rights(job);
}

/* ---- what was shown ---- */

/* cookie-string = pair *("; " pair)    RFC 6265, 4.2.1 */
static struct span
cookie_find(const char *text)
{
	while (text != NULL && *text != '\0') {
		text += strspn(text, " ;");
		if (strncmp(text, COOKIE, sizeof COOKIE - 1) == 0) {
			text += sizeof COOKIE - 1;
			return span_of(text, strcspn(text, "; "));
		}
		text = strchr(text, ';');
	}
	return SPAN("");
}

/* A token goes before a cookie: who sends one is a program. */
static void
shown_fill(struct visit *visit, const struct job *job)
{
	static const char bearer[] = "Bearer ";
	const char *authorization = job_header(job, JOB_AUTHORIZATION);

	visit->touches = job_header(job, JOB_POLL) == NULL;
	if (authorization != NULL && strncasecmp(authorization, bearer, sizeof bearer - 1) == 0) {
		visit->by = VISIT_TOKEN;
		visit->shown = span_str(authorization + sizeof bearer - 1);
	} else {
		visit->shown = cookie_find(job_header(job, JOB_COOKIE));
		visit->by = visit->shown.n > 0 ? VISIT_COOKIE : VISIT_NOTHING;
	}
	/* No secret of ours is that long. */
	if (visit->shown.n > VISIT_SHOWN_BYTES) {
		visit->shown = SPAN("");
		visit->by = VISIT_NOTHING;
	}
}

/* ---- who may what ---- */

/* The first that the path begins with. Others: whoever is logged in; some ask for more later. */
static const struct {
	const char *path;
	unsigned right;			/* of enum desk_right */
} wanted[] = {
	{ "/select/", DESK_SEARCH },
	{ "/trucban/coverage", DESK_SEARCH },
	{ "/trucban/findings", DESK_READ },
	{ "/metrics", DESK_READ },
};

/* What somebody may who has to change his password first, or to set up his codes. */
static bool
is_own(const char *path)
{
	static const char *const own[] = { "/api/me", "/api/password", "/api/totp", "/api/logout" };

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (strcmp(path, own[i]) == 0)
			return true;
	return false;
}

/* A page of another site can make a browser send the cookie, but cannot read this. */
static bool
is_own_page(const struct job *job, const struct visitor *who)
{
	const char *csrf = job_header(job, JOB_CSRF);

	return !who->session || !job_is_post(job) ||
	    (csrf != NULL && who->csrf[0] != '\0' && strcmp(csrf, who->csrf) == 0);
}

static enum err
visitor_check(struct job *job, const struct visitor *who, struct why *why)
{
	const char *path = job_path(job);

	if (!is_own_page(job, who))
		return why_set(why, ERR_DENIED, "the header X-Trucban-Csrf is missing or is not "
		    "this session's; /api/me says it");
	if (who->must != 0 && !is_own(path))
		return why_set(why, ERR_DENIED, "first change the password that was given out and "
		    "set up the codes: /api/password, /api/totp");
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if (strncmp(path, wanted[i].path, strlen(wanted[i].path)) == 0 &&
		    (who->rights & wanted[i].right) == 0)
			return why_set(why, ERR_DENIED, "this account may not ask this; an "
			    "administrator can give it the role: trucban user set");
	job_known(job, who->login, who->rights);
	return OK;
}

enum err
front_know(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct visit visit = { .what = VISIT_WHO };
	struct front *f = ctx;
	struct visitor who = { .login = "" };
	enum err rc;

	(void)worker;
	/* There is nobody yet. */
	if (strcmp(job_path(job), "/api/login") == 0)
		return OK;
	shown_fill(&visit, job);
	rc = visitors_who(f->visitors, &visit, &who, why);
	if (rc != OK)
		return rc;
	if (who.login[0] != '\0')
		return visitor_check(job, &who, why);
	if (!who.accounts && f->brief.conf.front_login == CONF_LOGIN_OFF)
		return OK;
	job_status(job, 401);
	return why_set(why, ERR_DENIED, "log in first, or show a token: Authorization: Bearer "
	    "tbk_...");
}

/* ---- the porter's own ---- */

enum err
front_ask_fill(struct desk_ask *ret_ask, const struct job *job, unsigned rights, struct why *why)
{
	const char *name, *value;
	enum err rc = OK;

	*ret_ask = (struct desk_ask){ .act = job_is_post(job), .path = span_str(job_path(job)),
	    .who = span_str(job_who(job)), .from = span_str(job_from(job)), .lang = SPAN("vi"),
	    .rights = rights };
	for (unsigned i = 0; rc == OK && job_param_at(job, i, &name, &value); i++) {
		if (strcmp(name, "lang") == 0)
			ret_ask->lang = span_str(strcmp(value, "en") == 0 ? "en" : "vi");
		else if (ret_ask->nparam == DESK_PARAMS_MAX)
			rc = why_set(why, ERR_LIMIT, "more than %d parameters", DESK_PARAMS_MAX);
		else
			ret_ask->param[ret_ask->nparam++] = (struct desk_param){ span_str(name),
			    span_str(value) };
	}
	return rc;
}

static void
cookie_give(struct job *job, const struct conf *conf, struct span cookie)
{
	struct buf text = { 0 };
	bool gone = span_is(cookie, "-");

	if (cookie.n == 0)
		return;
	buf_str(&text, COOKIE);
	if (!gone)
		buf_span_put(&text, cookie);
	buf_str(&text, "; Path=/; HttpOnly; SameSite=Strict");
	if (strncmp(conf->front_url, "https:", 6) == 0)
		buf_str(&text, "; Secure");
	if (gone)
		buf_str(&text, "; Max-Age=0");
	job_cookie(job, buf_span(&text));
	buf_wipe(&text);
}

static enum err
porter_ask(struct front *f, struct job *job, struct why *why)
{
	struct visit visit = { .what = VISIT_DO };
	struct visit_answer answer;
	struct buf argument = { 0 }, out = { 0 };
	enum err rc;

	if (!front_is_local(job))
		shown_fill(&visit, job);
	rc = front_ask_fill(&visit.ask, job, front_is_owner(job) ? DESK_ALL : 0, why);
	if (rc == OK) {
		visit_put(&argument, &visit);
		rc = asks_ask(f->porter_asks, &(struct asks_question){ .what = ASK_PORTER,
		    .argument = buf_span(&argument) }, &out, why);
	}
	if (rc == OK)
		rc = visit_answer_read(&answer, buf_span(&out), why);
	if (rc == OK) {
		const char *format = job_param(job, "format");

		if (format != NULL && strcmp(format, "text") == 0)
			job_type(job, "text/plain; charset=utf-8");
		job_status(job, (int)answer.status);
		cookie_give(job, &f->brief.conf, answer.cookie);
		(void)job_write(job, answer.json);
	}
	buf_wipe(&argument);
	buf_wipe(&out);
	return rc;
}

enum err
front_porter(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	bool login = strcmp(job_path(job), "/api/login") == 0;
	struct front *f = ctx;
	enum err rc;

	(void)worker;
	if (login && ++f->logins > LOGINS_MOST)
		rc = why_set(why, ERR_BUSY, "others are logging in; try again");
	else
		rc = porter_ask(f, job, why);
	if (login)
		f->logins--;
	return rc;
}
