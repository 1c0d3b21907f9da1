/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an answer, one state at a time:
 *
 *	STATUS -> HEADER* -> LENGTH ------------------------------------> DONE
 *	                  -> SIZE -> CHUNK -> CHUNK_END -> SIZE ... -> TRAILER* -> DONE
 *	                  -> CLOSE (whole when the connection ends)
 */
#include "web/answer.h"

#include <stdlib.h>

#include "base/must.h"

enum { LINE_MAX_BYTES = 16384, HEADERS_MAX = 100, SENTENCE_MAX = 400 };

enum answer_state {
	ANSWER_STATUS, ANSWER_HEADER, ANSWER_LENGTH, ANSWER_CLOSE, ANSWER_SIZE, ANSWER_CHUNK,
	ANSWER_CHUNK_END, ANSWER_TRAILER, ANSWER_DONE, ANSWER_STATES
};

struct answer {
	answer_take_fn *take;
	void *ctx;
	enum answer_state state;
	struct buf line;		/* begun */
	struct buf sentence;		/* body of a refusal */
	unsigned headers;
	int status;
	bool has_length, is_chunked, stopped, has_found;
	uint64_t found;
	uint64_t left;			/* octets of the body or chunk */
};

struct answer *
answer_new(answer_take_fn *take, void *ctx)
{
	struct answer *a = xcalloc(1, sizeof *a);

	a->take = take;
	a->ctx = ctx;
	return a;
}

void
answer_free(struct answer **answer)
{
	if (*answer == NULL)
		return;
	buf_done(&(*answer)->line);
	buf_done(&(*answer)->sentence);
	free(*answer);
	*answer = NULL;
}

static unsigned
digit_of(uint8_t c)
{
	uint8_t low = c | 0x20;

	return c >= '0' && c <= '9' ? c - 0x30u : low >= 'a' && low <= 'f' ? low - 0x57u : 99;
}

/* All of s, one digit at least, at most 2^56. */
static bool
number_read(struct span s, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned d = digit_of(s.p[i]);

		if (d >= base || v >> 52 != 0)
			return false;
		v = v * base + d;
	}
	*ret = v;
	return s.n > 0;
}

/* status-line = "HTTP/1." 1DIGIT SP 3DIGIT [ SP reason ]    RFC 9112, 4 */
static enum err
status_take(struct answer *a, struct span line, struct why *why)
{
	uint64_t status = 0;

	if (!span_starts(line, SPAN("HTTP/1.")) || line.n < 12 || line.p[8] != ' ' ||
	    (line.n > 12 && line.p[12] != ' ') ||
	    !number_read(span_sub(line, 9, 3), 10, &status) || status < 200 || status > 599)
		return why_set(why, ERR_FORMAT, "what answers is not the desk");
	a->status = (int)status;
	a->state = ANSWER_HEADER;
	return OK;
}

static bool
header_is(struct span line, struct span name, struct span *ret_value)
{
	struct span value = span_sub(line, name.n + 1, line.n);

	if (line.n <= name.n || line.p[name.n] != ':')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((line.p[i] | 0x20) != name.p[i])
			return false;
	while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		value = span_sub(value, 1, value.n);
	while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value.n--;
	*ret_value = value;
	return true;
}

/* The end of the head: what the body's end is told by (RFC 9112, 6.3). */
static void
body_begin(struct answer *a)
{
	if (a->status == 204 || a->status == 304 || (a->has_length && a->left == 0))
		a->state = ANSWER_DONE;
	else if (a->is_chunked)
		a->state = ANSWER_SIZE;
	else
		a->state = a->has_length ? ANSWER_LENGTH : ANSWER_CLOSE;
}

static enum err
header_take(struct answer *a, struct span line, struct why *why)
{
	struct span value;

	if (++a->headers > HEADERS_MAX)
		return why_set(why, ERR_FORMAT, "the answer has more than %d headers", HEADERS_MAX);
	if (line.n == 0 && a->has_length && a->is_chunked)
		return why_set(why, ERR_FORMAT, "the answer has two lengths");
	if (line.n == 0) {
		body_begin(a);
	} else if (header_is(line, SPAN("content-length"), &value)) {
		if (a->has_length || !number_read(value, 10, &a->left))
			return why_set(why, ERR_FORMAT, "the answer's length is not a number");
		a->has_length = true;
	} else if (header_is(line, SPAN("transfer-encoding"), &value)) {
		if (!span_is(value, "chunked"))
			return why_set(why, ERR_FORMAT, "the answer is coded in a way that we do "
			    "not know");
		a->is_chunked = true;
	} else if (header_is(line, SPAN("trucban-found"), &value)) {
		a->has_found = number_read(value, 10, &a->found);
	}
	return OK;
}

/* chunk-size = 1*HEXDIG, extensions behind ';'    RFC 9112, 7.1 */
static enum err
size_take(struct answer *a, struct span line, struct why *why)
{
	const uint8_t *end = memchr(line.p, ';', line.n);

	if (end != NULL)
		line.n = (size_t)(end - line.p);
	while (line.n > 0 && line.p[line.n - 1] == ' ')
		line.n--;
	if (!number_read(line, 16, &a->left))
		return why_set(why, ERR_FORMAT, "a piece of the answer has no length");
	a->state = a->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILER;
	return OK;
}

static enum err
chunk_end_take(struct answer *a, struct span line, struct why *why)
{
	if (line.n > 0)
		return why_set(why, ERR_FORMAT, "a piece of the answer is longer than it says");
	a->state = ANSWER_SIZE;
	return OK;
}

static enum err
trailer_take(struct answer *a, struct span line, struct why *why)
{
	if (++a->headers > HEADERS_MAX)
		return why_set(why, ERR_FORMAT, "the answer has more than %d headers", HEADERS_MAX);
	if (line.n == 0)
		a->state = ANSWER_DONE;
	return OK;
}

typedef enum err line_fn(struct answer *answer, struct span line, struct why *why);

/* The states that read lines; the others read octets. */
static line_fn *const line_of[ANSWER_STATES] = {
	[ANSWER_STATUS] = status_take, [ANSWER_HEADER] = header_take, [ANSWER_SIZE] = size_take,
	[ANSWER_CHUNK_END] = chunk_end_take, [ANSWER_TRAILER] = trailer_take,
};

/* Takes octets up to the end of the line that was begun; the line is done with its LF. */
static enum err
line_feed(struct answer *a, struct span *in, struct why *why)
{
	const uint8_t *lf = memchr(in->p, '\n', in->n);
	size_t n = lf != NULL ? (size_t)(lf - in->p) : in->n;
	enum err rc;

	if (n > LINE_MAX_BYTES - a->line.n)
		return why_set(why, ERR_FORMAT, "the answer has an endless line");
	buf_span_put(&a->line, span_sub(*in, 0, n));
	*in = span_sub(*in, n + (lf != NULL), in->n);
	if (lf == NULL)
		return OK;
	if (a->line.n > 0 && a->line.p[a->line.n - 1] == '\r')
		a->line.n--;
	buf_reserve(&a->line, 1);	/* an empty line has an address too */
	rc = line_of[a->state](a, buf_span(&a->line), why);
	a->line.n = 0;
	return rc;
}

static void
body_feed(struct answer *a, struct span *in)
{
	struct span piece = a->state == ANSWER_CLOSE || a->left > in->n ? *in :
	    span_sub(*in, 0, (size_t)a->left);

	*in = span_sub(*in, piece.n, in->n);
	if (a->status / 100 == 2)
		a->stopped = !a->take(a->ctx, piece);
	else if (a->sentence.n < SENTENCE_MAX)
		buf_span_put(&a->sentence, span_sub(piece, 0, SENTENCE_MAX - a->sentence.n));
	if (a->state == ANSWER_CLOSE)
		return;
	a->left -= piece.n;
	if (a->left == 0)
		a->state = a->state == ANSWER_CHUNK ? ANSWER_CHUNK_END : ANSWER_DONE;
}

enum err
answer_feed(struct answer *a, struct span in, struct why *why)
{
	enum err rc = OK;

	while (rc == OK && in.n > 0 && a->state != ANSWER_DONE && !a->stopped) {
		if (line_of[a->state] != NULL)
			rc = line_feed(a, &in, why);
		else
			body_feed(a, &in);
	}
	if (rc != OK)
		return rc;
	return a->state == ANSWER_DONE || a->stopped ? ERR_MORE : OK;
}

static enum err
status_err(int status)
{
	static const struct {
		int status;
		enum err err;
	} row[] = { { 400, ERR_FORMAT }, { 401, ERR_DENIED }, { 403, ERR_DENIED },
		{ 404, ERR_ABSENT }, { 413, ERR_LIMIT }, { 422, ERR_LIMIT }, { 503, ERR_BUSY } };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (row[i].status == status)
			return row[i].err;
	return ERR_IO;
}

bool
answer_found(const struct answer *a, uint64_t *ret)
{
	if (a->has_found)
		*ret = a->found;
	return a->has_found;
}

enum err
answer_end(const struct answer *a, struct why *why)
{
	struct span s = buf_span(&a->sentence);

	if (a->state == ANSWER_STATUS && a->line.n == 0)
		return why_set(why, ERR_IO, "the desk closed the connection without an answer");
	if (!a->stopped && a->state != ANSWER_DONE && a->state != ANSWER_CLOSE)
		return why_set(why, ERR_IO, "the desk broke off the answer");
	if (a->status / 100 == 2)
		return OK;
	while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	if (s.n == 0)
		return why_set(why, status_err(a->status), "the desk answers %d", a->status);
	return why_set(why, status_err(a->status), "%.*s", (int)s.n, (const char *)s.p);
}
