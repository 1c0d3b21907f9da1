/* SPDX-License-Identifier: Apache-2.0 */
/* The parent ends roles: all of them, or those that a new configuration begins anew. */
#include "role/parent_int.h"

#include <signal.h>
#include <stdio.h>

#include "sys/clock.h"
#include "sys/notify.h"
#include "role/change.h"

/* Writers before the keeper, and those that take from outside before those that tell. */
static const uint8_t stop_order[] = { WIRE_INTAKE, WIRE_IMPORTER, WIRE_COLLECTOR, WIRE_FRONT,
    WIRE_REGISTRAR, WIRE_TELLER, WIRE_WATCH, WIRE_DESK, WIRE_PORTER, WIRE_KEEPER, WIRE_SHIPPER };

/* Asks a role to end, waits, and insists. */
static void
child_stop(struct parent *p, struct child *c)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)STOP_WAIT_S * 1000000000;
	struct why why;

	if (c->pid <= 0)
		return;
	if (c->chan != NULL)
		(void)chan_send(c->chan, &(struct chan_msg){ .type = WIRE_STOP }, &why);
	while (c->pid > 0 && clock_mono_ns() < end_ns) {
		parent_turn(p, 100);
		parent_reap(p);
	}
	if (c->pid > 0) {
		(void)fprintf(stderr, "trucban: %s does not end, killing it\n",
		    wire_role_name(c->role));
		(void)kill(c->pid, SIGKILL);
	}
}

/* Ends what is to begin anew, in order; children_start does the rest. */
static void
roles_renew(struct parent *p, unsigned roles)
{
	unsigned wanted = change_wanted(p->open.conf);

	for (size_t i = 0; i < sizeof stop_order; i++) {
		struct child *c = &p->child[stop_order[i]];
		unsigned bit = 1u << stop_order[i];

		if ((roles & bit) == 0)
			continue;
		(void)fprintf(stderr, "trucban: reload: %s %s\n", wire_role_name(stop_order[i]),
		    (wanted & bit) != 0 ? "begins anew" : "ends");
		c->planned = c->pid > 0;
		c->ready = false;
		child_stop(p, c);
		c->role = (wanted & bit) != 0 ? stop_order[i] : 0;
		c->restarts = 0;
		c->pause_s = c->again_ns = 0;
	}
}

/* To those who work by it and go on; who begins anew gets it then. */
static void
register_tell(struct parent *p)
{
	if (!p->open.registry_new)
		return;
	p->open.registry_new = false;
	(void)fprintf(stderr, "trucban: a new register of sources\n");
	for (unsigned i = 1; i < CHILD_MAX; i++)
		parent_register_send(p, &p->child[i]);
}

void
parent_register(struct parent *p)
{
	struct why why = { "" };

	p->register_read = false;
	if (opened_register(&p->open, &why) != OK)
		(void)fprintf(stderr, "trucban: %s; the register of before stays\n", why.text);
	register_tell(p);
}

void
parent_reload(struct parent *p)
{
	struct why why = { "" };
	char text[64];
	unsigned roles = 0;
	enum err rc;

	p->reload = false;
	(void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)(clock_mono_ns() / 1000));
	(void)notify_send(text, NULL);
	rc = opened_reload(&p->open, &roles, &why);
	if (rc != OK)
		(void)fprintf(stderr, "trucban: reload: %s; the configuration of before stays\n",
		    why.text);
	else if (roles == 0 && !p->open.registry_new)
		(void)fprintf(stderr, "trucban: reload: nothing changed\n");
	p->told_ready = false;
	roles_renew(p, roles);
	register_tell(p);
	parent_ready_tell(p);
}

void
parent_end(struct parent *p)
{
	for (size_t i = 0; i < sizeof stop_order; i++)
		child_stop(p, &p->child[stop_order[i]]);
}
