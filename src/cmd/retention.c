/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban retention`: how long each class is kept and by which rule, what it holds, what goes
 * next, how long the disk lasts and who sends most; and the presets with the text that they come
 * from. Reads the store and the configuration, changes nothing: orders are given by drops.c.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "role/sampling.h"
#include "cmd/contents.h"
#include "cmd/doctor.h"
#include "cmd/drops.h"
#include "cmd/figures.h"
#include "cmd/jsonline.h"
#include "cmd/options.h"
#include "cmd/reason.h"
#include "cmd/rules.h"
#include "cmd/senders.h"
#include "cmd/status_relay.h"

static const char usage_vi[] =
    "Cách dùng: trucban retention show [--bytes] [--json]\n"
    "           trucban retention presets [--pack TỆP] [--json]\n"
    "           trucban retention sample [--json]\n"
    "           trucban retention sample add|remove TÊN ...\n\n"
    "show cho biết từng loại lưu giữ: giữ bao nhiêu ngày, theo quy định nào, bản ghi cũ nhất,\n"
    "chiếm bao nhiêu đĩa, phần nào hết hạn tiếp theo; ổ đĩa còn đủ bao nhiêu ngày; nguồn nào gửi\n"
    "nhiều nhất trong 24 giờ qua.\n"
    "presets liệt kê các mức lưu giữ dựng sẵn: số ngày, văn bản, điều khoản, hiệu lực, nguồn, đã\n"
    "đối chiếu hay chưa. Dùng trong cấu hình: classes: [{name: cong, preset: level-3}].\n"
    "sample liệt kê lệnh không giữ bớt bản ghi (mục sample trong cấu hình): của nguồn nào, ai ra\n"
    "lệnh, vì sao, đến ngày nào.\n\n"
    "  --bytes            tính cả dung lượng từng nguồn gửi: phải đọc mọi bản ghi của 24 giờ\n"
    "  --pack TỆP         đọc và kiểm tra tệp này thay cho bộ dựng sẵn\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n";
static const char usage_en[] =
    "Usage: trucban retention show [--bytes] [--json]\n"
    "       trucban retention presets [--pack FILE] [--json]\n"
    "       trucban retention sample [--json]\n"
    "       trucban retention sample add|remove NAME ...\n\n"
    "show tells for each retention class: days kept and by which rule, its oldest record, what it\n"
    "takes on disk, what expires next; for how many days the disk lasts; and who sent most in the\n"
    "last 24 hours.\n"
    "presets lists what is ready for use: days, law, article, effect, source, and whether it was\n"
    "confirmed. In the configuration: classes: [{name: portal, preset: level-3}].\n"
    "sample lists the rules by which records are not kept (sample: in the configuration): whose,\n"
    "by which order, why, until when.\n\n"
    "  --bytes            also how many octets each source sent: reads all records of 24 hours\n"
    "  --pack FILE        read and check this file instead of the pack inside\n"
    "  --json             one JSON object a line\n"
    "  --config FILE, --state DIR    as for trucban serve\n";

static const int64_t day_ns = CIVIL_DAY_S * CIVIL_SECOND_NS;

struct retention {
	struct doctor d;
	struct preset_pack *pack;
	const char *pack_path;
	bool bytes, json;
	int64_t now_ns;
};

/* ---- presets ---- */

static void
preset_tell(const struct preset *p)
{
	const struct rulepack_words *w = &p->words;

	(void)printf(say("%-15s %3lld ngày  %s\n", "%-15s %3lld days  %s\n"), w->name,
	    (long long)p->days, w->title);
	(void)printf("    %s, %s\n", w->law, w->article);
	(void)printf(say("    hiệu lực %s; ", "    in effect %s; "), w->effective);
	if (w->status == RULEPACK_CONFIRMED)
		(void)printf(say("đã đối chiếu %s\n", "confirmed %s\n"), w->checked);
	else
		(void)puts(say("CẦN ĐỐI CHIẾU với Công báo", "TO BE CONFIRMED"));
	(void)printf(say("    nguồn: %s\n", "    source: %s\n"), w->source);
	if (w->note[0] != '\0')
		(void)printf("    %s\n", w->note);
}

static void
preset_json(const char *pack, const struct preset *p)
{
	struct buf line = { 0 };

	jsonline_text(&line, "pack", pack);
	jsonline_text(&line, "name", p->words.name);
	jsonline_text(&line, "title", p->words.title);
	jsonline_number(&line, "days", (uint64_t)p->days);
	rules_json(&line, &p->words);
	jsonline_print(&line);
}

static void
preset_put(const struct retention *r, const char *pack, const struct preset *p)
{
	if (r->json)
		preset_json(pack, p);
	else
		preset_tell(p);
}

/* The office's own first; they take the place of those of the same name. */
static void
presets_put(const struct retention *r, const struct conf *conf)
{
	const struct preset_pack *pack = r->pack;

	for (unsigned i = 0; i < conf->npreset; i++)
		preset_put(r, "trucban.yaml", &conf->preset[i]);
	for (unsigned i = 0; i < pack->npreset; i++)
		if (preset_find(conf->preset, conf->npreset, pack->preset[i].words.name) == NULL)
			preset_put(r, pack->head.name, &pack->preset[i]);
}

static int
presets_run(struct retention *r)
{
	const struct conf *own;
	int rc = rules_open(r->pack, &preset_kind, r->pack_path, &r->d, &own);

	if (rc != EXIT_DONE)
		return rc;
	presets_put(r, own);
	doctor_close(&r->d);
	return EXIT_DONE;
}

/* ---- one class ---- */

struct class_facts {
	const struct conf_class *conf;
	const struct preset *preset;	/* NULL: none */
	struct contents now;
	uint64_t held_bytes;
	int64_t next_ns;		/* when its next segment goes; INT64_MAX: none does */
	uint64_t next_bytes;		/* of what goes within a day of that */
};

static bool
goes(const struct store *store, const struct segment_info *info, unsigned class)
{
	return info->stream == STREAM_RAW && info->class == class && info->rows > 0 &&
	    info->id != 0 && !contents_is_held(store, info);
}

static void
next_find(const struct store *store, unsigned class, struct class_facts *f)
{
	int64_t keep_ns = f->conf->days * day_ns;

	f->next_ns = INT64_MAX;
	for (size_t i = 0; f->conf->days > 0 && i < store_segments(store); i++) {
		const struct segment_info *info = store_segment(store, i);

		if (goes(store, info, class) && info->recv_max_ns + keep_ns < f->next_ns)
			f->next_ns = info->recv_max_ns + keep_ns;
	}
	for (size_t i = 0; f->next_ns < INT64_MAX && i < store_segments(store); i++) {
		const struct segment_info *info = store_segment(store, i);

		if (goes(store, info, class) && info->recv_max_ns + keep_ns - f->next_ns < day_ns)
			f->next_bytes += info->bytes;
	}
}

static struct class_facts
class_facts(const struct retention *r, unsigned class)
{
	const struct conf *conf = r->d.conf;
	struct class_facts f = { .conf = &conf->class[class] };

	f.preset = preset_find(conf->preset, conf->npreset, f.conf->preset);
	if (f.preset == NULL)
		f.preset = preset_find(r->pack->preset, r->pack->npreset, f.conf->preset);
	f.now = contents_of(r->d.store, (int)class, r->now_ns);
	for (size_t i = 0; i < store_segments(r->d.store); i++) {
		const struct segment_info *info = store_segment(r->d.store, i);

		if (info->stream == STREAM_RAW && info->class == class &&
		    contents_is_held(r->d.store, info))
			f.held_bytes += info->bytes;
	}
	next_find(r->d.store, class, &f);
	return f;
}

static double
bytes_a_day(const struct contents *c)
{
	return c->days > 0 ? (double)c->late_bytes / c->days : 0;
}

static void
time_tell(const struct retention *r, const char *label, int64_t ns)
{
	char at[CIVIL_TEXT_BYTES + 1];

	at[civil_put((uint8_t *)at, ns, 0, (int32_t)r->d.conf->zone_minutes * 60)] = '\0';
	(void)printf("    %s%s", label, at);
}

static void
class_tell(const struct retention *r, const struct class_facts *f)
{
	char size[32], day[32];

	if (f->conf->days > 0)
		(void)printf(say("%s: giữ %lld ngày\n", "%s: kept %lld days\n"), f->conf->name,
		    (long long)f->conf->days);
	else
		(void)printf(say("%s: giữ mãi\n", "%s: kept for ever\n"), f->conf->name);
	if (f->preset != NULL)
		(void)printf(say("    theo         %s: ít nhất %lld ngày, %s, %s%s\n",
		    "    by           %s: at least %lld days, %s, %s%s\n"), f->preset->words.name,
		    (long long)f->preset->days, f->preset->words.law, f->preset->words.article,
		    f->preset->words.status == RULEPACK_CONFIRMED ? "" : say(" (cần đối chiếu)",
		    " (to be confirmed)"));
	finding_size(size, f->now.bytes);
	finding_size(day, (uint64_t)bytes_a_day(&f->now));
	(void)printf(say("    đang có      %s bản ghi, %s, mỗi ngày %s\n",
	    "    holds        %s records, %s, %s a day\n"), figure_count((double)f->now.rows), size,
	    f->now.days > 0 ? day : "?");
	if (f->now.rows > 0) {
		time_tell(r, say("cũ nhất      ", "oldest       "), f->now.first_ns);
		(void)putchar('\n');
	}
	if (f->held_bytes > 0) {
		finding_size(size, f->held_bytes);
		(void)printf(say("    giữ nguyên   %s, không xóa: trucban hold list\n",
		    "    held         %s, not deleted: trucban hold list\n"), size);
	}
	if (f->next_ns == INT64_MAX)
		return;
	finding_size(size, f->next_bytes);
	time_tell(r, say("hết hạn tới  ", "expires next "), f->next_ns);
	(void)printf(say(", %s trong 24 giờ từ lúc ấy\n", ", %s within 24 hours of it\n"), size);
}

static void
class_json(const struct class_facts *f)
{
	struct buf line = { 0 };

	jsonline_text(&line, "class", f->conf->name);
	jsonline_number(&line, "days", (uint64_t)f->conf->days);
	if (f->preset != NULL) {
		jsonline_text(&line, "preset", f->preset->words.name);
		jsonline_number(&line, "preset_days", (uint64_t)f->preset->days);
		jsonline_text(&line, "law", f->preset->words.law);
		jsonline_text(&line, "article", f->preset->words.article);
		jsonline_text(&line, "status", rulepack_status(&f->preset->words));
	}
	jsonline_number(&line, "records", f->now.rows);
	jsonline_number(&line, "bytes", f->now.bytes);
	if (f->now.days > 0)
		jsonline_number(&line, "bytes_per_day", (uint64_t)bytes_a_day(&f->now));
	if (f->now.rows > 0)
		jsonline_time(&line, "oldest", f->now.first_ns);
	jsonline_number(&line, "held_bytes", f->held_bytes);
	if (f->next_ns < INT64_MAX) {
		jsonline_time(&line, "next_expiry", f->next_ns);
		jsonline_number(&line, "next_expiry_bytes", f->next_bytes);
	}
	jsonline_print(&line);
}

/* ---- the disk ---- */

static void
disk_tell(const struct retention *r)
{
	struct contents all = contents_of(r->d.store, CONTENTS_ALL, r->now_ns);
	uint64_t free_bytes = 0, total = 0, reserve = (uint64_t)r->d.conf->reserve_bytes;
	double day = bytes_a_day(&all);
	struct buf line = { 0 };
	char size[32];

	if (disk_free(r->d.state_fd, &free_bytes, &total, NULL) != OK)
		return;
	free_bytes = free_bytes > reserve ? free_bytes - reserve : 0;
	if (r->json) {
		jsonline_number(&line, "room_bytes", free_bytes);
		jsonline_number(&line, "bytes_per_day", (uint64_t)day);
		if (day > 0)
			jsonline_number(&line, "days_left", (uint64_t)((double)free_bytes / day));
		jsonline_print(&line);
		return;
	}
	finding_size(size, free_bytes);
	if (day > 0)
		(void)printf(say("Ổ đĩa còn chỗ cho %s: khoảng %s ngày nữa nếu không xóa gì.\n",
		    "The disk has room for %s: about %s more days if nothing is deleted.\n"), size,
		    figure_count((double)(int64_t)((double)free_bytes / day)));
	else
		(void)printf(say("Ổ đĩa còn chỗ cho %s; chưa đủ dữ liệu để ước lượng số ngày.\n",
		    "The disk has room for %s; too little data to tell for how many days.\n"),
		    size);
}

/* Why there is no store: its folder or its keys may be what is not to be read. */
static void
store_tell(const struct doctor *d)
{
	struct why why = d->state_fd < 0 ? d->state_why : d->store_why;

	if (status_relay_instead(ERR_ABSENT, d->state, d->conf, &why) != ERR_ABSENT)
		(void)fprintf(stderr, "trucban: %s\n", why.text);
	else
		(void)fprintf(stderr, say("trucban: không mở được kho: %s; chạy bằng sudo?\n",
		    "trucban: cannot open the store: %s; with sudo?\n"), reason_of(&why));
}

static int
show_run(struct retention *r)
{
	const struct doctor *d = &r->d;
	struct why why = { "" };
	int rc = EXIT_COULD_NOT;

	doctor_open(&r->d);
	if (d->conf_rc != OK) {
		(void)fprintf(stderr, "trucban: %s\n", d->conf_why.text);
	} else if (d->store == NULL) {
		store_tell(d);
	} else if (rulepack_own(r->pack, &preset_kind, &why) != OK) {
		(void)fprintf(stderr, "trucban: %s\n", why.text);
	} else {
		for (unsigned i = 0; i < d->conf->nclass; i++) {
			struct class_facts f = class_facts(r, i);

			if (r->json)
				class_json(&f);
			else
				class_tell(r, &f);
		}
		disk_tell(r);
		rc = senders_tell(d, r->bytes, r->json) == OK ? EXIT_DONE : EXIT_COULD_NOT;
	}
	doctor_close(&r->d);
	return rc;
}

/* ---- what is not kept, by order ---- */

static void
sample_tell(const struct retention *r, const struct conf_sample *s)
{
	if (s->keep > 0)
		(void)printf(say("%s: %s qua cửa nhận %s, giữ 1 trên %lld",
		    "%s: %s by listener %s, 1 of %lld kept"), s->name, s->peer, s->listener,
		    (long long)s->keep);
	else
		(void)printf(say("%s: %s qua cửa nhận %s, không giữ",
		    "%s: %s by listener %s, not kept"), s->name, s->peer, s->listener);
	if (s->below > 0)
		(void)printf(say(" bản ghi nhẹ hơn mức %s", " when less severe than %s"),
		    sampling_severity(s));
	(void)printf(say("\n    lý do        %s\n"
	    "    ai           %s\n    đến hết      %s%s\n",
	    "\n    why          %s\n    who          %s\n    until        %s%s\n"), s->why, s->who,
	    s->until, r->now_ns < s->until_ns ? "" : say(" (đã hết hiệu lực)",
	    " (not in force any more)"));
}

static void
sample_json(const struct retention *r, const struct conf_sample *s)
{
	struct buf line = { 0 };

	jsonline_text(&line, "name", s->name);
	jsonline_text(&line, "listener", s->listener);
	jsonline_text(&line, "peer", s->peer);
	jsonline_number(&line, "keep", (uint64_t)s->keep);
	jsonline_text(&line, "below", sampling_severity(s));
	jsonline_text(&line, "who", s->who);
	jsonline_text(&line, "why", s->why);
	jsonline_text(&line, "until", s->until);
	jsonline_bool(&line, "in_force", r->now_ns < s->until_ns);
	jsonline_print(&line);
}

static int
sample_run(struct retention *r)
{
	const struct doctor *d = &r->d;
	int rc = EXIT_COULD_NOT;

	doctor_open(&r->d);
	if (d->conf_rc != OK) {
		(void)fprintf(stderr, "trucban: %s\n", d->conf_why.text);
	} else {
		rc = EXIT_DONE;
		for (unsigned i = 0; i < d->conf->nsample; i++)
			if (r->json)
				sample_json(r, &d->conf->sample[i]);
			else
				sample_tell(r, &d->conf->sample[i]);
		if (d->conf->nsample == 0 && !r->json)
			(void)puts(say("Mọi bản ghi nhận được đều được giữ.",
			    "All records that come in are kept."));
	}
	doctor_close(&r->d);
	return rc;
}

int
cmd_retention(int argc, char **argv)
{
	static const struct option option[] = {
		{ "bytes", no_argument, NULL, 'b' },
		{ "pack", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct preset_pack pack = { .npreset = 0 };
	struct retention r = { .pack = &pack, .now_ns = clock_wall_ns() };
	int o;

	if (argc > 2 && strcmp(argv[1], "sample") == 0 && drops_verb(argv[2]))
		return drops_run(argc - 2, argv + 2);
	while ((o = options_next(argc, argv, "", option)) != -1) {
		if (o == 'b') {
			r.bytes = true;
		} else if (o == 'j') {
			r.json = true;
		} else if (o == 'p') {
			r.pack_path = optarg;
		} else if (o == 'c') {
			r.d.conf_path = optarg;
		} else if (o == 's') {
			r.d.state = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), o == 'h' ? stdout : stderr);
			if (o == 'h')
				(void)printf("\n%s", drops_usage());
			return o == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind + 1 == argc && strcmp(argv[optind], "show") == 0 && r.pack_path == NULL)
		return show_run(&r);
	if (optind + 1 == argc && strcmp(argv[optind], "presets") == 0 && !r.bytes)
		return presets_run(&r);
	if (optind + 1 == argc && strcmp(argv[optind], "sample") == 0 && !r.bytes &&
	    r.pack_path == NULL)
		return sample_run(&r);
	(void)fputs(say(usage_vi, usage_en), stderr);
	return EXIT_USAGE;
}
