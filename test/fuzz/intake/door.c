/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the doors as a whole: intake/conn.c, push.c, relp.c, syslog.c, batcher.c with a keeper
 * that answers as the input says. First octet: which door; second: the step, and with the top bit
 * a keeper that refuses every other batch. Afterwards nothing may be held or open.
 */
#include <stdint.h>

#include "unit/intake/fake.h"

#include "intake/intake_int.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake *
fake_once(void)
{
	static struct fake *fake;
	struct intake_listener listener[4] = {
		{ .name = SPAN("t"), .kind = INTAKE_TCP },
		{ .name = SPAN("r"), .kind = INTAKE_RELP, .class = 1 },
		{ .name = SPAN("h"), .kind = INTAKE_HTTP, .class = 2 },
		{ .name = SPAN("j"), .kind = INTAKE_TCP, .join = { .kind = JOIN_TRACE } },
	};

	if (fake == NULL) {
		fake = fake_new(listener, 4, 0);
		fake->keep_rows = false;
	}
	return fake;
}

static void
answer(struct fake *fake, bool refuse)
{
	for (uint32_t i = 0; i < fake->nticket; i++)
		fake_answer(fake, &fake->ticket[i], refuse && i % 2 == 0 ? ERR_FULL : OK);
	fake->nticket = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *fake = fake_once();
	uint64_t total = fake->total;
	struct span in;
	int pair[2];

	if (size < 2)
		return 0;
	/* A new keeper now and then: the sources that claims make are many. */
	if (fake->nsource > FAKE_SOURCES / 2)
		return 0;
	in = span_of(data + 2, size - 2);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	conn_begin(&fake->intake->listener[data[0] % 4], pair[0], SPAN("peer"));
	while (in.n > 0) {
		struct span part = span_sub(in, 0, (size_t)(data[1] & 0x7f) * 8 + 1);

		in = span_sub(in, part.n, SIZE_MAX);
		if (send(pair[1], part.p, part.n, MSG_NOSIGNAL) < 0)
			break;
		fake_turns(fake, 1);
		(void)fake_got(pair[1]);
		if (fake->nticket > 2)
			answer(fake, (data[1] & 0x80) != 0);
	}
	(void)shutdown(pair[1], SHUT_WR);
	for (int i = 0; i < 6; i++) {
		fake_turns(fake, 2);
		answer(fake, (data[1] & 0x80) != 0);
		(void)fake_got(pair[1]);
	}
	close(pair[1]);
	fake_turns(fake, 3);
	must(fake->intake->nconn == 0 && fake->intake->held == 0);
	must(fake->intake->ndecoder == 0 && batcher_is_idle(fake->intake->batcher));
	must(fake->total - total <= size);
	return 0;
}
