/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads, bodies and arguments of http.h. Grammar: RFC 9112 (messages), RFC 9110 (fields). A head is
 * collected by the caller and read in one pass; a body is a state machine that never looks back.
 */
#include "intake/http.h"

#include "base/cur.h"

enum { TRAILER_BYTES = 8192, CHUNK_DIGITS = 8 };

/* ---- the head ---- */

/* The head ends with an empty line; bare LF as line end is accepted (RFC 9112, 2.2). */
size_t
http_head_size(struct span in)
{
	size_t from = 0;

	while (from < in.n) {
		const uint8_t *lf = memchr(in.p + from, '\n', in.n - from);
		size_t at = lf != NULL ? (size_t)(lf - in.p) : 0;

		if (lf == NULL)
			return 0;
		if (at == from || (at == from + 1 && in.p[from] == '\r'))
			return at + 1;
		from = at + 1;
	}
	return 0;
}

/* Takes one line without its end off *in. */
static struct span
line_take(struct span *in)
{
	const uint8_t *lf = in->n > 0 ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = lf != NULL ? (size_t)(lf - in->p) : in->n;
	struct span line = span_sub(*in, 0, n);

	*in = span_sub(*in, lf != NULL ? n + 1 : n, SIZE_MAX);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static struct span
word_take(struct span *in, uint8_t end)
{
	const uint8_t *at = in->n > 0 ? memchr(in->p, end, in->n) : NULL;
	size_t n = at != NULL ? (size_t)(at - in->p) : in->n;
	struct span word = span_sub(*in, 0, n);

	*in = span_sub(*in, at != NULL ? n + 1 : n, SIZE_MAX);
	return word;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Equal without regard to case; word is in lower case. */
static bool
is_word(struct span s, const char *word)
{
	size_t n = strlen(word);

	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(s.p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_sub(s, 1, SIZE_MAX);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* tchar, RFC 9110, 5.6.2 */
static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], l = lower(c);

		if (!(l >= 'a' && l <= 'z') && !(c >= '0' && c <= '9') &&
		    (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return s.n > 0;
}

/* No control characters: none of them has a good reason to be in a head. */
static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

static uint8_t
method_of(struct span word)
{
	static const struct { const char *name; uint8_t method; } methods[] = {
		{ "GET", HTTP_GET }, { "HEAD", HTTP_HEAD }, { "POST", HTTP_POST },
		{ "PUT", HTTP_PUT }, { "DELETE", HTTP_DELETE },
		{ "OPTIONS", HTTP_OPTIONS },
	};

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (span_is(word, methods[i].name))
			return methods[i].method;
	return HTTP_OTHER;
}

/* request-line = method SP request-target SP HTTP-version    RFC 9112, 3 */
static enum err
request_line(struct http_head *head, struct span line, struct why *why)
{
	struct span method = word_take(&line, ' ');
	struct span target = word_take(&line, ' ');

	if (!is_token(method) || target.n == 0 || target.p[0] != '/' || !is_printable(target))
		return why_set(why, ERR_FORMAT, "bad request line");
	if (!span_is(line, "HTTP/1.1") && !span_is(line, "HTTP/1.0"))
		return why_set(why, ERR_ABSENT, "HTTP version not supported");
	head->method = method_of(method);
	head->keep_alive = line.p[line.n - 1] == '1';
	head->path = word_take(&target, '?');
	head->query = target;
	return OK;
}

/* Content-Length = 1*DIGIT    RFC 9110, 8.6; a second one is refused even when it is the same. */
static enum err
length_read(struct http_head *head, struct span value, struct why *why)
{
	uint64_t v = 0;

	if (head->has_length || value.n == 0)
		return why_set(why, ERR_FORMAT, "bad Content-Length");
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return why_set(why, ERR_FORMAT, "bad Content-Length");
		v = v * 10 + (uint64_t)(value.p[i] - '0');
		if (v > (uint64_t)LIMIT_BODY_MB << 20)
			return why_set(why, ERR_LIMIT, "body too long");
	}
	head->has_length = true;
	head->length = v;
	return OK;
}

static uint8_t
coding_of(struct span value)
{
	if (value.n == 0 || is_word(value, "identity"))
		return HTTP_IDENTITY;
	if (is_word(value, "gzip") || is_word(value, "x-gzip"))
		return HTTP_GZIP;
	if (is_word(value, "deflate"))
		return HTTP_DEFLATE;
	if (is_word(value, "zstd"))
		return HTTP_ZSTD;
	return is_word(value, "snappy") ? HTTP_SNAPPY : HTTP_CODING_UNKNOWN;
}

/* Connection = #option; only "close" and "keep-alive" mean something here. */
static void
connection_read(struct http_head *head, struct span value)
{
	while (value.n > 0) {
		struct span option = trimmed(word_take(&value, ','));

		if (is_word(option, "close"))
			head->keep_alive = false;
		else if (is_word(option, "keep-alive"))
			head->keep_alive = true;
	}
}

/* Fields that are only remembered. */
static void
text_take(struct http_head *head, struct span name, struct span value)
{
	if (is_word(name, "authorization"))
		head->authorization = value;
	else if (is_word(name, "content-type"))
		head->content_type = value;
	else if (is_word(name, "x-splunk-request-channel"))
		head->channel = value;
	else if (is_word(name, "vl-msg-field"))
		head->message_field = value;
	else if (is_word(name, "vl-time-field"))
		head->time_field = value;
	else if (is_word(name, "vl-stream-fields"))
		head->stream_fields = value;
}

/* field-line = field-name ":" OWS field-value OWS    RFC 9112, 5 */
static enum err
field_line(struct http_head *head, struct span line, struct why *why)
{
	struct span value = line, name;

	if (memchr(line.p, ':', line.n) == NULL)
		return why_set(why, ERR_FORMAT, "header line without a colon");
	name = word_take(&value, ':');
	value = trimmed(value);
	if (!is_token(name) || !is_printable(value))
		return why_set(why, ERR_FORMAT, "bad header line");
	if (is_word(name, "content-length"))
		return length_read(head, value, why);
	if (is_word(name, "transfer-encoding")) {
		if (head->chunked || !is_word(value, "chunked"))
			return why_set(why, ERR_ABSENT, "transfer coding not supported");
		head->chunked = true;
	} else if (is_word(name, "content-encoding")) {
		head->coding = coding_of(value);
	} else if (is_word(name, "connection")) {
		connection_read(head, value);
	} else if (is_word(name, "expect")) {
		head->expects = is_word(value, "100-continue");
	} else {
		text_take(head, name, value);
	}
	return OK;
}

enum err
http_head_read(struct http_head *ret_head, struct span in, struct why *why)
{
	struct http_head head = { 0 };
	unsigned lines = 0;
	enum err rc;

	rc = request_line(&head, line_take(&in), why);
	while (rc == OK && in.n > 0) {
		struct span line = line_take(&in);

		if (line.n == 0)
			break;
		if (++lines > LIMIT_HTTP_HEADERS)
			return why_set(why, ERR_LIMIT, "too many header lines");
		rc = field_line(&head, line, why);
	}
	if (rc != OK)
		return rc;
	/* Both lengths: which one the next reader believes is how requests are smuggled. */
	if (head.chunked && head.has_length)
		return why_set(why, ERR_FORMAT, "two lengths");
	*ret_head = head;
	return OK;
}

/* ---- the body ---- */

enum body_state {
	BODY_DATA,		/* left octets of data */
	CHUNK_SIZE,		/* hexadecimal digits */
	CHUNK_EXTENSION,	/* skipped to the end of the line */
	CHUNK_END,		/* the line end behind a chunk's data */
	TRAILER_LINE,		/* at the begin of a line */
	TRAILER_REST,
	BODY_END,
};

void
http_body_begin(struct http_body *body, const struct http_head *head)
{
	*body = (struct http_body){ .chunked = head->chunked, .left = head->length };
	if (head->chunked)
		body->state = CHUNK_SIZE;
	else
		body->state = head->length > 0 ? BODY_DATA : BODY_END;
}

/* chunk-size = 1*HEXDIG; at most 8 of them */
static enum err
size_octet(struct http_body *b, uint8_t c)
{
	uint8_t l = lower(c);

	if ((c >= '0' && c <= '9') || (l >= 'a' && l <= 'f')) {
		if (++b->digits > CHUNK_DIGITS)
			return ERR_FORMAT;
		b->left = b->left * 16 + (uint64_t)(c <= '9' ? c - '0' : l - 'a' + 10);
		return OK;
	}
	if (b->digits == 0 || (c != '\r' && c != '\n' && c != ';' && c != ' ' && c != '\t'))
		return ERR_FORMAT;
	b->state = CHUNK_EXTENSION;
	return OK;
}

/* One octet of the chunk framing; c was not taken when the state says CHUNK_EXTENSION first. */
static enum err
frame_octet(struct http_body *b, uint8_t c)
{
	switch ((enum body_state)b->state) {
	case CHUNK_SIZE:
		if (size_octet(b, c) != OK)
			return ERR_FORMAT;
		if (b->state == CHUNK_SIZE || c != '\n')
			return OK;
		/* fall through: the line ends with a bare LF */
		__attribute__((fallthrough));
	case CHUNK_EXTENSION:
		if (++b->trailer > TRAILER_BYTES)
			return ERR_FORMAT;
		if (c == '\n')
			b->state = b->left > 0 ? BODY_DATA : TRAILER_LINE;
		return OK;
	case CHUNK_END:
		if (c == '\r')
			return ++b->trailer > TRAILER_BYTES ? ERR_FORMAT : OK;
		b->state = CHUNK_SIZE;
		b->digits = 0;
		b->trailer = 0;
		return c == '\n' ? OK : ERR_FORMAT;
	case TRAILER_LINE:
	case TRAILER_REST:
		if (++b->trailer > TRAILER_BYTES)
			return ERR_FORMAT;
		if (c == '\n')
			b->state = b->state == TRAILER_LINE ? BODY_END : TRAILER_LINE;
		else if (c != '\r')
			b->state = TRAILER_REST;
		return OK;
	default:
		return ERR_FORMAT;
	}
}

enum err
http_body_next(struct http_body *b, struct span *in, struct span *ret_piece)
{
	while (b->state != BODY_END) {
		if (in->n == 0)
			return ERR_MORE;
		if (b->state == BODY_DATA) {
			size_t n = in->n < b->left ? in->n : (size_t)b->left;

			*ret_piece = span_sub(*in, 0, n);
			*in = span_sub(*in, n, SIZE_MAX);
			b->left -= n;
			if (b->left == 0)
				b->state = b->chunked ? CHUNK_END : BODY_END;
			return OK;
		}
		if (frame_octet(b, in->p[0]) != OK)
			return ERR_FORMAT;
		*in = span_sub(*in, 1, SIZE_MAX);
	}
	return ERR_ABSENT;
}

/* ---- arguments ---- */

bool
http_media_is(struct span content_type, const char *media)
{
	return is_word(trimmed(word_take(&content_type, ';')), media);
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct span
percent_decode(struct span s, uint8_t *room, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < s.n && at < n; i++) {
		uint8_t c = s.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%' && s.n - i > 2 && hex_value(s.p[i + 1]) >= 0 &&
		    hex_value(s.p[i + 2]) >= 0) {
			c = (uint8_t)(hex_value(s.p[i + 1]) * 16 + hex_value(s.p[i + 2]));
			i += 2;
		}
		room[at++] = c;
	}
	return span_of(room, at);
}

struct span
http_argument(struct span query, const char *name, uint8_t *room, size_t n)
{
	while (query.n > 0) {
		struct span value = word_take(&query, '&');
		struct span key = word_take(&value, '=');

		if (span_is(key, name))
			return percent_decode(value, room, n);
	}
	return (struct span){ 0 };
}
