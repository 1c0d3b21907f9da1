/* SPDX-License-Identifier: Apache-2.0 */
/* Elasticsearch's _bulk, and VictoriaLogs' JSON lines and lines: see door.h. */
#include "intake/door.h"

static void
bulk_kept(const struct door_request *request, struct answer *answer, struct buf *body)
{
	(void)answer;
	outcomes_put(request->outcomes, request->took_ms, body);
}

const struct door door_bulk = {
	.framing = DOOR_ACTIONS, .format = INTAKE_FORMAT_JSON, .kept = bulk_kept,
};

const struct door door_json = { .framing = DOOR_LINES, .format = INTAKE_FORMAT_JSON };

const struct door door_lines = { .framing = DOOR_LINES, .format = INTAKE_FORMAT_SYSLOG };
