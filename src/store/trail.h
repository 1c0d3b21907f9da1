/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows what the keeper writes, batch by batch as it is journaled, without making columns of it:
 * for who looks at every row once. A door of store. Files of the journal go once their rows are in
 * segments, whoever lags: numbers that were stepped over are in the store's segments then.
 */
#ifndef STORE_TRAIL_H
#define STORE_TRAIL_H

#include "store/store.h"

struct trail;

/* One batch as it lies in the journal; borrows from the follower until the next call on it. */
struct trail_batch {
	uint8_t stream, class;
	uint32_t epoch;
	uint64_t first_seq;
	const struct batch_head *head;
	const struct batch_tables *tables;
};

/* dirfd: the store's directory, borrowed. key: 32 octets, or NULL when not encrypted. */
enum err	trail_open(struct trail **ret_trail, int dirfd, const uint8_t *key,
		    struct why *why);
void		trail_close(struct trail **trail);
/* OK; ERR_MORE: no more now. What is in segments already may come too. */
enum err	trail_next(struct trail *trail, struct trail_batch *ret, struct why *why);

#endif
