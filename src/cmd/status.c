/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban status`: how the running desk is doing, in the order in which one asks at night: does it
 * keep, what was lost, where does it come from, is it sealed. The figures are those of /metrics.
 */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/client.h"
#include "cmd/figures.h"

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

/* One line of the text: trucban_NAME{LABEL="VALUE"} N. */
struct sample {
	struct span name, label, value;
	double n;
};

/* What must be 0 on a good day. */
static const struct loss {
	const char *metric, *vi, *en;
} losses[] = {
	{ "rows_lost_total", "bản ghi mất do sổ ghi đệm hỏng",
	    "records lost to a damaged journal" },
	{ "rows_refused_full_total", "bản ghi bị từ chối vì đầy đĩa",
	    "records refused, the disk is full" },
	{ "rows_refused_read_only_total", "bản ghi bị từ chối vì không ghi được",
	    "records refused, nothing can be written" },
	{ "rows_set_aside_total", "bản ghi để riêng vì làm hỏng tiến trình",
	    "records set aside, they stopped a role" },
	{ "batches_bad_total", "lô bản ghi sai khuôn dạng", "batches that were not well formed" },
	{ "journal_rewrites_total", "lần ghi hỏng phải ghi lại", "failed writes made again" },
	{ "intake_kernel_drops_total", "gói UDP bị nhân hệ điều hành bỏ",
	    "datagrams dropped by the kernel" },
	{ "intake_records_cut_total", "bản ghi dài quá bị cắt", "records cut, too long" },
	{ "intake_records_unparsed_total", "bản ghi không hiểu được (vẫn giữ nguyên)",
	    "records not understood (kept as they came)" },
	{ "intake_frames_bad_total", "khung dữ liệu sai giao thức", "frames against the protocol" },
	{ "intake_batches_refused_total", "lô bản ghi bị kho từ chối",
	    "batches refused by the store" },
	{ "intake_connections_refused_total", "kết nối bị từ chối vì quá nhiều",
	    "connections refused, too many" },
	{ "intake_accept_pauses_total", "lần tạm ngừng nhận kết nối vì mở quá nhiều tệp",
	    "pauses of accepting, out of descriptors" },
	{ "intake_handshakes_failed_total", "lần bắt tay TLS không thành",
	    "TLS handshakes failed" },
	{ "intake_requests_bad_total", "yêu cầu HTTP sai", "bad HTTP requests" },
	{ "intake_requests_unauthorised_total", "yêu cầu HTTP không có mã truy cập hợp lệ",
	    "HTTP requests without a valid token" },
	{ "intake_requests_failed_total", "yêu cầu HTTP không ghi được",
	    "HTTP requests that could not be kept" },
	{ "intake_bodies_refused_total", "yêu cầu HTTP nén bung ra quá lớn",
	    "compressed bodies that expand too much" },
	{ "intake_fields_unknown_total", "trường lạ trong giao thức, không ghi lại",
	    "fields that a protocol's page does not know, left out" },
	{ "collector_files_refused_total", "tệp, thư mục không đọc được",
	    "files or folders that cannot be read" },
	{ "collector_lines_cut_total", "dòng dài quá bị cắt", "lines cut, too long" },
	{ "collector_bytes_lost_total", "byte mất khi tệp bị cắt ngắn",
	    "octets lost when a file was truncated" },
};

static bool
collect(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

/* ---- samples ---- */

static struct span
part_until(struct span *s, char end)
{
	const uint8_t *at = s->n > 0 ? memchr(s->p, end, s->n) : NULL;
	size_t n = at != NULL ? (size_t)(at - s->p) : s->n;
	struct span part = span_sub(*s, 0, n);

	*s = span_sub(*s, at != NULL ? n + 1 : n, s->n);
	return part;
}

/* The next sample of *rest; false: there is none. */
static bool
sample_next(struct span *rest, struct sample *ret)
{
	while (rest->n > 0) {
		struct span line = part_until(rest, '\n');
		char number[32];
		size_t cut = line.n;

		if (!span_starts(line, SPAN("trucban_")))
			continue;
		while (cut > 0 && line.p[cut - 1] != ' ')
			cut--;
		(void)snprintf(number, sizeof number, "%.*s", (int)(line.n - cut),
		    (const char *)line.p + cut);
		ret->n = strtod(number, NULL);
		line = span_sub(line, 8, cut > 9 ? cut - 9 : 0);
		ret->name = part_until(&line, '{');
		ret->label = part_until(&line, '=');
		ret->value = line.n > 2 ? span_sub(line, 1, line.n - 3) : (struct span){ 0 };
		return true;
	}
	return false;
}

/* The sum of a metric's samples; of those with this label only, unless it is NULL. */
static double
sum(struct span text, const char *name, const char *value)
{
	struct sample s;
	double n = 0;

	while (sample_next(&text, &s)) {
		if (span_is(s.name, name) && (value == NULL || span_is(s.value, value)))
			n += s.n;
	}
	return n;
}

static struct span
word(struct span text, const char *name)
{
	struct sample s;

	while (sample_next(&text, &s)) {
		if (span_is(s.name, name))
			return s.value;
	}
	return (struct span){ 0 };
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
	struct span is = word(text, "state"), trouble = word(text, "trouble");
	double age = sum(text, "keeper_answer_age_seconds", NULL);
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
	double writes = sum(text, "journal_writes_total", NULL);

	(void)printf(say("  nhận        %s bản ghi từ khi khởi động, %s đã nằm trên đĩa\n",
	    "  received    %s records since the start, %s of them are on disk\n"),
	    figure_count(sum(text, "rows_total", NULL)),
	    figure_count(sum(text, "rows_acknowledged_total", NULL)));
	(void)printf(say("  kho         %s bản ghi nhật ký, %s phát hiện, %s dòng sổ hành động\n",
	    "  store       %s log records, %s findings, %s rows of the ledger\n"),
	    figure_count(sum(text, "last_seq", "raw")),
	    figure_count(sum(text, "last_seq", "findings")),
	    figure_count(sum(text, "last_seq", "ledger")));
	(void)printf(say("  trên đĩa    %s tệp dữ liệu, %s MB cho %s MB bản ghi\n",
	    "  on disk     %s segments, %s MB for %s MB of records\n"),
	    figure_count(sum(text, "segments", NULL)),
	    figure_tenths(sum(text, "segment_bytes", NULL) / 1e6),
	    figure_tenths(sum(text, "record_bytes", NULL) / 1e6));
	(void)printf(say("  niêm phong  %s mục, %s đã ký\n",
	    "  sealed      %s leaves, %s signed\n"),
	    figure_count(sum(text, "tree_leaves", NULL)),
	    figure_count(sum(text, "signed_leaves", NULL)));
	if (writes > 0)
		(void)printf(say("  ghi đĩa     %s ms một lần, lâu nhất %s ms\n",
		    "  writing     %s ms each, at most %s ms\n"),
		    figure_tenths(sum(text, "journal_sync_seconds_total", NULL) * 1e3 / writes),
		    figure_tenths(sum(text, "journal_sync_max_seconds", NULL) * 1e3));
}

static void
doors_tell(struct span text)
{
	struct span rest = text;
	struct sample s;

	while (sample_next(&rest, &s)) {
		char name[128];

		if (!span_is(s.name, "intake_records_total"))
			continue;
		(void)snprintf(name, sizeof name, "%.*s", (int)s.value.n, (const char *)s.value.p);
		(void)printf(say("  %-11s %s bản ghi, %s MB, %s kết nối đang mở\n",
		    "  %-11s %s records, %s MB, %s connections open\n"), name, figure_count(s.n),
		    figure_tenths(sum(text, "intake_bytes_total", name) / 1e6),
		    figure_count(sum(text, "intake_connections", name)));
	}
	if (sum(text, "collector_lines_total", NULL) > 0)
		(void)printf(say("  %-11s %s dòng từ %s tệp\n", "  %-11s %s lines of %s files\n"),
		    say("máy này    ", "this host"),
		    figure_count(sum(text, "collector_lines_total", NULL)),
		    figure_count(sum(text, "collector_files", NULL)));
}

static bool
losses_tell(struct span text)
{
	bool good = true;

	for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
		double n = sum(text, losses[i].metric, NULL);

		if (n == 0)
			continue;
		good = false;
		(void)printf("! %s %s\n", figure_count(n), say(losses[i].vi, losses[i].en));
	}
	if (good)
		(void)puts(say("✓ không mất, không từ chối, không cắt bản ghi nào",
		    "✓ no record was lost, refused or cut"));
	return good;
}

static int
tell(struct span text)
{
	bool good = state_tell(text);

	store_tell(text);
	doors_tell(text);
	good &= losses_tell(text);
	if (!good)
		(void)puts(say("    → trucban doctor cho biết phải làm gì",
		    "    → trucban doctor says what to do"));
	return good ? EXIT_DONE : EXIT_FOUND;
}

static int
tell_json(struct span text)
{
	struct sample s;

	while (sample_next(&text, &s)) {
		(void)printf("{\"name\":\"trucban_%.*s\"", (int)s.name.n, (const char *)s.name.p);
		if (s.label.n > 0)
			(void)printf(",\"%.*s\":\"%.*s\"", (int)s.label.n,
			    (const char *)s.label.p, (int)s.value.n, (const char *)s.value.p);
		(void)printf(",\"value\":%.15g}\n", s.n);
	}
	return EXIT_DONE;
}

static int
status_run(const char *state, int how)
{
	char socket[4096];
	struct buf body = { 0 };
	struct why why = { "" };
	int exit_code = EXIT_DONE;
	enum err rc;

	(void)snprintf(socket, sizeof socket, "%s/run/front.sock", state);
	rc = client_run(&(struct client_ask){ .socket = socket, .path = "/metrics", .take = collect,
	    .ctx = &body }, &why);
	if (rc != OK) {
		(void)fprintf(stderr, say("trucban: bàn trực ở %s không trả lời: %s\n",
		    "trucban: the desk at %s does not answer: %s\n"), state, why.text);
		exit_code = EXIT_COULD_NOT;
	} else if (how == 'm') {
		(void)fwrite(body.p, 1, body.n, stdout);
	} else {
		exit_code = how == 'j' ? tell_json(buf_span(&body)) : tell(buf_span(&body));
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

	while ((c = getopt_long(argc, argv, "", option, NULL)) != -1) {
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
