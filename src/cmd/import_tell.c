/* SPDX-License-Identifier: Apache-2.0 */
/* What `trucban import` says: each file's line, progress, the sum; or all of it as JSON. */
#include "cmd/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "sys/clock.h"
#include "parse/parse.h"
#include "web/render.h"
#include "cmd/cmd.h"
#include "cmd/reason.h"

enum { SAID_MOST = 100 };		/* lines of one archive; what failed is always said */

static const int64_t show_ns = 200000000;

/* A name that somebody else chose, on a terminal. */
static void
name_put(struct buf *out, const char *name)
{
	render_safe(out, span_str(name), false);
}

static void
json_put(struct buf *out, const char *name, struct span value)
{
	buf_printf(out, "\"%s\":\"", name);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] == '"' || value.p[i] == '\\' ||
		    value.p[i] == 0x7f)
			buf_printf(out, "\\u%04x", value.p[i]);
		else
			buf_u8(out, value.p[i]);
	buf_str(out, "\",");
}

static void
line_print(struct run *run, FILE *to, struct buf *line)
{
	tell_progress_end(run);
	buf_u8(line, '\n');
	(void)fwrite(line->p, 1, line->n, to);
	(void)fflush(to);
	buf_done(line);
}

void
tell_said(struct run *run, const struct sent *sent, const struct import_said *said)
{
	uint8_t stamp[CIVIL_TEXT_BYTES];
	struct buf line = { 0 };
	size_t n;

	if (run->json || ++run->said > SAID_MOST)
		return;
	name_put(&line, sent->name);
	buf_printf(&line, say(": đọc theo dạng %s", ": read as %s"), parse_form_name(said->form));
	if (sent->coding != UTF16_NOT)
		buf_printf(&line, say(", đổi từ %s sang UTF-8", ", decoded from %s to UTF-8"),
		    utf16_name((enum utf16_order)sent->coding));
	if (said->yearless && said->near_ns != 0) {
		n = civil_put(stamp, said->near_ns, 0, 0);
		buf_printf(&line, say("; dấu giờ không ghi năm: lấy năm trước ngày của tệp, %.*s",
		    "; its stamps name no year: taken to lie in the year before the file's time, "
		    "%.*s"), (int)(n < 10 ? n : 10), (const char *)stamp);
	}
	line_print(run, stdout, &line);
}

static void
json_done(struct run *run, const struct sent *sent, const struct import_done *d, const char *why)
{
	struct buf line = { 0 };

	buf_u8(&line, '{');
	json_put(&line, "file", span_str(sent->name));
	json_put(&line, "result", span_str(why[0] == '\0' ? "done" : "failed"));
	json_put(&line, "why", span_str(why));
	json_put(&line, "coding", span_str(sent->coding != UTF16_NOT ?
	    utf16_name((enum utf16_order)sent->coding) : ""));
	buf_printf(&line, "\"replaced\":%" PRIu64 ",\"octets_left\":%u,", sent->replaced,
	    sent->left);
	buf_printf(&line, "\"octets\":%" PRIu64 ",\"known_octets\":%" PRIu64 ",\"records\":%"
	    PRIu64 ",\"unparsed\":%" PRIu64 ",\"empty\":%" PRIu64 ",\"cut\":%" PRIu64
	    ",\"octets_cut\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"blake2b256\":\"", d->bytes,
	    d->known_bytes, d->rows, d->unparsed, d->empty, d->cut, d->cut_bytes, d->refused);
	for (size_t i = 0; i < sizeof d->digest.b; i++)
		buf_printf(&line, "%02x", d->digest.b[i]);
	buf_str(&line, "\"}");
	line_print(run, stdout, &line);
}

static void
coding_put(struct buf *line, const struct sent *sent)
{
	if (sent->replaced > 0)
		buf_printf(line, say(", %" PRIu64 " nửa ký tự lẻ thay bằng U+FFFD", ", %" PRIu64
		    " halves of characters became U+FFFD"), sent->replaced);
	if (sent->left > 0)
		buf_printf(line, say(", %u byte cuối chưa đủ một ký tự, chưa nhập",
		    ", %u octets at the end are no whole character and are left out"),
		    sent->left);
}

static void
text_done(struct run *run, const struct sent *sent, const struct import_done *d, const char *why)
{
	struct buf line = { 0 };

	name_put(&line, sent->name);
	buf_printf(&line, say(": %" PRIu64 " bản ghi, %" PRIu64 " byte", ": %" PRIu64
	    " records, %" PRIu64 " octets"), d->rows, d->bytes);
	if (d->known_bytes > 0)
		buf_printf(&line, say(", %" PRIu64 " byte đã có từ trước", ", %" PRIu64
		    " octets were there already"), d->known_bytes);
	if (d->unparsed > 0)
		buf_printf(&line, say(", %" PRIu64 " không hiểu được (giữ nguyên)", ", %" PRIu64
		    " not understood (kept whole)"), d->unparsed);
	if (d->cut > 0)
		buf_printf(&line, say(", %" PRIu64 " bị cắt (mất %" PRIu64 " byte)", ", %" PRIu64
		    " cut (%" PRIu64 " octets lost)"), d->cut, d->cut_bytes);
	if (d->refused > 0)
		buf_printf(&line, say(", %" PRIu64 " bị từ chối", ", %" PRIu64 " refused"),
		    d->refused);
	coding_put(&line, sent);
	if (why[0] != '\0') {
		buf_str(&line, ": ");
		name_put(&line, why);
	}
	line_print(run, why[0] != '\0' ? stderr : stdout, &line);
}

void
tell_part(struct run *run, const struct import_done *d)
{
	run->rows += d->rows;
	run->unparsed += d->unparsed;
	run->cut += d->cut;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/* What a library says of a broken file is known to nobody but itself; our own words have marks. */
static void
trouble_put(struct buf *out, const char *text)
{
	struct buf said = { 0 };

	if (text[0] != '\0' && out->n > 0)
		buf_str(out, "; ");
	if (reason_put(&said, text) || !is_ascii(text))
		buf_span_put(out, buf_span(&said));
	else
		buf_printf(out, "không đọc được, thư viện giải nén báo \"%s\"; lấy lại tệp này từ "
		    "nơi gốc rồi nhập lại", text);
	buf_done(&said);
}

void
tell_done(struct run *run, const struct sent *sent, const struct import_done *d)
{
	char text[512];
	struct buf said = { 0 };
	const char *why;

	(void)snprintf(text, sizeof text, "%.*s", (int)(d->text.n < 500 ? d->text.n : 500),
	    d->text.n > 0 ? (const char *)d->text.p : "");
	trouble_put(&said, sent->trouble.text);
	trouble_put(&said, text);
	buf_u8(&said, '\0');
	why = (const char *)said.p;
	run->files++;
	run->failed += why[0] != '\0';
	run->bytes += d->bytes;
	run->known_bytes += d->known_bytes;
	run->rows += d->rows;
	run->unparsed += d->unparsed;
	run->cut += d->cut;
	run->refused += d->refused;
	if (run->json)
		json_done(run, sent, d, why);
	else if (why[0] != '\0' || run->said <= SAID_MOST)
		text_done(run, sent, d, why);
	buf_done(&said);
}

void
tell_failed(struct run *run, const char *name, const char *why)
{
	const struct import_done none = { .err = ERR_IO };
	struct sent sent = { .name = (char *)(uintptr_t)name };

	(void)why_set(&sent.trouble, ERR_IO, "%s", why);
	tell_done(run, &sent, &none);
}

/* ---- progress ---- */

void
tell_progress_end(struct run *run)
{
	if (!run->progress || run->shown_ns == 0)
		return;
	run->shown_ns = 0;
	(void)fputs("\r\033[K", stderr);
}

void
tell_progress(struct run *run, const char *name)
{
	int64_t now = clock_mono_ns();
	uint64_t at = run->before + run->at;
	double s = (double)(now - run->begin_ns) / 1e9, rate = (double)at / (s > 0 ? s : 1);
	struct buf safe = { 0 };
	int64_t left_s;

	if (!run->progress || now - run->shown_ns < show_ns)
		return;
	run->shown_ns = now;
	left_s = rate > 0 && run->total > at ? (int64_t)((double)(run->total - at) / rate) : 0;
	name_put(&safe, name);
	(void)fprintf(stderr, say("\r\033[K%.*s  %.0f%%  %.1f MB/s  còn %" PRId64 ":%02d",
	    "\r\033[K%.*s  %.0f%%  %.1f MB/s  %" PRId64 ":%02d left"), (int)(safe.n < 40 ? safe.n :
	    40), (const char *)safe.p, run->total > 0 ? 100.0 * (double)at / (double)run->total :
	    100.0, rate / 1e6, left_s / 60, (int)(left_s % 60));
	buf_done(&safe);
}

void
tell_sum(const struct run *run)
{
	double s = (double)(clock_mono_ns() - run->begin_ns) / 1e9;

	if (run->json) {
		(void)printf("{\"files\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"octets\":%" PRIu64
		    ",\"known_octets\":%" PRIu64 ",\"records\":%" PRIu64 ",\"unparsed\":%" PRIu64
		    ",\"cut\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"stopped\":%s,"
		    "\"seconds\":%.3f}\n",
		    run->files, run->failed, run->bytes, run->known_bytes, run->rows,
		    run->unparsed, run->cut, run->refused, *run->cancelled ? "true" : "false", s);
		return;
	}
	(void)printf(say("%" PRIu64 " bản ghi mới từ %" PRIu64 " tệp, %" PRIu64 " tệp có lỗi, "
	    "%.1f giây\n", "%" PRIu64 " new records from %" PRIu64 " files, %" PRIu64
	    " files with errors, %.1f seconds\n"), run->rows, run->files, run->failed, s);
	if (*run->cancelled)
		(void)puts(say("Đã dừng theo yêu cầu; chạy lại lệnh này để đi tiếp từ chỗ dừng.",
		    "Stopped as asked; run it again to go on where it stopped."));
}
