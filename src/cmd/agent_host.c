/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban agent` on the host that sends: enrol and renew, agent/enrol.h. All that can be wrong
 * here is looked at before the code goes out: a code is good once.
 */
#include "cmd/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "agent/enrol.h"
#include "cmd/cmd.h"

enum { PATH_BYTES = 4096 + 8 };

struct host {
	struct agent_place place;
	int fd;				/* STATE/agent; -1: not open */
	bool made_state, made_agent;	/* by us: taken away again when nothing came of it */
	bool give;			/* to uid and gid, whose process is to read the papers */
	uid_t uid;
	gid_t gid;
};

static void
agent_path(char path[PATH_BYTES], const struct host *h)
{
	(void)snprintf(path, PATH_BYTES, "%s/agent", h->place.state);
}

static enum err
host_open(struct host *h, const struct agent_args *args, struct why *why)
{
	enum err rc = agent_place_find(&h->place, args, why);
	char path[PATH_BYTES];

	h->fd = -1;
	agent_path(path, h);
	if (rc == OK)
		rc = dir_open(&h->fd, AT_FDCWD, path, why);
	return rc == ERR_ABSENT ? why_set(why, rc, "this host is not enrolled: there is no %s; "
	    "ask at the desk for a code (trucban agent invite NAME), then: trucban agent enrol "
	    "CODE", path) : rc;
}

static void
host_close(struct host *h)
{
	file_close(&h->fd);
	agent_place_done(&h->place);
}

/* As root: the process that sends is another user's, and must be able to read its key. */
static enum err
owner_find(struct host *h, struct why *why)
{
	const char *user = h->place.conf->user;
	struct stat st;
	enum err rc = OK;

	if (geteuid() != 0)
		return OK;
	if (user[0] != '\0') {
		rc = proc_user(user, &h->uid, &h->gid, why);
		h->give = rc == OK;
	} else if (stat(h->place.state, &st) == 0) {
		h->uid = st.st_uid;
		h->gid = st.st_gid;
		h->give = true;
	}
	return rc;
}

static enum err
papers_own(const struct host *h, struct why *why)
{
	static const char *const name[] = { ".", "key.pem", "cert.pem", "ca.pem", "desk" };

	for (size_t i = 0; h->give && i < sizeof name / sizeof name[0]; i++)
		if (fchownat(h->fd, name[i], h->uid, h->gid, AT_SYMLINK_NOFOLLOW) != 0)
			return why_set(why, ERR_DENIED, "cannot give agent/%s to user %u", name[i],
			    (unsigned)h->uid);
	return OK;
}

/* Before the desk is asked: what it gives would be lost. */
static enum err
papers_writable(const struct host *h, struct why *why)
{
	char path[PATH_BYTES];

	agent_path(path, h);
	return faccessat(h->fd, ".", W_OK | X_OK, AT_EACCESS) == 0 ? OK : why_set(why, ERR_DENIED,
	    "%s cannot be written by this user; run it with sudo", path);
}

/* ---- enrol ---- */

static bool
is_absent(const char *path)
{
	return access(path, F_OK) != 0 && errno == ENOENT;
}

/* The directories, as far as they are missing; whose they are to be. */
static enum err
host_make(struct host *h, struct why *why)
{
	char path[PATH_BYTES];
	enum err rc;

	agent_path(path, h);
	rc = owner_find(h, why);
	h->made_state = is_absent(h->place.state);
	if (rc == OK && h->made_state)
		rc = dir_make(AT_FDCWD, h->place.state, 0700, why);
	if (rc == OK && h->made_state && h->give &&
	    chown(h->place.state, h->uid, h->gid) != 0)
		rc = why_set(why, ERR_DENIED, "cannot give %s to user %u", h->place.state,
		    (unsigned)h->uid);
	h->made_agent = rc == OK && is_absent(path);
	if (rc == OK)
		rc = dir_make(AT_FDCWD, path, 0700, why);
	if (rc == OK)
		rc = dir_open(&h->fd, AT_FDCWD, path, why);
	return rc;
}

/* Nothing came of it: what was made for it goes, unless something is in it. */
static void
host_unmake(const struct host *h)
{
	char path[PATH_BYTES];

	agent_path(path, h);
	if (h->made_agent)
		(void)dir_remove(AT_FDCWD, path, NULL);
	if (h->made_state)
		(void)dir_remove(AT_FDCWD, h->place.state, NULL);
}

/* Is everything here as an enrolment needs it? Whoever knows no directory is asked for one. */
static enum err
host_ready(struct host *h, const struct agent_args *args, struct why *why)
{
	char until[CIVIL_TEXT_BYTES + 1];
	struct issued there;
	enum err rc;

	if (!h->place.known)
		return why_set(why, ERR_ABSENT, "nothing says where this host keeps its state: "
		    "/etc/trucban/trucban.yaml is absent, or not for this user to read; say "
		    "--config FILE or --state DIR, or run it with sudo");
	rc = host_make(h, why);
	if (rc != OK)
		return rc;
	rc = papers_writable(h, why);
	if (rc != OK)
		return rc;
	rc = enrol_there(h->fd, &there, why);
	if (rc == OK && !args->replace)
		return why_set(why, ERR_BUSY, "this host is enrolled already, as %s, good until "
		    "%s; to take new papers in their place: --replace", there.name,
		    agent_time(until, there.until_s, &h->place));
	/* Papers that cannot be read are replaced by who says so. */
	return rc == OK || rc == ERR_ABSENT || (args->replace && rc == ERR_FORMAT) ? OK :
	    why_prefix(why, rc, "the papers that are there");
}

/* Lines for a configuration, which is read in another folder than this shell's. */
static void
snippet_say(const struct host *h, const struct code *code, const struct issued *issued)
{
	char until[CIVIL_TEXT_BYTES + 1];
	char *whole = realpath(h->place.state, NULL);
	const char *state = whole != NULL ? whole : h->place.state;
	bool ipv6 = strchr(code->host, ':') != NULL;

	(void)fprintf(stderr, say("Đã ghi danh với tên %s; chứng thư dùng được đến %s. Để máy này "
	    "gửi nhật ký về bàn trực, đặt vào tệp cấu hình của nó, rồi khởi động lại trucban:\n\n",
	    "Enrolled as %s; the certificate is good until %s. To have this host send to the desk, "
	    "put into its configuration, then restart trucban:\n\n"), issued->name,
	    agent_time(until, issued->until_s, &h->place));
	(void)printf("forward:\n  to: \"https://%s%s%s:%u\"\n  cert: %s/agent/cert.pem\n"
	    "  key: %s/agent/key.pem\n  ca: %s/agent/ca.pem\n", ipv6 ? "[" : "", code->host,
	    ipv6 ? "]" : "", (unsigned)code->port, state, state, state);
	(void)fflush(stdout);
	(void)fprintf(stderr, say("\nChứng thư tự gia hạn nếu cài bằng gói .deb "
	    "(trucban-renew.timer). Nếu không, cho cron chạy mỗi giờ:\n"
	    "  trucban agent renew --due --state %s\n",
	    "\nThe certificate renews itself where the .deb is installed (trucban-renew.timer). "
	    "Elsewhere let cron run every hour:\n  trucban agent renew --due --state %s\n"),
	    state);
	free(whole);
}

/* Whoever sits in front of it is told what it waits for. */
static void
slow_say(const char *name, unsigned port, enum enrol_stage stage, unsigned most_s)
{
	static const char *const vi[] = { [ENROL_CONNECTS] = "chưa nối được tới %s:%u",
	    [ENROL_GREETS] = "đã nối tới %s:%u, bên kia chưa trả lời",
	    [ENROL_ANSWERS] = "đã gửi yêu cầu tới %s:%u, bàn trực chưa trả lời" };
	static const char *const en[] = { [ENROL_CONNECTS] = "%s:%u has not answered the call yet",
	    [ENROL_GREETS] = "%s:%u has taken the connection and says nothing yet",
	    [ENROL_ANSWERS] = "the desk at %s:%u has the request and gives no answer yet" };

	(void)fputs("trucban agent: ", stderr);
	(void)fprintf(stderr, say(vi[stage], en[stage]), name, port);
	(void)fprintf(stderr, say("; chờ thêm nhiều nhất %u giây\n", "; waiting for at most %u "
	    "seconds more\n"), most_s);
}

enum err
agent_enrol(const struct agent_args *args, struct why *why)
{
	struct host h = { .fd = -1 };
	struct issued issued;
	struct code code;
	bool due;
	enum err rc;

	rc = code_get(&code, span_str(args->what), why);
	if (rc == OK)
		rc = agent_place_find(&h.place, args, why);
	if (rc == OK)
		rc = host_ready(&h, args, why);
	if (rc == OK)
		rc = enrol_begin(h.fd, &code, slow_say, why);
	if (rc == OK)
		rc = enrol_state(h.fd, clock_wall_ns() / CIVIL_SECOND_NS, &issued, &due, why);
	if (rc == OK)
		rc = papers_own(&h, why);
	if (rc == OK)
		snippet_say(&h, &code, &issued);
	else
		host_unmake(&h);
	explicit_bzero(&code, sizeof code);
	host_close(&h);
	return rc;
}

/* ---- renew ---- */

/*
 * Who the lock names is what the store's user wrote there. The kernel lets that user signal his own
 * processes only; root would reach any, so for root it has to be this program.
 */
static bool
is_trucban(pid_t pid)
{
	struct stat own, other;
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
	return geteuid() != 0 || (stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 &&
	    own.st_dev == other.st_dev && own.st_ino == other.st_ino);
}

/*
 * The relay of this directory takes its new certificate when it is told to look: SIGHUP, as
 * `systemctl reload` sends it. Who holds the lock is it. ERR_ABSENT: none runs.
 */
static enum err
relay_tell(const struct host *h, struct why *why)
{
	pid_t pid = 0;
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, AT_FDCWD, h->place.state, why);
	if (rc == OK)
		rc = file_lock_holder(&pid, fd, "lock", why);
	file_close(&fd);
	if (rc == OK && (!is_trucban(pid) || kill(pid, SIGHUP) != 0))
		rc = ERR_DENIED;
	return rc == OK || rc == ERR_ABSENT ? rc : why_set(why, rc, "the certificate was renewed, "
	    "but the running trucban was not told of it; tell it: sudo systemctl reload trucban");
}

static enum err
renewed(struct host *h, int64_t now_s, struct why *why)
{
	char until[CIVIL_TEXT_BYTES + 1];
	struct issued issued;
	bool ignored;
	enum err rc, told;

	rc = enrol_state(h->fd, now_s, &issued, &ignored, why);
	if (rc == OK)
		rc = owner_find(h, why);
	if (rc == OK)
		rc = papers_own(h, why);
	if (rc != OK)
		return rc;
	told = relay_tell(h, why);
	(void)printf(say("Chứng thư mới dùng được đến %s%s\n",
	    "The new certificate is good until %s%s\n"), agent_time(until, issued.until_s,
	    &h->place), told == OK ? say("; trucban đang chạy đã được báo để dùng chứng thư này",
	    "; the running trucban was told to take it") : "");
	return told == ERR_ABSENT ? OK : told;
}

/* With --due: nothing at all, and nothing said, before its last third has begun. */
enum err
agent_renew(const struct agent_args *args, struct why *why)
{
	char until[CIVIL_TEXT_BYTES + 1];
	int64_t now_s = clock_wall_ns() / CIVIL_SECOND_NS;
	struct host h = { .fd = -1 };
	struct issued issued;
	bool due = false, refused = false;
	enum err rc;

	rc = host_open(&h, args, why);
	if (rc == OK)
		rc = enrol_state(h.fd, now_s, &issued, &due, why);
	refused = rc == OK && issued.until_s <= now_s;
	if (refused)
		rc = why_set(why, ERR_DENIED, "the certificate has expired, at %s; ask at the desk "
		    "for a code (trucban agent invite %s), then: trucban agent enrol CODE "
		    "--replace", agent_time(until, issued.until_s, &h.place), issued.name);
	due |= !args->due;
	if (rc == OK && due)
		rc = papers_writable(&h, why);
	if (rc == OK && due) {
		rc = enrol_renew(h.fd, slow_say, why);
		refused = rc == ERR_DENIED;
		if (rc == OK)
			rc = renewed(&h, now_s, why);
	}
	host_close(&h);
	return rc == ERR_DENIED && !refused ? ERR_IO : rc;
}
