/* SPDX-License-Identifier: Apache-2.0 */
/* What an act says of a file that stays with the office. Inside of cmd. */
#ifndef CMD_FILESUM_H
#define CMD_FILESUM_H

#include "base/buf.h"

/* Fields name, without its folders, and sha256. */
void	filesum_add(struct buf *form, const char *path, struct span bytes);
/* The last one alone. */
void	filesum_only(struct buf *form, struct span bytes);

#endif
