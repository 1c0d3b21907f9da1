/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. See query/lex.h. String literals: LogsQL, "String literals" (those
 * of Go: \a \b \f \n \r \t \v \\ \' \" \xHH \OOO \uHHHH \UHHHHHHHH; backquotes escape nothing).
 */
#include "query/lex.h"

#include "base/fold.h"

static bool
is_space(uint32_t r)
{
	return (r >= '\t' && r <= '\r') || r == ' ' || r == 0x85 || r == 0xa0 || r == 0x1680 ||
	    (r >= 0x2000 && r <= 0x200a) || r == 0x2028 || r == 0x2029 || r == 0x202f ||
	    r == 0x205f || r == 0x3000;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits of a number in an escape: exactly n of them in this base. */
static bool
escape_number(struct span s, size_t *at, size_t n, int base, uint32_t *ret_v)
{
	uint32_t v = 0;

	if (s.n - *at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = hex_value(s.p[*at + i]);

		if (d < 0 || d >= base)
			return false;
		v = v * (uint32_t)base + (uint32_t)d;
	}
	*at += n;
	*ret_v = v;
	return true;
}

/* escape = "\" ( simple / "x" 2hex / 3octal / "u" 4hex / "U" 8hex ); s.p[*at] is behind the "\" */
static bool
escape_read(struct span s, size_t *at, uint8_t *to, size_t *n)
{
	static const char simple[] = "abfnrtv\\'\"", meaning[] = "\a\b\f\n\r\t\v\\'\"";
	uint32_t v = 0;
	const char *hit;
	uint8_t c;

	if (*at == s.n)
		return false;
	c = s.p[(*at)++];
	hit = c != 0 ? strchr(simple, c) : NULL;
	if (hit != NULL) {
		to[(*n)++] = (uint8_t)meaning[hit - simple];
		return true;
	}
	if (c == 'x') {
		if (!escape_number(s, at, 2, 16, &v))
			return false;
		to[(*n)++] = (uint8_t)v;
		return true;
	}
	if (c >= '0' && c <= '7') {
		(*at)--;
		if (!escape_number(s, at, 3, 8, &v) || v > 255)
			return false;
		to[(*n)++] = (uint8_t)v;
		return true;
	}
	if ((c != 'u' && c != 'U') || !escape_number(s, at, c == 'u' ? 4 : 8, 16, &v) ||
	    v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return false;
	*n += rune_put(to + *n, v);
	return true;
}

/* Text of the literal that begins at s.p[from] with a quote; sets the end and the text. */
static const char *
literal_read(struct lex *lex, size_t from, size_t *ret_end, struct span *ret_text)
{
	struct span s = lex->text;
	uint8_t quote = s.p[from];
	size_t end = from + 1, n = 0;
	uint8_t *to;

	while (end < s.n && s.p[end] != quote)
		end += quote != '`' && s.p[end] == '\\' && end + 1 < s.n ? 2 : 1;
	if (end >= s.n) {
		*ret_end = s.n;
		return "missing closing quote; add it";
	}
	*ret_end = end + 1;
	s.n = end;
	if (quote == '`') {
		*ret_text = span_sub(s, from + 1, end - from - 1);
		return NULL;
	}
	to = arena_alloc(lex->arena, end - from + 8);
	for (size_t at = from + 1; at < end;) {
		if (s.p[at] != '\\') {
			to[n++] = s.p[at++];
			continue;
		}
		at++;
		if (!escape_read(s, &at, to, &n))
			return "unknown escape in string; write \\\\ for a backslash or put the "
			    "string in `backquotes`";
	}
	*ret_text = span_of(to, n);
	return NULL;
}

/* White space and comments; true when there were any. */
static bool
skip_space(struct lex *lex)
{
	struct span s = lex->text;
	size_t from = lex->at;

	while (lex->at < s.n) {
		size_t next = lex->at;
		uint32_t r = rune_next(s, &next);

		if (r == '#') {
			while (lex->at < s.n && s.p[lex->at] != '\n')
				(void)rune_next(s, &lex->at), lex->column++;
			continue;
		}
		if (!is_space(r))
			break;
		lex->at = next;
		lex->column++;
	}
	return lex->at > from;
}

static void
token_end_at(struct lex *lex, enum token_kind kind, size_t end)
{
	lex->now.kind = kind;
	lex->now.raw = span_sub(lex->text, lex->at, end - lex->at);
	while (lex->at < end)
		(void)rune_next(lex->text, &lex->at), lex->column++;
}

void
lex_next(struct lex *lex)
{
	struct span s = lex->text;
	size_t end, next;
	uint32_t r;

	lex->last = lex->now;
	lex->now = (struct token){ .kind = TOKEN_END };
	lex->now.space = skip_space(lex);
	lex->now.column = lex->column;
	if (lex->at == s.n)
		return;
	for (end = lex->at; end < s.n; end = next) {
		next = end;
		r = rune_next(s, &next);
		if (!rune_is_word(r) && r != '.')
			break;
	}
	if (end > lex->at) {
		token_end_at(lex, TOKEN_WORD, end);
		lex->now.text = lex->now.raw;
		return;
	}
	r = s.p[end];
	if (r == '"' || r == '\'' || r == '`') {
		lex->now.bad = literal_read(lex, lex->at, &end, &lex->now.text);
		token_end_at(lex, lex->now.bad != NULL ? TOKEN_BAD : TOKEN_QUOTED, end);
		return;
	}
	(void)rune_next(s, &end);
	if (end < s.n && ((r == '=' && s.p[end] == '~') ||
	    (r == '!' && (s.p[end] == '~' || s.p[end] == '='))))
		end++;
	token_end_at(lex, TOKEN_SIGN, end);
	lex->now.text = lex->now.raw;
}

void
lex_init(struct lex *lex, struct span text, struct arena *arena)
{
	*lex = (struct lex){ .text = text, .column = 1, .arena = arena };
	lex_next(lex);
}

static bool
same_word(struct span text, const char *word, size_t n)
{
	if (text.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (rune_lower(text.p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

bool
lex_is(const struct lex *lex, const char *word)
{
	return (lex->now.kind == TOKEN_WORD || lex->now.kind == TOKEN_SIGN) &&
	    same_word(lex->now.text, word, strlen(word));
}

bool
lex_is_any(const struct lex *lex, const char *words)
{
	if (lex->now.kind != TOKEN_WORD && lex->now.kind != TOKEN_SIGN)
		return false;
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (same_word(lex->now.text, words, n))
			return true;
		words += n;
		words += *words == ' ';
	}
	return false;
}

bool
lex_take(struct lex *lex, const char *word)
{
	if (!lex_is(lex, word))
		return false;
	lex_next(lex);
	return true;
}

enum err
lex_compound(struct lex *lex, const char *stop, const char *what, struct span *ret_text,
    struct why *why)
{
	struct token first = lex->now;
	const uint8_t *end;

	if (first.kind == TOKEN_BAD || first.kind == TOKEN_END || lex_is_any(lex, stop))
		return lex_refuse(lex, why, what);
	lex_next(lex);
	if (lex->now.kind == TOKEN_END || lex->now.space || lex_is_any(lex, stop)) {
		*ret_text = first.text;
		return OK;
	}
	do {
		if (lex->now.kind == TOKEN_BAD)
			return lex_refuse(lex, why, what);
		end = lex->now.raw.p + lex->now.raw.n;
		lex_next(lex);
	} while (lex->now.kind != TOKEN_END && !lex->now.space && !lex_is_any(lex, stop));
	*ret_text = span_of(first.raw.p, (size_t)(end - first.raw.p));
	return OK;
}

/* As much of a text as a sentence shows, whole code points. */
static int
shown_bytes(struct span text)
{
	size_t n = text.n < 40 ? text.n : 40;

	while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

enum err
lex_refuse(const struct lex *lex, struct why *why, const char *what)
{
	const struct token *now = &lex->now;

	if (now->kind == TOKEN_BAD)
		return why_set(why, ERR_FORMAT, "column %u: %s", now->column, now->bad);
	if (now->kind == TOKEN_END)
		return why_set(why, ERR_FORMAT, "column %u, at the end: %s", now->column, what);
	return why_set(why, ERR_FORMAT, "column %u, at '%.*s': %s", now->column,
	    shown_bytes(now->raw), (const char *)now->raw.p, what);
}

enum err
lex_refuse_text(struct why *why, uint32_t column, struct span text, const char *what)
{
	return why_set(why, ERR_FORMAT, "column %u: '%.*s' %s", column, shown_bytes(text),
	    (const char *)text.p, what);
}
