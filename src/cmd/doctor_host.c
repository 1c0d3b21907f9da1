/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the machine: kernel, clock, zone, limits. See doctor.h. */
#include "cmd/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <time.h>

#include "base/limits.h"
#include "sys/clock.h"
#include "sys/sandbox.h"
#include "cmd/cmd.h"

enum {
	UDP_BYTES = 16 << 20,		/* what the parent asks for each udp socket */
	FILES_WANTED = LIMIT_CONNECTIONS + 256,
	ERROR_MAX_US = 1000000		/* a clock further off puts stamps into the wrong second */
};

/* Landlock and seccomp: what a broken role can reach. */
static void
kernel_check(const struct doctor *d, struct finding *f)
{
	struct sandbox_state state = { .missing = "" };

	(void)d;
	sandbox_probe(&state);
	if (state.missing[0] == '\0') {
		finding_set(f, GRADE_OK, say("Landlock phiên bản %d, seccomp",
		    "Landlock version %d, seccomp"), state.landlock_abi);
		return;
	}
	finding_set(f, GRADE_WARN, "%s", state.missing);
	finding_why(f, "%s", say("nếu một tiến trình bị chiếm quyền, nó chạm tới được nhiều hơn "
	    "mức cần",
	    "a role that is taken over can reach more than it needs"));
	finding_todo(f, "%s", say("dùng nhân Linux từ 5.13, thêm landlock vào tham số khởi động "
	    "lsm=",
	    "use Linux 5.13 or later, with landlock among the boot parameter lsm="));
}

static void
clock_check(const struct doctor *d, struct finding *f)
{
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);

	(void)d;
	if (state < 0) {
		finding_set(f, GRADE_SKIP, say("không hỏi được nhân: lỗi %d",
		    "the kernel does not say: error %d"), errno);
	} else if (state == TIME_ERROR || (t.status & STA_UNSYNC) != 0 ||
	    t.maxerror > ERROR_MAX_US) {
		finding_set(f, GRADE_WARN, "%s", say("đồng hồ chưa được đồng bộ",
		    "the clock is not synchronised"));
		finding_why(f, "%s", say("thời điểm trong nhật ký sẽ lệch, khó đối chiếu với máy "
		    "khác và "
		    "khó làm chứng cứ", "stamps will be off: hard to compare with other machines, "
		    "hard to "
		    "use as evidence"));
		finding_todo(f, "%s", say("sudo timedatectl set-ntp true; không có Internet: ghi "
		    "máy chủ giờ của cơ quan vào NTP= trong /etc/systemd/timesyncd.conf (hoặc "
		    "dùng chrony)", "sudo timedatectl set-ntp true; without Internet: name the "
		    "office's time server in NTP= of /etc/systemd/timesyncd.conf (or use chrony)"));
	} else {
		finding_set(f, GRADE_OK, say("đã đồng bộ, sai số nhiều nhất %ld ms",
		    "synchronised, at most %ld ms off"), t.maxerror / 1000);
	}
}

static void
zone_check(const struct doctor *d, struct finding *f)
{
	time_t now = (time_t)(clock_wall_ns() / 1000000000);
	long want = (long)d->conf->zone_minutes, have;
	struct tm tm = { .tm_gmtoff = 0 };

	if (localtime_r(&now, &tm) == NULL) {
		finding_set(f, GRADE_SKIP, "%s", say("không hỏi được hệ thống",
		    "the system does not say"));
		return;
	}
	have = tm.tm_gmtoff / 60;
	finding_set(f, have == want ? GRADE_OK : GRADE_WARN,
	    say("của cơ quan %+03ld:%02ld, của máy này %+03ld:%02ld",
	    "of the office %+03ld:%02ld, of this machine %+03ld:%02ld"), want / 60, labs(want % 60),
	    have / 60, labs(have % 60));
	if (have == want)
		return;
	finding_why(f, "%s", say("nhật ký kiểu cũ (RFC 3164) không ghi múi giờ, được hiểu theo giờ "
	    "của "
	    "cơ quan", "old logs (RFC 3164) name no zone and are read in the office's"));
	finding_todo(f, "%s", say("sudo timedatectl set-timezone Asia/Ho_Chi_Minh, hoặc sửa zone "
	    "trong "
	    "cấu hình", "sudo timedatectl set-timezone Asia/Ho_Chi_Minh, or set zone in the "
	    "configuration"));
}

static void
files_check(const struct doctor *d, struct finding *f)
{
	struct rlimit limit = { 0, 0 };

	(void)d;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	finding_set(f, limit.rlim_max >= FILES_WANTED ? GRADE_OK : GRADE_WARN,
	    say("nhiều nhất %llu tệp mở cùng lúc", "at most %llu files open at once"),
	    (unsigned long long)limit.rlim_max);
	if (limit.rlim_max >= FILES_WANTED)
		return;
	finding_why(f, say("chỉ nhận được chừng ấy kết nối (thiết kế: %d)",
	    "no more connections than that (made for %d)"), LIMIT_CONNECTIONS);
	finding_todo(f, "%s", say("đặt LimitNOFILE=65536 trong trucban.service",
	    "set LimitNOFILE=65536 in trucban.service"));
}

static bool
has_udp(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->nlistener; i++)
		if (conf->listener[i].kind == CONF_UDP)
			return true;
	return false;
}

static void
udp_check(const struct doctor *d, struct finding *f)
{
	FILE *file = fopen("/proc/sys/net/core/rmem_max", "re");
	char line[32] = "";
	long long have;

	if (file == NULL || fgets(line, sizeof line, file) == NULL) {
		finding_set(f, GRADE_SKIP, "%s", say("không hỏi được nhân",
		    "the kernel does not say"));
	} else {
		have = strtoll(line, NULL, 10);
		finding_set(f, have >= UDP_BYTES || !has_udp(d->conf) ? GRADE_OK : GRADE_WARN,
		    say("nhiều nhất %lld KB cho một cổng UDP", "at most %lld KB for one UDP port"),
		    have / 1024);
	}
	if (file != NULL)
		(void)fclose(file);
	if (f->grade != GRADE_WARN)
		return;
	finding_why(f, "%s", say("khi có nhiều nhật ký cùng lúc, nhân bỏ bớt gói UDP (có đếm)",
	    "when many records come at once the kernel drops UDP packets (they are counted)"));
	finding_todo(f, "echo net.core.rmem_max=%d | sudo tee /etc/sysctl.d/90-trucban.conf && "
	    "sudo sysctl --system", UDP_BYTES);
}

const struct check_row doctor_host[] = {
	{ "kernel", "nhân hệ điều hành", "kernel", kernel_check },
	{ "clock", "đồng hồ", "clock", clock_check },
	{ "zone", "múi giờ", "time zone", zone_check },
	{ "files", "số tệp mở", "open files", files_check },
	{ "udp", "bộ đệm UDP", "UDP buffer", udp_check },
	{ NULL, NULL, NULL, NULL },
};
