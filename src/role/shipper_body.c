/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of the spool become the body of a request: see shipper_line.c. */
#include "role/shipper_int.h"

#include <stdio.h>

#include "base/hash.h"

void
ship_body_diverged(struct shipper *s)
{
	struct ship_line *l = &s->line;
	uint64_t mix[2] = { l->instance, l->place };

	(void)fprintf(stderr, "trucban: shipper: the desk's place is not one of this spool, which "
	    "was copied back or set back; what waits is sent under another number, records may "
	    "be there twice\n");
	ship_count(s, "spool.diverged", 1);
	l->alias_of = l->instance;
	l->alias = hash64(span_of((const uint8_t *)mix, sizeof mix)) | 1;
	l->placed = false;
	l->raw.n = 0;
	spool_rewind(s->spool);
}

/* Is the desk's place one of this group's? */
static bool
holds_place(struct span group, uint64_t place)
{
	struct cur in = cur_of(group);
	struct relay_entry e;

	while (relay_next(&e, &in, NULL) == OK)
		if (e.type == RELAY_BATCH && e.place == place)
			return true;
	return false;
}

/*
 * Takes the next block into the body. ERR_DENIED: diverged. Only a place of ours, with its chain,
 * proves that the blocks below it are the desk's too.
 */
static enum err
block_take(struct shipper *s, const struct spool_block *block, struct why *why)
{
	struct ship_line *l = &s->line;
	uint64_t number = relay_number(l->place);
	bool known = number >= relay_number(block->to);
	bool at_end = number == relay_number(block->to);
	bool inside = !known && number > relay_number(block->from);
	enum err rc;

	if (at_end && block->to != l->place)
		return ERR_DENIED;
	if (!known && !inside && l->unproven && block->from != l->place)
		return ERR_DENIED;
	if (!inside)
		l->unproven = known && !at_end;
	l->group.n = 0;
	rc = spool_next(s->spool, &l->group, why);
	/* A damaged one is counted by the spool. */
	if (rc == ERR_FORMAT)
		return inside && l->unproven ? ERR_DENIED : OK;
	if (rc != OK || known)
		return rc;
	if (inside) {
		if (!holds_place(buf_span(&l->group), l->place))
			return ERR_DENIED;
		l->unproven = false;
		rc = relay_skip(&l->raw, buf_span(&l->group), l->place, why);
	} else {
		buf_span_put(&l->raw, buf_span(&l->group));
	}
	l->to = block->to;
	l->body_rows += block->rows;
	return rc;
}

enum err
ship_body_make(struct shipper *s, struct why *why)
{
	struct ship_line *l = &s->line;
	/* On a slow line the pauses between requests weigh less. */
	size_t most = l->slow ? 4 * SHIP_BODY_BYTES : SHIP_BODY_BYTES;
	struct spool_block block;
	enum err rc = OK;

	l->raw.n = 0;
	l->body_rows = 0;
	l->to = l->place;
	l->unproven = false;
	while (l->raw.n < most && !(l->single && l->raw.n > 0)) {
		rc = spool_peek(s->spool, &block, why);
		if (rc != OK || block.instance != l->instance)
			break;
		if (l->raw.n > 0 && l->raw.n + block.raw_bytes > most + SHIP_BODY_BYTES)
			break;
		rc = block_take(s, &block, why);
		if (rc != OK)
			return rc;
	}
	if (l->unproven && (rc == OK || rc == ERR_MORE))
		return ERR_DENIED;
	if (l->raw.n == 0)
		return rc == OK || rc == ERR_MORE ? ERR_MORE : rc;
	return OK;
}
