/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake that was refused: who it was goes to the log now and then, and on the list. */
#include "sys/clock.h"
#include "intake/denials.h"
#include "intake/intake_int.h"

void
conn_denied(struct conn *conn, unsigned long error)
{
	struct denied denied = { .listener = conn->listener->conf.name,
	    .peer = conn_peer(conn), .cause = (uint8_t)tls_denied(conn->ssl, error),
	    .name = span_str(conn->shown != NULL ? conn->shown : ""),
	    .last_s = clock_wall_ns() / INT64_C(1000000000) };

	conn->listener->count.handshakes_bad++;
	if (denied.cause != DENIED_END && denials_note(conn->intake->denials, &denied))
		intake_sample(conn->listener, denied.peer, denied_text(denied.cause),
		    denied.name);
}
