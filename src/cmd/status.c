/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban status`: the running desk's own figures, as a table or as it serves them. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "web/client.h"

static const char usage_vi[] =
    "Cách dùng: trucban status [--metrics] [--state THƯ_MỤC]\n\n"
    "In tình trạng của bàn trực đang chạy: đã nhận, đã ghi, đã niêm phong, bộ nhớ, ổ đĩa.\n\n"
    "  --metrics          dạng Prometheus, như /metrics\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này\n";
static const char usage_en[] =
    "Usage: trucban status [--metrics] [--state DIR]\n\n"
    "Prints how the running desk is doing: received, written, sealed, memory, disk.\n\n"
    "  --metrics          as Prometheus text, like /metrics\n"
    "  --state DIR        the desk whose store is there\n";

static bool
collect(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

/* "trucban_rows_total{stream="raw"} 5" becomes two columns; comments are left out. */
static void
table(struct span text)
{
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
		size_t cut = n;

		while (cut > 0 && text.p[cut - 1] != ' ')
			cut--;
		if (n > 0 && text.p[0] != '#' && cut > 1)
			(void)printf("%-60.*s %.*s\n", (int)(cut - 1), (const char *)text.p,
			    (int)(n - cut), (const char *)text.p + cut);
		text = span_sub(text, n + 1, text.n);
	}
}

int
cmd_status(int argc, char **argv)
{
	static const struct option option[] = {
		{ "metrics", no_argument, NULL, 'm' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *state = state_default();
	struct why why = { "" };
	struct buf body = { 0 };
	char socket[4096];
	bool metrics = false;
	enum err rc;
	int c;

	while ((c = getopt_long(argc, argv, "", option, NULL)) != -1) {
		if (c == 'm') {
			metrics = true;
		} else if (c == 's') {
			state = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	(void)snprintf(socket, sizeof socket, "%s/run/front.sock", state);
	rc = client_run(&(struct client_ask){ .socket = socket, .path = "/metrics", .take = collect,
	    .ctx = &body }, &why);
	if (rc != OK) {
		(void)fprintf(stderr, say("trucban: bàn trực ở %s không trả lời: %s\n",
		    "trucban: the desk at %s does not answer: %s\n"), state, why.text);
	} else if (metrics) {
		(void)fwrite(body.p, 1, body.n, stdout);
	} else {
		table(buf_span(&body));
	}
	buf_done(&body);
	return rc == OK ? EXIT_DONE : EXIT_COULD_NOT;
}
