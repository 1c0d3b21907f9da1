/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenTelemetry logs over HTTP (OTLP specification, "OTLP/HTTP"): binary protobuf or JSON. The
 * answer is an ExportLogsServiceResponse with nothing in it, a refusal a google.rpc.Status, each in
 * the client's own form. 429 and 503 are what its clients send again after.
 */
#include "intake/door.h"

static enum err
otlp_begin(struct door_request *request, const struct http_head *head)
{
	request->json = http_media_is(head->content_type, "application/json");
	request->form = request->json ? INTAKE_FORM_OTLP_JSON : INTAKE_FORM_OTLP_PROTO;
	if (request->json || head->content_type.n == 0 ||
	    http_media_is(head->content_type, "application/x-protobuf") ||
	    http_media_is(head->content_type, "application/protobuf"))
		return head->coding == HTTP_SNAPPY ? ERR_ABSENT : OK;
	return ERR_ABSENT;
}

static const char *
type_of(const struct door_request *request)
{
	return request->json ? "application/json" : "application/x-protobuf";
}

static void
otlp_kept(const struct door_request *request, struct answer *answer, struct buf *body)
{
	answer->type = type_of(request);
	if (request->json)
		buf_str(body, "{}");
}

/* Status: field 2 is the message. */
static void
otlp_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	answer->type = type_of(request);
	if (request->json) {
		buf_printf(body, "{\"message\":\"%s\"}", reason);
		return;
	}
	buf_u8(body, 2 << 3 | 2);
	buf_bytes(body, span_str(reason));
}

const struct door door_otlp = {
	.framing = DOOR_WHOLE, .format = INTAKE_FORMAT_JSON,
	.time = "_time,observed_time",
	.message = "_msg,body,body.message,body.msg,body.log",
	.host = "host.name,host.id,k8s.node.name,k8s.pod.name",
	.app = "service.name,k8s.container.name,container.name,process.executable.name",
	.begin = otlp_begin, .kept = otlp_kept, .refused = otlp_refused,
};
