/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: writes into the text that it reads, never ahead of where it reads.
 * Comma-separated values as spreadsheets save them: see cells.h.
 *
 *	row  = cell *(separator cell) [CR] (LF / end)
 *	cell = quoted / *octet		blanks around are dropped
 */
#include "model/cells.h"

#include "base/utf8.h"

static const char separators[] = ",;\t";

static uint8_t
at_end(const struct cells *c, size_t at)
{
	return at >= c->text->n || c->text->p[at] == '\n';
}

void
cells_begin(struct cells *c, struct buf *text, size_t most)
{
	*c = (struct cells){ .text = text, .most = most, .next_line = 1, .separator = ',' };
	if (span_starts(buf_span(text), SPAN("\xef\xbb\xbf")))
		c->at = 3;
	for (size_t i = c->at; !at_end(c, i); i++)
		if (memchr(separators, text->p[i], sizeof separators - 1) != NULL) {
			c->separator = text->p[i];
			break;
		}
}

static bool
is_blank(const struct cells *c, uint8_t b)
{
	return (b == ' ' || b == '\t' || b == '\r') && b != c->separator;
}

static struct span
trimmed(const struct cells *c, struct span s)
{
	while (s.n > 0 && is_blank(c, s.p[0]))
		s = span_sub(s, 1, SIZE_MAX);
	while (s.n > 0 && is_blank(c, s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Behind the opening quote: the value to the closing one, "" as one ". */
static enum err
quoted_take(struct cells *c, struct span *ret, struct why *why)
{
	uint8_t *p = c->text->p;
	size_t from = c->at, to = c->at;

	for (; c->at < c->text->n && p[c->at] != '\n'; c->at++) {
		if (p[c->at] == '"' && (c->at + 1 >= c->text->n || p[c->at + 1] != '"')) {
			c->at++;
			*ret = span_of(p + from, to - from);
			return OK;
		}
		c->at += p[c->at] == '"';
		p[to++] = p[c->at];
	}
	return why_set(why, ERR_FORMAT, "line %u: a quote is opened and not closed in the same "
	    "line", c->next_line);
}

static enum err
cell_take(struct cells *c, struct span *ret, struct why *why)
{
	size_t from;
	enum err rc = OK;

	while (!at_end(c, c->at) && is_blank(c, c->text->p[c->at]))
		c->at++;
	if (!at_end(c, c->at) && c->text->p[c->at] == '"') {
		c->at++;
		rc = quoted_take(c, ret, why);
		while (!at_end(c, c->at) && is_blank(c, c->text->p[c->at]))
			c->at++;
		if (rc == OK && !at_end(c, c->at) && c->text->p[c->at] != c->separator)
			rc = why_set(why, ERR_FORMAT, "line %u: text behind a closing quote; a "
			    "quote inside of quotes is written twice", c->next_line);
		return rc;
	}
	for (from = c->at; !at_end(c, c->at) && c->text->p[c->at] != c->separator;)
		c->at++;
	*ret = trimmed(c, span_of(c->text->p + from, c->at - from));
	return OK;
}

static enum err
cell_check(const struct cells *c, struct span cell, struct why *why)
{
	if (cell.n > c->most)
		return why_set(why, ERR_LIMIT, "line %u: a value has more than %zu octets",
		    c->next_line, c->most);
	for (size_t i = 0; i < cell.n; i++)
		if (cell.p[i] < 0x20 || cell.p[i] == 0x7f)
			return why_set(why, ERR_FORMAT, "line %u: control characters are not "
			    "allowed", c->next_line);
	if (!utf8_valid(cell))
		return why_set(why, ERR_FORMAT, "line %u: not UTF-8; save the table as \"CSV "
		    "UTF-8\"", c->next_line);
	return OK;
}

/* One line, also an empty one. */
static enum err
row_take(struct cells *c, bool *ret_any, struct why *why)
{
	enum err rc;

	*ret_any = false;
	for (c->n = 0;; c->at++) {
		struct span cell = { NULL, 0 };

		rc = cell_take(c, &cell, why);
		if (rc == OK)
			rc = cell_check(c, cell, why);
		if (rc == OK && c->n == CELLS_MAX)
			rc = why_set(why, ERR_LIMIT, "line %u: more than %d columns",
			    c->next_line, CELLS_MAX);
		if (rc != OK)
			return rc;
		c->cell[c->n++] = cell;
		*ret_any |= cell.n > 0;
		if (at_end(c, c->at))
			break;
	}
	c->at++;
	c->line = c->next_line++;
	return OK;
}

enum err
cells_next(struct cells *c, struct why *why)
{
	bool any = false;
	enum err rc = OK;

	while (rc == OK && !any && c->at < c->text->n)
		rc = row_take(c, &any, why);
	return rc == OK && !any ? ERR_ABSENT : rc;
}

void
cell_put(struct buf *out, struct span value)
{
	bool quotes = value.n > 0 && (value.p[0] == ' ' || value.p[value.n - 1] == ' ');

	for (size_t i = 0; i < value.n && !quotes; i++)
		quotes = memchr(",;\t\"", value.p[i], 4) != NULL;
	if (quotes)
		buf_u8(out, '"');
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"')
			buf_u8(out, '"');
		buf_u8(out, value.p[i]);
	}
	if (quotes)
		buf_u8(out, '"');
}
