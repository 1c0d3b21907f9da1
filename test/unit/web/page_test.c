/* SPDX-License-Identifier: Apache-2.0 */
/* web/page.c: who gets the page's files, as what, and what a browser may do with them. */
#include "server_rig.h"

static void
get(const char *path, const char *more, struct buf *out)
{
	char text[512];

	(void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s"
	    "Connection: close\r\n\r\n", path, more);
	ask_raw(text, out);
}

static void
each_file_has_its_type_and_the_policy(void)
{
	static const char *const wanted[][2] = { { "/", "Content-Type: text/html; charset=utf-8" },
	    { "/web/page.css", "Content-Type: text/css; charset=utf-8" },
	    { "/web/app.js", "Content-Type: text/javascript; charset=utf-8" },
	    { "/web/icon.svg", "Content-Type: image/svg+xml" } };
	struct buf out = { 0 };

	server_start();
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		get(wanted[i][0], "", &out);
		check(heard(&out, "HTTP/1.1 200"));
		check(heard(&out, wanted[i][1]));
		check(heard(&out, "Content-Security-Policy: default-src 'none'; script-src "
		    "'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
		    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
		    "require-trusted-types-for 'script'"));
		check(heard(&out, "X-Content-Type-Options: nosniff"));
		check(heard(&out, "Referrer-Policy: no-referrer"));
		check(heard(&out, "Cross-Origin-Opener-Policy: same-origin"));
		check(heard(&out, "Cache-Control: no-cache"));
		check(!heard(&out, "unsafe"));
	}
	/* Nobody was asked whether he may. */
	check_int(admitted, 0);
	server_stop();
	buf_done(&out);
}

static void
what_the_browser_has_is_not_sent_again(void)
{
	struct buf out = { 0 };
	char tag[64] = "", more[128];
	const char *at;

	server_start();
	get("/web/app.js", "", &out);
	buf_u8(&out, 0);
	at = strstr((const char *)out.p, "ETag: ");
	if (check(at != NULL))
		(void)snprintf(tag, sizeof tag, "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
	(void)snprintf(more, sizeof more, "If-None-Match: \"other\", %s\r\n", tag);
	get("/web/app.js", more, &out);
	check(heard(&out, "HTTP/1.1 304"));
	check(heard(&out, tag));
	check(!heard(&out, "import"));
	get("/web/app.js", "If-None-Match: \"other\"\r\n", &out);
	check(heard(&out, "HTTP/1.1 200"));
	server_stop();
	buf_done(&out);
}

static void
paths_that_are_none_of_the_page_are_no_files(void)
{
	static const char *const path[] = { "/web/", "/web", "/web/none.js", "/web/../web/app.js",
	    "/web/app.js/", "/web/%61pp.js", "/web/..%2f..%2fetc/passwd", "/../../etc/passwd",
	    "//etc/passwd", "/index.html", "/web/APP.js" };
	struct buf out = { 0 };

	server_start();
	for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
		get(path[i], "", &out);
		if (!check(!heard(&out, "HTTP/1.1 200")) || !check(!heard(&out, "root:")))
			printf("it was %s\n", path[i]);
	}
	server_stop();
	buf_done(&out);
}

static void
files_are_only_read(void)
{
	struct buf out = { 0 };

	server_start();
	ask_raw("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
	    "Connection: close\r\n\r\na=b", &out);
	check(heard(&out, "HTTP/1.1 405"));
	check(heard(&out, "Allow: GET"));
	check(!heard(&out, "<html"));
	server_stop();
	buf_done(&out);
}

/* From a mail or another page one may come here; what the page then asks is its own. */
static void
a_link_elsewhere_may_lead_to_the_page_and_to_nothing_else(void)
{
	struct buf out = { 0 };

	server_start();
	get("/", "Sec-Fetch-Site: cross-site\r\n", &out);
	check(heard(&out, "HTTP/1.1 200"));
	get("/echo", "Sec-Fetch-Site: cross-site\r\n", &out);
	check(heard(&out, "HTTP/1.1 403"));
	server_stop();
	buf_done(&out);
}

int
main(void)
{
	run(each_file_has_its_type_and_the_policy);
	run(what_the_browser_has_is_not_sent_again);
	run(paths_that_are_none_of_the_page_are_no_files);
	run(files_are_only_read);
	run(a_link_elsewhere_may_lead_to_the_page_and_to_nothing_else);
	return check_done();
}
