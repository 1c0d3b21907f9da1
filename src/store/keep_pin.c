/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legal holds: what must stay. A hold is in force in memory from the moment that it is asked for
 * until its end is durable in the journal:
 *
 *	asked ─► in force ─► HOLD leaf durable ─► manifest, checkpoint ─► KEEP_PINNED
 *	asked to end ─► HOLD leaf durable ─► not in force ─► manifest, checkpoint ─► KEEP_PINNED
 *
 * A crash in between leaves the leaf in the journal; the next life takes it from there: no journal
 * file goes while one is not in the manifest. Whether a segment is held is asked anew each time, so
 * that rows that come later, and segments that are repacked or moved, are held too. seal.md
 * section 9, manifest.md section 4.
 */
#include "store/keep_int.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/must.h"
#include "sys/clock.h"
#include "store/tiles.h"

enum { RETRY_S = 2, ARENA_BYTES = 4 << 20 };

/* ---- which are in force ---- */

static struct pin_range
range_of(const struct segment_info *info)
{
	return (struct pin_range){ .stream = info->stream, .class = info->class,
	    .first_seq = info->first_seq, .last_seq = info->last_seq,
	    .oldest_ns = info->recv_min_ns, .newest_ns = info->recv_max_ns };
}

uint64_t
keep_pins_of(const struct keep *keep, const struct segment_info *info)
{
	const struct pin_range range = range_of(info);
	uint64_t bits = 0;

	for (size_t i = 0; i < keep->pins.n; i++)
		if (pin_covers(&keep->pins.hold[i], &range))
			bits |= UINT64_C(1) << i;
	return bits;
}

static size_t
pin_find(const struct keep *keep, const struct pin *hold)
{
	size_t i = 0;

	while (i < keep->pins.n && !pin_same(&keep->pins.hold[i], hold))
		i++;
	return i;
}

static size_t
pin_named(const struct keep *keep, struct span name)
{
	size_t i = 0;

	while (i < keep->pins.n && !span_is(name, keep->pins.hold[i].name))
		i++;
	return i;
}

static void
pin_add(struct keep *keep, const struct pin *hold)
{
	must(keep->pins.n < LIMIT_HOLDS);
	keep->pins.hold[keep->pins.n++] = *hold;
}

static void
pin_remove(struct keep *keep, const struct pin *hold)
{
	struct keep_pins *pins = &keep->pins;
	size_t at = pin_find(keep, hold);

	if (at == pins->n)
		return;
	memmove(&pins->hold[at], &pins->hold[at + 1], (pins->n - at - 1) * sizeof pins->hold[0]);
	pins->n--;
}

/* ---- begin and end ---- */

static void
payload_put(struct buf *out, enum hold_action action, const struct pin *hold)
{
	buf_u8(out, (uint8_t)action);
	pin_put(out, hold);
}

static void
leaf_push(struct keep *keep, enum hold_action action, const struct pin *hold, struct span who,
    struct span reason)
{
	struct leaf leaf = keep_leaf_now(keep, LEAF_HOLD);
	struct buf payload = { 0 };

	leaf.u.hold = (struct leaf_hold){ .action = (uint8_t)action, .hold = hold, .who = who,
	    .why = reason };
	payload_put(&payload, action, hold);
	todo_push(keep, &leaf, AFTER_HOLD, &payload);
	keep->pins.pending++;
	keep->pins.want_event = true;
}

static enum err
writable(const struct keep *keep, struct why *why)
{
	if (keep->read_only || keep->journal_failed)
		return why_set(why, ERR_IO, "nothing can be written any more, see trucban status");
	return OK;
}

enum err
keep_pin(struct keep *keep, const struct pin *hold, struct why *why)
{
	struct pin one = *hold;
	enum err rc;

	one.since_ns = clock_wall_ns();
	rc = pin_check(&one, why);
	if (rc == OK)
		rc = writable(keep, why);
	if (rc != OK)
		return rc;
	if (pin_named(keep, span_str(one.name)) < keep->pins.n)
		return why_set(why, ERR_BUSY, "a hold %s is in force already: take another name, "
		    "or release it first", one.name);
	if (keep->pins.n == LIMIT_HOLDS)
		return why_set(why, ERR_LIMIT, "%d holds are in force, which is the most: release "
		    "one that is over", LIMIT_HOLDS);
	pin_add(keep, &one);
	leaf_push(keep, HOLD_BEGINS, &one, SPAN(""), SPAN(""));
	return OK;
}

enum err
keep_unpin(struct keep *keep, struct span name, struct span who, struct span reason,
    struct why *why)
{
	size_t at = pin_named(keep, name);
	enum err rc;

	if (at == keep->pins.n)
		return why_set(why, ERR_ABSENT, "no hold %.*s is in force; see trucban hold list",
		    (int)span_sub(name, 0, PIN_NAME).n, (const char *)name.p);
	rc = writable(keep, why);
	if (rc == OK)
		leaf_push(keep, HOLD_ENDS, &keep->pins.hold[at], who, reason);
	return rc;
}

void
keep_pins_durable(struct keep *keep, uint64_t index, struct buf *ids)
{
	struct mill_job *job = mill_job_new(JOB_HOLD, NULL);
	struct cur in = cur_of(buf_span(ids));
	struct pin hold;

	if (cur_u8(&in) == HOLD_ENDS) {
		pin_get(&in, &hold);
		pin_remove(keep, &hold);
	}
	job->bytes = *ids;
	*ids = (struct buf){ 0 };
	keep->pins.sealed = index + 1;
	keep->want_checkpoint = true;
	mill_push(keep->mill, job);
}

void
keep_pins_done(struct keep *keep, struct mill_job *job)
{
	struct keep_pins *pins = &keep->pins;

	if (job->rc == OK) {
		must(pins->pending > 0);
		pins->pending--;
		mill_job_free(&job);
		return;
	}
	keep_alarm(keep, "cannot write a hold into the manifest: %s", job->why->text);
	free(job->why);
	job->why = NULL;
	job->next = pins->failed;
	pins->failed = job;
	pins->retry_ns = clock_mono_ns() + RETRY_S * SECOND_NS;
}

void
keep_pins_step(struct keep *keep, int64_t now_ns)
{
	struct keep_pins *pins = &keep->pins;
	struct span text = { NULL, 0 };
	struct keep_event none = { 0 };

	while (pins->failed != NULL && now_ns >= pins->retry_ns) {
		struct mill_job *job = pins->failed;

		pins->failed = job->next;
		mill_push(keep->mill, job);
	}
	if (!pins->want_event)
		return;
	/* What was on its way when the hold began is gone first: then the answer is true. */
	if (keep->read_only)
		text = SPAN("nothing can be written any more, see trucban status");
	else if (pins->pending > 0 || keep->dropping || keep->signed_size < pins->sealed)
		return;
	pins->want_event = false;
	keep_tell(keep, KEEP_PINNED, text, &none);
}

/* ---- what the last life left ---- */

void
keep_pins_replay(struct keep *keep, const struct leaf_hold *leaf)
{
	bool known = pin_find(keep, leaf->hold) < keep->pins.n;
	struct mill_job *job;

	if (known == (leaf->action == HOLD_BEGINS))
		return;
	/* Never more at once: this one's end follows in the journal. */
	if (!known && keep->pins.n == LIMIT_HOLDS)
		return;
	job = mill_job_new(JOB_HOLD, NULL);
	payload_put(&job->bytes, (enum hold_action)leaf->action, leaf->hold);
	if (known)
		pin_remove(keep, leaf->hold);
	else
		pin_add(keep, leaf->hold);
	keep->pins.pending++;
	mill_push(keep->mill, job);
}

/* One bundle's HOLD leaves, in order. */
static void
bundle_take(struct keep *keep, struct span rest, uint64_t left, struct arena *arena)
{
	struct span entry;
	struct leaf leaf;

	for (; left > 0 && tlog_bundle_next(&rest, &entry) == OK; left--) {
		if (leaf_peek(&leaf, entry, NULL) != OK || leaf.type != LEAF_HOLD)
			continue;
		arena_reset(arena);
		if (leaf_decode(&leaf, entry, arena, NULL) != OK)
			continue;
		if (leaf.u.hold.action == HOLD_ENDS)
			pin_remove(keep, leaf.u.hold.hold);
		else if (keep->pins.n < LIMIT_HOLDS && pin_find(keep, leaf.u.hold.hold) ==
		    keep->pins.n)
			pin_add(keep, leaf.u.hold.hold);
	}
}

/*
 * A record of the manifest was lost, perhaps that of a hold: those that the sealed tree has in
 * force are put into it again.
 */
static enum err
pins_from_tree(struct keep *keep, struct manifest *manifest, struct seal *seal, struct why *why)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	uint64_t size = seal_size(seal);
	struct buf bundle = { 0 };
	enum err rc = OK;

	for (uint64_t at = 0; at < size && rc == OK; at += TLOG_TILE) {
		bundle.n = 0;
		rc = tiles_bundle(seal_tiles(seal), at / TLOG_TILE, size, &bundle, NULL, why);
		if (rc == OK)
			bundle_take(keep, buf_span(&bundle),
			    size - at < TLOG_TILE ? size - at : TLOG_TILE, arena);
	}
	if (rc != OK)
		keep_alarm(keep, "the manifest was damaged, and holds that it may have lost "
		    "cannot be read from the seal: %s", why != NULL ? why->text : "");
	rc = OK;
	for (size_t i = 0; i < keep->pins.n && rc == OK; i++)
		rc = manifest_hold_begin(manifest, &keep->pins.hold[i], why);
	buf_done(&bundle);
	arena_free(&arena);
	return rc;
}

enum err
keep_pins_open(struct keep *keep, struct manifest *manifest, struct seal *seal, struct why *why)
{
	keep->pins.hold = xcalloc(LIMIT_HOLDS, sizeof keep->pins.hold[0]);
	if (manifest_damaged(manifest)) {
		enum err rc = pins_from_tree(keep, manifest, seal, why);

		if (rc != OK)
			return rc;
	}
	/* With those that are too new for the tree. */
	keep->pins.n = 0;
	for (size_t i = 0; i < manifest_holds(manifest); i++)
		pin_add(keep, manifest_hold(manifest, i));
	return OK;
}

void
keep_pins_close(struct keep *keep)
{
	while (keep->pins.failed != NULL) {
		struct mill_job *job = keep->pins.failed;

		keep->pins.failed = job->next;
		mill_job_free(&job);
	}
	free(keep->pins.hold);
}

void
keep_pins_status(const struct keep *keep, const struct manifest *manifest, struct buf *out)
{
	unsigned long long segments = 0, bytes = 0;

	for (size_t i = 0; i < manifest_count(manifest) && keep->pins.n > 0; i++) {
		const struct segment_info *info = manifest_segment(manifest, i);

		if (info->stream == STREAM_LEDGER || keep_pins_of(keep, info) == 0)
			continue;
		segments++;
		bytes += info->bytes;
	}
	buf_printf(out, ",\"holds\":%zu,\"segments_held\":%llu,\"held_octets\":%llu", keep->pins.n,
	    segments, bytes);
}
