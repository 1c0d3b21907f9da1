/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs, one for each person and channel; what the desk is asked and the ledger told: caller.h. */
#include "role/caller_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/wire.h"
#include "notify/call.h"
#include "notify/pause.h"
#include "role/inquiry.h"

enum {
	ASK_MS = 1000,
	ANSWER_WAIT_S = 30,
	ASK_SHARE = 10,			/* of the desk's time at most one part in so many */
	DESK_QUEUE = 1 << 20,
	SECRET_BYTES = 4096,
	JOB_CHANNEL = TELLING_NAME + 16,
};

#define MS_NS		INT64_C(1000000)
#define SECOND_NS	INT64_C(1000000000)

/* ---- a job's words ---- */

void
job_id(const struct job *job, char ret[JOB_ID])
{
	(void)snprintf(ret, JOB_ID, "%s%llu-%s%s-%s", job->test ? "test-" : "notice-",
	    (unsigned long long)job->upto, job->channel->name, job->ring ? TELLING_RING : "",
	    job->person);
}

void
job_text(struct buf *out, const struct job *job)
{
	call_text(out, &(struct call){ .kind = job->test ? CALL_TEST : job->alert ? CALL_ALERT :
	    CALL_DUE, .english = job->english, .count = job->count, .level = job->level,
	    .number = job->upto });
}

const char *
job_address(const struct job *job)
{
	return job->tries % 2 == 1 && job->other[0] != '\0' ? job->other : job->address;
}

const char *
caller_secret(const struct caller *c, const struct telling_channel *channel)
{
	const struct buf *secret = &c->secret[channel - c->telling->channel];

	return secret->n > 0 ? (const char *)secret->p : NULL;
}

/* ---- the ledger ---- */

struct numbers {
	char text[6][24];
	unsigned n;
};

static struct span
number(struct numbers *numbers, uint64_t v)
{
	char *at = numbers->text[numbers->n++];

	must(numbers->n <= 6);
	(void)snprintf(at, sizeof numbers->text[0], "%llu", (unsigned long long)v);
	return span_str(at);
}

static struct span
channel_name(const struct job *job, char ret[JOB_CHANNEL])
{
	(void)snprintf(ret, JOB_CHANNEL, "%s%s", job->channel->name,
	    job->ring ? TELLING_RING : "");
	return span_str(ret);
}

/* How the last try went. False: the ledger takes nothing now. */
static bool
job_tell(struct caller *c, struct job *job)
{
	struct numbers n = { .n = 0 };
	char channel[JOB_CHANNEL];
	struct act_field field[8] = { { SPAN("person"), span_str(job->person) },
	    { SPAN("channel"), channel_name(job, channel) },
	    { SPAN("upto"), number(&n, job->upto) },
	    { SPAN("count"), number(&n, job->count) }, { SPAN("level"), number(&n, job->level) },
	    { SPAN("test"), number(&n, job->test) }, { SPAN("tries"), number(&n, job->tries) },
	    { SPAN("critical"), number(&n, job->ring) } };
	struct ledger_act row = { .act = job->good ? "notify-sent" : "notify-failed",
	    .who = SPAN("trucban"), .from = SPAN("teller"), .what = span_str(job->said),
	    .field = field, .nfield = job->good ? 8 : 7 };

	if (ledger_write(c->world.ledger, &row, clock_wall_ns(), NULL) != OK)
		return false;
	if (job->good)
		job->sent = job->upto;
	else
		job->failed = job->upto;
	if (job->good)
		job->tries = 0;
	job->state = JOB_RESTS;
	return true;
}

void
job_done(struct caller *c, struct job *job, enum err rc, const char *said)
{
	must(job->state == JOB_SENDS);
	job->good = rc == OK;
	(void)snprintf(job->said, sizeof job->said, "%s", said);
	job->tries++;
	job->next_ns = clock_mono_ns() + (job->good ? 0 : pause_ns(job->tries));
	job->state = JOB_TELLS;
	/* The first failures are nobody's business: a server that begins anew, a modem at work. */
	if (!job->good && (job->tries < PAUSE_TRIES || job->upto <= job->failed))
		job->state = JOB_RESTS;
	else
		(void)job_tell(c, job);
}

/* ---- what is due ---- */

static job_fn *const senders[] = {
	[TELLING_SMTP] = send_mail, [TELLING_WEBHOOK] = send_hook, [TELLING_SMS] = line_begin,
	[TELLING_COMMAND] = run_begin,
};

/* Those that send one message at a time. */
static bool
is_free(const struct caller *c, const struct telling_channel *channel)
{
	if (channel->kind == TELLING_SMS)
		return line_free(c, channel);
	return channel->kind != TELLING_COMMAND || c->run[channel - c->telling->channel] == NULL;
}

static const struct telling_channel *
channel_of(const struct caller *c, const char *name, bool *ret_ring)
{
	size_t n = strlen(name), ring = strlen(TELLING_RING);

	*ret_ring = n > ring && strcmp(name + n - ring, TELLING_RING) == 0;
	n -= *ret_ring ? ring : 0;
	for (unsigned i = 0; i < c->telling->nchannel; i++)
		if (span_is(span_of(name, n), c->telling->channel[i].name))
			return &c->telling->channel[i];
	return NULL;
}

/* Its row, or a free one, or one that has nothing to say; NULL: all are at work. */
static struct job *
job_of(struct caller *c, const struct telling_channel *channel, bool ring, const char *person)
{
	struct job *free = NULL;

	for (unsigned i = 0; i < JOBS; i++) {
		struct job *job = &c->job[i];

		if (job->state == JOB_NONE) {
			free = job;
			break;
		}
		if (job->channel == channel && job->ring == ring &&
		    strcmp(job->person, person) == 0)
			return job;
		if (job->state == JOB_RESTS && job->sent >= job->upto)
			free = job;
	}
	if (free == NULL)
		return NULL;
	*free = (struct job){ .caller = c, .state = JOB_RESTS, .channel = channel, .ring = ring };
	(void)snprintf(free->person, sizeof free->person, "%s", person);
	return free;
}

static void
on_wanted(struct caller *c, const struct wanted *wanted)
{
	bool ring;
	const struct telling_channel *channel = channel_of(c, wanted->channel, &ring);
	int64_t now = clock_mono_ns();
	struct job *job;

	if (channel == NULL || strlen(wanted->person) >= JOB_PERSON ||
	    strlen(wanted->address) >= JOB_ADDRESS || strlen(wanted->other) >= JOB_ADDRESS)
		return;
	job = job_of(c, channel, ring, wanted->person);
	if (job == NULL || job->state != JOB_RESTS || wanted->upto <= job->sent ||
	    !is_free(c, channel))
		return;
	/* What is new does not wait for what failed before. */
	if (now < job->next_ns && wanted->upto <= job->upto)
		return;
	job->upto = wanted->upto;
	if (wanted->failed > job->failed)
		job->failed = wanted->failed;
	(void)snprintf(job->address, sizeof job->address, "%s", wanted->address);
	(void)snprintf(job->other, sizeof job->other, "%s", wanted->other);
	job->english = strcmp(wanted->lang, "en") == 0;
	job->test = wanted->test;
	job->alert = wanted->alert;
	job->count = wanted->count;
	job->level = wanted->level;
	job->state = JOB_SENDS;
	senders[channel->kind](c, job);
}

/* ---- the desk ---- */

static void
desk_lost(struct caller *c)
{
	chan_free(&c->desk);
	c->asked_tag = 0;
}

void
caller_desk(struct caller *c, int fd)
{
	desk_lost(c);
	c->desk = chan_new(fd, WIRE_LIMIT, DESK_QUEUE);
	c->ask_ns = 0;
}

static void
desk_ask(struct caller *c, int64_t now)
{
	const struct desk_ask ask = { .path = SPAN("/api/notices/due"), .who = SPAN("trucban"),
	    .from = SPAN("teller"), .lang = SPAN("vi") };
	struct buf inquiry = { 0 }, body = { 0 };

	inquiry_put(&inquiry, &ask);
	buf_u8(&body, ASK_DESK);
	buf_bytes(&body, buf_span(&inquiry));
	c->asked_tag = ++c->tag;
	c->asked_ns = now;
	if (chan_send(c->desk, &(struct chan_msg){ .type = WIRE_ASK, .tag = c->asked_tag,
	    .body = buf_span(&body) }, NULL) != OK)
		desk_lost(c);
	buf_done(&inquiry);
	buf_done(&body);
}

static void
desk_answer_take(struct caller *c, const struct chan_msg *msg)
{
	int64_t now = clock_mono_ns(), took = now - c->asked_ns;
	unsigned status;
	struct span json;
	struct why why = { "" };

	if (msg->type != WIRE_ANSWER || wire_check(msg->type, msg->body, &why) != OK ||
	    msg->tag != c->asked_tag)
		return;
	c->asked_tag = 0;
	c->ask_ns = now + (took * ASK_SHARE > ASK_MS * MS_NS ? took * ASK_SHARE : ASK_MS * MS_NS);
	if (msg->body.p[0] != OK || inquiry_answer_read(&status, &json,
	    span_sub(msg->body, 1, SIZE_MAX), &why) != OK || status != 200)
		return;
	c->desk_ns = now;
	wanted_each(c, json, on_wanted);
}

static void
desk_turn(struct caller *c, int64_t now)
{
	struct chan_msg msg;
	enum err rc = OK;

	if (c->desk == NULL)
		return;
	(void)chan_flush(c->desk, NULL);
	while (c->desk != NULL && (rc = chan_recv(c->desk, &msg, NULL)) == OK) {
		file_close(&msg.fd);
		desk_answer_take(c, &msg);
	}
	if (c->desk != NULL && rc != ERR_MORE) {
		desk_lost(c);
		return;
	}
	if (c->asked_tag != 0 && now - c->asked_ns > ANSWER_WAIT_S * SECOND_NS)
		c->asked_tag = 0;
	if (telling_any(c->telling) && c->asked_tag == 0 && now >= c->ask_ns)
		desk_ask(c, now);
}

/* ---- the door ---- */

/* Its first line. A channel whose secret is missing fails with these words, the others work. */
static void
secrets_read(struct caller *c)
{
	for (unsigned i = 0; i < c->telling->nchannel; i++) {
		const struct telling_channel *channel = &c->telling->channel[i];
		struct buf *secret = &c->secret[i];
		struct why why = { "" };
		size_t n = 0;

		if (channel->secret_file[0] == '\0')
			continue;
		if (file_read_named(channel->secret_file, SECRET_BYTES, secret, &why) != OK)
			(void)fprintf(stderr, "trucban: teller: notify: %s does not work: %s\n",
			    channel->name, why.text);
		while (n < secret->n && secret->p[n] != '\n' && secret->p[n] != '\r' &&
		    secret->p[n] != '\0')
			n++;
		secret->n = n;
		if (n > 0)
			buf_u8(secret, '\0');
	}
}

enum err
caller_new(struct caller **ret_caller, const struct caller_world *world, struct why *why)
{
	struct caller *c = xcalloc(1, sizeof *c);
	enum err rc;

	c->world = *world;
	c->telling = &world->conf->telling;
	secrets_read(c);
	lines_make(c);
	rc = wanted_open(c, why);
	if (rc == OK)
		rc = runner_start(c, why);
	if (rc == OK)
		*ret_caller = c;
	else
		caller_free(&c);
	return rc;
}

void
caller_free(struct caller **caller)
{
	struct caller *c = *caller;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < TELLING_CHANNELS; i++)
		buf_wipe(&c->secret[i]);
	for (unsigned i = 0; i < c->nline; i++) {
		file_close(&c->line[i].fd);
		modem_free(&c->line[i].modem);
	}
	chan_free(&c->desk);
	chan_free(&c->runner);
	(void)sqlite3_finalize(c->due);
	(void)sqlite3_close(c->db);
	free(c);
	*caller = NULL;
}

bool
caller_turn(struct caller *c, struct chan *keeper)
{
	int64_t now = clock_mono_ns();

	desk_turn(c, now);
	lines_turn(c, now);
	for (unsigned i = 0; i < JOBS && c->job[i].state != JOB_NONE; i++)
		if (c->job[i].state == JOB_TELLS && !job_tell(c, &c->job[i]))
			break;
	beat_turn(c, keeper, now);
	return runner_turn(c);
}

static unsigned
wait_add(struct curl_waitfd *set, unsigned n, int fd, bool writes)
{
	set[n] = (struct curl_waitfd){ .fd = fd, .events = CURL_WAIT_POLLIN };
	if (writes)
		set[n].events |= CURL_WAIT_POLLOUT;
	return n + 1;
}

unsigned
caller_waits(const struct caller *c, struct curl_waitfd *set, unsigned n)
{
	if (c->desk != NULL)
		n = wait_add(set, n, chan_fd(c->desk), chan_queued(c->desk) > 0);
	if (c->runner != NULL)
		n = wait_add(set, n, chan_fd(c->runner), chan_queued(c->runner) > 0);
	for (unsigned i = 0; i < c->nline; i++)
		if (c->line[i].fd >= 0)
			n = wait_add(set, n, c->line[i].fd, modem_out(c->line[i].modem).n > 0);
	return n;
}
