/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token filter of a segment: a Bloom filter of its words and entities, and what it says of
 * numbers and timestamps without filing each. False is certain, true is a guess.
 * doc/formats/segment.md section 7. Inside of store only.
 *
 * A filter has 2^a or 3 * 2^a bits, so that the filters of many segments can be read as one
 * matrix (store/group.h): bit x mod M of the largest is bit x mod m of each.
 */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "store/list.h"
#include "store/stamp.h"

enum {
	FILTER_HASHES = 6,
	FILTER_BITS_PER_TOKEN = 16,	/* at least, half as much again at most: 1 of 1,000 wrong */
	FILTER_RANGES = 64,
	LIMIT_FILTER_BYTES = 64 << 20
};

enum filter_flag {
	FILTER_STAMPS = 1,		/* there are timestamps: their mixed words are not filed */
	FILTER_UUIDS = 2,		/* there are UUIDs: their mixed groups are not filed */
	FILTER_MAILS = 4,		/* words around an @ may not be filed */
	FILTER_KNOWN = 7
};

/* Numbers from min to max may be there and are not filed. */
struct filter_range {
	uint64_t min;
	uint64_t max;
};

/* ---- making ---- */

struct filter_maker;

struct filter_maker	*filter_maker_new(void);
void		filter_maker_free(struct filter_maker **maker);
/* How the next values are escaped: an enum hole_kind. */
void		filter_kind(struct filter_maker *maker, uint8_t kind);
/* Words and entities of a value's octets. */
void		filter_text(struct filter_maker *maker, struct span value);
void		filter_number(struct filter_maker *maker, int64_t v);
/* All of the n numbers, one by one or as a range. */
void		filter_numbers(struct filter_maker *maker, const int64_t *v, size_t n);
void		filter_flags(struct filter_maker *maker, uint8_t flags);
/* The n timestamps of one form, v being the first. */
void		filter_stamps(struct filter_maker *maker, const struct stamp_form *form,
		    struct span v, const int64_t *ns, size_t n);
/* The section's contents; the bits go to a chunk of their own when they are many. */
void		filter_put(struct filter_maker *maker, struct list_out *out);

/* ---- asking ---- */

/* What is known beside the bits. */
struct filter_about {
	uint8_t flags;
	uint32_t lengths;		/* bit n: numbers of n digits are in timestamps */
	uint32_t nrange;
	struct filter_range range[FILTER_RANGES];
};

struct filter {
	struct filter_about about;
	uint64_t nbit;
	struct span bits;		/* the pack's */
};

/* Reads the section; reads the bits too. */
enum err	filter_get(struct list_in *in, struct filter *ret, struct why *why);
bool		filter_may_hold(const struct filter *filter, uint64_t token);
/* May a token be there although no bit says so? */
bool		filter_about_holds(const struct filter_about *about, uint64_t token);
void		filter_about_put(struct buf *out, const struct filter_about *about);
bool		filter_about_get(struct cur *c, struct filter_about *ret);
/* Is it 2^a or 3 * 2^a, at least 64? */
bool		filter_size_ok(uint64_t nbit);

/* The k-th of FILTER_HASHES numbers whose remainders are a token's bits. */
static inline uint64_t
filter_hash(uint64_t token, unsigned k)
{
	uint64_t a = token * UINT64_C(0x9e3779b97f4a7c15), b;

	a = (a ^ a >> 32) * UINT64_C(0xd6e8feb86659fd93);
	a ^= a >> 32;
	b = (a * UINT64_C(0xd6e8feb86659fd93)) | 1;
	return a + k * (b ^ b >> 29);
}

#endif
