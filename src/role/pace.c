/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of marks; see pace.h. */
#include "role/pace.h"

#define NS_PER_S	INT64_C(1000000000)

void
pace_take(struct pace *p, int64_t now_ns, uint64_t written)
{
	unsigned last = (p->next + PACE_MARKS - 1) % PACE_MARKS;

	if (p->n > 0 && now_ns - p->at_ns[last] < PACE_EVERY_S * NS_PER_S)
		return;
	p->at_ns[p->next] = now_ns;
	p->bytes[p->next] = written;
	p->next = (p->next + 1) % PACE_MARKS;
	p->n += p->n < PACE_MARKS;
}

int64_t
pace_lasts_s(const struct pace *p, int64_t now_ns, uint64_t written, uint64_t room)
{
	unsigned first = p->n < PACE_MARKS ? 0 : p->next;
	int64_t took_s;
	double rate;

	if (p->n == 0)
		return PACE_NEW;
	took_s = (now_ns - p->at_ns[first]) / NS_PER_S;
	if (took_s < PACE_LEAST_S)
		return PACE_NEW;
	if (written <= p->bytes[first])
		return PACE_STILL;
	rate = (double)(written - p->bytes[first]) / (double)took_s;
	return (double)room / rate > 1e15 ? PACE_STILL : (int64_t)((double)room / rate);
}
