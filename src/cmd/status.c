/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban status`: how the running desk is doing, in the order in which one asks at night: does it
 * keep, what was lost, where does it come from, is it sealed. The figures are those of /metrics.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "web/render.h"
#include "cmd/barred.h"
#include "cmd/desk.h"
#include "cmd/figures.h"
#include "cmd/losses.h"
#include "cmd/options.h"
#include "cmd/samples.h"
#include "cmd/status_relay.h"

static const char usage_vi[] =
    "Cách dùng: trucban status [--json | --metrics] [--state THƯ_MỤC]\n\n"
    "In tình trạng của bàn trực đang chạy: đã nhận, đã ghi, mất gì, đã niêm phong. Mã kết thúc\n"
    "1: có việc cần người xem.\n\n"
    "  --json             mỗi số liệu một đối tượng JSON trên một dòng\n"
    "  --metrics          dạng Prometheus, như /metrics\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này\n";
static const char usage_en[] =
    "Usage: trucban status [--json | --metrics] [--state DIR]\n\n"
    "Prints how the running desk is doing: received, written, lost, sealed. Exit code 1:\n"
    "something needs a person.\n\n"
    "  --json             one JSON object a line for each figure\n"
    "  --metrics          as Prometheus text, like /metrics\n"
    "  --state DIR        the desk whose store is there\n";

enum { DENIED_TOLD = 10 };

static bool
collect(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

/* ---- telling ---- */

static bool
state_tell(struct span text)
{
	static const struct {
		const char *is, *vi, *en;
		bool good;
	} row[] = {
		{ "open", "đang nhận và ghi", "receiving and writing", true },
		{ "rewriting", "ổ đĩa vừa báo lỗi, đang ghi lại", "the disk failed, writing again",
		    false },
		{ "full", "đĩa đầy: loại lưu giữ nào bị từ chối thì xem trucban doctor",
		    "the disk is full: see trucban doctor", false },
		{ "read-only", "KHÔNG GHI ĐƯỢC NỮA: kiểm tra ổ đĩa, rồi khởi động lại bàn trực",
		    "NOTHING CAN BE WRITTEN: check the disk, then restart the desk", false },
	};
	struct span is = samples_word(text, "state"), trouble = samples_word(text, "trouble");
	double age = samples_sum(text, "keeper_answer_age_seconds", NULL);
	bool good = false;

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		if (!span_is(is, row[i].is))
			continue;
		good = row[i].good;
		(void)printf("%s %s\n", good ? "✓" : "✗", say(row[i].vi, row[i].en));
	}
	if (is.n == 0 || age > 30) {
		good = false;
		(void)printf(say(
		    "✗ phần ghi nhật ký không trả lời từ %.0f giây: xem trucban doctor\n",
		    "✗ the keeper has not answered for %.0f s: see trucban doctor\n"), age);
	}
	if (trouble.n > 0)
		(void)printf(say("    lỗi gần nhất: %.*s\n", "    last error: %.*s\n"),
		    (int)trouble.n, (const char *)trouble.p);
	return good;
}

static void
store_tell(struct span text)
{
	double writes = samples_sum(text, "journal_writes_total", NULL);

	(void)printf(say("  nhận        %s bản ghi từ khi khởi động, %s đã nằm trên đĩa\n",
	    "  received    %s records since the start, %s of them are on disk\n"),
	    figure_count(samples_sum(text, "rows_total", NULL)),
	    figure_count(samples_sum(text, "rows_acknowledged_total", NULL)));
	(void)printf(say("  kho         %s bản ghi nhật ký, %s phát hiện, %s dòng sổ hành động\n",
	    "  store       %s log records, %s findings, %s rows of the ledger\n"),
	    figure_count(samples_sum(text, "last_seq", "raw")),
	    figure_count(samples_sum(text, "last_seq", "findings")),
	    figure_count(samples_sum(text, "last_seq", "ledger")));
	(void)printf(say("  trên đĩa    %s tệp dữ liệu, %s MB cho %s MB bản ghi\n",
	    "  on disk     %s segments, %s MB for %s MB of records\n"),
	    figure_count(samples_sum(text, "segments", NULL)),
	    figure_tenths(samples_sum(text, "segment_bytes", NULL) / 1e6),
	    figure_tenths(samples_sum(text, "record_bytes", NULL) / 1e6));
	(void)printf(say("  niêm phong  %s mục, %s đã ký\n",
	    "  sealed      %s leaves, %s signed\n"),
	    figure_count(samples_sum(text, "tree_leaves", NULL)),
	    figure_count(samples_sum(text, "signed_leaves", NULL)));
	if (writes > 0)
		(void)printf(say("  ghi đĩa     %s ms một lần, lâu nhất %s ms\n",
		    "  writing     %s ms each, at most %s ms\n"),
		    figure_tenths(samples_sum(text, "journal_sync_seconds_total", NULL) * 1e3 /
		    writes),
		    figure_tenths(samples_sum(text, "journal_sync_max_seconds", NULL) * 1e3));
}

/* Since when there are records, how long the disk lasts, what is held. */
static void
room_tell(struct span text, int32_t zone_s)
{
	double oldest = samples_sum(text, "oldest_record_timestamp_seconds", NULL);
	double day = samples_sum(text, "segment_bytes_per_day", NULL);
	double room = samples_sum(text, "disk_free_bytes", NULL) -
	    samples_sum(text, "disk_reserve_bytes", NULL);
	double holds = samples_sum(text, "holds", NULL);
	char at[CIVIL_TEXT_BYTES + 1];

	if (oldest > 0) {
		at[civil_put((uint8_t *)at, (int64_t)oldest * CIVIL_SECOND_NS, 0, zone_s)] = '\0';
		(void)printf(say("  cũ nhất     nhận lúc %s\n", "  oldest      received %s\n"), at);
	}
	if (day > 0)
		(void)printf(say("  còn chỗ     %s MB, mỗi ngày %s MB: khoảng %s ngày nữa\n",
		    "  room        %s MB, %s MB a day: about %s more days\n"),
		    figure_tenths(room > 0 ? room / 1e6 : 0), figure_tenths(day / 1e6),
		    figure_count(room > 0 ? (double)(int64_t)(room / day) : 0));
	if (holds > 0)
		(void)printf(say("  giữ nguyên  %s lệnh giữ %s tệp dữ liệu, %s MB, không xóa\n",
		    "  held        %s legal holds on %s segments, %s MB, they stay\n"),
		    figure_count(holds), figure_count(samples_sum(text, "segments_held", NULL)),
		    figure_tenths(samples_sum(text, "held_bytes", NULL) / 1e6));
	if (samples_sum(text, "intake_records_ordered_total", NULL) > 0)
		(void)printf(say("  bỏ theo lệnh %s bản ghi không giữ, theo mục sample\n",
		    "  dropped     %s records not kept, by order (sample)\n"),
		    figure_count(samples_sum(text, "intake_records_ordered_total", NULL)));
	if (holds > 0 && span_is(samples_word(text, "state"), "full"))
		(void)puts(say("! đĩa đầy mà có phần phải giữ nguyên hiện trạng: trucban hold list",
		    "! the disk is full, and part of it is under a legal hold: trucban hold list"));
}

static void
doors_tell(struct span text)
{
	struct span rest = text;
	struct sample s;

	while (samples_next(&rest, &s)) {
		char name[128];

		if (!span_is(s.name, "intake_records_total"))
			continue;
		(void)snprintf(name, sizeof name, "%.*s", (int)s.value.n, (const char *)s.value.p);
		(void)printf(say("  %-11s %s bản ghi, %s MB, %s kết nối đang mở\n",
		    "  %-11s %s records, %s MB, %s connections open\n"), name, figure_count(s.n),
		    figure_tenths(samples_sum(text, "intake_bytes_total", name) / 1e6),
		    figure_count(samples_sum(text, "intake_connections", name)));
	}
	if (samples_sum(text, "collector_lines_total", NULL) > 0)
		(void)printf(say("  %-11s %s dòng từ %s tệp\n", "  %-11s %s lines of %s files\n"),
		    say("máy này    ", "this host"),
		    figure_count(samples_sum(text, "collector_lines_total", NULL)),
		    figure_count(samples_sum(text, "collector_files", NULL)));
}

static bool
losses_tell(struct span text)
{
	bool good = true;

	for (const struct loss *loss = losses; loss->metric != NULL; loss++) {
		double n = samples_sum(text, loss->metric, NULL);

		if (n == 0)
			continue;
		good = false;
		(void)printf("! %s %s\n", figure_count(n), say(loss->vi, loss->en));
	}
	if (good)
		(void)puts(say("✓ không mất, không từ chối, không cắt bản ghi nào",
		    "✓ no record was lost, refused or cut"));
	return good;
}

static void
denied_tell(struct span text)
{
	struct barred barred;

	for (unsigned i = 0; i < DENIED_TOLD && barred_next(&text, &barred); i++) {
		struct buf line = { 0 };

		barred_put(&line, &barred);
		(void)printf("! %.*s\n", (int)line.n, (const char *)line.p);
		buf_done(&line);
	}
}

static bool
findings_tell(struct span text)
{
	static const struct {
		const char *level, *vi, *en;
	} row[] = { { "critical", "nghiêm trọng", "critical" }, { "high", "cao", "high" },
	    { "medium", "trung bình", "medium" }, { "low", "thấp", "low" },
	    { "informational", "để biết", "informational" } };
	double all = samples_sum(text, "findings_open", NULL), n;
	const char *comma = "";

	if (all == 0)
		return true;
	(void)printf(say("! %s phát hiện đang mở (", "! %s findings are open ("),
	    figure_count(all));
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		n = samples_sum(text, "findings_open", row[i].level);
		if (n == 0)
			continue;
		(void)printf("%s%s %s", comma, figure_count(n), say(row[i].vi, row[i].en));
		comma = ", ";
	}
	(void)puts(say("): xem trucban findings", "): see trucban findings"));
	return false;
}

static int
tell(struct span text, int32_t zone_s)
{
	bool good = state_tell(text);

	store_tell(text);
	room_tell(text, zone_s);
	doors_tell(text);
	good &= losses_tell(text);
	denied_tell(text);
	good &= findings_tell(text);
	if (!good)
		(void)puts(say("    → trucban doctor cho biết phải làm gì",
		    "    → trucban doctor says what to do"));
	return good ? EXIT_DONE : EXIT_FOUND;
}

static int
tell_json(struct span text)
{
	struct sample s;

	while (samples_next(&text, &s)) {
		(void)printf("{\"name\":\"trucban_%.*s\"", (int)s.name.n, (const char *)s.name.p);
		while (s.label.n > 0) {
			(void)printf(",\"%.*s\":\"%.*s\"", (int)s.label.n,
			    (const char *)s.label.p, (int)s.value.n, (const char *)s.value.p);
			if (!samples_label(&s.labels, &s.label, &s.value))
				break;
		}
		(void)printf(",\"value\":%.15g}\n", s.n);
	}
	return EXIT_DONE;
}

static int
status_run(const char *state, int how)
{
	struct buf body = { 0 };
	struct why why = { "" };
	int exit_code = EXIT_DONE;
	enum err rc;

	if (status_relay_read(&body, state))
		rc = OK;
	else
		rc = desk_run(state, &(struct client_ask){ .path = "/metrics",
		    .take = collect, .ctx = &body }, &why);
	if (rc != OK) {
		(void)fprintf(stderr, say("trucban: bàn trực ở %s không trả lời: %s\n",
		    "trucban: the desk at %s does not answer: %s\n"), state, why.text);
		exit_code = EXIT_COULD_NOT;
	} else if (how == 'm') {
		(void)fwrite(body.p, 1, body.n, stdout);
	} else {
		exit_code = how == 'j' ? tell_json(buf_span(&body)) :
		    samples_word(buf_span(&body), "relay_info").n > 0 ?
		    status_relay_tell(buf_span(&body)) : tell(buf_span(&body),
		    desk_zone_s(state));
	}
	buf_done(&body);
	return exit_code;
}

int
cmd_status(int argc, char **argv)
{
	static const struct option option[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "metrics", no_argument, NULL, 'm' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *state = state_default();
	int c, how = 0;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'm' || c == 'j') {
			how = c;
		} else if (c == 's') {
			state = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return status_run(state, how);
}
