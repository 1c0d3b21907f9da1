/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds now, for standing.h: made of what coverage judges, of the counters that heartbeats
 * seal, and of what the desk knows of itself. No clock.
 */
#ifndef COVERAGE_CONDITIONS_H
#define COVERAGE_CONDITIONS_H

#include "model/denied.h"
#include "coverage/coverage.h"
#include "coverage/rolling.h"
#include "coverage/standing.h"

/* What the desk knows of itself at this moment; 0 or empty: nothing to tell. */
struct desk_state {
	struct span store;		/* the keeper's state when it is not "open" */
	uint64_t unsealed;		/* leaves that a whole tick has brought no signature */
	uint64_t disk_hours;		/* room for so long; UINT64_MAX: not known */
	uint64_t clock_jump_s;
	struct span late_anchor[16];	/* places that were not reached for long */
	uint64_t late_hours[16];
	uint32_t nlate;
	const struct denied *denied;	/* who keeps trying at a door, and is not let in */
	uint32_t ndenied;
};

enum { DISK_WEEK_HOURS = 7 * 24, DISK_DAYS_HOURS = 2 * 24 };

struct conditions_ask {
	int64_t now_ns, from_ns;	/* the window, really */
	const struct rolling_view *view;
	const struct coverage_result *losses;	/* of coverage_losses() */
	const struct desk_state *desk;
};

/* What says how long the disk lasts: what so many seconds added, and what a day takes away. */
struct desk_disk {
	uint64_t room, came, goes_a_day;
	int64_t came_in_s;
};

/* Hours; UINT64_MAX: it does not fill, or what is known of it is less than an hour's. */
uint64_t	desk_disk_hours(const struct desk_disk *disk);

/* In the arena. */
uint32_t	conditions_make(const struct conditions_ask *ask, struct arena *arena,
		    const struct condition **ret);

#endif
