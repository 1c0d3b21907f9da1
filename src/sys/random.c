/* SPDX-License-Identifier: Apache-2.0 */
/* Random octets: see random.h. */
#include "sys/random.h"

#include <unistd.h>

#include "base/must.h"

/* What getentropy gives at once. */
enum { RANDOM_STEP = 256 };

void
random_bytes(void *at, size_t n)
{
	uint8_t *p = at;
	size_t step;

	for (; n > 0; p += step, n -= step) {
		step = n < RANDOM_STEP ? n : RANDOM_STEP;
		must(getentropy(p, step) == 0);
	}
}

uint64_t
random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof v);
	return v;
}
