/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban plan`: how much each retention class takes a day by the store's own figures, what that
 * comes to when it is kept as long as is configured, and whether the disk holds it; the same for an
 * amount that is not there yet. Reads the manifest only.
 */
#include "cmd/cmd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/limits.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "cmd/contents.h"
#include "cmd/doctor.h"
#include "cmd/figures.h"
#include "cmd/options.h"

static const char usage_vi[] =
    "Cách dùng: trucban plan [--rate N | --times X] [--months M] [--json]\n\n"
    "Tính dung lượng theo số liệu của chính kho này trong 7 ngày gần nhất: mỗi loại lưu giữ nhận\n"
    "bao nhiêu một ngày, chiếm bao nhiêu đĩa, cần bao nhiêu khi giữ đủ hạn, ổ đĩa có đủ không.\n"
    "Mã kết thúc 1: không đủ.\n\n"
    "  --rate N           nếu nhận N bản ghi một giây (trung bình cả ngày đêm), chia theo tỉ lệ\n"
    "                     hiện nay; kho chưa có gì thì tính vào loại lưu giữ đầu tiên\n"
    "  --times X          nếu nhận gấp X lần hiện nay, ví dụ 2.5\n"
    "  --months M         nếu mọi loại giữ M tháng\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n\n"
    "Ví dụ: 300 máy chủ, mỗi máy 4 bản ghi một giây, giữ 12 tháng:\n"
    "  trucban plan --rate 1200 --months 12\n";
static const char usage_en[] =
    "Usage: trucban plan [--rate N | --times X] [--months M] [--json]\n\n"
    "Sizing by this store's own figures of the last 7 days: what each retention class receives a\n"
    "day, how much disk that takes, how much when it is kept as long as configured, and whether\n"
    "the disk holds it. Exit code 1: it does not.\n\n"
    "  --rate N           if N records came in a second (mean over day and night), divided as\n"
    "                     they are now; all to the first class when the store is empty\n"
    "  --times X          if X times as many came in as now, for example 2.5\n"
    "  --months M         if every class was kept for M months\n"
    "  --json             one JSON object a line\n"
    "  --config FILE, --state DIR    as for trucban serve\n\n"
    "Example: 300 servers of 4 records a second each, kept for 12 months:\n"
    "  trucban plan --rate 1200 --months 12\n";

enum {
	/*
	 * Octets on disk of a record when the store does not know yet, on the safe side: sets of
	 * real logs took 11 to 31 (doc/performance.md, "Size"), Windows events 15.
	 */
	RECORD_BYTES = 40,
	/* Memory at full speed beside that of queries; measured 90 MB (mem.peak_mb). */
	INTAKE_BYTES = 120 << 20,
	/* CPU of all roles, ns a record: measured 3.5 us, twice as much on a slow machine. */
	RECORD_NS = 7000,
};

struct plan {
	double rate, times, months;	/* 0: not said */
	bool json;
};

/* What one class comes to. */
struct need {
	const char *name;
	struct contents now;
	double rows_day, bytes_day;
	double record_bytes;
	double days;			/* kept; 0: for ever */
	double bytes;			/* when all of these days are there; for ever: a year */
};

struct sum {
	struct need class[LIMIT_CLASSES];
	unsigned n;
	double rows_day, bytes_day, bytes;
	bool guessed;			/* RECORD_BYTES was needed */
	bool known;			/* something comes in, or is said to */
};

/* ---- figures ---- */

static void
need_now(struct need *n)
{
	n->record_bytes = n->now.rows > 0 && n->now.bytes > 0 ?
	    (double)n->now.bytes / (double)n->now.rows : 0;
	if (n->now.days > 0) {
		n->rows_day = (double)n->now.late_rows / n->now.days;
		n->bytes_day = (double)n->now.late_bytes / n->now.days;
	}
}

/* The same with as many records as the person says. */
static void
need_scale(struct sum *s, const struct plan *plan)
{
	double all = 0, want = plan->rate * CIVIL_DAY_S;

	for (unsigned i = 0; i < s->n; i++)
		all += s->class[i].rows_day;
	for (unsigned i = 0; i < s->n; i++) {
		struct need *n = &s->class[i];
		double part = all > 0 ? n->rows_day / all : i == 0;

		if (plan->times > 0)
			want = all * plan->times;
		else if (plan->rate <= 0)
			want = all;
		if (n->record_bytes <= 0 && want * part > 0) {
			n->record_bytes = RECORD_BYTES;
			s->guessed = true;
		}
		n->bytes_day = n->rows_day > 0 ? n->bytes_day / n->rows_day * want * part :
		    n->record_bytes * want * part;
		n->rows_day = want * part;
	}
}

static void
plan_make(const struct doctor *d, const struct plan *plan, struct sum *s)
{
	int64_t now_ns = clock_wall_ns();

	*s = (struct sum){ .n = d->conf->nclass };
	for (unsigned i = 0; i < s->n; i++) {
		s->class[i] = (struct need){ .name = d->conf->class[i].name,
		    .now = contents_of(d->store, (int)i, now_ns),
		    .days = (double)d->conf->class[i].days };
		need_now(&s->class[i]);
	}
	need_scale(s, plan);
	for (unsigned i = 0; i < s->n; i++) {
		struct need *n = &s->class[i];

		if (plan->months > 0)
			n->days = ceil(plan->months * 365.25 / 12);
		n->bytes = n->bytes_day * (n->days > 0 ? n->days : 365);
		s->rows_day += n->rows_day;
		s->bytes_day += n->bytes_day;
		s->bytes += n->bytes;
	}
	s->known = s->rows_day > 0;
}

/* ---- telling ---- */

static const char *
size(double bytes)
{
	static char text[8][32];
	static unsigned turn;
	char *at = text[turn++ % 8];

	finding_size(at, bytes < 1e19 ? (uint64_t)bytes : UINT64_MAX);
	return at;
}

enum { COLUMNS = 7 };

/* One line of the table; letters count, not octets. The first column begins at the left. */
static void
line_tell(const char *const text[COLUMNS])
{
	static const int wide[COLUMNS] = { 14, 10, 15, 11, 11, 12, 13 };

	for (int i = 0; i < COLUMNS; i++) {
		int letters = 0;

		for (const char *at = text[i]; *at != '\0'; at++)
			letters += ((unsigned char)*at & 0xc0) != 0x80;
		letters = letters < wide[i] ? wide[i] - letters : 0;
		(void)printf("%*s%s%*s", i > 0 ? letters : 0, "", text[i], i > 0 ? 0 : letters,
		    "");
	}
	(void)puts("");
}

static void
class_tell(const struct need *n, int32_t zone_s)
{
	uint8_t at[CIVIL_TEXT_BYTES];
	char days[32], since[16] = "-";

	if (n->days > 0)
		(void)snprintf(days, sizeof days, say("%.0f ngày", "%.0f days"), n->days);
	else
		(void)snprintf(days, sizeof days, "%s", say("mãi mãi", "for ever"));
	if (n->now.rows > 0) {
		(void)civil_put(at, n->now.first_ns, 0, zone_s);
		(void)snprintf(since, sizeof since, "%.10s", (char *)at);
	}
	line_tell((const char *const[COLUMNS]){ n->name, days, figure_count(n->rows_day),
	    size(n->bytes_day), size((double)n->now.bytes), since, size(n->bytes) });
}

static void
classes_tell(const struct sum *s, int32_t zone_s)
{
	line_tell((const char *const[COLUMNS]){ say("LOẠI LƯU GIỮ", "CLASS"), say("GIỮ", "KEPT"),
	    say("BẢN GHI/NGÀY", "RECORDS/DAY"), say("ĐĨA/NGÀY", "DISK/DAY"), say("HIỆN CÓ", "NOW"),
	    say("TỪ NGÀY", "SINCE"), say("KHI ĐỦ HẠN", "WHEN FULL") });
	for (unsigned i = 0; i < s->n; i++)
		class_tell(&s->class[i], zone_s);
	if (s->n > 1)
		line_tell((const char *const[COLUMNS]){ say("cộng", "together"), "",
		    figure_count(s->rows_day), size(s->bytes_day), "", "", size(s->bytes) });
	(void)puts("");
}

static void
machine_tell(const struct doctor *d, const struct sum *s)
{
	double second = s->rows_day / CIVIL_DAY_S;

	(void)printf(say("Bộ nhớ: %s khi nhận hết tốc lực và tìm kiếm cùng lúc. CPU: khoảng "
	    "%s %% một lõi cho trung bình %s bản ghi/giây.\n",
	    "Memory: %s at full speed with searches. CPU: about %s %% of one core for %s "
	    "records/s on average.\n"),
	    size((double)INTAKE_BYTES + (double)d->conf->query_bytes + LIMIT_SHELF_BYTES),
	    figure_tenths(second * RECORD_NS / 1e7), figure_count(second));
}

/* False: the disk does not hold it. */
static bool
disk_tell(const struct doctor *d, const struct sum *s)
{
	uint64_t free_bytes = 0, total = 0;
	struct contents all = contents_of(d->store, CONTENTS_ALL, clock_wall_ns());
	double room;
	struct why why;

	if (d->state_fd < 0 || disk_free(d->state_fd, &free_bytes, &total, &why) != OK) {
		(void)puts(say("Chưa biết ổ đĩa nào: thư mục kho chưa có.",
		    "The disk is not known: there is no store's directory yet."));
		return true;
	}
	room = (double)free_bytes + (double)all.bytes - (double)d->conf->reserve_bytes;
	(void)printf(say("Ổ đĩa: %s, còn trống %s, kho đang chiếm %s, để dành %s.\n",
	    "Disk: %s, %s free, the store takes %s, %s are reserved.\n"), size((double)total),
	    size((double)free_bytes), size((double)all.bytes),
	    size((double)d->conf->reserve_bytes));
	if (room >= s->bytes) {
		(void)printf(say("✓ đủ, còn thừa %s\n", "✓ it is enough, %s are left over\n"),
		    size(room - s->bytes));
		return true;
	}
	(void)printf(say("✗ THIẾU %s: ổ đĩa này giữ được khoảng %.0f ngày\n",
	    "✗ %s ARE MISSING: this disk holds about %.0f days\n"), size(s->bytes - room),
	    s->bytes_day > 0 && room > 0 ? room / s->bytes_day : 0.0);
	(void)printf("  → %s\n", say("thêm ổ đĩa, đặt store: cold sang ổ lớn hơn, hoặc rút ngắn "
	    "classes: days", "add a disk, set store: cold to a larger one, or shorten classes: "
	    "days"));
	return false;
}

static int
tell(const struct doctor *d, const struct sum *s)
{
	bool enough;

	if (!s->known) {
		(void)puts(say("Kho chưa có đủ số liệu (cần ít nhất một giờ nhận liên tục); hãy "
		    "cho biết lượng dự kiến: --rate N (bản ghi một giây).",
		    "The store has too little to tell (an hour of records at least); say how much "
		    "is expected: --rate N (records a second)."));
		return EXIT_USAGE;
	}
	classes_tell(s, (int32_t)d->conf->zone_minutes * 60);
	enough = disk_tell(d, s);
	machine_tell(d, s);
	if (s->guessed)
		(void)printf(say("Kho chưa biết một bản ghi chiếm bao nhiêu: lấy %d byte.\n",
		    "What a record takes is not known yet: %d octets were assumed.\n"),
		    RECORD_BYTES);
	for (unsigned i = 0; i < s->n; i++)
		if (s->class[i].days <= 0)
			(void)printf(say("%s giữ mãi mãi: đã tính cho một năm.\n",
			    "%s is kept for ever: a year was counted.\n"), s->class[i].name);
	return enough ? EXIT_DONE : EXIT_FOUND;
}

static int
tell_json(const struct doctor *d, const struct sum *s)
{
	struct contents all = contents_of(d->store, CONTENTS_ALL, clock_wall_ns());
	uint64_t free_bytes = 0, total = 0;
	double room;

	for (unsigned i = 0; i < s->n; i++) {
		const struct need *n = &s->class[i];

		(void)printf("{\"class\":\"%s\",\"days\":%.0f,\"records_per_day\":%.0f,"
		    "\"bytes_per_day\":%.0f,\"bytes_now\":%ju,\"bytes_when_full\":%.0f}\n", n->name,
		    n->days, n->rows_day, n->bytes_day, (uintmax_t)n->now.bytes, n->bytes);
	}
	if (d->state_fd >= 0)
		(void)disk_free(d->state_fd, &free_bytes, &total, NULL);
	room = (double)free_bytes + (double)all.bytes - (double)d->conf->reserve_bytes;
	(void)printf("{\"records_per_day\":%.0f,\"bytes_per_day\":%.0f,\"bytes_when_full\":%.0f,"
	    "\"disk_bytes\":%ju,\"room_bytes\":%.0f,\"enough\":%s}\n", s->rows_day, s->bytes_day,
	    s->bytes, (uintmax_t)total, room, room >= s->bytes ? "true" : "false");
	return room >= s->bytes ? EXIT_DONE : EXIT_FOUND;
}

static int
plan_run(struct doctor *d, const struct plan *plan)
{
	struct sum s;
	int rc;

	doctor_open(d);
	if (d->conf_rc != OK) {
		(void)fprintf(stderr, "trucban: %s\n", d->conf_why.text);
		rc = EXIT_COULD_NOT;
	} else if (d->store_rc != OK && d->store_rc != ERR_ABSENT) {
		(void)fprintf(stderr, say("trucban: không mở được kho: %s; chạy bằng sudo?\n",
		    "trucban: cannot open the store: %s; with sudo?\n"), d->store_why.text);
		rc = EXIT_COULD_NOT;
	} else {
		plan_make(d, plan, &s);
		rc = plan->json ? tell_json(d, &s) : tell(d, &s);
	}
	doctor_close(d);
	return rc;
}

/* A number above 0 that is all of the text. */
static bool
number_read(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && *end == '\0' && *ret > 0 && *ret < 1e12;
}

int
cmd_plan(int argc, char **argv)
{
	static const struct option option[] = {
		{ "rate", required_argument, NULL, 'r' },
		{ "times", required_argument, NULL, 't' },
		{ "months", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct doctor d = { .conf_path = NULL };
	struct plan plan = { .json = false };
	bool good = true;
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'r')
			good &= number_read(optarg, &plan.rate);
		else if (c == 't')
			good &= number_read(optarg, &plan.times);
		else if (c == 'm')
			good &= number_read(optarg, &plan.months);
		else if (c == 'j')
			plan.json = true;
		else if (c == 'c')
			d.conf_path = optarg;
		else if (c == 's')
			d.state = optarg;
		else if (c == 'h')
			return fputs(say(usage_vi, usage_en), stdout) < 0 ? EXIT_COULD_NOT :
			    EXIT_DONE;
		else
			good = false;
	}
	if (!good || optind != argc || (plan.rate > 0 && plan.times > 0)) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return plan_run(&d, &plan);
}
