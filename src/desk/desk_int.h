/* SPDX-License-Identifier: Apache-2.0 */
/* The desk's view, shared by folding (desk.c) and asking (request.c). */
#ifndef DESK_DESK_INT_H
#define DESK_DESK_INT_H

#include "desk/desk.h"
#include "desk/part.h"
#include "desk/sql.h"

enum { DESK_ACTS_MAX = 256, DESK_VIEWS_MAX = 128, DESK_TIMERS_MAX = 32, DESK_PARTS_MAX = 32,
	DESK_LOADS_MAX = 8 };

struct desk_act {
	const struct part_act *kind;
	struct script guard, fill, apply;
};

struct desk_view {
	const struct part_view *kind;
	struct script sql;
};

struct desk_timer {
	const struct part_timer *kind;
	struct script sql;
};

struct desk {
	sqlite3 *db;
	struct script place;
	unsigned nfinding, nact, nview, ntimer;
	struct script finding[DESK_PARTS_MAX];
	struct desk_act act[DESK_ACTS_MAX];
	struct desk_view view[DESK_VIEWS_MAX];
	struct desk_timer timer[DESK_TIMERS_MAX];
	uint64_t at[STREAM_END];
	uint32_t epoch;
	struct buf load[DESK_LOADS_MAX];	/* what desk_loads were given */
	struct buf object;		/* of fields with a common beginning; of one act */
};

struct desk_act	*desk_act_of(struct desk *desk, struct span name);
/* The act's own words and fields, by the kinds that its part gives them; object is emptied. */
void		desk_bind_act(struct binds *binds, const struct part_act *kind,
		    const struct act *act, struct buf *object);

#endif
