/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two sides of an Elasticsearch _bulk exchange that do not touch the documents: reading an
 * action line, and remembering what happened to each item for the answer. Pure.
 */
#ifndef INTAKE_ACTION_H
#define INTAKE_ACTION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum action {
	ACTION_INDEX,
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_DELETE,
	ACTION_END
};

/* action-line = ws "{" ws string ws ":" ...: the first name in an object; else ERR_FORMAT. */
enum err	action_read(struct span line, enum action *ret_action);

/* Items with the same outcome, one after the other. */
struct outcome {
	uint8_t action;		/* enum action */
	bool refused;		/* not possible here: what is recorded stays as it is */
	uint32_t n;
};

struct outcomes {
	struct outcome *run;
	size_t nrun, room;
	uint32_t n, refused;	/* items; those of them that were refused */
};

void		outcomes_add(struct outcomes *outcomes, enum action action, bool refused);
void		outcomes_done(struct outcomes *outcomes);
/* The body of the answer. */
void		outcomes_put(const struct outcomes *outcomes, uint64_t took_ms, struct buf *out);

#endif
