/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and names on the page of coverage, in the reader's language: see cover_int.h. */
#include "web/cover_int.h"

#include "web/render.h"

void
paint(const struct page *p, enum paint how)
{
	static const char *const code[] = { "\033[0m", "\033[2m", "\033[1m", "\033[31m",
	    "\033[33m" };

	if (p->form->color)
		buf_str(p->out, code[how]);
}

void
page_number(const struct page *p, uint64_t v)
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
	buf_put(p->out, text, (size_t)at);
}

/* 23/11/2026 13:05 */
void
page_time(const struct page *p, int64_t ns)
{
	struct civil c;

	civil_split(&c, ns, p->r->period.zone_s);
	if (p->form->english)
		buf_printf(p->out, "%04d-%02d-%02d", c.year, c.month, c.day);
	else
		buf_printf(p->out, "%02d/%02d/%04d", c.day, c.month, c.year);
	buf_printf(p->out, " %02d:%02d", c.hour, c.minute);
}

void
page_span(const struct page *p, uint64_t s)
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
void
page_source(const struct page *p, struct buf *out, const struct coverage_source *s)
{
	const struct registry_row *row = cover_row(p->r, s->row);
	struct span first = s->host.n > 0 ? s->host : s->identity.n > 0 ? s->identity : s->peer;

	if (row != NULL)
		render_safe(out, cover_row_name(row), false);
	else if (first.n > 0)
		render_safe(out, first, false);
	else
		buf_str(out, said(p, "các nguồn khác", "other sources"));
	buf_str(out, " (");
	if (row != NULL && row->system.n > 0) {
		render_safe(out, row->system, false);
		buf_str(out, "; ");
	}
	if (row != NULL && s->host.n > 0) {
		render_safe(out, s->host, false);
		buf_str(out, ", ");
	}
	first = row != NULL ? (struct span){ NULL, 0 } : first;
	if (s->identity.n > 0 && !span_eq(first, s->identity)) {
		render_safe(out, s->identity, false);
		buf_str(out, ", ");
	}
	if (s->peer.n > 0 && !span_eq(first, s->peer) && !span_eq(s->host, s->peer)) {
		render_safe(out, s->peer, false);
		buf_str(out, ", ");
	}
	render_safe(out, s->listener, false);
	buf_u8(out, ')');
}
