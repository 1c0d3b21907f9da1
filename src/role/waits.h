/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's table of questions whose answer comes as an event of the store, and when who asked
 * is to be told that the work goes on: roles.md, "Answers that take long".
 */
#ifndef ROLE_WAITS_H
#define ROLE_WAITS_H

#include <stdbool.h>
#include <stdint.h>

enum { WAITS_MAX = 32, WAITS_TELL_S = 10 };

struct wait {
	uint8_t event;			/* enum keep_event_type; 0: free */
	unsigned line;			/* who asked */
	uint64_t tag;			/* with what */
	int64_t begin_ns, told_ns;
};

struct waits {
	struct wait of[WAITS_MAX];
};

/* False: there is no room. */
bool	waits_add(struct waits *waits, uint8_t event, unsigned line, uint64_t tag, int64_t now_ns);
/* Takes one that the event answers; false: none is left. */
bool	waits_take(struct waits *waits, uint8_t event, struct wait *ret_wait);
/* One that was told nothing for WAITS_TELL_S, which counts as told now; false: none is left. */
bool	waits_due(struct waits *waits, int64_t now_ns, struct wait *ret_wait);
/* Who asked is gone. */
void	waits_drop(struct waits *waits, unsigned line);

#endif
