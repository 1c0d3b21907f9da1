/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which registers the office keeps, with which columns, and how early it is told of what ends: a
 * rule pack (rulepack.h), content/packs/registers.yaml.
 */
#ifndef ROLE_REGISTERPACK_H
#define ROLE_REGISTERPACK_H

#include "base/buf.h"
#include "role/rulepack.h"

enum {
	REGISTER_KINDS = 32,
	REGISTER_COLUMNS = 18,		/* fields of one act, with room for what else it has */
	REGISTER_LEADS = 8,
};
enum register_type { REGISTER_TEXT, REGISTER_NUMBER, REGISTER_DAY, REGISTER_CHOICE, REGISTER_REF,
	REGISTER_EXPIRY, REGISTER_VERIFIED };

struct register_column {
	char name[RULEPACK_NAME], title[RULEPACK_TEXT], english[RULEPACK_TEXT];
	int64_t type;			/* enum register_type */
	bool required;
	char choice[RULEPACK_TEXT];	/* CHOICE: words with commas */
	char ref[RULEPACK_NAME];	/* REF: the register that it names an entry of */
	int64_t days;			/* VERIFIED: as long as it holds */
};

struct register_kind {
	struct rulepack_words words;
	char english[RULEPACK_TEXT];
	struct register_lead {
		int64_t before;		/* seconds */
	} lead[REGISTER_LEADS];
	unsigned nlead;
	struct register_column column[REGISTER_COLUMNS];
	unsigned ncolumn;
};

struct registerpack {
	struct rulepack_head head;
	struct register_kind kind[REGISTER_KINDS];
	unsigned nkind;
};

extern const struct rulepack_kind registerpack_kind;

/* As desk/registers.c takes it. */
void		registerpack_json(struct buf *out, const struct registerpack *pack);

#endif
