/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of a relay to its desk: doc/formats/relay.md section 3. One request at a time.
 *
 *	REST -> ASKS (which place of this instance have you?) -> REST
 *	REST -> SENDS (rows behind that place) -> REST, the blocks are done
 *	any failure -> REST, a pause that grows, ASKS
 *
 * What the desk answers is a status and a number. A place that is not one of ours is no reason to
 * throw rows away: they are sent under another instance then.
 */
#include "role/shipper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "ca/authority.h"
#include "ca/roll.h"
#include "role/heard.h"

enum {
	READY_BYTES = 256 << 10,	/* so much is worth a request at once */
	GATHER_MS = 200,		/* less of it waits so long */
	COUNTERS_LEAST_S = 2,
	COUNTERS_S = 60,		/* without rows, so often: the desk knows that we live */
	LEVEL = 3, LEVEL_SLOW = 6,
	SLOW_BYTES_S = 256 << 10,	/* a line below it has time for the better level */
	EXPANSION_LEAST = 100,		/* a desk refuses what expands more than 200 times */
	HEAD_BYTES = 300,		/* of a request, for the limit */
	PAUSE_MAX_MS = 60000, PAUSE_MS = 500,
	CONNECT_S = 20, QUIET_S = 30,
	UPLOAD_BYTES = 16 << 10,	/* the least that curl has: it paces in these steps */
	BUSY_MS = 1000,
	SAID_BYTES = 120,		/* of an answer, for people */
};

#define NS_PER_MS	INT64_C(1000000)
#define NS_PER_S	INT64_C(1000000000)

/* ---- open ---- */

static enum err
pem_read(struct buf *out, const char *path, struct why *why)
{
	enum err rc = file_read_named(path, SHIP_PEM_BYTES, out, why);

	return rc == OK && out->n == 0 ? why_set(why, ERR_FORMAT, "%s is empty", path) : rc;
}

static void
blob_set(CURL *curl, CURLoption option, const struct buf *pem)
{
	struct curl_blob blob = { .data = pem->p, .len = pem->n, .flags = CURL_BLOB_NOCOPY };

	(void)curl_easy_setopt(curl, option, &blob);
}

static void
curl_prepare(struct shipper *s)
{
	struct ship_line *l = &s->line;
	const char *proxy = s->brief.conf.forward_proxy;

	must(l->multi != NULL && l->easy != NULL && l->pack != NULL);
	(void)curl_easy_setopt(l->easy, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(l->easy, CURLOPT_PROXY, proxy);
	(void)curl_easy_setopt(l->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(l->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(l->easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)curl_easy_setopt(l->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(l->easy, CURLOPT_LOW_SPEED_TIME, (long)QUIET_S);
	(void)curl_easy_setopt(l->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(l->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
	(void)curl_easy_setopt(l->easy, CURLOPT_ERRORBUFFER, l->error);
	(void)curl_easy_setopt(l->easy, CURLOPT_WRITEFUNCTION, heard_take);
	(void)curl_easy_setopt(l->easy, CURLOPT_WRITEDATA, &l->answer);
	(void)curl_easy_setopt(l->easy, CURLOPT_USERAGENT, "trucban-relay/1");
	(void)curl_easy_setopt(l->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	blob_set(l->easy, CURLOPT_SSLCERT_BLOB, &l->cert);
	blob_set(l->easy, CURLOPT_SSLKEY_BLOB, &l->key);
	blob_set(l->easy, CURLOPT_CAINFO_BLOB, &l->ca);
}

/* Who this relay is to its desk; another authority's certificate may not say. */
static void
own_read(struct ship_line *l)
{
	struct issued own;

	if (issued_read(&own, buf_span(&l->cert), NULL) != OK ||
	    !roll_is_name(span_str(own.name)))
		return;
	(void)snprintf(l->name, sizeof l->name, "%s", own.name);
	l->until_s = own.until_s;
}

enum err
ship_line_open(struct shipper *s, struct why *why)
{
	const struct conf *conf = &s->brief.conf;
	struct ship_line *l = &s->line;
	enum err rc;

	rc = pem_read(&l->cert, conf->forward_cert, why);
	if (rc == OK)
		rc = pem_read(&l->key, conf->forward_key, why);
	if (rc == OK)
		rc = pem_read(&l->ca, conf->forward_ca, why);
	if (rc != OK)
		return why_prefix(why, rc, "forward");
	own_read(l);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	l->multi = curl_multi_init();
	l->easy = curl_easy_init();
	l->pack = ZSTD_createCCtx();
	curl_prepare(s);
	return OK;
}

void
ship_line_close(struct shipper *s)
{
	struct ship_line *l = &s->line;

	if (l->state != SHIP_RESTS)
		(void)curl_multi_remove_handle(l->multi, l->easy);
	curl_easy_cleanup(l->easy);
	(void)curl_multi_cleanup(l->multi);
	curl_slist_free_all(l->headers);
	ZSTD_freeCCtx(l->pack);
	if (l->key.cap > 0)
		explicit_bzero(l->key.p, l->key.cap);
	buf_done(&l->cert);
	buf_done(&l->key);
	buf_done(&l->ca);
	buf_done(&l->raw);
	buf_done(&l->group);
	buf_done(&l->body);
	buf_done(&l->answer);
}

/* ---- pauses and limits ---- */

static void
pause_make(struct ship_line *l)
{
	unsigned shift = l->failures < 8 ? l->failures : 8;
	int64_t ms = (int64_t)PAUSE_MS << shift;

	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	l->failures++;
	/* Between half of it and all: eighty relays come back one by one. */
	l->next_ns = clock_mono_ns() + (ms / 2 + (int64_t)(random_u64() % (uint64_t)(ms / 2))) *
	    NS_PER_MS;
}

/* Octets a second that may be sent now; 0: as many as can be. */
static int64_t
limit_now(const struct conf *conf)
{
	int64_t wall_min = clock_wall_ns() / (60 * NS_PER_S) + conf->zone_minutes;
	int64_t now = (wall_min % 1440 + 1440) % 1440;

	for (unsigned i = 0; i < conf->nrate; i++) {
		const struct conf_rate *r = &conf->rate[i];
		bool in = r->from_min < r->to_min ? now >= r->from_min && now < r->to_min :
		    now >= r->from_min || now < r->to_min;

		if (in)
			return r->bytes_s;
	}
	return 0;
}

/* ---- requests ---- */

static uint64_t
instance_said(const struct ship_line *l)
{
	return l->alias != 0 && l->alias_of == l->instance ? l->alias : l->instance;
}

static void
request_begin(struct shipper *s, enum ship_state state)
{
	struct ship_line *l = &s->line;
	int64_t limit = limit_now(&s->brief.conf);
	int64_t now = clock_mono_ns();

	l->answer.n = 0;
	l->error[0] = '\0';
	l->begin_ns = now;
	l->state = (uint8_t)state;
	(void)curl_easy_setopt(l->easy, CURLOPT_URL, l->url);
	(void)curl_easy_setopt(l->easy, CURLOPT_HTTPHEADER,
	    state == SHIP_SENDS ? l->headers : NULL);
	(void)curl_easy_setopt(l->easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)limit);
	/* Short bodies leave in one step: the pause behind them keeps the limit. */
	l->next_ns = limit > 0 ? now + (int64_t)(l->body.n + HEAD_BYTES) * NS_PER_S / limit : now;
	must(curl_multi_add_handle(l->multi, l->easy) == CURLM_OK);
}

static void
ask_begin(struct shipper *s, uint64_t instance)
{
	struct ship_line *l = &s->line;

	l->instance = instance;
	l->placed = false;
	l->body.n = 0;
	(void)snprintf(l->url, sizeof l->url, "%s/relay/v1/place?instance=%016llx",
	    s->brief.conf.forward_to, (unsigned long long)instance_said(l));
	(void)curl_easy_setopt(l->easy, CURLOPT_HTTPGET, 1L);
	request_begin(s, SHIP_ASKS);
}

static void
body_pack(struct ship_line *l)
{
	size_t room = ZSTD_compressBound(l->raw.n), n;

	l->body.n = 0;
	n = ZSTD_compressCCtx(l->pack, buf_add(&l->body, room), room, l->raw.p, l->raw.n,
	    l->slow ? LEVEL_SLOW : LEVEL);
	must(!ZSTD_isError(n));
	l->body.n = n;
}

static void
send_begin(struct shipper *s)
{
	struct ship_line *l = &s->line;
	struct curl_slist *coding;
	bool plain;

	body_pack(l);
	plain = l->raw.n > SHIP_BODY_BYTES / 2 && l->body.n * EXPANSION_LEAST < l->raw.n;
	if (plain) {
		l->body.n = 0;
		buf_span_put(&l->body, buf_span(&l->raw));
	}
	(void)snprintf(l->url, sizeof l->url,
	    "%s/relay/v1/rows?instance=%016llx&from=%llu", s->brief.conf.forward_to,
	    (unsigned long long)instance_said(l), (unsigned long long)l->place);
	curl_slist_free_all(l->headers);
	coding = curl_slist_append(NULL, "Content-Type: application/octet-stream");
	coding = curl_slist_append(coding, "Expect:");
	if (!plain)
		coding = curl_slist_append(coding, "Content-Encoding: zstd");
	l->headers = coding;
	(void)curl_easy_setopt(l->easy, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(l->easy, CURLOPT_POSTFIELDS, l->body.p);
	(void)curl_easy_setopt(l->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)l->body.n);
	request_begin(s, SHIP_SENDS);
}

static void
counters_add(struct shipper *s)
{
	struct ship_line *l = &s->line;

	l->counters = !s->tally_told;
	if (l->counters)
		ship_counters_put(s, &l->raw);
}

/* ---- answers ---- */

static void
done(struct shipper *s)
{
	struct why why = { "" };

	if (spool_done(s->spool, &why) == OK)
		return;
	(void)fprintf(stderr, "trucban: shipper: a file of the spool cannot be removed: %s\n",
	    why.text);
	s->broken = true;
}

static enum err
place_read(const struct buf *answer, uint64_t *ret_place)
{
	char text[64];
	char *end;

	if (answer->n == 0 || answer->n >= sizeof text || !span_starts(buf_span(answer),
	    SPAN("place ")))
		return ERR_FORMAT;
	memcpy(text, answer->p, answer->n);
	text[answer->n] = '\0';
	*ret_place = strtoull(text + 6, &end, 10);
	return *end == '\n' && end[1] == '\0' ? OK : ERR_FORMAT;
}

static void
sent(struct shipper *s)
{
	struct ship_line *l = &s->line;
	int64_t took_ns = clock_mono_ns() - l->begin_ns;

	l->place = l->to;
	s->sent.sent_rows += l->body_rows;
	s->sent.sent_bytes += l->body.n;
	s->sent.plain_bytes += l->raw.n;
	s->tally_told |= l->counters;
	if (l->body.n > READY_BYTES / 8 && took_ns > 0)
		l->slow = (int64_t)l->body.n * NS_PER_S / took_ns < SLOW_BYTES_S;
	l->single = false;
	l->gather_ns = 0;
	done(s);
}

/* The desk says that one block breaks its rules: without it the line would stand still for ever. */
static void
refused_drop(struct shipper *s)
{
	struct ship_line *l = &s->line;
	struct why why = { "" };

	(void)fprintf(stderr, "trucban: shipper: %llu records are not taken by the desk and are "
	    "put into spool/refused: %s\n", (unsigned long long)l->body_rows, s->words);
	(void)file_replace(s->start->store_fd, "refused", buf_span(&l->raw), &why);
	ship_count(s, "spool.rows_refused", l->body_rows);
	done(s);
}

/* What the desk or curl itself says. */
static void
trouble_set(struct shipper *s, CURLcode code, long status)
{
	struct ship_line *l = &s->line;
	struct trouble_seen seen = { .code = (int)code, .status = status,
	    .proxied = s->brief.conf.forward_proxy[0] != '\0',
	    .text = l->error[0] != '\0' ? l->error : curl_easy_strerror(code),
	    .now_s = clock_wall_ns() / NS_PER_S, .until_s = l->until_s };
	int n = l->answer.n < SAID_BYTES ? (int)l->answer.n : SAID_BYTES;
	char words[SHIP_WORDS];

	(void)curl_easy_getinfo(l->easy, CURLINFO_SSL_VERIFYRESULT, &seen.verify);
	(void)curl_easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &seen.os_error);
	while (n > 0 && l->answer.p[n - 1] <= ' ')
		n--;
	if (code == CURLE_OK)
		(void)snprintf(words, sizeof words, "%ld: %.*s", status, n,
		    (const char *)l->answer.p);
	else
		(void)snprintf(words, sizeof words, "%s", seen.text);
	ship_state_set(s, trouble_of(&seen), words);
}

static void
failed(struct shipper *s, CURLcode code, long status)
{
	struct ship_line *l = &s->line;
	bool unread = code == CURLE_OK && status == 400 && l->state == SHIP_SENDS &&
	    l->body_rows > 0;

	l->placed = false;
	if (code == CURLE_OK && status == 409) {
		/* Nothing is wrong: it has some of it already, or its last writes are on the
		 * way. */
		l->next_ns = clock_mono_ns() + (l->failures++ > 0 ? BUSY_MS : PAUSE_MS / 5) *
		    NS_PER_MS;
		spool_rewind(s->spool);
		return;
	}
	trouble_set(s, code, status);
	pause_make(l);
	if (unread && l->single)
		refused_drop(s);
	else
		spool_rewind(s->spool);
	l->single = unread && !l->single;
}

static void
answer_take(struct shipper *s, CURLcode code)
{
	struct ship_line *l = &s->line;
	uint8_t state = l->state;
	uint64_t place;
	long status = 0;

	(void)curl_easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_multi_remove_handle(l->multi, l->easy);
	if (code != CURLE_OK || status != 200 || place_read(&l->answer, &place) != OK ||
	    (state == SHIP_SENDS && place != l->to)) {
		failed(s, code, status);
		l->state = SHIP_RESTS;
		return;
	}
	l->state = SHIP_RESTS;
	if (state == SHIP_ASKS) {
		/* Good news is only what was taken: else the pauses would never grow. */
		l->place = place;
		l->placed = true;
		return;
	}
	l->failures = 0;
	ship_state_set(s, TROUBLE_NONE, "");
	sent(s);
}

/* ---- the turn ---- */

/* Without rows: what was lost, and that we live. */
static void
alive_tell(struct shipper *s, int64_t now)
{
	struct ship_line *l = &s->line;

	int64_t quiet_ns = now - l->begin_ns;

	if (s->trouble == TROUBLE_NONE && l->placed && quiet_ns < (s->tally_told ? COUNTERS_S :
	    COUNTERS_LEAST_S) * NS_PER_S)
		return;
	if (!l->placed || l->instance == 0) {
		ask_begin(s, spool_instance(s->spool));
		return;
	}
	l->raw.n = 0;
	l->body_rows = 0;
	l->to = l->place;
	ship_counters_put(s, &l->raw);
	l->counters = true;
	send_begin(s);
}

static bool
is_due(struct shipper *s, int64_t now, int *io_wait_ms)
{
	struct ship_line *l = &s->line;
	struct spool_state state;
	int64_t left_ms;

	spool_tell(s->spool, &state);
	if (l->gather_ns == 0)
		l->gather_ns = now;
	left_ms = GATHER_MS - (now - l->gather_ns) / NS_PER_MS;
	if (state.raw_bytes >= READY_BYTES || left_ms <= 0)
		return true;
	if (left_ms < *io_wait_ms)
		*io_wait_ms = (int)left_ms;
	return false;
}

static void
rest_turn(struct shipper *s, int *io_wait_ms)
{
	struct ship_line *l = &s->line;
	int64_t now = clock_mono_ns();
	struct spool_block block;
	struct why why = { "" };
	enum err rc;

	if (now < l->next_ns) {
		int64_t left_ms = (l->next_ns - now) / NS_PER_MS + 1;

		*io_wait_ms = left_ms < *io_wait_ms ? (int)left_ms : *io_wait_ms;
		return;
	}
	rc = spool_peek(s->spool, &block, &why);
	if (rc == ERR_MORE) {
		l->gather_ns = 0;
		alive_tell(s, now);
		return;
	}
	if (rc == OK && (!l->placed || block.instance != l->instance)) {
		ask_begin(s, block.instance);
		return;
	}
	if (rc == OK && !is_due(s, now, io_wait_ms))
		return;
	if (rc == OK)
		rc = ship_body_make(s, &why);
	if (rc == ERR_DENIED) {
		ship_body_diverged(s);
		/* A desk that says so each time is not asked without end. */
		pause_make(l);
		return;
	}
	if (rc == ERR_MORE) {
		/* All of it is at the desk. */
		done(s);
		*io_wait_ms = 0;
		return;
	}
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: shipper: cannot read the spool: %s\n", why.text);
		s->broken = true;
		return;
	}
	counters_add(s);
	send_begin(s);
}

void
ship_line_turn(struct shipper *s, int *io_wait_ms)
{
	struct ship_line *l = &s->line;
	CURLMsg *msg;
	int left = 0;

	if (l->state == SHIP_RESTS)
		rest_turn(s, io_wait_ms);
	if (l->state == SHIP_RESTS)
		return;
	(void)curl_multi_perform(l->multi, &left);
	while ((msg = curl_multi_info_read(l->multi, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE) {
			answer_take(s, msg->data.result);
			*io_wait_ms = 0;
			break;
		}
}
