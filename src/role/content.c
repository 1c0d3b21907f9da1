/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See content.h. Where it stands:
 *
 *	0           hashed       at                    at + in.n
 *	|-----------|------------|=====================|
 *	 in `sum`    in `in`      not taken apart yet
 *
 * `in` begins at `base` and is moved up when a piece has been gone through. A batch's place is the
 * end of its last record, and the check in it covers everything up to there.
 */
#include "role/content.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "model/running.h"
#include "parse/parse.h"
#include "role/twin.h"

enum {
	BATCH_BYTES = 256 << 10,
	NAME_BYTES = LIMIT_NAME_BYTES,
	SOURCES_LEFT = 1024,		/* numbers kept free for "other" */
};

/* The nearest half a year around this ends a day behind the file's time. */
#define NEAR_BEFORE_NS	(INT64_C(181) * CIVIL_DAY_S * CIVIL_SECOND_NS)

struct content {
	const struct content_desk *desk;
	uint8_t state;			/* enum content_state */
	uint8_t wanted;			/* enum parse_form */
	struct join join;
	bool ended, broken;		/* all octets came */
	bool said, dead;		/* dead: what comes is only counted */
	struct buf text;		/* name, host, app, form */
	struct span name, host, app;
	int64_t mtime_ns;
	struct source like;
	char listener[NAME_BYTES + 1], identity[64];
	uint32_t origin;		/* made with the first row: numbers are few */
	bool has_origin;
	struct buf avoid;
	struct twins *twins;
	struct buf in;
	uint64_t base;			/* of in.p[0] in the content */
	size_t at;			/* in `in`: taken apart up to here */
	uint64_t hashed;
	struct running *sum;
	struct guess guess;
	struct split split;
	struct cut_file file;
	uint64_t id;			/* content's number at the keeper; 0: not known yet */
	uint64_t place;			/* the last one handed over */
	uint64_t skip;			/* octets up to there are stored */
	struct batch_writer *writer;
	uint64_t written;		/* octets up to there are in the writer */
	unsigned on_way;
	struct import_done done;
	struct why why;
};

/* ---- octets and their sum ---- */

/* Up to that octet of the content; candidates are looked at on the way. */
static void
sum_to(struct content *c, uint64_t to)
{
	struct digest digest;

	while (c->hashed < to) {
		uint64_t next = twin_wants(c->twins);
		uint64_t end = next > c->hashed && next < to ? next : to;

		running_add(c->sum, span_sub(buf_span(&c->in), (size_t)(c->hashed - c->base),
		    (size_t)(end - c->hashed)));
		c->hashed = end;
		if (end != next)
			continue;
		running_look(c->sum, &digest);
		twin_check(c->twins, end, &digest);
	}
}

/* What was taken apart is not needed any more. */
static void
in_drop(struct content *c)
{
	sum_to(c, c->base + c->at);
	memmove(c->in.p, c->in.p + c->at, c->in.n - c->at);
	c->in.n -= c->at;
	c->base += c->at;
	c->at = 0;
}

/* ---- batches ---- */

static void
fail(struct content *c, enum err rc, struct span text)
{
	c->dead = true;
	if (c->done.err == OK || c->done.err == ERR_MORE) {
		c->done.err = (uint8_t)rc;
		(void)why_set(&c->why, rc, "%.*s", (int)text.n, (const char *)text.p);
	}
}

static void
batch_end(struct content *c)
{
	struct content_batch batch = { .content = c->id, .from = c->place };
	uint32_t rows = batch_rows(c->writer);
	struct buf code = { 0 };
	struct digest digest;

	if (rows == 0)
		return;
	sum_to(c, c->written);
	running_look(c->sum, &digest);
	/* What was summed up behind the last record is framing. */
	batch.to = c->place = place_make(c->hashed, &digest);
	batch_finish(c->writer, &code);
	batch.batch = buf_span(&code);
	c->on_way++;
	c->desk->send(c->desk->arg, c, &batch, rows);
	buf_done(&code);
}

static void
record_store(struct content *c, struct span record, uint64_t end, bool cut, int64_t recv_ns)
{
	const struct content_desk *d = c->desk;
	struct intake_parsed p;
	uint32_t source;
	struct row row;
	enum err rc;

	if (!c->has_origin)
		c->origin = sources_origin(d->sources, &c->like, d->other);
	c->has_origin = true;
	cutter_file(d->cutter, &c->file, record, recv_ns, &p);
	if (sources_count(d->sources) < LIMIT_SOURCES - SOURCES_LEFT)
		source = sources_find(d->sources, c->origin, p.host.n > 0 ? p.host : c->host,
		    p.app.n > 0 ? p.app : c->app);
	else
		source = sources_find(d->sources, d->other, SPAN(""), SPAN(""));
	row = (struct row){ .flags = (uint8_t)(p.flags | (cut ? ROW_CUT : 0)),
	    .recv_ns = recv_ns, .event_ns = p.event_ns, .nvalue = p.nvalue, .value = p.value };
	rc = batch_add(c->writer, p.shape + d->first_id, source + d->first_id, &row);
	if (rc == ERR_FULL) {
		batch_end(c);
		rc = batch_add(c->writer, p.shape + d->first_id, source + d->first_id, &row);
	}
	must(rc == OK);
	c->written = end;
	c->done.unparsed += p.unparsed && c->guess.form != FORM_PLAIN;
	if (batch_bytes(c->writer) >= BATCH_BYTES)
		batch_end(c);
}

/* ---- which content it is ---- */

static void
again(struct content *c)
{
	c->dead = true;
	c->done.err = ERR_MORE;
	c->avoid.n = 0;
	twin_avoid(c->twins, &c->avoid);
}

/* As soon as it can be told. */
static void
decide(struct content *c)
{
	struct candidate it;

	switch (twin_verdict(c->twins, &it)) {
	case TWIN_OPEN:
		return;
	case TWIN_NEW:
		c->id = c->twins->fresh;
		if (c->id == 0)
			fail(c, ERR_FULL, SPAN("too many other contents begin like this one"));
		return;
	case TWIN_GOES_ON:
		c->id = it.content;
		c->place = it.place;
		c->skip = place_bytes(it.place);
		c->done.known_bytes = c->skip;
		return;
	case TWIN_AGAIN:
		again(c);
		return;
	}
}

/* A record that ends at `end` of the content: stored, or passed over. */
static void
record_take(struct content *c, struct span record, uint64_t begin, uint64_t end, bool cut,
    int64_t recv_ns)
{
	if (c->id == 0) {
		sum_to(c, end);
		decide(c);
	}
	if (end >= PLACE_BYTES_END && !c->dead)
		fail(c, ERR_LIMIT, SPAN("more than a terabyte of one content"));
	if (c->dead)
		return;
	c->done.empty += record.n == 0 && end > c->skip;
	if (c->id == 0 || end <= c->skip || record.n == 0) {
		cutter_file(c->desk->cutter, &c->file, record, recv_ns, NULL);
		return;
	}
	/* A line that had been imported before its end was written: what is new of it. */
	if (begin < c->skip)
		record = span_sub(record, (size_t)(c->skip - begin), SIZE_MAX);
	if (record.n > 0)
		record_store(c, record, end, cut, recv_ns);
}

static void
flow(struct content *c, int64_t recv_ns)
{
	enum split_end complete = c->ended && !c->broken ? SPLIT_COMPLETE : SPLIT_MORE_COMES;
	struct split_record r;
	enum err rc;

	do {
		struct span in = span_sub(buf_span(&c->in), c->at, SIZE_MAX);
		uint64_t begin = c->base + c->at;

		rc = split_next(&c->split, in, complete, &r);
		c->at += r.taken;
		if (!c->dead && begin + r.taken > c->skip) {
			c->done.cut += rc == OK && r.cut;
			c->done.cut_bytes += r.passed;
		}
		if (rc == OK && !c->dead)
			record_take(c, r.record, begin + (uint64_t)(r.record.p - in.p),
			    begin + r.taken, r.cut, recv_ns);
	} while (rc == OK || r.taken > 0);
	in_drop(c);
}

static void
flow_end(struct content *c)
{
	struct buf none = { 0 };

	/* First: the sum must not go over what is begun and left out. */
	if (!c->dead)
		batch_end(c);
	else if (batch_rows(c->writer) > 0)
		batch_finish(c->writer, &none);
	buf_done(&none);
	c->at = c->in.n;
	in_drop(c);
	running_look(c->sum, &c->done.digest);
	c->done.bytes = c->base;
	if (c->id == 0 && !c->dead) {
		twin_end(c->twins);
		decide(c);
	}
	must(batch_rows(c->writer) == 0);
	c->state = CONTENT_OVER;
	batch_writer_free(&c->writer);
	running_free(&c->sum);
	free(c->twins);
	c->twins = NULL;
	buf_done(&c->in);
}

/* ---- from outside ---- */

/* Records of several lines have no other form: a trace may well look like rows of something. */
static void
joined(struct content *c)
{
	if (c->guess.form != FORM_SYSLOG)
		c->guess.form = FORM_PLAIN;
	c->split = (struct split){ .kind = SPLIT_JOINED, .join = &c->join };
}

static void
ask(struct content *c)
{
	bool whole = c->ended;

	twin_begin(c->twins, buf_span(&c->in), whole);
	guess_make(&c->guess, buf_span(&c->in), whole ? SPLIT_COMPLETE : SPLIT_MORE_COMES,
	    (enum parse_form)c->wanted);
	if (c->join.kind != JOIN_NONE)
		joined(c);
	else
		c->split = guess_split(&c->guess);
	c->file = (struct cut_file){ .form = c->guess.form,
	    .near_ns = c->mtime_ns != 0 ? c->mtime_ns - NEAR_BEFORE_NS : 0 };
	c->state = CONTENT_ASKS;
}

struct content *
content_new(const struct content_desk *desk, const struct import_file *file,
    const struct source *like)
{
	struct content *c = xcalloc(1, sizeof *c);

	c->desk = desk;
	c->wanted = file->form;
	must(join_read(&c->join, file->join));	/* import_file_read has looked at it */
	c->mtime_ns = file->mtime_ns;
	buf_span_put(&c->text, file->name);
	buf_span_put(&c->text, file->host);
	buf_span_put(&c->text, file->app);
	c->name = span_sub(buf_span(&c->text), 0, file->name.n);
	c->host = span_sub(buf_span(&c->text), file->name.n, file->host.n);
	c->app = span_sub(buf_span(&c->text), file->name.n + file->host.n, file->app.n);
	buf_span_put(&c->avoid, file->avoid);
	(void)snprintf(c->listener, sizeof c->listener, "import:%.*s", (int)file->name.n,
	    (const char *)file->name.p);
	c->like = *like;
	c->like.listener = span_str(c->listener);
	c->twins = xcalloc(1, sizeof *c->twins);
	c->sum = running_new();
	c->writer = batch_writer_new(STREAM_RAW, like->class);
	return c;
}

void
content_free(struct content **content)
{
	struct content *c = *content;

	if (c == NULL)
		return;
	batch_writer_free(&c->writer);
	running_free(&c->sum);
	free(c->twins);
	buf_done(&c->in);
	buf_done(&c->text);
	buf_done(&c->avoid);
	free(c);
	*content = NULL;
}

enum content_state
content_state(const struct content *c)
{
	return (enum content_state)c->state;
}

void
content_take(struct content *c, struct span piece, int64_t recv_ns)
{
	must(c->state != CONTENT_OVER && c->state != CONTENT_ASKS);
	buf_span_put(&c->in, piece);
	if (c->state == CONTENT_FLOWS)
		flow(c, recv_ns);
	else if (c->in.n >= TWIN_HEAD)
		ask(c);
}

void
content_end(struct content *c, enum import_end end, int64_t recv_ns)
{
	must(!c->ended);
	c->ended = true;
	c->broken = end == IMPORT_BROKEN;
	if (c->state == CONTENT_HEAD) {
		ask(c);
		return;
	}
	if (c->state != CONTENT_FLOWS)
		return;
	flow(c, recv_ns);
	flow_end(c);
}

struct span
content_asks(const struct content *c)
{
	return span_of(c->twins->content, c->twins->n * sizeof c->twins->content[0]);
}

void
content_answer(struct content *c, struct span places, int64_t recv_ns)
{
	struct why why = { "" };

	must(c->state == CONTENT_ASKS);
	c->state = CONTENT_FLOWS;
	if (twin_answer(c->twins, places, buf_span(&c->avoid), &why) != OK)
		fail(c, ERR_FORMAT, span_str(why.text));
	else
		decide(c);
	flow(c, recv_ns);
	if (c->ended)
		flow_end(c);
}

bool
content_said(struct content *c, struct import_said *ret_said)
{
	if (c->said || c->state == CONTENT_HEAD)
		return false;
	c->said = true;
	*ret_said = (struct import_said){ c->guess.form, c->guess.yearless, c->mtime_ns };
	return true;
}

void
content_settled(struct content *c, uint32_t rows, enum err result, struct span text)
{
	must(c->on_way > 0);
	c->on_way--;
	if (result == OK) {
		c->done.rows += rows;
		return;
	}
	/* Another import, or a twin in the same archive, was faster: what is left, again. */
	if (result == ERR_ABSENT && (c->done.err == OK || c->done.err == ERR_MORE)) {
		c->dead = true;
		c->done.err = ERR_MORE;
		c->avoid.n = 0;
		return;
	}
	c->done.refused += rows;
	fail(c, result, text);
}

unsigned
content_on_way(const struct content *c)
{
	return c->on_way;
}

void
content_done(struct content *c, struct import_done *ret_done)
{
	*ret_done = c->done;
	ret_done->text = span_str(c->why.text);
	ret_done->avoid = buf_span(&c->avoid);
}

struct span
content_name(const struct content *c)
{
	return c->name;
}

struct span
content_form(const struct content *c)
{
	return span_str(parse_form_name(c->guess.form));
}
