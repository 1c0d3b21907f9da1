/* SPDX-License-Identifier: Apache-2.0 */
/* intake/relays.c: what is remembered of relays between their requests. */
#include "intake/relays.h"

#include <stdio.h>

#include "base/cur.h"
#include "base/limits.h"
#include "check.h"

#define HOUR	INT64_C(3600000000000)

static struct relays *relays;

static void
say(const char *relay, enum relays_ours ours, const char *name, uint64_t value, int64_t now_ns)
{
	struct buf list = { 0 };

	buf_varint(&list, 1);
	buf_bytes(&list, span_str(name));
	buf_varint(&list, value);
	relays_said(relays, span_str(relay), ours, buf_span(&list), now_ns);
	buf_done(&list);
}

/* What is told under this name; UINT64_MAX: nothing. */
static uint64_t
told(const char *name, uint64_t *ret_n)
{
	struct buf out = { 0 };
	uint64_t n = 0, found = UINT64_MAX;
	struct cur in;

	relays_counters(relays, &out, &n);
	in = cur_of(buf_span(&out));
	for (uint64_t i = 0; i < n; i++) {
		struct span is = cur_bytes(&in);
		uint64_t value = cur_varint(&in);

		if (span_is(is, name))
			found = value;
	}
	check(cur_done(&in));
	*ret_n = n;
	buf_done(&out);
	return found;
}

static bool
is_xa(const void *ctx, struct span relay)
{
	(void)ctx;
	return span_is(relay, "xa");
}

static void
who_is_let_in_no_more_says_farewell_and_is_forgotten(void)
{
	uint64_t n;

	relays = relays_new();
	say("xa", RELAYS_OURS, "udp.kernel_drops", 5, 1);
	say("xa-2", RELAYS_OURS, "udp.kernel_drops", 6, 2);
	say("xa-2", RELAYS_OURS, "spool.rows_lost", 1, 2);
	say("theirs", RELAYS_OTHERS, "udp.kernel_drops", 7, 3);
	relays_keep(relays, is_xa, NULL);
	check_int(told("relay.xa-2/", &n), 0);
	check_int(n, 3);
	check_int(told("relay.xa-2/udp.kernel_drops", &n), UINT64_MAX);
	for (unsigned i = 0; i < 10; i++)
		(void)told("", &n);
	check_int(n, 2);
	check_int(told("relay.xa/udp.kernel_drops", &n), 5);
	check_int(told("relay.theirs/udp.kernel_drops", &n), 7);
	/* It was let in again before that was told to the end. */
	relays_keep(relays, is_xa, NULL);
	say("xa-2", RELAYS_OURS, "udp.kernel_drops", 8, 4);
	relays_keep(relays, is_xa, NULL);
	say("xa-2", RELAYS_OURS, "udp.kernel_drops", 9, 5);
	check_int(told("relay.xa-2/udp.kernel_drops", &n), 9);
	relays_free(&relays);
}

static void
full_tables_make_room_of_what_is_silent_for_an_hour(void)
{
	char relay[32];
	uint64_t n;

	relays = relays_new();
	for (unsigned i = 0; i < LIMIT_RELAY_COUNTERS; i++) {
		(void)snprintf(relay, sizeof relay, "xa%u", i);
		say(relay, RELAYS_OTHERS, "udp.kernel_drops", i, i);
	}
	say("xb", RELAYS_OTHERS, "udp.kernel_drops", 4, HOUR);
	check_int(told("relay.xb/udp.kernel_drops", &n), UINT64_MAX);
	say("xa0", RELAYS_OTHERS, "udp.kernel_drops", 9, HOUR + 1);
	say("xb", RELAYS_OTHERS, "udp.kernel_drops", 4, HOUR + 2);
	check_int(told("relay.xb/udp.kernel_drops", &n), 4);
	check_int(told("relay.xa0/udp.kernel_drops", &n), 9);
	check_int(told("relay.xa1/udp.kernel_drops", &n), UINT64_MAX);
	check_int(n, LIMIT_RELAY_COUNTERS);
	relays_free(&relays);
}

/* So many counters of it, of which there is room for how many. */
static unsigned
say_many(const char *relay, unsigned most)
{
	char name[64];
	unsigned kept = 0;
	uint64_t n;

	for (unsigned i = 0; i < most; i++) {
		(void)snprintf(name, sizeof name, "d%u.kernel_drops", i);
		say(relay, RELAYS_OTHERS, name, i, 1);
	}
	for (unsigned i = 0; i < most; i++) {
		(void)snprintf(name, sizeof name, "relay.%s/d%u.kernel_drops", relay, i);
		kept += told(name, &n) == i;
	}
	return kept;
}

static void
a_relay_with_many_counters_leaves_the_others_their_share(void)
{
	char relay[32];

	relays = relays_new();
	check_int(say_many("greedy", 2 * LIMIT_RELAY_COUNTERS), LIMIT_RELAY_COUNTERS);
	for (unsigned i = 0; i < LIMIT_RELAY_COUNTERS / LIMIT_RELAY_COUNTERS_SURE - 1; i++) {
		(void)snprintf(relay, sizeof relay, "xa-%u", i);
		check_int(say_many(relay, 40), LIMIT_RELAY_COUNTERS_SURE);
	}
	check_int(say_many("greedy", 2 * LIMIT_RELAY_COUNTERS), LIMIT_RELAY_COUNTERS_SURE);
	check_int(say_many("xa-0", 40), LIMIT_RELAY_COUNTERS_SURE);
	relays_free(&relays);
}

static enum err
begin(const char *relay, uint64_t content, int64_t now_ns)
{
	struct why why = { "" };

	return relays_begin(relays, span_str(relay), content, now_ns, &why);
}

static void
a_spool_that_is_tried_again_began_once(void)
{
	char relay[32];

	relays = relays_new();
	for (unsigned i = 0; i < 2 * LIMIT_RELAY_SPOOLS_HOURLY; i++)
		check_int(begin("xa", 7, HOUR + 1), OK);
	for (unsigned i = 1; i < LIMIT_RELAY_SPOOLS_HOURLY; i++) {
		(void)snprintf(relay, sizeof relay, "xa%u", i);
		check_int(begin(relay, 7 + i, HOUR + 1), OK);
	}
	check_int(begin("xb", 1, HOUR + 1), ERR_BUSY);
	check_int(begin("xa", 7, HOUR + 1), OK);
	check_int(begin("xb", 1, 2 * HOUR + 2), OK);
	relays_free(&relays);
}

static void
a_relay_that_begins_anew_again_and_again_keeps_no_other_out(void)
{
	relays = relays_new();
	for (unsigned i = 0; i < LIMIT_RELAY_SPOOLS_EACH; i++)
		check_int(begin("xa", 1 + i, HOUR + 1), OK);
	check_int(begin("xa", 100, HOUR + 1), ERR_BUSY);
	check_int(begin("xa", 1, HOUR + 1), OK);
	check_int(begin("xb", 101, HOUR + 1), OK);
	check_int(begin("xa", 100, 2 * HOUR + 2), OK);
	relays_free(&relays);
}

int
main(void)
{
	run(who_is_let_in_no_more_says_farewell_and_is_forgotten);
	run(full_tables_make_room_of_what_is_silent_for_an_hour);
	run(a_relay_with_many_counters_leaves_the_others_their_share);
	run(a_relay_that_begins_anew_again_and_again_keeps_no_other_out);
	run(a_spool_that_is_tried_again_began_once);
	return check_done();
}
