/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer for tests of keep: one channel, syslog lines of 172 octets in four shapes and as many
 * sources as asked for. Row number n of a stream has n in its text, so that what comes back can be
 * told apart.
 */
#ifndef TEST_KEEP_ROWS_H
#define TEST_KEEP_ROWS_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "model/batch.h"
#include "sys/clock.h"
#include "store/keep.h"

enum { WRITER_SHAPES = 4, WRITER_SOURCES_MAX = 64 };

struct writer {
	struct keep *keep;
	uint32_t channel;
	uint32_t nsource;
	uint8_t class;
	uint64_t next;			/* number of the next row */
	uint64_t ticket;
	struct batch_writer *batch;
	struct buf code;
};

static inline void
writer_shape(struct writer *w, uint32_t id)
{
	static const char *const text[WRITER_SHAPES] = { " user session opened for number ",
	    " connection from 10.12.0.7 closed after bytes ", " accepted publickey, key number ",
	    " failed password for invalid user, try " };
	struct hole hole[5] = {
		{ HOLE_TEXT, ROLE_PRIORITY, SPAN("pri"), SPAN(">1 ") },
		{ HOLE_TEXT, ROLE_TIME, SPAN("time"), SPAN(" ") },
		{ HOLE_TEXT, ROLE_HOST, SPAN("host"), SPAN(" ") },
		{ HOLE_TEXT, ROLE_APP, SPAN("app"), SPAN(" 1211 - - ") },
		{ HOLE_TEXT, ROLE_MESSAGE, SPAN("message"), SPAN("") },
	};
	struct shape parts = { .format = FORMAT_RFC5424, .decoder = 1, .nhole = 5,
	    .head = SPAN("<"), .hole = hole };

	(void)text;
	hole[3].piece = span_str(id % 2 == 0 ? " 1211 - - " : " 1212 - - ");
	if (id >= 2)
		hole[4].piece = SPAN(" ");
	w->code.n = 0;
	shape_encode(&w->code, &parts);
	must(keep_shape(w->keep, w->channel, id, buf_span(&w->code), NULL) == OK);
}

static inline void
writer_source(struct writer *w, uint32_t id)
{
	char host[32];
	struct source parts = { .class = w->class, .trust = TRUST_PEER, .unit = 1,
	    .listener = SPAN("syslog-tcp"), .peer = SPAN("10.12.0.7"), .app = SPAN("sshd") };

	(void)snprintf(host, sizeof host, "web-%02u.example", id);
	parts.host = span_str(host);
	w->code.n = 0;
	source_encode(&w->code, &parts);
	must(keep_source(w->keep, w->channel, id, buf_span(&w->code), NULL) == OK);
}

static inline void
writer_open(struct writer *w, struct keep *keep, uint64_t instance, uint8_t stream, uint8_t class,
    uint32_t nsource)
{
	/* Tickets of one instance never come twice, not even over lives of the store. */
	*w = (struct writer){ .keep = keep, .class = class, .nsource = nsource, .next = 1,
	    .ticket = (uint64_t)clock_mono_ns() };
	must(keep_channel_open(keep, instance, &w->channel, NULL) == OK);
	for (uint32_t i = 0; i < WRITER_SHAPES; i++)
		writer_shape(w, i);
	for (uint32_t i = 0; i < nsource; i++)
		writer_source(w, i);
	w->batch = batch_writer_new(stream, class);
}

static inline void
writer_close(struct writer *w)
{
	batch_writer_free(&w->batch);
	buf_done(&w->code);
}

static inline size_t
writer_message(char *at, size_t n, uint64_t number)
{
	return (size_t)snprintf(at, n, "user session opened for number %08llu from 10.%u.%u.%u "
	    "port %u: id=%08x state=ok, opened by root ", (unsigned long long)number,
	    (unsigned)(number % 3), (unsigned)(number / 7 % 256), (unsigned)(number / 11 % 256),
	    (unsigned)(1024 + number * 7919 % 60000), (unsigned)(number * 2654435761U));
}

/* n rows as one encoded batch, appended to out. */
static inline void
writer_batch(struct writer *w, uint32_t n, struct buf *out)
{
	for (uint32_t i = 0; i < n; i++, w->next++) {
		char message[160], host[32];
		struct span value[5] = { SPAN("134"), SPAN("2026-11-23T04:05:06.123456Z"),
		    { NULL, 0 }, SPAN("sshd"), { NULL, 0 } };
		struct row row = { .recv_ns = 1790000000000000000 + (int64_t)w->next * 1000,
		    .event_ns = 1790000000000000000 + (int64_t)w->next * 1000 - 5000,
		    .nvalue = 5, .value = value };
		uint32_t source = (uint32_t)(w->next % w->nsource);

		value[2] = span_of(host, (size_t)snprintf(host, sizeof host, "web-%02u.example",
		    source));
		value[4] = span_of(message, writer_message(message, sizeof message, w->next));
		must(batch_add(w->batch, (uint32_t)(w->next % WRITER_SHAPES), source, &row) == OK);
	}
	batch_finish(w->batch, out);
}

/* Begins what was asked for since the last turn, waits for something to happen, takes a turn. */
static inline void
keep_wait(struct keep *keep, int ms)
{
	struct pollfd wait = { .fd = keep_fd(keep), .events = POLLIN };

	keep_turn(keep);
	(void)poll(&wait, 1, ms);
	keep_turn(keep);
}

#endif
