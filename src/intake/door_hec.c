/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splunk's HTTP event collector (Splunk Enterprise, Getting Data In, "Format events for HTTP Event
 * Collector" and "About HTTP Event Collector Indexer Acknowledgment"). An event is recorded with
 * its envelope, as it was sent. A client that gives a channel gets a number with each answer and
 * may ask for it afterwards; since the answer itself comes only when everything is on disk, every
 * number that was ever given is acknowledged.
 */
#include "base/cur.h"
#include "intake/door.h"

/* "code" of the answers, from Splunk's table. */
enum {
	HEC_TOKEN_REQUIRED = 2,
	HEC_BAD_DATA = 6,
	HEC_ERROR = 8,
	HEC_BUSY = 9,
	HEC_TOO_LARGE = 27,
};

static enum err
hec_begin(struct door_request *request, const struct http_head *head)
{
	uint8_t channel[8];

	request->json = true;
	request->acks = head->channel.n > 0 ||
	    http_argument(head->query, "channel", channel, sizeof channel).n > 0;
	return head->coding == HTTP_SNAPPY ? ERR_ABSENT : OK;
}

static void
hec_kept(const struct door_request *request, struct answer *answer, struct buf *body)
{
	(void)answer;
	buf_str(body, "{\"text\":\"Success\",\"code\":0");
	if (request->acks)
		buf_printf(body, ",\"ackId\":%llu", (unsigned long long)request->number);
	buf_u8(body, '}');
}

static void
hec_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	static const struct { unsigned status, code; } codes[] = {
		{ 400, HEC_BAD_DATA }, { 401, HEC_TOKEN_REQUIRED }, { 413, HEC_TOO_LARGE },
		{ 415, HEC_BAD_DATA }, { 429, HEC_BUSY }, { 503, HEC_BUSY },
	};
	unsigned code = HEC_ERROR;

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].status == answer->status)
			code = codes[i].code;
	/* Its clients wait and send again after 503; not all know 429. */
	if (answer->status == 429)
		answer->status = 503;
	buf_printf(body, "{\"text\":\"%s\",\"code\":%u", reason, code);
	if (code == HEC_BAD_DATA)
		buf_printf(body, ",\"invalid-event-number\":%u", request->items);
	buf_u8(body, '}');
}

/* number = 1*DIGIT; false: there is none */
static bool
number_take(struct cur *in, uint64_t *ret)
{
	const uint8_t *from = in->p;
	uint64_t v = 0;

	for (; in->p < in->end && *in->p >= '0' && *in->p <= '9'; in->p++)
		v = v * 10 + (uint64_t)(*in->p - '0');
	*ret = v;
	return in->p > from && in->p - from < 20;
}

static void
space_skip(struct cur *in)
{
	while (in->p < in->end && (*in->p == ' ' || *in->p == '\n' || *in->p == '\r' ||
	    *in->p == '\t'))
		in->p++;
}

/* question = '{"acks":[' [ number *( "," number ) ] "]}", answer = '{"acks":{"N":true,...}}' */
static enum err
ack_asked(const struct door_request *request, struct span question, struct buf *body)
{
	const uint8_t *list = question.n > 0 ? memchr(question.p, '[', question.n) : NULL;
	struct cur in;
	uint64_t number;
	bool first = true;

	if (list == NULL)
		return ERR_FORMAT;
	in = cur_of(span_sub(question, (size_t)(list - question.p) + 1, SIZE_MAX));
	buf_str(body, "{\"acks\":{");
	for (;; first = false) {
		space_skip(&in);
		if (first && in.p < in.end && *in.p == ']')
			break;
		if (!number_take(&in, &number))
			return ERR_FORMAT;
		buf_printf(body, "%s\"%llu\":%s", first ? "" : ",", (unsigned long long)number,
		    number <= request->number ? "true" : "false");
		space_skip(&in);
		if (in.p < in.end && *in.p == ']')
			break;
		if (cur_u8(&in) != ',')
			return ERR_FORMAT;
	}
	buf_str(body, "}}");
	return OK;
}

static enum err
health_asked(const struct door_request *request, struct span question, struct buf *body)
{
	(void)request;
	(void)question;
	buf_str(body, "{\"text\":\"HEC is healthy\",\"code\":17}");
	return OK;
}

const struct door door_hec = {
	.framing = DOOR_OBJECTS, .format = INTAKE_FORMAT_JSON,
	.message = "event,event.message,event._msg,event.msg,event.line,event.log,event.Message",
	.time = "time", .host = "host", .app = "sourcetype,source", .claims = true,
	.begin = hec_begin, .kept = hec_kept, .refused = hec_refused,
};

const struct door door_hec_raw = {
	.framing = DOOR_LINES, .format = INTAKE_FORMAT_SYSLOG, .claims = true,
	.begin = hec_begin, .kept = hec_kept, .refused = hec_refused,
};

const struct door door_hec_ack = {
	.framing = DOOR_WHOLE, .begin = hec_begin, .refused = hec_refused, .asked = ack_asked,
};

const struct door door_hec_health = {
	.framing = DOOR_WHOLE, .begin = hec_begin, .refused = hec_refused, .asked = health_asked,
};
