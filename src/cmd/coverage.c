/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban coverage`: what each source sent, lost, when it was silent. Asks the running desk, or
 * opens a copy of a store with --store; the desk renders the answer.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "sys/file.h"
#include "web/cover.h"
#include "web/select.h"
#include "cmd/certificate.h"
#include "cmd/desk.h"
#include "cmd/options.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban coverage [--since T] [--until T] [--json]\n\n"
    "In từng nguồn đã gửi gì theo giờ: bản ghi đã nhận, không hiểu được, bị cắt, ước mất trước\n"
    "khi tới máy này; cửa nhận nào đã mất, đã từ chối; nguồn nào ngừng gửi lâu hơn thường lệ,\n"
    "đồng hồ lệch; bàn trực có lúc nào không chạy (quá 3 phút không có nhịp niêm phong; ngắn hơn\n"
    "không tính). Mặc định 24 giờ qua, tính theo lúc nhận.\n\n"
    "Số đã nhận là đếm đúng từng bản ghi đã niêm phong. Số mất tại máy này là bộ đếm của các\n"
    "cửa nhận, niêm phong mỗi phút. Số ước mất chỉ có khi nơi gửi đánh số (RFC 5424 sequenceId).\n"
    "Mã kết thúc 1: có việc cần người xem.\n\n"
    "  --since T          từ lúc T: 2h, 30m, 7d, 2026-11-23, 2026-11-23T08:00:00+07:00\n"
    "  --until T          đến lúc T; chỉ ghi ngày thì đến hết ngày đó\n"
    "  --json             mỗi dòng một đối tượng JSON, kể cả từng giờ của từng nguồn\n"
    "  --certificate TÊN  lập bảng xác nhận: TÊN.txt, TÊN.pdf để ký, TÊN.json và TÊN.zip chứng\n"
    "                     minh; kỳ phải đã qua, không có --until thì đến hết giờ vừa qua; chân\n"
    "                     mỗi trang có mã ngắn mà trucban verify TÊN.zip in lại\n"
    "  --reason CHỮ, --person TÊN    lý do lập, người nhận\n"
    "  --no-color         không tô màu\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n"
    "  --store THƯ_MỤC    mở thẳng một bản sao của kho, không cần bàn trực đang chạy\n"
    "  --register TỆP     cùng --store: sổ đăng ký nguồn để xét theo\n\n"
    "Ví dụ:\n"
    "  trucban coverage\n"
    "  trucban coverage --since 2026-11-01 --until 2026-11-30\n";
static const char usage_en[] =
    "Usage: trucban coverage [--since T] [--until T] [--json]\n\n"
    "Prints what each source sent hour by hour: records received, not understood, cut, missing\n"
    "before they reached this host; what a listener lost or refused; which source is silent for\n"
    "longer than usual, whose clock is off; when the desk did not run (nothing was sealed for\n"
    "more than 3 minutes; less does not count). The last 24 hours unless said otherwise, by\n"
    "receive time.\n\n"
    "Received: every sealed record, counted. Lost at this host: counters of the listeners, sealed\n"
    "once a minute. Missing: an estimate, where senders number their records (RFC 5424\n"
    "sequenceId). Exit code 1: something needs a person.\n\n"
    "  --since T          from T on: 2h, 30m, 7d, 2026-11-23, 2026-11-23T08:00:00+07:00\n"
    "  --until T          up to T; a date alone means to the end of that day\n"
    "  --json             one JSON object a line, each hour of each source among them\n"
    "  --certificate NAME make a certificate: NAME.txt, NAME.pdf to be signed, NAME.json, and\n"
    "                     NAME.zip that proves it; of a period that is over, without --until\n"
    "                     up to the last full hour; each page has a short code at its foot, which\n"
    "                     trucban verify NAME.zip prints again\n"
    "  --reason TEXT, --person NAME    why it is made, who receives it\n"
    "  --no-color         no colours\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n"
    "  --store DIR        open a copy of a store directly, no running desk needed\n"
    "  --register FILE    with --store: the register of sources to judge by\n\n"
    "Examples:\n"
    "  trucban coverage\n"
    "  trucban coverage --since 2026-11-01 --until 2026-11-30\n";

static volatile bool cancelled;

static void
on_interrupt(int sig)
{
	(void)sig;
	cancelled = true;
}

static bool
print(void *ctx, struct span piece)
{
	(void)ctx;
	if (piece.n > 0 && fwrite(piece.p, 1, piece.n, stdout) != piece.n)
		return false;
	return fflush(stdout) == 0 && !cancelled;
}

static bool
goes_on(void *ctx)
{
	(void)ctx;
	return !cancelled;
}

struct coverage_command {
	const char *state, *store, *registry;
	struct cover_ask ask;
	struct certificate certificate;	/* name: one is wanted */
};

/* Things that need a person. */
static uint64_t found;

static void
on_found(void *ctx, uint64_t n)
{
	(void)ctx;
	found = n;
}

static void
form_param(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		form_add(form, name, span_str(value));
}

static enum err
ask_desk(const struct coverage_command *c, struct why *why)
{
	struct client_ask ask = { .path = "/trucban/coverage", .take = print,
	    .found = &found, .cancel = &cancelled };
	struct buf form = { 0 };
	enum err rc;

	form_param(&form, "start", c->ask.start);
	form_param(&form, "end", c->ask.end);
	form_param(&form, "format", c->ask.format);
	form_param(&form, "lang", c->ask.lang);
	form_param(&form, "wide", c->ask.wide);
	ask.form = buf_span(&form);
	rc = desk_run(c->state, &ask, why);
	buf_done(&form);
	return rc;
}

/* A copy of a store, opened here: nothing is written to any ledger. */
static enum err
ask_store(const struct coverage_command *c, struct why *why)
{
	struct select *select = NULL;
	struct cover_ask ask = c->ask;
	struct buf registry = { 0 };
	int dirfd = -1;
	enum err rc = OK;

	if (c->registry != NULL)
		rc = file_read_named(c->registry, LIMIT_REGISTER_BYTES, &registry, why);
	ask.registry = buf_span(&registry);
	if (rc == OK)
		rc = desk_copy_open(&select, &dirfd, c->store, why);
	if (rc == OK)
		rc = cover_run(select, &ask, why);
	select_free(&select);
	buf_done(&registry);
	file_close(&dirfd);
	return rc;
}

static int
coverage_run(const struct coverage_command *c)
{
	struct why why = { "" };
	enum err rc = c->store != NULL ? ask_store(c, &why) : ask_desk(c, &why);

	if (rc == OK || cancelled)
		return found > 0 ? EXIT_FOUND : EXIT_DONE;
	return desk_failed(rc, c->store != NULL ? NULL : c->state, &why);
}

enum option_code {
	OPT_SINCE = 256, OPT_UNTIL, OPT_JSON, OPT_NO_COLOR, OPT_STATE, OPT_STORE, OPT_HELP,
	OPT_CERTIFICATE, OPT_REASON, OPT_PERSON, OPT_REGISTER
};

static const struct option option[] = {
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "no-color", no_argument, NULL, OPT_NO_COLOR },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "store", required_argument, NULL, OPT_STORE },
	{ "certificate", required_argument, NULL, OPT_CERTIFICATE },
	{ "reason", required_argument, NULL, OPT_REASON },
	{ "person", required_argument, NULL, OPT_PERSON },
	{ "register", required_argument, NULL, OPT_REGISTER },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void
option_take(struct coverage_command *c, int code)
{
	switch (code) {
	case OPT_SINCE:
		c->ask.start = optarg;
		break;
	case OPT_UNTIL:
		c->ask.end = optarg;
		break;
	case OPT_JSON:
		c->ask.format = "json";
		break;
	case OPT_NO_COLOR:
		c->ask.format = "text";
		break;
	case OPT_CERTIFICATE:
		c->certificate.name = optarg;
		break;
	case OPT_REASON:
		c->certificate.reason = optarg;
		break;
	case OPT_PERSON:
		c->certificate.person = optarg;
		break;
	case OPT_REGISTER:
		c->registry = optarg;
		break;
	case OPT_STATE:
		c->state = optarg;
		break;
	default:
		c->store = optarg;
	}
}

int
cmd_coverage(int argc, char **argv)
{
	struct coverage_command c = { .state = state_default() };
	bool color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
	int code;

	c.ask = (struct cover_ask){ .format = color ? "color" : "text", .lang = say("vi", "en"),
	    .wide = desk_wide(),
	    .found = on_found, .write = print, .go_on = goes_on };
	while ((code = options_next(argc, argv, "", option)) != -1) {
		if (code == OPT_HELP || code == '?') {
			(void)fputs(say(usage_vi, usage_en), code == '?' ? stderr : stdout);
			return code == '?' ? EXIT_USAGE : EXIT_DONE;
		}
		option_take(&c, code);
	}
	if (optind != argc || (c.certificate.name != NULL && c.store != NULL) ||
	    (c.registry != NULL && c.store == NULL)) {
		(void)fprintf(stderr, "%s\n", say("trucban coverage: không nhận tham số; bảng "
		    "xác nhận chỉ lập được từ bàn trực đang chạy, --register chỉ đi cùng --store; "
		    "xem --help", "trucban coverage: takes no arguments; a certificate needs the "
		    "running desk, --register needs --store; see --help"));
		return EXIT_USAGE;
	}
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGPIPE, SIG_IGN);
	if (c.certificate.name == NULL)
		return coverage_run(&c);
	c.certificate.state = c.state;
	c.certificate.since = c.ask.start;
	c.certificate.until = c.ask.end;
	c.certificate.cancel = &cancelled;
	return certificate_make(&c.certificate);
}
