/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban source`: the lines to paste at a source so that it sends to this desk, with the desk's
 * address and door filled in, and then the wait for its first record. The register of sources is
 * source_register.c's. What to paste is data:
 * content/sources.txt, or the office's own file.
 */
#include "cmd/source.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/template.h"
#include "sys/file.h"
#include "model/registry.h"
#include "cmd/cmd.h"
#include "cmd/content.h"
#include "cmd/desk.h"
#include "cmd/kinds.h"
#include "cmd/options.h"

enum { KINDS_FILE_BYTES = 1 << 20, HOST_BYTES = 64 };

static const char usage_vi[] =
    "Cách dùng: trucban source\n"
    "           trucban source LOẠI [--address ĐỊA_CHỈ] [--from IP] [--wait GIÂY]\n"
    "           trucban source list | unknown | add | set | remove | import | export ...\n\n"
    "Không có LOẠI: liệt kê các loại nguồn. Có LOẠI: in đúng những dòng cần dán ở nguồn đó để nó\n"
    "gửi nhật ký về bàn trực này, rồi chờ bản ghi đầu tiên của nó khi có --from.\n\n"
    "  --address ĐỊA_CHỈ  địa chỉ của bàn trực mà nguồn nhìn thấy (mặc định: của máy này)\n"
    "  --from IP          địa chỉ của nguồn: chờ bản ghi đầu tiên từ đó rồi cho xem nó được hiểu\n"
    "                     thế nào\n"
    "  --wait GIÂY        chờ lâu nhất bao nhiêu giây (mặc định 600)\n"
    "  --file TỆP         danh mục riêng của cơ quan, theo khuôn của content/sources.txt\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n\n"
    "Ví dụ: trucban source fortigate --address 10.0.0.5 --from 10.0.0.1\n";
static const char usage_en[] =
    "Usage: trucban source\n"
    "       trucban source KIND [--address ADDRESS] [--from IP] [--wait SECONDS]\n"
    "       trucban source list | unknown | add | set | remove | import | export ...\n\n"
    "Without KIND: lists the kinds of sources. With it: prints the exact lines to paste at such a\n"
    "source so that it sends to this desk; with --from, then waits for its first record.\n\n"
    "  --address ADDRESS  the desk's address as the source sees it (default: this machine's)\n"
    "  --from IP          the source's address: wait for the first record from there and show how\n"
    "                     it was understood\n"
    "  --wait SECONDS     wait for so long at most (default 600)\n"
    "  --file FILE        the office's own list, in the form of content/sources.txt\n"
    "  --config FILE, --state DIR    as for trucban serve\n\n"
    "Example: trucban source fortigate --address 10.0.0.5 --from 10.0.0.1\n";

/* ---- doors ---- */

/* The word "relp-tls", "tcp", "http" ... for this listener. */
static bool
is_door(const struct conf_listener *l, struct span word)
{
	static const char *const kind[CONF_KIND_END] = { "udp", "tcp", "relp", "http" };
	char name[16];

	(void)snprintf(name, sizeof name, "%s%s", kind[l->kind],
	    l->cert[0] != '\0' && l->kind != CONF_HTTP && l->kind != CONF_UDP ? "-tls" : "");
	return span_is(word, name);
}

static bool
is_local(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 ||
	    strncmp(address, "localhost", 9) == 0;
}

/* The desk's listener for one of the words; one that others can reach is preferred. */
static const struct conf_listener *
door_find(const struct conf *conf, struct span words)
{
	const struct conf_listener *local = NULL;

	while (words.n > 0) {
		const uint8_t *blank = memchr(words.p, ' ', words.n);
		size_t n = blank != NULL ? (size_t)(blank - words.p) : words.n;

		for (unsigned i = 0; i < conf->nlistener; i++) {
			const struct conf_listener *l = &conf->listener[i];

			if (!is_door(l, span_sub(words, 0, n)))
				continue;
			if (!is_local(l->address))
				return l;
			local = local == NULL ? l : local;
		}
		words = span_sub(words, n + 1, SIZE_MAX);
	}
	return local;
}

/* The first of the block's doors that the desk has, and the lines for it. */
static const struct conf_listener *
lines_find(const struct conf *conf, struct span block, struct span *ret_lines, struct buf *doors)
{
	const struct conf_listener *found = NULL, *l;
	struct span words = { NULL, 0 }, next;

	while (block.n > 0) {
		struct span at = block;

		next = kinds_behind(span_cut(&block, '\n'), "-- ");
		if (next.n > 0 && found != NULL) {
			ret_lines->n = (size_t)(at.p - ret_lines->p);
			return found;
		}
		if (next.n == 0)
			continue;
		words = next;
		buf_printf(doors, "%s%.*s", doors->n > 0 ? ", " : "", (int)words.n,
		    (const char *)words.p);
		l = door_find(conf, words);
		if (l != NULL) {
			found = l;
			ret_lines->p = block.p;
		}
	}
	if (found != NULL)
		ret_lines->n = (size_t)(block.p - ret_lines->p);
	return found;
}

/* ---- this desk's address ---- */

/* The first address of this machine that is not its own loop. */
static void
own_address(char ret[HOST_BYTES])
{
	struct ifaddrs *list = NULL;

	(void)snprintf(ret, HOST_BYTES, "%s", say("ĐỊA_CHỈ_BÀN_TRỰC", "DESK_ADDRESS"));
	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		struct sockaddr_in in;

		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0 || (i->ifa_flags & IFF_UP) == 0)
			continue;
		memcpy(&in, i->ifa_addr, sizeof in);
		if (inet_ntop(AF_INET, &in.sin_addr, ret, HOST_BYTES) != NULL)
			break;
	}
	freeifaddrs(list);
}

/* "10.0.0.5" of "10.0.0.5:514"; nothing of ":514" and of what means any address. */
static void
listener_address(const struct conf_listener *l, char ret[HOST_BYTES])
{
	const char *colon = strrchr(l->address, ':');
	size_t n = colon != NULL ? (size_t)(colon - l->address) : 0;

	(void)snprintf(ret, HOST_BYTES, "%.*s", (int)(n < HOST_BYTES ? n : 0), l->address);
	if (strcmp(ret, "0.0.0.0") == 0 || strcmp(ret, "[::]") == 0 || strcmp(ret, "*") == 0)
		ret[0] = '\0';
	if (ret[0] == '\0')
		own_address(ret);
}

/* ---- telling ---- */

static enum err
lines_tell(const struct source_wanted *w, const struct conf_listener *l, struct span lines,
    struct why *why)
{
	const char *colon = strrchr(l->address, ':');
	char address[HOST_BYTES];
	struct template_value value[] = {
		{ "address", { NULL, 0 } }, { "port", span_str(colon != NULL ? colon + 1 : "") },
		{ "scheme", span_str(l->cert[0] != '\0' ? "https" : "http") },
		{ "ca", SPAN("/etc/ssl/certs/trucban-ca.pem") },
	};
	struct buf out = { 0 };
	enum err rc;

	listener_address(l, address);
	value[0].value = span_str(w->address != NULL ? w->address : address);
	rc = template_fill(&out, lines, TEMPLATE_TEXT, value, sizeof value / sizeof value[0], why);
	for (struct span rest = buf_span(&out), line; rc == OK && rest.n > 0;) {
		line = span_cut(&rest, '\n');
		line = span_starts(line, SPAN("## ")) ? span_sub(line, 1, SIZE_MAX) : line;
		if (line.n > 0 || rest.n > 0)
			(void)printf("%.*s\n", (int)line.n, (const char *)line.p);
	}
	buf_done(&out);
	if (rc == OK && is_local(l->address))
		(void)fprintf(stderr, say("\n! cửa nhận '%s' chỉ nghe trên máy này (%s): sửa "
		    "address trong cấu hình rồi systemctl reload trucban\n", "\n! listener '%s' "
		    "listens on this machine only (%s): change its address, then systemctl reload "
		    "trucban\n"),
		    l->name, l->address);
	return rc;
}

/* ---- waiting ---- */

static volatile bool over;

static void
on_over(int sig)
{
	(void)sig;
	over = true;
}

/* The first line is enough. */
static bool
first_take(void *ctx, struct span piece)
{
	struct buf *out = ctx;

	buf_span_put(out, piece);
	return out->n == 0 || memchr(out->p, '\n', out->n) == NULL;
}

/* What comes from now on, whatever its own stamp says. */
static enum err
first_ask(const struct doctor *d, const char *from, struct buf *out, struct why *why)
{
	struct buf form = { 0 }, query = { 0 };
	enum err rc;

	buf_printf(&query, "_peer:=\"%s\"", from);
	form_add(&form, "query", buf_span(&query));
	form_add(&form, "format", SPAN("json"));
	rc = desk_run(d->state, &(struct client_ask){ .path = "/select/logsql/tail",
	    .form = buf_span(&form), .take = first_take, .ctx = out, .cancel = &over }, why);
	buf_done(&form);
	buf_done(&query);
	return rc;
}

/* As the desk understood the record. */
static void
record_tell(struct span out)
{
	struct span json = span_cut(&out, '\n');

	(void)puts(say("✓ bản ghi đầu tiên đã tới, được hiểu thế này:",
	    "✓ the first record is here, understood like this:"));
	(void)printf("%.*s\n", (int)json.n, (const char *)json.p);
}

static int
first_wait(const struct doctor *d, const struct source_wanted *w)
{
	struct why why = { "" };
	struct buf out = { 0 };
	enum err rc;
	int code;

	(void)fprintf(stderr, say("\nChờ bản ghi đầu tiên từ %s, nhiều nhất %ld giây; Ctrl-C để "
	    "thôi...\n", "\nWaiting for the first record from %s, %ld s at most; Ctrl-C to "
	    "stop...\n"), w->from, w->wait_s);
	(void)signal(SIGINT, on_over);
	(void)signal(SIGALRM, on_over);
	(void)alarm((unsigned)w->wait_s);
	rc = first_ask(d, w->from, &out, &why);
	rc = over ? OK : rc;
	if (rc != OK)
		(void)fprintf(stderr, "trucban source: %s\n", why.text);
	else if (out.n > 0)
		record_tell(buf_span(&out));
	else
		(void)fprintf(stderr, say("✗ chưa có gì từ %s. Xem: tường lửa giữa hai máy, cổng, "
		    "dịch vụ ở nguồn đã chạy lại chưa; trucban status cho thấy gói bị bỏ\n",
		    "✗ nothing from %s yet. Look at: firewalls between, the port, whether the "
		    "source's service was restarted; trucban status shows what was dropped\n"),
		    w->from);
	code = rc != OK ? EXIT_COULD_NOT : out.n > 0 ? EXIT_DONE : EXIT_FOUND;
	buf_done(&out);
	return code;
}

/* ---- the command ---- */

/* The lines are the relay's: its address and ports are known there. */
static void
relay_tell(const struct source_wanted *w, struct span relay)
{
	(void)fprintf(stderr, say("nguồn này gửi tới cửa nhận %s của trạm chuyển tiếp %.*s, không "
	    "gửi tới bàn trực: những dòng cần dán phải có địa chỉ của trạm đó. Chạy ở trạm: "
	    "trucban source %s\n",
	    "this source sends to listener %s of relay %.*s, not to the desk: the lines to paste "
	    "need that relay's address. Run there: trucban source %s\n"),
	    w->listener + relay.n + 1, (int)relay.n, (const char *)relay.p, w->kind);
}

static int
source_run(struct doctor *d, const struct source_wanted *w, struct span list)
{
	struct span block, lines = { NULL, 0 }, title, relay;
	const struct conf_listener *l;
	struct buf doors = { 0 };
	struct why why = { "" };
	int rc = EXIT_DONE;

	if (!kinds_find(list, span_str(w->kind), &block)) {
		(void)kinds_wrong(list, span_str(w->kind), &why);
		(void)fprintf(stderr, "trucban source: %s\n", why.text);
		return EXIT_USAGE;
	}
	relay = registry_relay(span_str(w->listener != NULL ? w->listener : ""));
	if (relay.n > 0) {
		relay_tell(w, relay);
		return w->from != NULL ? first_wait(d, w) : EXIT_DONE;
	}
	title = kinds_title(block);
	l = lines_find(d->conf, block, &lines, &doors);
	if (l == NULL) {
		(void)fprintf(stderr, say("trucban source: bàn trực chưa mở cửa nhận nào cho loại "
		    "này; thêm vào listen một cửa nhận kind: %.*s\n", "trucban source: the desk "
		    "has no listener for this kind; add one to listen, of kind: "
		    "%.*s\n"), (int)doors.n,
		    (const char *)doors.p);
		rc = EXIT_FOUND;
	} else {
		(void)fprintf(stderr, say("%.*s, qua cửa nhận %s (%s); dán ở nguồn:\n\n",
		    "%.*s, by listener %s (%s); paste at the source:\n\n"), (int)title.n,
		    (const char *)title.p, l->name, l->address);
		if (lines_tell(w, l, lines, &why) != OK) {
			(void)fprintf(stderr, "trucban source: %s\n", why.text);
			rc = EXIT_COULD_NOT;
		} else if (w->from != NULL) {
			rc = first_wait(d, w);
		}
	}
	buf_done(&doors);
	return rc;
}

int
source_connect(struct doctor *d, const struct source_wanted *w)
{
	struct buf own = { 0 };
	struct why why = { "" };
	enum err rc = OK;
	int code;

	if (w->file != NULL)
		rc = file_read_named(w->file, KINDS_FILE_BYTES, &own, &why);
	if (rc == OK && w->kind == NULL) {
		kinds_print(w->file != NULL ? buf_span(&own) : content_sources);
		buf_done(&own);
		return EXIT_DONE;
	}
	if (rc == OK && d->conf_rc != OK) {
		rc = d->conf_rc;
		why = d->conf_why;
	}
	if (rc != OK) {
		(void)fprintf(stderr, "trucban source: %s\n", why.text);
		code = EXIT_COULD_NOT;
	} else {
		code = source_run(d, w, w->file != NULL ? buf_span(&own) : content_sources);
	}
	buf_done(&own);
	return code;
}

/* An address alone: it becomes part of a query. */
bool
source_is_address(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

int
cmd_source(int argc, char **argv)
{
	static const struct option option[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "from", required_argument, NULL, 'f' },
		{ "wait", required_argument, NULL, 'w' },
		{ "file", required_argument, NULL, 'l' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct doctor d = { .conf_path = NULL };
	struct source_wanted w = { .wait_s = 600 };
	bool good = true;
	char *end;
	int c;

	if (argc > 1 && source_register_verb(argv[1]))
		return source_register(argc - 1, argv + 1);
	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'h')
			return printf("%s\n%s", say(usage_vi, usage_en), source_register_usage()) <
			    0 ? EXIT_COULD_NOT : EXIT_DONE;
		if (c == 'a')
			w.address = optarg;
		else if (c == 'f')
			w.from = optarg;
		else if (c == 'l')
			w.file = optarg;
		else if (c == 'c')
			d.conf_path = optarg;
		else if (c == 's')
			d.state = optarg;
		else if (c == 'w')
			w.wait_s = strtol(optarg, &end, 10);
		good &= c != '?' && (c != 'w' || (*end == '\0' && w.wait_s > 0 &&
		    w.wait_s <= 86400));
	}
	w.kind = optind < argc ? argv[optind] : NULL;
	if (!good || optind + 1 < argc || (w.from != NULL && !source_is_address(w.from))) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	doctor_open(&d);
	c = source_connect(&d, &w);
	doctor_close(&d);
	return c;
}
