/* SPDX-License-Identifier: Apache-2.0 */
/* A table of a few rows, walked from one end to the other: see waits.h. */
#include "role/waits.h"

bool
waits_add(struct waits *waits, uint8_t event, unsigned line, uint64_t tag, int64_t now_ns)
{
	for (unsigned i = 0; i < WAITS_MAX; i++)
		if (waits->of[i].event == 0) {
			waits->of[i] = (struct wait){ event, line, tag, now_ns, now_ns };
			return true;
		}
	return false;
}

bool
waits_take(struct waits *waits, uint8_t event, struct wait *ret_wait)
{
	for (unsigned i = 0; i < WAITS_MAX; i++)
		if (waits->of[i].event == event) {
			*ret_wait = waits->of[i];
			waits->of[i].event = 0;
			return true;
		}
	return false;
}

bool
waits_due(struct waits *waits, int64_t now_ns, struct wait *ret_wait)
{
	for (unsigned i = 0; i < WAITS_MAX; i++) {
		struct wait *w = &waits->of[i];

		if (w->event == 0 || now_ns - w->told_ns < WAITS_TELL_S * INT64_C(1000000000))
			continue;
		w->told_ns = now_ns;
		*ret_wait = *w;
		return true;
	}
	return false;
}

void
waits_drop(struct waits *waits, unsigned line)
{
	for (unsigned i = 0; i < WAITS_MAX; i++)
		if (waits->of[i].line == line)
			waits->of[i].event = 0;
}
