/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the desk itself: configuration, does it answer, ports, what it may read. */
#include "cmd/doctor.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "role/register.h"
#include "cmd/barred.h"
#include "cmd/cmd.h"
#include "cmd/figures.h"
#include "cmd/losses.h"
#include "cmd/samples.h"

enum { PATHS_SHOWN = 3, LOSSES_SHOWN = 3 };

void
doctor_conf(const struct doctor *d, struct finding *f)
{
	if (d->conf_rc == OK) {
		finding_set(f, GRADE_OK, say("%s: %u cửa nhận, %u loại lưu giữ",
		    "%s: %u listeners, %u classes"), d->conf_path, d->conf->nlistener,
		    d->conf->nclass);
		return;
	}
	finding_set(f, GRADE_BAD, "%s: %s", d->conf_path, d->conf_why.text);
	finding_why(f, "%s", say("bàn trực không khởi động lại được với tệp này",
	    "the desk cannot start again with this file"));
	finding_todo(f, "%s", d->conf_rc == ERR_ABSENT ?
	    say("chép tệp mẫu content/config/trucban.yaml vào đó, hoặc chỉ tệp khác bằng --config",
	    "copy the sample content/config/trucban.yaml there, or name another with --config") :
	    say("sửa dòng đó; các khóa: man trucban.yaml", "mend that line; the keys: man "
	    "trucban.yaml"));
}

static void
register_check(const struct doctor *d, struct finding *f)
{
	struct registry *registry = NULL;
	struct buf text = { 0 };
	struct why why = { "" };
	enum err rc;

	if (d->conf_rc != OK) {
		finding_set(f, GRADE_SKIP, "%s", say("xem cấu hình", "see configuration"));
		return;
	}
	rc = register_load(&text, d->conf, d->conf_path, &why);
	if (rc == OK)
		rc = register_take(&registry, buf_span(&text), d->conf, &why);
	if (rc == OK) {
		finding_set(f, GRADE_OK, say("%u nguồn", "%u sources"), registry_rows(registry));
	} else {
		finding_set(f, GRADE_BAD, "%s", why.text);
		finding_why(f, "%s", say("bàn trực giữ sổ cũ, và không khởi động lại được với sổ "
		    "này", "the desk keeps the one of before, and cannot start again with this "
		    "one"));
		finding_todo(f, "%s", say("sửa dòng đó; khuôn của tệp: man trucban, source",
		    "mend that line; the file's form: man trucban, source"));
	}
	registry_free(&registry);
	buf_done(&text);
}

void
doctor_user(const struct doctor *d, struct finding *f)
{
	struct why why;
	uid_t uid;
	gid_t gid;

	if (d->conf->user[0] == '\0') {
		finding_set(f, geteuid() == 0 ? GRADE_WARN : GRADE_OK, "%s", say("người chạy lệnh "
		    "serve",
		    "whoever starts serve"));
		if (f->grade == GRADE_WARN)
			finding_todo(f, "%s", say("đặt user: trucban trong cấu hình, để không tiến "
			    "trình nào "
			    "chạy bằng root", "set user: trucban in the configuration, so that no "
			    "role "
			    "runs as root"));
	} else if (proc_user(d->conf->user, &uid, &gid, &why) != OK) {
		finding_set(f, GRADE_BAD, say("không có người dùng %s", "there is no user %s"),
		    d->conf->user);
		finding_todo(f, "sudo useradd --system --no-create-home --shell /usr/sbin/nologin "
		    "-G adm,systemd-journal %s", d->conf->user);
	} else {
		finding_set(f, GRADE_OK, "%s (uid %u)", d->conf->user, (unsigned)uid);
	}
}

static void
desk_check(const struct doctor *d, struct finding *f)
{
	if (d->desk_rc == OK) {
		finding_set(f, GRADE_OK, "%s", say("đang chạy, trả lời", "runs and answers"));
	} else if (d->desk_rc == ERR_ABSENT) {
		finding_set(f, GRADE_WARN, "%s", say("không chạy", "does not run"));
		finding_why(f, "%s", say("không có nhật ký nào được ghi", "no record is being "
		    "kept"));
		finding_todo(f, "sudo systemctl start trucban");
	} else {
		finding_set(f, d->desk_rc == ERR_DENIED ? GRADE_SKIP : GRADE_BAD, "%s",
		    d->desk_why.text);
		finding_todo(f, "%s", d->desk_rc == ERR_DENIED ? say("chạy lại bằng sudo",
		    "run with sudo") : "journalctl -u trucban");
	}
}

/* ---- ports ---- */

/* Binds for a moment; nobody is listened to. */
static enum err
port_try(const char *address, enum sock_kind kind, struct why *why)
{
	const struct sock_spec spec = { .kind = kind };
	int fd = -1;
	enum err rc;

	if (strncmp(address, "unix:", 5) == 0)
		return OK;		/* trying would take a living socket's file away */
	rc = sock_listen(&fd, address, &spec, why);
	file_close(&fd);
	return rc;
}

static void
ports_check(const struct doctor *d, struct finding *f)
{
	const struct conf *c = d->conf;
	struct why why = { "" };
	enum err rc = OK;
	const char *at = c->front_address;

	if (d->conf_rc != OK) {
		finding_set(f, GRADE_SKIP, "%s", say("chưa có cấu hình", "no configuration"));
		return;
	}
	if (d->desk_rc != ERR_ABSENT && d->desk_rc != ERR_DENIED) {
		finding_set(f, GRADE_OK, say("%u cổng, bàn trực đang giữ",
		    "%u ports, held by the running desk"), c->nlistener + (at[0] != '\0'));
		return;
	}
	if (at[0] != '\0')
		rc = port_try(at, SOCK_KIND_STREAM, &why);
	for (unsigned i = 0; rc == OK && i < c->nlistener; i++) {
		at = c->listener[i].address;
		rc = port_try(at, c->listener[i].kind == CONF_UDP ? SOCK_KIND_DATAGRAM :
		    SOCK_KIND_STREAM, &why);
	}
	if (rc == OK) {
		finding_set(f, GRADE_OK, "%s", say("đều còn trống", "all are free"));
	} else if (rc == ERR_DENIED) {
		finding_set(f, GRADE_WARN, "%s", why.text);
		finding_todo(f, "%s", say("cổng dưới 1024 cần root hoặc trucban.service "
		    "(CAP_NET_BIND_SERVICE)", "ports below 1024 need root or trucban.service "
		    "(CAP_NET_BIND_SERVICE)"));
	} else {
		finding_set(f, GRADE_BAD, "%s", why.text);
		finding_todo(f, say("xem ai đang giữ: sudo ss -lntup | grep '%s'",
		    "see who holds it: sudo ss -lntup | grep '%s'"), strrchr(at, ':') != NULL ?
		    strrchr(at, ':') : at);
	}
}

/* ---- logs ---- */

struct closed {
	unsigned n;
	struct buf paths;
};

static void
closed_add(struct closed *closed, const char *path)
{
	if (closed->n++ < PATHS_SHOWN)
		buf_printf(&closed->paths, "%s%s", closed->n > 1 ? ", " : "", path);
}

/* The folders that a pattern looks into. */
static void
folders_try(struct closed *closed, const char *pattern)
{
	size_t n = (size_t)(strrchr(pattern, '/') - pattern);
	struct buf folder = { 0 };
	glob_t found;

	buf_printf(&folder, "%.*s/", (int)n, pattern);	/* a slash: folders only */
	buf_u8(&folder, 0);
	if (glob((char *)folder.p, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (eaccess(found.gl_pathv[i], R_OK | X_OK) != 0)
				closed_add(closed, found.gl_pathv[i]);
		globfree(&found);
	}
	buf_done(&folder);
}

/* What of the pattern this process may not read, as it is now. */
static void
pattern_try(struct closed *closed, const char *pattern)
{
	struct stat st;
	glob_t found;

	if (strpbrk(pattern, "*?[") != NULL)
		folders_try(closed, pattern);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (lstat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode) &&
		    eaccess(found.gl_pathv[i], R_OK) != 0)
			closed_add(closed, found.gl_pathv[i]);
	globfree(&found);
}

static void
logs_try(struct closed *closed, const struct conf *conf)
{
	for (unsigned i = 0; i < conf->ncollect; i++)
		pattern_try(closed, conf->collect[i].path);
	if (conf->collect_journal) {
		pattern_try(closed, "/var/log/journal/*/system.journal");
		pattern_try(closed, "/run/log/journal/*/system.journal");
	}
}

/* In a child that has become the desk's user; its count and paths come back through a pipe. */
static bool
logs_try_as(struct closed *closed, const struct conf *conf)
{
	int fd[2], status = -1;
	uint32_t n = 0;
	pid_t pid;

	if (pipe(fd) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		if (proc_drop_rights_in_groups(conf->user, NULL) != OK)
			_exit(1);
		logs_try(closed, conf);
		n = closed->n;
		(void)!write(fd[1], &n, sizeof n);
		(void)!write(fd[1], closed->paths.p, closed->paths.n);
		_exit(0);
	}
	(void)close(fd[1]);
	if (read(fd[0], &n, sizeof n) == (ssize_t)sizeof n) {
		uint8_t *at = buf_add(&closed->paths, 4096);
		ssize_t got = read(fd[0], at, 4096);

		closed->paths.n = got > 0 ? (size_t)got : 0;
		closed->n = n;
	}
	(void)close(fd[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void
doctor_logs(const struct doctor *d, struct finding *f)
{
	const char *user = d->conf->user[0] != '\0' ? d->conf->user : "$USER";
	struct closed closed = { 0 };
	bool known = true;

	if (d->conf->ncollect == 0 && !d->conf->collect_journal) {
		finding_set(f, GRADE_OK, "%s", say("không thu nhật ký của máy này (collect)",
		    "this machine's own logs are not collected (collect)"));
		return;
	}
	if (geteuid() == 0 && d->conf->user[0] != '\0')
		known = logs_try_as(&closed, d->conf);
	else
		logs_try(&closed, d->conf);
	if (!known) {
		finding_set(f, GRADE_SKIP, say("không thử được với người dùng %s",
		    "cannot be tried as user %s"), user);
	} else if (closed.n == 0) {
		finding_set(f, GRADE_OK, "%s", say("đọc được mọi tệp đã liệt kê",
		    "every listed file can be read"));
	} else {
		finding_set(f, GRADE_WARN, say("%u tệp, thư mục không đọc được: %.*s%s",
		    "%u files or folders cannot be read: %.*s%s"), closed.n, (int)closed.paths.n,
		    (char *)closed.paths.p, closed.n > PATHS_SHOWN ? ", ..." : "");
		finding_why(f, "%s", say("nhật ký trong đó sẽ không được ghi vào kho",
		    "what is in them does not come into the store"));
		finding_todo(f, "sudo usermod -aG adm,systemd-journal %s", user);
	}
	buf_done(&closed.paths);
}

/* The figures that are not 0, as status prints them; what to do is said of the first. */
static void
losses_check(const struct doctor *d, struct finding *f)
{
	struct buf what = { 0 };
	unsigned n = 0;

	for (const struct loss *loss = losses; loss->metric != NULL; loss++) {
		double count = samples_sum(buf_span(&d->metrics), loss->metric, NULL);

		if (count == 0)
			continue;
		if (n == 0)
			finding_todo(f, "%s", say(loss->todo_vi, loss->todo_en));
		if (n++ < LOSSES_SHOWN)
			buf_printf(&what, "%s%s %s", n > 1 ? "; " : "", figure_count(count),
			    say(loss->vi, loss->en));
	}
	if (d->metrics.n == 0) {
		finding_set(f, GRADE_SKIP, "%s", say("bàn trực không cho biết số liệu",
		    "the desk does not tell its figures"));
	} else if (n == 0) {
		finding_set(f, GRADE_OK, "%s", say("không mất, không từ chối, không cắt bản ghi "
		    "nào", "no record was lost, refused or cut"));
	} else {
		finding_set(f, GRADE_WARN, say("từ khi khởi động: %.*s%s",
		    "since the start: %.*s%s"), (int)what.n, (const char *)what.p,
		    n > LOSSES_SHOWN ? "; ..." : "");
		finding_why(f, "%s", say("từng nguồn, từng giờ: trucban coverage",
		    "by source and hour: trucban coverage"));
	}
	buf_done(&what);
}

/* Relays, agents and strangers whom a door with TLS refused within the last hour. */
static void
barred_check(const struct doctor *d, struct finding *f)
{
	struct span text = buf_span(&d->metrics);
	struct buf what = { 0 };
	struct barred barred;
	unsigned n = 0;

	while (barred_next(&text, &barred)) {
		if (n == 0)
			finding_todo(f, "%s", barred_todo(&barred));
		if (n++ >= LOSSES_SHOWN)
			continue;
		buf_str(&what, n > 1 ? "; " : "");
		barred_put(&what, &barred);
	}
	if (d->metrics.n == 0) {
		finding_set(f, GRADE_SKIP, "%s", say("bàn trực không cho biết số liệu",
		    "the desk does not tell its figures"));
	} else if (n == 0) {
		finding_set(f, GRADE_OK, "%s", say("trong một giờ qua không trạm chuyển tiếp hay "
		    "máy nào bị từ chối", "no relay or host was turned away within the hour"));
	} else {
		finding_set(f, GRADE_WARN, "%.*s%s", (int)what.n, (const char *)what.p,
		    n > LOSSES_SHOWN ? "; ..." : "");
		finding_why(f, "%s", say("bản ghi của nơi bị từ chối không vào kho",
		    "records of who is turned away do not come in"));
	}
	buf_done(&what);
}

const struct check_row doctor_desk[] = {
	{ "config", "cấu hình", "configuration", doctor_conf },
	{ "register", "sổ đăng ký nguồn", "register of sources", register_check },
	{ "user", "người dùng chạy bàn trực", "user", doctor_user },
	{ "desk", "bàn trực", "desk", desk_check },
	{ "ports", "cổng", "ports", ports_check },
	{ "certificates", "chứng thư, mã truy cập", "certificates, tokens", doctor_tls },
	{ "own", "chứng thư tự cấp (cert: own)", "own certificates (cert: own)", doctor_own },
	{ "refused", "trạm, máy bị từ chối", "relays, hosts turned away", barred_check },
	{ "logs", "nhật ký của máy này", "this machine's logs", doctor_logs },
	{ "losses", "mất, từ chối, cắt", "lost, refused, cut", losses_check },
	{ NULL, NULL, NULL, NULL },
};
