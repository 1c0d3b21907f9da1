/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every role is started with. Descriptors only: a role opens nothing by name that the parent
 * could have opened for it. The configuration arrives as WIRE_CONF and keys as WIRE_KEY on the
 * parent's channel, before anything else.
 */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include <stdint.h>

enum { ROLE_CHANNELS = 10, ROLE_LISTENERS = 32 };

struct role_start {
	int parent_fd;			/* channel to the parent */
	int store_fd;			/* the directory that it works in, or -1 */
	int nchan;			/* keeper, shipper: one per writer; writers: one */
	int chan_fd[ROLE_CHANNELS];
	uint8_t chan_role[ROLE_CHANNELS];	/* enum wire_role of the other end */
	int nlisten;			/* intake, front: bound sockets, as configured */
	int listen_fd[ROLE_LISTENERS];
};

int	keeper_main(const struct role_start *start);
int	intake_main(const struct role_start *start);
int	collector_main(const struct role_start *start);
int	front_main(const struct role_start *start);
int	teller_main(const struct role_start *start);
int	importer_main(const struct role_start *start);
int	registrar_main(const struct role_start *start);
int	watch_main(const struct role_start *start);
int	desk_main(const struct role_start *start);
int	porter_main(const struct role_start *start);
int	shipper_main(const struct role_start *start);
/* Started by the teller and not by the parent: parent_fd is its channel. */
int	runner_main(const struct role_start *start);
/* Started by `trucban import` and not by the parent: listen_fd[0] is a file. */
int	unpack_main(const struct role_start *start);

#endif
