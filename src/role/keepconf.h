/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's writer is told: the configuration in its own words, and this machine's name. */
#ifndef ROLE_KEEPCONF_H
#define ROLE_KEEPCONF_H

#include "store/keep.h"
#include "role/brief.h"

enum { KEEPCONF_MACHINE = 64 };

/* Pointers go into brief; origin and machine are left to the caller. */
void	keepconf_fill(struct keep_conf *ret_conf, const struct brief *brief, int dirfd);
/* Tells this machine from others, "" when nothing does; before the sandbox. */
void	keepconf_machine(char ret[KEEPCONF_MACHINE]);

#endif
