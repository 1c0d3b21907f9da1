/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic between spans of one record. See cut.h. */
#include "parse/cut.h"

void
cut_begin(struct cut *cut, struct span record, unsigned format)
{
	/* An empty record still has a place, so that spans can be told apart by pointers. */
	cut->record = record.n > 0 ? record : SPAN("");
	cut->format = (uint8_t)format;
	cut->time = CUT_TIME_NONE;
	cut->foreign = false;
	cut->layout = 0;
	cut->n = 0;
	cut->names_n = 0;
	cut->host = span_of(NULL, 0);
	cut->app = span_of(NULL, 0);
	for (size_t i = 0; i < ROLE_END; i++)
		cut->role_hole[i] = CUT_NO_HOLE;
}

void
cut_whole(struct cut *cut, struct span record, unsigned format)
{
	cut_begin(cut, record, format);
	(void)cut_hole(cut, cut->record, HOLE_TEXT, ROLE_MESSAGE, SPAN("_msg"));
}

void
cut_end(struct cut *cut)
{
	const uint8_t *at = cut->record.p, *end = at + cut->record.n;
	struct span *piece = &cut->head;

	for (uint32_t i = 0; i < cut->n; i++) {
		must(cut->value[i].p >= at && cut->value[i].n <= (size_t)(end - cut->value[i].p));
		*piece = span_of(at, (size_t)(cut->value[i].p - at));
		at = cut->value[i].p + cut->value[i].n;
		piece = &cut->hole[i].piece;
	}
	*piece = span_of(at, (size_t)(end - at));
}
