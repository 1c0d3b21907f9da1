/* SPDX-License-Identifier: Apache-2.0 */
/* A replacement of the seal key that a crash cut off: finished or taken back at the next start. */
#ifndef ROLE_ROTATION_H
#define ROLE_ROTATION_H

#include "base/err.h"
#include "store/keep.h"

struct rotation {
	bool pending;			/* seed is the key that was to become the new one */
	uint8_t seed[32];
};

/*
 * Before the store is opened. When the tree is signed with the KEY leaf in it, the new key is put
 * in place and seal_seed becomes it; else the rotation stays pending.
 */
enum err	rotation_look(struct rotation *ret_rotation, int dirfd, uint8_t seal_seed[32],
		    struct why *why);
/*
 * After. *ret_going: the KEY leaf was in the journal and KEEP_REKEYED will follow; else the
 * rotation is taken back.
 */
enum err	rotation_resume(struct rotation *rotation, struct keep *keep, int dirfd,
		    bool *ret_going, struct why *why);

#endif
