/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The papers of a certificate: the form of content/papers, filled, printed or as plain text. What a
 * certificate says in words is in the form alone. See certificate.h.
 */
#include "cmd/certificate.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/columns.h"
#include "base/template.h"
#include "cmd/cmd.h"
#include "cmd/content.h"
#include "cmd/print.h"

enum { COLUMNS = 96, VALUES = 7 };

/* ---- the form ---- */

/* What stands before and behind the line where the table goes. */
static void
form_split(struct span *ret_before, struct span *ret_behind)
{
	static const char mark[] = "{{body}}\n";
	struct span form = span_is(span_str(say("vi", "en")), "en") ? content_coverage_en :
	    content_coverage_vi;
	const uint8_t *at = memmem(form.p, form.n, mark, sizeof mark - 1);
	size_t before = at != NULL ? (size_t)(at - form.p) : form.n;

	*ret_before = span_sub(form, 0, before);
	*ret_behind = span_sub(form, before + sizeof mark - 1, SIZE_MAX);
}

static enum err
part_fill(struct buf *out, struct span part, const struct certificate_words *w, struct why *why)
{
	const char *none = "......................................";
	uint8_t now[CIVIL_TEXT_BYTES];
	const struct template_value value[VALUES] = {
		{ "time", span_of(now, civil_put(now, w->now_ns, 0, w->zone_s)) },
		{ "name", span_str(w->base) }, { "fingerprint", span_str(w->fingerprint) },
		{ "figures", span_str(w->figures) }, { "code", span_str(w->code) },
		{ "reason", span_str(w->reason != NULL ? w->reason : none) },
		{ "person", span_str(w->person != NULL ? w->person : none) },
	};

	return template_fill(out, part, TEMPLATE_TEXT, value, VALUES, why);
}

/* ---- print ---- */

enum err
certificate_pdf(struct buf *out, const struct certificate_words *words, struct span body,
    struct why *why)
{
	struct span before, behind;
	const struct print_want want = { .kind = PRINT_PDF };
	struct buf document = { 0 };
	struct why said = { "" };
	enum err rc;

	form_split(&before, &behind);
	rc = part_fill(&document, before, words, why);
	buf_span_put(&document, body);
	if (rc == OK)
		rc = part_fill(&document, behind, words, why);
	if (rc == OK)
		rc = print_document(out, buf_span(&document), &want, &said);
	buf_done(&document);
	if (rc == ERR_ABSENT) {
		(void)fprintf(stderr, say("trucban coverage: không có bản PDF: %s\n",
		    "trucban coverage: no PDF: %s\n"), said.text);
		return OK;
	}
	if (said.text[0] != '\0')
		return why_set(why, rc, "%s", said.text);
	return rc;
}

/* ---- plain text ---- */

/* Broken between words. */
static void
words_put(struct buf *out, struct span text)
{
	size_t at = 0;

	while (text.n > 0) {
		struct span word = span_cut(&text, ' ');
		size_t wide = (size_t)columns_of(word);

		if (at > 0 && at + 1 + wide > COLUMNS) {
			buf_u8(out, '\n');
			at = 0;
		}
		if (at > 0)
			buf_u8(out, ' ');
		buf_span_put(out, word);
		at += wide + (at > 0);
	}
	buf_u8(out, '\n');
}

/* What is for a signature or a page stays out. */
static void
item_put(struct buf *out, struct span line)
{
	struct span kind = span_cut(&line, '\t');

	if (span_is(kind, "title") || span_is(kind, "under")) {
		words_put(out, line);
		buf_u8(out, '\n');
	} else if (span_is(kind, "foot")) {
		while (line.n > 0)
			words_put(out, span_cut(&line, '\t'));
		buf_u8(out, '\n');
	} else if (span_is(kind, "heading")) {
		buf_u8(out, '\n');
		words_put(out, line);
	} else if (span_is(kind, "text") || span_is(kind, "note")) {
		words_put(out, line);
	} else if (span_is(kind, "mono")) {
		buf_printf(out, "    %.*s\n", (int)line.n, (const char *)line.p);
	}
}

static enum err
part_text(struct buf *out, struct span part, const struct certificate_words *words,
    struct why *why)
{
	struct buf filled = { 0 };
	enum err rc = part_fill(&filled, part, words, why);

	for (struct span rest = buf_span(&filled); rc == OK && rest.n > 0;)
		item_put(out, span_cut(&rest, '\n'));
	buf_done(&filled);
	return rc;
}

enum err
certificate_text(struct buf *out, const struct certificate_words *words, struct span table,
    struct why *why)
{
	struct span before, behind;
	enum err rc;

	form_split(&before, &behind);
	rc = part_text(out, before, words, why);
	buf_span_put(out, table);
	return rc == OK ? part_text(out, behind, words, why) : rc;
}
