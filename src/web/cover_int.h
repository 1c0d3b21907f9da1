/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage for people: shared by cover.c and cover_*.c. */
#ifndef WEB_COVER_INT_H
#define WEB_COVER_INT_H

#include "base/buf.h"
#include "base/civil.h"
#include "model/registry.h"
#include "coverage/coverage.h"
#include "web/told.h"

enum cover_show { COVER_ALL, COVER_EXPECTED, COVER_UNKNOWN };

struct cover_form {
	bool english, json, color, paper, certificate;
	enum cover_show show;
	int wide;			/* columns of the reader's terminal; 0: as wide as it is */
};

/* What was counted, and what it means. */
struct cover_view {
	const struct coverage_result *result;
	const struct coverage_remark *remark;
	uint32_t nremark;
	const struct told *told;	/* what senders say of their own losses */
	size_t ntold;
	const char *fingerprint;	/* of the seal's key, for a certificate; else "" */
};

/* Octets on their way out: handed on now and then, never after somebody said stop. */
struct cover_out {
	struct buf text;
	bool (*write)(void *ctx, struct span bytes);
	void *ctx;
	bool stopped;
};

void		cover_flush(struct cover_out *out);
/* cover_flush() when there is much. False: stop. */
bool		cover_goes_on(struct cover_out *out);

/* Puts the table, and what needs a person below it. */
void		cover_text(struct cover_out *out, const struct cover_view *view,
		    const struct cover_form *form);
/* The same as items of a document for print, doc/formats/paper.md; without its first line. */
void		cover_paper(struct cover_out *out, const struct cover_view *view,
		    const struct cover_form *form);

/* ---- cover_page.c: words on a page ---- */

struct page {
	struct buf *out;
	const struct coverage_result *r;
	const struct cover_form *form;
};

enum paint { PAINT_PLAIN, PAINT_DIM, PAINT_BOLD, PAINT_RED, PAINT_YELLOW };

/* In the reader's language. */
static inline const char *
said(const struct page *p, const char *vi, const char *en)
{
	return p->form->english ? en : vi;
}

/* When there are colours. */
void		paint(const struct page *p, enum paint how);
/* 1.234.567 in Vietnamese, 1,234,567 in English. */
void		page_number(const struct page *p, uint64_t v);
/* 23/11/2026 13:05 */
void		page_time(const struct page *p, int64_t ns);
/* "2 giờ 5 phút" */
void		page_span(const struct page *p, uint64_t s);
/* "web01 (10.0.0.5, udp)", by its name of the register when it has one. */
void		page_source(const struct page *p, struct buf *out,
		    const struct coverage_source *s);

/* ---- cover_register.c: the register held against what came ---- */

/* NULL: none. */
static inline const struct registry_row *
cover_row(const struct coverage_result *r, uint32_t row)
{
	return row != UINT32_MAX ? registry_row(r->registry, row) : NULL;
}

static inline struct span
cover_row_name(const struct registry_row *row)
{
	return row->name.n > 0 ? row->name : row->id;
}

/* By which register this was judged. */
void		cover_register_head(const struct page *p);
/* Sections: expected but nothing came, unknown senders. */
void		cover_register(struct cover_out *out, const struct page *p);
/* "web01  Cổng (Một cửa): chờ từ 23/11/2026 08:00" of one that nothing came of. No end of line. */
void		cover_missing(const struct page *p, uint32_t row);
/* All rows with their states; all unknown senders with the commands that name them. */
void		cover_expected(struct cover_out *out, const struct page *p);
void		cover_unknown(struct cover_out *out, const struct page *p);
/* "arrives", "silent", "stopped", "absent", "later" */
const char	*cover_state_name(enum coverage_state state);
/* The kind of source that it may be, or NULL. */
const char	*cover_guess(const struct coverage_source *s);
enum cover_blank { COVER_BLANK_VI, COVER_BLANK_EN };

/*
 * The command that names it, by no name that the register has (NULL: there is none); what its
 * reader has to fill in is a word of his language.
 */
void		cover_command_put(struct buf *out, const struct coverage_source *s,
		    const struct registry *registry, enum cover_blank blank);
/* SHA-256 of the register, 64 digits. */
void		cover_sum_put(struct buf *out, const struct registry *registry);

/* ---- cover_text.c: the whole page ---- */

/* What was counted, in lines. */
void		cover_head(const struct page *p);
/* Of what, and what about it; not of those that the register misses. No end of line. */
void		cover_remark(const struct page *p, const struct coverage_remark *m);
/* Of those: they have sections of their own. */
bool		cover_is_listed(const struct coverage_remark *m);
/* "web01: 1,500 records dropped by journald's rate limit, as it says itself" No end of line. */
void		cover_told(const struct page *p, const struct told *told);
/* "silent", "lost": for JSON. */
const char	*cover_verdict_name(unsigned verdict);
const char	*cover_grade_name(unsigned grade);

#endif
