/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests, reading side: RFC 9112. Pure: octets in, parts out. Our own and not
 * libevent's, because evhttp has the whole body in memory before it asks anybody, cannot count
 * connections per address, and goes round in circles without a free descriptor; here a body is
 * handed on piece by piece. Strict where leniency has been an attack: one length only, no folded
 * lines, no space before a colon.
 */
#ifndef INTAKE_HTTP_H
#define INTAKE_HTTP_H

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

enum http_method {
	HTTP_OTHER,
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_OPTIONS,
};

enum http_coding {
	HTTP_IDENTITY,
	HTTP_GZIP,
	HTTP_DEFLATE,
	HTTP_ZSTD,
	HTTP_SNAPPY,		/* of a door that knows it */
	HTTP_CODING_UNKNOWN,
};

struct http_head {
	uint8_t method;			/* enum http_method */
	uint8_t coding;			/* enum http_coding, of the body */
	bool keep_alive;
	bool chunked;
	bool has_length;
	bool expects;			/* Expect: 100-continue */
	uint64_t length;
	struct span path;		/* before '?', as sent */
	struct span query;		/* after it */
	struct span authorization;
	struct span content_type;
	struct span channel;		/* X-Splunk-Request-Channel */
	/* VL-Msg-Field, VL-Time-Field, VL-Stream-Fields of VictoriaLogs' clients */
	struct span message_field, time_field, stream_fields;
};

/* Octets of the head with its empty line, or 0 when it is not complete yet. */
size_t		http_head_size(struct span in);
/*
 * Reads a complete head; the spans borrow from it. ERR_FORMAT: answer 400; ERR_LIMIT: 431 or, with
 * a length beyond LIMIT_BODY_MB, 413; ERR_ABSENT: a transfer coding or version that we have not.
 */
enum err	http_head_read(struct http_head *ret_head, struct span in, struct why *why);

/* Where the body is in its framing. */
struct http_body {
	uint8_t state;
	bool chunked;
	uint8_t digits;
	uint32_t trailer;		/* octets of framing since the last chunk */
	uint64_t left;			/* of the body, or of the chunk */
};

void		http_body_begin(struct http_body *body, const struct http_head *head);
/*
 * OK: *ret_piece is taken off *io_input. ERR_MORE: all was taken. ERR_ABSENT: the body has ended,
 * what is left of the input is the next request. ERR_FORMAT: broken chunk.
 */
enum err	http_body_next(struct http_body *body, struct span *io_input,
		    struct span *ret_piece);

/* True when a Content-Type says this media type (in lower case), whatever its parameters are. */
bool		http_media_is(struct span content_type, const char *media);
/*
 * The value of an argument in the query, percent-decoded into room[] (cut at n); empty when it is
 * not there.
 */
struct span	http_argument(struct span query, const char *name, uint8_t *room, size_t n);

#endif
