/* SPDX-License-Identifier: Apache-2.0 */
/* Two configurations compared: see change.h. The line of an entry in its file is no difference. */
#include "role/change.h"

#include <string.h>

#include "wire/wire.h"

/* Entries are compared as memory: they have no octets between their fields. */
_Static_assert(sizeof(struct conf_listener) == 4 * sizeof(int64_t) + 2 * CONF_NAME +
    5 * CONF_PATH + CONF_JOIN, "no padding");
_Static_assert(sizeof(struct conf_rate) == 4 * sizeof(int64_t), "no padding");
_Static_assert(sizeof(struct conf_anchor) == 3 * sizeof(int64_t) + 3 * CONF_PATH, "no padding");

static bool
listeners_differ(const struct conf *a, const struct conf *b)
{
	struct conf_listener x, y;

	for (unsigned i = 0; a->nlistener == b->nlistener && i < a->nlistener; i++) {
		x = a->listener[i];
		y = b->listener[i];
		x.line = y.line = 0;
		if (memcmp(&x, &y, sizeof x) != 0)
			return true;
	}
	return a->nlistener != b->nlistener;
}

static bool
classes_differ(const struct conf *a, const struct conf *b)
{
	/* A preset is no difference when its days are none. */
	for (unsigned i = 0; a->nclass == b->nclass && i < a->nclass; i++) {
		const struct conf_class *x = &a->class[i], *y = &b->class[i];

		if (strcmp(x->name, y->name) != 0 || x->days != y->days || x->full != y->full)
			return true;
	}
	return a->nclass != b->nclass;
}

/* Rows carry a class by its place in the list: names and their order are what writers need. */
static bool
class_names_differ(const struct conf *a, const struct conf *b)
{
	for (unsigned i = 0; a->nclass == b->nclass && i < a->nclass; i++)
		if (strcmp(a->class[i].name, b->class[i].name) != 0)
			return true;
	return a->nclass != b->nclass;
}

static bool
anchors_differ(const struct conf *a, const struct conf *b)
{
	struct conf_anchor x, y;

	for (unsigned i = 0; a->nanchor == b->nanchor && i < a->nanchor; i++) {
		x = a->anchor[i];
		y = b->anchor[i];
		x.line = y.line = 0;
		if (memcmp(&x, &y, sizeof x) != 0)
			return true;
	}
	return a->nanchor != b->nanchor;
}

static bool
samples_differ(const struct conf *a, const struct conf *b)
{
	for (unsigned i = 0; a->nsample == b->nsample && i < a->nsample; i++) {
		struct conf_sample x = a->sample[i], y = b->sample[i];

		if (strcmp(x.name, y.name) != 0 || strcmp(x.listener, y.listener) != 0 ||
		    strcmp(x.peer, y.peer) != 0 || x.keep != y.keep || x.below != y.below ||
		    x.until_ns != y.until_ns || strcmp(x.who, y.who) != 0 ||
		    strcmp(x.why, y.why) != 0)
			return true;
	}
	return a->nsample != b->nsample;
}

static bool
collects_differ(const struct conf *a, const struct conf *b)
{
	if (a->collect_journal != b->collect_journal || a->ncollect != b->ncollect ||
	    strcmp(a->collect_unit, b->collect_unit) != 0)
		return true;
	for (unsigned i = 0; i < a->ncollect; i++)
		if (strcmp(a->collect[i].path, b->collect[i].path) != 0 ||
		    strcmp(a->collect[i].join, b->collect[i].join) != 0)
			return true;
	return false;
}

static bool
stores_differ(const struct conf *a, const struct conf *b)
{
	return a->checkpoint_s != b->checkpoint_s || a->segment_age_s != b->segment_age_s ||
	    a->segment_bytes != b->segment_bytes || a->reserve_bytes != b->reserve_bytes ||
	    a->cold_days != b->cold_days || strcmp(a->cold, b->cold) != 0;
}

static bool
fronts_differ(const struct conf *a, const struct conf *b)
{
	return a->front_login != b->front_login || strcmp(a->front_url, b->front_url) != 0 ||
	    strcmp(a->front_address, b->front_address) != 0 ||
	    strcmp(a->front_socket, b->front_socket) != 0 || a->query_bytes != b->query_bytes;
}

static bool
agents_differ(const struct conf *a, const struct conf *b)
{
	if (strcmp(a->agent_address, b->agent_address) != 0 || a->agent_days != b->agent_days ||
	    a->nagent_name != b->nagent_name)
		return true;
	for (unsigned i = 0; i < a->nagent_name; i++)
		if (strcmp(a->agent_name[i], b->agent_name[i]) != 0)
			return true;
	return false;
}

static bool
forwards_differ(const struct conf *a, const struct conf *b)
{
	struct conf_rate x, y;

	if (strcmp(a->forward_to, b->forward_to) != 0 ||
	    strcmp(a->forward_cert, b->forward_cert) != 0 ||
	    strcmp(a->forward_key, b->forward_key) != 0 ||
	    strcmp(a->forward_ca, b->forward_ca) != 0 ||
	    strcmp(a->forward_proxy, b->forward_proxy) != 0 ||
	    a->forward_spool_bytes != b->forward_spool_bytes || a->nrate != b->nrate)
		return true;
	for (unsigned i = 0; i < a->nrate; i++) {
		x = a->rate[i];
		y = b->rate[i];
		x.line = y.line = 0;
		if (memcmp(&x, &y, sizeof x) != 0)
			return true;
	}
	return false;
}

unsigned
change_wanted(const struct conf *conf)
{
	unsigned roles = 1u << WIRE_KEEPER | 1u << WIRE_FRONT | 1u << WIRE_IMPORTER |
	    1u << WIRE_WATCH | 1u << WIRE_DESK | 1u << WIRE_PORTER;

	if (conf_forwards(conf))
		roles = 1u << WIRE_SHIPPER;
	else if (conf->nanchor > 0 || telling_any(&conf->telling))
		roles |= 1u << WIRE_TELLER;
	if (conf->nlistener > 0)
		roles |= 1u << WIRE_INTAKE;
	if (conf_own(conf))
		roles |= 1u << WIRE_REGISTRAR;
	if (conf->collect_journal || conf->ncollect > 0)
		roles |= 1u << WIRE_COLLECTOR;
	return roles;
}

unsigned
change_roles(const struct conf *old, const struct conf *now)
{
	bool parse = old->zone_minutes != now->zone_minutes || old->lead_s != now->lead_s;
	unsigned roles = change_wanted(old) ^ change_wanted(now);

	if (parse || class_names_differ(old, now) || listeners_differ(old, now))
		roles |= 1u << WIRE_INTAKE;
	if (parse || class_names_differ(old, now))
		roles |= 1u << WIRE_IMPORTER;
	if (parse || class_names_differ(old, now) || collects_differ(old, now))
		roles |= 1u << WIRE_COLLECTOR;
	if (classes_differ(old, now) || stores_differ(old, now))
		roles |= 1u << WIRE_KEEPER;
	/* The sandbox of a reader names the cold folder; a hold names a class. */
	if (old->zone_minutes != now->zone_minutes || fronts_differ(old, now) ||
	    class_names_differ(old, now) || strcmp(old->cold, now->cold) != 0)
		roles |= 1u << WIRE_FRONT;
	/* It names the first listener in invitations. */
	if (agents_differ(old, now) || class_names_differ(old, now) || listeners_differ(old, now))
		roles |= 1u << WIRE_REGISTRAR;
	/* The front writes into the ledger what the doors do. */
	if (samples_differ(old, now))
		roles |= 1u << WIRE_INTAKE | 1u << WIRE_FRONT;
	if (strcmp(old->incident_pack, now->incident_pack) != 0 ||
	    strcmp(old->register_pack, now->register_pack) != 0 ||
	    strcmp(old->directive_pack, now->directive_pack) != 0)
		roles |= 1u << WIRE_DESK;
	if (telling_differs(&old->telling, &now->telling))
		roles |= 1u << WIRE_TELLER | 1u << WIRE_DESK;
	if (anchors_differ(old, now))
		roles |= 1u << WIRE_TELLER | 1u << WIRE_WATCH;
	if (old->zone_minutes != now->zone_minutes || classes_differ(old, now) ||
	    old->reserve_bytes != now->reserve_bytes ||
	    strcmp(old->cold, now->cold) != 0)
		roles |= 1u << WIRE_WATCH;
	if (old->zone_minutes != now->zone_minutes || strcmp(old->cold, now->cold) != 0)
		roles |= 1u << WIRE_DESK;
	if (old->zone_minutes != now->zone_minutes || forwards_differ(old, now))
		roles |= 1u << WIRE_SHIPPER;
	return roles & (change_wanted(old) | change_wanted(now));
}

enum err
change_check(const struct conf *old, const struct conf *now, struct why *why)
{
	const char *key = NULL;

	if (strcmp(old->state, now->state) != 0)
		key = "state";
	else if (strcmp(old->user, now->user) != 0)
		key = "user";
	else if (old->encrypt != now->encrypt)
		key = "store: encrypt";
	else if (conf_forwards(old) != conf_forwards(now))
		key = "forward";
	if (key == NULL)
		return OK;
	return why_set(why, ERR_DENIED, "%s cannot change while the desk runs; stop it and start "
	    "it again", key);
}
