/* SPDX-License-Identifier: Apache-2.0 */
/* Forms and their values: see paperform.h. */
#include "paper/paperform.h"

#include "base/template.h"
#include "base/utf8.h"
#include "paper/read.h"
#include "paper/secret.h"

/* For the hand, where a value is missing. */
#define DOTS	"............"

struct reading {
	struct arena *arena;
	struct paperform *form;
	struct paperform_field *field;
	struct paperform_block *block;
	size_t line;
	struct why *why;
};

static enum err
bad(const struct reading *r, const char *what)
{
	return why_set(r->why, ERR_FORMAT, "line %zu: %s", r->line, what);
}

/* ---- lines and names ---- */

/* Up to the next `end`, which is passed over. */
static struct span
piece_take(struct span *rest, char end)
{
	const uint8_t *at = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;
	struct span piece = span_sub(*rest, 0, at != NULL ? (size_t)(at - rest->p) : rest->n);

	*rest = span_sub(*rest, piece.n + 1, SIZE_MAX);
	return piece;
}

/* As a string of the arena; NULL: a letter, then letters, digits and _ are a name. */
static const char *
name_of(struct arena *arena, struct span s)
{
	char *name;

	if (s.n == 0 || s.n > PAPERFORM_NAME_BYTES)
		return NULL;
	for (size_t i = 0; i < s.n; i++) {
		bool letter = s.p[i] >= 'a' && s.p[i] <= 'z';
		bool other = (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';

		if (!letter && (i == 0 || !other))
			return NULL;
	}
	name = arena_zalloc(arena, s.n + 1, 1);
	memcpy(name, s.p, s.n);
	return name;
}

/* Number of the block, from 1; 0: there is none. */
static unsigned
block_find(const struct paperform *form, struct span name)
{
	for (unsigned i = 0; i < form->nblock; i++)
		if (span_is(name, form->block[i].name))
			return i + 1;
	return 0;
}

/* Number of the field, or nfield. */
static size_t
field_find(const struct paperform *form, struct span name)
{
	size_t i = 0;

	while (i < form->nfield && !span_is(name, form->field[i].name))
		i++;
	return i;
}

/* ---- what a form says of itself ---- */

static enum err
text_take(struct reading *r, struct span *ret, struct span text)
{
	if (ret->n > 0)
		return bad(r, "title, law, source and status stand once each");
	if (text.n == 0)
		return bad(r, "title, law, source and status want a text");
	*ret = text;
	return OK;
}

static enum err
status_take(struct reading *r, struct span rest)
{
	struct span word = piece_take(&rest, '\t');

	r->form->official = span_is(word, "official");
	if (!r->form->official && !span_is(word, "unofficial"))
		return bad(r, "the status is official or unofficial, and who says so");
	return text_take(r, &r->form->status, rest);
}

static enum err
about_take(struct reading *r, struct span word)
{
	static const char *const known[] = { "incident", "evidence", "handover", "time",
	    "office", "directive", "checklist" };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_is(word, known[i])) {
			if (r->form->about.n > 0)
				return bad(r, "what a form is about stands once");
			r->form->about = word;
			return OK;
		}
	return bad(r, "a form is about one of incident, evidence, handover, time, office, "
	    "directive, checklist");
}

/* Whatever is no "none" is one: who writes a form does not have to know our words. */
static enum err
mark_take(struct reading *r, struct span mark)
{
	return span_is(mark, "none") ? OK : secret_refuse(mark, r->why);
}

static enum err
field_take(struct reading *r, struct span rest)
{
	struct span name = piece_take(&rest, '\t');
	struct paperform_field *field = &r->field[r->form->nfield];

	if (r->form->nfield == PAPERFORM_FIELDS_MAX)
		return why_set(r->why, ERR_LIMIT, "a form has at most %d fields",
		    PAPERFORM_FIELDS_MAX);
	*field = (struct paperform_field){ .name = name_of(r->arena, name), .label = rest,
	    .block = (unsigned)r->form->nblock };
	if (field->name == NULL || rest.n == 0)
		return bad(r, "a field is its name (a-z, 0-9, _) and its label");
	if (field_find(r->form, name) < r->form->nfield)
		return bad(r, "this field is there already");
	r->form->nfield++;
	return OK;
}

static enum err
block_take(struct reading *r, struct span rest)
{
	struct span name = piece_take(&rest, '\t'), blank = piece_take(&rest, '\t');
	struct paperform_block *block = &r->block[r->form->nblock];

	if (r->form->nblock == PAPERFORM_BLOCKS_MAX)
		return why_set(r->why, ERR_LIMIT, "a form has at most %d blocks",
		    PAPERFORM_BLOCKS_MAX);
	*block = (struct paperform_block){ .name = name_of(r->arena, name), .label = rest };
	if (block->name == NULL || rest.n == 0 || blank.n != 1 || blank.p[0] < '0' ||
	    blank.p[0] > '9')
		return bad(r, "a block is its name, a digit and its label");
	if (block_find(r->form, name) != 0)
		return bad(r, "this block is there already");
	block->blank = (uint32_t)(blank.p[0] - '0');
	r->form->nblock++;
	return OK;
}

static enum err
head_take(struct reading *r, struct span line)
{
	struct span rest = line, kind = piece_take(&rest, '\t');

	if (span_is(kind, "title"))
		return text_take(r, &r->form->title, rest);
	if (span_is(kind, "law"))
		return text_take(r, &r->form->law, rest);
	if (span_is(kind, "source"))
		return text_take(r, &r->form->source, rest);
	if (span_is(kind, "status"))
		return status_take(r, rest);
	if (span_is(kind, "about"))
		return about_take(r, rest);
	if (span_is(kind, "mark"))
		return mark_take(r, rest);
	if (span_is(kind, "field"))
		return field_take(r, rest);
	if (span_is(kind, "block"))
		return block_take(r, rest);
	return bad(r, "not a line of a form's head, see doc/formats/form.md");
}

/* ---- its blocks ---- */

/* What stands between the two: a line "{{#name}}" or "{{/name}}"; empty: it is no such line. */
static struct span
mark_of(struct span line, char sign)
{
	if (line.n < 6 || line.p[0] != '{' || line.p[1] != '{' || line.p[2] != (uint8_t)sign ||
	    line.p[line.n - 1] != '}' || line.p[line.n - 2] != '}')
		return (struct span){ NULL, 0 };
	return span_sub(line, 3, line.n - 5);
}

/* Finds the lines of each block; r->line is at the document's first line. */
static enum err
blocks_find(struct reading *r)
{
	struct paperform_block *open = NULL;
	const uint8_t *start = NULL;

	for (struct span rest = r->form->document; rest.n > 0; r->line++) {
		struct span line = piece_take(&rest, '\n');
		struct span begin = mark_of(line, '#'), end = mark_of(line, '/');
		unsigned block = block_find(r->form, begin.n > 0 ? begin : end);

		if (begin.n == 0 && end.n == 0)
			continue;
		if (block == 0)
			return bad(r, "a block that is not declared");
		if (begin.n > 0 && (open != NULL || r->block[block - 1].text.p != NULL))
			return bad(r, "a block stands once, and not in another one");
		if (end.n > 0 && open != &r->block[block - 1])
			return bad(r, "a block ends that was not begun");
		if (begin.n > 0) {
			open = &r->block[block - 1];
			start = line.p + line.n + (rest.n > 0);
		} else {
			open->text = span_of(start, (size_t)(line.p - start));
			open = NULL;
		}
	}
	for (size_t i = 0; i < r->form->nblock; i++)
		if (r->block[i].text.p == NULL)
			return why_set(r->why, ERR_FORMAT, "block %s is declared and not used, or "
			    "not ended", r->block[i].name);
	return OK;
}

static enum err
fields_used(const struct reading *r)
{
	for (size_t i = 0; i < r->form->nfield; i++) {
		const struct paperform_field *f = &r->form->field[i];
		struct span in = f->block > 0 ? r->form->block[f->block - 1].text :
		    r->form->document;
		struct buf mark = { 0 };
		bool used;

		buf_printf(&mark, "{{%s}}", f->name);
		used = in.n > 0 && memmem(in.p, in.n, mark.p, mark.n) != NULL;
		buf_done(&mark);
		if (!used)
			return why_set(r->why, ERR_FORMAT, "field %s is declared and not used",
			    f->name);
	}
	return OK;
}

enum err
paperform_read(struct span text, struct arena *arena, struct paperform *ret, struct why *why)
{
	struct reading r = { .arena = arena, .form = ret, .line = 1, .why = why };
	struct buf blank = { 0 };
	enum err rc = OK;

	*ret = (struct paperform){ 0 };
	if (text.n > PAPERFORM_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "a form has at most %d octets", PAPERFORM_BYTES_MAX);
	if (!utf8_valid(text) || !span_is(piece_take(&text, '\n'), "form 1"))
		return bad(&r, "a form is UTF-8 and begins with \"form 1\"");
	ret->field = r.field = arena_zalloc(arena, PAPERFORM_FIELDS_MAX + 1, sizeof *r.field);
	ret->block = r.block = arena_zalloc(arena, PAPERFORM_BLOCKS_MAX + 1, sizeof *r.block);
	while (rc == OK && !span_starts(text, SPAN("paper "))) {
		struct span line;

		r.line++;
		if (text.n == 0)
			return bad(&r, "a form without a document (\"paper 1 vi\")");
		line = piece_take(&text, '\n');
		if (line.n > 0 && line.p[0] != '#')
			rc = head_take(&r, line);
	}
	r.line++;
	ret->document = text;
	if (rc == OK && (ret->title.n == 0 || ret->law.n == 0 || ret->source.n == 0 ||
	    ret->status.n == 0))
		rc = bad(&r, "a form says its title, law, source and status");
	if (rc == OK)
		rc = blocks_find(&r);
	if (rc == OK)
		rc = fields_used(&r);
	/* Names that the document asks for and nobody declared come out here. */
	if (rc == OK)
		rc = paperform_fill(&blank, ret, SPAN(""), arena, why);
	buf_done(&blank);
	return rc;
}

/* ---- values ---- */

/* Values of the whole paper, or of one time of a block: by number of the field. */
struct times {
	unsigned block;
	struct span *value;
};

struct filling {
	const struct paperform *form;
	struct arena *arena;
	struct times *times;		/* [0]: the whole paper's */
	size_t ntimes, cap;
	size_t line;
	struct why *why;
};

static void
times_begin(struct filling *f, unsigned block)
{
	if (f->ntimes == f->cap) {
		struct times *more = arena_alloc(f->arena, (f->cap * 2 + 8) * sizeof *more);

		if (f->ntimes > 0)
			memcpy(more, f->times, f->ntimes * sizeof *more);
		f->times = more;
		f->cap = f->cap * 2 + 8;
	}
	f->times[f->ntimes++] = (struct times){ block,
	    arena_zalloc(f->arena, f->form->nfield + 1, sizeof(struct span)) };
}

static enum err
value_take(struct filling *f, struct span line)
{
	struct times *now = &f->times[f->ntimes - 1];
	struct span value = line, name = piece_take(&value, '\t');
	size_t i = field_find(f->form, name);

	if (name_of(f->arena, name) == NULL)
		return why_set(f->why, ERR_FORMAT, "values, line %zu: a line is a name (a-z, 0-9, "
		    "_), a tab and the value", f->line);
	if (i == f->form->nfield || f->form->field[i].block != now->block)
		return why_set(f->why, ERR_FORMAT, "values, line %zu: the form has no field "
		    "'%.*s' here", f->line, (int)name.n, (const char *)name.p);
	if (value.n > PAPER_CELL_BYTES)
		return why_set(f->why, ERR_LIMIT, "values, line %zu: a value has at most %d octets",
		    f->line, PAPER_CELL_BYTES);
	if (now->value[i].n > 0)
		return why_set(f->why, ERR_FORMAT, "values, line %zu: %s has a value already",
		    f->line, f->form->field[i].name);
	now->value[i] = value;
	return OK;
}

static enum err
value_line_take(struct filling *f, struct span line)
{
	unsigned block;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 || line.p[0] == '#')
		return OK;
	if (!utf8_valid(line))
		return why_set(f->why, ERR_FORMAT, "values, line %zu: this is not UTF-8", f->line);
	if (line.p[0] != '[')
		return value_take(f, line);
	block = line.p[line.n - 1] == ']' ?
	    block_find(f->form, span_sub(line, 1, line.n - 2)) : 0;
	if (block == 0)
		return why_set(f->why, ERR_FORMAT, "values, line %zu: the form has no such block",
		    f->line);
	if (f->ntimes > PAPERFORM_TIMES_MAX)
		return why_set(f->why, ERR_LIMIT, "values, line %zu: more than %d blocks", f->line,
		    PAPERFORM_TIMES_MAX);
	times_begin(f, block);
	return OK;
}

/* ---- the document ---- */

/* Whether the name is a whole cell of an item that has its own room for the hand. */
static bool
own_cell(struct span line, const char *name)
{
	struct span kind = piece_take(&line, '\t');
	size_t n = strlen(name);

	if (!span_is(kind, "field") && !span_is(kind, "row"))
		return false;
	while (line.n > 0) {
		struct span cell = piece_take(&line, '\t');

		if (cell.n == n + 4 && span_starts(cell, SPAN("{{")) &&
		    span_is(span_sub(cell, 2, n), name))
			return true;
	}
	return false;
}

static enum err
line_fill(struct filling *f, struct buf *out, struct span line, const struct times *times)
{
	struct template_value value[PAPERFORM_FIELDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < f->form->nfield; i++) {
		const struct paperform_field *field = &f->form->field[i];
		struct span v = field->block > 0 ? times->value[i] : f->times[0].value[i];

		if (field->block != 0 && field->block != times->block)
			continue;
		if (v.n == 0)
			v = own_cell(line, field->name) ? SPAN("") : SPAN(DOTS);
		value[n++] = (struct template_value){ field->name, v };
	}
	if (out->n > PAPER_BYTES_MAX)
		return why_set(f->why, ERR_LIMIT, "a document has at most %d octets",
		    PAPER_BYTES_MAX);
	return template_fill(out, line, TEMPLATE_TEXT, value, n, f->why);
}

static enum err
lines_fill(struct filling *f, struct buf *out, struct span text, const struct times *times)
{
	enum err rc = OK;

	while (text.n > 0 && rc == OK) {
		rc = line_fill(f, out, piece_take(&text, '\n'), times);
		buf_u8(out, '\n');
	}
	return rc;
}

/* As often as there are values for it, or as often as it is to be filled in by hand. */
static enum err
block_fill(struct filling *f, struct buf *out, unsigned block)
{
	const struct paperform_block *b = &f->form->block[block - 1];
	struct times blank = { block, arena_zalloc(f->arena, f->form->nfield + 1,
	    sizeof(struct span)) };
	bool any = false;
	enum err rc = OK;

	for (size_t i = 1; i < f->ntimes && rc == OK; i++) {
		if (f->times[i].block != block)
			continue;
		any = true;
		rc = lines_fill(f, out, b->text, &f->times[i]);
	}
	for (uint32_t i = 0; !any && i < b->blank && rc == OK; i++)
		rc = lines_fill(f, out, b->text, &blank);
	return rc;
}

enum err
paperform_fill(struct buf *out, const struct paperform *form, struct span values,
    struct arena *arena, struct why *why)
{
	struct filling f = { .form = form, .arena = arena, .why = why };
	struct span rest = form->document;
	size_t from = out->n;
	enum err rc = OK;

	if (values.n > PAPERFORM_VALUES_MAX)
		return why_set(why, ERR_LIMIT, "values have at most %d octets",
		    PAPERFORM_VALUES_MAX);
	times_begin(&f, 0);
	if (span_starts(values, SPAN("\xef\xbb\xbf")))
		values = span_sub(values, 3, SIZE_MAX);
	while (values.n > 0 && rc == OK) {
		f.line++;
		rc = value_line_take(&f, piece_take(&values, '\n'));
	}
	while (rest.n > 0 && rc == OK) {
		struct span line = piece_take(&rest, '\n'), name = mark_of(line, '#');
		unsigned block = block_find(form, name);

		if (block == 0) {
			rc = line_fill(&f, out, line, &f.times[0]);
			buf_u8(out, '\n');
			continue;
		}
		rc = block_fill(&f, out, block);
		rest = span_sub(rest, form->block[block - 1].text.n, SIZE_MAX);
		(void)piece_take(&rest, '\n');
	}
	return rc == OK ? secret_check(span_sub(buf_span(out), from, SIZE_MAX), why) : rc;
}

void
paperform_ask(struct buf *out, const struct paperform *form)
{
	unsigned block = 0;

	for (size_t i = 0; i < form->nfield; i++) {
		const struct paperform_field *f = &form->field[i];

		if (f->block != block) {
			const struct paperform_block *b = &form->block[f->block - 1];

			buf_printf(out, "\n# %.*s\n[%s]\n", (int)b->label.n,
			    (const char *)b->label.p, b->name);
			block = f->block;
		}
		buf_printf(out, "# %.*s\n%s\t\n", (int)f->label.n, (const char *)f->label.p,
		    f->name);
	}
}
