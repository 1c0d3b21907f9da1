/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the page: see page.h. In the loop's thread. */
#include "web/page.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/must.h"
#include "web/pages.h"

#define HTML	"text/html; charset=utf-8"
#define CSS	"text/css; charset=utf-8"
#define SCRIPT	"text/javascript; charset=utf-8"
#define SVG	"image/svg+xml"

#define FILE_ROW(name, path, type) { path, type, &page_##name },
const struct page_file page_files[] = { PAGES(FILE_ROW) { NULL, NULL, NULL } };

/* With every file: a script or style that is opened by itself may do no more than the page. */
static const char *const headers[][2] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self' data:; connect-src 'self'; form-action 'self'; "
	    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
	    "trusted-types 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "X-Frame-Options", "DENY" },
	/* Asked for each time, and not sent again while it is the same: after an upgrade nobody
	 * has half of the old page. */
	{ "Cache-Control", "no-cache" },
};

const struct page_file *
page_find(const struct page_file *files, const char *path)
{
	for (; files->path != NULL; files++)
		if (strcmp(files->path, path) == 0)
			return files;
	return NULL;
}

void
page_answer(struct evhttp_request *request, const struct page_file *file)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);
	const char *known = evhttp_find_header(evhttp_request_get_input_headers(request),
	    "If-None-Match");
	struct evbuffer *body;
	char tag[24];

	if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
		(void)evhttp_add_header(out, "Allow", "GET");
		evhttp_send_reply(request, 405, NULL, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		(void)evhttp_add_header(out, headers[i][0], headers[i][1]);
	(void)snprintf(tag, sizeof tag, "\"%016llx\"",
	    (unsigned long long)hash64_seed(*file->octets, 0));
	(void)evhttp_add_header(out, "ETag", tag);
	/* If-None-Match = "*" / entity-tag *("," entity-tag)    RFC 9110, 13.1.2 */
	if (known != NULL && strstr(known, tag) != NULL) {
		evhttp_send_reply(request, 304, NULL, NULL);
		return;
	}
	(void)evhttp_add_header(out, "Content-Type", file->type);
	body = evbuffer_new();
	must(body != NULL &&
	    evbuffer_add_reference(body, file->octets->p, file->octets->n, NULL, NULL) == 0);
	evhttp_send_reply(request, 200, NULL, body);
	evbuffer_free(body);
}
