/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modems: the parent opens the device, as often as it takes; notify/modem.h has the talk. See
 * caller_int.h.
 */
#include "role/caller_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "wire/wire.h"

enum { ASK_AGAIN_S = 10 };

#define SECOND_NS	INT64_C(1000000000)

void
lines_make(struct caller *c)
{
	for (unsigned i = 0; i < c->telling->nchannel; i++) {
		struct line *l = &c->line[c->nline];

		if (c->telling->channel[i].kind != TELLING_SMS)
			continue;
		*l = (struct line){ .channel = &c->telling->channel[i], .place = i, .fd = -1,
		    .modem = modem_new() };
		c->nline++;
	}
}

static struct line *
line_of(const struct caller *c, const struct telling_channel *channel)
{
	for (unsigned i = 0; i < c->nline; i++)
		if (c->line[i].channel == channel)
			return (struct line *)&c->line[i];
	return NULL;
}

bool
line_free(const struct caller *c, const struct telling_channel *channel)
{
	const struct line *l = line_of(c, channel);

	/* The parent, who opens it, says in a moment why it cannot. */
	return l != NULL && l->job == NULL && (l->fd >= 0 || l->missing[0] != '\0');
}

void
line_begin(struct caller *c, struct job *job)
{
	struct line *l = line_of(c, job->channel);
	struct buf number = { 0 }, text = { 0 };
	int64_t now = clock_mono_ns();

	if (l->fd < 0) {
		job_done(c, job, ERR_ABSENT, l->missing);
	} else if (!modem_number(&number, span_str(job_address(job)))) {
		job_done(c, job, ERR_FORMAT, "the contact's phone number is none");
	} else {
		l->job = job;
		if (job->ring) {
			int64_t ring_s = job->channel->ring_s > 0 ? job->channel->ring_s :
			    TELLING_RING_S;

			modem_ring(l->modem, buf_span(&number), ring_s * SECOND_NS, now);
		} else {
			job_text(&text, job);
			modem_sms(l->modem, buf_span(&number), buf_span(&text), now);
		}
	}
	buf_done(&number);
	buf_done(&text);
}

/* ---- the device ---- */

static void
line_lost(struct line *l, const char *why)
{
	file_close(&l->fd);
	(void)snprintf(l->missing, sizeof l->missing, "%s", why);
	modem_gone(l->modem);
}

static void
line_ask(struct caller *c, struct line *l, int64_t now)
{
	uint8_t place = (uint8_t)l->place;

	if (l->fd >= 0 || (l->asked_ns != 0 && now - l->asked_ns < ASK_AGAIN_S * SECOND_NS))
		return;
	l->asked_ns = now;
	(void)chan_send(c->world.parent, &(struct chan_msg){ .type = WIRE_MODEM,
	    .body = span_of(&place, 1) }, NULL);
}

void
caller_modem(struct caller *c, const struct chan_msg *msg)
{
	int fd = msg->fd;
	unsigned i = 0;

	if (wire_check(WIRE_MODEM, msg->body, NULL) != OK) {
		file_close(&fd);
		return;
	}
	while (i < c->nline && c->line[i].place != msg->body.p[0])
		i++;
	if (i == c->nline) {
		file_close(&fd);
		return;
	}
	if (fd < 0) {
		(void)snprintf(c->line[i].missing, sizeof c->line[i].missing, "%.*s",
		    (int)(msg->body.n - 1), (const char *)msg->body.p + 1);
		return;
	}
	line_lost(&c->line[i], "");
	c->line[i].fd = fd;
}

static void
line_write(struct line *l)
{
	struct span out = modem_out(l->modem);
	ssize_t n;

	if (out.n == 0)
		return;
	n = write(l->fd, out.p, out.n);
	if (n > 0)
		modem_written(l->modem, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		line_lost(l, "the modem is gone");
}

static void
line_read(struct line *l, int64_t now)
{
	uint8_t room[512];
	ssize_t n;

	while ((n = read(l->fd, room, sizeof room)) > 0)
		modem_take(l->modem, span_of(room, (size_t)n), now);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		line_lost(l, "the modem is gone");
}

static void
line_turn(struct caller *c, struct line *l, int64_t now)
{
	line_ask(c, l, now);
	if (l->fd >= 0)
		line_read(l, now);
	modem_turn(l->modem, now);
	if (l->fd >= 0)
		line_write(l);
	if (l->job != NULL && modem_state(l->modem) != MODEM_WORKS) {
		struct job *job = l->job;
		bool good = modem_state(l->modem) == MODEM_DONE;

		l->job = NULL;
		job_done(c, job, good ? OK : ERR_IO, modem_result(l->modem));
		modem_rest(l->modem);
	}
}

void
lines_turn(struct caller *c, int64_t now)
{
	for (unsigned i = 0; i < c->nline; i++)
		line_turn(c, &c->line[i], now);
}
