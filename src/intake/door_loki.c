/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grafana Loki's push (Loki HTTP API, "Ingest logs"): JSON, or protobuf in a block of snappy, or
 * protobuf with another content coding. Answers 204, which Promtail, Alloy, Fluent Bit and Vector
 * take for kept.
 */
#include "intake/door.h"

static enum err
loki_begin(struct door_request *request, const struct http_head *head)
{
	request->json = http_media_is(head->content_type, "application/json");
	request->form = request->json ? INTAKE_FORM_LOKI_JSON : INTAKE_FORM_LOKI_PROTO;
	request->snappy = !request->json && (head->coding == HTTP_IDENTITY ||
	    head->coding == HTTP_SNAPPY);
	return request->json && head->coding == HTTP_SNAPPY ? ERR_ABSENT : OK;
}

static void
loki_kept(const struct door_request *request, struct answer *answer, struct buf *body)
{
	(void)request;
	(void)body;
	answer->status = 204;
}

/* Its clients log the text of a refusal as it is. */
static void
loki_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	(void)request;
	answer->type = "text/plain; charset=utf-8";
	buf_printf(body, "%s\n", reason);
}

const struct door door_loki = {
	.framing = DOOR_WHOLE, .format = INTAKE_FORMAT_JSON,
	.host = "host,hostname,node_name,nodename,node,instance",
	.app = "service_name,app,job,container,container_name,unit,filename",
	.begin = loki_begin, .kept = loki_kept, .refused = loki_refused,
};
