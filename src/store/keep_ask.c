/* SPDX-License-Identifier: Apache-2.0 */
/* What keep is asked from outside: wishes for the next turn, counters, the state as JSON. */
#include "store/keep_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "store/key.h"

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

void
keep_counter(struct keep *keep, struct span name, uint64_t value)
{
	struct counter *c;

	for (size_t i = 0; i < keep->ncounter; i++)
		if (!keep->counter[i].ended && span_is(name, keep->counter[i].name)) {
			keep->counter[i].value = value;
			return;
		}
	if (keep->ncounter == LEAF_COUNTERS_MAX || name.n == 0 || name.n >= sizeof c->name ||
	    memchr(name.p, 0, name.n) != NULL)
		return;
	keep->counter = xreallocarray(keep->counter, keep->ncounter + 1, sizeof *c);
	c = &keep->counter[keep->ncounter++];
	*c = (struct counter){ .value = value };
	memcpy(c->name, name.p, name.n);
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
	buf_str(out, ",\"counters\":{");
	for (size_t i = 0, n = 0; i < keep->ncounter; i++) {
		if (keep->counter[i].ended)
			continue;
		buf_str(out, n++ > 0 ? ",\"" : "\"");
		json_text(out, keep->counter[i].name);
		buf_printf(out, "\":%" PRIu64, keep->counter[i].value);
	}
	buf_u8(out, '}');
}

void
keep_status(struct keep *keep, struct buf *out)
{
	struct appender_state state;
	struct manifest *m;
	uint64_t segment_bytes = 0, raw_bytes = 0;
	size_t n;

	appender_state(keep->appender, &state, NULL);
	m = mill_manifest_take(keep->mill);
	n = manifest_count(m);
	for (size_t i = 0; i < n; i++) {
		segment_bytes += manifest_segment(m, i)->bytes;
		raw_bytes += manifest_segment(m, i)->raw_bytes;
	}
	mill_manifest_give(keep->mill);
	buf_printf(out, "{\"state\":\"%s\",\"trouble\":\"", state_name(keep));
	json_text(out, keep->trouble.text);
	buf_printf(out, "\",\"epoch\":%u,\"last_seq\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
	    keep->epoch, keep->next_seq[0] - 1, keep->next_seq[1] - 1, keep->next_seq[2] - 1);
	buf_printf(out, ",\"tree_size\":%" PRIu64 ",\"signed_size\":%" PRIu64, keep->next_leaf,
	    keep->signed_size);
	buf_printf(out, ",\"segments_kept\":%zu,\"segment_octets\":%" PRIu64
	    ",\"record_octets\":%" PRIu64, n, segment_bytes, raw_bytes);
	buf_printf(out, ",\"segments_cold\":%zu,\"segments_away\":%zu", keep->cold.n,
	    keep->cold.there ? 0 : keep->cold.n);
	buf_printf(out, ",\"journal_files\":%zu,\"journal_writes\":%" PRIu64
	    ",\"journal_octets\":%" PRIu64 ",\"sync_ns\":%" PRIu64 ",\"sync_max_ns\":%" PRIu64,
	    keep->nfile, state.nwrite, state.bytes, state.sync_ns, state.sync_max_ns);
	buf_printf(out, ",\"definitions\":%zu,\"definition_octets\":%zu",
	    intern_count(keep->intern), intern_bytes(keep->intern));
	status_tally(keep, out);
	status_counters(keep, out);
	buf_printf(out, "}");
}
