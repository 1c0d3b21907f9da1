/* SPDX-License-Identifier: Apache-2.0 */
/* Records that roles crashed over, as the parent remembers them: roles.md, "Records that crash". */
#ifndef ROLE_SUSPECTS_H
#define ROLE_SUSPECTS_H

#include <stdint.h>

#include "sys/chan.h"

enum { SUSPECTS = 16 };

struct suspects {
	struct {
		uint8_t role;
		uint64_t hash;
		unsigned times;
	} row[SUSPECTS];
};

/* One more life ended by it: the least known one makes room for a new one. */
void	suspects_add(struct suspects *suspects, uint8_t role, uint64_t hash);
/* Names those that ended two lives of the role to its next one. */
void	suspects_send(const struct suspects *suspects, uint8_t role, struct chan *chan);

#endif
