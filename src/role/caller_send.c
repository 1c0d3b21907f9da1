/* SPDX-License-Identifier: Apache-2.0 */
/* Mail and webhooks: see caller_int.h. */
#include "role/caller_int.h"

#include <stdio.h>
#include <string.h>

#include "sys/clock.h"
#include "model/json.h"
#include "notify/letter.h"
#include "notify/mac.h"

static void
on_done(void *ctx, enum err rc, const char *said)
{
	struct job *job = ctx;

	job_done(job->caller, job, rc, said);
}

/* "notice-17-mail-an@may-01": of the host only what an id may have. */
static void
message_id(struct buf *out, const struct caller *c, const struct job *job)
{
	char id[JOB_ID];

	job_id(job, id);
	buf_printf(out, "%s@", id);
	for (const char *h = c->world.host; *h != '\0'; h++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
		    *h) != NULL)
			buf_u8(out, (uint8_t)*h);
}

void
send_mail(struct caller *c, struct job *job)
{
	const struct telling_channel *channel = job->channel;
	struct buf text = { 0 }, id = { 0 }, subject = { 0 }, letter = { 0 };
	const char *secret = caller_secret(c, channel);
	struct span to = span_str(job->address);

	if (!letter_address_ok(to)) {
		job_done(c, job, ERR_FORMAT, "the contact's mail address is none");
		return;
	}
	if (channel->user[0] != '\0' && secret == NULL) {
		job_done(c, job, ERR_ABSENT, "there is no password in its secret_file");
		return;
	}
	job_text(&text, job);
	message_id(&id, c, job);
	buf_printf(&subject, "%s %llu", job->english ? "Truc Ban" : "Trực Ban",
	    (unsigned long long)job->upto);
	letter_put(&letter, &(struct letter){ .from = span_str(channel->from), .to = to,
	    .subject = buf_span(&subject), .text = buf_span(&text), .id = buf_span(&id),
	    .time_ns = clock_wall_ns(), .zone_s = (int32_t)c->world.conf->zone_minutes * 60 });
	net_mail(c->world.net, &(struct net_mail){ .server = channel->target,
	    .plain = channel->tls == TELLING_TLS_NONE,
	    .user = channel->user[0] != '\0' ? channel->user : NULL, .password = secret,
	    .from = span_str(channel->from), .to = to, .letter = buf_span(&letter) }, on_done,
	    job);
	buf_done(&text);
	buf_done(&id);
	buf_done(&subject);
	buf_done(&letter);
}

/* What its receiver may route by, and nothing of what the alerts say. */
static void
hook_body(struct buf *out, const struct job *job, const char *id)
{
	struct buf text = { 0 };

	job_text(&text, job);
	buf_str(out, "{\"id\":");
	json_string(out, span_str(id));
	buf_printf(out, ",\"number\":%llu,\"count\":%u,\"level\":%u,\"test\":%s,\"person\":",
	    (unsigned long long)job->upto, job->count, job->level, job->test ? "true" : "false");
	json_string(out, span_str(job->person));
	buf_str(out, ",\"text\":");
	json_string(out, buf_span(&text));
	buf_str(out, "}\n");
	buf_done(&text);
}

void
send_hook(struct caller *c, struct job *job)
{
	const char *secret = caller_secret(c, job->channel);
	char id[JOB_ID], mac[MAC_HEX_BYTES], key[JOB_ID + 32], stamp[64], sign[MAC_HEX_BYTES + 40];
	const char *const headers[] = { "Content-Type: application/json", key, stamp, sign,
	    "Expect:", NULL };
	int64_t now_s = clock_wall_ns() / INT64_C(1000000000);
	struct buf body = { 0 };

	if (secret == NULL) {
		job_done(c, job, ERR_ABSENT, "there is no key in its secret_file");
		return;
	}
	job_id(job, id);
	hook_body(&body, job, id);
	mac_hex(mac, span_str(secret), now_s, buf_span(&body));
	(void)snprintf(key, sizeof key, "Idempotency-Key: %s", id);
	(void)snprintf(stamp, sizeof stamp, "X-Trucban-Time: %lld", (long long)now_s);
	(void)snprintf(sign, sizeof sign, "X-Trucban-Signature: sha256=%s", mac);
	net_http(c->world.net, job->channel->target, headers, buf_span(&body), on_done, job);
	buf_done(&body);
}
