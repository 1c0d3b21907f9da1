/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole intake in a test program, without other processes: a parser that keeps records whole, a
 * keeper that answers when it is told to, and clients over loopback. Everything moves only in
 * fake_turns(), so a test says in which order things happen.
 */
#ifndef TEST_INTAKE_FAKE_H
#define TEST_INTAKE_FAKE_H

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"
#include "check.h"
#include "intake/intake.h"
#include "model/batch.h"
#include "model/shape.h"
#include "sys/chan.h"
#include "sys/sock.h"
#include "wire/wire.h"

enum { FAKE_SHAPES = 16, FAKE_SOURCES = 4096, FAKE_ROWS = 4096, FAKE_TICKETS = 4096 };

struct fake_row {
	struct buf raw;
	uint8_t flags;
	uint8_t stream, class;
	uint32_t source;
};

struct fake_ticket {
	uint64_t ticket;
	uint32_t rows;
};

struct fake {
	struct event_base *base;
	struct intake *intake;
	struct chan *keeper;		/* the keeper's end, NULL when it is dead */
	bool auto_ack;
	bool keep_rows;
	uint64_t instance;
	struct shape *shape[FAKE_SHAPES];
	struct source *source[FAKE_SOURCES];
	uint32_t nshape, nsource;
	struct fake_row row[FAKE_ROWS];
	uint32_t nrow;
	uint64_t total;			/* rows of all batches, also when they are not kept */
	struct fake_ticket ticket[FAKE_TICKETS];
	uint32_t nticket;		/* received and not answered */
	uint64_t last_ticket;
	uint32_t samples;
	uint16_t port[INTAKE_LISTENERS];
	int fd[INTAKE_LISTENERS];
	unsigned nlistener;
	struct buf parser_shape;
};

/* ---- the parser: one hole; "@HOST APP ..." claims a host and an application ---- */

static struct span fake_value;

static inline void
fake_parse(void *state, const struct intake_hint *hint, struct span record, int64_t recv_ns,
    struct intake_parsed *ret)
{
	(void)state;
	(void)hint;
	fake_value = record;
	*ret = (struct intake_parsed){ .event_ns = recv_ns, .nvalue = 1, .value = &fake_value,
	    .flags = TIME_NONE << ROW_TIME_SHIFT };
	if (record.n > 0 && record.p[0] == '@') {
		const uint8_t *a = memchr(record.p, ' ', record.n);
		size_t n = a != NULL ? (size_t)(a - record.p) : record.n;

		ret->host = span_sub(record, 1, n - 1);
		if (a != NULL) {
			struct span rest = span_sub(record, n + 1, SIZE_MAX);
			const uint8_t *b = memchr(rest.p, ' ', rest.n);

			ret->app = span_sub(rest, 0, b != NULL ? (size_t)(b - rest.p) : rest.n);
		}
	}
}

static inline struct span
fake_shape(const void *state, uint32_t shape)
{
	const struct fake *fake = state;

	must(shape == 0);
	return buf_span(&fake->parser_shape);
}

/* ---- bodies: a record for each word; a word with '!' in front breaks the body there ---- */

struct fake_words {
	struct span left;
	struct span word;
};

static inline void *
fake_unpack_new(void *state)
{
	(void)state;
	return xcalloc(1, sizeof(struct fake_words));
}

static inline void
fake_unpack_begin(void *unpack, uint8_t form, struct span body)
{
	struct fake_words *words = unpack;

	must(form > INTAKE_FORM_RECORD && form < INTAKE_FORMS);
	words->left = body;
}

static inline enum err
fake_unpack_next(void *unpack, struct intake_unpacked *ret, struct why *why)
{
	struct fake_words *words = unpack;
	const uint8_t *space;

	while (words->left.n > 0 && words->left.p[0] <= ' ')
		words->left = span_sub(words->left, 1, SIZE_MAX);
	*ret = (struct intake_unpacked){ .cut = 0 };
	if (words->left.n == 0)
		return ERR_ABSENT;
	if (words->left.p[0] == '!')
		return why_set(why, ERR_FORMAT, "broken on purpose");
	space = memchr(words->left.p, ' ', words->left.n);
	ret->record = span_sub(words->left, 0, space != NULL ?
	    (size_t)(space - words->left.p) : SIZE_MAX);
	words->left = span_sub(words->left, ret->record.n, SIZE_MAX);
	return OK;
}

static inline void
fake_unpack_free(void *unpack)
{
	free(unpack);
}

static const struct intake_parser fake_parser = { .parse = fake_parse, .shape = fake_shape,
    .unpack_new = fake_unpack_new, .unpack_begin = fake_unpack_begin,
    .unpack_next = fake_unpack_next, .unpack_free = fake_unpack_free };

static inline void
fake_sample(void *arg, const char *text)
{
	struct fake *fake = arg;

	(void)text;
	fake->samples++;
}

/* ---- the keeper ---- */

static inline void
fake_answer(struct fake *fake, const struct fake_ticket *t, enum err result)
{
	struct chan_msg msg = { .type = WIRE_ACK, .tag = t->ticket };
	struct buf body = { 0 };

	if (result == OK) {
		wire_ack_encode(&body, 1, t->rows);
	} else {
		msg.type = WIRE_REFUSE;
		buf_u8(&body, (uint8_t)result);
		buf_str(&body, "because the test says so");
	}
	msg.body = buf_span(&body);
	check_int(chan_send_wait(fake->keeper, &msg, 1000, NULL), OK);
	buf_done(&body);
}

static inline void
fake_answer_all(struct fake *fake, enum err result)
{
	for (uint32_t i = 0; i < fake->nticket; i++)
		fake_answer(fake, &fake->ticket[i], result);
	fake->nticket = 0;
}

static inline void
fake_batch(struct fake *fake, const struct chan_msg *msg)
{
	const struct shape *shape[FAKE_SHAPES];
	const struct source *source[FAKE_SOURCES];
	struct batch_tables tables = { shape, source };
	static struct batch_reader reader;
	struct batch_head head;
	struct row row;

	check_int(batch_head_read(&head, msg->body, NULL), OK);
	fake->total += head.nrow;
	must(fake->nticket < FAKE_TICKETS);
	fake->ticket[fake->nticket++] = (struct fake_ticket){ msg->tag, head.nrow };
	if (!fake->keep_rows)
		return;
	check(msg->tag > fake->last_ticket);
	fake->last_ticket = msg->tag;
	for (uint32_t i = 0; i < head.nshape; i++)
		shape[i] = fake->shape[batch_shape_id(&head, i)];
	for (uint32_t i = 0; i < head.nsource; i++)
		source[i] = fake->source[batch_source_id(&head, i)];
	batch_reader_init(&reader, &head, &tables);
	while (batch_next(&reader, &row, NULL) == OK && fake->nrow < FAKE_ROWS) {
		struct fake_row *to = &fake->row[fake->nrow++];

		to->raw.n = 0;
		to->flags = row.flags;
		to->stream = head.stream;
		to->class = head.class;
		to->source = batch_source_id(&head, row.source);
		row_raw(buf_add(&to->raw, row_bytes(&row, shape[row.shape])), &row,
		    shape[row.shape]);
	}
}

static inline void
fake_keeper_take(struct fake *fake, const struct chan_msg *msg)
{
	struct why why = { "" };
	struct cur in = cur_of(msg->body);

	if (!check_int(wire_check(msg->type, msg->body, &why), OK))
		printf("%s\n", why.text);
	switch (msg->type) {
	case WIRE_HELLO:
		check_int(cur_u8(&in), WIRE_INTAKE);
		(void)cur_u32(&in);
		fake->instance = cur_u64(&in);
		break;
	case WIRE_SHAPE:
		check_int(cur_u32(&in), fake->nshape);
		must(fake->nshape < FAKE_SHAPES);
		check_int(shape_new(&fake->shape[fake->nshape++], cur_span(&in, cur_left(&in)),
		    NULL), OK);
		break;
	case WIRE_SOURCE:
		check_int(cur_u32(&in), fake->nsource);
		must(fake->nsource < FAKE_SOURCES);
		check_int(source_new(&fake->source[fake->nsource++], cur_span(&in, cur_left(&in)),
		    NULL), OK);
		break;
	case WIRE_BATCH:
		fake_batch(fake, msg);
		break;
	default:
		check(false);
	}
}

static inline void
fake_keeper_turn(struct fake *fake)
{
	struct chan_msg msg;

	while (fake->keeper != NULL && chan_recv(fake->keeper, &msg, NULL) == OK)
		fake_keeper_take(fake, &msg);
	if (fake->auto_ack)
		fake_answer_all(fake, OK);
}

static inline void
fake_turns(struct fake *fake, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		intake_turn(fake->intake, INTAKE_NO_WAIT);
		fake_keeper_turn(fake);
	}
}

static inline void
fake_keeper_forget(struct fake *fake)
{
	while (fake->nshape > 0)
		shape_free(&fake->shape[--fake->nshape]);
	while (fake->nsource > 0)
		source_free(&fake->source[--fake->nsource]);
	fake->nticket = 0;
	fake->last_ticket = 0;
}

static inline void
fake_keeper_start(struct fake *fake)
{
	int pair[2];

	check_int(chan_pair(pair, NULL), OK);
	fake_keeper_forget(fake);
	fake->keeper = chan_new(pair[1], WIRE_LIMIT, 1 << 20);
	intake_keeper(fake->intake, pair[0]);
}

static inline void
fake_keeper_kill(struct fake *fake)
{
	chan_free(&fake->keeper);
	fake_keeper_forget(fake);
}

/* ---- begin and end ---- */

/* listener[]: fd is set here. */
static inline struct fake *
fake_new(struct intake_listener *listener, unsigned nlistener, unsigned per_peer)
{
	static const struct span name = { (const uint8_t *)"_msg", 4 };
	struct fake *fake = xcalloc(1, sizeof *fake);
	struct hole hole = { HOLE_TEXT, ROLE_MESSAGE, name, { 0 } };
	struct shape shape = { .format = FORMAT_LINE, .decoder = 1, .nhole = 1, .hole = &hole };
	struct intake_conf conf = { .listener = listener, .nlistener = nlistener,
	    .parser = &fake_parser, .parser_state = fake, .instance = 77, .hash_seed = 5,
	    .per_peer = per_peer, .sample = fake_sample, .sample_arg = fake };
	struct why why = { "" };

	fake->keep_rows = true;
	fake->nlistener = nlistener;
	shape_encode(&fake->parser_shape, &shape);
	for (unsigned i = 0; i < nlistener; i++) {
		struct sock_spec spec = { .kind = listener[i].kind == INTAKE_UDP ?
		    SOCK_KIND_DATAGRAM : SOCK_KIND_STREAM, .backlog = 4096 };
		struct sock_addr addr;

		fake->fd[i] = -1;
		must(sock_listen(&fake->fd[i], "127.0.0.1:0", &spec, &why) == OK);
		must(sock_own_addr(fake->fd[i], &addr, &why) == OK);
		fake->port[i] = ntohs(((const struct sockaddr_in *)&addr.u.any)->sin_port);
		listener[i].fd = fake->fd[i];
	}
	fake->base = event_base_new();
	conf.base = fake->base;
	if (intake_new(&fake->intake, &conf, &why) != OK) {
		printf("%s\n", why.text);
		must(false);
	}
	fake_keeper_start(fake);
	return fake;
}

static inline void
fake_free(struct fake **ret)
{
	struct fake *fake = *ret;

	intake_free(&fake->intake);
	fake_keeper_kill(fake);
	event_base_free(fake->base);
	for (unsigned i = 0; i < fake->nlistener; i++)
		close(fake->fd[i]);
	for (uint32_t i = 0; i < FAKE_ROWS; i++)
		buf_done(&fake->row[i].raw);
	buf_done(&fake->parser_shape);
	free(fake);
	*ret = NULL;
}

static inline struct intake_listener
door(uint8_t kind)
{
	return (struct intake_listener){ .name = SPAN("door"), .kind = kind, .class = 1,
	    .trust = kind == INTAKE_UDP ? TRUST_CLAIM : TRUST_PEER, .unit = 7 };
}

static inline struct fake *
fake_one(uint8_t kind)
{
	struct intake_listener listener = door(kind);

	return fake_new(&listener, 1, 0);
}

static inline struct span
raw(const struct fake *fake, uint32_t i)
{
	return i < fake->nrow ? buf_span(&fake->row[i].raw) : SPAN("(no such row)");
}

/* ---- clients ---- */

static inline int
fake_connect(struct fake *fake, unsigned listener)
{
	char text[64];
	int fd = -1, on = 1;

	(void)snprintf(text, sizeof text, "127.0.0.1:%u", fake->port[listener]);
	must(sock_connect(&fd, text, SOCK_KIND_STREAM, 1000, NULL) == OK);
	/* What is sent in two parts shall arrive in two parts, at once. */
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
	return fd;
}

/* Sends all of it, with turns while the socket is full. */
static inline void
fake_send(struct fake *fake, int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n > 0)
			s = span_sub(s, (size_t)n, SIZE_MAX);
		else if (n < 0 && errno != EAGAIN)
			return;
		fake_turns(fake, 1);
	}
	fake_turns(fake, 4);
}

/* What has come back so far; valid until the next call. */
static inline struct span
fake_got(int fd)
{
	static uint8_t room[1 << 20];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof room && (got = recv(fd, room + n, sizeof room - n, 0)) > 0)
		n += (size_t)got;
	return span_of(room, n);
}

/* True when the other end has closed. */
static inline bool
fake_closed(int fd)
{
	uint8_t c;
	ssize_t got = recv(fd, &c, 1, MSG_PEEK);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static inline bool
fake_has(struct span s, const char *part)
{
	return s.p != NULL && s.n > 0 && memmem(s.p, s.n, part, strlen(part)) != NULL;
}

static inline uint64_t
fake_counter(struct fake *fake, const char *name)
{
	struct buf out = { 0 };
	struct cur in;
	uint64_t n, value, found = 0;	/* those that are 0 are not told */

	intake_counters(fake->intake, &out);
	check_int(wire_check(WIRE_COUNTERS, buf_span(&out), NULL), OK);
	in = cur_of(buf_span(&out));
	for (n = cur_varint(&in); n > 0; n--) {
		struct span key = cur_bytes(&in);

		value = cur_varint(&in);
		if (span_is(key, name))
			found = value;
	}
	check(cur_done(&in));
	buf_done(&out);
	return found;
}

#endif
