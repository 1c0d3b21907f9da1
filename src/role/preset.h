/* SPDX-License-Identifier: Apache-2.0 */
/* How long the rules in force want logs kept: a rule pack (rulepack.h). A preset says days. */
#ifndef ROLE_PRESET_H
#define ROLE_PRESET_H

#include "role/rulepack.h"

enum { PRESETS_MAX = 16 };

struct preset {
	struct rulepack_words words;
	int64_t days;			/* at least so many */
};

struct preset_pack {
	struct rulepack_head head;
	struct preset preset[PRESETS_MAX];
	unsigned npreset;
};

extern const struct rulepack_kind preset_kind;

/* NULL: there is none of this name. */
const struct preset	*preset_find(const struct preset *preset, unsigned n, const char *name);

#endif
