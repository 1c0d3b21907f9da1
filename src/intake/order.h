/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that somebody ordered not to be kept: one of so many of a source's, or none below a
 * severity, until a day. Each one is counted under its rule. Only at doors without an answer: what
 * was acknowledged is on disk. Inside of the room only.
 */
#ifndef INTAKE_ORDER_H
#define INTAKE_ORDER_H

#include "intake/batcher.h"
#include "intake/intake.h"

struct order;

/* The rules of one listener, copied; NULL when there is none. */
struct order	*order_new(const struct intake_rule *rule, unsigned n);
void		order_free(struct order **order);
/* An origin has been given to this peer. */
void		order_origin(struct order *order, uint32_t origin, struct span peer);
/* True: the record is not to be kept, and was counted. */
bool		order_drops(struct order *order, const struct incoming *in);
/* Name of rule `index` and how many it dropped; false: there is no such rule. */
bool		order_count(const struct order *order, unsigned index, struct span *ret_name,
		    uint64_t *ret_dropped);

#endif
