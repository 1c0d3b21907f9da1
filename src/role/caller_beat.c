/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sign of life, so that a dead desk alarms elsewhere: only when desk, keeper and watch work.
 * The desk does when it answered just now (it follows the store before it answers), the keeper when
 * it answers, the watch when it told the keeper lately what it counts. See caller_int.h.
 */
#include "role/caller_int.h"

#include <stdio.h>

#include "sys/clock.h"
#include "wire/wire.h"
#include "notify/letter.h"

enum {
	DESK_FRESH_S = 60,
	WATCH_FRESH_S = 300,		/* it judges each minute */
	AGAIN_S = 10,			/* something does not work, or did not answer */
	URL_AGAIN_S = 30,
};

#define SECOND_NS	INT64_C(1000000000)
#define TAG_BEAT	UINT64_C(1)

static void
ledger_note(struct caller *c, const char *act, const char *what)
{
	(void)ledger_write(c->world.ledger, &(struct ledger_act){ .act = act,
	    .who = SPAN("trucban"), .from = SPAN("teller"), .what = span_str(what) },
	    clock_wall_ns(), NULL);
}

/* The first failure and the end of it are worth a row. */
static void
on_done(void *ctx, enum err rc, const char *said)
{
	struct caller *c = ctx;
	bool failed = rc != OK;

	if (failed != c->beat.failed)
		ledger_note(c, failed ? "heartbeat-failed" : "heartbeat", said);
	if (failed)
		c->beat.next_ns = clock_mono_ns() + URL_AGAIN_S * SECOND_NS;
	c->beat.failed = failed;
}

static void
mail_send(struct caller *c, const struct telling_channel *channel)
{
	const char *secret = caller_secret(c, channel);
	struct buf letter = { 0 }, id = { 0 };
	struct span to = span_str(c->telling->beat_mail);
	int64_t now = clock_wall_ns();

	buf_printf(&id, "heartbeat-%lld@trucban", (long long)(now / SECOND_NS));
	letter_put(&letter, &(struct letter){ .from = span_str(channel->from), .to = to,
	    .subject = SPAN("Trực Ban"), .text = SPAN("Trực Ban: bàn trực đang hoạt động"),
	    .id = buf_span(&id), .time_ns = now,
	    .zone_s = (int32_t)c->world.conf->zone_minutes * 60 });
	net_mail(c->world.net, &(struct net_mail){ .server = channel->target,
	    .plain = channel->tls == TELLING_TLS_NONE,
	    .user = secret != NULL ? channel->user : NULL, .password = secret,
	    .from = span_str(channel->from), .to = to, .letter = buf_span(&letter) }, on_done, c);
	buf_done(&letter);
	buf_done(&id);
}

static void
beat_send(struct caller *c, int64_t now)
{
	static const char *const headers[] = { NULL };
	const struct telling *t = c->telling;

	if (t->beat_url[0] != '\0' && now >= c->beat.next_ns) {
		c->beat.next_ns = now + t->beat_s * SECOND_NS;
		net_http(c->world.net, t->beat_url, headers, SPAN(""), on_done, c);
	}
	for (unsigned i = 0; i < t->nchannel && t->beat_mail[0] != '\0' &&
	    now >= c->beat.mail_next_ns; i++) {
		if (t->channel[i].kind != TELLING_SMTP)
			continue;
		c->beat.mail_next_ns = now + t->beat_mail_s * SECOND_NS;
		mail_send(c, &t->channel[i]);
	}
}

/* Something that should work does not: nothing goes out until it does. */
static void
beat_withhold(struct caller *c, int64_t now, const char *why)
{
	int64_t again = now + AGAIN_S * SECOND_NS;

	if (!c->beat.silent)
		(void)fprintf(stderr, "trucban: teller: no heartbeat goes out: %s\n", why);
	c->beat.silent = true;
	c->beat.next_ns = c->beat.next_ns > again ? c->beat.next_ns : again;
	c->beat.mail_next_ns = c->beat.mail_next_ns > again ? c->beat.mail_next_ns : again;
}

/* What the keeper says of the watch; -1: nothing. */
static int64_t
watch_told_s(struct caller *c, struct span json)
{
	sqlite3_stmt *stmt = NULL;
	int64_t told = -1;

	if (sqlite3_prepare_v2(c->db, "SELECT ?1 ->> 'watch_told_s'", -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	(void)sqlite3_bind_text64(stmt, 1, (const char *)json.p, json.n, SQLITE_STATIC,
	    SQLITE_UTF8);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_INTEGER)
		told = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return told;
}

void
caller_status(struct caller *c, const struct chan_msg *msg)
{
	int64_t now = clock_mono_ns(), told;

	if (c->beat.asked_ns == 0 || msg->tag != TAG_BEAT ||
	    wire_check(msg->type, msg->body, NULL) != OK || msg->body.p[0] != OK)
		return;
	c->beat.asked_ns = 0;
	told = watch_told_s(c, span_sub(msg->body, 1, SIZE_MAX));
	if (told < 0 || told > WATCH_FRESH_S) {
		beat_withhold(c, now, "the watch has judged nothing lately");
		return;
	}
	c->beat.silent = false;
	beat_send(c, now);
}

void
beat_turn(struct caller *c, struct chan *keeper, int64_t now)
{
	uint8_t body[2] = { ASK_STATUS, 0 };
	bool due = (c->telling->beat_url[0] != '\0' && now >= c->beat.next_ns) ||
	    (c->telling->beat_mail[0] != '\0' && now >= c->beat.mail_next_ns);

	if (!due)
		return;
	if (c->beat.asked_ns != 0 && now - c->beat.asked_ns < AGAIN_S * SECOND_NS)
		return;
	if (c->beat.asked_ns != 0) {
		c->beat.asked_ns = 0;
		beat_withhold(c, now, "the keeper does not answer");
	} else if (c->desk_ns == 0 || now - c->desk_ns > DESK_FRESH_S * SECOND_NS) {
		beat_withhold(c, now, "the desk does not answer");
	} else if (keeper == NULL || ledger_define(c->world.ledger, NULL) != OK ||
	    chan_send(keeper, &(struct chan_msg){ .type = WIRE_ASK, .tag = TAG_BEAT,
	    .body = span_of(body, sizeof body) }, NULL) != OK) {
		beat_withhold(c, now, "the keeper is not there");
	} else {
		c->beat.asked_ns = now;
	}
}
