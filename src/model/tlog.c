/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merkle arithmetic; see tlog.h. Numbers from outside (sizes, indexes, proofs) are hostile: every
 * walk is bounded by the 64 bits of a size. Section numbers are those of RFC 6962 and RFC 9162.
 */
#include "model/tlog.h"

#include <sodium.h>

#include "base/cur.h"
#include "base/must.h"
#include "model/base64.h"

enum { LEAF_MARK = 0, NODE_MARK = 1, TILE_BITS = 8 };

_Static_assert(sizeof(struct digest) == crypto_hash_sha256_BYTES, "a digest is a SHA-256");

/* 2.1: MTH({d}) = SHA-256(0x00 || d) */
void
tlog_leaf_hash(struct digest *ret, struct span entry)
{
	static const uint8_t mark = LEAF_MARK;
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, &mark, 1);
	crypto_hash_sha256_update(&state, entry.p, entry.n);
	crypto_hash_sha256_final(&state, ret->b);
}

/* 2.1: SHA-256(0x01 || left || right); ret may be one of the two. */
void
tlog_node_hash(struct digest *ret, const struct digest *left, const struct digest *right)
{
	uint8_t bytes[1 + 2 * DIGEST_BYTES];

	bytes[0] = NODE_MARK;
	memcpy(bytes + 1, left->b, DIGEST_BYTES);
	memcpy(bytes + 1 + DIGEST_BYTES, right->b, DIGEST_BYTES);
	crypto_hash_sha256(ret->b, bytes, sizeof bytes);
}

void
tlog_empty_root(struct digest *ret)
{
	crypto_hash_sha256(ret->b, NULL, 0);
}

/* ---- the right edge ---- */

unsigned
tlog_width(uint64_t size, unsigned level)
{
	return level < TLOG_LEVELS ? (unsigned)(size >> TILE_BITS * level & 0xff) : 0;
}

uint64_t
tlog_tiles(uint64_t size, unsigned level)
{
	return level + 1 < TLOG_LEVELS ? size >> TILE_BITS * (level + 1) : 0;
}

/* n is a power of two, at most 256. */
static void
perfect_root(struct digest *ret, const struct digest *d, size_t n)
{
	struct digest work[TLOG_TILE / 2];

	if (n == 1) {
		*ret = d[0];
		return;
	}
	for (size_t i = 0; i < n / 2; i++)
		tlog_node_hash(&work[i], &d[2 * i], &d[2 * i + 1]);
	for (n /= 2; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			tlog_node_hash(&work[i], &work[2 * i], &work[2 * i + 1]);
	*ret = work[0];
}

/*
 * Folds n hashes into acc from the right: the perfect subtrees of n, the smallest (rightmost)
 * first. have: whether acc holds something already.
 */
static void
fold_run(struct digest *acc, bool *have, const struct digest *d, size_t n)
{
	while (n > 0) {
		size_t low = n & (~n + 1);
		struct digest h;

		perfect_root(&h, d + (n - low), low);
		if (*have)
			tlog_node_hash(acc, &h, acc);
		else
			*acc = h;
		*have = true;
		n -= low;
	}
}

void
tlog_run_root(struct digest *ret, const struct digest *d, size_t n)
{
	struct digest acc;
	bool have = false;

	must(n >= 1 && n <= TLOG_TILE);
	fold_run(&acc, &have, d, n);
	*ret = acc;
}

unsigned
tlog_edge_append(struct tlog_edge *edge, const struct digest *leaf)
{
	struct digest h = *leaf;
	unsigned level = 0;

	for (;; level++) {
		unsigned at = tlog_width(edge->size, level);

		must(level < TLOG_LEVELS);
		edge->tile[level][at] = h;
		if (at + 1 < TLOG_TILE)
			break;
		perfect_root(&h, edge->tile[level], TLOG_TILE);
	}
	edge->size++;
	return level;
}

void
tlog_edge_root(struct digest *ret, const struct tlog_edge *edge)
{
	struct digest acc;
	bool have = false;

	for (unsigned level = 0; level < TLOG_LEVELS; level++)
		fold_run(&acc, &have, edge->tile[level], tlog_width(edge->size, level));
	if (have)
		*ret = acc;
	else
		tlog_empty_root(ret);
}

/* ---- from stored tiles ---- */

/* MTH(D[index * 2^height : (index + 1) * 2^height]), all of it below reader->size. */
static enum err
subtree(const struct tlog_reader *reader, unsigned height, uint64_t index, struct digest *ret,
    struct why *why)
{
	unsigned level = height / TILE_BITS, up = height % TILE_BITS;
	uint64_t first = index << up;		/* in hashes of this level */
	unsigned at = (unsigned)(first % TLOG_TILE), n = 1u << up;
	const struct digest *d = NULL;
	enum err rc;

	rc = reader->tile(reader->ctx, level, first / TLOG_TILE, at + n, &d, why);
	if (rc == OK)
		perfect_root(ret, d + at, n);
	return rc;
}

/*
 * MTH(D[from:to]) where `from` is a multiple of the smallest power of two >= to - from, as in every
 * range that the recursions of 2.1.1 and 2.1.2 meet.
 */
static enum err
range(const struct tlog_reader *reader, uint64_t from, uint64_t to, struct digest *ret,
    struct why *why)
{
	struct digest acc, h;
	bool have = false;
	enum err rc;

	must(from < to && to <= reader->size);
	for (uint64_t n = to - from; n > 0; n &= n - 1) {
		unsigned height = (unsigned)__builtin_ctzll(n);
		uint64_t start = from + (n & (n - 1));

		rc = subtree(reader, height, start >> height, &h, why);
		if (rc != OK)
			return rc;
		if (have)
			tlog_node_hash(&acc, &h, &acc);
		else
			acc = h;
		have = true;
	}
	*ret = acc;
	return OK;
}

enum err
tlog_root(const struct tlog_reader *reader, uint64_t size, struct digest *ret, struct why *why)
{
	if (size > reader->size)
		return why_set(why, ERR_LIMIT, "tree of %llu entries: only %llu are there",
		    (unsigned long long)size, (unsigned long long)reader->size);
	if (size == 0) {
		tlog_empty_root(ret);
		return OK;
	}
	return range(reader, 0, size, ret, why);
}

/* The largest power of two below n; n >= 2. */
static uint64_t
split_of(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* Turns the hashes round: the recursions find them from the root down, proofs list them upwards. */
static void
proof_turn(struct tlog_proof *proof)
{
	for (unsigned i = 0; i < proof->n / 2; i++) {
		struct digest d = proof->hash[i];

		proof->hash[i] = proof->hash[proof->n - 1 - i];
		proof->hash[proof->n - 1 - i] = d;
	}
}

enum err
tlog_inclusion(const struct tlog_reader *reader, uint64_t index, uint64_t size,
    struct tlog_proof *ret_proof, struct why *why)
{
	struct tlog_proof proof = { 0 };
	uint64_t from = 0, to = size;
	enum err rc;

	if (index >= size || size > reader->size)
		return why_set(why, ERR_LIMIT, "no entry %llu in a tree of %llu",
		    (unsigned long long)index, (unsigned long long)size);
	while (to - from > 1) {
		uint64_t middle = from + split_of(to - from);

		must(proof.n < TLOG_PROOF_MAX);
		if (index < middle)
			rc = range(reader, middle, to, &proof.hash[proof.n++], why);
		else
			rc = range(reader, from, middle, &proof.hash[proof.n++], why);
		if (rc != OK)
			return rc;
		if (index < middle)
			to = middle;
		else
			from = middle;
	}
	proof_turn(&proof);
	*ret_proof = proof;
	return OK;
}

enum err
tlog_consistency(const struct tlog_reader *reader, uint64_t old, uint64_t size,
    struct tlog_proof *ret_proof, struct why *why)
{
	struct tlog_proof proof = { 0 };
	uint64_t from = 0, to = size;
	bool whole = true;	/* b of SUBPROOF: the range's left edge is the old tree's */
	enum err rc;

	if (old > size || size > reader->size)
		return why_set(why, ERR_LIMIT, "no proof from %llu to %llu entries",
		    (unsigned long long)old, (unsigned long long)size);
	if (old == 0 || old == size) {
		*ret_proof = proof;
		return OK;
	}
	while (old < to) {
		uint64_t middle = from + split_of(to - from);

		must(proof.n + 1 < TLOG_PROOF_MAX);
		if (old <= middle)
			rc = range(reader, middle, to, &proof.hash[proof.n++], why);
		else
			rc = range(reader, from, middle, &proof.hash[proof.n++], why);
		if (rc != OK)
			return rc;
		if (old <= middle) {
			to = middle;
		} else {
			from = middle;
			whole = false;
		}
	}
	if (!whole) {
		rc = range(reader, from, to, &proof.hash[proof.n++], why);
		if (rc != OK)
			return rc;
	}
	proof_turn(&proof);
	*ret_proof = proof;
	return OK;
}

/* RFC 9162, 2.1.3.2 */
enum err
tlog_inclusion_check(const struct digest *leaf, uint64_t index, uint64_t size,
    const struct digest *root, const struct tlog_proof *proof, struct why *why)
{
	uint64_t fn = index, sn = size - 1;
	struct digest r = *leaf;

	if (index >= size)
		return why_set(why, ERR_PROOF, "entry %llu is outside of a tree of %llu",
		    (unsigned long long)index, (unsigned long long)size);
	for (unsigned i = 0; i < proof->n; i++) {
		if (sn == 0)
			return why_set(why, ERR_PROOF, "inclusion proof is too long");
		if ((fn & 1) != 0 || fn == sn) {
			tlog_node_hash(&r, &proof->hash[i], &r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			tlog_node_hash(&r, &r, &proof->hash[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0)
		return why_set(why, ERR_PROOF, "inclusion proof is too short");
	if (memcmp(r.b, root->b, DIGEST_BYTES) != 0)
		return why_set(why, ERR_PROOF, "inclusion proof leads to another root");
	return OK;
}

/* RFC 9162, 2.1.4.2, steps 2 to 7; 0 < old < size. */
static bool
consistency_holds(uint64_t old, const struct digest *old_root, uint64_t size,
    const struct digest *root, const struct tlog_proof *proof)
{
	uint64_t fn = old - 1, sn = size - 1;
	struct digest fr, sr;
	unsigned i = 0;

	/* When the old tree is perfect its root is the first hash, and is not sent. */
	if ((old & (old - 1)) == 0)
		fr = *old_root;
	else if (proof->n > 0)
		fr = proof->hash[i++];
	else
		return false;
	sr = fr;
	for (; (fn & 1) != 0; fn >>= 1)
		sn >>= 1;
	for (; i < proof->n; i++) {
		const struct digest *c = &proof->hash[i];

		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			tlog_node_hash(&fr, c, &fr);
			tlog_node_hash(&sr, c, &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			tlog_node_hash(&sr, &sr, c);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(fr.b, old_root->b, DIGEST_BYTES) == 0 &&
	    memcmp(sr.b, root->b, DIGEST_BYTES) == 0;
}

enum err
tlog_consistency_check(uint64_t old, const struct digest *old_root, uint64_t size,
    const struct digest *root, const struct tlog_proof *proof, struct why *why)
{
	struct digest empty;
	bool holds;

	tlog_empty_root(&empty);
	if (old == 0)
		holds = proof->n == 0 && memcmp(old_root->b, empty.b, DIGEST_BYTES) == 0 &&
		    (size > 0 || memcmp(root->b, empty.b, DIGEST_BYTES) == 0);
	else if (old == size)
		holds = proof->n == 0 && memcmp(old_root->b, root->b, DIGEST_BYTES) == 0;
	else
		holds = old < size && consistency_holds(old, old_root, size, root, proof);
	if (holds)
		return OK;
	return why_set(why, ERR_PROOF, "the tree of %llu entries does not continue the one of %llu",
	    (unsigned long long)size, (unsigned long long)old);
}

void
tlog_proof_put(struct buf *out, const struct tlog_proof *proof)
{
	for (unsigned i = 0; i < proof->n; i++) {
		base64_put(out, span_of(proof->hash[i].b, DIGEST_BYTES));
		buf_u8(out, '\n');
	}
}

/* ---- names ---- */

static char *
text_put(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n);
	return at + n;
}

/* One group of three digits. */
static char *
group_put(char *at, unsigned v)
{
	*at++ = (char)('0' + v / 100);
	*at++ = (char)('0' + v / 10 % 10);
	*at++ = (char)('0' + v % 10);
	return at;
}

/* 1 to 255, without leading zeros. */
static char *
width_put(char *at, unsigned v)
{
	if (v >= 100)
		*at++ = (char)('0' + v / 100);
	if (v >= 10)
		*at++ = (char)('0' + v / 10 % 10);
	*at++ = (char)('0' + v % 10);
	return at;
}

/* tile/<L>/<N>[.p/<W>]; the longest has 7 groups: 5 + 8 + 27 + 6 octets and NUL. */
void
tlog_name(char ret[TLOG_NAME_BYTES], int level, uint64_t index, unsigned width)
{
	unsigned group[7], n = 0;
	char *at = text_put(ret, "tile/");

	must(level >= TLOG_ENTRIES && level < TLOG_LEVELS && width >= 1 && width <= TLOG_TILE);
	if (level == TLOG_ENTRIES)
		at = text_put(at, "entries");
	else
		*at++ = (char)('0' + level);
	do {
		group[n++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0);
	while (n-- > 0) {
		at = text_put(at, n > 0 ? "/x" : "/");
		at = group_put(at, group[n]);
	}
	if (width < TLOG_TILE) {
		at = text_put(at, ".p/");
		at = width_put(at, width);
	}
	*at = '\0';
}

/* digits, at most max of them; false when there are none or more follow. */
static bool
digits_get(struct cur *in, unsigned max, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned n = 0;

	while (cur_left(in) > 0 && *in->p >= '0' && *in->p <= '9' && n <= max) {
		v = v * 10 + (uint64_t)(cur_u8(in) - '0');
		n++;
	}
	*ret = v;
	return n >= 1 && n <= max;
}

/* index = *("x" 3digit "/") 3digit; its size is checked by writing it again. */
static bool
index_get(struct cur *in, uint64_t *ret)
{
	uint64_t index = 0, v;

	for (unsigned groups = 1; groups <= 7; groups++) {
		bool more = cur_left(in) > 0 && *in->p == 'x';

		if (more)
			(void)cur_u8(in);
		if (!digits_get(in, 3, &v) || __builtin_mul_overflow(index, 1000, &index) ||
		    __builtin_add_overflow(index, v, &index))
			return false;
		if (!more) {
			*ret = index;
			return true;
		}
		if (cur_u8(in) != '/')
			return false;
	}
	return false;
}

enum err
tlog_name_get(struct span name, int *ret_level, uint64_t *ret_index, unsigned *ret_width)
{
	struct span head = SPAN("tile/"), entries = SPAN("entries/");
	struct cur in = cur_of(name);
	char again[TLOG_NAME_BYTES];
	uint64_t index, v = 0;
	uint64_t width = TLOG_TILE;
	int level = TLOG_ENTRIES;

	if (!span_eq(cur_span(&in, head.n), head))
		return ERR_FORMAT;
	if (span_starts(span_of(in.p, cur_left(&in)), entries)) {
		(void)cur_span(&in, entries.n);
	} else {
		if (!digits_get(&in, 1, &v) || v >= TLOG_LEVELS || cur_u8(&in) != '/')
			return ERR_FORMAT;
		level = (int)v;
	}
	if (!index_get(&in, &index))
		return ERR_FORMAT;
	if (cur_left(&in) > 0 && (!span_is(cur_span(&in, 3), ".p/") ||
	    !digits_get(&in, 3, &width) || width < 1 || width >= TLOG_TILE))
		return ERR_FORMAT;
	tlog_name(again, level, index, (unsigned)width);
	if (!span_is(name, again))
		return ERR_FORMAT;
	*ret_level = level;
	*ret_index = index;
	*ret_width = (unsigned)width;
	return OK;
}

/* ---- entry bundles ---- */

void
tlog_bundle_add(struct buf *out, struct span entry)
{
	must(entry.n <= UINT16_MAX);
	buf_u8(out, (uint8_t)(entry.n >> 8));
	buf_u8(out, (uint8_t)entry.n);
	buf_span_put(out, entry);
}

enum err
tlog_bundle_next(struct span *rest, struct span *ret_entry)
{
	struct cur in = cur_of(*rest);
	struct span entry;
	size_t n;

	if (rest->n == 0)
		return ERR_MORE;
	n = (size_t)cur_u8(&in) << 8;
	n |= cur_u8(&in);
	entry = cur_span(&in, n);
	if (in.bad)
		return ERR_FORMAT;
	*rest = span_of(in.p, cur_left(&in));
	*ret_entry = entry;
	return OK;
}
