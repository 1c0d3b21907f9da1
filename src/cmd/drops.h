/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban retention sample add|remove`: orders not to keep records, given and lifted. */
#ifndef CMD_DROPS_H
#define CMD_DROPS_H

#include <stdbool.h>

bool	drops_verb(const char *word);
/* argv[0] is the verb. Returns the exit code. */
int	drops_run(int argc, char **argv);
/* What --help says of them. */
const char	*drops_usage(void);

#endif
