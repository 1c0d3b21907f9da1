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
/*
 * Reads what column_put wrote for ret->n >= 1 values: form's arrays, but not info and row.
 * *ret_ns: the timestamps' nanoseconds per value, or NULL; may be NULL.
 */
enum err	column_get(struct list_in *in, struct column *ret, const int64_t **ret_ns,
		    struct why *why);

#endif
