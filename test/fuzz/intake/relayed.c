/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body that says it is a relay's, under a register that gives its senders two classes: what was
 * taken is well-formed, its places ascend, each piece rests on the one before. A first octet above
 * 127 says how many sources of batch 1 are on disk.
 */
#include <stdint.h>

#include "../../unit/intake/relayed.h"

#include "model/registry.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
class_number(const void *ctx, struct span class)
{
	(void)ctx;
	(void)class;
	return 5;
}

static struct registry *
registry_of(void)
{
	static struct registry *registry;

	if (registry == NULL)
		must(registry_read(&registry, SPAN("id,identity,listener,from,class\n"
		    "x,,xa/b,,long\ny,xa,,128.0.0.0/1,long\n"), NULL) == OK &&
		    registry_resolve(registry, class_number, NULL, NULL) == OK);
	return registry;
}

/* Its head can be read, and names what there is. */
static void
piece_check(const struct relayed_body *b, const struct relayed_piece *p)
{
	struct buf whole = { 0 };
	struct batch_head head;

	buf_span_put(&whole, buf_span(&p->head));
	buf_span_put(&whole, buf_span(&p->code));
	must(batch_head_read(&head, buf_span(&whole), NULL) == OK);
	must(head.class == p->class && head.nrow == p->rows && p->rows > 0);
	must(p->class == 3 || p->class == 5);
	for (uint32_t k = 0; k < head.nshape; k++)
		must(batch_shape_id(&head, k) < b->shapes);
	for (uint32_t k = 0; k < head.nsource; k++)
		must(batch_source_id(&head, k) < sources_count(b->sources));
	buf_done(&whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sources *sources = sources_new(1);
	uint64_t place = 0, part = 0, rows = 0;
	struct relayed_body body;
	struct why why = { "" };
	enum err rc;

	relayed_begin(&body, sources, INT64_C(1790000000000000000));
	body.registry = registry_of();
	if (n > 0 && data[0] >= 0x80) {
		part = (UINT64_C(1) << RELAY_PLACE_BITS) + (data[0] & 0x7f);
		data++;
		n--;
	}
	body.part = part;
	rc = relayed_body_read(&body, span_of(data, n), &why);
	must(rc == OK || (rc == ERR_FORMAT && why.text[0] != '\0'));
	for (size_t i = 0; rc == OK && i < body.npiece; i++) {
		const struct relayed_piece *p = &body.piece[i];
		uint64_t *moves = p->moves_part ? &part : &place;

		must(p->from == *moves && p->to > p->from);
		must(p->beside == (p->moves_part ? place : part));
		must(p->moves_part || relay_number(p->to) > relay_number(p->from));
		*moves = p->to;
		rows += p->rows;
		piece_check(&body, p);
	}
	must(rc != OK || (rows == body.rows && place == body.place && part == body.part));
	relayed_body_done(&body);
	sources_free(&sources);
	relayed_forget();
	return 0;
}
