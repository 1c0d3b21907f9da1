/* SPDX-License-Identifier: Apache-2.0 */
/* The teller's state, shared by its loop (teller.c) and by what each anchor is told. */
#ifndef ROLE_TELLER_INT_H
#define ROLE_TELLER_INT_H

#include "role/role.h"

#include "model/checkpoint.h"
#include "store/tiles.h"
#include "role/brief.h"
#include "role/caller.h"

struct place {
	const struct conf_anchor *conf;
	int64_t next_ns;		/* not before */
	uint64_t size;			/* of the tree last told; witnesses need it */
	int dirfd;			/* file: its directory, opened before the sandbox */
	bool failed;
	int64_t behind_ns;		/* since when there is something newer to tell; 0: none */
};

struct teller {
	struct brief brief;
	const struct role_start *start;
	struct chan *keeper;
	struct ledger *ledger;
	struct net *net;
	struct caller *caller;		/* who tells people */
	struct tiles *tiles;
	int anchor_fd;
	struct place place[CONF_ANCHORS];
	struct buf note;
	struct checkpoint checkpoint;	/* of note */
	struct buf line, answer;
	int64_t lost_ns;		/* the parent was told at that time that the keeper is */
	int64_t count_ns;		/* when the keeper is told next how far the places are */
	bool stopping;
};

/* One look at channels and at who is to be told; for a function that waits, too. */
void	teller_wait(void *teller);

/* ---- teller_anchor.c ---- */

/* Takes the checkpoint to the place, whatever kind it is. */
enum err teller_anchor(struct teller *t, struct place *p, struct why *why);

#endif
