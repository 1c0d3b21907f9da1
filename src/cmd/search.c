/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban search`: asks the running desk over its unix socket, or opens a copy of a store with
 * --store. The desk renders the answer; this prints it as it comes and stops at Ctrl-C.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "web/render.h"
#include "web/select.h"
#include "cmd/desk.h"
#include "cmd/options.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban search [tùy chọn] 'LOGSQL'\n\n"
    "Tìm bản ghi nhật ký, mới nhất trước. Từ viết thường không dấu thì tìm không phân biệt dấu\n"
    "và hoa thường: 'dang nhap' tìm thấy 'Đăng nhập'.\n\n"
    "  --since T          từ lúc T: 2h, 30m, 7d, 2026-11-23, 2026-11-23T08:00:00+07:00\n"
    "  --until T          đến lúc T; chỉ ghi ngày thì đến hết ngày đó\n"
    "  --limit N          nhiều nhất N bản ghi (mặc định 1000; 0 là không giới hạn)\n"
    "  --oldest           cũ nhất trước\n"
    "  -f, --follow       chờ và in tiếp bản ghi mới\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --raw              đúng từng byte đã nhận, mỗi bản ghi một dòng\n"
    "  --exact            phân biệt dấu và hoa thường như LogsQL gốc\n"
    "  --stream TÊN       raw (mặc định), ledger (sổ hành động), findings (phát hiện)\n"
    "  --explain          nói kế hoạch tìm, không tìm\n"
    "  --no-color         không tô màu\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n"
    "  --store THƯ_MỤC    mở thẳng một bản sao của kho, không cần bàn trực đang chạy\n\n"
    "Trường hỏi được: của chính bản ghi, và _time, _msg, hostname, app_name, level, _recv,\n"
    "_seq, _raw, _flags, _source, _listener, _peer, _identity, _trust, _unit; xem man trucban,\n"
    "phần FIELDS.\n\n"
    "Ví dụ:\n"
    "  trucban search --since 1h 'sshd failed'\n"
    "  trucban search 'hostname:=web01 _msg:~\"Accepted (password|publickey)\"'\n"
    "  trucban search --since 24h '* | stats by (hostname) count() n | sort by (n) desc'\n";
static const char usage_en[] =
    "Usage: trucban search [options] 'LOGSQL'\n\n"
    "Finds records, newest first. A word in lower case without diacritics matches without regard\n"
    "to case and diacritics: 'dang nhap' finds 'Đăng nhập'.\n\n"
    "  --since T          from T on: 2h, 30m, 7d, 2026-11-23, 2026-11-23T08:00:00+07:00\n"
    "  --until T          up to T; a date alone means to the end of that day\n"
    "  --limit N          at most N records (default 1000; 0 is no limit)\n"
    "  --oldest           oldest first\n"
    "  -f, --follow       wait for new records and print them\n"
    "  --json             one JSON object a line\n"
    "  --raw              the exact octets received, one record a line\n"
    "  --exact            case and diacritics count, as in plain LogsQL\n"
    "  --stream NAME      raw (default), ledger (what people did), findings\n"
    "  --explain          print the plan, do not search\n"
    "  --no-color         no colours\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n"
    "  --store DIR        open a copy of a store directly, no running desk needed\n\n"
    "Fields to ask for: the record's own, and _time, _msg, hostname, app_name, level, _recv,\n"
    "_seq, _raw, _flags, _source, _listener, _peer, _identity, _trust, _unit; see man trucban,\n"
    "FIELDS.\n\n"
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

#define LIMIT_TEXT	"1000"
enum { LIMIT_DEFAULT = 1000 };

struct search {
	const char *state, *store;
	struct select_ask ask;
	bool color;
	bool guarded;		/* exact octets go to a terminal: nothing may drive it */
	bool two_forms;		/* were asked for */
	bool limited;		/* by default: nobody asked for it */
	bool hints;		/* a person reads along: what is not shown is said */
	uint64_t lines;		/* printed */
	struct buf safe;
};

static bool
print(void *ctx, struct span piece)
{
	struct search *s = ctx;

	if (s->guarded) {
		s->safe.n = 0;
		render_safe(&s->safe, piece, true);
		piece = buf_span(&s->safe);
	}
	for (size_t i = 0; s->hints && i < piece.n; i++)
		s->lines += piece.p[i] == '\n';
	if (piece.n > 0 && fwrite(piece.p, 1, piece.n, stdout) != piece.n)
		return false;
	return fflush(stdout) == 0 && !cancelled;
}

enum option_code {
	OPT_SINCE = 256, OPT_UNTIL, OPT_LIMIT, OPT_OLDEST, OPT_JSON, OPT_RAW, OPT_EXACT,
	    OPT_EXPLAIN,
	OPT_NO_COLOR, OPT_STATE, OPT_STORE, OPT_STREAM, OPT_HELP
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
	{ "stream", required_argument, NULL, OPT_STREAM },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void
option_take(struct search *s, int c)
{
	switch (c) {
	case OPT_SINCE:
		s->ask.start = optarg;
		break;
	case OPT_UNTIL:
		s->ask.end = optarg;
		break;
	case OPT_LIMIT:
		s->ask.limit = optarg;
		break;
	case OPT_OLDEST:
		s->ask.oldest = "1";
		break;
	case OPT_JSON:
		s->two_forms |= s->ask.format != NULL && strcmp(s->ask.format, "raw") == 0;
		s->ask.format = "json";
		break;
	case OPT_RAW:
		s->two_forms |= s->ask.format != NULL && strcmp(s->ask.format, "json") == 0;
		s->ask.format = "raw";
		break;
	case OPT_EXACT:
		s->ask.fold = "0";
		break;
	case OPT_EXPLAIN:
		s->ask.what = SELECT_EXPLAIN;
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
	case OPT_STREAM:
		s->ask.stream = optarg;
		break;
	case 'f':
	default:
		s->ask.what = SELECT_TAIL;
		break;
	}
}

/* Nothing found looks like nothing done, and a full page like everything. */
static void
hint(const struct search *s)
{
	if (!s->hints || cancelled || s->ask.what != SELECT_QUERY)
		return;
	if (s->lines == 0)
		(void)fprintf(stderr, "%s\n", say("Không tìm thấy bản ghi nào.",
		    "No record was found."));
	else if (s->limited && s->lines >= LIMIT_DEFAULT)
		(void)fprintf(stderr, say("Chỉ in %d bản ghi; muốn nhiều hơn: --limit N "
		    "(0: tất cả).\n", "Only %d records are shown; for more: --limit N (0: all).\n"),
		    (int)LIMIT_DEFAULT);
}

static int
finish(const struct search *s, enum err rc, struct why *why)
{
	if (rc == OK)
		hint(s);
	if (rc == OK || cancelled)
		return EXIT_DONE;
	return desk_failed(rc, s->store != NULL ? NULL : s->state, why);
}

static void
form_param(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		form_add(form, name, span_str(value));
}

static enum err
ask_desk(struct search *s, struct why *why)
{
	static const char *const path[] = { [SELECT_QUERY] = "/select/logsql/query",
	    [SELECT_TAIL] = "/select/logsql/tail", [SELECT_EXPLAIN] = "/select/trucban/explain" };
	const struct select_ask *a = &s->ask;
	struct client_ask ask = { .path = path[a->what], .take = print, .ctx = s,
	    .cancel = &cancelled };
	struct buf form = { 0 };
	enum err rc;

	form_param(&form, "query", a->query);
	form_param(&form, "start", a->start);
	form_param(&form, "end", a->end);
	form_param(&form, "limit", a->limit);
	form_param(&form, "format", a->format);
	form_param(&form, "fold", a->fold);
	form_param(&form, "oldest", a->oldest);
	form_param(&form, "stream", a->stream);
	ask.form = buf_span(&form);
	rc = desk_run(s->state, &ask, why);
	buf_done(&form);
	return rc;
}

static void
no_other_thread(void *ctx, struct query *query)
{
	(void)ctx;
	(void)query;
}

static bool
interrupted(void *ctx)
{
	(void)ctx;
	return cancelled;
}

/* A copy of a store, opened here: nothing is written to any ledger. */
static enum err
ask_store(struct search *s, struct why *why)
{
	struct select_ask ask = s->ask;
	struct select *select = NULL;
	int dirfd = -1;
	enum err rc;

	rc = desk_copy_open(&select, &dirfd, s->store, why);
	if (rc == OK) {
		ask.write = print;
		ask.ctx = s;
		ask.running = no_other_thread;
		ask.cancelled = interrupted;
		rc = select_run(select, &ask, why);
	}
	select_free(&select);
	file_close(&dirfd);
	return rc;
}

static int
search_run(struct search *s)
{
	struct why why = { "" };
	enum err rc;

	if (s->ask.format == NULL)
		s->ask.format = s->color ? "color" : "text";
	s->limited = s->ask.limit == NULL;
	if (s->limited)
		s->ask.limit = LIMIT_TEXT;
	s->hints = isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
	if (s->ask.fold == NULL)
		s->ask.fold = "1";
	s->guarded = strcmp(s->ask.format, "raw") == 0 && isatty(STDOUT_FILENO) == 1;
	rc = s->store != NULL ? ask_store(s, &why) : ask_desk(s, &why);
	buf_done(&s->safe);
	return finish(s, rc, &why);
}

int
cmd_search(int argc, char **argv)
{
	struct search s = { .state = state_default() };
	int c;

	s.color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
	while ((c = options_next(argc, argv, "f", option)) != -1) {
		if (c == OPT_HELP || c == '?') {
			(void)fputs(say(usage_vi, usage_en), c == '?' ? stderr : stdout);
			return c == '?' ? EXIT_USAGE : EXIT_DONE;
		}
		option_take(&s, c);
	}
	if (optind + 1 != argc) {
		(void)fprintf(stderr, "%s\n", say("trucban search: cần đúng một câu hỏi LogsQL, "
		    "đặt trong dấu nháy đơn; xem --help", "trucban search: exactly one LogsQL "
		    "query is needed, in single quotes; see --help"));
		return EXIT_USAGE;
	}
	if (s.two_forms) {
		(void)fprintf(stderr, "%s\n", say("trucban search: --json và --raw loại trừ nhau",
		    "trucban search: --json and --raw exclude each other"));
		return EXIT_USAGE;
	}
	s.ask.query = argv[optind];
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGPIPE, SIG_IGN);
	return search_run(&s);
}
