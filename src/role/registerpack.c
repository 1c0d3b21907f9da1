/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a pack of registers; see registerpack.h. */
#include "role/registerpack.h"

#include <string.h>

#include "role/packs.h"
#include "role/packjson.h"
#include "role/rulepack_int.h"

enum { LEAD_MAX = 3 * 366 * 86400, DAYS_MAX = 10 * 366 };

#define TYPES	"text,number,day,choice,ref,expiry,verified"
#define TEXT(s, f)	{ .name = #f, RULEPACK_FIELD(s, f) }
#define NEEDED(s, f)	{ .name = #f, RULEPACK_FIELD(s, f), .required = true }
#define LIST_OF(s, array, count, most, keys) .type = KEY_LIST, .at = offsetof(struct s, array), \
	.max = (most), .size = sizeof(((struct s *)0)->array[0]), \
	.count_at = offsetof(struct s, count), .sub = (keys), .required = true

static const struct key lead_key[] = {
	{ .name = "before", .type = KEY_SECONDS, .at = offsetof(struct register_lead, before),
	    .max = LEAD_MAX, .required = true },
	{ .name = NULL },
};

static const struct key column_key[] = {
	NEEDED(register_column, name),
	NEEDED(register_column, title),
	NEEDED(register_column, english),
	{ .name = "type", .type = KEY_CHOICE, .at = offsetof(struct register_column, type),
	    .choice = TYPES, .required = true },
	{ .name = "required", .type = KEY_BOOL, .at = offsetof(struct register_column, required) },
	TEXT(register_column, choice),
	TEXT(register_column, ref),
	{ .name = "days", .type = KEY_NUMBER, .at = offsetof(struct register_column, days),
	    .min = 1, .max = DAYS_MAX },
	{ .name = NULL },
};

static const struct key kind_key[] = {
	RULEPACK_KEYS(true),
	NEEDED(register_kind, english),
	{ .name = "leads", LIST_OF(register_kind, lead, nlead, REGISTER_LEADS, lead_key),
	    .lone = "before" },
	{ .name = "columns", LIST_OF(register_kind, column, ncolumn, REGISTER_COLUMNS,
	    column_key) },
	{ .name = NULL },
};

/* Names become parts of paths, of fields and of a paper's values. */
static bool
is_word(const char *name)
{
	for (size_t i = 0; name[i] != '\0'; i++)
		if ((name[i] < 'a' || name[i] > 'z') && (i == 0 || (name[i] != '_' &&
		    (name[i] < '0' || name[i] > '9'))))
			return false;
	return strlen(name) <= 32;
}

static const char *
column_check(const struct register_column *c)
{
	if (!is_word(c->name) || strcmp(c->name, "id") == 0)
		return "a column's name is a letter, then a-z, 0-9 and _, 32 at most, and not id";
	if ((c->type == REGISTER_CHOICE) != (c->choice[0] != '\0'))
		return "choice: words with commas, for a column of type choice";
	if ((c->type == REGISTER_REF) != (c->ref[0] != '\0'))
		return "ref: the name of a register, for a column of type ref";
	if ((c->type == REGISTER_VERIFIED) != (c->days != 0))
		return "days: how long it holds, for a column of type verified";
	return NULL;
}

static const char *
kind_check(void *entry)
{
	const struct register_kind *k = entry;
	unsigned days = 0;

	if (!is_word(k->words.name))
		return "a register's name is a letter, then a-z, 0-9 and _, 32 at most";
	if (k->ncolumn == 0)
		return "columns: there has to be one, the entry's name";
	for (unsigned i = 0; i < k->ncolumn; i++) {
		const char *wrong = column_check(&k->column[i]);

		if (wrong != NULL)
			return wrong;
		for (unsigned j = 0; j < i; j++)
			if (strcmp(k->column[i].name, k->column[j].name) == 0)
				return "a column is there twice";
		days += k->column[i].type == REGISTER_EXPIRY ||
		    k->column[i].type == REGISTER_VERIFIED;
	}
	return days > 1 ? "one column at most is of type expiry or verified" : NULL;
}

static enum err
pack_check(const void *pack, struct why *why)
{
	const struct registerpack *p = pack;

	for (unsigned i = 0; i < p->nkind; i++)
		for (unsigned c = 0; c < p->kind[i].ncolumn; c++) {
			const char *ref = p->kind[i].column[c].ref;
			bool found = ref[0] == '\0';

			for (unsigned k = 0; k < p->nkind && !found; k++)
				found = strcmp(p->kind[k].words.name, ref) == 0;
			if (!found)
				return why_set(why, ERR_FORMAT, "line %lld: registers: %s: ref "
				    "names no register: %s", (long long)p->kind[i].words.line,
				    p->kind[i].words.name, ref);
		}
	return OK;
}

const struct rulepack_kind registerpack_kind = {
	.bytes = sizeof(struct registerpack),
	.list = { .name = "registers", LIST_OF(registerpack, kind, nkind, REGISTER_KINDS,
	    kind_key) },
	.own = &pack_registers,
	.check = kind_check,
	.whole = pack_check,
};

/* ---- as the desk takes it ---- */

static void
column_put(struct buf *out, bool first, const struct register_column *c)
{
	static const char *const type[] = { "text", "number", "day", "choice", "ref", "expiry",
	    "verified" };

	buf_str(out, first ? "{\"name\":" : ",{\"name\":");
	json_string(out, span_str(c->name));
	packjson_text(out, "title", c->title);
	packjson_text(out, "english", c->english);
	packjson_text(out, "type", type[c->type]);
	packjson_number(out, "required", c->required);
	packjson_text(out, "choice", c->choice);
	packjson_text(out, "ref", c->ref);
	packjson_number(out, "days", c->days);
	buf_u8(out, '}');
}

void
registerpack_json(struct buf *out, const struct registerpack *p)
{
	packjson_head(out, &p->head);
	buf_str(out, ",\"registers\":[");
	for (unsigned i = 0; i < p->nkind; i++) {
		const struct register_kind *k = &p->kind[i];

		packjson_words(out, i == 0, &k->words, k->english);
		buf_str(out, ",\"leads\":[");
		for (unsigned j = 0; j < k->nlead; j++)
			buf_printf(out, j > 0 ? ",%lld" : "%lld", (long long)k->lead[j].before);
		buf_str(out, "],\"columns\":[");
		for (unsigned j = 0; j < k->ncolumn; j++)
			column_put(out, j == 0, &k->column[j]);
		buf_str(out, "]}");
	}
	buf_str(out, "]}");
}
