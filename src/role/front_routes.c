/* SPDX-License-Identifier: Apache-2.0 */
/* What the front serves: one row a path. Called on its workers, metrics and health on its loop. */
#include "role/front_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "sys/clock.h"
#include "wire/wire.h"
#include "web/cover.h"
#include "web/export.h"
#include "web/finds.h"
#include "web/metrics.h"
#include "role/holding.h"
#include "role/inquiry.h"

/* Turns of JOB_PAUSE_MS that who changed the register waits for it. */
enum { REGISTER_TURNS = 50 };
/* Such turns that an order waits until its row of the ledger is on disk. */
enum { SAMPLE_TURNS = 50 };
/* Ticks that are left to an answer before the configuration is read, which may end the front. */
enum { RELOAD_TICKS = 2 };

static const int64_t answer_late_ns = 10000000000, fresh_ns = 20000000;

/* The act of a path, and what it was about: to asked, when that is not the query itself. */
static const char *
act_of(const struct job *job, struct buf *asked)
{
	static const char *const said[] = { "start", "end", "first", "last", "stream", "case",
	    "person", "reason" };
	static const char *const done[] = { "sha256", "records", "case", "query" };
	const char *path = job_path(job), *query = job_param(job, "query");
	const char *what = job_param(job, "what"), *argument = job_param(job, "argument");
	bool export = strcmp(path, "/trucban/evidence") == 0;
	const char *const *name = export ? said : done;
	size_t n = export ? sizeof said / sizeof said[0] : sizeof done / sizeof done[0];

	if (strcmp(path, "/trucban/ask") == 0) {
		buf_printf(asked, "%s %s", what != NULL ? what : "", argument != NULL ? argument :
		    "");
		return "ask";
	}
	if (strcmp(path, "/trucban/hold") == 0)
		return holding_act(job, asked);
	if (strcmp(path, "/trucban/findings") == 0) {
		const char *since = job_param(job, "since");

		buf_str(asked, since != NULL ? since : "open");
		return "findings";
	}
	if (strcmp(path, "/trucban/coverage") == 0) {
		const char *start = job_param(job, "start"), *end = job_param(job, "end");

		buf_printf(asked, "%s..%s", start != NULL ? start : "", end != NULL ? end : "");
		return "coverage";
	}
	if (strcmp(path, "/trucban/register") == 0) {
		buf_str(asked, what != NULL ? what : "");
		return "source";
	}
	if (strcmp(path, "/trucban/sample") == 0) {
		buf_str(asked, what != NULL ? what : "");
		return "sample";
	}
	if (export)
		buf_str(asked, query != NULL ? query : "");
	else if (strcmp(path, "/trucban/evidence-done") != 0)
		return "search";
	for (size_t i = 0; i < n; i++)
		if (job_param(job, name[i]) != NULL && job_param(job, name[i])[0] != '\0')
			buf_printf(asked, "%s%s=%s", asked->n > 0 ? "; " : "", name[i],
			    job_param(job, name[i]));
	return export ? "evidence" : "evidence-done";
}

/* Acts: only for root, for the store's own user, and over the unix socket. */
static enum err
owner_check(const struct job *job, struct why *why)
{
	if (front_is_owner(job))
		return OK;
	return why_set(why, ERR_DENIED, "only root and the store's own user may ask this, over "
	    "the unix socket");
}

/* An order that has its row is in the configuration now: it is to be read. */
static bool
is_written(const struct job *job)
{
	return strcmp(job_path(job), "/trucban/sample") == 0 && job_param(job, "written") != NULL;
}

static bool
is_desk(const struct job *job)
{
	return strncmp(job_path(job), "/api/", 5) == 0;
}

static enum err
reload_admit(struct front *f, struct job *job, struct why *why)
{
	enum err rc = owner_check(job, why);

	if (rc == OK)
		f->reload_in = RELOAD_TICKS;
	return rc;
}

/* Who asks what is a row of the ledger before the first record is read. */
enum err
front_admit(void *ctx, struct job *job, struct why *why)
{
	struct front *f = ctx;
	const char *query = job_param(job, "query");
	struct ledger_act act = { .who = span_str(job_who(job)), .from = span_str(job_from(job)),
	    .what = span_str(query != NULL ? query : "") };
	struct buf asked = { 0 };
	enum err rc = OK;

	/* What the desk answers is no record; acts are rows of its own. Figures are nobody's. */
	if (is_desk(job) || strcmp(job_path(job), "/metrics") == 0)
		return OK;
	if (is_written(job))
		return reload_admit(f, job, why);
	act.act = act_of(job, &asked);
	if (asked.n > 0)
		act.what = buf_span(&asked);
	if (strncmp(act.act, "evidence", 8) == 0 && !front_is_local(job))
		rc = why_set(why, ERR_DENIED, "evidence is handed out over the unix socket only: "
		    "its ledger row names who asked");
	if (strcmp(act.act, "source") == 0 || strcmp(act.act, "sample") == 0)
		rc = owner_check(job, why);
	if (rc == OK && strcmp(act.act, "sample") == 0 && asked.n == 0)
		rc = why_set(why, ERR_FORMAT, "what= is missing: the order that was given or "
		    "lifted");
	if (rc == OK) {
		rc = ledger_write(f->ledger, &act, clock_wall_ns(), why);
		if (rc != OK)
			rc = why_prefix(why, ERR_BUSY, "cannot write the ledger, so nothing is "
			    "shown");
	}
	if (rc == OK && strcmp(act.act, "source") == 0)
		rc = chan_send(f->brief.parent, &(struct chan_msg){ .type = WIRE_REGISTER }, why);
	if (rc == OK && strcmp(act.act, "sample") == 0) {
		f->sample_ticket = ledger_ticket(f->ledger);
		f->sample_noted = false;
	}
	buf_done(&asked);
	front_keeper_wanted(f);
	return rc;
}

static enum err
on_select(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct front *f = ctx;

	return select_job(f->select[worker], job, why);
}

/* A certificate is about what is sealed, on a desk's first minute too: a checkpoint is signed. */
static enum err
on_coverage(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	const char *format = job_param(job, "format");
	struct front *f = ctx;
	struct buf registry = { 0 }, ignored = { 0 };
	enum err rc = OK;

	if (format != NULL && strcmp(format, "certificate") == 0)
		rc = asks_ask(f->asks, &(struct asks_question){ .what = ASK_CHECKPOINT,
		    .argument = SPAN("") }, &ignored, why);
	registered_copy(f->registered, &registry);
	if (rc == OK)
		rc = cover_job(f->select[worker], buf_span(&registry), job, why);
	buf_done(&registry);
	buf_done(&ignored);
	return rc;
}

static enum err
on_findings(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct front *f = ctx;

	return finds_job(f->select[worker], job, why);
}

/* The parent was asked to read the register's file: waits until this is what it read. */
static enum err
on_register(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	const char *sha256 = job_param(job, "sha256");
	struct front *f = ctx;

	(void)worker;
	if (sha256 == NULL)
		return why_set(why, ERR_FORMAT, "sha256= of the register's file is missing");
	if (registered_is(f->registered, sha256)) {
		(void)job_write(job, SPAN("OK\n"));
		return OK;
	}
	if (++*job_memo(job) < REGISTER_TURNS)
		return ERR_MORE;
	return why_set(why, ERR_BUSY, "the desk did not take the register's file; its log says "
	    "why");
}

/* Lines before the answer, so that who waits knows that it is worth it. */
static bool
on_progress(void *arg, struct span text)
{
	return job_write(arg, text);
}

/* A legal hold begins or ends. */
static enum err
on_hold(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct front *f = ctx;
	struct buf argument = { 0 }, out = { 0 };
	uint8_t what = 0;
	enum err rc = owner_check(job, why);

	if (rc == OK)
		rc = holding_read(&argument, &what, job, f->select[worker], &f->brief.conf, why);
	if (rc == OK)
		rc = asks_ask(f->asks, &(struct asks_question){ .what = what,
		    .argument = buf_span(&argument) }, &out, why);
	if (rc == OK && out.n > 0)
		rc = why_set(why, ERR_IO, "%.*s", (int)out.n, (const char *)out.p);
	if (rc == OK)
		(void)job_write(job, SPAN("OK\n"));
	buf_done(&argument);
	buf_done(&out);
	return rc;
}

static enum err
on_ask(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	static const struct {
		const char *name;
		uint8_t what;
	} row[] = {
		{ "checkpoint", ASK_CHECKPOINT }, { "flush", ASK_FLUSH }, { "hold",
		    ASK_HOLD_JOURNAL },
		{ "release", ASK_RELEASE }, { "expire", ASK_EXPIRE }, { "repack", ASK_REPACK },
		{ "key-rotate", ASK_KEY_ROTATE }, { "cool", ASK_COOL },
	};
	const char *name = job_param(job, "what"), *argument = job_param(job, "argument");
	struct front *f = ctx;
	struct buf out = { 0 };
	bool known = false;
	enum err rc;

	(void)worker;
	rc = owner_check(job, why);
	if (rc != OK)
		return rc;
	for (size_t i = 0; name != NULL && !known && i < sizeof row / sizeof row[0]; i++)
		if ((known = strcmp(row[i].name, name) == 0))
			rc = asks_ask(f->asks, &(struct asks_question){ .what = row[i].what,
			    .argument = span_str(argument != NULL ? argument : ""),
			    .progress = on_progress, .arg = job }, &out, why);
	if (!known)
		return why_set(why, ERR_FORMAT, "what= is one of checkpoint, flush, hold, release, "
		    "expire, repack, cool, key-rotate");
	if (rc == OK)
		(void)job_write(job, buf_span(&out));
	buf_done(&out);
	return rc;
}

/* What is asked for is sealed first: segments end, and a checkpoint is signed over them. */
static enum err
on_evidence(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	static const uint8_t what[] = { ASK_FLUSH, ASK_CHECKPOINT };
	struct front *f = ctx;
	struct buf ignored = { 0 };
	enum err rc = OK;

	for (size_t i = 0; rc == OK && i < sizeof what; i++)
		rc = asks_ask(f->asks, &(struct asks_question){ .what = what[i],
		    .argument = SPAN("") }, &ignored, why);
	buf_done(&ignored);
	return rc == OK ? export_job(f->select[worker], job, why) : rc;
}

/* The package is written: its ledger row is all there is to it. */
static enum err
on_evidence_done(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	(void)ctx;
	(void)worker;
	(void)why;
	(void)job_write(job, SPAN("OK\n"));
	return OK;
}

/* Who gave an order not to keep records is told that it is noted once that is on disk. */
static enum err
on_sample(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct front *f = ctx;

	(void)worker;
	if (is_written(job) || f->sample_noted) {
		(void)job_write(job, SPAN("OK\n"));
		return OK;
	}
	if (++*job_memo(job) < SAMPLE_TURNS)
		return ERR_MORE;
	return why_set(why, ERR_BUSY, "the row in the ledger is not on disk yet; the desk's log "
	    "says why");
}

/* Questions and acts of the duty desk: handed on to the role that decides. */
static enum err
on_desk_ask(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct desk_ask ask;
	struct front *f = ctx;
	struct buf argument = { 0 }, out = { 0 };
	unsigned status;
	struct span json;
	enum err rc = front_ask_fill(&ask, job, front_rights(job), why);

	(void)worker;
	inquiry_put(&argument, &ask);
	if (rc == OK)
		rc = asks_ask(f->desk_asks, &(struct asks_question){ .what = ASK_DESK,
		    .argument = buf_span(&argument) }, &out, why);
	if (rc == OK)
		rc = inquiry_answer_read(&status, &json, buf_span(&out), why);
	if (rc == OK) {
		job_status(job, (int)status);
		(void)job_write(job, json);
	}
	buf_done(&argument);
	buf_done(&out);
	return rc;
}

static int64_t
metrics_write(struct front *f, struct buf *out)
{
	int64_t age_ns;

	lock_take(&f->metrics_lock);
	age_ns = clock_mono_ns() - f->metrics_ns;
	metrics_put(out, buf_span(&f->metrics));
	lock_give(&f->metrics_lock);
	buf_printf(out, "# HELP trucban_keeper_answer_age_seconds Since the keeper last answered.\n"
	    "# TYPE trucban_keeper_answer_age_seconds gauge\n"
	    "trucban_keeper_answer_age_seconds %.1f\n",
	    (double)age_ns / 1e9);
	return age_ns;
}

static int
on_metrics(void *ctx, struct buf *out)
{
	struct front *f = ctx;
	int64_t age_ns = metrics_write(f, out);

	/* Who asks often sees what is new: the next answer is younger than a tick. */
	if (age_ns > fresh_ns && f->keeper != NULL && !f->status_asked)
		front_status_ask(f);
	return 200;
}

/* For who asks from elsewhere, and was let in. */
static enum err
on_metrics_far(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct buf out = { 0 };

	(void)worker;
	(void)why;
	(void)metrics_write(ctx, &out);
	(void)job_write(job, buf_span(&out));
	buf_done(&out);
	return OK;
}

static int
on_health(void *ctx, struct buf *out)
{
	struct front *f = ctx;
	bool well = f->keeper != NULL && clock_mono_ns() - f->metrics_ns < answer_late_ns;

	buf_str(out, well ? "OK\n" : "the keeper does not answer\n");
	return well ? 200 : 503;
}

const struct route front_routes[] = {
	{ "/select/logsql/query", "application/stream+json", on_select, NULL },
	{ "/select/logsql/tail", "application/stream+json", on_select, NULL },
	{ "/select/trucban/explain", "text/plain; charset=utf-8", on_select, NULL },
	{ "/trucban/evidence", "application/octet-stream", on_evidence, NULL },
	{ "/trucban/evidence-done", "text/plain; charset=utf-8", on_evidence_done, NULL },
	{ "/trucban/coverage", "application/stream+json", on_coverage, NULL },
	{ "/trucban/findings", "application/stream+json", on_findings, NULL },
	{ "/trucban/sample", "text/plain; charset=utf-8", on_sample, NULL },
	{ "/trucban/register", "text/plain; charset=utf-8", on_register, NULL },
	{ "/trucban/ask", "text/plain; charset=utf-8", on_ask, NULL },
	{ "/trucban/hold", "text/plain; charset=utf-8", on_hold, NULL },
	{ "/api/login", "application/json", front_porter, NULL },
	{ "/api/logout", "application/json", front_porter, NULL },
	{ "/api/me", "application/json", front_porter, NULL },
	{ "/api/password", "application/json", front_porter, NULL },
	{ "/api/totp", "application/json", front_porter, NULL },
	{ "/api/users", "application/json", front_porter, NULL },
	{ "/api/users/", "application/json", front_porter, NULL },
	{ "/api/tokens", "application/json", front_porter, NULL },
	{ "/api/tokens/", "application/json", front_porter, NULL },
	{ "/api/", "application/json", on_desk_ask, NULL },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", on_metrics_far, on_metrics },
	{ "/health", "text/plain", NULL, on_health },
	{ NULL, NULL, NULL, NULL },
};
