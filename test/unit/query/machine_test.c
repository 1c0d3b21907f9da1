/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: test code. Tests that a pattern's machine answers as the engines do: over texts read in
 * pieces, and over the templates and lists of a real segment. Patterns are random, most of them
 * with parts of some text, so that they lie over the edges of slots.
 */
#include "query/machine.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"
#include "query/eval.h"
#include "store/builder.h"
#include "store/segment_int.h"

enum { ROUNDS = 6, ROWS = 3000, TEMPLATES = 60, TOKENS = 10, TRIES = 100, TEXTS = 400,
	PATTERNS = 800 };

static uint64_t state;

static uint32_t
dice(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dU) >> 33) % below;
}

#define PICK(list) (list)[dice(sizeof (list) / sizeof (list)[0])]

/* ---- patterns ---- */

static const char *const atom[] = { "a", "b", "u", "e", "0", "1", " ", "=", "\\.", "-", ":", "x",
	"\\d", "\\w", "\\s", "\\D", "\\W", "\\S", ".", "[a-f0-9]", "[^a-z]", "[ =:]", "[^ ]",
	"\\b", "\\B", "^", "$", "\\A", "\\z", "(?:)", "user", "from", "fail", "10", "port", "đ",
	"nhập", "[[:alpha:]]", "[[:^digit:]]", "[\\d.]", "[^\\W_]", "\\x41", "\\n", "\\pL", "\\{",
	"\\d{1,3}", "0x", "\\t", "[\\]a-]", "(?s:.)", "(?i:E)", "[^\\D]", "(?i)", "\\QA.b\\E" };
static const char *const repeat[] = { "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{0}", "+?",
	"*?", "{1}" };

static bool
repeats(const char *text)
{
	return strchr("^$", text[0]) == NULL && strcmp(text, "\\b") != 0 &&
	    strcmp(text, "\\B") != 0 && strcmp(text, "\\A") != 0 && strcmp(text, "\\z") != 0 &&
	    strcmp(text, "(?i)") != 0;
}

static void
pattern_put(struct buf *out, unsigned depth)
{
	unsigned n = 1 + dice(depth > 1 ? 2 : 4);

	for (unsigned i = 0; i < n; i++) {
		const char *one = PICK(atom);

		if (dice(4) == 0 && depth < 3) {
			buf_str(out, dice(2) == 0 ? "(" : "(?:");
			pattern_put(out, depth + 1);
			if (dice(2) == 0) {
				buf_str(out, "|");
				pattern_put(out, depth + 1);
			}
			buf_str(out, ")");
			one = "()";
		} else {
			buf_str(out, one);
		}
		if (dice(4) == 0 && repeats(one))
			buf_str(out, PICK(repeat));
	}
	if (depth == 0 && dice(6) == 0) {
		buf_str(out, "|");
		pattern_put(out, 1);
	}
}

/* ---- texts ---- */

static const char *const word[] = { "from", "to", "port", "Session", "for", "user", "error",
	"failed", "Đăng nhập", "é", "10", "a", "0x1f", "Kelvin \xe2\x84\xaa", "ſ", "user root" };
static const char *const glue[] = { " ", " ", " ", ".", ".", ":", ", ", "=", "/", "[", "] ", "-",
	"\n", "\"", " \\", "", "\xff" };

enum { WORD, ADDRESS, NUMBER, POINT, HEX, PADDED, NAME, CLOCK, DAY, HOST, SOME, UUID, KINDS };

struct token {
	unsigned kind;
	const char *text, *behind;
};

static struct token template[TEMPLATES][TOKENS];

static void
token_put(struct buf *out, const struct token *t, struct span host)
{
	switch (t->kind) {
	case ADDRESS:
		buf_printf(out, "10.%u.%u.%u", dice(2), dice(3), dice(30));
		break;
	case NUMBER:
		buf_printf(out, "%d", (int)dice(dice(2) == 0 ? 12 : 40000) - 5);
		break;
	case POINT:
		buf_printf(out, "%u.%u", dice(30), 10 + dice(90));
		break;
	case HEX:
		buf_printf(out, "0x%x", dice(1U << 30));
		break;
	case PADDED:
		buf_printf(out, "v%05uMB", dice(9000));
		break;
	case NAME:
		buf_printf(out, "w%u.%s.a", dice(9), PICK(word));
		break;
	case CLOCK:
		buf_printf(out, "2026-11-%02u %02u:%02u:10.%03u", 1 + dice(28), dice(24),
		    dice(60), dice(1000));
		break;
	case DAY:
		buf_printf(out, "Nov %2u %02u:%02u:10", 1 + dice(28), dice(24), dice(60));
		break;
	case UUID:
		buf_printf(out, "%08x-10%02x", dice(1U << 30), dice(256));
		break;
	case HOST:
		buf_span_put(out, host);
		break;
	case SOME:
		buf_str(out, PICK(word));
		break;
	default:
		buf_str(out, t->text);
		break;
	}
	buf_str(out, t->behind);
}

static void
templates_make(void)
{
	for (unsigned i = 0; i < TEMPLATES; i++)
		for (unsigned k = 0; k < TOKENS; k++)
			template[i][k] = (struct token){ dice(2) == 0 ? WORD : dice(KINDS),
			    PICK(word), PICK(glue) };
}

static void
text_put(struct buf *out, struct span host)
{
	const struct token *t = template[dice(TEMPLATES)];
	unsigned n = 1 + dice(TOKENS);

	for (unsigned i = 0; i < (dice(3) == 0 ? n : TOKENS); i++)
		token_put(out, &t[i], host);
}

/* ---- a machine and the engines ---- */

/* The state after the text, read in pieces that do not cut code points. */
static uint16_t
pieces_run(const struct machine *m, struct span text)
{
	uint16_t at = m->start;

	for (size_t from = 0, to; from < text.n; from = to) {
		to = from + 1 + dice(6);
		while (to < text.n && (text.p[to] & 0xc0) == 0x80)
			to++;
		at = machine_run(m, at, span_sub(text, from, to - from));
	}
	return at;
}

static void
try_pattern(struct arena *arena, struct regex_scratch *scratch, struct span pattern, bool whole)
{
	struct regex *regex = NULL;
	const struct machine *m;
	struct buf text = { 0 };
	unsigned wrong = 0;

	if (regex_new(&regex, pattern, whole, arena, NULL) != OK)
		return;
	m = regex_machine(regex);
	for (unsigned i = 0; i < TEXTS / 8 && m != NULL; i++) {
		text.n = 0;
		text_put(&text, SPAN("web-1"));
		text.n = i % 3 == 0 ? dice((uint32_t)text.n + 1) : text.n;
		if (!machine_reads(m, buf_span(&text)))
			continue;
		wrong += machine_end(m, pieces_run(m, buf_span(&text))) !=
		    regex_match(regex, scratch, buf_span(&text));
	}
	if (!regex_gave_up(scratch) && !check_int(wrong, 0))
		printf("\t%s%.*s\n", whole ? "whole " : "", (int)pattern.n,
		    (const char *)pattern.p);
	buf_done(&text);
	regex_free(&regex);
}

/* Those that were once answered wrongly; then dice. */
static void
a_machine_answers_as_the_engines_do(void)
{
	static const char *const known[] = { "[^ ]*?(.a?){1,3}", "(?s:.)\\z\\B$", "\\w\\z\\b",
		"d$\\b", "\\z\\A", "$^" };
	enum { KNOWN = sizeof known / sizeof known[0] };
	struct buf pattern = { 0 };

	state = 77;
	templates_make();
	for (unsigned i = 0; i < KNOWN + PATTERNS; i++) {
		struct arena *arena = arena_new(1 << 26);
		struct regex_scratch *scratch = regex_scratch_new();

		pattern.n = 0;
		if (i < KNOWN)
			buf_str(&pattern, known[i]);
		else
			pattern_put(&pattern, 0);
		try_pattern(arena, scratch, buf_span(&pattern), i % 5 == 0);
		regex_scratch_free(&scratch);
		arena_free(&arena);
	}
	buf_done(&pattern);
}

static void
what_is_large_or_foreign_has_no_machine(void)
{
	static const char *const none[] = { "(a|b).{12}c", "x{1000}y{100}", "\\pL", "[à-ỹ]",
		"(?m)^a", "(?i)đ", "[đx]" };
	static const char *const some[] = { "\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}",
		"fail(ed|ure).*(from|for) ", "^$", "đăng nhập", "[^\\x00-\\x1f]", "(?i)error", "",
		"a{0}", "(a|b).{8}c" };
	struct arena *arena = arena_new(1 << 26);

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		if (!check(machine_new(span_str(none[i]), false, arena) == NULL))
			printf("\t%s\n", none[i]);
	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
		if (!check(machine_new(span_str(some[i]), false, arena) != NULL))
			printf("\t%s\n", some[i]);
	arena_free(&arena);
}

/* ---- a segment ---- */

/* Every row has a host and more; those with an even number a text, the others one as JSON. */
enum { HOLES = 8, SHAPES = 2 };

struct world {
	struct arena *arena;
	struct shape *shape[SHAPES];
	struct source *source;
	struct span text[ROWS];		/* what is meant */
	struct view *view;
};

static void
nouns_make(struct world *w)
{
	static const char *const name[HOLES - 1] = { "host", "b", "c", "d", "e", "f", "g" };
	struct hole hole[HOLES];
	struct shape shape = { .format = FORMAT_JSON, .decoder = 1, .nhole = HOLES, .hole = hole,
	    .head = SPAN("{") };
	struct source source = { .class = 2, .listener = SPAN("tcp"), .host = SPAN("web") };
	struct buf code = { 0 };

	for (int i = 0; i + 1 < HOLES; i++)
		hole[i] = (struct hole){ .kind = HOLE_TEXT, .name = span_str(name[i]),
		    .piece = SPAN(" ") };
	hole[HOLES - 1] = (struct hole){ .kind = HOLE_TEXT, .name = SPAN("text"),
	    .piece = SPAN("}"), .role = ROLE_MESSAGE };
	for (int i = 0; i < SHAPES; i++) {
		code.n = 0;
		shape_encode(&code, &shape);
		must(shape_new(&w->shape[i], buf_span(&code), NULL) == OK);
		hole[HOLES - 1].kind = HOLE_JSON_STRING;
		hole[HOLES - 1].name = SPAN("json");
	}
	code.n = 0;
	source_encode(&code, &source);
	must(source_new(&w->source, buf_span(&code), NULL) == OK);
	buf_done(&code);
}

static void
json_put(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c == ':' || (c == '.' && dice(30) == 0))
			buf_printf(out, "\\u%04x", c);
		else
			buf_u8(out, c);
	}
}

static void
row_add(struct world *w, struct batch_writer *writer, uint32_t i)
{
	struct span value[HOLES];
	struct row row = { .value = value, .nvalue = HOLES, .shape = i % SHAPES,
	    .recv_ns = 1790000000000000000 + (int64_t)i * 1000 };
	struct buf text = { 0 };

	for (int k = 1; k < HOLES; k++)
		value[k] = SPAN("x");
	buf_printf(&text, "web-%u.example.org", dice(5));
	value[0] = arena_dup(w->arena, buf_span(&text));
	text.n = 0;
	if (dice(60) == 0)
		buf_str(&text, PICK(word));
	else
		text_put(&text, value[0]);
	w->text[i] = arena_dup(w->arena, buf_span(&text));
	value[HOLES - 1] = w->text[i];
	if (row.shape == 1) {
		text.n = 0;
		json_put(&text, w->text[i]);
		value[HOLES - 1] = buf_span(&text);
	}
	row.event_ns = row.recv_ns;
	must(batch_add(writer, row.shape, 0, &row) == OK);
	buf_done(&text);
}

static struct view *
view_made(struct world *w)
{
	struct builder_conf conf = { .class = 2, .epoch = 1, .level = 1 };
	struct batch_writer *writer = batch_writer_new(0, 2);
	struct builder *b = builder_new(&conf);
	const struct shape *shapes[SHAPES] = { w->shape[0], w->shape[1] };
	const struct source *sources[1] = { w->source };
	struct batch_tables tables = { shapes, sources };
	struct segment_memory *memory;
	struct segment *segment = NULL;
	struct segment_info info;
	struct batch_head head;
	struct buf code = { 0 };

	for (uint32_t i = 0; i < ROWS; i++)
		row_add(w, writer, i);
	batch_finish(writer, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK);
	builder_frame(b, &head, &tables, 1);
	memory = builder_to_memory(b, &info);
	must(segment_open_memory(&segment, memory, NULL, PACK_CHECK, NULL) == OK);
	segment_memory_drop(&memory);
	builder_free(&b);
	batch_writer_free(&writer);
	buf_done(&code);
	return view_new(segment, &info);
}

static void
world_end(struct world *w)
{
	view_free(&w->view);
	for (int i = 0; i < SHAPES; i++)
		shape_free(&w->shape[i]);
	source_free(&w->source);
	arena_free(&w->arena);
}

/* ---- one query ---- */

static void
quoted_put(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (memchr("\\.[]|()*+?{}^$", text.p[i], 14) != NULL)
			buf_u8(out, '\\');
		buf_u8(out, text.p[i]);
	}
}

/* A random one, or a part of some text with some of its octets made wider. */
static struct span
pattern_made(struct world *w)
{
	struct span s = w->text[dice(ROWS)], ret;
	struct buf out = { 0 };
	size_t from, n;

	if (dice(3) == 0 || s.n == 0) {
		pattern_put(&out, 0);
	} else {
		from = dice((uint32_t)s.n);
		n = 1 + dice(24);
		while (from > 0 && s.p[from] >= 0x80)
			from--;
		while (from + n < s.n && s.p[from + n] >= 0x80)
			n++;
		buf_str(&out, dice(8) == 0 ? "(?i)" : dice(8) == 0 ? "^" : "");
		for (size_t i = from; i < from + n && i < s.n; i++) {
			if (s.p[i] < 0x80 && dice(6) == 0)
				buf_str(&out, PICK(atom));
			else
				quoted_put(&out, span_sub(s, i, 1));
		}
		buf_str(&out, dice(8) == 0 ? "\\b" : dice(8) == 0 ? "$" : "");
	}
	ret = arena_dup(w->arena, buf_span(&out));
	buf_done(&out);
	return ret;
}

static const char *const field[] = { "_msg", "_msg", "text", "json" };

static struct span
value_of(const struct world *w, struct span name, uint32_t i)
{
	return span_is(name, i % SHAPES == 0 ? "json" : "text") ? SPAN("") : w->text[i];
}

static void
try_filter(struct world *w, struct filter *f, unsigned few)
{
	struct bits want, got;
	struct match_scratch scratch;
	struct matcher *list = NULL;
	unsigned wrong = 0;

	bits_fill(&want, ROWS);
	for (uint32_t i = 0; i < ROWS && few > 0; i++)
		if (dice(few) != 0)
			bits_drop(&want, i);
	if (eval_prepare(f, w->arena, &list, NULL) != OK) {
		match_done(&list);
		return;		/* octets that are no UTF-8, or a repeat of nothing */
	}
	match_scratch_done(&w->view->scratch);	/* one query, one view */
	match_scratch_init(&w->view->scratch);
	check_int(eval(w->view, f, &want, &got, NULL), OK);
	match_scratch_init(&scratch);
	for (uint32_t i = 0; i < ROWS; i++)
		wrong += bits_has(&got, i) != (bits_has(&want, i) &&
		    match_value(f->matcher, &scratch, value_of(w, f->field, i)));
	if (!regex_gave_up(scratch.regex) && !check_int(wrong, 0))
		printf("\tfield %s: \"%.*s\"\n", (const char *)f->field.p, (int)f->text.n,
		    (const char *)f->text.p);
	match_scratch_done(&scratch);
	match_done(&list);
}

static void
rows_of_templates_match_as_their_texts_do(void)
{
	static struct world w;

	for (unsigned round = 0; round < ROUNDS; round++) {
		state = round + 1;
		w = (struct world){ .arena = arena_new((size_t)1 << 30) };
		nouns_make(&w);
		templates_make();
		w.view = view_made(&w);
		for (unsigned i = 0; i < TRIES; i++) {
			struct filter f = { .op = FILTER_REGEX, .text = pattern_made(&w),
			    .field = span_str(PICK(field)), .anchored = dice(9) == 0 };

			if (i % 3 == 0)
				segment_rest(w.view->segment);	/* as after the shelf */
			try_filter(&w, &f, i % 4 == 0 ? 3 : i % 9 == 0 ? 100 : 0);
		}
		world_end(&w);
	}
}

int
main(void)
{
	run(what_is_large_or_foreign_has_no_machine);
	run(a_machine_answers_as_the_engines_do);
	run(rows_of_templates_match_as_their_texts_do);
	return check_done();
}
