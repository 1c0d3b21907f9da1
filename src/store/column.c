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

/* The number of each value, whose words have the chosen ones. */
static int64_t *
numbers_of(const struct gather *g, const struct list_choice *choice)
{
	int64_t *all = xreallocarray(NULL, g->n, sizeof *all);

	for (uint32_t i = 0; i < g->n; i++)
		all[i] = choice->num[gather_code(g, i)];
	return all;
}

/* Numbers that repeat: a series of all of them may still be smaller than codes. */
static bool
is_series(const struct gather *g, const struct list_choice *choice, const int64_t *all)
{
	uint64_t series = ints_bits(all, g->n), bits = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t code = gather_code(g, i);

		bits += code == 0 ? 0 : 32 - (unsigned)__builtin_clz(code);
	}
	bits += ints_bits(choice->num, g->nword);
	return series + series / 8 < bits;
}

static void
dict_put(struct list_out *out, struct list_scratch *scratch, const struct gather *g,
    const struct list_choice *choice, const struct span *word, struct list_facts *facts)
{
	buf_u8(out->dir, ENCODING_DICT);
	buf_varint(out->dir, g->nword);
	list_put_as(out, scratch, choice, word, g->nword, facts);
	buf_varint(out->dir, ORDER_ROWS);
	codes_put(out, (const uint16_t *)(const void *)g->code.p, g->n);
	facts->encoding = ENCODING_DICT;
}

/* Values that repeat little: written one by one. */
static void
values_put(struct list_out *out, struct list_scratch *scratch, const struct gather *g,
    struct list_facts *facts)
{
	struct span *value = values_of(g);
	struct list_choice choice;

	list_choose(&choice, scratch, value, g->n);
	list_put_as(out, scratch, &choice, value, g->n, facts);
	if (facts->has_stamp)
		facts->ns = xmemdup(choice.num, g->n * sizeof *choice.num);
	free(value);
}

/* Words that are numbers. */
static void
numbers_put(struct list_out *out, struct list_scratch *scratch, const struct gather *g,
    struct list_choice *choice, const struct span *word, struct list_facts *facts)
{
	int64_t *all = numbers_of(g, choice);

	if (is_series(g, choice, all)) {
		struct span *value = values_of(g);

		choice->num = all;
		list_put_as(out, scratch, choice, value, g->n, facts);
		free(value);
	} else {
		dict_put(out, scratch, g, choice, word, facts);
	}
	if (facts->has_stamp)
		facts->ns = all;
	else
		free(all);
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
	if (g->nword == 1) {
		struct span only = gather_word(g, 0);

		list_put(out, scratch, &only, 1, facts);
		return;
	}
	word = words_of(g);
	list_choose(&choice, scratch, word, g->nword);
	if (choice.num != NULL)
		numbers_put(out, scratch, g, &choice, word, facts);
	else
		dict_put(out, scratch, g, &choice, word, facts);
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
	more->words = words.recipe;
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
