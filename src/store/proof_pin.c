/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legal holds as the tree tells them, and rows that went in spite of one: seal.md section 6, rule
 * 17. See proof_int.h.
 */
#include "store/proof_int.h"

typedef unsigned long long ull;

static unsigned
stand_find(const struct proof_stand *stand, const struct pin *hold)
{
	unsigned i = 0;

	while (i < stand->nhold && !pin_same(&stand->hold[i], hold))
		i++;
	return i;
}

static void
hold_begin(struct proof *p, const struct leaf *leaf)
{
	const struct pin *hold = leaf->u.hold.hold;
	struct proof_stand *stand = &p->stand;

	if (stand_find(stand, hold) < stand->nhold)
		return;
	if (stand->nhold == LIMIT_HOLDS) {
		proof_say(p, PROOF_LEAF, PROOF_BAD, PROOF_PLACE(17, .since_ns = leaf->time_ns),
		    "entry %llu begins the hold %s, but %d are in force already",
		    (ull)stand->entries, hold->name, LIMIT_HOLDS);
		return;
	}
	stand->hold[stand->nhold++] = *hold;
	proof_say(p, PROOF_HOLD, PROOF_NOTE, PROOF_PLACE(17, .since_ns = leaf->time_ns),
	    "the hold %s began, by %s: %s", hold->name, hold->who, hold->why);
}

static void
hold_end(struct proof *p, const struct leaf *leaf)
{
	const struct leaf_hold *end = &leaf->u.hold;
	struct proof_stand *stand = &p->stand;
	unsigned at = stand_find(stand, end->hold);

	if (at == stand->nhold)
		return;
	stand->hold[at] = stand->hold[--stand->nhold];
	proof_say(p, PROOF_HOLD, PROOF_NOTE, PROOF_PLACE(17, .since_ns = leaf->time_ns),
	    "the hold %s ended, by %.*s: %.*s", end->hold->name, (int)end->who.n,
	    (const char *)end->who.p, (int)end->why.n, (const char *)end->why.p);
}

void
proof_hold(struct proof *p, const struct leaf *leaf)
{
	if (leaf->u.hold.action == HOLD_BEGINS)
		hold_begin(p, leaf);
	else
		hold_end(p, leaf);
}

void
proof_hold_drop(struct proof *p, const struct leaf *leaf, int64_t oldest_ns)
{
	const struct leaf_drop *drop = &leaf->u.drop;
	struct pin_range range = { .stream = leaf->stream, .class = leaf->class,
	    .first_seq = drop->first_seq, .last_seq = drop->last_seq, .oldest_ns = oldest_ns,
	    .newest_ns = drop->newest_ns };

	for (unsigned i = 0; i < p->stand.nhold; i++) {
		const struct pin *hold = &p->stand.hold[i];

		if (pin_covers(hold, &range))
			proof_say(p, PROOF_DROP, PROOF_BAD, PROOF_PLACE(17,
			    .stream = leaf->stream, .first_seq = drop->first_seq,
			    .last_seq = drop->last_seq, .since_ns = leaf->time_ns),
			    "%llu records went though the hold %s covers them: %s",
			    (ull)drop->rows, hold->name, hold->why);
	}
}

void
proof_hold_manifest(struct proof *p)
{
	for (unsigned i = 0; i < p->stand.nhold; i++) {
		const struct pin *hold = &p->stand.hold[i];
		size_t k = 0;

		while (k < manifest_holds(p->manifest) &&
		    !pin_same(manifest_hold(p->manifest, k), hold))
			k++;
		if (k == manifest_holds(p->manifest))
			proof_say(p, PROOF_MANIFEST, PROOF_WARN, PROOF_PLACE(17,
			    .file = "manifest"), "the keeper does not know of the hold %s: it was "
			    "released since the checkpoint, or taken out by hand", hold->name);
	}
}

/* ---- between runs ---- */

void
proof_hold_stand_put(struct buf *out, const struct proof_stand *stand)
{
	buf_varint(out, stand->nhold);
	for (unsigned i = 0; i < stand->nhold; i++)
		pin_put(out, &stand->hold[i]);
}

void
proof_hold_stand_get(struct cur *in, struct proof_stand *stand)
{
	uint64_t n = cur_varint(in);

	if (n > LIMIT_HOLDS) {
		in->bad = true;
		return;
	}
	for (unsigned i = 0; i < n && !in->bad; i++)
		pin_get(in, &stand->hold[i]);
	stand->nhold = in->bad ? 0 : (unsigned)n;
}
