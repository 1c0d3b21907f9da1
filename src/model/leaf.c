/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaf entries to octets and back; see leaf.h. Rule numbers are those of doc/formats/seal.md
 * section 3. Entries come from disk and from evidence packages: hostile.
 */
#include "model/leaf.h"

#include "base/cur.h"
#include "base/must.h"

enum { LEAF_HEAD_BYTES = 20 };

#define LOCATOR_END	((UINT64_C(1) << 61) - 1)

/* ---- writing ---- */

static void
digest_put(struct buf *out, const struct digest *d)
{
	buf_put(out, d->b, DIGEST_BYTES);
}

static void
rows_put(struct buf *out, const struct leaf *leaf)
{
	const struct leaf_rows *rows = &leaf->u.rows;

	buf_u64(out, rows->first_seq);
	buf_u64(out, rows->last_seq);
	buf_u32(out, rows->rows);
	buf_u32(out, rows->frames);
	digest_put(out, &rows->root);
	buf_u64(out, rows->s0);
	buf_u64(out, rows->s1);
	buf_u64(out, rows->segment);
}

static void
heartbeat_put(struct buf *out, const struct leaf *leaf)
{
	const struct leaf_heartbeat *beat = &leaf->u.heartbeat;

	for (unsigned i = 0; i < STREAM_END; i++)
		buf_u64(out, beat->last_seq[i]);
	for (unsigned i = 0; i < STREAM_END; i++)
		buf_u64(out, beat->rows[i]);
	digest_put(out, &beat->journal);
	buf_varint(out, beat->ncounter);
	for (uint32_t i = 0; i < beat->ncounter; i++) {
		buf_bytes(out, beat->counter[i].name);
		buf_varint(out, beat->counter[i].value);
	}
}

static void
epoch_put(struct buf *out, const struct leaf *leaf)
{
	const struct leaf_epoch *epoch = &leaf->u.epoch_begin;

	digest_put(out, &epoch->root);
	buf_u64(out, epoch->size);
	buf_bytes(out, epoch->reason);
}

static void
drop_put(struct buf *out, const struct leaf *leaf)
{
	const struct leaf_drop *drop = &leaf->u.drop;
	uint64_t before = 0;

	buf_u64(out, drop->segment);
	buf_u64(out, drop->rows);
	buf_u64(out, drop->first_seq);
	buf_u64(out, drop->last_seq);
	buf_i64(out, drop->newest_ns);
	buf_u8(out, drop->reason);
	buf_bytes(out, drop->note);
	buf_varint(out, drop->nindex);
	for (uint32_t i = 0; i < drop->nindex; i++) {
		must(i == 0 || drop->index[i] > before);
		buf_varint(out, drop->index[i] - before);
		before = drop->index[i];
	}
}

static void
key_put(struct buf *out, const struct leaf *leaf)
{
	const struct leaf_key *key = &leaf->u.key;

	buf_bytes(out, key->old_vkey);
	buf_bytes(out, key->new_vkey);
	buf_bytes(out, key->reason);
	buf_put(out, key->signature, LEAF_SIGNATURE_BYTES);
}

static void
policy_put(struct buf *out, const struct leaf *leaf)
{
	const struct leaf_policy *policy = &leaf->u.policy;

	buf_varint(out, policy->days);
	buf_varint(out, policy->days_before);
	buf_bytes(out, policy->text);
}

static void
hold_leaf_put(struct buf *out, const struct leaf *leaf)
{
	buf_u8(out, leaf->u.hold.action);
	pin_put(out, leaf->u.hold.hold);
	buf_bytes(out, leaf->u.hold.who);
	buf_bytes(out, leaf->u.hold.why);
}

/* ---- reading ---- */

static void
digest_get(struct cur *in, struct digest *ret)
{
	struct span s = cur_span(in, DIGEST_BYTES);

	if (s.n == DIGEST_BYTES)
		memcpy(ret->b, s.p, DIGEST_BYTES);
}

static struct span
text_get(struct cur *in)
{
	struct span s = cur_bytes(in);

	if (s.n > LEAF_TEXT_MAX)
		in->bad = true;
	return s;
}

/* rule 4 */
static enum err
rows_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_rows *rows = &leaf->u.rows;

	(void)arena;
	rows->first_seq = cur_u64(in);
	rows->last_seq = cur_u64(in);
	rows->rows = cur_u32(in);
	rows->frames = cur_u32(in);
	digest_get(in, &rows->root);
	rows->s0 = cur_u64(in);
	rows->s1 = cur_u64(in);
	rows->segment = cur_u64(in);
	if (in->bad)
		return OK;
	if (rows->first_seq < 1 || rows->last_seq < rows->first_seq || rows->frames < 1 ||
	    rows->rows < rows->frames || rows->rows > LIMIT_ROWS ||
	    rows->rows - 1 > rows->last_seq - rows->first_seq)
		return why_set(why, ERR_FORMAT, "ROWS leaf breaks rule 4: %u rows from %llu to "
		    "%llu", rows->rows, (unsigned long long)rows->first_seq,
		    (unsigned long long)rows->last_seq);
	if (rows->s0 >= LOCATOR_END || rows->s1 >= LOCATOR_END)
		return why_set(why, ERR_FORMAT, "ROWS leaf breaks rule 4: locator too large");
	return OK;
}

/* rule 5 */
static enum err
heartbeat_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_heartbeat *beat = &leaf->u.heartbeat;
	struct leaf_counter *counter;
	uint64_t n;

	for (unsigned i = 0; i < STREAM_END; i++)
		beat->last_seq[i] = cur_u64(in);
	for (unsigned i = 0; i < STREAM_END; i++)
		beat->rows[i] = cur_u64(in);
	digest_get(in, &beat->journal);
	n = cur_varint(in);
	if (n > LEAF_COUNTERS_MAX)
		return why_set(why, ERR_FORMAT, "HEARTBEAT leaf breaks rule 5: %llu counters",
		    (unsigned long long)n);
	counter = arena_zalloc(arena, (size_t)n, sizeof *counter);
	for (uint64_t i = 0; i < n; i++) {
		counter[i].name = text_get(in);
		counter[i].value = cur_varint(in);
	}
	beat->ncounter = (uint32_t)n;
	beat->counter = counter;
	return OK;
}

static enum err
epoch_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_epoch *epoch = &leaf->u.epoch_begin;

	(void)arena;
	(void)why;
	digest_get(in, &epoch->root);
	epoch->size = cur_u64(in);
	epoch->reason = text_get(in);
	return OK;
}

/* rule 6 */
static enum err
drop_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_drop *drop = &leaf->u.drop;
	uint64_t *index, before = 0, n;

	drop->segment = cur_u64(in);
	drop->rows = cur_u64(in);
	drop->first_seq = cur_u64(in);
	drop->last_seq = cur_u64(in);
	drop->newest_ns = cur_i64(in);
	drop->reason = cur_u8(in);
	drop->note = text_get(in);
	n = cur_varint(in);
	if (in->bad)
		return OK;
	if (n < 1 || n > LEAF_INDEXES_MAX)
		return why_set(why, ERR_FORMAT, "DROP leaf breaks rule 6: %llu leaves",
		    (unsigned long long)n);
	if (drop->reason < DROP_RETENTION || drop->reason >= DROP_REASON_END || drop->rows < 1 ||
	    drop->first_seq < 1 || drop->last_seq < drop->first_seq)
		return why_set(why, ERR_FORMAT, "DROP leaf breaks rule 6: reason %u, %llu rows",
		    drop->reason, (unsigned long long)drop->rows);
	index = arena_zalloc(arena, (size_t)n, sizeof *index);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t step = cur_varint(in);

		if ((i > 0 && step == 0) || __builtin_add_overflow(before, step, &index[i]))
			return why_set(why, ERR_FORMAT, "DROP leaf breaks rule 6: indexes");
		before = index[i];
	}
	drop->nindex = (uint32_t)n;
	drop->index = index;
	return OK;
}

static bool
printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

/* rule 7 */
static enum err
key_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_key *key = &leaf->u.key;
	struct span signature;

	(void)arena;
	key->old_vkey = text_get(in);
	key->new_vkey = text_get(in);
	key->reason = text_get(in);
	signature = cur_span(in, LEAF_SIGNATURE_BYTES);
	key->signature = signature.p;
	if (!printable(key->old_vkey) || !printable(key->new_vkey) || !printable(key->reason))
		return why_set(why, ERR_FORMAT, "KEY leaf breaks rule 7: control characters");
	return OK;
}

static enum err
policy_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_policy *policy = &leaf->u.policy;

	(void)arena;
	(void)why;
	policy->days = cur_varint(in);
	policy->days_before = cur_varint(in);
	policy->text = text_get(in);
	return OK;
}

/* rule 9 */
static enum err
hold_leaf_get(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why)
{
	struct leaf_hold *hold = &leaf->u.hold;
	struct pin *began = arena_zalloc(arena, 1, sizeof *began);

	hold->action = cur_u8(in);
	pin_get(in, began);
	hold->hold = began;
	hold->who = text_get(in);
	hold->why = text_get(in);
	if (in->bad || hold->action < HOLD_BEGINS || hold->action > HOLD_ENDS)
		return why_set(why, ERR_FORMAT, "HOLD leaf breaks rule 9: no valid hold");
	return OK;
}

/* ---- the table of types ---- */

typedef void put_fn(struct buf *out, const struct leaf *leaf);
typedef enum err get_fn(struct leaf *leaf, struct cur *in, struct arena *arena, struct why *why);

static const struct {
	const char *name;
	put_fn *put;
	get_fn *get;
	bool has_stream, has_class;
} leaf_kind[LEAF_TYPE_END] = {
	[LEAF_ROWS] = { "rows", rows_put, rows_get, true, true },
	[LEAF_HEARTBEAT] = { "heartbeat", heartbeat_put, heartbeat_get, false, false },
	[LEAF_EPOCH] = { "epoch", epoch_put, epoch_get, false, false },
	[LEAF_DROP] = { "drop", drop_put, drop_get, true, true },
	[LEAF_KEY] = { "key", key_put, key_get, false, false },
	[LEAF_POLICY] = { "policy", policy_put, policy_get, false, true },
	[LEAF_HOLD] = { "hold", hold_leaf_put, hold_leaf_get, false, false },
};

void
leaf_encode(struct buf *out, const struct leaf *leaf)
{
	must(leaf->type >= LEAF_ROWS && leaf->type < LEAF_TYPE_END);
	must(leaf->stream == 0 || leaf_kind[leaf->type].has_stream);
	must(leaf->class == 0 || leaf_kind[leaf->type].has_class);
	buf_str(out, "TBL1");
	buf_u8(out, leaf->type);
	buf_u8(out, leaf->stream);
	buf_u8(out, leaf->class);
	buf_u8(out, 0);
	buf_u32(out, leaf->epoch);
	buf_i64(out, leaf->time_ns);
	leaf_kind[leaf->type].put(out, leaf);
}

/* The common head: rules 1 to 3. */
static enum err
head_get(struct leaf *leaf, struct cur *in, struct why *why)
{
	bool magic = span_is(cur_span(in, 4), "TBL1");
	uint8_t zero;

	leaf->type = cur_u8(in);
	leaf->stream = cur_u8(in);
	leaf->class = cur_u8(in);
	zero = cur_u8(in);
	leaf->epoch = cur_u32(in);
	leaf->time_ns = cur_i64(in);
	if (in->bad || !magic)
		return why_set(why, ERR_FORMAT, "leaf breaks rule 1: no TBL1 head");
	if (leaf->type < LEAF_ROWS || leaf->type >= LEAF_TYPE_END || zero != 0)
		return why_set(why, ERR_FORMAT, "leaf breaks rule 2: type %u", leaf->type);
	if (leaf->stream >= (leaf_kind[leaf->type].has_stream ? STREAM_END : 1) ||
	    leaf->class >= (leaf_kind[leaf->type].has_class ? LIMIT_CLASSES : 1))
		return why_set(why, ERR_FORMAT, "leaf breaks rule 2: stream %u, class %u",
		    leaf->stream, leaf->class);
	if (leaf->epoch < 1 || leaf->time_ns < 0)
		return why_set(why, ERR_FORMAT, "leaf breaks rule 3: epoch %u, time %lld",
		    leaf->epoch, (long long)leaf->time_ns);
	return OK;
}

enum err
leaf_peek(struct leaf *ret_leaf, struct span entry, struct why *why)
{
	struct cur in = cur_of(entry);
	struct leaf leaf;
	enum err rc;

	memset(&leaf, 0, sizeof leaf);
	rc = head_get(&leaf, &in, why);
	if (rc == OK)
		*ret_leaf = leaf;
	return rc;
}

enum err
leaf_decode(struct leaf *ret_leaf, struct span entry, struct arena *arena, struct why *why)
{
	struct cur in = cur_of(entry);
	struct leaf leaf;
	enum err rc;

	memset(&leaf, 0, sizeof leaf);
	if (entry.n > LEAF_BYTES_MAX)
		return why_set(why, ERR_FORMAT, "leaf breaks rule 1: %zu octets", entry.n);
	rc = head_get(&leaf, &in, why);
	if (rc != OK)
		return rc;
	rc = leaf_kind[leaf.type].get(&leaf, &in, arena, why);
	if (rc != OK)
		return rc;
	if (!cur_done(&in))
		return why_set(why, ERR_FORMAT, in.bad ?
		    "%s leaf breaks rule 8: it ends early or a text is too long" :
		    "%s leaf breaks rule 8: octets follow", leaf_type_name(leaf.type));
	*ret_leaf = leaf;
	return OK;
}

void
leaf_key_text(struct buf *out, struct span old_vkey, struct span new_vkey, struct span reason)
{
	buf_str(out, "trucban/key/v1\n");
	buf_span_put(out, old_vkey);
	buf_u8(out, '\n');
	buf_span_put(out, new_vkey);
	buf_u8(out, '\n');
	buf_span_put(out, reason);
	buf_u8(out, '\n');
}

const char *
leaf_type_name(unsigned type)
{
	if (type >= LEAF_TYPE_END || leaf_kind[type].name == NULL)
		return "unknown";
	return leaf_kind[type].name;
}
