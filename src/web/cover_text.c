/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coverage table for people: what came, from whom, when; below it what needs somebody, in
 * sentences. Names come from records, so they are shown as render_safe() has them.
 */
#include "web/cover_int.h"

#include "web/render.h"

enum { NAME_WIDE = 34, STRIP = 24 };

static const char dim[] = "\033[2m", bold[] = "\033[1m", red[] = "\033[31m",
    yellow[] = "\033[33m", plain[] = "\033[0m";

struct page {
	struct buf *out;
	const struct coverage_result *r;
	const struct cover_form *form;
};

static const char *
said(const struct page *p, const char *vi, const char *en)
{
	return p->form->english ? en : vi;
}

static void
paint(const struct page *p, const char *how)
{
	if (p->form->color)
		buf_str(p->out, how);
}

/* ---- numbers, times, names ---- */

/* 1.234.567 in Vietnamese, 1,234,567 in English; to the right in so many columns. */
static void
number_put(const struct page *p, uint64_t v, int wide)
{
	char digits[32], text[48];
	int n = 0, at = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	while (n > 0) {
		text[at++] = digits[--n];
		if (n > 0 && n % 3 == 0)
			text[at++] = p->form->english ? ',' : '.';
	}
	for (int i = at; i < wide; i++)
		buf_u8(p->out, ' ');
	buf_put(p->out, text, (size_t)at);
}

/* 23/11/2026 13:05 */
static void
time_put(const struct page *p, int64_t ns)
{
	struct civil c;

	civil_split(&c, ns, p->r->period.zone_s);
	if (p->form->english)
		buf_printf(p->out, "%04d-%02d-%02d", c.year, c.month, c.day);
	else
		buf_printf(p->out, "%02d/%02d/%04d", c.day, c.month, c.year);
	buf_printf(p->out, " %02d:%02d", c.hour, c.minute);
}

static void
span_put(const struct page *p, uint64_t s)
{
	static const struct {
		uint64_t s;
		const char *vi, *en;
	} row[] = { { 86400, "ngày", "d" }, { 3600, "giờ", "h" }, { 60, "phút", "min" },
	    { 1, "giây", "s" } };
	int said_parts = 0;

	for (size_t i = 0; i < sizeof row / sizeof row[0] && said_parts < 2; i++) {
		if (s < row[i].s && (said_parts == 0 ? row[i].s > 1 : true))
			continue;
		buf_printf(p->out, "%s%ju %s", said_parts > 0 ? " " : "", (uintmax_t)(s / row[i].s),
		    said(p, row[i].vi, row[i].en));
		s %= row[i].s;
		said_parts++;
		if (s == 0)
			break;
	}
}

/* "web01 (10.0.0.5, udp)"; what a door could not tell apart any more has no name of its own. */
static void
source_put(const struct page *p, struct buf *out, const struct coverage_source *s)
{
	struct span first = s->host.n > 0 ? s->host : s->identity.n > 0 ? s->identity : s->peer;

	if (first.n > 0)
		render_safe(out, first, false);
	else
		buf_str(out, said(p, "các nguồn khác", "other sources"));
	buf_str(out, " (");
	if (s->identity.n > 0 && first.p != s->identity.p) {
		render_safe(out, s->identity, false);
		buf_str(out, ", ");
	}
	if (s->peer.n > 0 && first.p != s->peer.p) {
		render_safe(out, s->peer, false);
		buf_str(out, ", ");
	}
	render_safe(out, s->listener, false);
	buf_u8(out, ')');
}

/* Code points of a text that render_safe() made. */
static int
wide_of(struct span s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* Cut or filled to so many columns. */
static void
column_put(struct buf *out, struct span s, int wide)
{
	int n = wide_of(s);
	size_t at = 0;

	for (int i = 0; i < (n > wide ? wide - 1 : n); i++)
		do
			at++;
		while (at < s.n && (s.p[at] & 0xc0) == 0x80);
	buf_put(out, s.p, at);
	if (n > wide)
		buf_str(out, "…");
	for (int i = n; i < wide; i++)
		buf_u8(out, ' ');
}

/* ---- the table ---- */

/* Rows over time, as tall as their logarithm: one cell for several steps when there are many. */
static void
strip_put(const struct page *p, const struct coverage_source *s)
{
	static const char *const bar[] = { "·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	uint64_t sum[STRIP] = { 0 }, most = 1;
	uint32_t wide = p->r->nstep < STRIP ? p->r->nstep : STRIP;

	for (size_t i = 0; i < s->ncell; i++)
		sum[(uint64_t)s->cell[i].step * wide / p->r->nstep] += s->cell[i].rows;
	for (uint32_t i = 0; i < wide; i++)
		most = sum[i] > most ? sum[i] : most;
	for (uint32_t i = 0; i < wide; i++) {
		unsigned tall = 0;

		if (sum[i] > 0)
			for (tall = 8; tall > 1 && sum[i] << (8 - tall) < most; tall--)
				;
		paint(p, tall == 0 ? dim : "");
		buf_str(p->out, bar[tall]);
		paint(p, tall == 0 ? plain : "");
	}
}

static void
warn_number(const struct page *p, uint64_t v, int wide)
{
	paint(p, v > 0 ? yellow : "");
	number_put(p, v, wide);
	paint(p, v > 0 ? plain : "");
}

static void
row_put(const struct page *p, const struct coverage_source *s)
{
	struct buf name = { 0 };

	source_put(p, &name, s);
	column_put(p->out, buf_span(&name), NAME_WIDE);
	buf_done(&name);
	buf_printf(p->out, "%6ju", (uintmax_t)s->unit);
	number_put(p, s->rows, 15);
	warn_number(p, s->unparsed, 12);
	warn_number(p, s->cut, 8);
	warn_number(p, s->missing, 9);
	buf_str(p->out, "  ");
	strip_put(p, s);
	buf_u8(p->out, '\n');
}

static void
heading_put(const struct page *p)
{
	paint(p, bold);
	column_put(p->out, span_str(said(p, "NGUỒN", "SOURCE")), NAME_WIDE);
	buf_str(p->out, said(p, "ĐƠN VỊ        ĐÃ NHẬN  KHÔNG HIỂU  BỊ CẮT  ƯỚC MẤT  ",
	    "  UNIT       RECEIVED    UNPARSED     CUT  MISSING  "));
	buf_str(p->out, p->r->step_ns > INT64_C(3600000000000) ? said(p, "THEO NGÀY", "BY DAY") :
	    said(p, "THEO GIỜ", "BY HOUR"));
	paint(p, plain);
	buf_u8(p->out, '\n');
}

/* ---- above the table ---- */

static uint64_t
lost(const struct coverage_result *r)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->nloss; i++)
		if (r->loss[i].grade == COVERAGE_LOST && r->loss[i].unit == COVERAGE_RECORDS)
			n += r->loss[i].total;
	return n;
}

static void
numbers_put(const struct page *p)
{
	const struct coverage_result *r = p->r;
	uint64_t all = r->last_seq - r->first_seq + 1;

	if (r->last_seq == 0)
		return;
	buf_str(p->out, said(p, "Số thứ tự ", "Sequence numbers "));
	number_put(p, r->first_seq, 0);
	buf_str(p->out, said(p, " đến ", " to "));
	number_put(p, r->last_seq, 0);
	buf_str(p->out, ": ");
	if (r->held == all) {
		buf_str(p->out, said(p, "đủ cả, không thiếu số nào", "all there, none is missing"));
	} else {
		buf_str(p->out, said(p, "còn ", ""));
		number_put(p, r->held, 0);
		buf_str(p->out, said(p, " trong ", " of "));
		number_put(p, all, 0);
		buf_str(p->out, said(p, " số", " are there"));
	}
	if (r->held > r->rows) {
		buf_str(p->out, said(p, "; ", "; "));
		number_put(p, r->held - r->rows, 0);
		buf_str(p->out, said(p, " bản ghi trong đó nhận ngoài khoảng thời gian này, "
		    "sát hai đầu",
		    " of them were received outside of this period, next to its ends"));
	}
	buf_str(p->out, ".\n");
}

static void
head_put(const struct page *p)
{
	const struct coverage_result *r = p->r;

	paint(p, bold);
	buf_str(p->out, said(p, "Tình trạng thu thập nhật ký từ ", "Coverage of logs from "));
	time_put(p, r->period.from_ns);
	buf_str(p->out, said(p, " đến ", " to "));
	time_put(p, r->period.to_ns);
	buf_printf(p->out, " (UTC%+03d:%02d)\n", r->period.zone_s / 3600,
	    (r->period.zone_s < 0 ? -r->period.zone_s : r->period.zone_s) / 60 % 60);
	paint(p, plain);
	buf_str(p->out, said(p, "Đã nhận ", "Received "));
	number_put(p, r->rows, 0);
	buf_str(p->out, said(p, " bản ghi của ", " records of "));
	number_put(p, r->nsource, 0);
	buf_str(p->out, said(p, " nguồn; không hiểu ", " sources; not understood "));
	number_put(p, r->unparsed, 0);
	buf_str(p->out, said(p, ", bị cắt ", ", cut "));
	number_put(p, r->cut, 0);
	buf_str(p->out, said(p, "; mất tại máy này ", "; lost at this host "));
	number_put(p, lost(r), 0);
	buf_str(p->out, said(p, "; ước mất trước khi tới máy này ",
	    "; missing before it, by estimate, "));
	number_put(p, r->missing, 0);
	buf_str(p->out, ".\n");
	numbers_put(p);
	if (r->begun_ns > r->period.from_ns) {
		buf_str(p->out, said(p, "Kho này bắt đầu lúc ", "This store begins at "));
		time_put(p, r->begun_ns);
		buf_str(p->out, said(p, ", trước đó không có gì để đếm.\n",
		    ", there is nothing to count before.\n"));
	}
	if (r->counted_to_ns > 0) {
		buf_str(p->out, said(p, "Số mất tại máy này đã niêm phong đến ",
		    "Losses at this host are sealed up to "));
		time_put(p, r->counted_to_ns);
		buf_str(p->out, ".\n");
	}
	buf_u8(p->out, '\n');
}

/* ---- below the table ---- */

const char *
cover_verdict_name(unsigned verdict)
{
	static const char *const name[COVERAGE_VERDICT_END] = { "silent", "clock", "unparsed",
	    "missing", "lost", "refused", "desk-down", "gone" };

	return verdict < COVERAGE_VERDICT_END ? name[verdict] : "unknown";
}

const char *
cover_grade_name(unsigned grade)
{
	static const char *const name[] = { "lost", "refused", "cut", "odd" };

	return grade < sizeof name / sizeof name[0] ? name[grade] : "unknown";
}

/* What a counter of a door is about. */
static const struct loss_words {
	const char *name, *vi, *en;
} loss_words[] = {
	{ "kernel_drops", "gói UDP bị nhân hệ điều hành bỏ vì đọc không kịp",
	    "datagrams dropped by the kernel, they were not read in time" },
	{ "bytes_lost", "byte mất khi tệp bị cắt ngắn trước lúc đọc",
	    "octets lost when files were truncated before they were read" },
	{ "rows_set_aside", "bản ghi để riêng trong quarantine/ vì làm hỏng tiến trình",
	    "records set aside in quarantine/, they stopped a role" },
	{ "rows_refused", "bản ghi kho không nhận (nơi gửi RELP, HTTP được báo và gửi lại)",
	    "records refused by the store (senders by RELP and HTTP are told)" },
	{ "batches_refused", "lô bản ghi bị kho từ chối", "batches refused by the store" },
	{ "connections_refused", "kết nối bị từ chối vì quá nhiều",
	    "connections refused, there were too many" },
	{ "requests_failed", "yêu cầu HTTP không ghi được (503)",
	    "HTTP requests that could not be kept (503)" },
	{ "requests_unauthorised", "yêu cầu HTTP không có mã truy cập hợp lệ",
	    "HTTP requests without a valid token" },
	{ "bodies_refused", "yêu cầu HTTP nén bung ra quá lớn",
	    "compressed bodies that expand too much" },
	{ "handshakes_failed", "lần bắt tay TLS không thành", "TLS handshakes failed" },
	{ "files_refused", "tệp, thư mục không đọc được", "files or folders that cannot be read" },
};

static void
loss_sentence(const struct page *p, const struct coverage_remark *m)
{
	const struct coverage_loss *loss = &p->r->loss[m->loss];

	render_safe(p->out, loss->door, false);
	buf_str(p->out, ": ");
	number_put(p, m->value, 0);
	buf_u8(p->out, ' ');
	for (size_t i = 0; i < sizeof loss_words / sizeof loss_words[0]; i++)
		if (span_is(loss->name, loss_words[i].name)) {
			buf_str(p->out, said(p, loss_words[i].vi, loss_words[i].en));
			return;
		}
	render_safe(p->out, loss->name, false);
}

static void
silent_sentence(const struct page *p, const struct coverage_remark *m)
{
	buf_str(p->out, said(p, "ngừng gửi nhật ký ", "silent for "));
	span_put(p, m->value);
	buf_str(p->out, said(p, ", thường chỉ nghỉ tối đa ", ", it usually pauses for at most "));
	span_put(p, m->usual);
}

static void
clock_sentence(const struct page *p, const struct coverage_remark *m)
{
	bool ahead = (int64_t)m->value < 0;

	buf_str(p->out, ahead ? said(p, "đồng hồ nhanh khoảng ", "its clock is ahead by about ") :
	    said(p, "đồng hồ chậm (hoặc gửi trễ) khoảng ",
	    "its clock is behind (or it sends late) by about "));
	span_put(p, ahead ? -m->value : m->value);
	buf_str(p->out, said(p, "; đặt lại giờ theo NTP", "; set it by NTP"));
}

static void
count_sentence(const struct page *p, const struct coverage_remark *m, const char *vi,
    const char *en)
{
	number_put(p, m->value, 0);
	buf_u8(p->out, ' ');
	buf_str(p->out, said(p, vi, en));
	number_put(p, m->usual, 0);
}

static void
sentence_put(const struct page *p, const struct coverage_remark *m)
{
	switch (m->verdict) {
	case COVERAGE_SILENT:
		silent_sentence(p, m);
		break;
	case COVERAGE_SKEWED:
		clock_sentence(p, m);
		break;
	case COVERAGE_UNPARSED:
		count_sentence(p, m, "bản ghi không hiểu được (vẫn giữ nguyên) trong số ",
		    "records not understood (kept as they came) of ");
		break;
	case COVERAGE_GAPS:
		count_sentence(p, m, "bản ghi không tới, ước theo số của nơi gửi; số đã tới: ",
		    "records never came, by the sender's own numbers; came: ");
		break;
	case COVERAGE_DOWN:
		buf_str(p->out, said(p, "không có nhịp niêm phong nào (bàn trực "
		    "không chạy) tổng cộng ", "nothing was sealed (the desk did not run) for "));
		span_put(p, m->value);
		break;
	case COVERAGE_GONE:
		count_sentence(p, m, "số thứ tự của kỳ này không còn trong kho (hết hạn lưu "
		    "hoặc đã mất, xem trucban verify), trong số ",
		    "sequence numbers of the period are not here any more (expired or lost, "
		    "see trucban verify), of ");
		break;
	default:
		loss_sentence(p, m);
	}
}

static void
remark_put(const struct page *p, const struct coverage_remark *m)
{
	bool grave = m->verdict == COVERAGE_DROPPED || m->verdict == COVERAGE_GONE ||
	    m->verdict == COVERAGE_DOWN;

	paint(p, grave ? red : yellow);
	buf_str(p->out, grave ? " ✗ " : " ! ");
	paint(p, plain);
	if (m->source != UINT32_MAX) {
		source_put(p, p->out, &p->r->source[m->source]);
		buf_str(p->out, ": ");
	}
	sentence_put(p, m);
	buf_u8(p->out, '\n');
}

void
cover_text(struct cover_out *out, const struct cover_view *view, const struct cover_form *form)
{
	const struct coverage_result *r = view->result;
	const struct page p = { &out->text, r, form };

	head_put(&p);
	if (r->nsource > 0)
		heading_put(&p);
	for (uint32_t i = 0; i < r->nsource && cover_goes_on(out); i++)
		row_put(&p, &r->source[i]);
	paint(&p, bold);
	if (view->nremark == 0)
		buf_str(p.out, said(&p, "\nKhông có việc cần xem.\n",
		    "\nNothing needs a person.\n"));
	else
		buf_str(p.out, said(&p, "\nCẦN XEM\n", "\nNEEDS A PERSON\n"));
	paint(&p, plain);
	for (uint32_t i = 0; i < view->nremark && cover_goes_on(out); i++)
		remark_put(&p, &view->remark[i]);
}
