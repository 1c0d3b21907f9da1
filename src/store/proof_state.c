/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an earlier run found whole, so that a daily run reads only what is new: where the entries
 * stood, and which segment files were looked at. A help, not evidence: who can write the file can
 * have things passed over, and the caller says so. See proof_int.h.
 *
 *	"TBVRFY02"	8
 *	origin		bytes
 *	root		32, of the first stand.entries entries
 *	stand		see stand_put
 *	rows, gone	n * u64 each, bits of the entries
 *	segments	varint n; each: u64 id, 2 * file facts, u64 hash of the manifest's leaf list
 *	sum		u64, XXH3-64 of all before it
 */
#include "store/proof_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/must.h"
#include "sys/file.h"

enum { STATE_BYTES_MAX = 256 << 20 };

#define STATE_MAGIC	SPAN("TBVRFY02")

typedef unsigned long long ull;

/* ---- segments that were looked at ---- */

static bool
facts_of(struct proof *p, const struct segment_info *info, enum segment_part part,
    struct proof_facts *ret)
{
	char path[PROOF_PATH_BYTES];
	struct stat st;

	(void)cold_file_find(path, p->dirfd, info, part);
	if (fstatat(p->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	*ret = (struct proof_facts){ .size = (uint64_t)st.st_size, .inode = (uint64_t)st.st_ino,
	    .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
	    .ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec };
	return true;
}

static bool
seen_make(struct proof *p, size_t index, struct proof_seen *ret)
{
	const struct segment_info *info = manifest_segment(p->manifest, index);

	memset(ret, 0, sizeof *ret);
	ret->id = info->id;
	ret->leaves = hash64(manifest_leaves(p->manifest, index));
	return facts_of(p, info, SEGMENT_SEALED, &ret->file[0]) &&
	    facts_of(p, info, SEGMENT_DERIVED, &ret->file[1]);
}

/* Facts are taken before the files are read: a change in between is seen the next time. */
void
proof_seen_add(struct proof *p, const struct proof_seen *seen)
{
	lock_take(&p->lock);
	if (p->nseen == p->seen_cap) {
		p->seen_cap = p->seen_cap > 0 ? 2 * p->seen_cap : 64;
		p->seen = xreallocarray(p->seen, p->seen_cap, sizeof *p->seen);
	}
	p->seen[p->nseen++] = *seen;
	lock_give(&p->lock);
}

bool
proof_seen_same(struct proof *p, size_t index, struct proof_seen *ret_now)
{
	size_t low = 0, high = p->nknown;

	if (p->options->state_name == NULL || !seen_make(p, index, ret_now))
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->known[middle].id < ret_now->id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->nknown && memcmp(&p->known[low], ret_now, sizeof *ret_now) == 0;
}

/* ---- writing ---- */

static void
stand_put(struct buf *out, const struct proof_stand *s)
{
	buf_u64(out, s->entries);
	buf_u32(out, s->epoch);
	buf_u8(out, (uint8_t)(s->epoch_broke | s->hole << 1 | s->beat << 2));
	buf_i64(out, s->time_ns);
	buf_i64(out, s->beat_ns);
	buf_i64(out, s->first_ns);
	for (unsigned i = 0; i < STREAM_END; i++) {
		buf_u64(out, s->stream[i].beat_last);
		buf_u64(out, s->stream[i].beat_rows);
		buf_u64(out, s->stream[i].rows);
		buf_u64(out, s->stream[i].first);
		buf_u64(out, s->stream[i].last);
		buf_i64(out, s->stream[i].since_ns);
	}
	for (unsigned i = 0; i < LIMIT_CLASSES; i++) {
		buf_u8(out, s->has_days[i]);
		buf_u64(out, s->days[i]);
	}
	buf_put(out, s->journal.b, DIGEST_BYTES);
	buf_u64(out, s->beat_index);
	buf_u64(out, s->key_index);
	buf_varint(out, s->nkey);
	for (unsigned i = 0; i < s->nkey; i++) {
		struct buf text = { 0 };

		note_key_put(&text, &s->key[i]);
		buf_bytes(out, buf_span(&text));
		buf_done(&text);
	}
	proof_hold_stand_put(out, s);
}

static void
bits_put(struct buf *out, const struct bits *bits, uint64_t n)
{
	for (uint64_t i = 0; i < (n + 63) / 64; i++)
		buf_u64(out, bits->word[i]);
}

static int
seen_cmp(const void *a, const void *b)
{
	uint64_t x = ((const struct proof_seen *)a)->id, y = ((const struct proof_seen *)b)->id;

	return (x > y) - (x < y);
}

static void
seen_put(struct buf *out, const struct proof_seen *seen)
{
	buf_u64(out, seen->id);
	for (unsigned i = 0; i < 2; i++) {
		buf_u64(out, seen->file[i].size);
		buf_u64(out, seen->file[i].inode);
		buf_i64(out, seen->file[i].mtime_ns);
		buf_i64(out, seen->file[i].ctime_ns);
	}
	buf_u64(out, seen->leaves);
}

enum err
proof_state_save(struct proof *p, struct why *why)
{
	const struct proof_options *o = p->options;
	struct buf out = { 0 };
	struct digest root;
	enum err rc;

	if (o->state_name == NULL || p->result.count[PROOF_BAD] > 0 ||
	    p->stand.entries != p->edge.size)
		return OK;
	tlog_edge_root(&root, &p->edge);
	buf_span_put(&out, STATE_MAGIC);
	buf_bytes(&out, p->checkpoint.origin);
	buf_put(&out, root.b, DIGEST_BYTES);
	stand_put(&out, &p->stand);
	bits_put(&out, &p->rows, p->stand.entries);
	bits_put(&out, &p->gone, p->stand.entries);
	if (p->nseen > 1)
		qsort(p->seen, p->nseen, sizeof *p->seen, seen_cmp);
	buf_varint(&out, p->nseen);
	for (size_t i = 0; i < p->nseen; i++)
		seen_put(&out, &p->seen[i]);
	buf_u64(&out, hash64(buf_span(&out)));
	rc = file_replace(o->state_dirfd, o->state_name, buf_span(&out), why);
	buf_done(&out);
	return rc;
}

/* ---- reading ---- */

static void
stand_get(struct cur *in, struct proof_stand *s)
{
	struct span journal;
	uint8_t flags;

	s->entries = cur_u64(in);
	s->epoch = cur_u32(in);
	flags = cur_u8(in);
	s->epoch_broke = (flags & 1) != 0;
	s->hole = (flags & 2) != 0;
	s->beat = (flags & 4) != 0;
	s->time_ns = cur_i64(in);
	s->beat_ns = cur_i64(in);
	s->first_ns = cur_i64(in);
	for (unsigned i = 0; i < STREAM_END; i++) {
		s->stream[i].beat_last = cur_u64(in);
		s->stream[i].beat_rows = cur_u64(in);
		s->stream[i].rows = cur_u64(in);
		s->stream[i].first = cur_u64(in);
		s->stream[i].last = cur_u64(in);
		s->stream[i].since_ns = cur_i64(in);
	}
	for (unsigned i = 0; i < LIMIT_CLASSES; i++) {
		s->has_days[i] = cur_u8(in) != 0;
		s->days[i] = cur_u64(in);
	}
	journal = cur_span(in, DIGEST_BYTES);
	if (journal.n == DIGEST_BYTES)
		memcpy(s->journal.b, journal.p, DIGEST_BYTES);
	s->beat_index = cur_u64(in);
	s->key_index = cur_u64(in);
	s->nkey = (unsigned)cur_varint(in);
	for (unsigned i = 0; i < s->nkey && !in->bad; i++)
		if (i == PROOF_KEYS_MAX || note_key_get(&s->key[i], cur_bytes(in), NULL) != OK)
			in->bad = true;
	proof_hold_stand_get(in, s);
}

static void
bits_read(struct cur *in, struct bits *bits, uint64_t n)
{
	if (in->bad || n / 8 > cur_left(in)) {
		in->bad = true;
		return;
	}
	bits_grow(bits, n);
	for (uint64_t i = 0; i < (n + 63) / 64; i++)
		bits->word[i] = cur_u64(in);
}

static void
known_read(struct cur *in, struct proof *p)
{
	uint64_t n = cur_varint(in);

	if (in->bad || n > cur_left(in) / 16) {
		in->bad = true;
		return;
	}
	p->known = xcalloc((size_t)n, sizeof *p->known);
	p->nknown = (size_t)n;
	for (size_t i = 0; i < p->nknown; i++) {
		p->known[i].id = cur_u64(in);
		for (unsigned k = 0; k < 2; k++) {
			p->known[i].file[k].size = cur_u64(in);
			p->known[i].file[k].inode = cur_u64(in);
			p->known[i].file[k].mtime_ns = cur_i64(in);
			p->known[i].file[k].ctime_ns = cur_i64(in);
		}
		p->known[i].leaves = cur_u64(in);
	}
}

/* The earlier run's tree is an anchor: the store must go on from it. */
static bool
goes_on(struct proof *p, const struct proof_stand *stand, const struct digest *root)
{
	struct tlog_reader reader = tiles_reader(p->tiles, p->checkpoint.size);
	struct digest now;

	if (stand->entries > p->checkpoint.size) {
		proof_say(p, PROOF_ROLLBACK, PROOF_BAD, PROOF_PLACE(16,
		    .since_ns = stand->beat_ns), "rolled back: an earlier run saw %llu entries, "
		    "the store has %llu", (ull)stand->entries, (ull)p->checkpoint.size);
		return false;
	}
	if (tlog_root(&reader, stand->entries, &now, NULL) == OK &&
	    memcmp(now.b, root->b, DIGEST_BYTES) == 0)
		return true;
	proof_say(p, PROOF_ROLLBACK, PROOF_BAD, PROOF_PLACE(16, .since_ns = stand->beat_ns),
	    "forked: the first %llu entries are not those that an earlier run saw",
	    (ull)stand->entries);
	return false;
}

static bool
state_take(struct proof *p, struct span bytes)
{
	struct cur in = cur_of(span_sub(bytes, 0, bytes.n - 8));
	struct cur sum = cur_of(span_sub(bytes, bytes.n - 8, 8));
	struct proof_stand *stand = xcalloc(1, sizeof *stand);
	struct span origin, root_span;
	struct digest root = { { 0 } };
	bool ok;

	ok = span_eq(cur_span(&in, 8), STATE_MAGIC) &&
	    hash64(span_sub(bytes, 0, bytes.n - 8)) == cur_u64(&sum);
	origin = cur_bytes(&in);
	root_span = cur_span(&in, DIGEST_BYTES);
	if (root_span.n == DIGEST_BYTES)
		memcpy(root.b, root_span.p, DIGEST_BYTES);
	stand_get(&in, stand);
	if (ok) {
		bits_read(&in, &p->rows, stand->entries);
		bits_read(&in, &p->gone, stand->entries);
		known_read(&in, p);
	}
	ok = ok && cur_done(&in) && span_eq(origin, p->checkpoint.origin) &&
	    goes_on(p, stand, &root);
	if (ok)
		p->stand = *stand;
	free(stand);
	return ok;
}

/* A state that is absent, broken or of another store only means that all is read. */
void
proof_state_load(struct proof *p)
{
	const struct proof_options *o = p->options;
	struct buf bytes = { 0 };
	bool ok = false;

	if (o->state_name == NULL || p->checkpoint.origin.n == 0)
		return;
	if (file_read_whole(o->state_dirfd, o->state_name, STATE_BYTES_MAX, &bytes, NULL) == OK &&
	    bytes.n > 16)
		ok = state_take(p, buf_span(&bytes));
	buf_done(&bytes);
	if (ok)
		return;
	bits_done(&p->rows);
	bits_done(&p->gone);
	free(p->known);
	p->known = NULL;
	p->nknown = 0;
}
