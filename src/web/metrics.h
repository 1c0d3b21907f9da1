/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's status as Prometheus text (exposition format 0.0.4). */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include "base/buf.h"

/*
 * Appends the samples of the JSON object `status` with HELP and TYPE, those of a metric together: a
 * number N becomes `trucban_NAME N`; a list of three numbers gets the label stream; a text becomes
 * `trucban_NAME{is="TEXT"} 1`; the roles' counters inside of an object, "intake.LISTENER.NAME",
 * become `trucban_intake_NAME_total{listener="LISTENER"} N`; "denied" (model/denied.h) becomes
 * `trucban_intake_denied{listener,peer,cause,certificate} N`. What is not understood is left out.
 */
void		metrics_put(struct buf *out, struct span status);

#endif
