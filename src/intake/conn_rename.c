/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections under another register of sources: whose the rows are that come from now on. None is
 * closed, and nobody is asked to wait for batches of two retention classes. See conn.h.
 */
#include "intake/enrols.h"
#include "intake/intake_int.h"

bool
conn_rename(struct conn *conn)
{
	const struct sources *sources = conn->intake->sources;

	/* Who waits does so for batches of one class. */
	if (conn->wait_back != NULL &&
	    sources_class(sources, conn->origin) != sources_class(sources, conn->next_origin))
		return false;
	conn->origin = conn->next_origin;
	return true;
}

static void
conn_rename_one(struct conn *conn)
{
	struct sources *sources = conn->intake->sources;
	struct span peer = conn_peer(conn);
	uint32_t bare;

	bare = intake_origin(conn->listener, peer);
	--*sources_connections(sources, conn->peer);
	++*sources_connections(sources, bare);
	conn->peer = bare;
	conn->next_origin = bare;
	if (conn->ssl != NULL && conn->state != CONN_HANDSHAKE)
		(void)enrols_identify(conn);
	(void)conn_rename(conn);
}

void
conn_rename_all(struct intake *intake)
{
	for (struct conn *conn = intake->conns; conn != NULL; conn = conn->next)
		conn_rename_one(conn);
}

void
intake_registry(struct intake *intake, struct registry *registry)
{
	registry_free(&intake->registry);
	intake->registry = registry;
	for (unsigned i = 0; i < intake->nlistener; i++)
		if (intake->listener[i].udp != NULL)
			udp_forget(&intake->listener[i]);
	conn_rename_all(intake);
}
