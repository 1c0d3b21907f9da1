/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Four BLAKE2b states side by side, RFC 7693 section 3; see blake.h.
 * Hot path: most of what sealing costs is here.
 *
 * A lane that has taken its last block gives its digest and takes the next string, so that strings
 * of different lengths keep all four busy. Word i of the four states lies in one vector.
 */
#include "model/blake.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/must.h"

enum {
	LANES = 4,
	BLOCK = 128,
	MANY_ROWS = 512,		/* a turn of row_many: at most so many rows, */
	MANY_BYTES = 128 << 10		/* and about so many octets: they stay in the cache */
};

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2	__attribute__((target("avx2")))
#define INLINE	static inline AVX2 __attribute__((always_inline))

static const uint64_t start_words[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint8_t sigma[12][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
};

/* What the four lanes are at. */
struct lanes {
	uint64_t h[8][LANES] __attribute__((aligned(32)));
	uint64_t t[LANES] __attribute__((aligned(32)));		/* octets taken */
	uint64_t last[LANES] __attribute__((aligned(32)));	/* all ones: the last block */
	const uint8_t *block[LANES];
	const uint8_t *p[LANES];	/* what is left, */
	size_t left[LANES];		/* and how much */
	size_t job[LANES];		/* index of the string; SIZE_MAX: idle */
	uint8_t pad[LANES][BLOCK] __attribute__((aligned(32)));
};

/* The mixing function G on all four, section 3.1. */
INLINE void
mix(__m256i *a, __m256i *b, __m256i *c, __m256i *d, __m256i x, __m256i y)
{
	const __m256i right24 = _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9,
	    10, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
	const __m256i right16 = _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8,
	    9, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);

	*a = _mm256_add_epi64(_mm256_add_epi64(*a, *b), x);
	*d = _mm256_shuffle_epi32(_mm256_xor_si256(*d, *a), 0xb1);
	*c = _mm256_add_epi64(*c, *d);
	*b = _mm256_shuffle_epi8(_mm256_xor_si256(*b, *c), right24);
	*a = _mm256_add_epi64(_mm256_add_epi64(*a, *b), y);
	*d = _mm256_shuffle_epi8(_mm256_xor_si256(*d, *a), right16);
	*c = _mm256_add_epi64(*c, *d);
	*b = _mm256_xor_si256(*b, *c);
	*b = _mm256_or_si256(_mm256_srli_epi64(*b, 63), _mm256_add_epi64(*b, *b));
}

/* Words 4 k to 4 k + 3 of the four blocks, turned so that each vector has one word of all. */
INLINE void
turn(__m256i m[4], const uint8_t *const block[LANES], size_t k)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(block[0] + 32 * k));
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(block[1] + 32 * k));
	__m256i c = _mm256_loadu_si256((const __m256i *)(const void *)(block[2] + 32 * k));
	__m256i d = _mm256_loadu_si256((const __m256i *)(const void *)(block[3] + 32 * k));
	__m256i ab = _mm256_unpacklo_epi64(a, b), cd = _mm256_unpacklo_epi64(c, d);

	m[0] = _mm256_permute2x128_si256(ab, cd, 0x20);
	m[2] = _mm256_permute2x128_si256(ab, cd, 0x31);
	ab = _mm256_unpackhi_epi64(a, b);
	cd = _mm256_unpackhi_epi64(c, d);
	m[1] = _mm256_permute2x128_si256(ab, cd, 0x20);
	m[3] = _mm256_permute2x128_si256(ab, cd, 0x31);
}

/* The compression function F, section 3.2. */
AVX2 static void
compress(struct lanes *l)
{
	__m256i m[16], v[16];

	for (size_t k = 0; k < 4; k++)
		turn(m + 4 * k, l->block, k);
	for (size_t i = 0; i < 8; i++) {
		v[i] = _mm256_load_si256((const __m256i *)(const void *)l->h[i]);
		v[i + 8] = _mm256_set1_epi64x((long long)start_words[i]);
	}
	v[12] = _mm256_xor_si256(v[12], _mm256_load_si256((const __m256i *)(const void *)l->t));
	v[14] = _mm256_xor_si256(v[14], _mm256_load_si256((const __m256i *)(const void *)l->last));
#pragma GCC unroll 12
	for (size_t r = 0; r < 12; r++) {
		const uint8_t *s = sigma[r];

		mix(&v[0], &v[4], &v[8], &v[12], m[s[0]], m[s[1]]);
		mix(&v[1], &v[5], &v[9], &v[13], m[s[2]], m[s[3]]);
		mix(&v[2], &v[6], &v[10], &v[14], m[s[4]], m[s[5]]);
		mix(&v[3], &v[7], &v[11], &v[15], m[s[6]], m[s[7]]);
		mix(&v[0], &v[5], &v[10], &v[15], m[s[8]], m[s[9]]);
		mix(&v[1], &v[6], &v[11], &v[12], m[s[10]], m[s[11]]);
		mix(&v[2], &v[7], &v[8], &v[13], m[s[12]], m[s[13]]);
		mix(&v[3], &v[4], &v[9], &v[14], m[s[14]], m[s[15]]);
	}
	for (size_t i = 0; i < 8; i++) {
		__m256i *h = (__m256i *)(void *)l->h[i];

		_mm256_store_si256(h, _mm256_xor_si256(_mm256_load_si256(h),
		    _mm256_xor_si256(v[i], v[i + 8])));
	}
}

/* The lane begins string number `job`: digest of 32 octets, no key (section 2.5). */
static void
lane_begin(struct lanes *l, size_t lane, size_t job, struct span s)
{
	for (size_t i = 0; i < 8; i++)
		l->h[i][lane] = start_words[i];
	l->h[0][lane] ^= 0x01010000 ^ DIGEST_BYTES;
	l->t[lane] = 0;
	l->p[lane] = s.p;
	l->left[lane] = s.n;
	l->job[lane] = job;
}

/* Points the lane at its next block; the last one is filled up with zeros. */
static void
lane_block(struct lanes *l, size_t lane)
{
	size_t n = l->left[lane] < BLOCK ? l->left[lane] : BLOCK;

	l->last[lane] = l->left[lane] <= BLOCK ? UINT64_MAX : 0;
	l->block[lane] = l->p[lane];
	if (n < BLOCK) {
		memset(l->pad[lane], 0, BLOCK);
		if (n > 0)
			memcpy(l->pad[lane], l->p[lane], n);
		l->block[lane] = l->pad[lane];
	}
	l->t[lane] += n;
	l->left[lane] -= n;
	if (l->left[lane] > 0)
		l->p[lane] += n;
}

static void
many_lanes(struct digest *ret, const struct span *bytes, size_t n)
{
	struct lanes l;
	size_t next = 0, busy = 0;

	for (size_t i = 0; i < LANES; i++, next++) {
		lane_begin(&l, i, next < n ? next : SIZE_MAX,
		    next < n ? bytes[next] : (struct span){ l.pad[i], 0 });
		busy += next < n;
	}
	while (busy > 0) {
		for (size_t i = 0; i < LANES; i++)
			lane_block(&l, i);
		compress(&l);
		for (size_t i = 0; i < LANES; i++) {
			if (l.last[i] == 0)
				continue;
			if (l.job[i] != SIZE_MAX) {
				for (size_t k = 0; k < 4; k++)
					le_put(ret[l.job[i]].b + 8 * k, l.h[k][i], 8);
				busy--;
			}
			busy += next < n;
			lane_begin(&l, i, next < n ? next : SIZE_MAX,
			    next < n ? bytes[next] : (struct span){ l.pad[i], 0 });
			next += next < n;
		}
	}
}

static bool
has_lanes(void)
{
	return __builtin_cpu_supports("avx2");
}

#else

static void
many_lanes(struct digest *ret, const struct span *bytes, size_t n)
{
	(void)ret;
	(void)bytes;
	(void)n;
}

static bool
has_lanes(void)
{
	return false;
}

#endif

void
blake_many(struct digest *ret, const struct span *bytes, size_t n)
{
	if (n > 1 && has_lanes()) {
		many_lanes(ret, bytes, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		blake256(&ret[i], bytes[i]);
}

/* ---- rows ---- */

struct row_many {
	size_t n;			/* rows that wait */
	struct digest **ret;		/* theirs */
	size_t *at;			/* where in bytes each begins, and the end of the last */
	struct buf bytes;
	struct span *span;
	struct digest *digest;
};

struct row_many *
row_many_new(void)
{
	struct row_many *many = xcalloc(1, sizeof *many);

	many->ret = xcalloc(MANY_ROWS, sizeof *many->ret);
	many->at = xcalloc(MANY_ROWS + 1, sizeof *many->at);
	many->span = xcalloc(MANY_ROWS, sizeof *many->span);
	many->digest = xcalloc(MANY_ROWS, sizeof *many->digest);
	return many;
}

void
row_many_free(struct row_many **many)
{
	if (*many == NULL)
		return;
	free((*many)->ret);
	free((*many)->at);
	free((*many)->span);
	free((*many)->digest);
	buf_done(&(*many)->bytes);
	free(*many);
	*many = NULL;
}

uint8_t *
row_many_add(struct row_many *many, struct digest *ret, const uint8_t salt[SALT_BYTES],
    uint8_t stream, uint8_t class, uint8_t flags, uint32_t epoch, uint64_t seq, int64_t recv_ns,
    const uint8_t source_digest[SOURCE_DIGEST_BYTES], size_t n)
{
	uint8_t *at;

	if (many->n == MANY_ROWS || many->bytes.n > MANY_BYTES)
		row_many_end(many);
	at = buf_add(&many->bytes, ROW_HEAD_BYTES + n);
	row_head_put(at, salt, stream, class, flags, epoch, seq, recv_ns, source_digest, n);
	many->ret[many->n++] = ret;
	many->at[many->n] = many->bytes.n;
	return at + ROW_HEAD_BYTES;
}

void
row_many_end(struct row_many *many)
{
	for (size_t i = 0; i < many->n; i++)
		many->span[i] = span_of(many->bytes.p + many->at[i], many->at[i + 1] - many->at[i]);
	blake_many(many->digest, many->span, many->n);
	for (size_t i = 0; i < many->n; i++)
		*many->ret[i] = many->digest[i];
	many->n = 0;
	many->bytes.n = 0;
}
