/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a relay, which has no store: does it run, does its desk answer, is there room. */
#include "cmd/doctor.h"

#include <stdio.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/figures.h"
#include "cmd/samples.h"
#include "cmd/status_relay.h"

enum { STALE_S = 10, ROOM_S = 3600 };

/* What the relay said last; false: it does not run, which is said. */
static bool
status_take(const struct doctor *d, struct buf *text, struct finding *f)
{
	if (status_relay_read(text, d->state) && (double)time(NULL) -
	    samples_sum(buf_span(text), "relay_updated_time_seconds", NULL) <= STALE_S)
		return true;
	finding_set(f, GRADE_WARN, "%s", say("không chạy", "does not run"));
	finding_why(f, "%s", say("máy gửi không có chỗ gửi tới", "senders have nowhere to send"));
	finding_todo(f, "sudo systemctl start trucban");
	return false;
}

static void
line_check(const struct doctor *d, struct finding *f)
{
	struct buf text = { 0 }, what = { 0 }, keeps = { 0 }, todo = { 0 };

	if (!status_take(d, &text, f)) {
		buf_done(&text);
		return;
	}
	if (samples_sum(buf_span(&text), "relay_connected", NULL) > 0) {
		finding_set(f, GRADE_OK, say("%s trả lời", "%s answers"), d->conf->forward_to);
	} else {
		status_relay_trouble(&what, buf_span(&text));
		status_relay_keeps(&keeps, buf_span(&text));
		status_relay_todo(&todo, buf_span(&text));
		finding_set(f, GRADE_BAD, "%.*s", (int)what.n, (const char *)what.p);
		finding_why(f, "%.*s", (int)keeps.n, (const char *)keeps.p);
		finding_todo(f, "%.*s", (int)todo.n, (const char *)todo.p);
	}
	buf_done(&text);
	buf_done(&what);
	buf_done(&keeps);
	buf_done(&todo);
}

static void
spool_check(const struct doctor *d, struct finding *f)
{
	struct buf text = { 0 };
	double rows, lasts;
	char size[32], most[32];

	if (!status_relay_read(&text, d->state)) {
		finding_set(f, GRADE_SKIP, "%s", say("chưa có", "there is none yet"));
		return;
	}
	rows = samples_sum(buf_span(&text), "relay_waiting_rows", NULL);
	lasts = samples_sum(buf_span(&text), "relay_spool_lasts_seconds", NULL);
	finding_size(size, (uint64_t)samples_sum(buf_span(&text), "relay_spool_bytes", NULL));
	finding_size(most, (uint64_t)d->conf->forward_spool_bytes);
	finding_set(f, GRADE_OK, say("%s bản ghi đang chờ, %s trên %s",
	    "%s records wait, %s of %s"), figure_count(rows), size, most);
	if (samples_sum(buf_span(&text), "relay_spool_full", NULL) > 0)
		f->grade = GRADE_BAD;
	else if (lasts >= 0 && lasts < ROOM_S)
		f->grade = GRADE_WARN;
	if (f->grade != GRADE_OK) {
		finding_why(f, "%s", say("khi đầy, máy gửi phải đợi và gói UDP bị mất",
		    "when it is full, senders wait and datagrams are lost"));
		finding_todo(f, "%s", say("tăng forward: spool trong cấu hình, hoặc sửa đường "
		    "truyền", "raise forward: spool in the configuration, or mend the line"));
	}
	buf_done(&text);
}

const struct check_row doctor_relay[] = {
	{ "config", "cấu hình", "configuration", doctor_conf },
	{ "user", "người dùng chạy trạm chuyển tiếp", "user", doctor_user },
	{ "line", "đường về bàn trực", "line to the desk", line_check },
	{ "spool", "hàng chờ trên đĩa", "spool", spool_check },
	{ "certificates", "chứng thư, mã truy cập", "certificates, tokens", doctor_tls },
	{ "logs", "nhật ký của máy này", "this machine's logs", doctor_logs },
	{ NULL, NULL, NULL, NULL },
};
