/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes, fixed pages and tokens of answer.h. Shippers of Elasticsearch's family ask who we are,
 * for a licence and for templates, and refuse to send without the expected words: the version is
 * one that they all accept, and every template "exists" already, so that none is uploaded.
 */
#include "intake/answer.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "model/base64.h"
#include "intake/door.h"
#include "intake/intake_int.h"

enum {
	GET = 1 << HTTP_GET | 1 << HTTP_HEAD,
	SEND = 1 << HTTP_POST | 1 << HTTP_PUT,
	OPTIONS = 1 << HTTP_OPTIONS,
	CREDENTIAL_BYTES = 512,
};

static const char page_hello[] =
    "{\"name\":\"trucban\",\"cluster_name\":\"trucban\",\"cluster_uuid\":\"trucban\",\"version\":{"
    "\"number\":\"8.17.0\",\"build_flavor\":\"default\",\"build_type\":\"deb\","
    "\"build_hash\":\"0\",\"build_date\":\"2024-12-11T12:08:05.663969764Z\","
    "\"build_snapshot\":false,\"lucene_version\":\"9.12.0\","
    "\"minimum_wire_compatibility_version\":\"7.17.0\","
    "\"minimum_index_compatibility_version\":\"7.0.0\"},\"tagline\":\"You Know, for Search\"}";
static const char page_license[] =
    "{\"license\":{\"status\":\"active\",\"uid\":\"00000000-0000-0000-0000-000000000000\","
    "\"type\":\"basic\",\"issue_date_in_millis\":0,\"expiry_date_in_millis\":4102444800000,"
    "\"max_nodes\":1000,\"issued_to\":\"trucban\",\"issuer\":\"trucban\","
    "\"start_date_in_millis\":-1}}";
static const char page_xpack[] =
    "{\"build\":{\"hash\":\"0\",\"date\":\"2024-12-11T12:08:05.663969764Z\"},\"license\":{"
    "\"uid\":\"00000000-0000-0000-0000-000000000000\",\"type\":\"basic\",\"mode\":\"basic\","
    "\"status\":\"active\"},\"features\":{\"ilm\":{\"available\":true,\"enabled\":true},"
    "\"data_streams\":{\"available\":true,\"enabled\":true}},\"tagline\":\"\"}";
static const char page_health[] =
    "{\"cluster_name\":\"trucban\",\"status\":\"green\",\"timed_out\":false,"
    "\"number_of_nodes\":1,\"number_of_data_nodes\":1}";
static const char page_nodes[] =
    "{\"_nodes\":{\"total\":1,\"successful\":1,\"failed\":0},\"cluster_name\":\"trucban\","
    "\"nodes\":{}}";
static const char page_done[] = "{\"acknowledged\":true}";
static const char page_empty[] = "{}";

/* The first row that fits wins. */
static const struct answer_route routes[] = {
	{ "/_bulk", SEND, &door_bulk, NULL },
	{ "/*/_bulk", SEND, &door_bulk, NULL },
	{ "/insert/jsonline", SEND, &door_json, NULL },
	{ "/insert/lines", SEND, &door_lines, NULL },
	{ "/loki/api/v1/push", SEND, &door_loki, NULL },
	{ "/insert/loki/api/v1/push", SEND, &door_loki, NULL },
	{ "/insert/loki/ready", GET, NULL, "ready" },
	{ "/v1/logs", SEND, &door_otlp, NULL },
	{ "/otlp/v1/logs", SEND, &door_otlp, NULL },
	{ "/insert/opentelemetry/v1/logs", SEND, &door_otlp, NULL },
	{ "/services/collector", SEND, &door_hec, NULL },
	{ "/services/collector/event", SEND, &door_hec, NULL },
	{ "/services/collector/event/1.0", SEND, &door_hec, NULL },
	{ "/services/collector/raw", SEND, &door_hec_raw, NULL },
	{ "/services/collector/raw/1.0", SEND, &door_hec_raw, NULL },
	{ "/services/collector/ack", SEND, &door_hec_ack, NULL },
	{ "/services/collector/health", GET, &door_hec_health, NULL },
	{ "/services/collector/health/1.0", GET, &door_hec_health, NULL },
	{ "/services/collector/**", OPTIONS, NULL, page_empty },	/* Docker's driver asks */
	{ "/upload", SEND, &door_journal, NULL },
	{ "/agent/v1/enrol", SEND, &door_enrol, NULL },
	{ "/agent/v1/renew", SEND, &door_renew, NULL },
	{ "/relay/v1/rows", SEND, &door_relay_rows, NULL },
	{ "/relay/v1/place", GET, &door_relay_place, NULL },
	{ "/relay/**", GET | SEND, &door_relay_other, NULL },
	{ "/", GET, NULL, page_hello },
	{ "/_license", GET, NULL, page_license },
	{ "/_xpack", GET, NULL, page_xpack },
	{ "/_cluster/health", GET, NULL, page_health },
	{ "/_nodes/**", GET, NULL, page_nodes },
	{ "/_ilm/policy/**", GET, NULL, page_empty },
	{ "/_ilm/policy/**", SEND, NULL, page_done },
	{ "/_index_template/**", GET, NULL, page_empty },
	{ "/_index_template/**", SEND, NULL, page_done },
	{ "/_component_template/**", GET, NULL, page_empty },
	{ "/_component_template/**", SEND, NULL, page_done },
	{ "/_template/**", GET, NULL, page_empty },
	{ "/_template/**", SEND, NULL, page_done },
	{ "/_ingest/pipeline/**", GET, NULL, page_empty },
	{ "/_ingest/pipeline/**", SEND, NULL, page_done },
	{ "/_data_stream/**", GET, NULL, page_empty },
	{ "/_data_stream/**", SEND, NULL, page_done },
	{ "/_alias/**", GET, NULL, page_empty },
	{ "/_logstash/**", GET, NULL, page_empty },
	{ "/insert/ready", GET, NULL, "{\"status\":\"ok\"}" },
	{ "/health", GET, NULL, "OK" },
};

/* Takes one segment with its slash off *path. */
static struct span
segment_take(struct span *path)
{
	struct span rest = span_sub(*path, 1, SIZE_MAX);
	const uint8_t *slash = rest.n > 0 ? memchr(rest.p, '/', rest.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - rest.p) : rest.n;

	*path = span_sub(rest, n, SIZE_MAX);
	return span_sub(rest, 0, n);
}

static bool
path_fits(struct span path, const char *pattern)
{
	struct span want = span_str(pattern);

	while (path.n > 0 && want.n > 0) {
		struct span segment = segment_take(&path), wanted = segment_take(&want);

		if (span_is(wanted, "**"))
			return true;
		if (!span_eq(segment, wanted) && !(span_is(wanted, "*") && segment.n > 0))
			return false;
	}
	return path.n == 0 && (want.n == 0 || span_is(want, "/**"));
}

const struct answer_route *
answer_route(const struct http_head *head)
{
	static const struct span prefix = { (const uint8_t *)"/insert/elasticsearch", 21 };
	struct span path = head->path;

	if (span_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/'))
		path = span_sub(path, prefix.n, SIZE_MAX);
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (path.n == 0)
		path = SPAN("/");
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if ((routes[i].methods >> head->method & 1) != 0 &&
		    path_fits(path, routes[i].path))
			return &routes[i];
	return NULL;
}

/* ---- answers ---- */

static const char *
status_text(unsigned status)
{
	static const struct { unsigned status; const char *text; } texts[] = {
		{ 200, "OK" }, { 202, "Accepted" }, { 204, "No Content" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 409, "Conflict" }, { 410, "Gone" },
		{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
		{ 426, "Upgrade Required" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Other";
}

void
answer_put(struct buf *out, const struct answer *answer)
{
	buf_printf(out, "HTTP/1.1 %u %s\r\nX-Elastic-Product: Elasticsearch\r\n",
	    answer->status, status_text(answer->status));
	if (answer->status != 204)
		buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    answer->type != NULL ? answer->type : "application/json", answer->body.n);
	if (answer->status == 429 || answer->status == 503)
		buf_str(out, "Retry-After: 5\r\n");
	if (answer->status == 401)
		buf_str(out, "WWW-Authenticate: Basic realm=\"trucban\"\r\n");
	buf_str(out, answer->keep_alive ? "Connection: keep-alive\r\n\r\n" :
	    "Connection: close\r\n\r\n");
	if (!answer->no_body)
		buf_span_put(out, answer->body);
}

/* The reasons are ours and hold nothing that JSON would have to escape. */
void
answer_error(struct buf *out, unsigned status, const char *reason)
{
	buf_printf(out, "{\"error\":{\"type\":\"%s\",\"reason\":\"%s\"},\"status\":%u}",
	    status == 429 ? "es_rejected_execution_exception" : "illegal_argument_exception",
	    reason, status);
}

/* ---- tokens ---- */

void
answer_digest(uint8_t ret[32], struct span secret)
{
	(void)SHA256(secret.p, secret.n, ret);
}

/* Takes the scheme's name off the field; letters in any case (RFC 9110, 11.1). */
static bool
scheme_take(struct span *field, const char *scheme)
{
	size_t n = strlen(scheme);

	if (field->n <= n || field->p[n] != ' ')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((field->p[i] | 0x20) != scheme[i])
			return false;
	*field = span_sub(*field, n + 1, SIZE_MAX);
	return true;
}

/* All rows are compared, and each in constant time: the time says nothing about the secrets. */
static bool
secret_find(const struct token *token, unsigned ntoken, const struct span *name,
    struct span secret, struct span *ret_name)
{
	uint8_t digest[32];
	bool found = false;

	answer_digest(digest, secret);
	for (unsigned i = 0; i < ntoken; i++) {
		bool same = CRYPTO_memcmp(digest, token[i].secret, sizeof digest) == 0;

		if (!same || (name != NULL && !span_eq(*name, token[i].name)))
			continue;
		*ret_name = token[i].name;
		found = true;
	}
	return found;
}

bool
answer_token(const struct token *token, unsigned ntoken, struct span field,
    struct span *ret_name)
{
	uint8_t room[CREDENTIAL_BYTES];
	struct span name, secret;
	const uint8_t *colon;
	size_t n;

	if (scheme_take(&field, "bearer") || scheme_take(&field, "splunk"))
		return secret_find(token, ntoken, NULL, field, ret_name);
	if (!scheme_take(&field, "basic") && !scheme_take(&field, "apikey"))
		return false;
	if (base64_get(room, sizeof room, &n, field) != OK || n == 0)
		return false;
	colon = memchr(room, ':', n);
	if (colon == NULL)
		return false;
	name = span_of(room, (size_t)(colon - room));
	secret = span_of(colon + 1, n - name.n - 1);
	return secret_find(token, ntoken, &name, secret, ret_name);
}
