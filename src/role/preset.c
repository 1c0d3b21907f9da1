/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a preset; see preset.h. */
#include "role/preset.h"

#include "role/packs.h"
#include "role/rulepack_int.h"

enum { DAYS_MOST = 36500 };	/* a hundred years: longer is a typing error */

_Static_assert(offsetof(struct preset, words) == 0, "what rulepack.h looks at");

const struct key preset_key[] = {
	RULEPACK_KEYS(false),
	{ .name = "days", .type = KEY_NUMBER, .at = offsetof(struct preset, days), .min = 1,
	    .max = DAYS_MOST, .required = true },
	{ .name = NULL },
};

const struct rulepack_kind preset_kind = {
	.bytes = sizeof(struct preset_pack),
	.list = { .name = "presets", .type = KEY_LIST, .at = offsetof(struct preset_pack, preset),
	    .max = PRESETS_MAX, .size = sizeof(struct preset),
	    .count_at = offsetof(struct preset_pack, npreset), .sub = preset_key,
	    .required = true },
	.own = &pack_retention,
};

const struct preset *
preset_find(const struct preset *preset, unsigned n, const char *name)
{
	return rulepack_find(&preset_kind, preset, n, name);
}
