/* SPDX-License-Identifier: Apache-2.0 */
/* What a server that a role asks answers: a callback of curl's, the same for all who ask. */
#ifndef ROLE_HEARD_H
#define ROLE_HEARD_H

#include "base/buf.h"

/*
 * CURLOPT_WRITEFUNCTION; its CURLOPT_WRITEDATA is a struct buf, which takes LIMIT_HEARD_BYTES at
 * most: a longer answer ends the request.
 */
size_t	heard_take(char *at, size_t size, size_t n, void *buf);

#endif
