/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the register share. Inside of the room only. */
#ifndef MODEL_REGISTRY_INT_H
#define MODEL_REGISTRY_INT_H

#include "model/cells.h"
#include "model/registry.h"

/* ---- registry_match.c: the order of rows, and who is whom ---- */

/* Which parts a row has, most specific first when the greatest is first. */
enum { FORM_HOST = 1, FORM_LISTENER = 2, FORM_BITS = 4, FORM_IDENTITY = 1 << 10 };

struct place {
	struct span key;	/* into keys */
	uint32_t row;
};

struct registry {
	struct buf text;
	struct registry_row *row;
	uint32_t nrow, row_room;
	uint32_t *by_id;	/* rows by their ids */
	struct buf keys;
	struct place *place;	/* rows by their keys */
	uint16_t *form;		/* descending; key = form, address, identity, listener, host */
	uint32_t nform;
	uint8_t sha256[REGISTRY_SHA256];
};

/* Makes place and form. ERR_FORMAT: two rows are about the same senders, or have one id. */
enum err	registry_index(struct registry *registry, struct why *why);

#endif
