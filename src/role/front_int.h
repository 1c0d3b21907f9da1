/* SPDX-License-Identifier: Apache-2.0 */
/* The front: its state, shared by its loop (front.c) and what it serves (front_routes.c). */
#ifndef ROLE_FRONT_INT_H
#define ROLE_FRONT_INT_H

#include <event2/event.h>

#include "sys/thread.h"
#include "store/store.h"
#include "web/pool.h"
#include "web/select.h"
#include "web/server.h"
#include "role/asks.h"
#include "role/brief.h"
#include "role/ledger.h"
#include "role/registered.h"
#include "role/role.h"
#include "role/visitors.h"

enum { FRONT_WORKERS = 4 };

struct front {
	struct brief brief;
	struct event_base *base;
	struct chan *keeper;
	struct event *keeper_event, *parent_event, *wake_event, *tick_event;
	int wake_fd;
	struct ledger *ledger;
	struct registered *registered;
	struct server *server;
	struct select *select[FRONT_WORKERS];
	struct shelf *shelf;
	unsigned ticks;
	struct pool *pool;
	unsigned helpers;
	const struct role_start *start;
	struct asks *asks, *desk_asks, *porter_asks;
	struct chan *desk, *porter;
	struct event *desk_event, *porter_event;
	struct visitors *visitors;
	_Atomic unsigned logins;	/* that are being worked on */
	struct lock metrics_lock;
	struct buf metrics;		/* the keeper's last ASK_STATUS answer */
	int64_t metrics_ns;
	bool status_asked;		/* and not answered yet */
	unsigned samples_told;		/* rules that the ledger has */
	unsigned reload_in;		/* ticks, then the parent reads its configuration; 0: not */
	uint64_t sample_ticket;		/* of the last order's row in the ledger */
	_Atomic bool sample_noted;	/* it is on disk, and so are those before it */
};

/* What waits for the keeper goes out when it can. */
void		front_keeper_wanted(struct front *f);
/* The keeper is asked for its figures, unless it has been already. */
void		front_status_ask(struct front *f);
/* Paths and who serves them, ended by one of NULLs. */
extern const struct route front_routes[];
/* ---- front_who.c ---- */

/* Who asks over TCP, and may he ask this? Called on the workers. */
enum err	front_know(void *ctx, unsigned worker, struct job *job, struct why *why);
/* Questions and acts of the porter's own. */
enum err	front_porter(void *ctx, unsigned worker, struct job *job, struct why *why);
/* Came it over the unix socket? Then by whom does the kernel say. */
bool		front_is_local(const struct job *job);
/* Over it, and root or the store's own user: they may all. */
bool		front_is_owner(const struct job *job);
unsigned	front_rights(const struct job *job);
/* The fields that both who decide are asked with; lang is not among the parameters. */
enum err	front_ask_fill(struct desk_ask *ret_ask, const struct job *job, unsigned rights,
		    struct why *why);

/* ---- front_routes.c ---- */

/* May it be answered? Writes into the ledger what is asked, first. ERR_BUSY: once more, later. */
enum err	front_admit(void *ctx, struct job *job, struct why *why);

#endif
