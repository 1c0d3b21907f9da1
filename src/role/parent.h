/* SPDX-License-Identifier: Apache-2.0 */
/* The parent: see parent.c. */
#ifndef ROLE_PARENT_H
#define ROLE_PARENT_H

#include "base/err.h"
#include "role/conf.h"

/*
 * Runs the desk until SIGTERM or SIGINT; returns the exit code (0, or 3 with a sentence on
 * stderr). conf_path is read again at SIGHUP. `state` (may be NULL) replaces the file's.
 */
int	parent_run(const char *conf_path, const char *state);

#endif
