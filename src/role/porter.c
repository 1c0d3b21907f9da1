/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read and write STATE/people/, answer the front, add rows to the ledger
 * may not: use the network, see a record, read or write the store, see the store's or seal's key
 * if it dies: everybody is logged out, and nobody logs in until the next one begins; an account is
 *          what it was before or after an act, never between
 *
 * One thing after the other: row of the ledger on disk, accounts on disk, front told to forget whom
 * it knows, answer given. Accounts that cannot be read are never replaced: everybody is refused
 * with the reason, and the rest of the desk goes on.
 */
#include "role/porter_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "model/json.h"
#include "wire/wire.h"
#include "role/accounts.h"

enum {
	TURN_MS = 1000,
	QUEUE_BYTES = 1 << 20,
};

int64_t
porter_now_s(void)
{
	return clock_wall_ns() / 1000000000;
}

int64_t
porter_mono_s(void)
{
	return clock_mono_ns() / 1000000000;
}

/* ---- channels ---- */

static void
front_take(struct porter *r, int fd)
{
	chan_free(&r->front);
	r->front = chan_new(fd, WIRE_LIMIT, QUEUE_BYTES);
	porter_forget(r);
}

static void
parent_read(void *ctx)
{
	struct porter *r = ctx;
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(r->brief.parent, &msg, NULL)) == OK) {
		bool hello = msg.type == WIRE_HELLO && msg.fd >= 0 && msg.body.n > 0;

		if (hello && msg.body.p[0] == WIRE_FRONT)
			front_take(r, msg.fd);
		else if (hello)
			ledger_keeper(r->ledger, &r->keeper, msg.fd, QUEUE_BYTES);
		else
			file_close(&msg.fd);
		r->stopping |= msg.type == WIRE_STOP;
	}
	r->stopping |= rc != ERR_MORE;
}

/* An answer to no question. */
void
porter_forget(struct porter *r)
{
	const uint8_t body[1] = { OK };

	if (r->front != NULL)
		(void)chan_send(r->front, &(struct chan_msg){ .type = WIRE_ANSWER,
		    .body = span_of(body, sizeof body) }, NULL);
}

/* ---- the ledger ---- */

static void
wait_a_bit(void *ctx, int wait_ms)
{
	struct porter *r = ctx;

	ledger_poll(r->ledger, &r->keeper, r->brief.parent, parent_read, r, wait_ms);
}

enum err
porter_ledger(struct porter *r, const struct ledger_act *act, struct why *why)
{
	const struct ledger_wait wait = { wait_a_bit, r, &r->stopping };

	return ledger_keep(r->ledger, act, 0, &wait, why);
}

/* ---- questions ---- */

struct span
call_param(const struct call *call, const char *name)
{
	const struct desk_ask *ask = &call->visit->ask;

	for (unsigned i = 0; i < ask->nparam; i++)
		if (span_is(ask->param[i].name, name))
			return ask->param[i].value;
	return SPAN("");
}

bool
call_is_text(const struct call *call)
{
	return span_is(call_param(call, "format"), "text");
}

const char *
call_say(const struct call *call, const char *vi, const char *en)
{
	return span_is(call->visit->ask.lang, "en") ? en : vi;
}

enum err
call_refuse(struct call *call, const char *word)
{
	const char *sentence = porter_words(word, !span_is(call->visit->ask.lang, "en"),
	    &call->status);

	must(sentence != NULL);
	call->json.n = 0;
	if (call_is_text(call)) {
		buf_str(&call->json, sentence);
		return OK;
	}
	buf_str(&call->json, "{\"error\":");
	json_string(&call->json, span_str(sentence));
	buf_str(&call->json, ",\"code\":");
	json_string(&call->json, span_str(word));
	buf_str(&call->json, "}\n");
	return OK;
}

typedef enum err call_fn(struct call *call, struct why *why);

/* A path that ends with '/' has all below it. */
static const struct {
	const char *path;
	call_fn *run;
} calls[] = {
	{ "login", porter_login }, { "logout", porter_logout }, { "me", porter_me },
	{ "password", porter_password }, { "totp", porter_code }, { "users", porter_users },
	{ "users/", porter_users }, { "tokens", porter_tokens }, { "tokens/", porter_tokens },
};

static enum err
call_run(struct call *call, struct why *why)
{
	static const char api[] = "/api/";
	struct span path = call->visit->ask.path;

	call->status = 200;
	if (!span_starts(path, SPAN(api)))
		return call_refuse(call, "no-page");
	call->path = span_sub(path, sizeof api - 1, path.n);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		struct span known = span_str(calls[i].path);

		if (known.p[known.n - 1] == '/' ? span_starts(call->path, known) :
		    span_eq(call->path, known))
			return calls[i].run(call, why);
	}
	return call_refuse(call, "no-page");
}

static enum err
visit_answer(struct porter *r, struct span code, struct buf *out, struct why *why)
{
	struct visit visit;
	struct call call = { .r = r, .visit = &visit, .now_s = porter_now_s() };
	enum err rc = visit_read(&visit, code, why);

	if (rc == OK && r->broken.text[0] != '\0')
		rc = why_set(why, ERR_IO, "%s", r->broken.text);
	if (rc != OK)
		return rc;
	porter_who(&call);
	if (visit.what == VISIT_WHO) {
		visitor_put(out, &call.who);
		return OK;
	}
	rc = call_run(&call, why);
	if (rc == OK)
		visit_answer_put(out, &(struct visit_answer){ .status = call.status,
		    .cookie = buf_span(&call.cookie), .json = buf_span(&call.json) });
	buf_wipe(&call.cookie);
	buf_wipe(&call.json);
	return rc;
}

static void
ask_take(struct porter *r, const struct chan_msg *msg)
{
	struct cur in = cur_of(msg->body);
	struct buf argument = { 0 }, out = { 0 }, text = { 0 };
	struct why why = { "" };
	uint64_t tag = msg->tag;
	uint8_t what = cur_u8(&in);
	enum err rc;

	/* An act waits, and the next call on the channel would take this away. */
	buf_span_put(&argument, cur_bytes(&in));
	rc = what != ASK_PORTER ? why_set(&why, ERR_DENIED, "the porter does not answer that") :
	    visit_answer(r, buf_span(&argument), &text, &why);
	buf_u8(&out, (uint8_t)rc);
	buf_span_put(&out, rc == OK ? buf_span(&text) : span_str(why.text));
	/* Lost meanwhile: who waits there is told so by the front. */
	if (r->front != NULL)
		(void)chan_send(r->front, &(struct chan_msg){ .type = WIRE_ANSWER, .tag = tag,
		    .body = buf_span(&out) }, NULL);
	buf_wipe(&argument);
	buf_wipe(&out);
	buf_wipe(&text);
}

static void
front_read(struct porter *r)
{
	struct chan *chan = r->front;
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = OK;

	(void)chan_flush(chan, NULL);
	/* An act looks at the parent's channel, which may bring another front. */
	while (r->front == chan && rc == OK && (rc = chan_recv(chan, &msg, &why)) == OK) {
		file_close(&msg.fd);
		rc = wire_check(msg.type, msg.body, &why);
		if (rc == OK && msg.type == WIRE_ASK)
			ask_take(r, &msg);
	}
	if (r->front != chan || rc == ERR_MORE)
		return;
	chan_free(&r->front);
}

/* ---- the loop ---- */

static void
turn(struct porter *r)
{
	struct pollfd set[3] = { { .fd = chan_fd(r->brief.parent), .events = POLLIN },
	    { .fd = r->keeper != NULL ? chan_fd(r->keeper) : -1, .events = POLLIN },
	    { .fd = r->front != NULL ? chan_fd(r->front) : -1, .events = POLLIN } };
	bool busy;

	if (r->keeper != NULL && chan_queued(r->keeper) > 0)
		set[1].events |= POLLOUT;
	if (r->front != NULL && chan_queued(r->front) > 0)
		set[2].events |= POLLOUT;
	busy = poll(set, 3, TURN_MS) > 0;
	if (busy && set[0].revents != 0)
		parent_read(r);
	if (busy && r->keeper != NULL && set[1].revents != 0)
		ledger_read(r->ledger, &r->keeper);
	if (busy && r->front != NULL && set[2].revents != 0)
		front_read(r);
	if (r->keeper == NULL)
		brief_lost_keeper(&r->brief, WIRE_PORTER);
	else
		porter_sessions_turn(r);
	(void)chan_flush(r->brief.parent, NULL);
}

/* ---- start ---- */

static enum err
begin(struct porter *r, struct why *why)
{
	const int dir[1] = { r->start->store_fd };
	const struct sandbox s = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE,
	    .write_dir = dir, .nwrite_dir = 1 };
	enum err rc = brief_take(&r->brief, r->start->parent_fd, true, false, why);

	if (rc == OK && r->start->store_fd < 0)
		rc = why_set(why, ERR_FORMAT, "no folder was handed over");
	if (rc == OK)
		rc = brief_drop_rights(&r->brief, why);
	if (rc == OK)
		rc = proc_limit(&(struct proc_limits){ .files = 64, .secret = true }, why);
	if (rc == OK)
		rc = accounts_own(&r->rules, why);
	secret_init();
	if (rc == OK)
		rc = brief_sandbox(&s, "porter", why);
	if (rc == OK)
		porter_open(r);
	return rc;
}

int
porter_main(const struct role_start *start)
{
	struct porter *r = xcalloc(1, sizeof *r);
	struct why why = { "" };
	char host[256] = "";

	r->start = start;
	(void)gethostname(host, sizeof host - 1);
	if (begin(r, &why) != OK) {
		(void)fprintf(stderr, "trucban: porter: %s\n", why.text);
		return 3;
	}
	r->ledger = ledger_new(NULL, WIRE_PORTER, host);
	for (int i = 0; i < start->nchan; i++)
		if (start->chan_role[i] == WIRE_FRONT)
			front_take(r, start->chan_fd[i]);
		else
			ledger_keeper(r->ledger, &r->keeper, start->chan_fd[i], QUEUE_BYTES);
	brief_ready(&r->brief, r->broken.text[0] == '\0' ? "accounts" : "closed");
	while (!r->stopping)
		turn(r);
	people_done(&r->people);
	explicit_bzero(r, sizeof *r);
	return 0;
}
