/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes: rows past their retention, journal files that hold nothing of their own, and, when the
 * disk is full, what each class's policy says. Nothing goes without a DROP leaf that is durable
 * before, nor what a legal hold covers (keep_pin.c). manifest.md section 4, seal.md section 3.
 */
#include "store/keep_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"

#define BALLAST_NAME	"ballast"
#define POLICY_NAME	"state/policy"

enum {
	DROP_MOST = 2048,		/* segments in one round */
	SHORTEN_MOST = 16,
	EXPIRE_EVERY_S = 600,
	DISK_EVERY_S = 1,
	POLICY_MAX = 4096,
};

/* ---- journal files ---- */

static bool
file_is_free(const struct keep *keep, const struct file_facts *file)
{
	for (size_t s = 0; s < STREAM_END; s++)
		for (size_t c = 0; c < LIMIT_CLASSES; c++)
			if (file->last_seq[s][c] > keep->stored[s][c])
				return false;
	return file->next_leaf <= keep->signed_size;
}

void
keep_trim(struct keep *keep)
{
	struct appender_state state;
	struct mill_job *job;
	size_t n = 0;

	/* A legal hold's leaf stays until the manifest knows of it. */
	if (keep->trimming || keep->recovering || keep->pins.pending > 0 ||
	    clock_mono_ns() < keep->hold_ns)
		return;
	/* One that is on disk stays: the journal begins somewhere, whatever happens. */
	appender_state(keep->appender, &state, NULL);
	while (n < keep->nfile && keep->file[n].number < state.file &&
	    file_is_free(keep, &keep->file[n]))
		n++;
	if (n == 0)
		return;
	job = mill_job_new(JOB_TRIM, NULL);
	job->id = keep->file[n - 1].number + 1;
	for (size_t i = 0; i < n; i++)
		if (keep->file[i].damaged)
			buf_put(&job->bytes, &keep->file[i].number, sizeof(uint64_t));
	memmove(keep->file, keep->file + n, (keep->nfile - n) * sizeof keep->file[0]);
	keep->nfile -= n;
	keep_places_encode(keep, &job->note);
	keep->trimming = true;
	mill_push(keep->mill, job);
}

/* ---- dropping segments ---- */

struct victim {
	struct segment_info info;
	struct span leaves;		/* in the manifest: valid while it is held */
};

static void
drop_leaf_push(struct keep *keep, const struct victim *v, enum drop_reason reason,
    struct buf *ids)
{
	struct leaf leaf = keep_leaf_now(keep, LEAF_DROP);
	uint64_t index[LEAF_INDEXES_MAX], last = 0;
	struct cur in = cur_of(v->leaves);
	uint64_t n = cur_varint(&in);

	leaf.stream = v->info.stream;
	leaf.class = v->info.class;
	leaf.u.drop = (struct leaf_drop){ .segment = v->info.id, .rows = v->info.rows,
	    .first_seq = v->info.first_seq, .last_seq = v->info.last_seq,
	    .newest_ns = v->info.recv_max_ns, .reason = (uint8_t)reason, .index = index };
	while (n-- > 0 && !in.bad && leaf.u.drop.nindex < LEAF_INDEXES_MAX)
		index[leaf.u.drop.nindex++] = last += cur_varint(&in);
	todo_push(keep, &leaf, ids != NULL ? AFTER_DROP : AFTER_NOTHING, ids);
}

/* DROP leaves for all of them; the last one carries the ids of all. The manifest is held. */
static void
drop_push(struct keep *keep, const struct victim *victim, size_t n, enum drop_reason reason)
{
	struct buf ids = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_put(&ids, &victim[i].info.id, sizeof(uint64_t));
	for (size_t i = 0; i < n; i++)
		drop_leaf_push(keep, &victim[i], reason, i + 1 == n ? &ids : NULL);
	keep->dropping = true;
	keep->dropping_n += n;
}

static bool
is_expired(const struct keep *keep, const struct segment_info *info, int64_t now_ns)
{
	uint32_t days;

	if (info->stream == STREAM_LEDGER || info->class >= keep->conf.nclass)
		return false;
	days = keep->conf.class[info->class].days;
	return days > 0 && info->recv_max_ns < now_ns - (int64_t)days * 86400 * SECOND_NS &&
	    keep_pins_of(keep, info) == 0;
}

static void
expired_event(struct keep *keep)
{
	struct keep_event e = { .rows = (uint32_t)keep->dropping_n };

	if (keep->want_expired_event)
		keep_tell(keep, KEEP_EXPIRED, (struct span){ NULL, 0 }, &e);
	keep->want_expired_event = false;
	keep->dropping_n = 0;
}

/* One round of retention. */
static void
expire(struct keep *keep)
{
	struct victim *victim = xcalloc(DROP_MOST, sizeof *victim);
	struct manifest *m;
	int64_t now_ns;
	size_t n = 0;

	if (keep->want_expired_event)
		keep_clock_trust(keep);
	now_ns = keep_clock_ns(keep);
	m = mill_manifest_take(keep->mill);
	for (size_t i = 0; i < manifest_count(m) && n < DROP_MOST; i++)
		if (is_expired(keep, manifest_segment(m, i), now_ns) &&
		    !keep_cold_away(keep, manifest_segment(m, i)->id))
			victim[n++] = (struct victim){ *manifest_segment(m, i),
			    manifest_leaves(m, i) };
	if (n > 0)
		drop_push(keep, victim, n, DROP_RETENTION);
	mill_manifest_give(keep->mill);
	free(victim);
	if (n == 0)
		expired_event(keep);
}

void
keep_expire_tick(struct keep *keep, int64_t now_ns)
{
	if (keep->dropping || keep->repacking || keep->read_only || now_ns < keep->hold_ns ||
	    now_ns < keep->next_expire_ns || keep->todo != NULL)
		return;
	keep->next_expire_ns = now_ns + EXPIRE_EVERY_S * SECOND_NS;
	expire(keep);
}

void
keep_drop_done(struct keep *keep, struct mill_job *job)
{
	keep->dropping = false;
	if (job->rc != OK) {
		keep_alarm(keep, "cannot drop segments: %s", job->why->text);
		keep->next_expire_ns = clock_mono_ns() + 10 * SECOND_NS;
	} else {
		keep_cold_forget(keep, buf_span(&job->bytes));
		keep->tally.dropped_segments += job->bytes.n / sizeof(uint64_t);
		/* There may be more, and who asked for it waits. */
		keep->next_expire_ns = keep->next_tick_ns = 0;
	}
	mill_job_free(&job);
}

/* ---- the full disk ---- */

static uint64_t
ballast_bytes(const struct keep *keep)
{
	uint64_t n = keep->conf.reserve_bytes / 4;

	return n < (64 << 20) ? n : 64 << 20;
}

/* Room that is given back when there is no other: for the ledger, and for finishing. */
static void
ballast_keep(struct keep *keep, uint64_t free_bytes)
{
	int fd = -1;

	if (free_bytes < keep->conf.reserve_bytes + ballast_bytes(keep) || keep->ballast)
		return;
	if (file_open(&fd, keep->dirfd, BALLAST_NAME, FILE_READ_WRITE_NEW, NULL) == OK &&
	    file_preallocate(fd, ballast_bytes(keep), NULL) != OK)
		(void)file_unlink(keep->dirfd, BALLAST_NAME, NULL);
	file_close(&fd);
	keep->ballast = true;
}

static void
ballast_give(struct keep *keep)
{
	if (file_unlink(keep->dirfd, BALLAST_NAME, NULL) == OK)
		keep_alarm(keep, "the disk is full: the ballast is given up for the ledger");
	keep->ballast = false;
}

/* May its class be shortened, and would that make room here? The cold ones make none. */
static bool
is_shortened(const struct keep *keep, const struct segment_info *info)
{
	return info->stream == STREAM_RAW && info->class < keep->conf.nclass &&
	    keep->conf.class[info->class].full == KEEP_FULL_SHORTEN &&
	    !keep_cold_holds(keep, info->id);
}

/* Nothing is left to be shortened but what is held: people are told once. */
static void
shorten_tell(struct keep *keep, size_t n, size_t held)
{
	if (n > 0) {
		keep_alarm(keep, "the disk is full: the %zu oldest segments of classes that may be "
		    "shortened go", n);
		keep->pins.told = false;
	} else if (held > 0 && !keep->pins.told) {
		keep_alarm(keep, "the disk is full, and the %zu segments that might be shortened "
		    "are under a legal hold: they stay; see trucban hold list", held);
		keep->pins.told = true;
	}
}

/* The oldest segments of the classes that may be shortened. */
static void
shorten(struct keep *keep)
{
	struct victim *victim = xcalloc(SHORTEN_MOST, sizeof *victim);
	struct manifest *m;
	size_t n = 0, held = 0;

	if (keep->dropping || keep->repacking || keep->todo != NULL ||
	    clock_mono_ns() < keep->hold_ns) {
		free(victim);
		return;
	}
	m = mill_manifest_take(keep->mill);
	/* Ordered by id, in which they were begun. */
	for (size_t i = 0; i < manifest_count(m) && n < SHORTEN_MOST; i++) {
		const struct segment_info *info = manifest_segment(m, i);

		if (!is_shortened(keep, info))
			continue;
		if (keep_pins_of(keep, info) != 0)
			held++;
		else
			victim[n++] = (struct victim){ *info, manifest_leaves(m, i) };
	}
	if (n > 0)
		drop_push(keep, victim, n, DROP_DISK_FULL);
	shorten_tell(keep, n, held);
	mill_manifest_give(keep->mill);
	free(victim);
}

static void
full_enter(struct keep *keep, bool full, uint64_t free_bytes)
{
	if (full && !keep->full)
		keep_alarm(keep, "the disk is full: %llu MB are left of a reserve of %llu MB",
		    (unsigned long long)(free_bytes >> 20),
		    (unsigned long long)(keep->conf.reserve_bytes >> 20));
	if (!full && keep->full)
		keep_alarm(keep, "the disk has room again");
	keep->full = full;
}

void
keep_disk_tick(struct keep *keep, int64_t now_ns)
{
	uint64_t reserve = keep->conf.reserve_bytes, free_bytes = 0, total = 0;
	struct appender_state state;
	bool stuck;

	if (now_ns < keep->next_disk_ns)
		return;
	keep->next_disk_ns = now_ns + DISK_EVERY_S * SECOND_NS;
	appender_state(keep->appender, &state, NULL);
	stuck = state.no_room || keep->segment_full;
	if (disk_free(keep->dirfd, &free_bytes, &total, NULL) != OK)
		free_bytes = UINT64_MAX;
	keep->free_bytes = free_bytes;
	/* Once full, an eighth more than the reserve must be free again. */
	full_enter(keep, stuck || free_bytes < (keep->full ? reserve + reserve / 8 : reserve),
	    free_bytes);
	if (stuck)
		ballast_give(keep);
	else if (!keep->full)
		ballast_keep(keep, free_bytes);
	if (state.no_room)
		appender_retry(keep->appender);
	if (keep->full)
		shorten(keep);
}

static unsigned
full_policy(const struct keep *keep, uint8_t stream, uint8_t class)
{
	/* An act of a person is never refused, nor the finding that the disk is full. */
	if (stream != STREAM_RAW)
		return KEEP_FULL_HOLD;
	return class < keep->conf.nclass ? keep->conf.class[class].full : KEEP_FULL_REFUSE;
}

enum err
keep_full_check(struct keep *keep, uint8_t stream, uint8_t class, struct why *why)
{
	if (!keep->full || stream != STREAM_RAW ||
	    full_policy(keep, stream, class) == KEEP_FULL_SHORTEN)
		return OK;
	return keep_full_answer(keep, stream, class, why);
}

enum err
keep_full_answer(struct keep *keep, uint8_t stream, uint8_t class, struct why *why)
{
	if (full_policy(keep, stream, class) == KEEP_FULL_REFUSE)
		return why_set(why, ERR_FULL, "the disk is full and class %u is refused", class);
	return why_set(why, ERR_BUSY, "the disk is full and class %u waits", class);
}

/* ---- what was promised ---- */

/* Days of each class, as the last POLICY leaf said: "CLASS DAYS\n" each. */
static void
policy_read(struct keep *keep, bool known[LIMIT_CLASSES], uint64_t days[LIMIT_CLASSES])
{
	struct buf text = { 0 };
	struct cur in;

	memset(known, 0, LIMIT_CLASSES * sizeof known[0]);
	(void)file_read_whole(keep->dirfd, POLICY_NAME, POLICY_MAX, &text, NULL);
	in = cur_of(buf_span(&text));
	while (cur_left(&in) > 0 && !in.bad) {
		uint64_t number[2] = { 0, 0 };

		for (size_t i = 0; i < 2; i++)
			for (uint8_t b = cur_u8(&in); b >= '0' && b <= '9'; b = cur_u8(&in))
				number[i] = (number[i] * 10 + b - '0') % 1000000000;
		if (number[0] < LIMIT_CLASSES) {
			known[number[0]] = true;
			days[number[0]] = number[1];
		}
	}
	buf_done(&text);
}

void
keep_policy_tell(struct keep *keep)
{
	unsigned changed[LIMIT_CLASSES], n = 0;
	bool known[LIMIT_CLASSES];
	uint64_t days[LIMIT_CLASSES] = { 0 };

	policy_read(keep, known, days);
	for (unsigned c = 0; c < keep->conf.nclass; c++)
		if (!known[c] || days[c] != keep->conf.class[c].days)
			changed[n++] = c;
	for (unsigned i = 0; i < n; i++) {
		const struct keep_class *class = &keep->conf.class[changed[i]];
		struct leaf leaf = keep_leaf_now(keep, LEAF_POLICY);

		leaf.class = (uint8_t)changed[i];
		leaf.u.policy = (struct leaf_policy){ .days = class->days,
		    .days_before = known[changed[i]] ? days[changed[i]] : 0,
		    .text = span_str(class->name) };
		todo_push(keep, &leaf, i + 1 == n ? AFTER_POLICY : AFTER_NOTHING, NULL);
	}
}

/* A leaf more than once is no harm, one less would be: this follows the leaf. */
void
keep_policy_write(struct keep *keep)
{
	struct buf text = { 0 };
	struct why why;

	for (unsigned c = 0; c < keep->conf.nclass; c++)
		buf_printf(&text, "%u %u\n", c, keep->conf.class[c].days);
	if (file_replace(keep->dirfd, POLICY_NAME, buf_span(&text), &why) != OK)
		keep_alarm(keep, "cannot write %s: %s", POLICY_NAME, why.text);
	buf_done(&text);
}
