/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the desk: see desk.h and part.h. Paths, params, guards, and the answers as JSON. */
#include "desk/desk_int.h"

#include "base/civil.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/json.h"
#include "desk/path.h"

enum {
	JSON_MAX = 3 << 20,		/* an answer; a message between roles has room for it */
	FILL_MOST = 8,			/* fields that `fill` adds to those of a request */
	GIVEN_MAX = ACT_FIELDS_MAX - FILL_MOST,
};
_Static_assert(GIVEN_MAX >= (int)PART_PARAMS, "every row of a table can be given");

/* ---- answers ---- */

static bool
is_vi(const struct desk_ask *ask)
{
	return !span_is(ask->lang, "en");
}

static void
refuse(struct desk_answer *answer, unsigned status, const char *code, const char *param,
    const char *sentence)
{
	struct buf *out = answer->out;

	out->n = 0;
	answer->status = status;
	buf_str(out, "{\"error\":");
	json_string(out, span_str(sentence));
	buf_str(out, ",\"code\":");
	json_string(out, span_str(code));
	if (param != NULL) {
		buf_str(out, ",\"param\":");
		json_string(out, span_str(param));
	}
	buf_str(out, "}\n");
}

static void
refuse_param(const struct desk_ask *ask, struct desk_answer *answer, const char *code,
    struct span name, const char *vi, const char *en)
{
	char text[256] = "", param[ACT_NAME_BYTES + 1] = "";
	struct buf said = { 0 };
	size_t n = name.n < ACT_NAME_BYTES ? name.n : ACT_NAME_BYTES;

	if (n > 0)
		memcpy(param, name.p, n);
	buf_printf(&said, "%s: %s", param, is_vi(ask) ? vi : en);
	n = said.n < sizeof text - 1 ? said.n : sizeof text - 1;
	memcpy(text, said.p, n);
	buf_done(&said);
	refuse(answer, 400, code, param, text);
}

/* ---- params ---- */

/* "answer.": many fields of one table's row. */
static bool
is_many(const struct part_param *param)
{
	size_t n = strlen(param->name);

	return n > 0 && param->name[n - 1] == '.';
}

static const struct part_param *
param_of(const struct part_param *param, struct span name)
{
	for (; param->name != NULL; param++)
		if (span_is(name, param->name) || (is_many(param) && span_starts(name,
		    span_str(param->name)) && act_name_ok(name)))
			return param;
	return NULL;
}

static bool
line_ok(struct span value, bool lines)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == 0x7f || (value.p[i] < ' ' && !(lines && (value.p[i] == '\n' ||
		    value.p[i] == '\t'))))
			return false;
	return utf8_valid(value);
}

static bool
word_ok(struct span value)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' &&
		    c != '-')
			return false;
	}
	return value.n > 0;
}

/* No comma first, last or twice. */
static bool
words_ok(struct span value)
{
	size_t from = 0;

	for (size_t i = 0; i <= value.n; i++) {
		if (i < value.n && value.p[i] != ',')
			continue;
		if (!word_ok(span_sub(value, from, i - from)))
			return false;
		from = i + 1;
	}
	return true;
}

/* YYYY-MM-DD, a day that there is. */
static bool
day_ok(struct span value)
{
	const struct civil_frame frame = { 0 };
	char text[] = "0000-00-00T00:00:00Z";
	int64_t ns;

	if (value.n != 10)
		return false;
	memcpy(text, value.p, value.n);
	return civil_iso(span_str(text), &frame, &ns) == sizeof text - 1;
}

static bool
number_of(struct span value, int64_t *ret)
{
	bool minus = value.n > 1 && value.p[0] == '-';
	int64_t v = 0;

	if (value.n == 0 || value.n > 18)
		return false;
	for (size_t i = minus; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
		v = v * 10 + (value.p[i] - '0');
	}
	*ret = minus ? -v : v;
	return true;
}

static bool
time_of(struct span value, int64_t *ret)
{
	const struct civil_frame frame = { 0 };
	size_t n = civil_iso(value, &frame, ret);

	/* Without a zone nobody knows which hour it is. */
	return n > 0 && n == value.n && (value.p[n - 1] == 'Z' || (n > 6 &&
	    (value.p[n - 6] == '+' || value.p[n - 6] == '-')));
}

/* By its kind; false: it is none of them. */
static bool
bind_value(struct binds *binds, const struct part_param *param, struct span name,
    struct span value)
{
	int64_t number = 0;

	switch ((enum part_kind)param->kind) {
	case PART_LINE:
	case PART_TEXT:
		if (!line_ok(value, param->kind == PART_TEXT))
			return false;
		bind_text(binds, name, value);
		return true;
	case PART_WORD:
		bind_text(binds, name, value);
		return word_ok(value);
	case PART_WORDS:
	case PART_DAY:
		if (!(param->kind == PART_DAY ? day_ok(value) : words_ok(value)))
			return false;
		bind_text(binds, name, value);
		return true;
	case PART_FLAG:
	case PART_NUMBER:
		if (!number_of(value, &number) || (param->kind == PART_FLAG && number != 0 &&
		    number != 1))
			return false;
		bind_number(binds, name, number);
		return true;
	case PART_TIME:
		if (!time_of(value, &number))
			return false;
		bind_number(binds, name, number);
		return true;
	}
	must(false);
	return false;
}

/* What begins alike, as one object. */
static void
many_bind(struct buf *object, struct binds *binds, const struct part_param *param)
{
	unsigned n = binds->n;

	while (param->name != NULL && !is_many(param))
		param++;
	if (param->name == NULL)
		return;
	object->n = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct bind *b = &binds->bind[i];
		size_t skip = strlen(param->name);

		if (b->is_number || !span_starts(b->name, span_str(param->name)))
			continue;
		buf_u8(object, object->n == 0 ? '{' : ',');
		json_string(object, span_sub(b->name, skip, b->name.n - skip));
		buf_u8(object, ':');
		json_string(object, b->text);
	}
	buf_str(object, object->n == 0 ? "{}" : "}");
	bind_text(binds, span_of(param->name, strlen(param->name) - 1), buf_span(object));
}

static void
refuse_kind(const struct desk_ask *ask, struct desk_answer *answer, const struct part_param *p)
{
	static const char *const vi[] = {
		[PART_LINE] = "ghi trên một dòng, chữ UTF-8",
		[PART_TEXT] = "ghi bằng chữ UTF-8",
		[PART_WORD] = "chỉ gồm a-z, 0-9, dấu chấm, gạch dưới, gạch nối",
		[PART_NUMBER] = "phải là số nguyên",
		[PART_TIME] = "phải là thời điểm có múi giờ, ví dụ 2026-11-24T07:30:00+07:00",
		[PART_FLAG] = "phải là 0 hoặc 1",
		[PART_WORDS] = "gồm các từ a-z, 0-9, cách nhau bằng dấu phẩy, không có dấu cách",
		[PART_DAY] = "phải là một ngày, ví dụ 2026-11-24",
	};
	static const char *const en[] = {
		[PART_LINE] = "has to be one line of UTF-8",
		[PART_TEXT] = "has to be UTF-8",
		[PART_WORD] = "has letters a-z, digits, '.', '_', '-' only",
		[PART_NUMBER] = "has to be a whole number",
		[PART_TIME] = "has to be a time with its zone, as 2026-11-24T07:30:00+07:00",
		[PART_FLAG] = "has to be 0 or 1",
		[PART_WORDS] = "has words of a-z and digits with commas between them, no spaces",
		[PART_DAY] = "has to be a day, as 2026-11-24",
	};

	refuse_param(ask, answer, "bad-value", span_str(p->name), vi[p->kind], en[p->kind]);
}

/* One value that was given. False: refused. */
static bool
param_take(const struct desk_ask *ask, struct desk_answer *answer, struct binds *binds,
    const struct part_param *params, struct span name, struct span value)
{
	const struct part_param *p = param_of(params, name);
	size_t most;

	if (p == NULL) {
		refuse_param(ask, answer, "no-param", name, "không có tham số này ở đây",
		    "there is no such parameter here");
		return false;
	}
	for (unsigned i = 0; i < binds->n; i++)
		if (span_eq(binds->bind[i].name, name)) {
			refuse_param(ask, answer, "twice", name, "được ghi hai lần",
			    "is given twice");
			return false;
		}
	most = p->most > 0 ? p->most : p->kind == PART_TEXT ? PART_TEXT_MOST : PART_LINE_MOST;
	if (value.n > most) {
		refuse_param(ask, answer, "too-long", name, "quá dài", "is too long");
		return false;
	}
	/* A field of a form that was left empty was not given. */
	if (value.n == 0)
		return true;
	if (bind_value(binds, p, name, value))
		return true;
	refuse_kind(ask, answer, p);
	return false;
}

/* All that were given, then what else is needed. False: refused. */
static bool
params_take(const struct desk_ask *ask, struct desk_answer *answer, struct binds *binds,
    const struct part_param *params, const struct path_names *names, struct buf *object)
{
	if (names->n + ask->nparam > GIVEN_MAX) {
		refuse(answer, 400, "too-many", NULL, is_vi(ask) ? "quá nhiều tham số" :
		    "too many parameters");
		return false;
	}
	for (unsigned i = 0; i < names->n; i++)
		if (!param_take(ask, answer, binds, params, names->name[i].name,
		    names->name[i].value))
			return false;
	for (unsigned i = 0; i < ask->nparam; i++)
		if (!param_take(ask, answer, binds, params, ask->param[i].name,
		    ask->param[i].value))
			return false;
	for (const struct part_param *p = params; p->name != NULL; p++) {
		bool given = false;

		for (unsigned i = 0; i < binds->n; i++)
			given |= span_is(binds->bind[i].name, p->name);
		if (!given && p->required) {
			refuse_param(ask, answer, "missing", span_str(p->name), "còn thiếu",
			    "is missing");
			return false;
		}
		if (!given && p->otherwise != NULL)
			must(bind_value(binds, p, span_str(p->name),
			    span_str(p->otherwise)));
	}
	many_bind(object, binds, params);
	return true;
}

static void
ask_bind(struct binds *binds, const struct desk_ask *ask)
{
	bind_number(binds, SPAN("now"), ask->now_ns);
	bind_text(binds, SPAN("who"), ask->who);
	bind_text(binds, SPAN("from"), ask->from);
	bind_text(binds, SPAN("lang"), ask->lang);
	bind_number(binds, SPAN("rights"), ask->rights);
	if (ask->sealed.n > 0)
		bind_text(binds, SPAN("sealed"), ask->sealed);
}

/* ---- questions ---- */

struct told {
	struct buf *out;
	bool any;
};

static bool
on_json(void *ctx, sqlite3_stmt *stmt)
{
	struct told *told = ctx;

	if (sqlite3_column_type(stmt, 0) == SQLITE_NULL)
		return false;
	told->any = true;
	buf_span_put(told->out, sql_text(stmt, 0));
	buf_u8(told->out, '\n');
	return false;
}

static enum err
view_answer(struct desk_view *view, const struct desk_ask *ask, struct desk_answer *answer,
    struct binds *binds, struct why *why)
{
	struct told told = { .out = answer->out };
	enum err rc;

	answer->out->n = 0;
	answer->status = 200;
	rc = script_rows(&view->sql, binds, on_json, &told, why);
	if (rc != OK)
		return rc;
	if (!told.any)
		refuse(answer, 404, "not-found", NULL, is_vi(ask) ? "không tìm thấy" :
		    "there is no such thing");
	else if (answer->out->n > JSON_MAX)
		refuse(answer, 413, "too-much", NULL, is_vi(ask) ? "quá nhiều trong một lần; "
		    "thu hẹp câu hỏi hoặc giảm limit" : "too much for one answer; narrow the "
		    "question or lower limit");
	return OK;
}

static struct desk_view *
view_of(struct desk *d, struct span path, struct path_names *names)
{
	for (unsigned i = 0; i < d->nview; i++)
		if (path_match(d->view[i].kind->path, path, names))
			return &d->view[i];
	return NULL;
}

/* ---- acts ---- */

void
desk_bind_act(struct binds *binds, const struct part_act *kind, const struct act *act,
    struct buf *object)
{
	bind_number(binds, SPAN("time"), act->time_ns);
	bind_text(binds, SPAN("act"), act->act);
	bind_text(binds, SPAN("who"), act->who);
	bind_text(binds, SPAN("from"), act->from);
	if (act->what.n > 0)
		bind_text(binds, SPAN("what"), act->what);
	for (unsigned i = 0; i < act->nfield; i++) {
		const struct part_param *p = param_of(kind->param, act->field[i].name);

		/* What is of another kind than it should be is as good as not there. */
		if (p == NULL)
			bind_text(binds, act->field[i].name, act->field[i].value);
		else
			(void)bind_value(binds, p, act->field[i].name,
			    act->field[i].value);
	}
	many_bind(object, binds, kind->param);
}

struct refusal {
	char word[64];
	struct buf of;			/* what it is about; may be empty */
};

static bool
on_word(void *ctx, sqlite3_stmt *stmt)
{
	struct refusal *r = ctx;
	struct span text = sql_text(stmt, 0);

	if (text.n > 0 && text.n < sizeof r->word)
		memcpy(r->word, text.p, text.n);
	if (sqlite3_column_count(stmt) > 1)
		buf_span_put(&r->of, sql_text(stmt, 1));
	return false;
}

/* True: the guard has nothing against it. */
static enum err
guard_ask(struct desk_act *a, const struct desk_ask *ask, const struct binds *binds,
    struct desk_answer *answer, bool *ret_pass, struct why *why)
{
	struct refusal refusal = { .word = "" };
	unsigned status = 409;
	enum err rc = a->guard.n > 0 ? script_rows(&a->guard, binds, on_word, &refusal, why) : OK;

	*ret_pass = refusal.word[0] == '\0';
	if (rc == OK && !*ret_pass) {
		const char *sentence = desk_words(refusal.word, is_vi(ask), &status);

		if (refusal.of.n > 0)
			buf_str(&refusal.of, ": ");
		buf_str(&refusal.of, sentence != NULL ? sentence : refusal.word);
		buf_u8(&refusal.of, '\0');
		refuse(answer, status, refusal.word, NULL, (const char *)refusal.of.p);
	}
	buf_done(&refusal.of);
	return rc;
}

struct filling {
	struct act *act;
	struct arena *arena;
};

/* Columns become fields; NULL: none. */
static bool
on_fill(void *ctx, sqlite3_stmt *stmt)
{
	struct filling *f = ctx;

	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		struct span name = span_str(sqlite3_column_name(stmt, i));
		struct span value = arena_dup(f->arena, sql_text(stmt, i));

		if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
			continue;
		if (span_is(name, "what")) {
			f->act->what = value;
			continue;
		}
		must(f->act->nfield < ACT_FIELDS_MAX);
		f->act->field[f->act->nfield++] = (struct act_field){ arena_dup(f->arena, name),
		    value };
	}
	return false;
}

static void
field_add(struct act *act, struct arena *arena, struct span name, struct span value)
{
	if (value.n == 0)
		return;
	if (span_is(name, "what")) {
		act->what = arena_dup(arena, value);
		return;
	}
	must(act->nfield < ACT_FIELDS_MAX);
	act->field[act->nfield++] = (struct act_field){ arena_dup(arena, name),
	    arena_dup(arena, value) };
}

static enum err
act_answer(struct desk_act *a, const struct desk_ask *ask, const struct path_names *names,
    struct desk_answer *answer, struct binds *binds, struct arena *arena, struct why *why)
{
	struct filling filling = { &answer->act, arena };
	bool pass;
	enum err rc = guard_ask(a, ask, binds, answer, &pass, why);

	if (rc != OK || !pass)
		return rc;
	answer->act = (struct act){ .time_ns = ask->now_ns, .act = span_str(a->kind->name),
	    .who = arena_dup(arena, ask->who), .from = arena_dup(arena, ask->from) };
	for (unsigned i = 0; i < names->n; i++)
		field_add(&answer->act, arena, names->name[i].name, names->name[i].value);
	for (unsigned i = 0; i < ask->nparam; i++)
		field_add(&answer->act, arena, ask->param[i].name, ask->param[i].value);
	if (a->fill.n > 0)
		rc = script_rows(&a->fill, binds, on_fill, &filling, why);
	answer->wants_act = rc == OK;
	return rc;
}

static struct desk_act *
act_of(struct desk *d, struct span path, struct path_names *names)
{
	for (unsigned i = 0; i < d->nact; i++)
		if (d->act[i].kind->path != NULL && path_match(d->act[i].kind->path, path, names))
			return &d->act[i];
	return NULL;
}

/* ---- the door ---- */

enum err
desk_answer(struct desk *d, const struct desk_ask *ask, struct desk_answer *answer,
    struct arena *arena, struct why *why)
{
	struct binds binds = { .n = 0 };
	struct path_names names;
	struct desk_act *act = ask->act ? act_of(d, ask->path, &names) : NULL;
	struct desk_view *view = ask->act ? NULL : view_of(d, ask->path, &names);
	unsigned rights;

	answer->wants_act = false;
	if (act == NULL && view == NULL) {
		refuse(answer, 404, "no-path", NULL, is_vi(ask) ? "không có đường dẫn này" :
		    "there is no such path");
		return OK;
	}
	rights = act != NULL ? act->kind->rights : view->kind->rights;
	if ((rights & ask->rights) == 0) {
		refuse(answer, 403, "no-right", NULL, is_vi(ask) ? "tài khoản này không có quyền "
		    "làm việc đó" : "this account has no right to do that");
		return OK;
	}
	if (!params_take(ask, answer, &binds, act != NULL ? act->kind->param : view->kind->param,
	    &names, &d->object))
		return OK;
	ask_bind(&binds, ask);
	if (act != NULL)
		return act_answer(act, ask, &names, answer, &binds, arena, why);
	return view_answer(view, ask, answer, &binds, why);
}

enum err
desk_then(struct desk *d, const struct desk_ask *ask, struct desk_answer *answer,
    struct why *why)
{
	struct desk_act *act = desk_act_of(d, answer->act.act);
	struct desk_ask then = *ask;
	struct buf path = { 0 };
	enum err rc;

	must(act != NULL && act->kind->then != NULL);
	path_fill(&path, act->kind->then, &answer->act);
	then.act = false;
	then.path = buf_span(&path);
	then.nparam = 0;
	/* Who may do it may see what became of it. */
	then.rights = DESK_ALL;
	rc = desk_answer(d, &then, answer, NULL, why);
	buf_done(&path);
	return rc;
}

enum err
desk_due(struct desk *d, int64_t now_ns, struct act *ret_act, struct arena *arena,
    struct why *why)
{
	struct filling filling = { ret_act, arena };
	struct binds binds = { .n = 0 };
	enum err rc = OK;

	bind_number(&binds, SPAN("now"), now_ns);
	for (unsigned i = 0; rc == OK && i < d->ntimer; i++) {
		*ret_act = (struct act){ .time_ns = now_ns, .who = SPAN("desk"),
		    .act = span_str(d->timer[i].kind->act), .from = SPAN("unix") };
		rc = script_rows(&d->timer[i].sql, &binds, on_fill, &filling, why);
		if (rc == OK && ret_act->nfield > 0)
			return OK;
	}
	return rc == OK ? ERR_MORE : rc;
}
