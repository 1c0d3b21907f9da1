/* SPDX-License-Identifier: Apache-2.0 */
/* What packs and the office's configuration say, put into the tables of the desk's view. */
#ifndef ROLE_POLICY_H
#define ROLE_POLICY_H

#include "desk/desk.h"
#include "role/conf.h"

/*
 * Steps of escalation, roles and rules of duty, the office's zone, holidays of years around now.
 * ERR_FORMAT: a pack inside of the program
 * is broken, which is our bug; ERR_IO: SQLite refuses.
 */
enum err	policy_load(struct desk *desk, const struct conf *conf, int64_t now_ns,
		    struct why *why);

#endif
