/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of sources as the front has it: taken in the loop's thread, copied by workers,
 * noted in the ledger when it is another one than before.
 */
#ifndef ROLE_REGISTERED_H
#define ROLE_REGISTERED_H

#include "base/buf.h"
#include "role/ledger.h"

struct registered;

/* It has no rows at first. */
struct registered	*registered_new(void);
/*
 * The loop: another register came. It was held against the configuration by the parent: the front
 * needs neither classes nor listeners of it, and may have an older one.
 */
void		registered_take(struct registered *registered, struct span text);
/* The loop, now and then: writes what changed into the ledger, as soon as that can be. */
void		registered_note(struct registered *registered, struct ledger *ledger);
/* Any thread: appends its text. */
void		registered_copy(struct registered *registered, struct buf *out);
/* Any thread: has it this SHA-256, as 64 hexadecimal digits? */
bool		registered_is(struct registered *registered, const char *sha256);

#endif
