/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a command asks: the running desk, or a copy of a store that it opens. Inside of cmd. */
#ifndef CMD_DESK_H
#define CMD_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "web/client.h"

struct conf;
struct select;

/*
 * May what a store says be followed to this file? It belongs to the desk's user: root follows it to
 * a file of its own only, else a role that was taken over could have root write where it likes.
 */
bool		desk_file_own(const char *path);
/* The configuration that the desk of the store `state` says it was given; false: it says none. */
bool		desk_conf_told(char *ret, size_t size, const char *state);
enum desk_conf {
	DESK_CONF_TOLD,			/* what the desk of that store said it was given */
	DESK_CONF_RUN,			/* ./run's, in the store's directory */
	DESK_CONF_USUAL			/* what serve would take */
};

/*
 * The configuration that goes with a command when none was named. state: NULL when that was not
 * named either; the environment's counts as named. Who names a store means its desk's: without one
 * that was told it is ./run's, of the store that was named, or in want of the usual one.
 */
enum desk_conf	desk_conf_find(char *ret, size_t size, const char *state);
/* Where the desk of `state` is asked. conf: its configuration; NULL: that which it told. */
void		desk_socket(char *ret, size_t size, const char *state, const struct conf *conf);
/* The office's zone, as that desk was configured; Vietnam's where it told no configuration. */
int32_t		desk_zone_s(const char *state);

/*
 * client_run() at the desk whose store is in the directory `state`; ask->socket is not used.
 * ERR_IO where a relay is: why says so, and where to ask, in the language of who asks.
 */
enum err	desk_run(const char *state, const struct client_ask *ask, struct why *why);
/*
 * Opens a copy of a store, with its own key; nothing is written to any ledger. After OK:
 * select_free first, then close *ret_dirfd (-1 otherwise). ERR_IO as in desk_run().
 */
enum err	desk_copy_open(struct select **ret_select, int *ret_dirfd, const char *store,
		    struct why *why);

/*
 * Says on stderr why a question was not answered, and what to do; returns the exit code. state: of
 * the desk that was asked; NULL: it was a copy of a store.
 */
int		desk_failed(enum err rc, const char *state, struct why *why);

/* Columns of the terminal that standard output is, for `wide`; NULL: it is none. Stays. */
const char	*desk_wide(void);

#endif
