/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes notify/modem.c: whatever a modem says, in pieces and over time, an SMS or a call comes to
 * an end, and what it says of it is printable.
 */
#include "base/must.h"
#include "notify/modem.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SECOND INT64_C(1000000000)

/* An octet says how long the next piece is; 255: time passes, none is left of it: 100 s. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = span_of(data, n), number = SPAN("+84900000001");
	struct modem *m = modem_new();
	int64_t now = 0;

	if (n % 2 == 0)
		modem_sms(m, number, SPAN("Tr\xe1\xbb\xb1" "c Ban \xf0\x9f\x98\x80"), now);
	else
		modem_ring(m, number, 20 * SECOND, now);
	while (rest.n > 0) {
		size_t take = rest.p[0];

		rest = span_sub(rest, 1, rest.n - 1);
		if (take == 255) {
			now += 3 * SECOND;
			modem_turn(m, now);
			continue;
		}
		take = take < rest.n ? take : rest.n;
		modem_take(m, span_sub(rest, 0, take), now);
		rest = span_sub(rest, take, rest.n - take);
		modem_written(m, modem_out(m).n);
	}
	for (unsigned i = 0; modem_state(m) == MODEM_WORKS; i++) {
		must(i < 10);
		now = modem_next_ns(m);
		modem_turn(m, now);
	}
	must(modem_state(m) == MODEM_DONE || modem_state(m) == MODEM_FAILED);
	for (const char *c = modem_result(m); *c != '\0'; c++)
		must(*c >= ' ' && *c < 0x7f);
	modem_rest(m);
	modem_free(&m);
	return 0;
}
