/* SPDX-License-Identifier: Apache-2.0 */
/* See heard.h. */
#include "role/heard.h"

#include "base/limits.h"

size_t
heard_take(char *at, size_t size, size_t n, void *buf)
{
	struct buf *heard = buf;

	if (heard->n + size * n > LIMIT_HEARD_BYTES)
		return 0;
	buf_put(heard, at, size * n);
	return size * n;
}
