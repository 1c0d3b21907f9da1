/* SPDX-License-Identifier: Apache-2.0 */
/* Whose rows they are: door, address and identity, unit and class. See intake_int.h. */
#include "intake/intake_int.h"

#include "base/must.h"

/*
 * Unit and class as the register has them for who is attested to send. What a certificate of the
 * desk's own says (conn, or NULL) holds against a row that is about an address or a door only.
 */
static void
register_apply(struct listener *listener, struct source *like, const struct conn *conn)
{
	const struct registry *registry = listener->intake->registry;
	const struct registry_sender sender = { like->listener, like->peer, like->identity,
	    { NULL, 0 } };
	uint32_t index = registry_match(registry, &sender, REGISTRY_ATTESTED);

	if (index != REGISTRY_NONE) {
		const struct registry_row *row = registry_row(registry, index);
		bool said = conn != NULL && row->identity.n == 0;

		if (row->has_unit && !(said && conn->unit_said))
			like->unit = row->unit;
		if (row->class_number != REGISTRY_ANY_CLASS && !(said && conn->class_said))
			like->class = row->class_number;
	}
	must(like->class < LIMIT_CLASSES);
}

/* What the orders about a door's records have to do with it is found once, here. */
static uint32_t
origin_make(struct listener *listener, const struct source *like)
{
	uint32_t origin = sources_origin(listener->intake->sources, like, listener->other);

	if (listener->order != NULL &&
	    !sources_is_other(listener->intake->sources, origin))
		order_origin(listener->order, origin, like->peer);
	return origin;
}

uint32_t
intake_origin(struct listener *listener, struct span peer)
{
	struct source like = { .class = listener->conf.class, .unit = listener->conf.unit,
	    .trust = listener->conf.trust, .listener = listener->conf.name, .peer = peer };

	register_apply(listener, &like, NULL);
	return origin_make(listener, &like);
}

uint32_t
intake_origin_of(const struct conn *conn, struct span identity)
{
	struct listener *listener = conn->listener;
	struct source like = { .class = conn->class, .unit = conn->unit, .trust = TRUST_IDENTITY,
	    .listener = listener->conf.name, .peer = conn_peer(conn),
	    .identity = identity };

	register_apply(listener, &like, conn);
	return origin_make(listener, &like);
}
