/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban hold`: what must stay as it is though its retention ends. The keeper of the running desk
 * decides and seals it (doc/formats/seal.md section 9); the list is the manifest's, with or without
 * a running desk.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "model/line.h"
#include "model/pin.h"
#include "model/rowproof.h"
#include "cmd/contents.h"
#include "cmd/desk.h"
#include "cmd/doctor.h"
#include "cmd/figures.h"
#include "cmd/jsonline.h"
#include "cmd/options.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban hold add TÊN --why LÝ_DO [--from T] [--to T] [--class LOẠI] [--seq A-B]\n"
    "           trucban hold add TÊN --why LÝ_DO 'LOGSQL'\n"
    "           trucban hold list [--json]\n"
    "           trucban hold release TÊN --why LÝ_DO\n\n"
    "Giữ nguyên hiện trạng: bản ghi trong phạm vi không bị xóa khi hết hạn lưu giữ, cũng không bị\n"
    "xóa khi đầy đĩa, cho đến khi có lệnh thôi giữ. Kể cả bản ghi sẽ nhận sau này. Lệnh giữ,\n"
    "lệnh thôi giữ được niêm phong cùng nhật ký; trucban verify báo nếu bản ghi đang giữ bị\n"
    "xóa.\n\n"
    "  --why LÝ_DO        theo yêu cầu nào, của ai; ghi vào sổ hành động và vào niêm phong\n"
    "  --from T, --to T   nhận từ lúc T, đến hết lúc T: ngày, giờ như trong trucban search; không\n"
    "                     nói thì từ đầu, và mãi về sau\n"
    "  --class LOẠI       chỉ một loại lưu giữ\n"
    "  --seq A-B          chỉ các số thứ tự từ A đến B\n"
    "  --stream TÊN       raw (bản ghi nhận được) hoặc findings; không nói thì cả hai\n"
    "  --json             mỗi lệnh giữ một đối tượng JSON trên một dòng\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n\n"
    "Với 'LOGSQL', giữ từ bản ghi đầu đến bản ghi cuối mà trucban search tìm thấy lúc ấy, theo\n"
    "số thứ tự.\n"
    "Giữ cả tệp dữ liệu: bản ghi nằm cùng tệp với bản ghi được giữ thì cũng còn.\n";
static const char usage_en[] =
    "Usage: trucban hold add NAME --why TEXT [--from T] [--to T] [--class C] [--seq A-B]\n"
    "       trucban hold add NAME --why TEXT 'LOGSQL'\n"
    "       trucban hold list [--json]\n"
    "       trucban hold release NAME --why TEXT\n\n"
    "Legal hold: records in the range are not deleted when their retention ends, nor because the\n"
    "disk is full, until the hold is released. Records that come later too. Its begin and end are\n"
    "sealed with the log; trucban verify says when held records were deleted.\n\n"
    "  --why TEXT         on whose demand; goes to the ledger and into the seal\n"
    "  --from T, --to T   received from T on, and up to T: days, times as in trucban search;\n"
    "                     without them from the beginning, and for all time to come\n"
    "  --class C          one retention class only\n"
    "  --seq A-B          sequence numbers A to B only\n"
    "  --stream NAME      raw (what was received) or findings; else both\n"
    "  --json             one JSON object a line for each hold\n"
    "  --config FILE, --state DIR    as for trucban serve\n\n"
    "With 'LOGSQL', from the first record that trucban search finds by it now to the last, by\n"
    "their numbers.\n"
    "Whole segments are held: a record beside one that is held stays too.\n";

struct hold_command {
	const char *query, *name, *why, *from, *to, *class, *seq, *stream;
	bool json;
	struct doctor d;
};

/* ---- telling ---- */

static const char *
class_name(const struct conf *conf, uint8_t class)
{
	return class < conf->nclass ? conf->class[class].name : "?";
}

static void
time_text(char out[CIVIL_TEXT_BYTES + 1], int64_t ns, int32_t zone_s)
{
	out[civil_put((uint8_t *)out, ns, 0, zone_s)] = '\0';
}

static void
range_tell(const struct doctor *d, const struct pin *hold)
{
	int32_t zone_s = (int32_t)d->conf->zone_minutes * 60;
	char at[CIVIL_TEXT_BYTES + 1];

	(void)fputs(say("    phạm vi      ", "    range        "), stdout);
	time_text(at, hold->from_ns, zone_s);
	(void)printf("%s", hold->from_ns == INT64_MIN ? say("từ đầu", "from the beginning") : at);
	time_text(at, hold->to_ns, zone_s);
	(void)printf(" → %s", hold->to_ns == INT64_MAX ? say("không hạn định", "open") : at);
	if (hold->class != PIN_ANY)
		(void)printf(say(", loại %s", ", class %s"), class_name(d->conf, hold->class));
	if (hold->stream != PIN_ANY)
		(void)printf(", %s", stream_name(hold->stream));
	if (hold->first_seq > 1 || hold->last_seq < UINT64_MAX)
		(void)printf(say(", số %ju-%ju", ", numbers %ju-%ju"), (uintmax_t)hold->first_seq,
		    (uintmax_t)hold->last_seq);
	(void)putchar('\n');
}

static void
hold_tell(const struct doctor *d, const struct pin *hold)
{
	struct contents c = contents_held(d->store, hold);
	int32_t zone_s = (int32_t)d->conf->zone_minutes * 60;
	char at[CIVIL_TEXT_BYTES + 1], size[32];

	time_text(at, hold->since_ns, zone_s);
	(void)printf("%s\n", hold->name);
	(void)printf(say("    lý do        %s\n    ai, từ khi   %s, %s\n",
	    "    why          %s\n    who, since   %s, %s\n"), hold->why, hold->who, at);
	range_tell(d, hold);
	finding_size(size, c.bytes);
	(void)printf(say("    đang giữ     %s bản ghi, %s tệp dữ liệu, %s\n",
	    "    held now     %s records, %s segments, %s\n"), figure_count((double)c.rows),
	    figure_count((double)c.segments), size);
	if (c.rows == 0)
		return;
	time_text(at, c.first_ns, zone_s);
	(void)printf(say("    nhận từ      %s", "    received     %s"), at);
	time_text(at, c.last_ns, zone_s);
	(void)printf(" → %s\n", at);
}

static void
hold_json(const struct doctor *d, const struct pin *hold)
{
	struct contents c = contents_held(d->store, hold);
	struct buf line = { 0 };

	jsonline_text(&line, "name", hold->name);
	jsonline_text(&line, "why", hold->why);
	jsonline_text(&line, "who", hold->who);
	jsonline_time(&line, "since", hold->since_ns);
	if (hold->from_ns != INT64_MIN)
		jsonline_time(&line, "from", hold->from_ns);
	if (hold->to_ns != INT64_MAX)
		jsonline_time(&line, "to", hold->to_ns);
	if (hold->class != PIN_ANY)
		jsonline_text(&line, "class", class_name(d->conf, hold->class));
	if (hold->stream != PIN_ANY)
		jsonline_text(&line, "stream", stream_name(hold->stream));
	if (hold->first_seq > 1 || hold->last_seq < UINT64_MAX) {
		jsonline_number(&line, "first_seq", hold->first_seq);
		jsonline_number(&line, "last_seq", hold->last_seq);
	}
	jsonline_number(&line, "segments", c.segments);
	jsonline_number(&line, "records", c.rows);
	jsonline_number(&line, "bytes", c.bytes);
	if (c.rows > 0) {
		jsonline_time(&line, "oldest", c.first_ns);
		jsonline_time(&line, "newest", c.last_ns);
	}
	jsonline_print(&line);
}

/* Those of this name, or all; how many. */
static size_t
holds_tell(const struct hold_command *c, const char *name)
{
	const struct pin *hold;
	size_t n = 0;

	for (size_t i = 0; (hold = store_hold(c->d.store, i)) != NULL; i++) {
		if (name != NULL && strcmp(hold->name, name) != 0)
			continue;
		n++;
		if (c->json)
			hold_json(&c->d, hold);
		else
			hold_tell(&c->d, hold);
	}
	return n;
}

/* ---- the three ---- */

/* What doctor_open found, as far as it is needed here. */
static bool
is_open(struct hold_command *c)
{
	struct doctor *d = &c->d;

	if (d->conf_rc != OK)
		(void)fprintf(stderr, "trucban: %s\n", reason_of(&d->conf_why));
	else if (d->store == NULL)
		(void)fprintf(stderr, say("trucban: không mở được kho: %s; chạy bằng sudo?\n",
		    "trucban: cannot open the store: %s; with sudo?\n"), reason_of(&d->store_why));
	return d->conf_rc == OK && d->store != NULL;
}

static int
hold_list(struct hold_command *c)
{
	int rc = EXIT_COULD_NOT;

	doctor_open(&c->d);
	if (is_open(c)) {
		rc = EXIT_DONE;
		if (holds_tell(c, NULL) == 0 && !c->json)
			(void)puts(say("Không có lệnh giữ nguyên hiện trạng nào.",
			    "No legal hold is in force."));
	}
	doctor_close(&c->d);
	return rc;
}

static void
param(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		form_add(form, name, span_str(value));
}

static bool
nothing_taken(void *ctx, struct span piece)
{
	(void)ctx;
	(void)piece;
	return true;
}

/* "A-B" as two parameters; false: it is none. */
static bool
seq_add(struct buf *form, const char *seq)
{
	struct span text = span_str(seq);
	size_t n = strcspn(seq, "-");
	uint64_t first, last;

	if (n == text.n || !line_decimal(span_sub(text, 0, n), &first) ||
	    !line_decimal(span_sub(text, n + 1, text.n), &last))
		return false;
	form_add(form, "first", span_sub(text, 0, n));
	form_add(form, "last", span_sub(text, n + 1, text.n));
	return true;
}

/* Numbers of the records that a query finds, line by line as they come. */
struct numbers {
	struct buf rest;		/* a line that is not whole yet */
	uint64_t first, last;		/* 0: none */
};

/* "_seq":"raw:EPOCH:NUMBER" */
static void
line_count(struct numbers *n, struct span line)
{
	struct span seq = jsonline_value(line, "_seq"), part = seq;
	uint64_t number;

	for (size_t i = 0; i < seq.n; i++)
		if (seq.p[i] == ':')
			part = span_sub(seq, i + 1, seq.n);
	if (!span_starts(seq, SPAN("raw:")) || !line_decimal(part, &number))
		return;
	if (n->first == 0 || number < n->first)
		n->first = number;
	if (number > n->last)
		n->last = number;
}

static bool
numbers_take(void *ctx, struct span piece)
{
	struct numbers *n = ctx;
	size_t at = 0;

	buf_span_put(&n->rest, piece);
	for (size_t i = n->rest.n - piece.n; i < n->rest.n; i++)
		if (n->rest.p[i] == '\n') {
			line_count(n, span_of(n->rest.p + at, i - at));
			at = i + 1;
		}
	if (at > 0)
		memmove(n->rest.p, n->rest.p + at, n->rest.n - at);
	n->rest.n -= at;
	return true;
}

static void
number_add(struct buf *form, const char *name, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%ju", (uintmax_t)number);
	form_add(form, name, span_str(text));
}

/*
 * The first and the last number that the query finds, its words taken as `trucban search` takes
 * them: what is seen there is held. What lies between the two is held too.
 */
static enum err
query_add(const char *state, struct buf *form, const char *query, struct why *why)
{
	struct numbers n = { .first = 0 };
	struct buf asked = { 0 }, text = { 0 };
	enum err rc;

	buf_printf(&text, "%s | fields _seq", query);
	form_add(&asked, "query", buf_span(&text));
	form_add(&asked, "fold", SPAN("1"));
	rc = desk_run(state, &(struct client_ask){ .path = "/select/logsql/query",
	    .form = buf_span(&asked), .take = numbers_take, .ctx = &n }, why);
	if (rc == OK && n.first == 0)
		rc = why_set(why, ERR_ABSENT, "%s", say("không tìm thấy bản ghi nào để giữ",
		    "the query finds no record to hold"));
	form_add(form, "query", span_str(query));
	number_add(form, "first", n.first);
	number_add(form, "last", n.last);
	buf_done(&asked);
	buf_done(&text);
	buf_done(&n.rest);
	return rc;
}

static enum err
desk_ask(const struct hold_command *c, const char *what, struct why *why)
{
	struct buf form = { 0 };
	enum err rc = OK;

	param(&form, "do", what);
	param(&form, "name", c->name);
	param(&form, "why", c->why);
	param(&form, "start", c->from);
	param(&form, "end", c->to);
	param(&form, "class", c->class);
	param(&form, "stream", c->stream);
	if (c->seq != NULL && !seq_add(&form, c->seq))
		rc = why_set(why, ERR_FORMAT, "%s", say("--seq viết là A-B, ví dụ 1000-2000",
		    "--seq is written A-B, for example 1000-2000"));
	if (c->query != NULL)
		rc = query_add(c->d.state, &form, c->query, why);
	if (rc == OK)
		rc = desk_run(c->d.state, &(struct client_ask){ .path = "/trucban/hold",
		    .form = buf_span(&form), .take = nothing_taken }, why);
	buf_done(&form);
	return rc;
}

/* The store was opened before the desk was asked: what it did is looked at anew. */
static void
hold_show(struct hold_command *c)
{
	struct why why = { "" };

	(void)puts(say("Đang giữ nguyên hiện trạng, đã ghi vào sổ hành động và niêm phong:",
	    "The hold is in force, in the ledger and in the seal:"));
	if (is_open(c) && store_refresh(c->d.store, &why) == OK)
		(void)holds_tell(c, c->name);
	else if (why.text[0] != '\0')
		(void)fprintf(stderr, "trucban: %s\n", reason_of(&why));
}

static int
hold_change(struct hold_command *c, const char *what)
{
	struct why why = { "" };
	enum err rc;

	doctor_open(&c->d);
	rc = desk_ask(c, what, &why);
	if (rc != OK)
		(void)fprintf(stderr, say("trucban: không làm được: %s\n",
		    "trucban: could not: %s\n"), reason_of(&why));
	else if (strcmp(what, "release") == 0)
		(void)printf(say("Đã thôi giữ %s: bản ghi quá hạn sẽ bị xóa trong lần dọn tới.\n",
		    "%s is released: records past their retention go with the next round.\n"),
		    c->name);
	else
		hold_show(c);
	doctor_close(&c->d);
	if (rc == OK)
		return EXIT_DONE;
	return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
}

static int
usage(void)
{
	(void)fputs(say(usage_vi, usage_en), stderr);
	return EXIT_USAGE;
}

static int
verb_run(struct hold_command *c, int argc, char **argv)
{
	bool ranged = c->from != NULL || c->to != NULL || c->class != NULL || c->seq != NULL ||
	    c->stream != NULL;

	if (argc == 1 && strcmp(argv[0], "list") == 0 && c->why == NULL && !ranged)
		return hold_list(c);
	if (argc < 2 || argc > 3 || c->why == NULL || c->why[0] == '\0')
		return usage();
	c->name = argv[1];
	c->query = argv[2];
	if (c->query != NULL && (ranged || strcmp(argv[0], "add") != 0))
		return usage();
	if (strcmp(argv[0], "add") == 0)
		return hold_change(c, "add");
	if (strcmp(argv[0], "release") == 0 && !ranged)
		return hold_change(c, "release");
	return usage();
}

int
cmd_hold(int argc, char **argv)
{
	static const struct option option[] = {
		{ "why", required_argument, NULL, 'w' },
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "class", required_argument, NULL, 'k' },
		{ "seq", required_argument, NULL, 'q' },
		{ "stream", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct hold_command c = { .json = false };
	const char **where[128] = { ['w'] = &c.why, ['f'] = &c.from, ['t'] = &c.to,
	    ['k'] = &c.class, ['q'] = &c.seq, ['m'] = &c.stream, ['c'] = &c.d.conf_path,
	    ['s'] = &c.d.state };
	int o;

	while ((o = options_next(argc, argv, "", option)) != -1) {
		if (o == 'j') {
			c.json = true;
		} else if (o > 0 && o < 128 && where[o] != NULL) {
			*where[o] = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), o == 'h' ? stdout : stderr);
			return o == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	return verb_run(&c, argc - optind, argv + optind);
}
