/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last words of a role that takes records apart. When it crashes over a record it tells the
 * parent which one (its hash, WIRE_SUSPECT); a record that ended two lives is named in the briefs
 * of the next ones, and kept whole instead of being taken apart again.
 */
#ifndef ROLE_CRASH_H
#define ROLE_CRASH_H

#include "base/span.h"

/* Catches what ends this process, from here on; the record's hash goes to the parent's channel. */
void	crash_watch(int parent_fd);
/* This record is at hand; none when it is empty. It must stay until the next call. */
void	crash_at(struct span record);
/* By which a record is known again. Never 0. */
uint64_t	crash_hash(struct span record);

#endif
