/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that no record has: what is known of a row's source, its times, its name, and what
 * follows from a syslog priority (the names that VictoriaLogs gives them).
 */
#include "query/view.h"

#include "base/hash.h"
#include "base/must.h"
#include "model/batch.h"
#include "query/value.h"

const char *
store_stream_name(unsigned stream)
{
	static const char *const name[STREAM_END] = { "raw", "findings", "ledger" };

	return stream < STREAM_END ? name[stream] : "unknown";
}

static void
label_print(struct buf *out, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_printf(out, "%s%s=", out->p[out->n - 1] == '{' ? "" : ",", name);
	quoted_print(out, value);
}

void
stream_print(struct buf *out, const struct source *source)
{
	struct buf unit = { 0 };

	if (source->unit > 0)
		buf_printf(&unit, "%llu", (unsigned long long)source->unit);
	buf_u8(out, '{');
	label_print(out, "app_name", source->app);
	label_print(out, "hostname", source->host);
	label_print(out, "unit", buf_span(&unit));
	buf_u8(out, '}');
	buf_done(&unit);
}

void
stream_id_print(struct buf *out, const struct source *source)
{
	struct buf key = { 0 };

	buf_bytes(&key, source->host);
	buf_bytes(&key, source->app);
	buf_printf(out, "%016llx%016llx%016llx", (unsigned long long)source->unit,
	    (unsigned long long)hash64_seed(buf_span(&key), 1),
	    (unsigned long long)hash64_seed(buf_span(&key), 2));
	buf_done(&key);
}

static void
unit_print(struct buf *out, const struct source *source)
{
	if (source->unit > 0)
		buf_printf(out, "%llu", (unsigned long long)source->unit);
}

static void
peer_print(struct buf *out, const struct source *source)
{
	buf_span_put(out, source->peer);
}

static void
listener_print(struct buf *out, const struct source *source)
{
	buf_span_put(out, source->listener);
}

static void
identity_print(struct buf *out, const struct source *source)
{
	buf_span_put(out, source->identity);
}

static void
host_print(struct buf *out, const struct source *source)
{
	buf_span_put(out, source->host);
}

static void
app_print(struct buf *out, const struct source *source)
{
	buf_span_put(out, source->app);
}

static void
trust_print(struct buf *out, const struct source *source)
{
	static const char *const name[TRUST_END] = { "claim", "peer", "identity", "local" };

	if (source->trust < TRUST_END)
		buf_str(out, name[source->trust]);
}

/* listener/peer or identity/host: who says it, how far, and what it says of itself */
static void
source_print(struct buf *out, const struct source *source)
{
	buf_span_put(out, source->listener);
	buf_u8(out, '/');
	buf_span_put(out, source->identity.n > 0 ? source->identity : source->peer);
	buf_u8(out, '/');
	buf_span_put(out, source->host);
}

static void
nothing_print(struct buf *out, const struct source *source)
{
	(void)out, (void)source;
}

typedef void source_print_fn(struct buf *out, const struct source *source);

static const struct {
	const char *name;
	source_print_fn *print;
} by_source[] = {
	{ "_stream", stream_print }, { "_stream_id", stream_id_print }, { "_source", source_print },
	{ "_peer", peer_print }, { "_unit", unit_print }, { "_listener", listener_print },
	{ "_identity", identity_print }, { "_trust", trust_print },
	{ "_stream.hostname", host_print }, { "_stream.app_name", app_print },
	{ "_stream.unit", unit_print },
};

bool
is_virtual(struct span name)
{
	if (name.n == 0 || name.p[0] != '_')
		return false;
	for (size_t i = 0; i < sizeof by_source / sizeof by_source[0]; i++)
		if (span_is(name, by_source[i].name))
			return true;
	return span_is(name, "_msg") || span_is(name, "_time") || span_is(name, "_recv") ||
	    span_is(name, "_seq") || span_is(name, "_raw") || span_is(name, "_flags") ||
	    span_starts(name, SPAN("_stream."));
}

static struct span
kept(struct view *view, struct buf *text)
{
	struct span s = arena_dup(view->arena, buf_span(text));

	text->n = 0;
	return s;
}

/* One word per source of the segment. */
static enum err
source_part(struct view *view, struct part *part, source_print_fn *print, struct why *why)
{
	uint32_t n = segment_sources(view->segment);
	struct span *word = arena_alloc(view->arena, (n + 1) * sizeof *word);
	uint32_t *code = arena_alloc(view->arena, (view->nrow + 1) * sizeof *code);
	struct buf text = { 0 };
	const uint16_t *source;
	enum err rc = segment_source_index(view->segment, &source, why);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < n; i++) {
		print(&text, segment_source(view->segment, i));
		word[i] = kept(view, &text);
	}
	for (uint32_t i = 0; i < view->nrow; i++)
		code[i] = source[i];
	part->word = word;
	part->nword = n;
	part->code = n > 1 ? code : NULL;
	buf_done(&text);
	return OK;
}

enum err
source_text(struct view *view, struct span name, uint32_t row, struct span *ret, bool *ret_is,
    struct why *why)
{
	enum { PRINTS = sizeof by_source / sizeof by_source[0] };
	struct buf text = { 0 };
	const uint16_t *source;
	struct span *word;
	size_t i = 0;
	enum err rc;

	while (i < PRINTS && !span_is(name, by_source[i].name))
		i++;
	*ret_is = i < PRINTS;
	if (!*ret_is)
		return OK;
	rc = segment_source_index(view->segment, &source, why);
	if (rc != OK)
		return rc;
	if (view->source_text == NULL)
		view->source_text = arena_zalloc(view->arena, PRINTS, sizeof *view->source_text);
	if (view->source_text[i] == NULL)
		view->source_text[i] = arena_zalloc(view->arena,
		    segment_sources(view->segment) + 1, sizeof *word);
	word = &view->source_text[i][source[row]];
	if (word->n == 0) {
		by_source[i].print(&text, segment_source(view->segment, source[row]));
		*word = kept(view, &text);
		buf_done(&text);
	}
	*ret = *word;
	return OK;
}

/* What was noted when the record came in: record.md section 4, in words. */
static void
flags_print(struct buf *out, uint8_t flags)
{
	static const struct {
		uint8_t bit;
		const char *word;
	} row[] = {
		{ ROW_CUT, "cut" }, { ROW_NOT_UTF8, "not_utf8" }, { ROW_HAS_NUL, "has_nul" },
	};
	static const char *const rule[TIME_RULE_END] = { [TIME_NONE] = "time_none",
	    [TIME_UNREADABLE] = "time_unreadable", [TIME_AHEAD] = "time_ahead",
	    [TIME_BEHIND] = "time_behind" };
	unsigned time = flags >> ROW_TIME_SHIFT & 7;

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if ((flags & row[i].bit) != 0)
			buf_printf(out, "%s%s", out->n > 0 ? " " : "", row[i].word);
	if (time < TIME_RULE_END && rule[time] != NULL)
		buf_printf(out, "%s%s", out->n > 0 ? " " : "", rule[time]);
}

/* One word per combination of flags. */
static enum err
flags_part(struct view *view, struct part *part, struct why *why)
{
	struct span *word = arena_alloc(view->arena, (ROW_KNOWN + 1) * sizeof *word);
	uint32_t *code = arena_alloc(view->arena, (view->nrow + 1) * sizeof *code);
	struct buf text = { 0 };
	const uint8_t *flags;
	enum err rc = segment_flags(view->segment, &flags, why);

	if (rc != OK)
		return rc;
	for (unsigned i = 0; i <= ROW_KNOWN; i++) {
		flags_print(&text, (uint8_t)i);
		word[i] = kept(view, &text);
	}
	for (uint32_t i = 0; i < view->nrow; i++)
		code[i] = flags[i] & ROW_KNOWN;
	part->word = word;
	part->nword = ROW_KNOWN + 1;
	part->code = code;
	buf_done(&text);
	return OK;
}

static enum err
row_part(struct view *view, struct part *part, struct span name, bool *ret_is, struct why *why)
{
	*ret_is = true;
	if (span_is(name, "_time"))
		return segment_time(view->segment, &part->time_ns, why);
	if (span_is(name, "_recv"))
		return segment_recv(view->segment, &part->time_ns, why);
	if (span_is(name, "_seq"))
		return segment_seq(view->segment, &part->seq, why);
	if (span_is(name, "_flags"))
		return flags_part(view, part, why);
	part->raw = span_is(name, "_raw");
	*ret_is = part->raw;
	return OK;
}

enum err
virtual_part(struct view *view, struct field *field, bool *ret_is, struct why *why)
{
	struct part *part = &field->part[0];
	source_print_fn *print = NULL;
	uint8_t *state;
	enum err rc = OK;

	*ret_is = false;
	if (field->name.n == 0 || field->name.p[0] != '_')
		return OK;
	for (size_t i = 0; i < sizeof by_source / sizeof by_source[0]; i++)
		if (span_is(field->name, by_source[i].name))
			print = by_source[i].print;
	if (print == NULL && span_starts(field->name, SPAN("_stream.")))
		print = nothing_print;
	if (print != NULL) {
		*ret_is = true;
		rc = source_part(view, part, print, why);
	} else {
		rc = row_part(view, part, field->name, ret_is, why);
	}
	if (!*ret_is || rc != OK)
		return rc;
	state = arena_alloc(view->arena, view->nshape + 1);
	memset(state, SHAPE_ONE, view->nshape);
	field->state = state;
	part->n = view->nrow;
	part->kind = HOLE_TEXT;
	field->npart = 1;
	return OK;
}

/* ---- host and application ---- */

enum err
claimed_part(struct view *view, struct field *field, struct why *why)
{
	bool host = span_is(field->name, "hostname"), any = false;
	uint8_t *state, *ok;
	enum err rc;

	if (!field->some_absent || (!host && !span_is(field->name, "app_name")))
		return OK;
	state = arena_alloc(view->arena, view->nshape + 1);
	memcpy(state, field->state, view->nshape);
	ok = arena_zalloc(view->arena, view->nshape + 1, 1);
	for (uint32_t s = 0; s < view->nshape; s++) {
		const struct shape *shape = segment_shape(view->segment, s);

		for (uint32_t h = 0; h < shape->nhole && field->state[s] == SHAPE_ABSENT; h++)
			ok[s] |= shape->hole[h].role == (host ? ROLE_HOST : ROLE_APP);
		if (ok[s])
			state[s] = SHAPE_ONE;
		any |= ok[s] != 0;
	}
	if (!any)
		return OK;
	field->part[field->npart] = (struct part){ .n = view->nrow, .kind = HOLE_TEXT,
	    .shape_ok = ok };
	rc = source_part(view, &field->part[field->npart], host ? host_print : app_print, why);
	field->npart++;
	field->state = state;
	field->some_absent = memchr(state, SHAPE_ABSENT, view->nshape) != NULL;
	return rc;
}

/* ---- priority ---- */

enum { PRIORITIES = 192 };

static const char *const severity_word[] = { "emerg", "alert", "critical", "error", "warning",
	"notice", "info", "debug" };
static const char *const facility_word[] = { "kern", "user", "mail", "daemon", "auth", "syslog",
	"lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "security", "console",
	"solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
	"local7" };

static void
severity_print(struct buf *out, unsigned priority)
{
	buf_printf(out, "%u", priority % 8);
}

static void
level_print(struct buf *out, unsigned priority)
{
	buf_str(out, severity_word[priority % 8]);
}

static void
facility_print(struct buf *out, unsigned priority)
{
	buf_printf(out, "%u", priority / 8);
}

static void
facility_keyword_print(struct buf *out, unsigned priority)
{
	buf_str(out, facility_word[priority / 8]);
}

typedef void priority_print_fn(struct buf *out, unsigned priority);

static const struct {
	const char *name;
	priority_print_fn *print;
} by_priority[] = {
	{ "severity", severity_print }, { "level", level_print }, { "facility", facility_print },
	{ "facility_keyword", facility_keyword_print },
};

static uint32_t
priority_code(struct span text)
{
	uint64_t v;

	return value_u64(text, &v) && v < PRIORITIES ? (uint32_t)v : PRIORITIES;
}

/* Shapes that have the priority in this column and not the field itself; false: none. */
static bool
priority_shapes(struct view *view, const struct field *field, const struct column_info *info,
    uint8_t *ok)
{
	bool any = false;

	for (uint32_t s = 0; s < view->nshape; s++) {
		const struct shape *shape = segment_shape(view->segment, s);

		for (uint32_t h = 0; h < shape->nhole; h++)
			if (shape->hole[h].role == ROLE_PRIORITY && shape->hole[h].kind ==
			    info->kind &&
			    span_eq(shape->hole[h].name, info->name) && field->state[s] ==
			    SHAPE_ABSENT)
				ok[s] = 1;
		any |= ok[s] != 0;
	}
	return any;
}

/* The words of all priorities, and an empty one behind them. */
static const struct span *
priority_words(struct view *view, priority_print_fn *print)
{
	struct span *word = arena_zalloc(view->arena, PRIORITIES + 1, sizeof *word);
	struct buf text = { 0 };

	for (unsigned i = 0; i < PRIORITIES; i++) {
		print(&text, i);
		word[i] = kept(view, &text);
	}
	buf_done(&text);
	return word;
}

/* What the column's words become: nothing is done row by row. */
static void
words_of_words(struct view *view, struct part *part, const struct column *column,
    priority_print_fn *print)
{
	struct span *word = arena_zalloc(view->arena, column->nword, sizeof *word);
	struct buf text = { 0 };

	for (uint32_t w = 0; w < column->nword; w++) {
		uint32_t priority = priority_code(column->word[w]);

		if (priority == PRIORITIES)
			continue;
		print(&text, priority);
		word[w] = kept(view, &text);
	}
	buf_done(&text);
	part->nword = column->nword;
	part->word = word;
	part->code = column->info->form == COLUMN_CONST ? NULL : column->code;
}

static void
words_of_values(struct view *view, struct part *part, const struct column *column,
    priority_print_fn *print)
{
	uint32_t *code = arena_alloc(view->arena, (column->n + 1) * sizeof *code);

	for (uint32_t i = 0; i < column->n; i++)
		code[i] = priority_code(column->value[i]);
	part->nword = PRIORITIES + 1;
	part->word = priority_words(view, print);
	part->code = code;
}

static enum err
priority_part(struct view *view, struct field *field, uint32_t index, priority_print_fn *print,
    const uint8_t *ok, struct why *why)
{
	struct part *part = &field->part[field->npart];
	const struct column *column;
	enum err rc = segment_column_load(view->segment, index, &column, why);

	if (rc == OK && column->info->form == COLUMN_TEXT)
		rc = segment_column_text(view->segment, index, NULL, why);
	if (rc != OK)
		return rc;
	*part = (struct part){ .n = column->n, .row = column->row, .shape_ok = ok };
	if (column->nword > 0)
		words_of_words(view, part, column, print);
	else
		words_of_values(view, part, column, print);
	field->npart++;
	return OK;
}

enum err
priority_parts(struct view *view, struct field *field, struct why *why)
{
	priority_print_fn *print = NULL;
	uint8_t *state = arena_alloc(view->arena, view->nshape + 1);
	enum err rc = OK;

	for (size_t i = 0; i < sizeof by_priority / sizeof by_priority[0]; i++)
		if (span_is(field->name, by_priority[i].name))
			print = by_priority[i].print;
	if (print == NULL || !field->some_absent)
		return OK;
	memcpy(state, field->state, view->nshape);
	for (uint32_t i = 0; i < segment_columns(view->segment) && rc == OK; i++) {
		const struct column_info *info = segment_column(view->segment, i);
		uint8_t *ok;

		if ((info->roles >> ROLE_PRIORITY & 1) == 0)
			continue;
		ok = arena_zalloc(view->arena, view->nshape + 1, 1);
		if (!priority_shapes(view, field, info, ok))
			continue;
		rc = priority_part(view, field, i, print, ok, why);
		for (uint32_t s = 0; s < view->nshape; s++)
			if (ok[s])
				state[s] = SHAPE_ONE;
	}
	field->state = state;
	field->some_absent = view->nshape > 0 && memchr(state, SHAPE_ABSENT, view->nshape) != NULL;
	return rc;
}
