/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long there is room, by what was written in the last minutes: not by the last second, which a
 * burst makes ten times too much and a pause nothing at all. No clock: times come in.
 */
#ifndef ROLE_PACE_H
#define ROLE_PACE_H

#include <stdint.h>

enum {
	PACE_MARKS = 61,
	PACE_EVERY_S = 10,		/* so the rate is that of the last ten minutes */
	PACE_LEAST_S = 120,		/* before, nothing is said */
	PACE_STILL = -1,		/* nothing was written */
	PACE_NEW = -2,			/* not known yet */
};

/* {0} has begun with nothing. */
struct pace {
	int64_t at_ns[PACE_MARKS];
	uint64_t bytes[PACE_MARKS];
	unsigned n, next;		/* marks; where the next one goes */
};

/* All that was written until now; as often as one likes. */
void	pace_take(struct pace *pace, int64_t now_ns, uint64_t written);
/* Seconds until room octets are full at that rate; PACE_STILL, PACE_NEW. */
int64_t	pace_lasts_s(const struct pace *pace, int64_t now_ns, uint64_t written, uint64_t room);

#endif
