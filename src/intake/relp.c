/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RELP of relp.h: the frame reader, then the door.
 *
 * The door keeps, per connection, runs of transaction numbers that wait for one batch:
 *
 *	run[]:	{batch 7, first 101, n 40} {batch 8, first 141, n 3}
 *
 * Numbers of one client only grow, so a run is mostly the whole of what one read gave. When the
 * keeper has a batch on disk, all runs up to its number are answered, one `rsp` per number. When
 * it refuses one, the connection is closed without an answer: the client keeps what was not
 * answered and sends it again, which is the protocol's own way to say "not now".
 */
#include "intake/relp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cur.h"
#include "base/must.h"
#include "intake/conn.h"
#include "intake/intake_int.h"

enum {
	DIGITS_MAX = 9,
	OTHER_DATA_BYTES = 32768,	/* data of a command that is not syslog */
	OPEN_S = 30,			/* a client that does not say `open` */
};

enum state { IN_TXNR, IN_COMMAND, IN_SIZE, IN_DATA, IN_TRAILER };

/* ---- frames ---- */

/* Shorter than this is a compare of eight octets at most. */
static const struct {
	const char *word;
	uint8_t command;
} commands[] = {
	{ "syslog", RELP_SYSLOG }, { "open", RELP_OPEN }, { "close", RELP_CLOSE },
	{ "rsp", RELP_RSP }, { "serverclose", RELP_SERVERCLOSE },
};

static uint8_t
command_of(const struct relp_reader *r)
{
	struct span word = span_of(r->word, r->nword);

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (span_is(word, commands[i].word))
			return commands[i].command;
	return RELP_UNKNOWN;
}

/* One digit more of a number; false when it is none or too long. */
static bool
digit_add(struct relp_reader *r, uint32_t *number, uint8_t c)
{
	if (c < '0' || c > '9' || ++r->digits > DIGITS_MAX)
		return false;
	*number = *number * 10 + (uint32_t)(c - '0');
	return true;
}

/* datalen is complete: how much of the data is kept is decided here. */
static enum err
size_end(struct relp_reader *r, uint8_t c)
{
	if (r->digits == 0 || (c == '\n' && r->size > 0))
		return ERR_FORMAT;
	if (r->size > OTHER_DATA_BYTES && command_of(r) != RELP_SYSLOG)
		return ERR_FORMAT;
	r->left = r->size;
	r->state = r->size > 0 ? IN_DATA : IN_TRAILER;
	return OK;
}

/* One octet of the header, from the first digit to the octet behind datalen. */
static enum err
header_octet(struct relp_reader *r, uint8_t c)
{
	switch ((enum state)r->state) {
	case IN_TXNR:
		if (c != ' ')
			return digit_add(r, &r->txnr, c) ? OK : ERR_FORMAT;
		if (r->digits == 0)
			return ERR_FORMAT;
		r->state = IN_COMMAND;
		return OK;
	case IN_COMMAND:
		if (c == ' ' && r->nword > 0) {
			r->state = IN_SIZE;
			r->digits = 0;
			return OK;
		}
		if (((c | 0x20) < 'a' || (c | 0x20) > 'z') || r->nword == RELP_WORD_BYTES)
			return ERR_FORMAT;
		r->word[r->nword++] = (char)c;
		return OK;
	case IN_SIZE:
		if (c == ' ' || c == '\n')
			return size_end(r, c);
		return digit_add(r, &r->size, c) ? OK : ERR_FORMAT;
	default:
		must(false);
	}
	return ERR_FORMAT;
}

static void
hold_add(struct relp_reader *r, struct span *in, size_t n, size_t most)
{
	struct span part = span_sub(*in, 0, n);
	size_t room = most > r->hold.n ? most - r->hold.n : 0;

	if (part.n > room) {
		r->cut += part.n - room;
		part.n = room;
	}
	buf_span_put(&r->hold, part);
	*in = span_sub(*in, n, SIZE_MAX);
}

/* The next frame begins. */
static void
reader_reset(struct relp_reader *r)
{
	r->state = IN_TXNR;
	r->digits = 0;
	r->nword = 0;
	r->txnr = 0;
	r->size = 0;
	r->emptied = true;
}

/* data and the LF behind it lie in the input: nothing is copied. */
static bool
data_in_place(const struct relp_reader *r, struct span in)
{
	return r->state == IN_DATA && r->left == r->size && in.n > r->size &&
	    r->size <= LIMIT_RECORD_BYTES;
}

static void
frame_out(struct relp_reader *r, struct span data, uint64_t cut, struct relp_frame *ret)
{
	*ret = (struct relp_frame){ r->txnr, command_of(r), data, cut };
	reader_reset(r);
}

enum err
relp_next(struct relp_reader *r, struct span *in, size_t most, struct relp_frame *ret)
{
	if (r->emptied) {
		if (r->hold.cap > 0)
			buf_done(&r->hold);
		r->cut = 0;
		r->emptied = false;
	}
	if (most > LIMIT_RECORD_BYTES)
		most = LIMIT_RECORD_BYTES;
	while (in->n > 0) {
		if (data_in_place(r, *in)) {
			struct span data = span_sub(*in, 0, r->size);

			if (in->p[r->size] != '\n')
				return ERR_FORMAT;
			*in = span_sub(*in, (size_t)r->size + 1, SIZE_MAX);
			frame_out(r, data, 0, ret);
			return OK;
		}
		if (r->state == IN_DATA) {
			size_t n = in->n < r->left ? in->n : r->left;

			hold_add(r, in, n, most);
			r->left -= (uint32_t)n;
			if (r->left == 0)
				r->state = IN_TRAILER;
			continue;
		}
		if (r->state == IN_TRAILER) {
			if (in->p[0] != '\n')
				return ERR_FORMAT;
			*in = span_sub(*in, 1, SIZE_MAX);
			frame_out(r, buf_span(&r->hold), r->cut, ret);
			return OK;
		}
		/* The LF that ends a frame without data is its trailer as well. */
		if (header_octet(r, in->p[0]) != OK)
			return ERR_FORMAT;
		if (r->state != IN_TRAILER || in->p[0] != '\n')
			*in = span_sub(*in, 1, SIZE_MAX);
	}
	return ERR_MORE;
}

size_t
relp_held(const struct relp_reader *r)
{
	return r->hold.cap;
}

void
relp_reader_done(struct relp_reader *r)
{
	buf_done(&r->hold);
	*r = (struct relp_reader){ 0 };
}

/* ---- open ---- */

/* commands = word *("," word); is `word` among them? */
static bool
words_have(struct span list, struct span word)
{
	while (list.n > 0) {
		const uint8_t *comma = memchr(list.p, ',', list.n);
		size_t n = comma != NULL ? (size_t)(comma - list.p) : list.n;

		if (span_eq(span_sub(list, 0, n), word))
			return true;
		list = span_sub(list, comma != NULL ? n + 1 : n, SIZE_MAX);
	}
	return false;
}

/* offers = *(NAME "=" VALUE LF)    relp.html, "Offers" */
enum err
relp_offers(struct span data, uint32_t *ret_version, struct why *why)
{
	bool syslog = false, version_known = false;
	uint32_t version = 0;

	while (data.n > 0) {
		const uint8_t *lf = memchr(data.p, '\n', data.n);
		size_t n = lf != NULL ? (size_t)(lf - data.p) : data.n;
		struct span line = span_sub(data, 0, n);

		data = span_sub(data, lf != NULL ? n + 1 : n, SIZE_MAX);
		if (span_starts(line, SPAN("relp_version="))) {
			struct span v = span_sub(line, 13, SIZE_MAX);

			if (v.n != 1 || v.p[0] < '0' || v.p[0] > '9')
				return why_set(why, ERR_FORMAT, "500 relp_version is not a digit");
			version = (uint32_t)(v.p[0] - '0');
			version_known = true;
		} else if (span_starts(line, SPAN("commands="))) {
			syslog = words_have(span_sub(line, 9, SIZE_MAX), SPAN("syslog"));
		}
	}
	if (!version_known)
		return why_set(why, ERR_FORMAT, "500 relp_version is missing");
	if (!syslog)
		return why_set(why, ERR_FORMAT, "500 required command syslog is not offered");
	*ret_version = version > 1 ? 1 : version;
	return OK;
}

/* ---- the door ---- */

struct run {
	uint64_t batch;
	uint32_t first;
	uint32_t n;
};

struct relp_door {
	struct relp_reader reader;
	bool open;
	bool closing;			/* the client said close and still waits for answers */
	uint32_t close_txnr;
	struct run *run;		/* ring of run_room, a power of two */
	uint32_t first_run, nrun, run_room;
	uint32_t npending;		/* transactions in all runs */
};

static struct run *
run_at(const struct relp_door *door, uint32_t index)
{
	return &door->run[(door->first_run + index) & (door->run_room - 1)];
}

static void
run_add(struct relp_door *door, uint64_t batch, uint32_t txnr)
{
	struct run *last = door->nrun > 0 ? run_at(door, door->nrun - 1) : NULL;

	door->npending++;
	if (last != NULL && last->batch == batch && last->first + last->n == txnr) {
		last->n++;
		return;
	}
	if (door->nrun == door->run_room) {
		uint32_t room = door->run_room > 0 ? door->run_room * 2 : 4;
		struct run *wide = xreallocarray(NULL, room, sizeof *wide);

		for (uint32_t i = 0; i < door->nrun; i++)
			wide[i] = *run_at(door, i);
		free(door->run);
		door->run = wide;
		door->run_room = room;
		door->first_run = 0;
	}
	door->nrun++;
	*run_at(door, door->nrun - 1) = (struct run){ batch, txnr, 1 };
}

static void
relp_begin(struct conn *conn)
{
	conn->u.relp = xcalloc(1, sizeof *conn->u.relp);
}

static void
relp_end(struct conn *conn)
{
	relp_reader_done(&conn->u.relp->reader);
	free(conn->u.relp->run);
	free(conn->u.relp);
}

static size_t
relp_conn_held(const struct conn *conn)
{
	return relp_held(&conn->u.relp->reader) +
	    conn->u.relp->run_room * sizeof conn->u.relp->run[0];
}

/* rsp = TXNR SP "rsp" SP datalen SP data LF */
static void
rsp_put(struct conn *conn, uint32_t txnr, struct span data)
{
	buf_printf(&conn->out, "%u rsp %zu ", txnr, data.n);
	conn_write(conn, data);
	conn_write(conn, SPAN("\n"));
}

/* The answer to each kept record, by hand: it is written as often as records come. */
static void
rsp_ok_put(struct buf *out, uint32_t txnr)
{
	static const char tail[] = " rsp 6 200 OK\n";
	uint8_t text[10 + sizeof tail - 1];
	size_t at = 10;

	memcpy(text + at, tail, sizeof tail - 1);
	do
		text[--at] = (uint8_t)('0' + txnr % 10);
	while ((txnr /= 10) > 0);
	buf_put(out, text + at, sizeof text - at);
}

static enum err
open_take(struct conn *conn, const struct relp_frame *frame)
{
	struct why why = { "" };
	char data[96];
	uint32_t version;

	if (relp_offers(frame->data, &version, &why) != OK) {
		rsp_put(conn, frame->txnr, span_str(why.text));
		return ERR_FORMAT;
	}
	conn->u.relp->open = true;
	(void)snprintf(data, sizeof data,
	    "200 OK\nrelp_version=%u\nrelp_software=trucban\ncommands=syslog\n", version);
	rsp_put(conn, frame->txnr, span_str(data));
	return OK;
}

/* All answers are out: the last words of a session. */
static enum err
close_answer(struct conn *conn)
{
	buf_printf(&conn->out, "%u rsp 0\n0 serverclose 0\n", conn->u.relp->close_txnr);
	return ERR_ABSENT;
}

/* ERR_BUSY: taken, but nothing more for now. */
static enum err
frame_take(struct conn *conn, const struct relp_frame *frame, int64_t recv_ns)
{
	static const struct intake_hint hint = { .format = INTAKE_FORMAT_SYSLOG };
	struct relp_door *door = conn->u.relp;
	struct incoming in = { frame->data, &hint, conn->origin, frame->cut, recv_ns };

	switch ((enum relp_command)frame->command) {
	case RELP_SYSLOG:
		if (!door->open)
			return ERR_FORMAT;
		if (frame->data.n == 0) {
			conn->listener->count.empty++;
			rsp_ok_put(&conn->out, frame->txnr);
			return OK;
		}
		run_add(door, intake_record(conn->listener, &in), frame->txnr);
		conn->blocked = door->npending >= LIMIT_RELP_WINDOW;
		return conn->blocked ? ERR_BUSY : OK;
	case RELP_OPEN:
		return door->open ? ERR_FORMAT : open_take(conn, frame);
	case RELP_CLOSE:
		door->closing = true;
		door->close_txnr = frame->txnr;
		conn->blocked = true;
		return door->npending > 0 ? ERR_BUSY : close_answer(conn);
	default:
		return ERR_FORMAT;
	}
}

static enum err
relp_input(struct conn *conn, struct span *io_input, int64_t recv_ns)
{
	struct relp_door *door = conn->u.relp;
	struct span all = *io_input;
	struct relp_frame frame;
	enum err rc;

	if (conn->next_origin != conn->origin && !conn_rename(conn)) {
		conn->blocked = true;
		return OK;
	}
	for (;;) {
		rc = relp_next(&door->reader, io_input,
		    conn_most(conn, relp_held(&door->reader)), &frame);
		if (rc != OK)
			break;
		rc = frame_take(conn, &frame, recv_ns);
		if (rc != OK)
			break;
	}
	if (door->npending > 0)
		conn_wait(conn, sources_class(conn->intake->sources, conn->origin));
	if (rc == ERR_FORMAT) {
		conn->listener->count.bad_frames++;
		intake_sample(conn->listener, conn_peer(conn), "broken RELP frame", all);
	}
	return rc == ERR_MORE || rc == ERR_BUSY ? OK : rc;
}

/* The client will send no more, but may still read: it gets the answers that are due. */
static enum err
relp_input_end(struct conn *conn, int64_t recv_ns)
{
	(void)recv_ns;
	return conn->u.relp->npending > 0 ? ERR_MORE : ERR_ABSENT;
}

/* A client that had too much without an answer is read again. */
static void
window_open(struct conn *conn)
{
	if (conn->blocked && !conn->eof && !conn->u.relp->closing &&
	    conn->u.relp->npending < LIMIT_RELP_WINDOW / 2)
		conn_unblock(conn);
}

static enum err
relp_settled(struct conn *conn, uint64_t batch, enum err result)
{
	struct relp_door *door = conn->u.relp;

	while (door->nrun > 0 && run_at(door, 0)->batch <= batch) {
		const struct run *run = run_at(door, 0);

		if (result != OK)
			return ERR_FULL;
		for (uint32_t i = 0; i < run->n; i++)
			rsp_ok_put(&conn->out, run->first + i);
		door->npending -= run->n;
		door->first_run = (door->first_run + 1) & (door->run_room - 1);
		door->nrun--;
	}
	if (door->npending > 0) {
		window_open(conn);
		return OK;
	}
	conn_wait_end(conn);
	if (door->closing)
		return close_answer(conn);
	window_open(conn);
	return conn->eof ? ERR_ABSENT : OK;
}

static bool
relp_expired(struct conn *conn, int64_t now_ns)
{
	return !conn->u.relp->open && now_ns - conn->since_ns > OPEN_S * INT64_C(1000000000);
}

const struct conn_kind relp_kind = {
	.begin = relp_begin,
	.input = relp_input,
	.input_end = relp_input_end,
	.settled = relp_settled,
	.expired = relp_expired,
	.end = relp_end,
	.held = relp_conn_held,
};
