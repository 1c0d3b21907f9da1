/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a relay is doing, in the order in which one asks: does it reach its desk, what waits, how
 * long is there room for it, what was lost.
 */
#include "cmd/status_relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/file.h"
#include "role/pace.h"
#include "role/trouble.h"
#include "cmd/cmd.h"
#include "cmd/figures.h"
#include "cmd/samples.h"

enum { FILE_BYTES = 64 << 10, STALE_S = 10 };

bool
status_relay_read(struct buf *out, const char *state)
{
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/spool/status", state);
	return file_read_named(path, FILE_BYTES, out, NULL) == OK;
}

bool
status_relay_to(char to[CONF_PATH], const char *state, const struct conf *conf)
{
	struct conf *usual = NULL;
	struct buf text = { 0 };
	bool is = conf != NULL && conf_forwards(conf);

	if (is) {
		(void)snprintf(to, CONF_PATH, "%s", conf->forward_to);
	} else if (status_relay_read(&text, state)) {
		struct span said = samples_word(buf_span(&text), "relay_info");

		(void)snprintf(to, CONF_PATH, "%.*s", (int)said.n, (const char *)said.p);
		is = true;
	} else if (conf == NULL && file_read_named(CONF_DEFAULT, CONF_BYTES_MAX, &text, NULL) ==
	    OK) {
		usual = xcalloc(1, sizeof *usual);
		is = conf_parse(usual, buf_span(&text), NULL) == OK && conf_forwards(usual) &&
		    strcmp(usual->state, state) == 0;
		(void)snprintf(to, CONF_PATH, "%s", usual->forward_to);
	}
	buf_done(&text);
	free(usual);
	return is;
}

enum err
status_relay_instead(enum err rc, const char *state, const struct conf *conf, struct why *why)
{
	char to[CONF_PATH];

	if (rc == OK || !status_relay_to(to, state, conf))
		return rc;
	return why_set(why, ERR_IO, say("đây là trạm chuyển tiếp, không có kho và không làm việc "
	    "này được: hãy làm ở bàn trực %s", "this is a relay, which has no store and cannot do "
	    "this: do it at the desk %s"), to);
}

/* As the office's clocks show it. */
static const char *
time_text(char at[CIVIL_TEXT_BYTES + 1], struct span text, const char *metric)
{
	at[civil_put((uint8_t *)at, (int64_t)samples_sum(text, metric, NULL) * CIVIL_SECOND_NS, 0,
	    (int32_t)samples_sum(text, "relay_zone_seconds", NULL))] = '\0';
	return at;
}

/* ---- what is the matter ---- */

static const struct trouble_row *
row_of(struct span text)
{
	return trouble_row(trouble_named(samples_word(text, "relay_trouble")));
}

void
status_relay_trouble(struct buf *out, struct span text)
{
	const struct trouble_row *row = row_of(text);
	const struct sample said = samples_first(text, "relay_trouble");
	struct span words = sample_value(&said, "text");

	buf_str(out, say(row->vi, row->en));
	if (words.n > 0)
		buf_printf(out, " (%.*s)", (int)words.n, (const char *)words.p);
}

void
status_relay_todo(struct buf *out, struct span text)
{
	const struct trouble_row *row = row_of(text);
	const struct sample info = samples_first(text, "relay_info");

	trouble_todo(out, say(row->do_vi, row->do_en), sample_value(&info, "name"),
	    sample_value(&info, "to"));
}

static void
room_put(struct buf *out, struct span text)
{
	double lasts = samples_sum(text, "relay_spool_lasts_seconds", NULL);

	if (lasts >= 0)
		buf_printf(out, say("còn chỗ cho khoảng %s giờ nếu không gửi được",
		    "room for about %s hours without the desk"), figure_tenths(lasts / 3600));
	else if (lasts > PACE_NEW)
		buf_str(out, say("còn chỗ, hàng chờ không đầy thêm",
		    "there is room, the spool does not grow"));
	else
		buf_str(out, say("chưa biết còn chỗ được bao lâu, phải đo vài phút",
		    "not known yet for how long there is room, that takes some minutes"));
}

void
status_relay_keeps(struct buf *out, struct span text)
{
	buf_printf(out, say("hàng chờ ở máy này vẫn giữ những gì gửi đến: %s bản ghi, ",
	    "the spool here keeps what comes meanwhile: %s records, "),
	    figure_count(samples_sum(text, "relay_waiting_rows", NULL)));
	room_put(out, text);
}

static void
trouble_tell(struct span text, const char *since)
{
	struct span to = samples_word(text, "relay_info");
	struct buf what = { 0 }, todo = { 0 }, keeps = { 0 };

	status_relay_trouble(&what, text);
	status_relay_todo(&todo, text);
	status_relay_keeps(&keeps, text);
	(void)printf(say("✗ không gửi được về bàn trực %.*s từ %s: %.*s\n",
	    "✗ does not reach the desk %.*s since %s: %.*s\n"), (int)to.n, (const char *)to.p,
	    since, (int)what.n, (const char *)what.p);
	if (todo.n > 0)
		(void)printf("    → %.*s\n", (int)todo.n, (const char *)todo.p);
	(void)printf("    %.*s\n", (int)keeps.n, (const char *)keeps.p);
	buf_done(&what);
	buf_done(&todo);
	buf_done(&keeps);
}

static bool
line_tell(struct span text)
{
	struct span to = samples_word(text, "relay_info");
	bool connected = samples_sum(text, "relay_connected", NULL) > 0;
	double updated = samples_sum(text, "relay_updated_time_seconds", NULL);
	char at[CIVIL_TEXT_BYTES + 1];

	if ((double)time(NULL) - updated > STALE_S) {
		(void)printf(say("✗ trạm chuyển tiếp không chạy từ %s\n    → sudo systemctl start "
		    "trucban\n", "✗ the relay has not run since %s\n    → sudo systemctl start "
		    "trucban\n"), time_text(at, text, "relay_updated_time_seconds"));
		return false;
	}
	(void)time_text(at, text, "relay_since_time_seconds");
	if (connected)
		(void)printf(say("✓ đang gửi về bàn trực %.*s, nối từ %s\n",
		    "✓ sends to the desk %.*s, connected since %s\n"), (int)to.n,
		    (const char *)to.p, at);
	else
		trouble_tell(text, at);
	return connected;
}

/* ---- the rest ---- */

static void
figures_tell(struct span text)
{
	double limit = samples_sum(text, "relay_spool_limit_bytes", NULL);
	struct buf room = { 0 };

	(void)printf(say("  nhận        %s bản ghi từ khi khởi động\n",
	    "  received    %s records since the start\n"),
	    figure_count(samples_sum(text, "relay_rows_taken_total", NULL)));
	(void)printf(say("  đã gửi      %s bản ghi, %s MB nén từ %s MB\n",
	    "  sent        %s records, %s MB packed of %s MB\n"),
	    figure_count(samples_sum(text, "relay_rows_sent_total", NULL)),
	    figure_tenths(samples_sum(text, "relay_bytes_sent_total", NULL) / 1e6),
	    figure_tenths(samples_sum(text, "relay_plain_bytes_sent_total", NULL) / 1e6));
	(void)printf(say("  đang chờ    %s bản ghi; hàng chờ chiếm %s MB trên %s MB\n",
	    "  waiting     %s records; the spool has %s MB of %s MB\n"),
	    figure_count(samples_sum(text, "relay_waiting_rows", NULL)),
	    figure_tenths(samples_sum(text, "relay_spool_bytes", NULL) / 1e6),
	    figure_tenths(limit / 1e6));
	room_put(&room, text);
	(void)printf(say("  hàng chờ    %.*s\n", "  spool       %.*s\n"), (int)room.n,
	    (const char *)room.p);
	buf_done(&room);
}

static bool
losses_tell(struct span text)
{
	bool good = true;
	struct sample s;

	if (samples_sum(text, "relay_spool_full", NULL) > 0) {
		good = false;
		(void)puts(say("✗ hàng chờ đã đầy: máy gửi phải đợi, gói UDP có thể bị mất",
		    "✗ the spool is full: senders wait, datagrams may be lost"));
	}
	while (samples_next(&text, &s)) {
		if (!span_is(s.name, "relay_lost_total") || s.n == 0)
			continue;
		good = false;
		(void)printf("! %s %.*s\n", figure_count(s.n), (int)s.value.n,
		    (const char *)s.value.p);
	}
	if (good)
		(void)puts(say("✓ không mất, không từ chối, không cắt bản ghi nào",
		    "✓ no record was lost, refused or cut"));
	return good;
}

int
status_relay_tell(struct span text)
{
	bool good = line_tell(text);

	figures_tell(text);
	good &= losses_tell(text);
	return good ? EXIT_DONE : EXIT_FOUND;
}
