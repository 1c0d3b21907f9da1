/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban source`: the lines to paste at a source so that it sends to this desk, with the desk's
 * address and door filled in, and then the wait for its first record. What to paste is data:
 * content/sources.txt, or the office's own file.
 */
#include "cmd/cmd.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "evidence/template.h"
#include "web/client.h"
#include "cmd/content.h"
#include "cmd/doctor.h"

enum { KINDS_FILE_BYTES = 1 << 20, ADDRESS_BYTES = 64 };

static const char usage_vi[] =
    "Cách dùng: trucban source\n"
    "           trucban source LOẠI [--address ĐỊA_CHỈ] [--from IP] [--wait GIÂY]\n\n"
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
    "       trucban source KIND [--address ADDRESS] [--from IP] [--wait SECONDS]\n\n"
    "Without KIND: lists the kinds of sources. With it: prints the exact lines to paste at such a\n"
    "source so that it sends to this desk; with --from, then waits for its first record.\n\n"
    "  --address ADDRESS  the desk's address as the source sees it (default: this machine's)\n"
    "  --from IP          the source's address: wait for the first record from there and show how\n"
    "                     it was understood\n"
    "  --wait SECONDS     wait for so long at most (default 600)\n"
    "  --file FILE        the office's own list, in the form of content/sources.txt\n"
    "  --config FILE, --state DIR    as for trucban serve\n\n"
    "Example: trucban source fortigate --address 10.0.0.5 --from 10.0.0.1\n";

struct wanted {
	const char *kind, *address, *from, *file;
	long wait_s;
};

/* ---- the list of kinds ---- */

static struct span
line_take(struct span *text)
{
	const uint8_t *lf = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;
	size_t n = lf != NULL ? (size_t)(lf - text->p) : text->n;
	struct span line = span_sub(*text, 0, n);

	*text = span_sub(*text, n + 1, SIZE_MAX);
	return line;
}

/* What stands behind the mark; an empty span: the line has another one. */
static struct span
behind(struct span line, const char *mark)
{
	struct span m = span_str(mark);

	return span_starts(line, m) ? span_sub(line, m.n, SIZE_MAX) : (struct span){ NULL, 0 };
}

/* The block of a kind: from behind its "== KIND" to the next one. */
static bool
kind_find(struct span list, struct span kind, struct span *ret_block)
{
	bool in = false;

	*ret_block = (struct span){ list.p, 0 };
	while (list.n > 0) {
		struct span at = list, name = behind(line_take(&list), "== ");

		if (name.n == 0)
			continue;
		if (in) {
			ret_block->n = (size_t)(at.p - ret_block->p);
			return true;
		}
		in = span_eq(name, kind);
		ret_block->p = list.p;
	}
	ret_block->n = in ? (size_t)(list.p - ret_block->p) : 0;
	return in;
}

static struct span
title_of(struct span block)
{
	const char *mark = say("vi: ", "en: ");

	while (block.n > 0) {
		struct span title = behind(line_take(&block), mark);

		if (title.n > 0)
			return title;
	}
	return SPAN("");
}

static void
kinds_list(struct span list)
{
	(void)puts(say("Các loại nguồn (trucban source LOẠI):\n",
	    "Kinds of sources (trucban source KIND):\n"));
	while (list.n > 0) {
		struct span name = behind(line_take(&list), "== "), title;

		if (name.n == 0)
			continue;
		title = title_of(list);
		(void)printf("  %-12.*s %.*s\n", (int)name.n, (const char *)name.p, (int)title.n,
		    (const char *)title.p);
	}
}

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

		next = behind(line_take(&block), "-- ");
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
own_address(char ret[ADDRESS_BYTES])
{
	struct ifaddrs *list = NULL;

	(void)snprintf(ret, ADDRESS_BYTES, "%s", say("ĐỊA_CHỈ_BÀN_TRỰC", "DESK_ADDRESS"));
	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		struct sockaddr_in in;

		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET ||
		    (i->ifa_flags & IFF_LOOPBACK) != 0 || (i->ifa_flags & IFF_UP) == 0)
			continue;
		memcpy(&in, i->ifa_addr, sizeof in);
		if (inet_ntop(AF_INET, &in.sin_addr, ret, ADDRESS_BYTES) != NULL)
			break;
	}
	freeifaddrs(list);
}

/* "10.0.0.5" of "10.0.0.5:514"; nothing of ":514" and of what means any address. */
static void
listener_address(const struct conf_listener *l, char ret[ADDRESS_BYTES])
{
	const char *colon = strrchr(l->address, ':');
	size_t n = colon != NULL ? (size_t)(colon - l->address) : 0;

	(void)snprintf(ret, ADDRESS_BYTES, "%.*s", (int)(n < ADDRESS_BYTES ? n : 0), l->address);
	if (strcmp(ret, "0.0.0.0") == 0 || strcmp(ret, "[::]") == 0 || strcmp(ret, "*") == 0)
		ret[0] = '\0';
	if (ret[0] == '\0')
		own_address(ret);
}

/* ---- telling ---- */

static enum err
lines_tell(const struct wanted *w, const struct conf_listener *l, struct span lines,
    struct why *why)
{
	const char *colon = strrchr(l->address, ':');
	char address[ADDRESS_BYTES];
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
		line = line_take(&rest);
		line = span_starts(line, SPAN("## ")) ? span_sub(line, 1, SIZE_MAX) : line;
		if (line.n > 0 || rest.n > 0)
			(void)printf("%.*s\n", (int)line.n, (const char *)line.p);
	}
	buf_done(&out);
	if (rc == OK && is_local(l->address))
		(void)fprintf(stderr, say("\n! cửa '%s' chỉ nghe trên máy này (%s): sửa address "
		    "trong cấu hình rồi systemctl reload trucban\n", "\n! listener '%s' listens on "
		    "this machine only (%s): change its address, then systemctl reload trucban\n"),
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
	char socket[4096];
	enum err rc;

	buf_printf(&query, "_peer:=\"%s\"", from);
	form_add(&form, "query", buf_span(&query));
	form_add(&form, "format", SPAN("json"));
	(void)snprintf(socket, sizeof socket, "%s/run/front.sock", d->state);
	rc = client_run(&(struct client_ask){ .socket = socket, .path = "/select/logsql/tail",
	    .form = buf_span(&form), .take = first_take, .ctx = out, .cancel = &over }, why);
	buf_done(&form);
	buf_done(&query);
	return rc;
}

/* As the desk understood the record. */
static void
record_tell(struct span out)
{
	struct span json = line_take(&out);

	(void)puts(say("✓ bản ghi đầu tiên đã tới, được hiểu thế này:",
	    "✓ the first record is here, understood like this:"));
	(void)printf("%.*s\n", (int)json.n, (const char *)json.p);
}

static int
first_wait(const struct doctor *d, const struct wanted *w)
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

static int
source_run(struct doctor *d, const struct wanted *w, struct span list)
{
	struct span block, lines = { NULL, 0 }, title;
	const struct conf_listener *l;
	struct buf doors = { 0 };
	struct why why = { "" };
	int rc = EXIT_DONE;

	if (!kind_find(list, span_str(w->kind), &block)) {
		(void)fprintf(stderr, say("trucban source: không có loại '%s'; xem: trucban "
		    "source\n", "trucban source: there is no kind '%s'; see: trucban source\n"),
		    w->kind);
		return EXIT_USAGE;
	}
	title = title_of(block);
	l = lines_find(d->conf, block, &lines, &doors);
	if (l == NULL) {
		(void)fprintf(stderr, say("trucban source: bàn trực chưa mở cửa nào cho loại này; "
		    "thêm vào listen một cửa kind: %.*s\n", "trucban source: the desk has no door "
		    "for this kind; add one to listen, of kind: %.*s\n"), (int)doors.n,
		    (const char *)doors.p);
		rc = EXIT_FOUND;
	} else {
		(void)fprintf(stderr, say("%.*s, qua cửa %s (%s); dán ở nguồn:\n\n",
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

static int
source_open(struct doctor *d, const struct wanted *w)
{
	struct buf own = { 0 };
	struct why why = { "" };
	enum err rc = OK;
	int code;

	if (w->file != NULL)
		rc = file_read_named(w->file, KINDS_FILE_BYTES, &own, &why);
	if (rc == OK && w->kind == NULL) {
		kinds_list(w->file != NULL ? buf_span(&own) : content_sources);
		buf_done(&own);
		return EXIT_DONE;
	}
	doctor_open(d);
	if (rc == OK)
		rc = d->conf_rc;
	if (rc != OK) {
		(void)fprintf(stderr, "trucban source: %s\n", why.text[0] != '\0' ? why.text :
		    d->conf_why.text);
		code = EXIT_COULD_NOT;
	} else {
		code = source_run(d, w, w->file != NULL ? buf_span(&own) : content_sources);
	}
	doctor_close(d);
	buf_done(&own);
	return code;
}

/* An address alone: it becomes part of a query. */
static bool
is_address(const char *text)
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
	struct wanted w = { .wait_s = 600 };
	bool good = true;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", option, NULL)) != -1) {
		if (c == 'h')
			return fputs(say(usage_vi, usage_en), stdout) < 0 ? EXIT_COULD_NOT :
			    EXIT_DONE;
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
	if (!good || optind + 1 < argc || (w.from != NULL && !is_address(w.from))) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return source_open(&d, &w);
}
