/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: test code. Tests that what templates and lists of a real segment say of its texts is
 * what the texts say: random phrases, most of them cut out of some text so that they lie over the
 * edges of slots, against each value by itself.
 */
#include "query/eval.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"
#include "store/builder.h"
#include "store/segment_int.h"

enum { ROUNDS = 10, ROWS = 3000, TEMPLATES = 40, TOKENS = 12, TRIES = 500 };

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

/* ---- texts ---- */

static const char *const word[] = { "from", "to", "port", "Session", "for", "user", "error",
	"v", "Đăng nhập", "é", "10", "a", "a rather long piece of a text" };
static const char *const glue[] = { " ", " ", " ", ".", ".", ":", ", ", "=", "/", "[", "] ", "-",
	"\n", "\"", " \\", "" };

enum { WORD, ADDRESS, NUMBER, POINT, VERSION, HEX, NAME, CLOCK, HOST, SOME, KINDS };

struct token {
	unsigned kind;
	const char *text, *behind;
};

static struct token template[TEMPLATES][TOKENS];

static void
address_put(struct buf *out)
{
	buf_printf(out, "10.%u.%u.%u", dice(2), dice(3), dice(30));
}

static void
token_put(struct buf *out, const struct token *t, struct span host)
{
	switch (t->kind) {
	case ADDRESS:
		address_put(out);
		break;
	case NUMBER:
		buf_printf(out, "%u", dice(dice(2) == 0 ? 12 : 40000));
		break;
	case POINT:
		buf_printf(out, "%u.%u", dice(30), 10 + dice(90));
		break;
	case VERSION:
		buf_printf(out, "1%u.%u.%u%s", dice(2), dice(3), dice(30),
		    dice(3) == 0 ? ".10.1" : "");
		break;
	case HEX:
		buf_printf(out, "%08x-10%02x", dice(1U << 30), dice(256));
		break;
	case NAME:
		buf_printf(out, "w%u.%s.a", dice(9), PICK(word));
		break;
	case CLOCK:
		buf_printf(out, "2026-11-%02u %02u:%02u:10.%03u", 1 + dice(28), dice(24),
		    dice(60), dice(1000));
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

static void
json_put(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '=' || c == ':' || (c == '.' && dice(30) == 0))
			buf_printf(out, "\\u%04x", c);
		else
			buf_u8(out, c);
	}
}

/* ---- a segment ---- */

/* Every row has a host; those with an even number a text, the others one as JSON. */
enum { HOLES = 2, SHAPES = 2 };

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
	struct hole hole[HOLES] = {
		{ .kind = HOLE_TEXT, .name = SPAN("host"), .piece = SPAN(" ") },
		{ .kind = HOLE_TEXT, .name = SPAN("text"), .piece = SPAN("}"),
		    .role = ROLE_MESSAGE },
	};
	struct shape shape = { .format = FORMAT_JSON, .decoder = 1, .nhole = HOLES, .hole = hole,
	    .head = SPAN("{") };
	struct source source = { .class = 2, .listener = SPAN("tcp"), .host = SPAN("web") };
	struct buf code = { 0 };

	for (int i = 0; i < SHAPES; i++) {
		code.n = 0;
		shape_encode(&code, &shape);
		must(shape_new(&w->shape[i], buf_span(&code), NULL) == OK);
		hole[1].kind = HOLE_JSON_STRING;
		hole[1].name = SPAN("json");
	}
	code.n = 0;
	source_encode(&code, &source);
	must(source_new(&w->source, buf_span(&code), NULL) == OK);
	buf_done(&code);
}

static void
row_add(struct world *w, struct batch_writer *writer, uint32_t i)
{
	struct span value[HOLES];
	struct row row = { .value = value, .nvalue = HOLES, .shape = i % SHAPES,
	    .recv_ns = 1790000000000000000 + (int64_t)i * 1000 };
	struct buf text = { 0 };

	buf_printf(&text, "web-%u.example.org", dice(5));
	value[0] = arena_dup(w->arena, buf_span(&text));
	text.n = 0;
	text_put(&text, value[0]);
	w->text[i] = arena_dup(w->arena, buf_span(&text));
	value[1] = w->text[i];
	if (row.shape == 1) {
		text.n = 0;
		json_put(&text, w->text[i]);
		value[1] = buf_span(&text);
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
world_make(struct world *w)
{
	*w = (struct world){ .arena = arena_new((size_t)1 << 30) };
	nouns_make(w);
	templates_make();
	w->view = view_made(w);
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

/* ---- needles ---- */

/* A part of some text that begins and ends with whole code points. */
static struct span
cut_out(const struct world *w)
{
	static const uint32_t most[] = { 16, 16, 16, 60, 60, 300 };
	struct span s = w->text[dice(ROWS)];
	size_t from = dice((uint32_t)s.n + 1), n = 1 + dice(PICK(most));

	s = span_sub(s, from, n);
	while (s.n > 0 && (s.p[0] & 0xc0) == 0x80)
		s = span_sub(s, 1, s.n);
	while (s.n > 0 && s.p[s.n - 1] >= 0x80)
		s.n--;
	return s;
}

static struct span
needle_made(struct world *w)
{
	struct buf out = { 0 };
	struct span ret;

	switch (dice(8)) {
	case 0:
		address_put(&out);
		break;
	case 1:
		buf_str(&out, PICK(word));
		buf_str(&out, PICK(glue));
		address_put(&out);
		buf_str(&out, PICK(glue));
		break;
	case 2:
		buf_printf(&out, "%u.%u.%u", dice(30), dice(3), dice(30));
		break;
	case 3:
		buf_span_put(&out, cut_out(w));
		if (out.n > 0)
			out.p[dice((uint32_t)out.n)] = (uint8_t)('0' + dice(10));
		break;
	default:
		buf_span_put(&out, cut_out(w));
		break;
	}
	ret = arena_dup(w->arena, buf_span(&out));
	buf_done(&out);
	return ret;
}

/* ---- one filter ---- */

static const char *const field[] = { "_msg", "_msg", "text", "json" };

static struct span
value_of(const struct world *w, struct span name, uint32_t i)
{
	return span_is(name, i % SHAPES == 0 ? "json" : "text") ? SPAN("") : w->text[i];
}

static void
wanted(struct bits *want)
{
	unsigned some = dice(3);

	bits_fill(want, ROWS);
	for (uint32_t i = 0; i < ROWS && some > 0; i++)
		if (dice(some == 1 ? 3 : 500) != 0)
			bits_drop(want, i);
}

static void
try_filter(struct world *w, struct filter *f)
{
	struct bits want, got;
	struct match_scratch scratch;
	struct matcher *list = NULL;
	unsigned wrong = 0;

	wanted(&want);
	if (eval_prepare(f, w->arena, &list, NULL) != OK) {
		match_done(&list);
		return;		/* half a code point in a pattern */
	}
	match_scratch_done(&w->view->scratch);	/* one query, one view */
	match_scratch_init(&w->view->scratch);
	check_int(eval(w->view, f, &want, &got, NULL), OK);
	match_scratch_init(&scratch);
	for (uint32_t i = 0; i < ROWS; i++)
		wrong += bits_has(&got, i) != (bits_has(&want, i) &&
		    match_value(f->matcher, &scratch, value_of(w, f->field, i)));
	match_scratch_done(&scratch);
	match_done(&list);
	if (!check_int(wrong, 0))
		printf("\toperation %d, fold %d, field %s: \"%.*s\"\n", (int)f->op, (int)f->fold,
		    (const char *)f->field.p, (int)f->text.n, (const char *)f->text.p);
}

/* A regular expression that finds this text. */
static struct span
pattern_made(struct world *w, struct span text)
{
	struct buf out = { 0 };
	struct span ret;

	buf_str(&out, dice(4) == 0 ? "(?i)" : "");
	for (size_t i = 0; i < text.n; i++) {
		if (memchr("\\.[]|()*+?{}^$", text.p[i], 14) != NULL)
			buf_u8(&out, '\\');
		buf_u8(&out, text.p[i]);
	}
	ret = arena_dup(w->arena, buf_span(&out));
	buf_done(&out);
	return ret;
}

static void
phrases_are_found_in_templates_and_slots_as_in_texts(void)
{
	static const enum filter_op op[] = { FILTER_PHRASE, FILTER_PHRASE, FILTER_PHRASE,
		FILTER_PREFIX, FILTER_SUBSTRING, FILTER_CASE_PHRASE, FILTER_CASE_PREFIX,
		FILTER_SEQ, FILTER_CONTAINS_ALL, FILTER_CONTAINS_ANY, FILTER_REGEX };
	static struct world w;

	for (unsigned round = 0; round < ROUNDS; round++) {
		state = round + 1;
		world_make(&w);
		for (unsigned i = 0; i < TRIES; i++) {
			struct span value[3];
			struct filter f = { .op = PICK(op), .nvalue = 1 + dice(3), .value = value,
			    .field = span_str(PICK(field)), .fold = dice(4) == 0 };

			for (unsigned k = 0; k < 3; k++)
				value[k] = needle_made(&w);
			f.fold &= f.op != FILTER_REGEX;
			f.text = f.op == FILTER_REGEX ? pattern_made(&w, value[0]) : value[0];
			try_filter(&w, &f);
		}
		world_end(&w);
	}
}

/* One text of each row in turn, with one address each. */
static void
an_address_is_no_part_of_another_one(void)
{
	static const struct {
		const char *text;
		bool has;
	} row[] = {
		{ "from 10.1.2.3", true }, { "from 10.1.2.30", false },
		{ "from 110.1.2.3", false }, { "from 10.1.2.3:80", true },
		{ "from 10.1.2.3.4", true }, { "from 9.10.1.2.3", true },
		{ "x10.1.2.3", false }, { "10.1.2.3_", false }, { "(10.1.2.3)", true },
		{ "10.1.2", false }, { "10.1.2,3", false }, { "010.1.2.3", false },
	};
	struct filter f = { .op = FILTER_PHRASE, .field = SPAN("text"), .text =
	    SPAN("10.1.2.3") };
	struct arena *arena = arena_new((size_t)1 << 20);
	struct match_scratch scratch;
	struct matcher *list = NULL;

	must(eval_prepare(&f, arena, &list, NULL) == OK);
	match_scratch_init(&scratch);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		check_int(match_value(f.matcher, &scratch, span_str(row[i].text)), row[i].has);
	match_scratch_done(&scratch);
	match_done(&list);
	arena_free(&arena);
}

int
main(void)
{
	run(an_address_is_no_part_of_another_one);
	run(phrases_are_found_in_templates_and_slots_as_in_texts);
	return check_done();
}
