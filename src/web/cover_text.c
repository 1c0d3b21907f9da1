/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coverage table for people: what came, from whom, when; below it what the register misses
 * (cover_register.c), and what needs somebody, in sentences. Names come from records, so they are
 * shown as render_safe() has them.
 */
#include "web/cover_int.h"

#include "base/columns.h"
#include "web/render.h"

enum { NAME_MOST = 64, NAME_LEAST = 16, STRIP = 24, STRIP_LEAST = 8, GAP = 2, NUMBERS = 5 };

/* ---- the table ---- */

/* The table's columns: the source, its numbers, and the strip of hours. */
struct table {
	const struct page *page;
	int name, number[NUMBERS], strip;
};

static const struct {
	const char *vi, *en;
} heads[NUMBERS] = { { "ĐƠN VỊ", "UNIT" }, { "ĐÃ NHẬN", "RECEIVED" }, { "KHÔNG HIỂU", "UNPARSED" },
	{ "BỊ CẮT", "CUT" }, { "ƯỚC MẤT", "MISSING" } };

static uint64_t
number_of(const struct coverage_source *s, unsigned column)
{
	const uint64_t number[NUMBERS] = { s->unit, s->rows, s->unparsed, s->cut, s->missing };

	return number[column];
}

static struct span
head_of(const struct page *p, unsigned column)
{
	return span_str(said(p, heads[column].vi, heads[column].en));
}

/* The number as it is written, in text; a unit is a name, without dots. */
static struct span
number_put(const struct table *t, struct buf *text, uint64_t number, unsigned column)
{
	const struct page own = { text, t->page->r, t->page->form };

	text->n = 0;
	if (column == 0)
		buf_printf(text, "%ju", (uintmax_t)number);
	else
		page_number(&own, number);
	return buf_span(text);
}

static int
wider(int a, int b)
{
	return a > b ? a : b;
}

/* On a narrow terminal the strip gives way first: names tell sources apart. */
static void
columns_narrow(struct table *t, int room)
{
	int over = t->name + t->strip - room;
	int give = t->strip > STRIP_LEAST ? t->strip - STRIP_LEAST : 0;

	if (over <= 0)
		return;
	t->strip -= over < give ? over : give;
	t->name = room - t->strip > NAME_LEAST ? room - t->strip : NAME_LEAST;
}

/* As wide as what is in them. */
static void
columns_find(struct table *t)
{
	const struct coverage_result *r = t->page->r;
	struct buf text = { 0 };
	int numbers = 0;

	t->name = NAME_LEAST;
	t->strip = r->nstep < STRIP ? (int)r->nstep : STRIP;
	for (unsigned k = 0; k < NUMBERS; k++)
		t->number[k] = columns_of(head_of(t->page, k));
	for (uint32_t i = 0; i < r->nsource; i++) {
		text.n = 0;
		page_source(t->page, &text, &r->source[i]);
		t->name = wider(t->name, columns_of(buf_span(&text)));
		for (unsigned k = 0; k < NUMBERS; k++)
			t->number[k] = wider(t->number[k], columns_of(number_put(t, &text,
			    number_of(&r->source[i], k), k)));
	}
	buf_done(&text);
	for (unsigned k = 0; k < NUMBERS; k++)
		numbers += GAP + t->number[k];
	t->name = t->name < NAME_MOST ? t->name : NAME_MOST;
	if (t->page->form->wide > 0)
		columns_narrow(t, t->page->form->wide - numbers - GAP);
}

/* Rows over time, as tall as their logarithm: one cell for several steps when there are many. */
static void
strip_put(const struct table *t, const struct coverage_source *s)
{
	static const char *const bar[] = { "·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	const struct page *p = t->page;
	uint64_t sum[STRIP] = { 0 }, most = 1;
	uint32_t wide = (uint32_t)t->strip;

	for (size_t i = 0; i < s->ncell; i++)
		sum[(uint64_t)s->cell[i].step * wide / p->r->nstep] += s->cell[i].rows;
	for (uint32_t i = 0; i < wide; i++)
		most = sum[i] > most ? sum[i] : most;
	for (uint32_t i = 0; i < wide; i++) {
		unsigned tall = 0;

		if (sum[i] > 0)
			for (tall = 8; tall > 1 && sum[i] << (8 - tall) < most; tall--)
				;
		if (tall == 0)
			paint(p, PAINT_DIM);
		buf_str(p->out, bar[tall]);
		if (tall == 0)
			paint(p, PAINT_PLAIN);
	}
}

static void
row_put(const struct table *t, const struct coverage_source *s)
{
	const struct page *p = t->page;
	struct buf text = { 0 };

	page_source(p, &text, s);
	columns_left(p->out, buf_span(&text), t->name);
	for (unsigned k = 0; k < NUMBERS; k++) {
		bool warns = k >= 2 && number_of(s, k) > 0;

		if (warns)
			paint(p, PAINT_YELLOW);
		columns_right(p->out, number_put(t, &text, number_of(s, k), k),
		    GAP + t->number[k]);
		if (warns)
			paint(p, PAINT_PLAIN);
	}
	buf_done(&text);
	buf_printf(p->out, "%*s", GAP, "");
	strip_put(t, s);
	buf_u8(p->out, '\n');
}

static void
heading_put(const struct table *t)
{
	const struct page *p = t->page;
	struct span steps = span_str(p->r->step_ns > INT64_C(3600000000000) ?
	    said(p, "THEO NGÀY", "BY DAY") : said(p, "THEO GIỜ", "BY HOUR"));

	paint(p, PAINT_BOLD);
	columns_left(p->out, span_str(said(p, "NGUỒN", "SOURCE")), t->name);
	for (unsigned k = 0; k < NUMBERS; k++)
		columns_right(p->out, head_of(p, k), GAP + t->number[k]);
	buf_printf(p->out, "%*s", GAP, "");
	columns_left(p->out, steps, p->form->wide > 0 && t->strip < columns_of(steps) ? t->strip :
	    columns_of(steps));
	paint(p, PAINT_PLAIN);
	buf_u8(p->out, '\n');
}

/* ---- above the table ---- */

static uint64_t
counted(const struct coverage_result *r, enum coverage_grade grade)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->nloss; i++)
		if (r->loss[i].grade == grade && r->loss[i].unit == COVERAGE_RECORDS)
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
	page_number(p, r->first_seq);
	buf_str(p->out, said(p, " đến ", " to "));
	page_number(p, r->last_seq);
	buf_str(p->out, ": ");
	if (r->held == all) {
		buf_str(p->out, said(p, "đủ cả, không thiếu số nào", "all there, none is missing"));
	} else {
		buf_str(p->out, said(p, "còn ", ""));
		page_number(p, r->held);
		buf_str(p->out, said(p, " trong ", " of "));
		page_number(p, all);
		buf_str(p->out, said(p, " số", " are there"));
	}
	if (r->held > r->rows) {
		buf_str(p->out, said(p, "; ", "; "));
		page_number(p, r->held - r->rows);
		buf_str(p->out, said(p, " bản ghi trong đó nhận ngoài khoảng thời gian này, "
		    "sát hai đầu",
		    " of them were received outside of this period, next to its ends"));
	}
	buf_str(p->out, ".\n");
}

/* How far, and how finely, the desk itself is known. */
static void
sealed_put(const struct page *p)
{
	if (p->r->counted_to_ns > 0) {
		buf_str(p->out, said(p, "Số mất tại máy này đã niêm phong đến ",
		    "Losses at this host are sealed up to "));
		page_time(p, p->r->counted_to_ns);
		buf_str(p->out, ".\n");
	}
	buf_str(p->out, said(p, "Quá ", "The desk counts as not running where nothing was sealed "
	    "for more than "));
	page_span(p, COVERAGE_OUTAGE_S);
	buf_str(p->out, said(p, " không có nhịp niêm phong mới tính là bàn trực không chạy; ngắn "
	    "hơn không tính.\n", "; less does not count.\n"));
}

void
cover_head(const struct page *p)
{
	const struct coverage_result *r = p->r;

	paint(p, PAINT_BOLD);
	buf_str(p->out, said(p, "Tình trạng thu thập nhật ký từ ", "Coverage of logs from "));
	page_time(p, r->period.from_ns);
	buf_str(p->out, said(p, " đến ", " to "));
	page_time(p, r->period.to_ns);
	buf_printf(p->out, " (UTC%+03d:%02d)\n", r->period.zone_s / 3600,
	    (r->period.zone_s < 0 ? -r->period.zone_s : r->period.zone_s) / 60 % 60);
	paint(p, PAINT_PLAIN);
	buf_str(p->out, said(p, "Đã nhận ", "Received "));
	page_number(p, r->rows);
	buf_str(p->out, said(p, " bản ghi của ", " records of "));
	page_number(p, r->nsource);
	buf_str(p->out, said(p, " nguồn; không hiểu ", " sources; not understood "));
	page_number(p, r->unparsed);
	if (r->lines > 0) {
		buf_str(p->out, said(p, ", dòng chữ thường (không theo khuôn dạng nào, giữ "
		    "nguyên) ", ", plain lines (of no format, kept as they came) "));
		page_number(p, r->lines);
	}
	buf_str(p->out, said(p, ", bị cắt ", ", cut "));
	page_number(p, r->cut);
	buf_str(p->out, said(p, "; mất tại máy này ", "; lost at this host "));
	page_number(p, counted(r, COVERAGE_LOST));
	buf_str(p->out, said(p, "; ước mất trước khi tới máy này ",
	    "; missing before it, by estimate, "));
	page_number(p, r->missing);
	if (counted(r, COVERAGE_ORDERED) > 0) {
		buf_str(p->out, said(p, "; bỏ theo lệnh (không phải mất) ",
		    "; dropped by order (not lost) "));
		page_number(p, counted(r, COVERAGE_ORDERED));
	}
	buf_str(p->out, ".\n");
	numbers_put(p);
	if (r->begun_ns > r->period.from_ns) {
		buf_str(p->out, said(p, "Kho này bắt đầu lúc ", "This store begins at "));
		page_time(p, r->begun_ns);
		buf_str(p->out, said(p, ", trước đó không có gì để đếm",
		    ", there is nothing to count before"));
		if (r->begun_ns < r->period.to_ns)
			buf_str(p->out, said(p, ": bảng này chỉ nói về từ lúc ấy",
			    ": this is about the time from then on"));
		buf_str(p->out, ".\n");
	}
	cover_register_head(p);
	sealed_put(p);
	buf_u8(p->out, '\n');
}

/* ---- below the table ---- */

const char *
cover_verdict_name(unsigned verdict)
{
	static const char *const name[COVERAGE_VERDICT_END] = { "silent", "clock", "unparsed",
	    "missing", "lost", "refused", "desk-down", "gone", "absent",
	    "unknown-sender", "before-store", "empty" };

	return verdict < COVERAGE_VERDICT_END ? name[verdict] : "unknown";
}

const char *
cover_grade_name(unsigned grade)
{
	static const char *const name[] = { "lost", "refused", "cut", "odd", "ordered" };

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
	page_number(p, m->value);
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
	const struct registry_row *row = cover_row(p->r, m->row);
	bool registered = row != NULL && (row->pause_s > 0 || row->office_s > 0);

	buf_str(p->out, said(p, "ngừng gửi nhật ký ", "silent for "));
	page_span(p, m->value);
	buf_str(p->out, registered ? said(p, ", sổ đăng ký cho nghỉ tối đa ",
	    ", the register allows at most ") :
	    said(p, ", thường chỉ nghỉ tối đa ", ", it usually pauses for at most "));
	page_span(p, m->usual);
	if (registered && m->usual != row->pause_s)
		buf_str(p->out, said(p, " trong giờ làm việc", " of office hours"));
}

static void
clock_sentence(const struct page *p, const struct coverage_remark *m)
{
	bool ahead = (int64_t)m->value < 0;

	buf_str(p->out, ahead ? said(p, "đồng hồ nhanh khoảng ", "its clock is ahead by about ") :
	    said(p, "đồng hồ chậm (hoặc gửi trễ) khoảng ",
	    "its clock is behind (or it sends late) by about "));
	page_span(p, ahead ? -m->value : m->value);
	buf_str(p->out, said(p, "; đặt lại giờ theo NTP", "; set it by NTP"));
}

static void
count_sentence(const struct page *p, const struct coverage_remark *m, const char *vi,
    const char *en)
{
	page_number(p, m->value);
	buf_u8(p->out, ' ');
	buf_str(p->out, said(p, vi, en));
	page_number(p, m->usual);
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
		page_span(p, m->value);
		break;
	case COVERAGE_GONE:
		count_sentence(p, m, "số thứ tự của kỳ này không còn trong kho (hết hạn lưu "
		    "hoặc đã mất, xem trucban verify), trong số ",
		    "sequence numbers of the period are not here any more (expired or lost, "
		    "see trucban verify), of ");
		break;
	case COVERAGE_BEFORE:
		buf_str(p->out, said(p, "bàn trực chưa hoạt động trong khoảng thời gian này: không "
		    "ghi nhận gì, không xác nhận được gì", "the desk did not run yet in this "
		    "period: nothing was recorded, and nothing can be certified"));
		break;
	case COVERAGE_EMPTY:
		buf_str(p->out, said(p, "trong kho không có bản ghi nào nhận trong khoảng thời "
		    "gian này", "no record that was received in this period is in the store"));
		break;
	default:
		loss_sentence(p, m);
	}
}

void
cover_remark(const struct page *p, const struct coverage_remark *m)
{
	if (m->source != UINT32_MAX) {
		page_source(p, p->out, &p->r->source[m->source]);
		buf_str(p->out, ": ");
	}
	sentence_put(p, m);
}

static void
remark_put(const struct page *p, const struct coverage_remark *m)
{
	bool grave = m->verdict == COVERAGE_DROPPED || m->verdict == COVERAGE_GONE ||
	    m->verdict == COVERAGE_DOWN || m->verdict == COVERAGE_BEFORE;

	paint(p, grave ? PAINT_RED : PAINT_YELLOW);
	buf_str(p->out, grave ? " ✗ " : " ! ");
	paint(p, PAINT_PLAIN);
	cover_remark(p, m);
	buf_u8(p->out, '\n');
}

void
cover_told(const struct page *p, const struct told *told)
{
	render_safe(p->out, told->source, false);
	buf_str(p->out, ": ");
	if (told->lost > 0) {
		page_number(p, told->lost);
		buf_str(p->out, said(p, " bản ghi ", " records "));
	}
	buf_str(p->out, said(p, told->vi, told->en));
	buf_str(p->out, said(p, ", theo chính nơi gửi (", ", as it says itself ("));
	page_number(p, told->records);
	buf_str(p->out, said(p, " lần báo)", told->records == 1 ? " time)" : " times)"));
}

/* Those of the register have sections of their own. */
bool
cover_is_listed(const struct coverage_remark *m)
{
	return m->verdict != COVERAGE_ABSENT && m->verdict != COVERAGE_UNKNOWN;
}

static void
remarks_put(const struct page *p, struct cover_out *out, const struct cover_view *view)
{
	size_t listed = view->ntold;

	for (uint32_t i = 0; i < view->nremark; i++)
		listed += cover_is_listed(&view->remark[i]);
	paint(p, PAINT_BOLD);
	if (view->nremark + view->ntold == 0)
		buf_str(p->out, said(p, "\nKhông có việc cần xem.\n",
		    "\nNothing needs a person.\n"));
	else if (listed > 0)
		buf_str(p->out, said(p, "\nCẦN XEM\n", "\nNEEDS A PERSON\n"));
	paint(p, PAINT_PLAIN);
	for (uint32_t i = 0; i < view->nremark && cover_goes_on(out); i++)
		if (cover_is_listed(&view->remark[i]))
			remark_put(p, &view->remark[i]);
	for (size_t i = 0; i < view->ntold && cover_goes_on(out); i++) {
		paint(p, PAINT_YELLOW);
		buf_str(p->out, " ! ");
		paint(p, PAINT_PLAIN);
		cover_told(p, &view->told[i]);
		buf_u8(p->out, '\n');
	}
}

void
cover_text(struct cover_out *out, const struct cover_view *view, const struct cover_form *form)
{
	const struct coverage_result *r = view->result;
	const struct page p = { &out->text, r, form };
	struct table t = { .page = &p };

	if (form->show == COVER_EXPECTED) {
		cover_expected(out, &p);
	} else if (form->show == COVER_UNKNOWN) {
		cover_unknown(out, &p);
	} else {
		cover_head(&p);
		columns_find(&t);
		if (r->nsource > 0)
			heading_put(&t);
		for (uint32_t i = 0; i < r->nsource && cover_goes_on(out); i++)
			row_put(&t, &r->source[i]);
		cover_register(out, &p);
		remarks_put(&p, out, view);
	}
}
