/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors that a role is started with, each with the word that says what it is. */
#ifndef ROLE_LAUNCH_H
#define ROLE_LAUNCH_H

#include "role/role.h"

struct launch {
	int fd[ROLE_LISTENERS + ROLE_CHANNELS + 4];
	char arg[ROLE_LISTENERS + ROLE_CHANNELS + 4][8];
	const char *argp[ROLE_LISTENERS + ROLE_CHANNELS + 4];
	unsigned n;
};

/* One descriptor and the letter that says what it is: p, s, l, or c with the other end's role. */
void	launch_add(struct launch *launch, int fd, const char *what);
void	launch_add_chan(struct launch *launch, int fd, unsigned role);
/* Channel ends now belong to the child; directories and listeners stay open here. */
void	launch_close(struct launch *launch);

#endif
