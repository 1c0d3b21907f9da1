/* SPDX-License-Identifier: Apache-2.0 */
/* Paths with names in them: "/api/alerts/{alert}/take". Inside of room desk only. */
#ifndef DESK_PATH_H
#define DESK_PATH_H

#include "base/buf.h"
#include "model/act.h"

enum { PATH_NAMES_MAX = 4 };

struct path_names {
	unsigned n;
	struct act_field name[PATH_NAMES_MAX];	/* of the pattern, and what the path has there */
};

/* Does the path fit? A name takes one part, of at least one octet, without '/'. */
bool	path_match(const char *pattern, struct span path, struct path_names *ret);
/* The pattern with the act's fields in the places of the names. */
void	path_fill(struct buf *out, const char *pattern, const struct act *act);

#endif
