/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coverage table for print: items of doc/formats/paper.md, in the words of cover_text.c. Names
 * come from records: render_safe() leaves no tab and no line feed in them.
 */
#include "web/cover_int.h"

#include "web/render.h"

/* A paragraph of each line. */
static void
head_put(struct buf *out, const struct page *p)
{
	struct buf head = { 0 };
	const struct page lines = { &head, p->r, p->form };
	bool begun = false;

	cover_head(&lines);
	for (size_t i = 0; i < head.n; i++) {
		if (head.p[i] != '\n' && !begun)
			buf_str(out, "text\t");
		if (head.p[i] != '\n' || begun)
			buf_u8(out, head.p[i]);
		begun = head.p[i] != '\n';
	}
	buf_done(&head);
}

static void
source_put(const struct page *p, const struct coverage_source *s)
{
	const uint64_t number[] = { s->unit, s->rows, s->unparsed, s->cut, s->missing };

	buf_str(p->out, "row\t");
	page_source(p, p->out, s);
	for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
		buf_u8(p->out, '\t');
		page_number(p, number[i]);
	}
	buf_u8(p->out, '\t');
	page_time(p, s->first_ns);
	buf_u8(p->out, '\t');
	page_time(p, s->last_ns);
	buf_u8(p->out, '\n');
}

static void
sources_put(struct cover_out *out, const struct page *p)
{
	if (p->r->nsource == 0)
		return;
	buf_str(p->out, said(p, "heading\tTheo từng nguồn\n", "heading\tBy source\n"));
	buf_str(p->out, "table\t30 l\t8 r\t14 r\t9 r\t8 r\t8 r\t13 c\t13 c\n");
	buf_str(p->out, said(p, "head\tNguồn\tĐơn vị\tĐã nhận\tKhông hiểu\tBị cắt\tƯớc mất\t"
	    "Bản ghi đầu\tBản ghi cuối\n", "head\tSource\tUnit\tReceived\tUnparsed\tCut\tMissing\t"
	    "First record\tLast record\n"));
	for (uint32_t i = 0; i < p->r->nsource && cover_goes_on(out); i++)
		source_put(p, &p->r->source[i]);
}

static void
remark_put(const struct page *p, const struct coverage_remark *m)
{
	/* Rows that nobody came for have a list of their own. */
	if (m->verdict == COVERAGE_ABSENT)
		return;
	buf_str(p->out, "text\t– ");
	if (cover_is_listed(m)) {
		cover_remark(p, m);
	} else if (m->source != UINT32_MAX) {
		page_source(p, p->out, &p->r->source[m->source]);
		buf_str(p->out, said(p, ": nơi gửi chưa có tên trong sổ đăng ký",
		    ": a sender that the register does not know"));
	} else {
		page_number(p, m->usual);
		buf_str(p->out, said(p, " nơi gửi khác chưa có tên trong sổ đăng ký",
		    " other senders that the register does not know"));
	}
	buf_u8(p->out, '\n');
}

/* All of them, as the text has them: also those whose pause is not over. */
static void
missing_put(struct cover_out *out, const struct page *p)
{
	bool any = false;

	for (uint32_t i = 0; i < p->r->nexpected && cover_goes_on(out); i++) {
		if (coverage_state(p->r, i) != COVERAGE_MISSING)
			continue;
		if (!any)
			buf_str(p->out, said(p, "heading\tĐã đăng ký mà chưa có gì tới\n",
			    "heading\tExpected but nothing came\n"));
		any = true;
		buf_str(p->out, "text\t– ");
		cover_missing(p, i);
		buf_u8(p->out, '\n');
	}
}

void
cover_paper(struct cover_out *out, const struct cover_view *view, const struct cover_form *form)
{
	const struct page p = { &out->text, view->result, form };

	head_put(&out->text, &p);
	sources_put(out, &p);
	missing_put(out, &p);
	buf_str(p.out, view->nremark + view->ntold == 0 ? said(&p, "text\tKhông có việc cần xem.\n",
	    "text\tNothing needs a person.\n") : said(&p, "heading\tCần xem\n",
	    "heading\tNeeds a person\n"));
	for (uint32_t i = 0; i < view->nremark && cover_goes_on(out); i++)
		remark_put(&p, &view->remark[i]);
	for (size_t i = 0; i < view->ntold && cover_goes_on(out); i++) {
		buf_str(p.out, "text\t– ");
		cover_told(&p, &view->told[i]);
		buf_u8(p.out, '\n');
	}
}
