/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays of texts put in a row. Matching: query/regex.h. Many short texts are copied one
 * behind the other with line feeds between them and scanned at once; where a match ends tells
 * which text it is in. A pattern that can match a line feed may have begun in an earlier text:
 * then the text is asked alone. A pattern that knows of edges is always asked text by text.
 */
#include "query/regex.h"

#include <stdlib.h>

#include <hs.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/fold.h"
#include "base/hash.h"
#include "base/must.h"
#include "query/machine.h"

enum {
	ROW_BYTES = 192 << 10,		/* texts in a row: fits the second-level cache */
	ROW_TEXTS = 8192,
	STEPS = 1000000,		/* PCRE2's match limit for one text */
	JIT_STACK = 256 << 10,
};

struct regex {
	struct regex_facts facts;
	const struct machine *machine;
	uint64_t hash;		/* of the pattern */
	bool plain;		/* no whole match wanted, no edges: texts may stand in a row */
	hs_database_t *hs;	/* NULL: PCRE2 alone */
	hs_database_t *hs_all;	/* the same, reporting every end: for texts in a row */
	pcre2_code *pcre;
};

struct regex_scratch {
	hs_scratch_t *hs;
	const struct regex *made_for;	/* scratch is large enough for it, */
	uint64_t made_hash;		/* when it is still the same */
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct buf repaired;		/* a text that is not UTF-8 */
	bool gave_up;
	uint8_t *row;
	uint32_t *end;			/* of text k in row[], line feed included */
	uint32_t *which;		/* its number */
};

/*
 * Only where the library has been asked and was right: Hyperscan on amd64. What Debian has for
 * arm64 is Vectorscan 5.4.9: it loses matches in a text's last octets where vectors are wide (its
 * pull request 378) and finds what is not there (its issue 316).
 */
static hs_database_t *
hs_make(const char *pattern, unsigned flags)
{
	hs_database_t *db = NULL;
	hs_compile_error_t *error = NULL;

#ifndef __x86_64__
	return NULL;
#endif
	if (hs_valid_platform() != HS_SUCCESS)
		return NULL;
	if (hs_compile(pattern, flags, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS) {
		(void)hs_free_compile_error(error);
		return NULL;
	}
	return db;
}

static pcre2_code *
pcre_make(struct span pattern, bool whole, struct why *why)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE |
	    PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR words[200];
	PCRE2_SIZE at = 0;
	pcre2_code *code;
	int error = 0;

	must(context != NULL);
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	if (whole)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	code = pcre2_compile(pattern.p, pattern.n, options, &error, &at, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		(void)pcre2_get_error_message(error, words, sizeof words);
		(void)why_set(why, ERR_FORMAT, "regular expression, octet %zu: %s", (size_t)at,
		    (const char *)words);
	}
	return code;
}

static bool
is_ascii(struct span text)
{
	uint64_t high = 0;
	size_t i = 0;

	for (; i + 8 <= text.n; i += 8) {
		uint64_t w;

		memcpy(&w, text.p + i, 8);
		high |= w;
	}
	for (; i < text.n; i++)
		high |= text.p[i];
	return (high & 0x8080808080808080) == 0;
}

enum err
regex_new(struct regex **ret_regex, struct span pattern, bool whole, struct arena *arena,
    struct why *why)
{
	struct regex *regex = xcalloc(1, sizeof *regex);
	struct buf text = { 0 }, cases = { 0 };
	enum err rc;

	must(*ret_regex == NULL);
	if (whole)
		buf_str(&text, "(?:");
	rc = regex_read(pattern, arena, &regex->facts, &text, why);
	if (rc != OK)
		goto out;
	regex->machine = machine_new(span_sub(buf_span(&text), whole ? 3 : 0, text.n), whole,
	    arena);
	if (whole)
		buf_u8(&text, ')');
	rc = ERR_FORMAT;
	if (regex->facts.any_case)
		regex_cases(buf_span(&text), &cases);
	regex->pcre = pcre_make(buf_span(regex->facts.any_case ? &cases : &text), whole, why);
	if (regex->pcre == NULL)
		goto out;
	(void)pcre2_jit_compile(regex->pcre, PCRE2_JIT_COMPLETE);
	rc = OK;
	buf_u8(&text, '\0');
	regex->hash = hash64(buf_span(&text));
	regex->plain = !whole && !regex->facts.edges;
	/*
	 * Hyperscan reads octets: in `đ?` it would repeat the last of them alone. And behind the
	 * last line feed no line begins for it.
	 */
	if (!whole && !regex->facts.lines && is_ascii(buf_span(&text)))
		regex->hs = hs_make((const char *)text.p, HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY);
	if (regex->hs != NULL && regex->plain)
		regex->hs_all = hs_make((const char *)text.p, HS_FLAG_ALLOWEMPTY);
	*ret_regex = regex;
	regex = NULL;		/* the caller owns it now */
out:
	buf_done(&text);
	buf_done(&cases);
	regex_free(&regex);
	return rc;
}

void
regex_free(struct regex **regex)
{
	if (*regex == NULL)
		return;
	(void)hs_free_database((*regex)->hs);
	(void)hs_free_database((*regex)->hs_all);
	pcre2_code_free((*regex)->pcre);
	free(*regex);
	*regex = NULL;
}

const struct regex_facts *
regex_facts(const struct regex *regex)
{
	return &regex->facts;
}

const struct machine *
regex_machine(const struct regex *regex)
{
	return regex->machine;
}

struct regex_scratch *
regex_scratch_new(void)
{
	return xcalloc(1, sizeof(struct regex_scratch));
}

void
regex_scratch_free(struct regex_scratch **scratch)
{
	struct regex_scratch *s = *scratch;

	if (s == NULL)
		return;
	(void)hs_free_scratch(s->hs);
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	pcre2_jit_stack_free(s->stack);
	buf_done(&s->repaired);
	free(s->row);
	free(s->end);
	free(s->which);
	free(s);
	*scratch = NULL;
}

bool
regex_gave_up(const struct regex_scratch *scratch)
{
	return scratch->gave_up;
}

/* An octet that is no part of UTF-8 is U+FFFD, each for itself: so has RE2 it, and LogsQL. */
static struct span
repaired(struct regex_scratch *s, struct span text)
{
	static const uint8_t stands_for[] = { 0xef, 0xbf, 0xbd };

	s->repaired.n = 0;
	buf_reserve(&s->repaired, 3 * text.n);
	for (size_t at = 0; at < text.n;) {
		size_t from = at;

		if (rune_next(text, &at) == RUNE_BAD && at - from == 1)
			buf_put(&s->repaired, stands_for, sizeof stands_for);
		else
			buf_span_put(&s->repaired, span_sub(text, from, at - from));
	}
	return buf_span(&s->repaired);
}

static int
pcre_run(const struct regex *regex, struct regex_scratch *s, struct span text, uint32_t options)
{
	return pcre2_match(regex->pcre, text.n > 0 ? text.p : (const uint8_t *)"", text.n, 0,
	    options, s->data, s->context);
}

static bool
pcre_match(const struct regex *regex, struct regex_scratch *s, struct span text)
{
	int rc;

	if (s->data == NULL) {
		s->data = pcre2_match_data_create(1, NULL);
		s->context = pcre2_match_context_create(NULL);
		s->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK, NULL);
		must(s->data != NULL && s->context != NULL && s->stack != NULL);
		(void)pcre2_set_match_limit(s->context, STEPS);
		pcre2_jit_stack_assign(s->context, NULL, s->stack);
	}
	rc = pcre_run(regex, s, text, 0);
	if (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21) {
		text = repaired(s, text);
		rc = pcre_run(regex, s, text, 0);
	}
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre_run(regex, s, text, PCRE2_NO_JIT);
	if (rc >= 0)
		return true;
	if (rc != PCRE2_ERROR_NOMATCH)
		s->gave_up = true;
	return false;
}

/*
 * Scratch for another pattern grows; it never shrinks. Another one may lie where the last one lay,
 * so its text counts, too: Hyperscan answers "no match" with scratch that is too small.
 */
static void
scratch_for(struct regex_scratch *s, const struct regex *regex)
{
	if (s->made_for == regex && s->made_hash == regex->hash)
		return;
	must(hs_alloc_scratch(regex->hs, &s->hs) == HS_SUCCESS);
	if (regex->hs_all != NULL)
		must(hs_alloc_scratch(regex->hs_all, &s->hs) == HS_SUCCESS);
	s->made_for = regex;
	s->made_hash = regex->hash;
}

/* What cannot be scanned must not be taken for what does not match. */
static void
scan(const struct regex *regex, const hs_database_t *db, struct regex_scratch *s,
    struct span text, match_event_handler each, void *ctx)
{
	hs_error_t rc;

	scratch_for(s, regex);
	rc = hs_scan(db, text.n > 0 ? (const char *)text.p : "", (unsigned)text.n, 0, s->hs, each,
	    ctx);
	must(rc == HS_SUCCESS || rc == HS_SCAN_TERMINATED);
}

static int
hit_once(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(bool *)ctx = true;
	return 1;	/* enough */
}

static bool
hs_match(const struct regex *regex, struct regex_scratch *s, struct span text)
{
	bool hit = false;

	scan(regex, regex->hs, s, text, hit_once, &hit);
	return hit;
}

bool
regex_match(const struct regex *regex, struct regex_scratch *scratch, struct span text)
{
	if (regex->hs != NULL && is_ascii(text))
		return hs_match(regex, scratch, text);
	return pcre_match(regex, scratch, text);
}

/* ---- texts in a row ---- */

struct in_row {
	const uint32_t *end;
	const uint32_t *which;
	uint32_t n;
	uint32_t at;		/* the text of the last report */
	uint8_t *hit;
};

/* Reports come in the order of their ends, so the search is short; any order is right. */
static int
hit_in_row(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
	struct in_row *r = ctx;

	(void)id, (void)from, (void)flags;
	if (r->at > 0 && to < r->end[r->at - 1])
		r->at = 0;
	/* `to` is where the next octet begins: an end at a text's line feed is that text's. */
	while (r->at < r->n && to >= r->end[r->at])
		r->at++;
	if (r->at < r->n)
		r->hit[r->which[r->at]] = 1;
	return 0;
}

static void
row_scan(const struct regex *regex, struct regex_scratch *s, uint32_t n, const struct span *text,
    uint8_t *hit)
{
	struct in_row row = { .end = s->end, .which = s->which, .n = n, .hit = hit };

	if (n == 0)
		return;
	scan(regex, regex->hs_all, s, span_of(s->row, s->end[n - 1]), hit_in_row, &row);
	for (uint32_t k = 0; k < n && regex->facts.crosses; k++) {
		uint8_t *h = &hit[s->which[k]];

		if (*h != 0)
			*h = hs_match(regex, s, text[s->which[k]]);
	}
}

static void
row_match_many(const struct regex *regex, struct regex_scratch *s, const struct span *text,
    size_t n, uint8_t *hit)
{
	uint32_t in_row = 0, bytes = 0;

	if (s->row == NULL) {
		s->row = xmalloc(ROW_BYTES);
		s->end = xreallocarray(NULL, ROW_TEXTS, sizeof *s->end);
		s->which = xreallocarray(NULL, ROW_TEXTS, sizeof *s->which);
	}
	scratch_for(s, regex);
	for (size_t i = 0; i < n; i++) {
		hit[i] = 0;
		if (text[i].n >= ROW_BYTES / 4 || !is_ascii(text[i])) {
			hit[i] = regex_match(regex, s, text[i]);
			continue;
		}
		if (in_row == ROW_TEXTS || bytes + text[i].n + 1 > ROW_BYTES) {
			row_scan(regex, s, in_row, text, hit);
			in_row = bytes = 0;
		}
		if (text[i].n > 0)
			memcpy(s->row + bytes, text[i].p, text[i].n);
		bytes += (uint32_t)text[i].n;
		s->row[bytes++] = '\n';
		s->end[in_row] = bytes;
		s->which[in_row++] = (uint32_t)i;
	}
	row_scan(regex, s, in_row, text, hit);
}

void
regex_match_many(const struct regex *regex, struct regex_scratch *scratch,
    const struct span *text, size_t n, uint8_t *hit)
{
	if (regex->hs_all != NULL && n > 4) {
		row_match_many(regex, scratch, text, n, hit);
		return;
	}
	for (size_t i = 0; i < n; i++)
		hit[i] = regex_match(regex, scratch, text[i]);
}
