/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban reindex`: the derived part of every segment again from what was sealed. Works beside a
 * running desk, or on a copy of a store. Event times that are gone are read from the records again,
 * by the same parser that took them in.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/random.h"
#include "parse/parse.h"
#include "store/key.h"
#include "store/reindex.h"
#include "store/store.h"
#include "role/conf.h"
#include "cmd/options.h"

static const char usage_vi[] =
    "Cách dùng: trucban reindex [--missing] [--config TỆP] [--json]\n"
    "                           [--store THƯ_MỤC | --state THƯ_MỤC]\n\n"
    "Dựng lại phần dẫn xuất (tệp .idx: thời điểm của sự kiện, bộ lọc từ) của kho nhật ký từ phần\n"
    "đã niêm phong. Phần đã niêm phong chỉ được đọc; bàn trực vẫn chạy được trong lúc này.\n\n"
    "  --store THƯ_MỤC    kho nhật ký (mặc định: kho của bàn trực trên máy này)\n"
    "  --state THƯ_MỤC    như --store\n"
    "  --missing          chỉ dựng những phần bị mất hoặc hỏng\n"
    "  --config TỆP       cấu hình, để biết múi giờ của bản ghi không ghi múi giờ (mặc định\n"
    "                     /etc/trucban/trucban.yaml; không có thì +07:00)\n"
    "  --json             mỗi phần một đối tượng JSON trên một dòng\n";
static const char usage_en[] =
    "Usage: trucban reindex [--missing] [--config FILE] [--json]\n"
    "                       [--store DIR | --state DIR]\n\n"
    "Makes the derived part (.idx files: event times, word filters) of a store again from\n"
    "what was sealed. The sealed part is only read; the desk may run meanwhile.\n\n"
    "  --store DIR        the store (default: that of this machine's desk)\n"
    "  --state DIR        the same\n"
    "  --missing          only what is missing or damaged\n"
    "  --config FILE      the configuration, for the zone of records that name none (default\n"
    "                     /etc/trucban/trucban.yaml; without it +07:00)\n"
    "  --json             one JSON object a line for each segment\n";

struct reindex {
	const char *store, *conf_path;
	bool json, missing;
	int dirfd;
	struct keys keys;
	struct store *handle;
	struct parser *parser;
	unsigned long made, kept, gone, failed;
	int64_t shown_ns;
};

/* The row's sealed flags say that its own time was believed: no bounds here. */
static int64_t
on_time(void *ctx, uint8_t format, struct span record, int64_t recv_ns)
{
	typedef void parse_fn(struct parser *, struct span, int64_t, struct parsed *);
	static parse_fn *const by_format[FORMAT_END] = { [FORMAT_RFC5424] = parse_syslog,
	    [FORMAT_RFC3164] = parse_syslog, [FORMAT_JSON] = parse_json, [FORMAT_LINE] = parse_line,
	    [FORMAT_JOURNAL] = parse_journal, [FORMAT_ACCESS] = parse_access,
	    [FORMAT_CSV] = parse_line };
	const struct civil_frame utc = { .near_ns = recv_ns };
	int64_t ns;
	struct reindex *r = ctx;
	struct parsed p;

	/* Most have date and time in front; what the columns were is not known here. */
	if (format == FORMAT_W3C)
		return civil_iso(record, &utc, &ns) > 0 ? ns : recv_ns;
	if (format >= FORMAT_END || by_format[format] == NULL)
		return recv_ns;
	by_format[format](r->parser, record, recv_ns, &p);
	return p.flags >> ROW_TIME_SHIFT == TIME_OWN ? p.event_ns : recv_ns;
}

/* ---- telling ---- */

static void
progress(struct reindex *r, size_t i, size_t n)
{
	int64_t now = clock_mono_ns();

	if (r->json || isatty(STDERR_FILENO) != 1 || (now - r->shown_ns < 200000000 && i < n))
		return;
	r->shown_ns = now;
	(void)fprintf(stderr, "\r\033[K%zu / %zu%s", i, n, i == n ? "\r\033[K" : "");
}

static void
told(struct reindex *r, const struct segment_info *info, enum err rc, enum reindex_done done,
    const struct why *why)
{
	static const char *const word[] = { [REINDEX_KEPT] = "kept", [REINDEX_MADE] = "made",
	    [REINDEX_MADE_TIMES] = "made-times" };

	if (r->json)
		(void)printf("{\"segment\":\"%016llx\",\"rows\":%u,\"result\":\"%s\","
		    "\"why\":\"%s\"}\n",
		    (unsigned long long)info->id, info->rows,
		    rc == OK ? word[done] : rc == ERR_ABSENT ? "gone" : "failed",
		    rc == OK ? "" : err_name(rc));
	else if (rc != OK && rc != ERR_ABSENT)
		(void)fprintf(stderr, "trucban: %016llx: %s\n", (unsigned long long)info->id,
		    why->text);
	r->made += rc == OK && done != REINDEX_KEPT;
	r->kept += rc == OK && done == REINDEX_KEPT;
	r->gone += rc == ERR_ABSENT;
	r->failed += rc != OK && rc != ERR_ABSENT;
}

/* ---- running ---- */

/* New files belong to the store's user, not to root. */
static enum err
owner_become(const struct reindex *r, struct why *why)
{
	struct stat st;

	if (geteuid() != 0 || fstat(r->dirfd, &st) != 0 || st.st_uid == 0)
		return OK;
	if (setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)
		return why_set(why, ERR_DENIED, "cannot become the store's user");
	return OK;
}

static int32_t
zone_of(const char *path)
{
	static struct conf conf;
	struct buf text = { 0 };

	conf_default(&conf);
	if (file_read_named(path, CONF_BYTES_MAX, &text, NULL) == OK)
		(void)conf_parse(&conf, buf_span(&text), NULL);
	buf_done(&text);
	return (int32_t)conf.zone_minutes * 60;
}

static enum err
reindex_open(struct reindex *r, struct why *why)
{
	struct parse_config config = { .seed = random_u64(), .lead_ns = -1,
	    .zone_s = zone_of(r->conf_path) };
	enum err rc;

	rc = dir_open(&r->dirfd, AT_FDCWD, r->store, why);
	if (rc == OK)
		rc = owner_become(r, why);
	if (rc == OK)
		rc = keys_load(&r->keys, r->dirfd, why);
	if (rc == OK)
		rc = store_open(&r->handle, r->dirfd,
		    r->keys.has_store_key ? r->keys.store_key : NULL, why);
	r->parser = parser_new(&config);
	return rc;
}

static void
reindex_all(struct reindex *r)
{
	struct reindex_how how = { .dirfd = r->dirfd, .missing_only = r->missing,
	    .key = r->keys.has_store_key ? r->keys.store_key : NULL, .time = on_time, .ctx = r };
	size_t n = store_segments(r->handle);
	struct why why = { "" };

	for (size_t i = 0; i < n; i++) {
		const struct segment_info *info = store_segment(r->handle, i);
		enum reindex_done done = REINDEX_KEPT;
		enum err rc;

		progress(r, i, n);
		if (info->id == 0)	/* in the journal only */
			continue;
		rc = reindex_segment(&how, info, &done, &why);
		told(r, info, rc, done, &why);
	}
	progress(r, n, n);
	if (r->made == 0 || r->missing)
		return;
	if (reindex_groups_drop(r->dirfd, &why) != OK) {
		(void)fprintf(stderr, "trucban: filter: %s\n", why.text);
		r->failed++;
	}
}

static int
reindex_run(struct reindex *r)
{
	struct why why = { "" };
	enum err rc;

	rc = reindex_open(r, &why);
	if (rc == OK)
		reindex_all(r);
	else
		(void)fprintf(stderr, say("trucban: không dựng lại được: %s\n",
		    "trucban: cannot reindex: %s\n"), why.text);
	if (rc == OK && !r->json)
		(void)printf(say(
		    "Đã dựng lại %lu phần; %lu phần để nguyên, %lu phần không dựng được\n",
		    "Made %lu parts again; %lu left alone, %lu could not be made\n"), r->made,
		    r->kept, r->failed);
	store_close(&r->handle);
	parser_free(&r->parser);
	keys_wipe(&r->keys);
	file_close(&r->dirfd);
	return rc == OK && r->failed == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

int
cmd_reindex(int argc, char **argv)
{
	static const struct option option[] = {
		{ "store", required_argument, NULL, 's' },
		{ "state", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' },
		{ "missing", no_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct reindex r = { .store = state_default(), .dirfd = -1, .conf_path = CONF_DEFAULT };
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 's') {
			r.store = optarg;
		} else if (c == 'c') {
			r.conf_path = optarg;
		} else if (c == 'm') {
			r.missing = true;
		} else if (c == 'j') {
			r.json = true;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return reindex_run(&r);
}
