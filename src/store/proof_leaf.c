/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the entries of the tree say, one after the other: lives, clock, keys, gapless numbers, rows
 * that are gone by rule. doc/formats/seal.md section 6, rules 2, 5 to 11 and 13. See proof_int.h.
 */
#include "store/proof_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/rowproof.h"

#define DAY_NS		(INT64_C(86400) * 1000000000)
#define CLOCK_STEP_NS	(INT64_C(2) * 1000000000)

typedef unsigned long long ull;

void
proof_leaf_skip(struct proof *p)
{
	p->stand.entries++;
	p->stand.hole = true;
}

/* ---- lives, rules 6 and 7 ---- */

static void
epoch_judge(struct proof *p, const struct leaf *leaf)
{
	struct proof_stand *stand = &p->stand;

	if (leaf->type != LEAF_EPOCH) {
		if (leaf->epoch != stand->epoch && !stand->hole)
			proof_say(p, PROOF_EPOCH, PROOF_BAD, PROOF_PLACE(6,
			    .since_ns = leaf->time_ns), stand->entries == 0 ?
			    "the tree does not begin with an epoch" :
			    "entry %llu is of epoch %u, not %u", (ull)stand->entries, leaf->epoch,
			    stand->epoch);
		stand->epoch = leaf->epoch;
		return;
	}
	if (leaf->epoch <= stand->epoch && stand->entries > 0)
		proof_say(p, PROOF_EPOCH, PROOF_BAD, PROOF_PLACE(6, .since_ns = leaf->time_ns),
		    "epoch %u begins after epoch %u", leaf->epoch, stand->epoch);
	if (stand->entries > 0)
		proof_say(p, PROOF_EPOCH, PROOF_NOTE, PROOF_PLACE(6, .since_ns = leaf->time_ns),
		    "epoch %u began: %.*s", leaf->epoch, (int)leaf->u.epoch_begin.reason.n,
		    (const char *)leaf->u.epoch_begin.reason.p);
	stand->epoch = leaf->epoch;
	stand->epoch_broke = true;
	if (p->nepoch == PROOF_EPOCHS_MAX)
		return;
	p->epoch = xreallocarray(p->epoch, p->nepoch + 1, sizeof *p->epoch);
	p->epoch[p->nepoch++] = (struct proof_epoch){ .index = stand->entries,
	    .size = leaf->u.epoch_begin.size, .root = leaf->u.epoch_begin.root,
	    .time_ns = leaf->time_ns };
}

void
proof_epochs(struct proof *p)
{
	struct tlog_reader reader = tiles_reader(p->tiles, p->checkpoint.size);

	for (size_t i = 0; i < p->nepoch; i++) {
		const struct proof_epoch *epoch = &p->epoch[i];
		struct digest root;

		if (epoch->size > epoch->index) {
			proof_say(p, PROOF_ROLLBACK, PROOF_WARN, PROOF_PLACE(7,
			    .since_ns = epoch->time_ns), "the store was put back: its last known "
			    "checkpoint had %llu entries, it went on from %llu",
			    (ull)epoch->size, (ull)epoch->index);
			continue;
		}
		if (tlog_root(&reader, epoch->size, &root, NULL) == OK &&
		    memcmp(root.b, epoch->root.b, DIGEST_BYTES) != 0)
			proof_say(p, PROOF_ROLLBACK, PROOF_BAD, PROOF_PLACE(7,
			    .since_ns = epoch->time_ns), "the life that began with entry %llu "
			    "knew another tree of %llu entries", (ull)epoch->index,
			    (ull)epoch->size);
	}
}

/* ---- rows and heartbeats, rules 9 and 10 ---- */

static void
rows_judge(struct proof *p, const struct leaf *leaf)
{
	const struct leaf_rows *rows = &leaf->u.rows;
	uint8_t stream = leaf->stream;
	struct proof_stand *stand = &p->stand;

	if (stand->beat && rows->first_seq <= stand->stream[stream].beat_last)
		proof_say(p, PROOF_GAP, PROOF_BAD, PROOF_PLACE(9, .stream = stream,
		    .first_seq = rows->first_seq, .last_seq = rows->last_seq,
		    .since_ns = leaf->time_ns),
		    "these numbers were closed by an earlier heartbeat");
	if (stand->stream[stream].rows == 0) {
		stand->stream[stream].first = rows->first_seq;
		stand->stream[stream].since_ns = leaf->time_ns;
	}
	if (rows->first_seq < stand->stream[stream].first)
		stand->stream[stream].first = rows->first_seq;
	if (rows->last_seq > stand->stream[stream].last)
		stand->stream[stream].last = rows->last_seq;
	stand->stream[stream].rows += rows->rows;
	(void)bits_set(&p->rows, stand->entries);
}

/* One stream at a heartbeat: did the leaves since the last one hold exactly its numbers? */
static void
beat_judge(struct proof *p, const struct leaf *leaf, uint8_t stream)
{
	const struct leaf_heartbeat *beat = &leaf->u.heartbeat;
	struct proof_stand *stand = &p->stand;
	uint64_t before = stand->stream[stream].beat_last, now = beat->last_seq[stream];
	uint64_t rows = stand->stream[stream].rows;
	struct proof_place place = { .rule = 9, .stream = stream, .first_seq = before + 1,
	    .last_seq = now, .since_ns = stand->beat_ns };

	if (stand->hole)
		return;
	if (now < before)
		proof_say(p, PROOF_GAP, PROOF_BAD, &place, "numbers went back from %llu to %llu",
		    (ull)before, (ull)now);
	else if (now - before > rows && stand->epoch_broke)
		proof_say(p, PROOF_LOSS, PROOF_WARN, &place,
		    "%llu records were lost when a life of the store ended badly",
		    (ull)(now - before - rows));
	else if (now - before != rows)
		proof_say(p, PROOF_GAP, PROOF_BAD, &place,
		    "the entries hold %llu rows of %llu numbers", (ull)rows, (ull)(now - before));
	else if (rows > 0 && (stand->stream[stream].first != before + 1 ||
	    stand->stream[stream].last != now))
		proof_say(p, PROOF_GAP, PROOF_BAD, &place,
		    "the entries hold the numbers %llu to %llu",
		    (ull)stand->stream[stream].first, (ull)stand->stream[stream].last);
	else if (beat->rows[stream] - stand->stream[stream].beat_rows != rows &&
	    !stand->epoch_broke)
		proof_say(p, PROOF_GAP, PROOF_BAD, &place,
		    "the heartbeat counts %llu rows, the entries hold %llu",
		    (ull)(beat->rows[stream] - stand->stream[stream].beat_rows), (ull)rows);
}

static void
heartbeat_judge(struct proof *p, const struct leaf *leaf)
{
	const struct leaf_heartbeat *beat = &leaf->u.heartbeat;
	struct proof_stand *stand = &p->stand;

	for (uint8_t stream = 0; stream < STREAM_END; stream++) {
		beat_judge(p, leaf, stream);
		memset(&stand->stream[stream], 0, sizeof stand->stream[stream]);
		stand->stream[stream].beat_last = beat->last_seq[stream];
		stand->stream[stream].beat_rows = beat->rows[stream];
	}
	stand->beat = true;
	stand->beat_ns = leaf->time_ns;
	stand->journal = beat->journal;
	stand->beat_index = stand->entries;
	stand->epoch_broke = false;
	stand->hole = false;
}

/* ---- rows that are gone, rule 13 ---- */

/* Of the leaves that a DROP names. */
struct dropped {
	uint64_t rows;
	int64_t oldest_ns;		/* time of the earliest */
};

/* One leaf that a DROP names. Adds its rows; what is wrong with it goes to why. */
static enum err
drop_take(struct proof *p, const struct leaf *leaf, uint64_t index, struct dropped *sum,
    struct leaf_reader *earlier, struct why *why)
{
	struct leaf named;
	enum err rc;

	if (index >= p->stand.entries || !bits_get(&p->rows, index))
		return why_set(why, ERR_PROOF, "entry %llu is none of rows", (ull)index);
	if (bits_set(&p->gone, index))
		return why_set(why, ERR_PROOF, "entry %llu was dropped before", (ull)index);
	rc = leaf_reader_get(earlier, index, &named, why);
	if (rc != OK)
		return rc;
	if (named.stream != leaf->stream || named.class != leaf->class ||
	    named.u.rows.first_seq < leaf->u.drop.first_seq ||
	    named.u.rows.last_seq > leaf->u.drop.last_seq)
		return why_set(why, ERR_PROOF, "entry %llu holds other rows", (ull)index);
	sum->rows += named.u.rows.rows;
	if (named.time_ns < sum->oldest_ns)
		sum->oldest_ns = named.time_ns;
	return OK;
}

static void
drop_reason_judge(struct proof *p, const struct leaf *leaf)
{
	const struct leaf_drop *drop = &leaf->u.drop;
	struct proof_stand *stand = &p->stand;
	struct proof_place place = { .rule = 13, .stream = leaf->stream,
	    .first_seq = drop->first_seq, .last_seq = drop->last_seq,
	    .since_ns = leaf->time_ns };
	uint64_t days = stand->days[leaf->class];

	if (drop->reason == DROP_DISK_FULL)
		proof_say(p, PROOF_DROP, PROOF_WARN, &place,
		    "%llu records were dropped because the disk was full", (ull)drop->rows);
	else if (drop->reason == DROP_LAWFUL)
		proof_say(p, PROOF_DROP, PROOF_WARN, &place, "%llu records were deleted by order: "
		    "%.*s", (ull)drop->rows, (int)drop->note.n, (const char *)drop->note.p);
	else if (!stand->has_days[leaf->class])
		proof_say(p, PROOF_DROP, PROOF_BAD, &place, "%llu records of class %u were dropped "
		    "by retention, but no policy of that class is sealed", (ull)drop->rows,
		    leaf->class);
	else if (days == 0 || days > (uint64_t)(INT64_MAX / DAY_NS) ||
	    drop->newest_ns > leaf->time_ns - (int64_t)days * DAY_NS)
		proof_say(p, PROOF_DROP, PROOF_BAD, &place, "%llu records of class %u were dropped "
		    "before their %llu days were over", (ull)drop->rows, leaf->class, (ull)days);
}

static void
drop_judge(struct proof *p, const struct leaf *leaf, struct leaf_reader *earlier)
{
	const struct leaf_drop *drop = &leaf->u.drop;
	struct dropped sum = { .oldest_ns = drop->newest_ns };
	struct why why = { "" };
	enum err rc = OK;

	for (uint32_t i = 0; rc == OK && i < drop->nindex; i++)
		rc = drop_take(p, leaf, drop->index[i], &sum, earlier, &why);
	if (rc == OK && sum.rows != drop->rows)
		rc = why_set(&why, ERR_PROOF, "its leaves hold %llu rows, not %llu",
		    (ull)sum.rows, (ull)drop->rows);
	if (rc != OK)
		proof_say(p, PROOF_DROP, PROOF_BAD, PROOF_PLACE(13, .stream = leaf->stream,
		    .first_seq = drop->first_seq, .last_seq = drop->last_seq,
		    .since_ns = leaf->time_ns), "entry %llu drops what it may not: %s",
		    (ull)p->stand.entries, why.text);
	drop_reason_judge(p, leaf);
	proof_hold_drop(p, leaf, sum.oldest_ns);
}

/* ---- keys, rule 2 ---- */

static void
key_judge(struct proof *p, const struct leaf *leaf)
{
	const struct leaf_key *key = &leaf->u.key;
	struct proof_stand *stand = &p->stand;
	struct note_key old, next;
	struct buf text = { 0 };
	const char *wrong = NULL;

	leaf_key_text(&text, key->old_vkey, key->new_vkey, key->reason);
	if (note_key_get(&old, key->old_vkey, NULL) != OK ||
	    note_key_get(&next, key->new_vkey, NULL) != OK || strcmp(old.name, next.name) != 0)
		wrong = "it names no keys of one desk";
	else if (stand->nkey > 0 && !note_key_eq(&old, &stand->key[stand->nkey - 1]))
		wrong = "it replaces a key that was not in use";
	else if (!note_check_raw(key->signature, buf_span(&text), &old))
		wrong = "the old key's signature does not hold";
	else if (stand->nkey + 2 > PROOF_KEYS_MAX)
		wrong = "too many keys";
	buf_done(&text);
	if (wrong != NULL) {
		proof_say(p, PROOF_KEY, PROOF_BAD, PROOF_PLACE(2, .since_ns = leaf->time_ns),
		    "entry %llu replaces the seal key, but %s", (ull)stand->entries, wrong);
		return;
	}
	if (stand->nkey == 0)
		stand->key[stand->nkey++] = old;
	stand->key[stand->nkey++] = next;
	stand->key_index = stand->entries;
	proof_say(p, PROOF_KEY, PROOF_NOTE, PROOF_PLACE(2, .since_ns = leaf->time_ns),
	    "the seal key was replaced: %.*s", (int)key->reason.n, (const char *)key->reason.p);
}

static void
policy_judge(struct proof *p, const struct leaf *leaf)
{
	p->stand.has_days[leaf->class] = true;
	p->stand.days[leaf->class] = leaf->u.policy.days;
}

/* ---- one entry ---- */

void
proof_leaf(struct proof *p, struct span entry, struct leaf_reader *earlier)
{
	struct proof_stand *stand = &p->stand;
	struct why why = { "" };
	struct leaf leaf;

	arena_reset(p->arena);
	if (leaf_decode(&leaf, entry, p->arena, &why) != OK) {
		proof_say(p, PROOF_LEAF, PROOF_BAD, PROOF_PLACE(5, .since_ns = stand->time_ns),
		    "entry %llu: %s", (ull)stand->entries, why.text);
		proof_leaf_skip(p);
		return;
	}
	epoch_judge(p, &leaf);
	if (leaf.time_ns < stand->time_ns - CLOCK_STEP_NS)
		proof_say(p, PROOF_CLOCK, PROOF_WARN, PROOF_PLACE(8, .since_ns = leaf.time_ns),
		    "the clock went back by %llu s between entries %llu and %llu",
		    (ull)((stand->time_ns - leaf.time_ns) / 1000000000),
		    (ull)(stand->entries - 1), (ull)stand->entries);
	if (leaf.type == LEAF_ROWS)
		rows_judge(p, &leaf);
	else if (leaf.type == LEAF_HEARTBEAT)
		heartbeat_judge(p, &leaf);
	else if (leaf.type == LEAF_DROP)
		drop_judge(p, &leaf, earlier);
	else if (leaf.type == LEAF_KEY)
		key_judge(p, &leaf);
	else if (leaf.type == LEAF_POLICY)
		policy_judge(p, &leaf);
	else if (leaf.type == LEAF_HOLD)
		proof_hold(p, &leaf);
	if (stand->entries == 0)
		stand->first_ns = leaf.time_ns;
	stand->time_ns = leaf.time_ns;
	stand->entries++;
	p->result.leaves++;
}

/* ---- rule 11 ---- */

/* Neighbouring leaves of one stream that are missing are one finding. */
struct lack {
	uint8_t stream;
	uint64_t leaves, rows, first, last;
	int64_t since_ns;
};

static void
lack_say(struct proof *p, const struct lack *lack)
{
	if (lack->leaves > 0)
		proof_say(p, PROOF_MISSING, PROOF_BAD, PROOF_PLACE(11, .stream = lack->stream,
		    .first_seq = lack->first, .last_seq = lack->last,
		    .since_ns = lack->since_ns),
		    "%llu sealed records (%llu entries) are in no segment and not in the journal",
		    (ull)lack->rows, (ull)lack->leaves);
}

static void
lack_add(struct proof *p, struct lack *lack, const struct leaf *leaf)
{
	const struct leaf_rows *rows = &leaf->u.rows;

	if (lack->leaves == 0 || lack->stream != leaf->stream) {
		lack_say(p, lack);
		*lack = (struct lack){ .stream = leaf->stream, .first = rows->first_seq,
		    .since_ns = leaf->time_ns };
	}
	if (rows->first_seq < lack->first)
		lack->first = rows->first_seq;
	if (rows->last_seq > lack->last)
		lack->last = rows->last_seq;
	lack->leaves++;
	lack->rows += rows->rows;
}

void
proof_missing(struct proof *p)
{
	struct leaf_reader reader = { .index = UINT64_MAX };
	struct lack lack = { 0 };
	struct leaf leaf;

	if (leaf_reader_open(&reader, p, NULL) != OK) {
		leaf_reader_close(&reader);
		return;
	}
	for (uint64_t i = 0; i < p->stand.entries; i++) {
		bool lacks = bits_get(&p->rows, i) && !bits_get(&p->gone, i) &&
		    !bits_get(&p->found, i);

		if (bits_get(&p->rows, i) && !lacks) {
			lack_say(p, &lack);
			lack.leaves = 0;
		}
		if (lacks && leaf_reader_get(&reader, i, &leaf, NULL) == OK &&
		    leaf.time_ns >= p->options->since_ns)
			lack_add(p, &lack, &leaf);
	}
	lack_say(p, &lack);
	leaf_reader_close(&reader);
}
