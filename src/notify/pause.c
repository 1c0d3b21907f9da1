/* SPDX-License-Identifier: Apache-2.0 */
/* See pause.h. */
#include "notify/pause.h"

#define SECOND_NS	INT64_C(1000000000)

int64_t
pause_ns(unsigned tries)
{
	static const uint16_t second[] = { 0, 1, 3, 8, 30, 60, 120, 300 };
	const unsigned last = sizeof second / sizeof second[0] - 1;

	return second[tries < last ? tries : last] * SECOND_NS;
}
