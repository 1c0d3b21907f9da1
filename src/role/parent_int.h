/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's state, shared by its loop (parent.c) and by what ends roles (parent_reload.c). */
#ifndef ROLE_PARENT_INT_H
#define ROLE_PARENT_INT_H

#include "role/parent.h"

#include <sys/types.h>

#include "sys/chan.h"
#include "wire/wire.h"
#include "role/opened.h"
#include "role/suspects.h"

enum { CHILD_MAX = WIRE_ROLE_END, QUEUE_BYTES = 4 << 20, STOP_WAIT_S = 30, PAUSE_MAX_S = 30,
	LOST_MOST = 3, PEERS = 4 };

struct child {
	uint8_t role;			/* enum wire_role; 0 = not wanted */
	pid_t pid;			/* 0 = not running */
	struct chan *chan;
	int keeper_fd;			/* writer: its end of the next channel there, or -1 */
	int peer_fd[PEERS];		/* the same, of each pair that it is one of */
	int64_t started_ns;
	int64_t again_ns;		/* not before */
	int64_t pause_s;
	unsigned restarts;
	bool ready;
	bool planned;			/* it was told to end: no crash */
	unsigned lost;			/* times that it said so: channel_lost */
};

struct parent {
	struct opened open;
	int signal_fd;
	struct child child[CHILD_MAX];	/* by enum wire_role */
	struct suspects suspects;
	bool stopping, told_ready, reload;
	bool register_read;		/* the front asks for it */
};

/* One look at signals and children. */
void	parent_turn(struct parent *p, int wait_ms);
void	parent_reap(struct parent *p);
/* To the service manager, when all roles are there. */
void	parent_ready_tell(struct parent *p);
/* The register of sources, to a role that works by it. */
void	parent_register_send(struct parent *p, struct child *c);

/* The teller asks for a modem: parent_modem.c. */
void	parent_modem(struct parent *p, struct child *c, const struct chan_msg *msg);

/* ---- parent_reload.c ---- */

/* All or nothing: what cannot be done as a whole leaves everything as it is. */
void	parent_reload(struct parent *p);
/* Reads the register of sources again. */
void	parent_register(struct parent *p);
/* Ends all roles, in order. */
void	parent_end(struct parent *p);

#endif
