/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of the importer, and what flies to the keeper and back: see importer.c. */
#include "role/importer_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/utf16.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/wire.h"

/* ---- to the keeper ---- */

void
importer_keeper_lost(struct importer *im)
{
	chan_free(&im->keeper);
	ledger_channel(im->ledger, NULL);
	for (unsigned i = 0; i < SESSIONS; i++)
		im->session[i].gone |= im->session[i].chan != NULL;
}

void
importer_keeper_send(struct importer *im, uint16_t type, uint64_t tag, struct span body)
{
	struct why why = { "" };

	if (im->keeper == NULL)
		return;
	if (chan_send(im->keeper, &(struct chan_msg){ .type = type, .tag = tag, .body = body },
	    &why) != OK)
		importer_keeper_lost(im);
}

static void
define(struct importer *im, uint16_t type, uint32_t id, struct span code)
{
	struct buf body = { 0 };

	buf_u32(&body, id + FIRST_ID);
	buf_span_put(&body, code);
	importer_keeper_send(im, type, 0, buf_span(&body));
	buf_done(&body);
}

void
importer_batch(void *arg, struct content *content, const struct content_batch *batch, uint32_t rows)
{
	struct importer *im = arg;
	uint64_t number = im->next++;
	struct flight *f = &im->flight[number % FLIGHTS];
	struct buf place = { 0 };

	must(im->next - im->first < FLIGHTS);
	*f = (struct flight){ .rows = rows, .bytes = batch->batch.n };
	for (f->job = im->jobs; f->job->content != content;)
		f->job = f->job->next;
	im->flying += f->bytes;
	for (; im->shapes_sent < cutter_shapes(im->cutter); im->shapes_sent++)
		define(im, WIRE_SHAPE, im->shapes_sent,
		    cutter_ops()->shape(im->cutter, im->shapes_sent));
	for (; im->sources_sent < sources_count(im->sources); im->sources_sent++)
		define(im, WIRE_SOURCE, im->sources_sent,
		    sources_code(im->sources, im->sources_sent));
	buf_u64(&place, batch->content);
	buf_u64(&place, batch->from);
	buf_u64(&place, batch->to);
	importer_keeper_send(im, WIRE_PLACE, TICKET_MARK | number, buf_span(&place));
	importer_keeper_send(im, WIRE_BATCH, TICKET_MARK | number, batch->batch);
	buf_done(&place);
}

/* ---- jobs ---- */

void
job_new(struct importer *im, struct session *s, uint64_t tag, const struct import_file *file,
    const struct source *like)
{
	struct job *job = xcalloc(1, sizeof *job);

	job->content = content_new(&im->desk, file, like);
	job->session = s;
	job->tag = tag;
	(void)snprintf(job->who, sizeof job->who, "%s", s->who);
	job->next = im->jobs;
	im->jobs = job;
	im->njob++;
	s->njob++;
	s->job = job;
}

void
job_free(struct importer *im, struct job *job)
{
	struct job **at = &im->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	im->njob--;
	if (job->session != NULL) {
		job->session->njob--;
		if (job->session->job == job)
			job->session->job = NULL;
	}
	content_free(&job->content);
	free(job);
}

static void
done_send(struct session *s, uint64_t tag, const struct import_done *done)
{
	struct buf body = { 0 };
	struct why why;

	if (s == NULL)
		return;
	import_done_put(&body, done);
	if (chan_send(s->chan, &(struct chan_msg){ .type = IMPORT_DONE, .tag = tag,
	    .body = buf_span(&body) }, &why) != OK)
		s->gone = true;
	buf_done(&body);
}

void
job_refuse(struct session *s, uint64_t tag, enum err rc, const char *text)
{
	done_send(s, tag, &(struct import_done){ .err = (uint8_t)rc, .text = span_str(text) });
}

static void
said_send(struct job *job)
{
	struct import_said said;
	struct buf body = { 0 };
	struct why why;

	if (job->session == NULL || !content_said(job->content, &said))
		return;
	import_said_put(&body, &said);
	if (chan_send(job->session->chan, &(struct chan_msg){ .type = IMPORT_SAID,
	    .tag = job->tag, .body = buf_span(&body) }, &why) != OK)
		job->session->gone = true;
	buf_done(&body);
}

static void
job_ask(struct importer *im, struct job *job)
{
	struct span contents = content_asks(job->content);
	struct buf body = { 0 };

	job->asked = true;
	job->ask = ++im->asks;
	buf_u8(&body, ASK_PLACES);
	buf_bytes(&body, contents);
	importer_keeper_send(im, WIRE_ASK, job->ask, buf_span(&body));
	buf_done(&body);
}

static void
digest_put(struct buf *what, const struct digest *digest)
{
	for (size_t i = 0; i < sizeof digest->b; i++)
		buf_printf(what, "%02x", digest->b[i]);
}

/* Who, which file, what became of it: before anybody is told. */
static bool
job_ledger(struct importer *im, struct job *job, const struct import_done *d)
{
	struct buf what = { 0 };
	struct ledger_act act = { .act = "import", .who = span_str(job->who),
	    .from = SPAN("unix") };
	const struct import_ended *own = &job->ended;
	struct span name = content_name(job->content), form = content_form(job->content);
	struct why why;
	enum err rc;

	buf_printf(&what, "%.*s: %.*s, %llu octets (%llu known before), %llu records, %llu "
	    "unparsed, %llu cut, %llu refused, blake2b-256 ", (int)name.n, (const char *)name.p,
	    (int)form.n, (const char *)form.p, (unsigned long long)d->bytes,
	    (unsigned long long)d->known_bytes, (unsigned long long)d->rows,
	    (unsigned long long)d->unparsed, (unsigned long long)d->cut,
	    (unsigned long long)d->refused);
	digest_put(&what, &d->digest);
	if (own->coding != UTF16_NOT) {
		buf_printf(&what, "; decoded from %s: %llu octets, %llu halves of characters "
		    "replaced, blake2b-256 ", utf16_name((enum utf16_order)own->coding),
		    (unsigned long long)own->bytes, (unsigned long long)own->replaced);
		digest_put(&what, &own->digest);
	}
	act.what = buf_span(&what);
	rc = ledger_write(im->ledger, &act, clock_wall_ns(), &why);
	buf_done(&what);
	if (rc == OK)
		job->ledger = ledger_ticket(im->ledger);
	return rc == OK;
}

static void
job_count(struct importer *im, const struct import_done *d)
{
	im->count.rows += d->rows;
	im->count.unparsed += d->unparsed;
	im->count.cut += d->cut;
	im->count.cut_bytes += d->cut_bytes;
	im->count.refused += d->refused;
	im->count.empty += d->empty;
	im->counted = true;
}

/* One step on, if there is one. */
void
job_tend(struct importer *im, struct job *job)
{
	struct import_done d;

	said_send(job);
	if (content_state(job->content) == CONTENT_ASKS && !job->asked)
		job_ask(im, job);
	if (content_state(job->content) != CONTENT_OVER || content_on_way(job->content) > 0)
		return;
	content_done(job->content, &d);
	/* What is sent again is told of then, but for what was stored of it. */
	if (d.err != ERR_MORE || d.rows > 0) {
		if (job->ledger == 0 && !job_ledger(im, job, &d))
			return;
		if (!ledger_settled(im->ledger, job->ledger))
			return;
	}
	job_count(im, &d);
	done_send(job->session, job->tag, &d);
	job_free(im, job);
}

void
jobs_tend(struct importer *im)
{
	for (struct job *job = im->jobs, *next; job != NULL && im->keeper != NULL; job = next) {
		next = job->next;
		job_tend(im, job);
	}
}

void
jobs_drop(struct importer *im)
{
	for (unsigned i = 0; i < SESSIONS; i++) {
		im->session[i].job = NULL;
		if (im->session[i].chan != NULL)
			im->session[i].gone = true;
	}
	while (im->jobs != NULL)
		job_free(im, im->jobs);
	im->first = im->next;
	im->flying = 0;
}

/* ---- from the keeper ---- */

static void
flight_land(struct importer *im, const struct chan_msg *msg)
{
	uint64_t number = msg->tag & ~TICKET_MARK;
	struct span text = span_sub(msg->body, 1, SIZE_MAX);
	struct flight *f = &im->flight[number % FLIGHTS];

	if (number < im->first || number >= im->next || f->landed)
		return;
	f->landed = true;
	im->flying -= f->bytes;
	content_settled(f->job->content, f->rows,
	    msg->type == WIRE_ACK ? OK : (enum err)msg->body.p[0], text);
	while (im->first < im->next && im->flight[im->first % FLIGHTS].landed)
		im->first++;
}

static void
answer_take(struct importer *im, const struct chan_msg *msg)
{
	for (struct job *job = im->jobs; job != NULL; job = job->next) {
		if (job->ask == 0 || job->ask != msg->tag)
			continue;
		job->ask = 0;
		content_answer(job->content, span_sub(msg->body, 1, SIZE_MAX), clock_wall_ns());
		return;
	}
}

void
importer_keeper_read(struct importer *im)
{
	struct chan_msg msg;
	struct why why = { "" };
	enum err rc = OK;

	while (im->keeper != NULL && (rc = chan_recv(im->keeper, &msg, &why)) == OK) {
		file_close(&msg.fd);
		if (wire_check(msg.type, msg.body, &why) != OK)
			rc = ERR_FORMAT;
		else if (msg.type == WIRE_ANSWER)
			answer_take(im, &msg);
		else if ((msg.tag & TICKET_MARK) != 0 &&
		    (msg.type == WIRE_ACK || msg.type == WIRE_REFUSE))
			flight_land(im, &msg);
		else if (ledger_answer(im->ledger, &msg, &why) != OK)
			(void)fprintf(stderr, "trucban: importer: %s\n", why.text);
		if (rc != OK)
			break;
	}
	if (im->keeper != NULL && rc != ERR_MORE)
		importer_keeper_lost(im);
}

void
importer_keeper(struct importer *im, int fd)
{
	struct why why;

	if (im->keeper != NULL)
		importer_keeper_lost(im);
	im->shapes_sent = im->sources_sent = 0;
	im->keeper = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	ledger_channel(im->ledger, im->keeper);
	if (ledger_define(im->ledger, &why) != OK)
		importer_keeper_lost(im);
}
