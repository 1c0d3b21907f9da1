/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends most, by a query over the last 24 hours of a store. Inside of cmd. */
#ifndef CMD_SENDERS_H
#define CMD_SENDERS_H

#include <stdbool.h>

#include "base/err.h"

struct doctor;

/*
 * Prints the ten largest by octets (bytes: all records are read for it), else by records. What
 * fails is told on standard error too.
 */
enum err	senders_tell(const struct doctor *d, bool bytes, bool json);

#endif
