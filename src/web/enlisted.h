/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Since when each source stands in the register, as the sealed ledger has it (doc/formats/
 * register.md, section 4): before that nobody expected it, and its silence is no absence.
 */
#ifndef WEB_ENLISTED_H
#define WEB_ENLISTED_H

#include "base/arena.h"
#include "base/err.h"

struct registry;
struct select;

/*
 * *ret: one time for each row of the register, in its order; 0: the ledger does not say. A row
 * that went and came again counts from the second time; one that was only changed, from the first.
 * In the arena.
 */
enum err	enlisted_since(struct select *select, const struct registry *registry,
		    struct arena *arena, const int64_t **ret, struct why *why);

#endif
