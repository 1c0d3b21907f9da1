/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the store: directory, keys, contents, disk, what was set aside. See doctor.h. */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "store/cold.h"
#include "cmd/cmd.h"
#include "cmd/contents.h"

enum { BAD_DAYS = 2, WARN_DAYS = 7, NAMES_SHOWN = 3 };

/* Less than this is as good as full: some large segments. */
#define COLD_ROOM	(UINT64_C(1) << 30)

/* True when there is no directory to look into: says so and that is all. */
static bool
unreachable(const struct doctor *d, struct finding *f)
{
	if (d->state_fd >= 0)
		return false;
	finding_set(f, GRADE_SKIP, "%s", say("chưa vào được thư mục kho",
	    "the store's directory cannot be entered"));
	return true;
}

static const char *
name_of(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user != NULL ? user->pw_name : "?";
}

static void
state_check(const struct doctor *d, struct finding *f)
{
	uid_t want = geteuid();
	struct stat st, own;
	gid_t gid;

	if (d->state_fd < 0) {
		finding_set(f, d->desk_rc == OK ? GRADE_BAD : GRADE_WARN, "%s: %s", d->state,
		    d->state_why.text);
		finding_todo(f, "%s", say("lần chạy đầu (trucban serve) sẽ tạo ra; nếu đã có thì "
		    "chạy lại "
		    "lệnh này bằng sudo", "the first start (trucban serve) makes it; if it is "
		    "there, run "
		    "this with sudo"));
		return;
	}
	if (fstat(d->state_fd, &st) != 0)
		return;
	if (d->conf->user[0] != '\0' && proc_user(d->conf->user, &want, &gid, NULL) != OK)
		want = st.st_uid;
	finding_set(f, GRADE_OK, "%s, %s, %04o", d->state, name_of(st.st_uid),
	    (unsigned)st.st_mode & 07777);
	if ((st.st_mode & 077) != 0) {
		f->grade = GRADE_BAD;
		finding_why(f, "%s", say("người khác trên máy này đọc được nhật ký",
		    "others on this machine can read the records"));
		finding_todo(f, "sudo chmod 0700 '%s'", d->state);
	} else if (geteuid() == 0 && (st.st_uid != want || (fstatat(d->state_fd, "manifest", &own,
	    AT_SYMLINK_NOFOLLOW) == 0 && own.st_uid != want))) {
		f->grade = st.st_uid != want ? GRADE_WARN : GRADE_BAD;
		finding_why(f, say("bàn trực chạy với người dùng %s",
		    "the desk runs as user %s"), name_of(want));
		finding_todo(f, "sudo chown -R %s '%s'", name_of(want), d->state);
	}
}

/* ---- keys ---- */

struct open_file {
	int dirfd;
	char name[64];		/* a secret that others may read */
};

static enum err
secret_look(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct open_file *o = arg;
	size_t n = strlen(entry->name);
	struct stat st;

	(void)why;
	if (n > 5 && strcmp(entry->name + n - 5, ".vkey") == 0)
		return OK;
	if (fstatat(o->dirfd, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & 077) != 0)
		(void)snprintf(o->name, sizeof o->name, "%s", entry->name);
	return OK;
}

static void
keys_check(const struct doctor *d, struct finding *f)
{
	struct open_file o = { -1, "" };
	char fingerprint[KEY_FINGERPRINT_BYTES];

	if (unreachable(d, f))
		return;
	if (d->keys_rc == ERR_ABSENT) {
		finding_set(f, GRADE_OK, "%s", say("chưa có; lần chạy đầu sẽ tạo ra",
		    "none yet; the first start makes them"));
		return;
	}
	if (d->keys_rc != OK) {
		finding_set(f, GRADE_BAD, "%s", d->keys_why.text);
		finding_todo(f, "%s", say("khôi phục thư mục key/ từ bản sao lưu, hoặc từ phiếu "
		    "cất két "
		    "(trucban key)", "restore key/ from a backup or from the paper in the safe "
		    "(trucban key)"));
		return;
	}
	key_fingerprint(fingerprint, &d->keys.vkey);
	finding_set(f, GRADE_OK, say("dấu vân tay %s", "fingerprint %s"), fingerprint);
	if (dir_open(&o.dirfd, d->state_fd, "key", NULL) == OK)
		(void)dir_each(o.dirfd, secret_look, &o, NULL);
	file_close(&o.dirfd);
	if (o.name[0] != '\0') {
		finding_set(f, GRADE_BAD, say("người khác đọc được key/%s",
		    "others may read key/%s"), o.name);
		finding_why(f, "%s", say("ai có khóa niêm phong thì niêm phong lại được kho đã sửa",
		    "who has the seal's key can seal a changed store again"));
		finding_todo(f, "sudo chmod 0600 '%s/key/%s'; trucban key --help", d->state,
		    o.name);
	} else if (!d->keys.has_seed) {
		f->grade = GRADE_SKIP;
		finding_todo(f, "%s", say("chạy lại bằng sudo để xem cả khóa bí mật",
		    "run with sudo to look at the secret keys too"));
	}
}

static void
encryption_check(const struct doctor *d, struct finding *f)
{
	struct stat st;

	if (unreachable(d, f))
		return;
	if (d->keys_rc != OK) {
		finding_set(f, GRADE_OK, "%s", d->conf->encrypt ?
		    say("sẽ bật (AES-256-GCM)", "will be on (AES-256-GCM)") :
		    say("sẽ tắt", "will be off"));
	} else if (d->keys.has_store_key || fstatat(d->state_fd, "key/store.key", &st, 0) == 0 ||
	    errno == EACCES) {
		finding_set(f, GRADE_OK, "%s", say("đang bật (AES-256-GCM)", "on (AES-256-GCM)"));
	} else {
		finding_set(f, d->conf->encrypt ? GRADE_BAD : GRADE_WARN, "%s", say("kho không mã "
		    "hóa",
		    "the store is not encrypted"));
		finding_why(f, "%s", say("ai lấy được ổ đĩa thì đọc được mọi bản ghi",
		    "who gets the disk reads every record"));
		finding_todo(f, "%s", say("chỉ chọn được ở lần chạy đầu: tạo kho mới với store: "
		    "encrypt: "
		    "yes", "it is chosen at the first start only: make a new store with store: "
		    "encrypt: "
		    "yes"));
	}
}

/* ---- contents ---- */

static void
store_check(const struct doctor *d, struct finding *f)
{
	uint8_t from[CIVIL_TEXT_BYTES];
	struct contents c;
	char size[32];

	if (unreachable(d, f))
		return;
	if (d->store_rc == ERR_ABSENT) {
		finding_set(f, GRADE_OK, "%s", say("chưa có bản ghi nào", "no record yet"));
		return;
	}
	if (d->store_rc != OK) {
		finding_set(f, d->store_rc == ERR_DENIED && !d->keys.has_store_key ? GRADE_SKIP :
		    GRADE_BAD, "%s", d->store_why.text);
		finding_todo(f, "%s", f->grade == GRADE_SKIP ? say("chạy lại bằng sudo",
		    "run with sudo") : "trucban verify");
		return;
	}
	c = contents_of(d->store, CONTENTS_ALL, clock_wall_ns());
	finding_size(size, c.bytes);
	if (c.rows == 0)
		finding_set(f, GRADE_OK, "%s", say("mở được, chưa có bản ghi nào",
		    "opens, no record yet"));
	else
		finding_set(f, GRADE_OK, say("mở được: %llu bản ghi, %zu phần, %s, từ %.*s",
		    "opens: %llu records, %zu segments, %s, since %.*s"),
		    (unsigned long long)c.rows,
		    store_segments(d->store), size,
		    (int)civil_put(from, c.first_ns, 0, (int32_t)d->conf->zone_minutes * 60),
		    (char *)from);
}

/* ---- disk ---- */

/* Octets a day by the last days' segments; 0: too little is known. */
static uint64_t
rate_of(const struct contents *c)
{
	return c->days > 0 ? (uint64_t)((double)c->late_bytes / c->days) : 0;
}

static int64_t
longest_days(const struct conf *conf)
{
	int64_t days = 0;

	for (unsigned i = 0; i < conf->nclass; i++)
		if (conf->class[i].days == 0 || conf->class[i].days > days)
			days = conf->class[i].days == 0 ? INT64_MAX : conf->class[i].days;
	return days;
}

static void
disk_lasts(const struct doctor *d, struct finding *f, uint64_t room, const char *size)
{
	struct contents c = contents_of(d->store, CONTENTS_ALL, clock_wall_ns());
	uint64_t rate = rate_of(&c), days;
	char per_day[32];

	if (rate == 0) {
		finding_set(f, GRADE_OK, say("còn %s; chưa đủ dữ liệu để ước lượng số ngày",
		    "%s left; too little data to tell for how many days"), size);
		return;
	}
	days = room / rate;
	finding_size(per_day, rate);
	finding_set(f, days <= BAD_DAYS ? GRADE_BAD : days <= WARN_DAYS ? GRADE_WARN : GRADE_OK,
	    say("còn %s, mỗi ngày %s: đủ khoảng %llu ngày nữa",
	    "%s left, %s a day: about %llu more days"), size, per_day, (unsigned long long)days);
	if (f->grade == GRADE_OK && (int64_t)((room + c.bytes) / rate) < longest_days(d->conf)) {
		f->grade = days < 30 ? GRADE_WARN : GRADE_OK;
		finding_why(f, say("ổ đĩa này giữ được %llu ngày, ít hơn thời hạn lưu đã đặt",
		    "this disk holds %llu days, less than is to be kept"),
		    (unsigned long long)((room + c.bytes) / rate));
	}
	if (f->grade != GRADE_OK)
		finding_todo(f, "%s", say("thêm ổ đĩa, đặt store: cold, hoặc rút ngắn classes: "
		    "days",
		    "add a disk, set store: cold, or shorten classes: days"));
}

static void
disk_check(const struct doctor *d, struct finding *f)
{
	uint64_t free_bytes = 0, total = 0, reserve = (uint64_t)d->conf->reserve_bytes;
	char size[32], kept[32];
	struct why why;

	if (unreachable(d, f))
		return;
	if (disk_free(d->state_fd, &free_bytes, &total, &why) != OK) {
		finding_set(f, GRADE_SKIP, "%s", why.text);
		return;
	}
	finding_size(size, free_bytes);
	finding_size(kept, reserve);
	if (free_bytes > reserve) {
		disk_lasts(d, f, free_bytes - reserve, size);
		return;
	}
	finding_set(f, GRADE_BAD, say("chỉ còn %s, phần dự trữ là %s",
	    "only %s left, the reserve is %s"), size, kept);
	finding_why(f, "%s", say("bản ghi mới bị từ chối (có đếm), hoặc bản ghi cũ bị xóa sớm, "
	    "theo "
	    "classes: full", "new records are refused (and counted), or old ones go early, as "
	    "classes: full says"));
	finding_todo(f, "%s", say("dọn hoặc thêm ổ đĩa; nếu ổ nhỏ thì giảm store: reserve",
	    "clear or add a disk; on a small one lower store: reserve"));
}

/* ---- the cold folder ---- */

/* It is configured and was never taken into use. */
static void
cold_unused(const struct doctor *d, struct finding *f)
{
	int fd = -1;

	if (dir_open(&fd, AT_FDCWD, d->conf->cold, NULL) == OK) {
		finding_set(f, GRADE_WARN, say("%s chưa được dùng", "%s is not in use yet"),
		    d->conf->cold);
		finding_todo(f, say("với systemd, thêm ReadWritePaths=-%s (sudo systemctl edit "
		    "trucban), rồi khởi động lại bàn trực", "under systemd add "
		    "ReadWritePaths=-%s (sudo systemctl edit trucban), then restart the desk"),
		    d->conf->cold);
	} else {
		finding_set(f, GRADE_BAD, say("không vào được %s", "%s cannot be entered"),
		    d->conf->cold);
		finding_todo(f, "sudo install -d -m 0700 -o '%s' '%s'",
		    d->conf->user[0] != '\0' ? d->conf->user : name_of(geteuid()), d->conf->cold);
	}
	file_close(&fd);
}

static void
cold_away(struct finding *f, const struct why *why)
{
	finding_set(f, GRADE_BAD, "%s", why->text);
	finding_why(f, "%s", say("tìm kiếm trong các ngày đã chuyển sang đó báo lỗi; bản ghi mới "
	    "vẫn được nhận", "searches of the days that are there fail; new records are taken"));
	finding_todo(f, "%s", say("gắn lại ổ đĩa, rồi: sudo systemctl reload trucban",
	    "mount its disk, then: sudo systemctl reload trucban"));
}

static void
cold_room(const struct doctor *d, struct finding *f, const char *path)
{
	uint64_t free_bytes = 0, total = 0;
	struct stat own = { 0 }, cold = { 0 };
	char size[32];
	int fd = -1;

	if (dir_open(&fd, d->state_fd, COLD_SEGMENTS, NULL) == OK)
		(void)disk_free(fd, &free_bytes, &total, NULL);
	finding_size(size, free_bytes);
	finding_set(f, GRADE_OK, say("%s, còn %s", "%s, %s left"), path, size);
	if (fd >= 0 && fstat(fd, &cold) == 0 && fstat(d->state_fd, &own) == 0 &&
	    cold.st_uid != own.st_uid) {
		f->grade = GRADE_BAD;
		finding_why(f, say("thư mục này không thuộc về %s", "it does not belong to %s"),
		    name_of(own.st_uid));
		finding_todo(f, "sudo chown -R '%s' '%s'", name_of(own.st_uid), path);
	} else if (cold.st_dev == own.st_dev) {
		f->grade = GRADE_WARN;
		finding_why(f, "%s", say("nó nằm cùng ổ đĩa với kho, nên không thêm được chỗ",
		    "it is on the same disk as the store, so it makes no room"));
		finding_todo(f, "%s", say("kiểm tra xem ổ đĩa kia đã được gắn chưa (findmnt)",
		    "see whether the other disk is mounted (findmnt)"));
	} else if (free_bytes < COLD_ROOM) {
		f->grade = GRADE_WARN;
		finding_todo(f, "%s", say("dọn hoặc thêm ổ đĩa; các ngày cũ ở lại ổ của kho",
		    "clear or enlarge it; until then old days stay on the store's disk"));
	}
	file_close(&fd);
}

static void
cold_check(const struct doctor *d, struct finding *f)
{
	const char *want = d->conf->cold;
	uint8_t id[COLD_STORE_ID];
	char path[COLD_PATH] = "";
	struct why why = { "" };
	enum err rc;

	if (unreachable(d, f))
		return;
	if (cold_path(path, d->state_fd, NULL) != OK) {
		if (want[0] != '\0')
			cold_unused(d, f);
		else
			finding_set(f, GRADE_OK, "%s", say("không dùng", "none"));
		return;
	}
	store_id_of(id, d->keys.origin);
	rc = d->keys_rc == OK ? cold_look(d->state_fd, id, &why) : cold_there(d->state_fd, &why);
	if (rc != OK) {
		cold_away(f, &why);
	} else if (want[0] != '\0' && strcmp(want, path) != 0) {
		finding_set(f, GRADE_WARN, say("kho đang dùng %s, cấu hình ghi %s",
		    "the store uses %s, the configuration names %s"), path, want);
		finding_todo(f, say("dừng bàn trực, chép %s sang %s, rồi chạy lại",
		    "stop the desk, copy %s to %s, and start it again"), path, want);
	} else {
		cold_room(d, f, path);
	}
}

/* ---- what was set aside, what is outside ---- */

struct names {
	unsigned n;
	struct buf text;
};

static enum err
name_take(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct names *names = arg;

	(void)why;
	if (names->n++ < NAMES_SHOWN)
		buf_printf(&names->text, "%s%s", names->n > 1 ? ", " : "", entry->name);
	return OK;
}

static void
quarantine_check(const struct doctor *d, struct finding *f)
{
	struct names names = { 0 };
	int fd = -1;

	if (unreachable(d, f))
		return;
	if (dir_open(&fd, d->state_fd, "quarantine", NULL) == OK)
		(void)dir_each(fd, name_take, &names, NULL);
	file_close(&fd);
	if (names.n == 0) {
		finding_set(f, GRADE_OK, "%s", say("trống", "empty"));
	} else {
		finding_set(f, GRADE_WARN, say("%u tệp: %.*s", "%u files: %.*s"), names.n,
		    (int)names.text.n, (char *)names.text.p);
		finding_why(f, "%s", say("dữ liệu đã làm hỏng một tiến trình hai lần, được giữ "
		    "riêng",
		    "data that broke a role twice, kept apart"));
		finding_todo(f, say("giữ nguyên %s/quarantine và báo người phát triển (tệp chứa "
		    "bản ghi)",
		    "keep %s/quarantine and tell the developers (the files hold records)"),
		    d->state);
	}
	buf_done(&names.text);
}

static void
anchor_check(const struct doctor *d, struct finding *f)
{
	if (d->conf->nanchor > 0) {
		finding_set(f, GRADE_OK, say("%u nơi giữ mốc niêm phong ngoài máy này",
		    "%u places outside of this machine get checkpoints"), d->conf->nanchor);
		return;
	}
	finding_set(f, GRADE_WARN, "%s", say("không có nơi nào ngoài máy này giữ mốc niêm phong",
	    "nobody outside of this machine holds a checkpoint"));
	finding_why(f, "%s", say("nếu quản trị của máy này thay cả kho bằng bản cũ hoặc niêm phong "
	    "lại, "
	    "không ai biết được", "if the whole store is swapped for an older copy, or sealed "
	    "again by "
	    "who is root here, nobody can tell"));
	finding_todo(f, "%s", say("đặt seal: anchor trong cấu hình, hoặc chép mốc niêm phong ra "
	    "giấy "
	    "hằng ngày", "set seal: anchor in the configuration, or copy the checkpoint's code to "
	    "paper "
	    "every day"));
}

static void
holds_check(const struct doctor *d, struct finding *f)
{
	uint64_t free_bytes = UINT64_MAX, total = 0;
	struct contents c;
	size_t n = 0;
	char size[32];

	if (d->store == NULL) {
		finding_set(f, GRADE_SKIP, "%s", say("chưa mở được kho", "the store is not open"));
		return;
	}
	while (store_hold(d->store, n) != NULL)
		n++;
	if (n == 0) {
		finding_set(f, GRADE_OK, "%s", say("không có lệnh giữ nguyên hiện trạng",
		    "no legal hold is in force"));
		return;
	}
	c = contents_held(d->store, NULL);
	finding_size(size, c.bytes);
	(void)disk_free(d->state_fd, &free_bytes, &total, NULL);
	finding_set(f, free_bytes < (uint64_t)d->conf->reserve_bytes ? GRADE_WARN : GRADE_OK,
	    say("%zu lệnh giữ nguyên hiện trạng, giữ %s", "%zu in force, they hold %s"), n, size);
	if (f->grade == GRADE_OK)
		return;
	finding_why(f, "%s", say("đĩa đầy mà phần này không được xóa: bản ghi mới bị từ chối hoặc "
	    "phải chờ, theo classes: full", "the disk is full and this may not go: new records are "
	    "refused or wait, by classes: full"));
	finding_todo(f, "%s", say("thêm ổ đĩa, hoặc thôi giữ khi vụ việc đã xong: "
	    "trucban hold list", "add a disk, or release what is over: trucban hold list"));
}

const struct check_row doctor_store[] = {
	{ "state", "thư mục kho", "store's directory", state_check },
	{ "keys", "khóa", "keys", keys_check },
	{ "encryption", "mã hóa", "encryption", encryption_check },
	{ "store", "kho nhật ký", "store", store_check },
	{ "disk", "ổ đĩa", "disk", disk_check },
	{ "holds", "giữ nguyên hiện trạng", "legal holds", holds_check },
	{ "cold", "ổ lưu ngày cũ", "cold folder", cold_check },
	{ "quarantine", "khu cách ly", "quarantine", quarantine_check },
	{ "anchors", "mốc ngoài máy", "anchors", anchor_check },
	{ NULL, NULL, NULL, NULL },
};
