/* SPDX-License-Identifier: Apache-2.0 */
/* The first words between parent and role: configuration, keys, user; and the ledger's rows. */
#ifndef ROLE_BRIEF_H
#define ROLE_BRIEF_H

#include "base/buf.h"
#include "base/err.h"
#include "sys/chan.h"
#include "sys/sandbox.h"
#include "role/conf.h"

enum { BRIEF_SUSPECTS = 16 };

struct brief {
	struct chan *parent;		/* owned by the role */
	struct conf conf;
	struct buf conf_text;
	struct buf registry;		/* the register of sources, for who gets it */
	bool has_store_key, has_seal_seed;
	uint8_t store_key[32];
	uint8_t seal_seed[32];
	bool secret;			/* keys were asked for */
	uint64_t suspect[BRIEF_SUSPECTS];	/* records that ended two lives: crash.h */
	unsigned nsuspect;
};

/*
 * Waits for WIRE_CONF (and WIRE_KEY, where the role is a keeper or front and the configuration
 * says encrypt), and sees to it that this process never leaves a core file; one that gets keys can
 * be read by no other process of its user's. Keys in ret_brief are the caller's to wipe.
 */
enum err	brief_take(struct brief *ret_brief, int parent_fd, bool wants_store_key,
		    bool wants_seal_seed, struct why *why);
/* Becomes the configured user when started as root. */
enum err	brief_drop_rights(const struct brief *brief, struct why *why);
/* The same, in that user's groups: who reads logs needs them. */
enum err	brief_drop_rights_in_groups(const struct brief *brief, struct why *why);
/* sandbox_enter; what this kernel lacks is said once, on stderr. */
enum err	brief_sandbox(const struct sandbox *sandbox, const char *role, struct why *why);
/*
 * The channel to the keeper broke, or was closed by it: tells the parent, every second until there
 * is another one. When no new keeper brings one, the parent ends this process.
 */
void		brief_lost_keeper(const struct brief *brief, uint8_t role);
/*
 * Opens the store's cold folder, for the sandbox; gives how many there are: 0 or 1. One that comes
 * later cannot be reached until the role begins anew.
 */
unsigned	brief_cold(int store_fd, int *ret_fd);
/* Tells the parent that the role does its work now; the process ends when that is impossible. */
void		brief_ready(const struct brief *brief, const char *text);

#endif
