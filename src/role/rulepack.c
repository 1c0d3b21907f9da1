/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: walks arrays of entries whose type its kind alone knows, by their size. What all rule
 * packs share; see rulepack.h.
 */
#include "role/rulepack.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/rulepack_int.h"

enum {
	PACK_BYTES_MAX = 1 << 20,	/* larger is a wrong file */
	HEAD_KEYS = 3,
	LISTS_MAX = 8,			/* of one pack */
};

static bool
is_date(const char *text)
{
	int64_t ns;

	return civil_date(span_str(text), &ns);
}

static const char *
words_wrong(const struct rulepack_words *w)
{
	if (w->name[0] == '\0' || strpbrk(w->name, " \"'\\/{}=,") != NULL)
		return "a name has letters, digits, - and _";
	if (w->law[0] == '\0' || w->article[0] == '\0' || w->source[0] == '\0')
		return "say law, article and source: nobody can check it otherwise";
	if (!is_date(w->effective))
		return "effective is a day, written 2026-07-01";
	if (w->status == RULEPACK_CONFIRMED && !is_date(w->checked))
		return "confirmed needs checked: the day on which it was, written 2026-07-01";
	if (w->status == RULEPACK_TO_CONFIRM && w->checked[0] != '\0')
		return "checked goes with status: confirmed";
	return NULL;
}

const void *
rulepack_find(const struct rulepack_kind *kind, const void *entry, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++) {
		const void *at = (const char *)entry + i * kind->list.size;

		if (strcmp(((const struct rulepack_words *)at)->name, name) == 0)
			return at;
	}
	return NULL;
}

enum err
rulepack_check(const struct rulepack_kind *kind, void *entry, unsigned n, struct why *why)
{
	for (unsigned i = 0; i < n; i++) {
		void *at = (char *)entry + i * kind->list.size;
		const struct rulepack_words *w = at;
		const char *wrong = kind->check != NULL ? kind->check(at) : NULL;

		if (wrong == NULL)
			wrong = words_wrong(w);
		if (wrong != NULL)
			return why_set(why, ERR_FORMAT, "line %lld: %s: %s: %s",
			    (long long)w->line, kind->list.name, w->name, wrong);
		if (rulepack_find(kind, entry, i, w->name) != NULL)
			return why_set(why, ERR_FORMAT, "line %lld: %s: another entry is named "
			    "%s; give it a name of its own", (long long)w->line, kind->list.name,
			    w->name);
	}
	return OK;
}

/* Head and lists. */
static void
keys_make(struct key keys[], const struct rulepack_kind *kind)
{
	const struct key head[] = {
		{ .name = "pack", RULEPACK_FIELD(rulepack_head, name), .required = true },
		{ .name = "title", RULEPACK_FIELD(rulepack_head, title) },
		{ .name = "version", RULEPACK_FIELD(rulepack_head, version) },
	};
	unsigned n = sizeof head / sizeof *head;

	memcpy(keys, head, sizeof head);
	for (; kind != NULL; kind = kind->next) {
		must(n < HEAD_KEYS + LISTS_MAX);
		keys[n++] = kind->list;
	}
	keys[n] = (struct key){ .name = NULL };
}

static enum err
lists_check(const struct rulepack_kind *kind, void *pack, struct why *why)
{
	enum err rc = OK;

	for (; rc == OK && kind != NULL; kind = kind->next) {
		unsigned n;

		memcpy(&n, (char *)pack + kind->list.count_at, sizeof n);
		rc = rulepack_check(kind, (char *)pack + kind->list.at, n, why);
	}
	return rc;
}

enum err
rulepack_parse(void *ret_pack, const struct rulepack_kind *kind, struct span text, struct why *why)
{
	struct key keys[HEAD_KEYS + LISTS_MAX + 1];
	struct rulepack_head *pack;
	enum err rc;

	if (text.n > PACK_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "more than %d octets", PACK_BYTES_MAX);
	pack = xcalloc(1, kind->bytes);
	keys_make(keys, kind);
	rc = keys_read(pack, keys, "the pack", text, why);
	if (rc == OK && pack->name[0] == '\0')
		rc = why_set(why, ERR_FORMAT, "line 1: pack: say its name");
	if (rc == OK)
		rc = lists_check(kind, pack, why);
	if (rc == OK && kind->whole != NULL)
		rc = kind->whole(pack, why);
	if (rc == OK)
		memcpy(ret_pack, pack, kind->bytes);
	free(pack);
	return rc;
}

enum err
rulepack_own(void *ret_pack, const struct rulepack_kind *kind, struct why *why)
{
	return rulepack_parse(ret_pack, kind, *kind->own, why);
}

const char *
rulepack_status(const struct rulepack_words *words)
{
	return words->status == RULEPACK_CONFIRMED ? "confirmed" : "to-confirm";
}
