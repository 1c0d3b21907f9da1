/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban findings`: what needs a person now, since when, how sure it is, and what to do next.
 * Asks the running desk, or opens a copy of a store with --store; the desk renders the answer.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"
#include "web/finds.h"
#include "web/select.h"
#include "cmd/desk.h"
#include "cmd/options.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban findings [--since T] [--json]\n\n"
    "In những phát hiện đang mở: nguồn ngừng gửi, đồng hồ lệch, bản ghi không hiểu được, mất\n"
    "bản ghi, bàn trực không chạy, đĩa sắp đầy, mốc niêm phong không ra ngoài được; từ lúc nào,\n"
    "chắc đến đâu, cần làm gì. Phát hiện là bản ghi niêm phong như mọi bản ghi: tìm bằng\n"
    "trucban search --stream findings. Mã kết thúc 1: có phát hiện đang mở.\n\n"
    "  --open             chỉ những phát hiện đang mở (mặc định)\n"
    "  --since T          cả những phát hiện đã đóng từ lúc T: 2h, 7d, 2026-11-23\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --no-color         không tô màu\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n"
    "  --store THƯ_MỤC    mở thẳng một bản sao của kho, không cần bàn trực đang chạy\n";
static const char usage_en[] =
    "Usage: trucban findings [--since T] [--json]\n\n"
    "Prints the findings that are open: silent sources, clocks that are off, records that were\n"
    "not understood or lost, a desk that did not run, a disk that fills, checkpoints that do not\n"
    "get out; since when, how sure, what to do. Findings are records, sealed like all: look with\n"
    "trucban search --stream findings. Exit code 1: some are open.\n\n"
    "  --open             only those that are open (the default)\n"
    "  --since T          also those that were closed from T on: 2h, 7d, 2026-11-23\n"
    "  --json             one JSON object a line\n"
    "  --no-color         no colours\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n"
    "  --store DIR        open a copy of a store directly, no running desk needed\n";

struct findings_command {
	const char *state, *store;
	struct finds_ask ask;
	uint64_t found;
};

static bool
print(void *ctx, struct span piece)
{
	(void)ctx;
	return piece.n == 0 || fwrite(piece.p, 1, piece.n, stdout) == piece.n;
}

static void
on_found(void *ctx, uint64_t n)
{
	struct findings_command *c = ctx;

	c->found = n;
}

static enum err
ask_desk(struct findings_command *c, struct why *why)
{
	struct client_ask ask = { .path = "/trucban/findings", .take = print,
	    .found = &c->found };
	struct buf form = { 0 };
	enum err rc;

	form_add(&form, "format", span_str(c->ask.format));
	form_add(&form, "lang", span_str(c->ask.lang));
	if (c->ask.since != NULL)
		form_add(&form, "since", span_str(c->ask.since));
	ask.form = buf_span(&form);
	rc = desk_run(c->state, &ask, why);
	buf_done(&form);
	return rc;
}

/* A copy of a store, opened here: nothing is written to any ledger. */
static enum err
ask_store(struct findings_command *c, struct why *why)
{
	struct select *select = NULL;
	int dirfd = -1;
	enum err rc;

	rc = desk_copy_open(&select, &dirfd, c->store, why);
	if (rc == OK)
		rc = finds_run(select, &c->ask, why);
	select_free(&select);
	file_close(&dirfd);
	return rc;
}

static int
findings_run(struct findings_command *c)
{
	struct why why = { "" };
	enum err rc;

	c->ask.ctx = c;
	rc = c->store != NULL ? ask_store(c, &why) : ask_desk(c, &why);
	if (rc == OK)
		return c->found > 0 ? EXIT_FOUND : EXIT_DONE;
	return desk_failed(rc, c->store != NULL ? NULL : c->state, &why);
}

int
cmd_findings(int argc, char **argv)
{
	enum { OPT_OPEN = 256, OPT_SINCE, OPT_JSON, OPT_NO_COLOR, OPT_STATE, OPT_STORE, OPT_HELP };
	static const struct option option[] = {
		{ "open", no_argument, NULL, OPT_OPEN },
		{ "since", required_argument, NULL, OPT_SINCE },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "no-color", no_argument, NULL, OPT_NO_COLOR },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "store", required_argument, NULL, OPT_STORE },
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	struct findings_command c = { .state = state_default() };
	bool color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
	int code;

	c.ask = (struct finds_ask){ .format = color ? "color" : "text", .lang = say("vi", "en"),
	    .found = on_found, .write = print };
	while ((code = options_next(argc, argv, "", option)) != -1) {
		if (code == OPT_SINCE)
			c.ask.since = optarg;
		else if (code == OPT_JSON || code == OPT_NO_COLOR)
			c.ask.format = code == OPT_JSON ? "json" : "text";
		else if (code == OPT_STATE)
			c.state = optarg;
		else if (code == OPT_STORE)
			c.store = optarg;
		else if (code != OPT_OPEN) {
			(void)fputs(say(usage_vi, usage_en), code == '?' ? stderr : stdout);
			return code == '?' ? EXIT_USAGE : EXIT_DONE;
		}
	}
	if (optind != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return findings_run(&c);
}
