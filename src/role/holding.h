/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legal holds as people ask for them: parameters of a job of the front, made into what the keeper
 * is asked (wire/wire.h) and what the ledger says of it.
 */
#ifndef ROLE_HOLDING_H
#define ROLE_HOLDING_H

#include "base/buf.h"
#include "base/err.h"

struct conf;
struct job;
struct select;

/* One parameter each: do=add|release, name, why; add: start, end, class, first, last, stream,
 * and query, for the ledger only. */
enum err	holding_read(struct buf *out, uint8_t *ret_what, const struct job *job,
		    const struct select *select, const struct conf *conf, struct why *why);
/* The act's name; its parameters are appended to asked. */
const char	*holding_act(const struct job *job, struct buf *asked);

#endif
