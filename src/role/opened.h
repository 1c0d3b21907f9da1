/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parent opens before any role starts: configuration, the store's directory with its
 * lock, keys, sockets. Roles get copies of the descriptors. A reload reads the configuration anew
 * and keeps every socket whose address stays, with the connections that wait in it.
 */
#ifndef ROLE_OPENED_H
#define ROLE_OPENED_H

#include "base/buf.h"
#include "base/err.h"
#include "sys/notify.h"
#include "store/cold.h"
#include "role/conf.h"

/* Below the store's directory: the whole path of the configuration that its desk was given. */
#define OPENED_CONF_NAME	"config"
#define OPENED_CONF		"run/" OPENED_CONF_NAME

struct opened {
	const char *conf_path, *state;	/* as given to opened_make, borrowed */
	struct conf *conf;
	struct buf text;		/* the configuration as the roles get it */
	struct buf registry;		/* the register of sources as they get it */
	bool registry_new;		/* nobody has it yet: the parent clears it */
	int state_fd, lock_fd, collector_fd;
	int ca_fd, people_fd;		/* of a desk, or -1 */
	int spool_fd;			/* of a relay, or -1 */
	int listen_fd[ROLE_LISTENERS];
	int front_fd[2];		/* unix socket, HTTP; -1 = none */
	int import_fd, agent_fd;	/* STATE/run/NAME.sock; the same as long as we live */
	struct notify_socket passed[NOTIFY_LISTEN_MAX];	/* by the service manager: never closed */
	unsigned npassed;
	uint64_t files;			/* what the listeners' certificates and tokens are now */
	uint8_t store_id[COLD_STORE_ID];
	uint8_t store_key[32], seal_seed[32];
	uint8_t people_key[32];		/* made of the store key: opens the accounts, no record */
};

/*
 * conf_path: the file; state (may be NULL) replaces its `state`. ERR_FORMAT names file and line;
 * ERR_BUSY: another desk has the store or a socket. Call opened_done in any case. Both strings are
 * borrowed until then.
 */
enum err	opened_make(struct opened *ret_opened, const char *conf_path, const char *state,
		    struct why *why);
/*
 * Reads the file again. OK: *ret_roles has a bit (1 << enum wire_role) for each role that has to
 * begin anew (with a cold folder always keeper and front); configuration and sockets are the new
 * ones. Else nothing changed: ERR_FORMAT names file and line, ERR_DENIED what cannot change,
 * ERR_BUSY, ERR_IO a socket.
 */
enum err	opened_reload(struct opened *opened, unsigned *ret_roles, struct why *why);
/* Reads the register alone again. Not OK: it is what it was before. */
enum err	opened_register(struct opened *opened, struct why *why);
/* Wipes the keys; descriptors stay until the process ends. */
void		opened_done(struct opened *opened);

#endif
