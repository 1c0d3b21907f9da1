/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parent opens before any role starts: configuration, the store's directory with its
 * lock, keys, sockets. Opened once; roles get copies of the descriptors.
 */
#ifndef ROLE_OPENED_H
#define ROLE_OPENED_H

#include "base/buf.h"
#include "base/err.h"
#include "role/conf.h"

struct opened {
	struct conf *conf;
	struct buf text;		/* the configuration as the roles get it */
	int state_fd, lock_fd, collector_fd;
	int listen_fd[ROLE_LISTENERS];
	int front_fd[2];		/* unix socket, HTTP; -1 = none */
	uint8_t store_key[32], seal_seed[32];
};

/*
 * conf_path: the file; state (may be NULL) replaces its `state`. ERR_FORMAT names file and line;
 * ERR_BUSY: another desk has the store or a socket. Call opened_done in any case.
 */
enum err	opened_make(struct opened *ret_opened, const char *conf_path, const char *state,
		    struct why *why);
/* Wipes the keys; descriptors stay until the process ends. */
void		opened_done(struct opened *opened);

#endif
