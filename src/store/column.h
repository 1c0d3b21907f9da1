/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One column as it lies in a segment: a list of values, or distinct words with codes;
 * doc/formats/segment.md section 3. Inside of store only.
 */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include "store/gather.h"
#include "store/list.h"
#include "store/segment.h"

/* Writes the encoding of all values of g (at least one). */
void	column_put(struct list_out *out, struct list_scratch *scratch, const struct gather *g,
	    struct list_facts *ret_facts);
/* What is known of values beside the column's own arrays; {0} to begin with. */
struct column_more {
	const int64_t *ns;		/* timestamps, per value; or NULL */
	const struct recipe *recipe;	/* value[] was not made yet: column_values() does */
	const struct recipe *words;	/* of word[], when they lie as numbers or digits; or NULL */
};

/* Reads what column_put wrote for ret->n >= 1 values: form's arrays, but not info and row. */
enum err	column_get(struct list_in *in, struct column *ret, struct column_more *ret_more,
		    struct why *why);
void		column_values(struct column *column, const struct column_more *more,
		    struct hold *hold);

#endif
