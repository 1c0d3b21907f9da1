/* SPDX-License-Identifier: Apache-2.0 */
/* What keep is asked from outside: wishes for the next turn, counters, the state as JSON. */
#include "store/keep_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "store/key.h"

#define LEFT_OUT "keeper.counters_left_out"

enum {
	RATE_DAYS = 7,			/* by which what a day brings is told */
	COUNTERS_ALL = LEAF_COUNTERS_MAX - 1,	/* and LEFT_OUT */
	COUNTERS_BYTES = LEAF_BYTES_MAX - 256,	/* the rest of a heartbeat, and LEFT_OUT */
	COUNTER_MORE_BYTES = 2 + 10,	/* a name's length, a value: varints */
};

void
keep_checkpoint(struct keep *keep)
{
	keep->want_checkpoint = true;
}

void
keep_flush(struct keep *keep)
{
	keep->flush_below = keep->next_segment;
}

void
keep_expire(struct keep *keep)
{
	keep->next_expire_ns = 0;
	keep->next_tick_ns = 0;
	keep->want_expired_event = true;
	keep->cold.next_look_ns = 0;
}

void
keep_hold(struct keep *keep, int64_t seconds)
{
	keep->hold_ns = seconds > 0 ? clock_mono_ns() + seconds * SECOND_NS : 0;
}

void
keep_rotate(struct keep *keep, const struct key_rotation *rotation, struct span reason)
{
	struct leaf leaf = keep_leaf_now(keep, LEAF_KEY);

	leaf.u.key = (struct leaf_key){ .old_vkey = buf_span(&rotation->old_vkey),
	    .new_vkey = buf_span(&rotation->new_vkey), .reason = reason,
	    .signature = rotation->signature };
	keep->key_entry.n = 0;
	leaf_encode(&keep->key_entry, &leaf);
	memcpy(keep->new_seed, rotation->seed, sizeof keep->new_seed);
	keep->rekey_wanted = true;
	keep->want_checkpoint = true;
}

bool
keep_rotate_resume(struct keep *keep, const uint8_t seed[32])
{
	if (!keep->key_leaf_unsigned)
		return false;
	keep->key_leaf_unsigned = false;
	memcpy(keep->new_seed, seed, sizeof keep->new_seed);
	keep->rekey_wanted = true;
	keep->want_checkpoint = true;
	return true;
}

static bool
is_relays(struct span name)
{
	return span_starts(name, SPAN("relay."));
}

/* Would a heartbeat hold one more of this name, beside those that wait to be sealed once more? */
static bool
has_room(const struct keep *keep, struct span name)
{
	size_t n = 1, bytes = COUNTER_MORE_BYTES + name.n, of_relays = 1, relays_bytes = bytes;

	for (size_t i = 0; i < keep->ncounter; i++) {
		struct span other = span_str(keep->counter[i].name);

		n++;
		bytes += COUNTER_MORE_BYTES + other.n;
		if (!is_relays(other))
			continue;
		of_relays++;
		relays_bytes += COUNTER_MORE_BYTES + other.n;
	}
	if (n > COUNTERS_ALL || bytes > COUNTERS_BYTES)
		return false;
	return !is_relays(name) || (of_relays <= LIMIT_RELAY_COUNTERS &&
	    relays_bytes <= LIMIT_RELAY_COUNTER_BYTES);
}

/* What ended, and relays' that nobody tells any more: gone behind the next heartbeat. */
static bool
stale_end(struct keep *keep)
{
	bool any = false;

	for (size_t i = 0; i < keep->ncounter; i++) {
		struct counter *c = &keep->counter[i];

		c->ended |= c->stale;
		any |= c->ended;
	}
	keep->want_checkpoint |= any;
	return any;
}

/* The desk's own take the room of a relay's. False: there is none. */
static bool
relays_drop(struct keep *keep)
{
	size_t i = keep->ncounter;

	while (i > 0 && !is_relays(span_str(keep->counter[i - 1].name)))
		i--;
	if (i == 0)
		return false;
	keep->counter[i - 1] = keep->counter[--keep->ncounter];
	keep->left_out++;
	return true;
}

/* False: there is none now. What a heartbeat makes room for is told again in a second. */
static bool
room_make(struct keep *keep, struct span name)
{
	if (has_room(keep, name))
		return true;
	if (stale_end(keep))
		return false;
	while (!is_relays(name) && relays_drop(keep))
		if (has_room(keep, name))
			return true;
	keep->left_out++;
	return false;
}

void
keep_counter(struct keep *keep, struct span name, uint64_t value)
{
	struct counter *c;

	for (size_t i = 0; i < keep->ncounter; i++) {
		c = &keep->counter[i];
		if (c->ended || !span_is(name, c->name))
			continue;
		c->value = value;
		c->told = true;
		return;
	}
	if (name.n == 0 || name.n >= sizeof c->name || memchr(name.p, 0, name.n) != NULL) {
		keep->left_out++;
		return;
	}
	if (!room_make(keep, name))
		return;
	keep->counter = xreallocarray(keep->counter, keep->ncounter + 1, sizeof *c);
	c = &keep->counter[keep->ncounter++];
	*c = (struct counter){ .value = value, .told = true };
	memcpy(c->name, name.p, name.n);
}

void
keep_counters_told(struct keep *keep, struct span beginning)
{
	for (size_t i = 0; i < keep->ncounter; i++) {
		struct counter *c = &keep->counter[i];

		if (!span_starts(span_str(c->name), beginning))
			continue;
		c->stale = !c->told;
		c->told = false;
	}
}

/* Is it one of the role's? */
static bool
is_of(const struct counter *c, struct span role)
{
	struct span name = span_str(c->name);

	return name.n > role.n && name.p[role.n] == '.' && span_starts(name, role);
}

void
keep_counters_end(struct keep *keep, struct span role)
{
	for (size_t i = 0; i < keep->ncounter; i++)
		if (is_of(&keep->counter[i], role)) {
			keep->counter[i].ended = true;
			keep->want_checkpoint = true;
		}
}

void
keep_counters_gone(struct keep *keep, struct span beginning)
{
	for (size_t i = 0; i < keep->ncounter; i++)
		if (span_starts(span_str(keep->counter[i].name), beginning))
			keep->counter[i].ended = true;
}

size_t
keep_counters_take(struct keep *keep, struct leaf_counter *out)
{
	size_t n = 0;

	for (size_t i = 0; i < keep->ncounter; i++) {
		const struct counter *c = &keep->counter[i];
		struct span role = span_sub(span_str(c->name), 0, strcspn(c->name, "."));
		bool waits = false;

		for (size_t k = 0; k < keep->ncounter && !c->ended; k++)
			waits |= keep->counter[k].ended && is_of(&keep->counter[k], role);
		if (!waits)
			out[n++] = (struct leaf_counter){ span_str(c->name), c->value };
	}
	if (keep->left_out > 0)
		out[n++] = (struct leaf_counter){ SPAN(LEFT_OUT), keep->left_out };
	return n;
}

void
keep_counters_drop(struct keep *keep)
{
	size_t n = 0;

	for (size_t i = 0; i < keep->ncounter; i++)
		if (!keep->counter[i].ended)
			keep->counter[n++] = keep->counter[i];
	keep->ncounter = n;
}

/* Text as the inside of a JSON string. */
static void
json_text(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_u8(out, '\\');
		if ((unsigned char)*text < 0x20)
			buf_printf(out, "\\u%04x", (unsigned)*text);
		else
			buf_u8(out, (uint8_t)*text);
	}
}

static const char *
state_name(const struct keep *keep)
{
	if (keep->read_only)
		return "read-only";
	if (keep->rewrite != NULL || keep->journal_failed)
		return "rewriting";
	return keep->full ? "full" : "open";
}

static void
status_tally(const struct keep *keep, struct buf *out)
{
	const struct tally *t = &keep->tally;
	const struct {
		const char *name;
		uint64_t value;
	} row[] = {
		{ "rows", t->rows }, { "batches", t->batches }, { "rows_acked", t->acked_rows },
		{ "batches_bad", t->bad_batches }, { "rows_refused_full", t->full_rows },
		{ "rows_refused_read_only", t->readonly_rows },
		{ "rows_set_aside", t->set_aside_rows }, { "rows_again", t->again_rows },
		{ "leaves", t->leaves },
		{ "checkpoints", t->checkpoints }, { "segments", t->segments },
		{ "segments_dropped", t->dropped_segments },
		{ "segments_repacked", t->repacked_segments },
		{ "segments_moved", t->moved_segments }, { "journal_rewrites", t->rewrites },
		{ "rows_recovered", t->recovered_rows }, { "octets_torn", t->torn_bytes },
		{ "rows_lost", t->lost_rows },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		buf_printf(out, ",\"%s\":%" PRIu64, row[i].name, row[i].value);
}

/* What the other roles count, as each heartbeat seals it. */
static void
status_counters(const struct keep *keep, struct buf *out)
{
	size_t n = 0;

	buf_str(out, ",\"counters\":{");
	for (size_t i = 0; i < keep->ncounter; i++) {
		if (keep->counter[i].ended)
			continue;
		buf_str(out, n++ > 0 ? ",\"" : "\"");
		json_text(out, keep->counter[i].name);
		buf_printf(out, "\":%" PRIu64, keep->counter[i].value);
	}
	if (keep->left_out > 0)
		buf_printf(out, "%s\"" LEFT_OUT "\":%" PRIu64, n > 0 ? "," : "", keep->left_out);
	buf_u8(out, '}');
}

/* What the segments hold, and since when; how much came in the last days. */
struct amount {
	uint64_t bytes, raw_bytes, late_bytes;
	int64_t first_ns, last_ns;
};

static struct amount
amount_of(const struct manifest *m, int64_t since_ns)
{
	struct amount a = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };

	for (size_t i = 0; i < manifest_count(m); i++) {
		const struct segment_info *info = manifest_segment(m, i);

		a.bytes += info->bytes;
		a.raw_bytes += info->raw_bytes;
		a.late_bytes += info->recv_min_ns >= since_ns ? info->bytes : 0;
		if (info->stream == STREAM_RAW && info->recv_min_ns < a.first_ns)
			a.first_ns = info->recv_min_ns;
		if (info->recv_max_ns > a.last_ns)
			a.last_ns = info->recv_max_ns;
	}
	return a;
}

/* Of an hour at least, or one burst would be taken for a day's habit. */
static void
status_room(const struct keep *keep, const struct amount *a, int64_t since_ns, struct buf *out)
{
	int64_t from_ns = a->first_ns > since_ns ? a->first_ns : since_ns;

	buf_printf(out, ",\"free_octets\":%" PRIu64 ",\"reserve_octets\":%" PRIu64,
	    keep->free_bytes, keep->conf.reserve_bytes);
	if (a->first_ns == INT64_MAX)
		return;
	buf_printf(out, ",\"oldest_seconds\":%" PRId64, a->first_ns / SECOND_NS);
	if (a->late_bytes > 0 && a->last_ns - from_ns >= 3600 * SECOND_NS)
		buf_printf(out, ",\"day_octets\":%.0f", (double)a->late_bytes * 86400.0 *
		    (double)SECOND_NS / (double)(a->last_ns - from_ns));
}

void
keep_status(struct keep *keep, struct buf *out)
{
	int64_t since_ns = clock_wall_ns() - RATE_DAYS * 86400 * SECOND_NS;
	struct appender_state state;
	struct manifest *m;
	struct buf held = { 0 };
	struct amount amount;
	size_t n;

	appender_state(keep->appender, &state, NULL);
	m = mill_manifest_take(keep->mill);
	n = manifest_count(m);
	amount = amount_of(m, since_ns);
	keep_pins_status(keep, m, &held);
	mill_manifest_give(keep->mill);
	buf_printf(out, "{\"state\":\"%s\",\"trouble\":\"", state_name(keep));
	json_text(out, keep->trouble.text);
	buf_printf(out, "\",\"epoch\":%u,\"last_seq\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
	    keep->epoch, keep->next_seq[0] - 1, keep->next_seq[1] - 1, keep->next_seq[2] - 1);
	buf_printf(out, ",\"tree_size\":%" PRIu64 ",\"signed_size\":%" PRIu64, keep->next_leaf,
	    keep->signed_size);
	buf_printf(out, ",\"segments_kept\":%zu,\"segment_octets\":%" PRIu64
	    ",\"record_octets\":%" PRIu64, n, amount.bytes, amount.raw_bytes);
	status_room(keep, &amount, since_ns, out);
	buf_printf(out, ",\"segments_cold\":%zu,\"segments_away\":%zu", keep->cold.n,
	    keep->cold.there ? 0 : keep->cold.n);
	buf_span_put(out, buf_span(&held));
	buf_done(&held);
	buf_printf(out, ",\"journal_files\":%zu,\"journal_writes\":%" PRIu64
	    ",\"journal_octets\":%" PRIu64 ",\"sync_ns\":%" PRIu64 ",\"sync_max_ns\":%" PRIu64,
	    keep->nfile, state.nwrite, state.bytes, state.sync_ns, state.sync_max_ns);
	buf_printf(out, ",\"definitions\":%zu,\"definition_octets\":%zu",
	    intern_count(keep->intern), intern_bytes(keep->intern));
	status_tally(keep, out);
	status_counters(keep, out);
	buf_printf(out, "}");
}
