/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban calendar`: the days ahead that a duty desk works by. Holidays by the sun and by the
 * moon, and what the rules in force want done by when, with the text that it comes from. Reads
 * packs and the configuration, changes nothing, needs no desk.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "desk/lunar.h"
#include "role/almanac.h"
#include "cmd/doctor.h"
#include "cmd/jsonline.h"
#include "cmd/options.h"
#include "cmd/rules.h"

static const char usage_vi[] =
    "Cách dùng: trucban calendar [--days N | --year NĂM] [--from NGÀY] [--pack TỆP] [--json]\n\n"
    "Những ngày nghỉ lễ (dương lịch, âm lịch) và hạn báo cáo sắp tới: ngày nào, còn bao nhiêu\n"
    "ngày, theo văn bản nào. Ngày riêng của cơ quan đặt ở mục calendar: trong cấu hình.\n\n"
    "  --days N           N ngày tới (mặc định 90)\n"
    "  --year NĂM         cả năm ấy, ví dụ 2027\n"
    "  --from NGÀY        tính từ ngày này thay cho hôm nay, ví dụ 2026-12-01\n"
    "  --pack TỆP         đọc và kiểm tra tệp này thay cho bộ dựng sẵn\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n";
static const char usage_en[] =
    "Usage: trucban calendar [--days N | --year YEAR] [--from DAY] [--pack FILE] [--json]\n\n"
    "Holidays ahead (by the sun and by the moon) and what is due: when, in how many days, by\n"
    "which text. Days of the office's own go into calendar: of the configuration.\n\n"
    "  --days N           the next N days (default 90)\n"
    "  --year YEAR        all of that year, for example 2027\n"
    "  --from DAY         as if today was this day, for example 2026-12-01\n"
    "  --pack FILE        read and check this file instead of the pack inside\n"
    "  --json             one JSON object a line\n"
    "  --config FILE, --state DIR    as for trucban serve\n";

enum { DAYS_DEFAULT = 90, DAYS_MOST = 3660, SHOWN_MOST = 1024 };

struct calendar {
	struct doctor d;
	struct almanac *pack;
	const char *pack_path;
	const struct conf *own;		/* what the office says itself; see rules_open() */
	int64_t from, last;		/* days since 1970-01-01 that are asked for */
	int64_t today;
	bool supposed;			/* it is not today, but --from another day */
	bool json;
};

struct shown {
	const struct almanac_day *day;
	const char *pack;
	struct due_span span;
};

/* ---- words ---- */

/* Years count by ten stems and twelve branches; the first of both was the year 4. */
static const char *const stem[] = { "Giáp", "Ất", "Bính", "Đinh", "Mậu", "Kỷ", "Canh", "Tân",
    "Nhâm", "Quý" };
static const char *const branch[] = { "Tý", "Sửu", "Dần", "Mão", "Thìn", "Tỵ", "Ngọ", "Mùi",
    "Thân", "Dậu", "Tuất", "Hợi" };

static const char *
weekday(int64_t day)
{
	static const char *const vi[] = { "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật", "Thứ Hai",
	    "Thứ Ba", "Thứ Tư" };
	static const char *const en[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };

	return say(vi[day % 7], en[day % 7]);	/* 1970-01-01 was a Thursday */
}

/* 20/12/2026, as both languages of this desk write it. */
static const char *
date_text(char room[32], int64_t day)
{
	struct civil c;

	civil_split(&c, day * CIVIL_DAY_S * CIVIL_SECOND_NS, 0);
	(void)snprintf(room, 32, "%02u/%02u/%d", c.day, c.month, (int)c.year);
	return room;
}

/* As people say it: the first ten days are "mùng", months 1 and 12 have names. */
static void
lunar_tell(int64_t day)
{
	static const char *const month[] = { "Giêng", "2", "3", "4", "5", "6", "7", "8", "9", "10",
	    "11", "Chạp" };
	struct lunar l;

	if (!lunar_of_day(day, &l))
		return;
	(void)printf(say("%s%u tháng %s%s năm %s %s", "%s%u of lunar month %s%s, year %s %s"),
	    l.day <= 10 ? say("mùng ", "") : "", l.day, month[l.month - 1],
	    l.leap ? say(" nhuận", " (leap)") : "", stem[(l.year - 4) % 10],
	    branch[(l.year - 4) % 12]);
}

/* ---- what is shown ---- */

static int
earlier_first(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	if (x->span.first != y->span.first)
		return x->span.first < y->span.first ? -1 : 1;
	return strcmp(x->day->words.name, y->day->words.name);
}

/* All of this entry that are asked for; those of the pack give way to the office's own. */
static void
entry_take(const struct calendar *c, const struct almanac_day *day, const char *pack,
    struct shown *shown, unsigned *n)
{
	struct due_span span;
	int64_t at = c->from;

	while (*n < SHOWN_MOST && due_next(&day->due, at, &span) && span.first <= c->last) {
		shown[(*n)++] = (struct shown){ day, pack, span };
		at = span.last + 1;
	}
}

static unsigned
shown_find(const struct calendar *c, struct shown *shown)
{
	const struct almanac_day *day = c->own->day;
	unsigned nday = c->own->nday, n = 0;

	for (unsigned i = 0; i < nday; i++)
		entry_take(c, &day[i], "trucban.yaml", shown, &n);
	for (unsigned i = 0; i < c->pack->nday; i++)
		if (almanac_find(day, nday, c->pack->day[i].words.name) == NULL)
			entry_take(c, &c->pack->day[i], c->pack->head.name, shown, &n);
	qsort(shown, n, sizeof *shown, earlier_first);
	return n;
}

/* ---- telling ---- */

static void
left_tell(const struct calendar *c, const struct shown *s)
{
	/* Before a day: the day before is the last one. */
	int64_t left = s->span.first - (s->day->before ? 1 : 0) - c->today;

	if (left < 0 && s->span.last < c->today)
		(void)fputs(say("đã qua", "over"), stdout);
	else if (left < 0 && s->day->before)
		(void)fputs(say("QUÁ HẠN", "OVERDUE"), stdout);
	else if (left <= 0)
		(void)fputs(c->supposed ? say("đúng ngày đó", "on that day") :
		    say("hôm nay", "today"), stdout);
	else
		(void)printf(say("còn %lld ngày", "in %lld days"), (long long)left);
	if (s->day->kind == ALMANAC_DUTY && left >= 0 && left <= s->day->lead)
		(void)fputs(say(" - CHUẨN BỊ NGAY", " - PREPARE NOW"), stdout);
}

static void
shown_tell(const struct calendar *c, const struct shown *s)
{
	const struct almanac_day *d = s->day;
	const struct rulepack_words *w = &d->words;
	char at[32], to[32];

	(void)printf("\n%s%s %s", d->before ? say("trước ", "before ") : "", weekday(s->span.first),
	    date_text(at, s->span.first));
	if (s->span.last > s->span.first)
		(void)printf(say(" đến %s %s", " to %s %s"), weekday(s->span.last),
		    date_text(to, s->span.last));
	(void)fputs("  ", stdout);
	left_tell(c, s);
	(void)printf("\n    %s\n", say(w->title, d->english[0] != '\0' ? d->english : w->title));
	if (d->due.lunar) {
		(void)printf("    %s %s: ", weekday(s->span.day), date_text(at, s->span.day));
		lunar_tell(s->span.day);
		(void)putchar('\n');
	}
	(void)printf("    %s, %s%s\n", w->law, w->article, w->status == RULEPACK_CONFIRMED ? "" :
	    say(" (CẦN ĐỐI CHIẾU)", " (TO BE CONFIRMED)"));
	if (w->note[0] != '\0')
		(void)printf("    %s\n", w->note);
}

static void
date_json(struct buf *line, const char *name, int64_t day)
{
	char text[CIVIL_TEXT_BYTES + 1];

	(void)civil_put((uint8_t *)text, day * CIVIL_DAY_S * CIVIL_SECOND_NS, 0, 0);
	text[CIVIL_DATE_BYTES] = '\0';
	jsonline_text(line, name, text);
}

static void
shown_json(const struct shown *s)
{
	const struct almanac_day *d = s->day;
	struct buf line = { 0 };

	jsonline_text(&line, "pack", s->pack);
	jsonline_text(&line, "name", d->words.name);
	jsonline_text(&line, "kind", d->kind == ALMANAC_DUTY ? "duty" : "holiday");
	jsonline_text(&line, "title", d->words.title);
	jsonline_text(&line, "english", d->english);
	date_json(&line, "day", s->span.day);
	date_json(&line, "first", s->span.first);
	date_json(&line, "last", s->span.last);
	jsonline_bool(&line, "before", d->before);
	jsonline_number(&line, "lead", (uint64_t)d->lead);
	rules_json(&line, &d->words);
	jsonline_print(&line);
}

static void
all_tell(const struct calendar *c)
{
	struct shown *shown = xcalloc(SHOWN_MOST, sizeof *shown);
	unsigned n = shown_find(c, shown);
	char at[32], to[32];

	if (!c->json) {
		(void)printf(c->supposed ? say("Coi như hôm nay là %s %s, ",
		    "As if today was %s %s, ") : say("Hôm nay %s %s, ", "Today %s %s, "),
		    weekday(c->today), date_text(at, c->today));
		lunar_tell(c->today);
		(void)printf(say(". Từ %s đến %s:\n", ". From %s to %s:\n"),
		    date_text(at, c->from), date_text(to, c->last));
		if (n == 0)
			(void)puts(say("Không có ngày nghỉ hay hạn nào.", "Nothing is due."));
	}
	for (unsigned i = 0; i < n; i++) {
		if (c->json)
			shown_json(&shown[i]);
		else
			shown_tell(c, &shown[i]);
	}
	free(shown);
}

/* ---- the command ---- */

/* days, year: 0 when not said; from: NULL. False: it is no day of ours. */
static bool
range_set(struct calendar *c, long days, long year, const char *from)
{
	int64_t zone_ns = c->d.conf->zone_minutes * 60 * CIVIL_SECOND_NS, ns;
	struct lunar l;

	c->today = (clock_wall_ns() + zone_ns) / (CIVIL_DAY_S * CIVIL_SECOND_NS);
	if (from != NULL) {
		if (!civil_date(span_str(from), &ns))
			return false;
		c->supposed = ns / (CIVIL_DAY_S * CIVIL_SECOND_NS) != c->today;
		c->today = ns / (CIVIL_DAY_S * CIVIL_SECOND_NS);
	}
	c->from = year > 0 ? civil_days(year, 1, 1) : c->today;
	c->last = year > 0 ? civil_days(year, 12, 31) : c->today + (days > 0 ? days :
	    DAYS_DEFAULT) - 1;
	return lunar_of_day(c->from, &l) && lunar_of_day(c->last, &l);
}

static int
usage(int rc)
{
	(void)fputs(say(usage_vi, usage_en), rc == EXIT_DONE ? stdout : stderr);
	return rc;
}

static int
calendar_run(struct calendar *c, long days, long year, const char *from)
{
	int rc = rules_open(c->pack, &almanac_kind, c->pack_path, &c->d, &c->own);

	if (rc != EXIT_DONE)
		return rc;
	if (range_set(c, days, year, from)) {
		all_tell(c);
	} else {
		(void)fprintf(stderr, say("trucban: ngày phải viết như 2026-12-01, từ năm %d đến "
		    "năm %d\n", "trucban: days are written 2026-12-01, from the year %d to %d\n"),
		    LUNAR_YEAR_FIRST, LUNAR_YEAR_LAST);
		rc = EXIT_USAGE;
	}
	doctor_close(&c->d);
	return rc;
}

/* 1..most; 0: it is none. */
static long
number(const char *text, long most)
{
	char *end = NULL;
	long n = strtol(text, &end, 10);

	return end != text && *end == '\0' && n >= 1 && n <= most ? n : 0;
}

int
cmd_calendar(int argc, char **argv)
{
	static const struct option option[] = {
		{ "days", required_argument, NULL, 'd' },
		{ "year", required_argument, NULL, 'y' },
		{ "from", required_argument, NULL, 'f' },
		{ "pack", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct almanac pack = { .nday = 0 };
	struct calendar c = { .pack = &pack };
	long days = -1, year = -1;
	const char *from = NULL;
	int o;

	while ((o = options_next(argc, argv, "", option)) != -1) {
		if (o == 'd')
			days = number(optarg, DAYS_MOST);
		else if (o == 'y')
			year = number(optarg, LUNAR_YEAR_LAST);
		else if (o == 'f')
			from = optarg;
		else if (o == 'p')
			c.pack_path = optarg;
		else if (o == 'j')
			c.json = true;
		else if (o == 'c')
			c.d.conf_path = optarg;
		else if (o == 's')
			c.d.state = optarg;
		else
			return usage(o == 'h' ? EXIT_DONE : EXIT_USAGE);
	}
	if (optind < argc || days == 0 || year == 0 || (days > 0 && year > 0))
		return usage(EXIT_USAGE);
	return calendar_run(&c, days, year, from);
}
