/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban search`: asks the running desk over its unix socket, or opens a copy of a store with
 * --store. The desk renders the answer; this prints it as it comes and stops at Ctrl-C.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/local.h"
#include "web/client.h"

static const char usage_vi[] =
    "Cách dùng: trucban search [tùy chọn] 'LOGSQL'\n\n"
    "Tìm bản ghi nhật ký, mới nhất trước. Từ viết thường không dấu thì tìm không phân biệt dấu\n"
    "và hoa thường: 'dang nhap' tìm thấy 'Đăng nhập'.\n\n"
    "  --since T          từ lúc T: 2h, 30m, 7d, 2026-11-23, 2026-11-23T08:00:00+07:00\n"
    "  --until T          đến lúc T\n"
    "  --limit N          nhiều nhất N bản ghi (mặc định 1000; 0 là không giới hạn)\n"
    "  --oldest           cũ nhất trước\n"
    "  -f, --follow       chờ và in tiếp bản ghi mới\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --raw              đúng từng byte đã nhận, mỗi bản ghi một dòng\n"
    "  --exact            phân biệt dấu và hoa thường như LogsQL gốc\n"
    "  --explain          nói kế hoạch tìm, không tìm\n"
    "  --no-color         không tô màu\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n"
    "  --store THƯ_MỤC    mở thẳng một bản sao của kho, không cần bàn trực đang chạy\n\n"
    "Ví dụ:\n"
    "  trucban search --since 1h 'sshd failed'\n"
    "  trucban search 'hostname:=web01 _msg:~\"Accepted (password|publickey)\"'\n"
    "  trucban search --since 24h '* | stats by (hostname) count() n | sort by (n) desc'\n";
static const char usage_en[] =
    "Usage: trucban search [options] 'LOGSQL'\n\n"
    "Finds records, newest first. A word in lower case without diacritics matches without regard\n"
    "to case and diacritics: 'dang nhap' finds 'Đăng nhập'.\n\n"
    "  --since T          from T on: 2h, 30m, 7d, 2026-11-23, 2026-11-23T08:00:00+07:00\n"
    "  --until T          up to T\n"
    "  --limit N          at most N records (default 1000; 0 is no limit)\n"
    "  --oldest           oldest first\n"
    "  -f, --follow       wait for new records and print them\n"
    "  --json             one JSON object a line\n"
    "  --raw              the exact octets received, one record a line\n"
    "  --exact            case and diacritics count, as in plain LogsQL\n"
    "  --explain          print the plan, do not search\n"
    "  --no-color         no colours\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n"
    "  --store DIR        open a copy of a store directly, no running desk needed\n\n"
    "Examples:\n"
    "  trucban search --since 1h 'sshd failed'\n"
    "  trucban search 'hostname:=web01 _msg:~\"Accepted (password|publickey)\"'\n"
    "  trucban search --since 24h '* | stats by (hostname) count() n | sort by (n) desc'\n";

static volatile bool cancelled;

static void
on_interrupt(int sig)
{
	(void)sig;
	cancelled = true;
}

struct search {
	const char *state, *store, *path;
	const char *format;
	struct buf form;
	bool follow, color;
};

static bool
print(void *ctx, struct span piece)
{
	(void)ctx;
	if (piece.n > 0 && fwrite(piece.p, 1, piece.n, stdout) != piece.n)
		return false;
	return fflush(stdout) == 0 && !cancelled;
}

enum option_code {
	OPT_SINCE = 256, OPT_UNTIL, OPT_LIMIT, OPT_OLDEST, OPT_JSON, OPT_RAW, OPT_EXACT, OPT_EXPLAIN,
	OPT_NO_COLOR, OPT_STATE, OPT_STORE, OPT_HELP
};

static const struct option option[] = {
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "oldest", no_argument, NULL, OPT_OLDEST },
	{ "follow", no_argument, NULL, 'f' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "no-color", no_argument, NULL, OPT_NO_COLOR },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "store", required_argument, NULL, OPT_STORE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void
option_take(struct search *s, int c)
{
	switch (c) {
	case OPT_SINCE:
		form_add(&s->form, "start", span_str(optarg));
		break;
	case OPT_UNTIL:
		form_add(&s->form, "end", span_str(optarg));
		break;
	case OPT_LIMIT:
		form_add(&s->form, "limit", span_str(optarg));
		break;
	case OPT_OLDEST:
		form_add(&s->form, "oldest", SPAN("1"));
		break;
	case OPT_JSON:
		s->format = "json";
		break;
	case OPT_RAW:
		s->format = "raw";
		break;
	case OPT_EXACT:
		form_add(&s->form, "fold", SPAN("0"));
		break;
	case OPT_EXPLAIN:
		s->path = "/select/trucban/explain";
		break;
	case OPT_NO_COLOR:
		s->color = false;
		break;
	case OPT_STATE:
		s->state = optarg;
		break;
	case OPT_STORE:
		s->store = optarg;
		break;
	case 'f':
	default:
		s->follow = true;
		s->path = "/select/logsql/tail";
		break;
	}
}

static int
finish(const struct search *s, enum err rc, const struct why *why)
{
	if (rc == OK || cancelled)
		return EXIT_DONE;
	if (rc == ERR_ABSENT && s->store == NULL && why->text[0] != '\0')
		(void)fprintf(stderr, say("trucban: không hỏi được bàn trực ở %s: %s. Bàn trực đang chạy "
		    "chưa? (trucban serve, hoặc dùng --store để mở thẳng một kho)\n",
		    "trucban: cannot ask the desk at %s: %s. Is it running? (trucban serve, or use "
		    "--store to open a store directly)\n"), s->state, why->text);
	else
		(void)fprintf(stderr, "trucban: %s\n", why->text);
	return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
}

static int
search_run(struct search *s)
{
	struct client_ask ask = { .path = s->path, .take = print, .cancel = &cancelled };
	struct why why = { "" };
	char socket[4096];
	enum err rc;

	form_add(&s->form, "format", span_str(s->format != NULL ? s->format :
	    s->color ? "color" : "text"));
	if (s->store != NULL) {
		rc = local_run(s->store, s->path, buf_span(&s->form), print, NULL, &cancelled, &why);
	} else {
		(void)snprintf(socket, sizeof socket, "%s/run/front.sock", s->state);
		ask.socket = socket;
		ask.form = buf_span(&s->form);
		rc = client_run(&ask, &why);
	}
	return finish(s, rc, &why);
}

int
cmd_search(int argc, char **argv)
{
	struct search s = { .state = state_default(), .path = "/select/logsql/query" };
	int c, rc;

	s.color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
	while ((c = getopt_long(argc, argv, "f", option, NULL)) != -1) {
		if (c == OPT_HELP || c == '?') {
			(void)fputs(say(usage_vi, usage_en), c == '?' ? stderr : stdout);
			return c == '?' ? EXIT_USAGE : EXIT_DONE;
		}
		option_take(&s, c);
	}
	if (optind + 1 != argc) {
		(void)fprintf(stderr, "%s\n", say("trucban search: cần đúng một câu hỏi LogsQL, đặt "
		    "trong dấu nháy đơn; xem --help", "trucban search: exactly one LogsQL query is "
		    "needed, in single quotes; see --help"));
		return EXIT_USAGE;
	}
	form_add(&s.form, "query", span_str(argv[optind]));
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGPIPE, SIG_IGN);
	rc = search_run(&s);
	buf_done(&s.form);
	return rc;
}
