/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule packs: what the rules in force say, as data, in files that travel inside of the program
 * (content/packs) or in the office's own configuration. No law is in code: an entry says what it
 * says and where it was read. This is what all packs share; a kind of pack is one struct of an
 * entry, one table of its fields and one struct rulepack_kind (rulepack_int.h), as in preset.c.
 */
#ifndef ROLE_RULEPACK_H
#define ROLE_RULEPACK_H

#include "base/civil.h"
#include "base/err.h"
#include "base/span.h"

enum { RULEPACK_NAME = 64, RULEPACK_TEXT = 256, RULEPACK_DATE = CIVIL_DATE_BYTES + 1 };
enum rulepack_status { RULEPACK_TO_CONFIRM, RULEPACK_CONFIRMED };

struct rulepack_words {
	int64_t line;			/* of its file, for messages */
	char name[RULEPACK_NAME];
	char title[RULEPACK_TEXT];	/* in Vietnamese */
	char law[RULEPACK_TEXT];
	char article[RULEPACK_TEXT];
	char effective[RULEPACK_DATE];	/* YYYY-MM-DD */
	char source[RULEPACK_TEXT];	/* where the text was read */
	int64_t status;			/* enum rulepack_status */
	char checked[RULEPACK_DATE];	/* CONFIRMED: when, against the official gazette */
	char note[RULEPACK_TEXT];
};

struct rulepack_head {
	char name[RULEPACK_NAME];
	char title[RULEPACK_TEXT];
	char version[RULEPACK_NAME];	/* may be empty */
};

struct rulepack_kind;			/* rulepack_int.h */

/* ERR_FORMAT: "line 7: presets: level-3: effective: ..."; ret_pack is set only by OK. */
enum err	rulepack_parse(void *ret_pack, const struct rulepack_kind *kind, struct span text,
		    struct why *why);
/* The one inside of the program. */
enum err	rulepack_own(void *ret_pack, const struct rulepack_kind *kind, struct why *why);
/* Entries that stand somewhere else, as in the configuration: as a pack's are checked. */
enum err	rulepack_check(const struct rulepack_kind *kind, void *entry, unsigned n,
		    struct why *why);
/* NULL: there is none of this name. */
const void	*rulepack_find(const struct rulepack_kind *kind, const void *entry, unsigned n,
		    const char *name);
/* "confirmed", as it stands in the file. */
const char	*rulepack_status(const struct rulepack_words *words);

#endif
