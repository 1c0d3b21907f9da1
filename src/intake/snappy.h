/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snappy's block format (google/snappy, format_description.txt), reading side: what Loki's clients
 * wrap their messages in. The whole block is in memory; what it says its size is, is believed only
 * as far as the format lets so many octets become. Pure.
 */
#ifndef INTAKE_SNAPPY_H
#define INTAKE_SNAPPY_H

#include "base/err.h"
#include "base/span.h"

/* Octets that the block decodes to; ERR_FORMAT: it cannot be true; ERR_LIMIT: more than most. */
enum err	snappy_size(struct span block, size_t most, size_t *ret_n);
/* Fills all of room[n], n as snappy_size said; else ERR_FORMAT. */
enum err	snappy_decode(struct span block, uint8_t *room, size_t n);

#endif
