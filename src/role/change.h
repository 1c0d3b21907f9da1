/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a changed configuration means while the desk runs: which roles have to begin anew, and what
 * cannot be changed without a restart. Pure: two configurations in, an answer out.
 */
#ifndef ROLE_CHANGE_H
#define ROLE_CHANGE_H

#include "base/err.h"
#include "role/conf.h"

/* ERR_DENIED names a key that only a restart, or a new store, can change. */
enum err	change_check(const struct conf *old, const struct conf *now, struct why *why);
/*
 * One bit (1 << enum wire_role) for each role that works by something that differs. A role is in it
 * too when it is wanted now and was not, or the other way round.
 */
unsigned	change_roles(const struct conf *old, const struct conf *now);
/* One bit for each role that this configuration gives work. */
unsigned	change_wanted(const struct conf *conf);

#endif
