/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's status as Prometheus text (exposition format 0.0.4). */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include "base/buf.h"

/*
 * Appends one line per number of the flat JSON object `status`: "rows":5 becomes `trucban_rows 5`;
 * a list of three numbers gets the label stream; a text becomes `trucban_NAME{is="TEXT"} 1`; an
 * object inside becomes `trucban_OUTER{name="INNER"} N`. What is not understood is left out.
 */
void		metrics_put(struct buf *out, struct span status);

#endif
