/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays whose sizes were checked. Columns: see column.h. */
#include "store/column.h"

#include <stdlib.h>

#include "base/must.h"
#include "store/list_int.h"

/* Orders in which codes may lie. */
enum { ORDER_ROWS = 0 };

/* ---- writing ---- */

static struct span *
words_of(const struct gather *g)
{
	struct span *word = xreallocarray(NULL, g->nword, sizeof *word);

	for (uint32_t i = 0; i < g->nword; i++)
		word[i] = gather_word(g, i);
	return word;
}

static struct span *
values_of(const struct gather *g)
{
	struct span *value = xreallocarray(NULL, g->n, sizeof *value);

	for (uint32_t i = 0; i < g->n; i++)
		value[i] = gather_value(g, i);
	return value;
}

/* Numbers that repeat: a series of all of them may still be smaller than codes. */
static bool
is_series(const struct gather *g, const struct list_choice *choice)
{
	int64_t *all;
	uint64_t series, bits = 0;

	if (choice->num == NULL)
		return false;
	all = xreallocarray(NULL, g->n, sizeof *all);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t code = gather_code(g, i);

		bits += code == 0 ? 0 : 32 - (unsigned)__builtin_clz(code);
		all[i] = choice->num[code];
	}
	series = ints_bits(all, g->n);
	bits += ints_bits(choice->num, g->nword);
	free(all);
	return series + series / 8 < bits;
}

static void
values_put(struct list_out *out, struct list_scratch *scratch, const struct gather *g,
    struct list_facts *facts)
{
	struct span *value = values_of(g);

	list_put(out, scratch, value, g->n, facts);
	free(value);
}

void
column_put(struct list_out *out, struct list_scratch *scratch, const struct gather *g,
    struct list_facts *facts)
{
	struct list_choice choice;
	struct span *word;

	must(g->n > 0);
	if (g->plain || (g->nword > 1 && g->nword > g->n / 4 * 3)) {
		values_put(out, scratch, g, facts);
		return;
	}
	word = words_of(g);
	list_choose(&choice, scratch, word, g->nword);
	if (g->nword == 1) {
		list_put_as(out, scratch, &choice, word, 1, facts);
	} else if (is_series(g, &choice)) {
		values_put(out, scratch, g, facts);
	} else {
		buf_u8(out->dir, ENCODING_DICT);
		buf_varint(out->dir, g->nword);
		list_put_as(out, scratch, &choice, word, g->nword, facts);
		buf_varint(out->dir, ORDER_ROWS);
		codes_put(out, (const uint16_t *)(const void *)g->code.p, g->n);
		facts->encoding = ENCODING_DICT;
	}
	free(word);
}

/* ---- reading ---- */

static enum err
dict_get(struct list_in *in, struct column *ret, struct column_more *more, struct why *why)
{
	uint64_t nword = cur_varint(in->c);
	struct list words;
	uint32_t *code;
	int64_t *num;
	enum err rc;

	if (nword == 0 || nword > ret->n)
		return why_set(why, ERR_FORMAT, "column: broken number of words");
	rc = list_get(in, (size_t)nword, &words, why);
	if (rc != OK)
		return rc;
	if (cur_varint(in->c) != ORDER_ROWS)
		return why_set(why, ERR_FORMAT, "column: unknown order of codes");
	code = hold_alloc(in->hold, ret->n, sizeof *code);
	rc = codes_get(in, code, ret->n, (uint32_t)nword, why);
	if (rc != OK)
		return rc;
	ret->nword = (uint32_t)nword;
	ret->word = words.value != NULL ? words.value :
	    recipe_values(words.recipe, (size_t)nword, in->hold);
	ret->code = code;
	if (!words.has_int && !words.has_stamp)
		return OK;
	num = hold_alloc(in->hold, ret->n, sizeof *num);
	for (uint32_t i = 0; i < ret->n; i++)
		num[i] = words.num[code[i]];
	if (words.has_int)
		ret->num = num;
	else
		more->ns = num;
	return OK;
}

static enum err
const_get(struct list_in *in, struct column *ret, struct why *why)
{
	struct list list;
	int64_t *num;
	enum err rc = list_get(in, 1, &list, why);

	if (rc != OK)
		return rc;
	ret->nword = 1;
	ret->word = list.value != NULL ? list.value : recipe_values(list.recipe, 1, in->hold);
	if (!list.has_int)
		return OK;
	num = hold_alloc(in->hold, ret->n, sizeof *num);
	for (uint32_t i = 0; i < ret->n; i++)
		num[i] = list.num[0];
	ret->num = num;
	return OK;
}

enum err
column_get(struct list_in *in, struct column *ret, struct column_more *more, struct why *why)
{
	struct list list;
	enum err rc;

	must(ret->n > 0 && ret->n <= LIMIT_COLUMN_VALUES);
	if (cur_left(in->c) > 0 && *in->c->p == ENCODING_CONST)
		return const_get(in, ret, why);
	if (cur_left(in->c) > 0 && *in->c->p == ENCODING_DICT) {
		(void)cur_u8(in->c);
		return dict_get(in, ret, more, why);
	}
	rc = list_get(in, ret->n, &list, why);
	if (rc != OK)
		return rc;
	ret->value = list.value;
	ret->num = list.has_int ? list.num : NULL;
	more->recipe = list.recipe;
	more->ns = list.has_stamp ? list.num : NULL;
	return OK;
}

void
column_values(struct column *column, const struct column_more *more, struct hold *hold)
{
	if (column->value == NULL && more->recipe != NULL)
		column->value = recipe_values(more->recipe, column->n, hold);
}
