/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes into an evidence package, as the desk sends it: evidence/pieces.h. The desk finds the
 * records and proves them; the command that asked writes the package.
 */
#ifndef WEB_EXPORT_H
#define WEB_EXPORT_H

#include "base/err.h"

struct job;
struct select;

/*
 * Parameters as of a search, and first= and last=: only sequence numbers of that range. The keeper
 * must have ended its segments and signed before. ERR_LIMIT: more than LIMIT_EVIDENCE_RECORDS;
 * ERR_ABSENT: nothing was found.
 */
enum err	export_job(struct select *select, struct job *job, struct why *why);

#endif
