/* SPDX-License-Identifier: Apache-2.0 */
/* A list with a bound: see launch.h. */
#include "role/launch.h"

#include <stdio.h>

#include "base/must.h"
#include "sys/file.h"

void
launch_add(struct launch *launch, int fd, const char *what)
{
	must(launch->n < sizeof launch->fd / sizeof launch->fd[0]);
	launch->fd[launch->n] = fd;
	(void)snprintf(launch->arg[launch->n], sizeof launch->arg[0], "%s", what);
	launch->argp[launch->n] = launch->arg[launch->n];
	launch->n++;
}

void
launch_add_chan(struct launch *launch, int fd, unsigned role)
{
	char what[8];

	(void)snprintf(what, sizeof what, "c%u", role % 100);
	launch_add(launch, fd, what);
}

void
launch_close(struct launch *launch)
{
	for (unsigned i = 0; i < launch->n; i++)
		if (launch->arg[i][0] == 'c')
			file_close(&launch->fd[i]);
}
