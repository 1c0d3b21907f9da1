/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before a message is tried again. The first tries follow quickly, so that what
 * does not work is known while the next person can still be told in time; then it is tried on and
 * on, since a line that comes back is to be used at once.
 */
#ifndef NOTIFY_PAUSE_H
#define NOTIFY_PAUSE_H

#include <stdint.h>

enum { PAUSE_TRIES = 4 };	/* behind so many the message counts as not sent */

/* tries: how many failed, 1 or more. */
int64_t	pause_ns(unsigned tries);

#endif
