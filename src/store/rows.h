/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of one stream in their order, from a place on: for who folds findings or the ledger.
 * A door of store.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/store.h"

/* seq: the row's number in its stream. The record is valid during the call. False: enough. */
typedef bool rows_each_fn(void *ctx, uint64_t seq, struct span record);

/* Every row of the stream with a number above `after`, in the store as it was refreshed last. */
enum err	rows_each(struct store *store, unsigned stream, uint64_t after, rows_each_fn *each,
		    void *ctx, struct why *why);
/* The life of the store that its newest rows are of (record.md section 4); 0: it has none. */
uint32_t	rows_epoch(const struct store *store);

#endif
