/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of sources held against what came, for people: rows with their states, senders that
 * no row is about, with the command that names them. What stands in a command can be pasted into a
 * shell: of foreign octets only letters, digits and . : _ - go into it.
 */
#include "web/cover_int.h"

#include "base/columns.h"
#include "base/plain.h"
#include "model/shape.h"
#include "web/render.h"

enum { SHOWN = 20, SHOWN_ALONE = 500 };
/* Of the register's table: what gives way on a narrow terminal, and what does not. */
enum { ID, NAME, KIND, SYSTEM, SHRINKS, UNIT = SHRINKS, COLUMNS };
enum { STATE_WIDE = 12, TIME_WIDE = 16, ROWS_WIDE = 11 };

/* ---- words ---- */

const char *
cover_state_name(enum coverage_state state)
{
	static const char *const name[] = { "arrives", "silent", "stopped", "absent",
	    "later" };

	return name[state];
}

/* By what its applications are called, else by the form of its records. */
const char *
cover_guess(const struct coverage_source *s)
{
	static const struct {
		unsigned format;
		const char *kind;
	} row[] = { { FORMAT_W3C, "iis" }, { FORMAT_ACCESS, "nginx" },
	    { FORMAT_JOURNAL, "journald" }, { FORMAT_JSON, "winlogbeat" },
	    { FORMAT_RFC5424, "rsyslog" } };

	for (size_t i = 0; s->guess == NULL && i < sizeof row / sizeof row[0]; i++)
		if ((s->formats >> row[i].format & 1) != 0)
			return row[i].kind;
	return s->guess;
}

void
cover_sum_put(struct buf *out, const struct registry *registry)
{
	const uint8_t *sum = registry_sha256(registry);

	for (unsigned i = 0; i < REGISTRY_SHA256; i++)
		buf_printf(out, "%02x", sum[i]);
}

static bool
is_word(struct span s)
{
	return s.n <= REGISTRY_ID && plain_is(s, "", ".:-_");
}

static void
option_put(struct buf *out, const char *option, struct span value)
{
	if (is_word(value))
		buf_printf(out, " --%s %.*s", option, (int)value.n, (const char *)value.p);
}

/* By whom its records come: what the row that names it is found by. */
static void
place_put(struct buf *out, const struct coverage_source *s, enum cover_blank blank)
{
	static const char *const listener[] = { "TRẠM/CỬA", "RELAY/LISTENER" };
	uint8_t address[ADDRESS_BYTES];
	bool relayed = registry_relay(s->listener).n > 0;
	/* A file's path has slashes. */
	struct span way = plain_is(s->listener, "", ".:-_/") ? s->listener :
	    span_str(listener[blank]);

	if (relayed)
		buf_printf(out, " --listener %.*s", (int)way.n, (const char *)way.p);
	else if (s->identity.n > 0)
		option_put(out, "identity", s->identity);
	/* The listener of a relay says its identity too. */
	if ((relayed || s->identity.n == 0) && address_read(address, s->peer))
		buf_printf(out, " --from %.*s", (int)s->peer.n, (const char *)s->peer.p);
	else if (!relayed && s->identity.n == 0)
		option_put(out, "listener", s->listener);
	if (s->shares)
		option_put(out, "host", s->host);
}

void
cover_command_put(struct buf *out, const struct coverage_source *s,
    const struct registry *registry, enum cover_blank blank)
{
	static const char *const kind[] = { "LOẠI", "KIND" }, *const name[] = { "TÊN", "NAME" };
	const char *guess = cover_guess(s);
	uint8_t address[ADDRESS_BYTES];
	/* An address is no name: it stands behind --from. Of namesakes one can have it. */
	bool named = !s->namesake && is_word(s->host) &&
	    memchr(s->host.p, ':', s->host.n) == NULL && !address_read(address, s->host) &&
	    (registry == NULL || registry_find(registry, s->host) == REGISTRY_NONE);

	buf_str(out, "trucban source add ");
	buf_span_put(out, named ? s->host : span_str(name[blank]));
	buf_printf(out, " --kind %s", guess != NULL ? guess : kind[blank]);
	place_put(out, s, blank);
}

/* ---- rows of the register ---- */

void
cover_register_head(const struct page *p)
{
	if (p->r->nexpected == 0)
		return;
	buf_str(p->out, said(p, "Xét theo sổ đăng ký nguồn có ", "Judged by a register of "));
	page_number(p, p->r->nexpected);
	buf_str(p->out, said(p, " nguồn, SHA-256 ", " sources, SHA-256 "));
	cover_sum_put(p->out, p->r->registry);
	buf_str(p->out, ".\n");
}

static struct span
cell_of(const struct registry_row *row, unsigned column)
{
	const struct span cell[SHRINKS] = { row->id, row->name, row->kind, row->system };

	return cell[column];
}

static struct span
head_of(const struct page *p, unsigned column)
{
	static const char *const vi[SHRINKS] = { "TÊN", "TÊN GỌI", "LOẠI", "HỆ THỐNG" };
	static const char *const en[SHRINKS] = { "ID", "NAME", "KIND", "SYSTEM" };

	return span_str(said(p, vi[column], en[column]));
}

static struct span
unit_head(const struct page *p)
{
	return span_str(said(p, "ĐƠN VỊ", "UNIT"));
}

static void
unit_put(struct buf *out, const struct registry_row *row)
{
	if (row->has_unit)
		buf_printf(out, "%ju", (uintmax_t)row->unit);
}

/* As wide as what is in them, and all together no wider than the terminal. */
static void
columns_find(const struct page *p, int wide[COLUMNS])
{
	static const int most[SHRINKS] = { 20, 40, 13, 30 }, least[SHRINKS] = { 8, 8, 6, 6 };
	struct buf text = { 0 };

	for (unsigned k = 0; k < SHRINKS; k++) {
		wide[k] = columns_of(head_of(p, k));
		for (uint32_t i = 0; i < p->r->nexpected; i++) {
			int n;

			text.n = 0;
			render_safe(&text, cell_of(cover_row(p->r, i), k), false);
			n = columns_of(buf_span(&text));
			wide[k] = n > wide[k] ? n : wide[k];
		}
		wide[k] = wide[k] < most[k] ? wide[k] : most[k];
	}
	wide[UNIT] = columns_of(unit_head(p));
	for (uint32_t i = 0; i < p->r->nexpected; i++) {
		int n;

		text.n = 0;
		unit_put(&text, cover_row(p->r, i));
		n = columns_of(buf_span(&text));
		wide[UNIT] = n > wide[UNIT] ? n : wide[UNIT];
	}
	buf_done(&text);
	if (p->form->wide > 0)
		columns_fit(wide, least, SHRINKS, p->form->wide - STATE_WIDE - wide[UNIT] -
		    TIME_WIDE - ROWS_WIDE - SHRINKS - 2);
}

static void
cell_put(const struct page *p, struct span text, int wide)
{
	struct buf safe = { 0 };

	render_safe(&safe, text, false);
	columns_left(p->out, buf_span(&safe), wide);
	buf_u8(p->out, ' ');
	buf_done(&safe);
}

static void
state_put(const struct page *p, uint32_t i)
{
	static const struct {
		const char *vi, *en;
		enum paint how;
	} word[] = { { "✓ đang gửi  ", "✓ arrives   ", PAINT_PLAIN },
	    { "! im lặng   ", "! silent    ", PAINT_YELLOW },
	    { "✗ ngừng gửi ", "✗ stopped   ", PAINT_RED },
	    { "✗ chưa thấy ", "✗ not seen  ", PAINT_RED },
	    { "· chưa chờ  ", "· later     ", PAINT_DIM } };
	enum coverage_state state = coverage_state(p->r, i);

	paint(p, word[state].how);
	buf_str(p->out, said(p, word[state].vi, word[state].en));
	paint(p, PAINT_PLAIN);
}

static void
row_put(const struct page *p, uint32_t i, const int wide[COLUMNS])
{
	const struct coverage_expected *e = &p->r->expected[i];
	const struct registry_row *row = cover_row(p->r, i);
	struct buf text = { 0 };
	const struct page own = { &text, p->r, p->form };

	state_put(p, i);
	for (unsigned k = 0; k < SYSTEM; k++)
		cell_put(p, cell_of(row, k), wide[k]);
	unit_put(&text, row);
	columns_right(p->out, buf_span(&text), wide[UNIT]);
	buf_u8(p->out, ' ');
	cell_put(p, row->system, wide[SYSTEM]);
	if (e->rows > 0) {
		page_time(p, e->last_ns);
		text.n = 0;
		page_number(&own, e->rows);
		columns_right(p->out, buf_span(&text), ROWS_WIDE);
	}
	buf_done(&text);
	buf_u8(p->out, '\n');
}

static void
title_put(const struct page *p, const char *vi, const char *en)
{
	paint(p, PAINT_BOLD);
	buf_str(p->out, said(p, vi, en));
	paint(p, PAINT_PLAIN);
}

static void
heads_put(const struct page *p, const int wide[COLUMNS])
{
	paint(p, PAINT_BOLD);
	columns_left(p->out, span_str(said(p, "TRẠNG THÁI", "STATE")), STATE_WIDE);
	for (unsigned k = 0; k < SYSTEM; k++)
		cell_put(p, head_of(p, k), wide[k]);
	columns_right(p->out, unit_head(p), wide[UNIT]);
	buf_u8(p->out, ' ');
	cell_put(p, head_of(p, SYSTEM), wide[SYSTEM]);
	columns_left(p->out, span_str(said(p, "GẦN NHẤT", "LAST")), TIME_WIDE);
	columns_right(p->out, span_str(said(p, "SỐ BẢN GHI", "RECORDS")), ROWS_WIDE);
	buf_u8(p->out, '\n');
	paint(p, PAINT_PLAIN);
}

void
cover_expected(struct cover_out *out, const struct page *p)
{
	int wide[COLUMNS];

	if (p->r->nexpected == 0) {
		buf_str(p->out, said(p, "Sổ đăng ký nguồn còn trống; thêm một nguồn: trucban "
		    "source add TÊN --kind LOẠI --from IP\n", "The register has no sources; add "
		    "one: trucban source add NAME --kind KIND --from IP\n"));
		return;
	}
	columns_find(p, wide);
	heads_put(p, wide);
	for (uint32_t i = 0; i < p->r->nexpected && cover_goes_on(out); i++)
		row_put(p, i, wide);
}

/* ---- unknown senders ---- */

/* Commands that were shown: one machine by two listeners has one. */
struct shown {
	struct buf text;		/* each behind a line's end, and with one */
	uint32_t n;
};

static void
command_show(const struct page *p, const struct coverage_source *s, struct shown *shown)
{
	struct buf command = { 0 };

	buf_u8(&command, '\n');
	cover_command_put(&command, s, p->r->registry,
	    p->form->english ? COVER_BLANK_EN : COVER_BLANK_VI);
	buf_u8(&command, '\n');
	if (shown->text.n > 0 && memmem(shown->text.p, shown->text.n, command.p, command.n) !=
	    NULL) {
		buf_str(p->out, said(p, "\n     đã có lệnh ở trên\n",
		    "\n     the command above names it too\n"));
	} else {
		buf_str(p->out, "\n     ");
		buf_span_put(p->out, span_sub(buf_span(&command), 1, SIZE_MAX));
		buf_span_put(&shown->text, buf_span(&command));
	}
	buf_done(&command);
	shown->n++;
}

static void
unknown_put(const struct page *p, const struct coverage_source *s, struct shown *shown)
{
	const char *guess = cover_guess(s);

	buf_str(p->out, " ? ");
	page_source(p, p->out, s);
	buf_str(p->out, ": ");
	page_number(p, s->rows);
	buf_str(p->out, said(p, " bản ghi từ ", " records since "));
	page_time(p, s->first_ns);
	if (guess != NULL)
		buf_printf(p->out, said(p, ", có lẽ là %s", ", perhaps %s"), guess);
	command_show(p, s, shown);
}

static uint32_t
unknown_count(const struct coverage_result *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->nsource; i++)
		n += coverage_is_unknown(&r->source[i]);
	return n;
}

static void
unknown_list(struct cover_out *out, const struct page *p, uint32_t most)
{
	uint32_t n = unknown_count(p->r);
	struct shown shown = { .n = 0 };

	for (uint32_t i = 0; i < p->r->nsource && shown.n < most && cover_goes_on(out); i++)
		if (coverage_is_unknown(&p->r->source[i]))
			unknown_put(p, &p->r->source[i], &shown);
	buf_done(&shown.text);
	if (n > shown.n) {
		buf_str(p->out, said(p, "   và ", "   and "));
		page_number(p, n - shown.n);
		buf_str(p->out, said(p, " nguồn nữa; xem: trucban source unknown --json\n",
		    " more; see: trucban source unknown --json\n"));
	}
}

void
cover_unknown(struct cover_out *out, const struct page *p)
{
	if (unknown_count(p->r) == 0)
		buf_str(p->out, said(p, "Mọi nơi gửi đều đã có tên trong sổ đăng ký.\n",
		    "All senders have a name in the register.\n"));
	else
		unknown_list(out, p, SHOWN_ALONE);
}

void
cover_missing(const struct page *p, uint32_t i)
{
	const struct registry_row *row = cover_row(p->r, i);

	render_safe(p->out, row->id, false);
	if (row->name.n > 0) {
		buf_str(p->out, "  ");
		render_safe(p->out, row->name, false);
	}
	if (row->system.n > 0) {
		buf_str(p->out, " (");
		render_safe(p->out, row->system, false);
		buf_u8(p->out, ')');
	}
	buf_str(p->out, said(p, ": chờ từ ", ": expected since "));
	page_time(p, coverage_since(p->r, i));
}

void
cover_register(struct cover_out *out, const struct page *p)
{
	bool any = false;

	for (uint32_t i = 0; i < p->r->nexpected && cover_goes_on(out); i++) {
		if (coverage_state(p->r, i) != COVERAGE_MISSING)
			continue;
		if (!any)
			title_put(p, "\nĐÃ ĐĂNG KÝ MÀ CHƯA CÓ GÌ TỚI\n",
			    "\nEXPECTED BUT NOTHING CAME\n");
		any = true;
		buf_str(p->out, " ✗ ");
		cover_missing(p, i);
		buf_u8(p->out, '\n');
	}
	if (p->r->nexpected > 0 && unknown_count(p->r) > 0) {
		title_put(p, "\nNƠI GỬI CHƯA CÓ TÊN\n", "\nUNKNOWN SENDERS\n");
		unknown_list(out, p, SHOWN);
	}
}
