/* SPDX-License-Identifier: Apache-2.0 */
/* See suspects.h. */
#include "role/suspects.h"

#include <stdio.h>

#include "base/buf.h"
#include "wire/wire.h"

enum { LIVES_ENOUGH = 2 };

void
suspects_add(struct suspects *s, uint8_t role, uint64_t hash)
{
	unsigned least = 0;

	for (unsigned i = 0; i < SUSPECTS; i++) {
		if (s->row[i].role == role && s->row[i].hash == hash) {
			if (++s->row[i].times == LIVES_ENOUGH)
				(void)fprintf(stderr, "trucban: %s crashed twice over one record, "
				    "which is kept whole from now on\n", wire_role_name(role));
			return;
		}
		if (s->row[i].times < s->row[least].times)
			least = i;
	}
	s->row[least].role = role;
	s->row[least].hash = hash;
	s->row[least].times = 1;
}

void
suspects_send(const struct suspects *s, uint8_t role, struct chan *chan)
{
	struct buf body = { 0 };

	for (unsigned i = 0; i < SUSPECTS; i++) {
		if (s->row[i].role != role || s->row[i].times < LIVES_ENOUGH)
			continue;
		body.n = 0;
		buf_u64(&body, s->row[i].hash);
		(void)chan_send(chan, &(struct chan_msg){ .type = WIRE_SUSPECT,
		    .body = buf_span(&body) }, NULL);
	}
	buf_done(&body);
}
