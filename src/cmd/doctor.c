/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban doctor`: what is wrong with this installation, and what to do about it. Reads only; the
 * checks are in doctor_host.c, doctor_store.c and doctor_desk.c.
 */
#include "cmd/doctor.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "web/client.h"
#include "web/render.h"
#include "role/opened.h"
#include "cmd/cmd.h"
#include "cmd/desk.h"
#include "cmd/figures.h"
#include "cmd/options.h"

static const char usage_vi[] =
    "Cách dùng: trucban doctor [--config TỆP] [--state THƯ_MỤC] [--json]\n\n"
    "Rà soát bản cài đặt này: cấu hình, quyền, khóa, ổ đĩa, cổng, đồng hồ, nhân hệ điều hành. Mỗi\n"
    "mục nói rõ hiện trạng, vì sao cần quan tâm và việc cần làm. Chỉ đọc, không sửa gì.\n\n"
    "  --config TỆP       tệp cấu hình (mặc định của bàn trực có kho ở --state, không nói kho\n"
    "                     thì /etc/trucban/trucban.yaml, run.yaml trong thư mục kho)\n"
    "  --state THƯ_MỤC    thư mục kho nhật ký (mặc định: theo cấu hình)\n"
    "  --json             mỗi mục một đối tượng JSON trên một dòng\n\n"
    "Mã kết thúc: 0 không có lỗi (có thể có cảnh báo), 1 có lỗi, 2 gọi sai cách.\n";
static const char usage_en[] =
    "Usage: trucban doctor [--config FILE] [--state DIR] [--json]\n\n"
    "Looks over this installation: configuration, rights, keys, disk, ports, clock, kernel. Each\n"
    "row says how it stands, why that matters and what to do. Reads only, repairs nothing.\n\n"
    "  --config FILE      configuration (default that of the desk at --state; without it\n"
    "                     /etc/trucban/trucban.yaml, else run.yaml in the store's directory)\n"
    "  --state DIR        the store's directory (default: as configured)\n"
    "  --json             one JSON object a line for each check\n\n"
    "Exit codes: 0 nothing is broken (there may be warnings), 1 something is, 2 usage.\n";

/* ---- what a check says ---- */

static void
set(struct buf *out, const char *format, va_list args)
{
	char text[1024];

	(void)vsnprintf(text, sizeof text, format, args);
	out->n = 0;
	buf_str(out, text);
}

void
finding_set(struct finding *f, enum grade grade, const char *format, ...)
{
	va_list args;

	f->grade = grade;
	va_start(args, format);
	set(&f->what, format, args);
	va_end(args);
}

void
finding_why(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(&f->why, format, args);
	va_end(args);
}

void
finding_todo(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(&f->todo, format, args);
	va_end(args);
}

void
finding_done(struct finding *f)
{
	buf_done(&f->what);
	buf_done(&f->why);
	buf_done(&f->todo);
	*f = (struct finding){ .grade = GRADE_OK };
}

void
finding_size(char ret[32], uint64_t bytes)
{
	static const char *const unit[] = { "B", "KB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	size_t i = 0;

	for (; v >= 1000 && i + 1 < sizeof unit / sizeof unit[0]; i++)
		v /= 1000;
	(void)snprintf(ret, 32, "%.24s %s", i == 0 ? figure_count(v) : figure_tenths(v), unit[i]);
}

/* ---- printing ---- */

static void
json_string(struct buf *out, const char *name, struct span s)
{
	buf_printf(out, "%s\"%s\":\"", out->n > 1 ? "," : "", name);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_printf(out, "\\%c", s.p[i]);
		else if (s.p[i] < 0x20)
			buf_printf(out, "\\u%04x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	buf_u8(out, '"');
}

static void
print_json(const struct check_row *row, const struct finding *f)
{
	static const char *const grade[GRADE_END] = { "ok", "skip", "warn", "bad" };
	struct buf out = { 0 };

	buf_u8(&out, '{');
	json_string(&out, "check", span_str(row->name));
	json_string(&out, "result", span_str(grade[f->grade]));
	json_string(&out, "what", buf_span(&f->what));
	json_string(&out, "why", buf_span(&f->why));
	json_string(&out, "do", buf_span(&f->todo));
	(void)printf("%.*s}\n", (int)out.n, (const char *)out.p);
	buf_done(&out);
}

/* Paths and names of others stand in it: no terminal is to obey them. */
static void
print_line(const char *head, const struct buf *text)
{
	struct buf safe = { 0 };

	render_safe(&safe, buf_span(text), false);
	if (safe.n > 0)
		(void)printf("%s%.*s\n", head, (int)safe.n, (const char *)safe.p);
	buf_done(&safe);
}

static void
print_text(const struct check_row *row, const struct finding *f, bool color)
{
	static const struct {
		const char *sign, *color;
	} as[GRADE_END] = { { "✓", "\033[32m" }, { "-", "\033[2m" }, { "!", "\033[33m" },
		{ "✗", "\033[31m" } };

	(void)printf("%s%s%s %s:%s", color ? as[f->grade].color : "", as[f->grade].sign,
	    color ? "\033[0m" : "", say(row->vi, row->en), f->what.n > 0 ? "" : "\n");
	print_line(" ", &f->what);
	print_line("    ", &f->why);
	print_line("    → ", &f->todo);
}

/* ---- what the checks look at ---- */

static void
conf_take(struct doctor *d)
{
	struct buf text = { 0 };

	conf_default(d->conf);
	d->conf_rc = file_read_named(d->conf_path, CONF_BYTES_MAX, &text, &d->conf_why);
	if (d->conf_rc == ERR_ABSENT && strcmp(d->conf_path, CONF_DEFAULT) == 0)
		(void)why_set(&d->conf_why, ERR_ABSENT, say("không có %s, và không biết bàn trực ở "
		    "%s chạy với cấu hình nào (bàn trực ghi ở đó trong " OPENED_CONF "); hãy chạy "
		    "bằng sudo, hoặc thêm --config TỆP", "there is no %s, and it is not known "
		    "which configuration the desk at %s runs with (it notes that there, in "
		    OPENED_CONF "); use sudo, or add --config FILE"), CONF_DEFAULT,
		    d->state != NULL ? d->state : state_default());
	if (d->conf_rc == OK && d->state != NULL)
		conf_override(&text, d->state);
	if (d->conf_rc == OK)
		d->conf_rc = conf_parse(d->conf, buf_span(&text), &d->conf_why);
	if (d->state == NULL)
		d->state = d->conf_rc == OK ? d->conf->state : state_default();
	buf_done(&text);
}

static bool
ignore(void *ctx, struct span piece)
{
	(void)ctx;
	(void)piece;
	return true;
}

static bool
gather(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

static void
desk_take(struct doctor *d)
{
	struct why why;
	char path[4096];

	desk_socket(path, sizeof path, d->state, d->conf_rc == OK ? d->conf : NULL);
	d->desk_rc = client_run(&(struct client_ask){ .socket = path, .path = "/health",
	    .take = ignore }, &d->desk_why);
	if (client_run(&(struct client_ask){ .socket = path, .path = "/metrics", .take = gather,
	    .ctx = &d->metrics }, &why) != OK)
		d->metrics.n = 0;
}

void
doctor_open(struct doctor *d)
{
	bool plain;

	if (d->conf_path == NULL) {
		if (desk_conf_find(d->found_conf, sizeof d->found_conf, d->state) == DESK_CONF_TOLD)
			d->state = d->state != NULL ? d->state : state_default();
		d->conf_path = d->found_conf;
	}
	d->state_fd = -1;
	d->keys_rc = d->store_rc = ERR_ABSENT;
	d->conf = xcalloc(1, sizeof *d->conf);
	conf_take(d);
	if (dir_open(&d->state_fd, AT_FDCWD, d->state, &d->state_why) == OK) {
		d->keys_rc = keys_load(&d->keys, d->state_fd, &d->keys_why);
		plain = d->keys_rc != OK || !d->keys.has_store_key;
		d->store_rc = store_open(&d->store, d->state_fd, plain ? NULL : d->keys.store_key,
		    &d->store_why);
	}
	desk_take(d);
}

void
doctor_close(struct doctor *d)
{
	buf_done(&d->metrics);
	store_close(&d->store);
	keys_wipe(&d->keys);
	file_close(&d->state_fd);
	free(d->conf);
}

enum err
doctor_lock(int dirfd, const char *folder, struct why *why)
{
	enum err rc = dir_lock(dirfd, why);

	return rc != ERR_BUSY ? rc : why_set(why, rc, say("một lệnh khác đang sửa cấu hình ở %s; "
	    "chờ nó xong rồi chạy lại", "another command is changing the configuration in %s; when "
	    "it is done, run this again"), folder);
}

/* ---- running ---- */

static void
checks_run(const struct doctor *d, const struct check_row *row, bool json,
    unsigned count[GRADE_END])
{
	bool color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;

	for (; row->name != NULL; row++) {
		struct finding f = { .grade = GRADE_OK };

		row->run(d, &f);
		count[f.grade]++;
		if (json)
			print_json(row, &f);
		else
			print_text(row, &f, color);
		(void)fflush(stdout);
		finding_done(&f);
	}
}

static int
doctor_run(struct doctor *d, bool json)
{
	unsigned count[GRADE_END] = { 0 };

	doctor_open(d);
	if (d->conf_rc == OK && conf_forwards(d->conf)) {
		checks_run(d, doctor_relay, json, count);
	} else {
		checks_run(d, doctor_desk, json, count);
		checks_run(d, doctor_store, json, count);
	}
	checks_run(d, doctor_host, json, count);
	doctor_close(d);
	if (!json)
		(void)printf(say("\n%u mục ổn, %u cảnh báo, %u lỗi\n",
		    "\n%u well, %u warnings, %u broken\n"), count[GRADE_OK], count[GRADE_WARN],
		    count[GRADE_BAD]);
	return count[GRADE_BAD] > 0 ? EXIT_FOUND : EXIT_DONE;
}

int
cmd_doctor(int argc, char **argv)
{
	static const struct option option[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct doctor d = { .conf_path = NULL };
	bool json = false;
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'c') {
			d.conf_path = optarg;
		} else if (c == 's') {
			d.state = optarg;
		} else if (c == 'j') {
			json = true;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return doctor_run(&d, json);
}
