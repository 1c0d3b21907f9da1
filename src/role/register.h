/* SPDX-License-Identifier: Apache-2.0 */
/* The register's file, and the register held against the configuration; doc/formats/register.md. */
#ifndef ROLE_REGISTER_H
#define ROLE_REGISTER_H

#include "base/buf.h"
#include "base/err.h"
#include "model/registry.h"
#include "role/conf.h"

enum { REGISTER_PATH = 4096 };

/* Where it is: as configured, else sources.csv beside the configuration. ERR_LIMIT: too long. */
enum err	register_path(char ret[REGISTER_PATH], const struct conf *conf,
		    const char *conf_path, struct why *why);
/* Appends its text. One that is not there is empty, unless the configuration names it. */
enum err	register_load(struct buf *out, const struct conf *conf, const char *conf_path,
		    struct why *why);
/* Reads the text; its classes and listeners are those of the configuration. */
enum err	register_take(struct registry **ret_registry, struct span text,
		    const struct conf *conf, struct why *why);
/*
 * For the ledger: the new register's SHA-256 and number of rows, then each row that went or came;
 * old may be NULL.
 */
void		register_change_put(struct buf *out, const struct registry *old,
		    const struct registry *now);

#endif
