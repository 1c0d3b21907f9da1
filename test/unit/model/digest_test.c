/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests model/digest.c. The wanted values were computed apart from it, with Python's hashlib and
 * the ChaCha20 of its cryptography package.
 */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/digest.h"

enum { ROWS = 40 };

static void
digest_is(const struct digest *d, const char *want, const char *what, int line)
{
	char hex[2 * DIGEST_BYTES + 1];

	for (size_t i = 0; i < DIGEST_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", d->b[i]);
	check_span_at_(span_str(hex), span_str(want), what, __FILE__, line);
}

#define check_digest(d, want) digest_is((d), (want), #d, __LINE__)

static void
rows_make(struct digest row[ROWS])
{
	uint8_t seed[SEED_BYTES], salt[ROWS * SALT_BYTES], from[SOURCE_DIGEST_BYTES];
	struct source source = { .code = SPAN("source code") };
	char raw[16];

	for (uint8_t i = 0; i < SEED_BYTES; i++)
		seed[i] = i;
	salts(salt, ROWS, seed, 1000);
	source_digest(from, &source);
	for (unsigned i = 0; i < ROWS; i++) {
		(void)snprintf(raw, sizeof raw, "row%02u", i);
		row_digest(&row[i], salt + i * SALT_BYTES, 0, 3, 2, 7, 1000 + i,
		    INT64_C(1700000000123456789) + i, from, span_str(raw));
	}
}

static void
salts_are_the_chacha20_key_stream(void)
{
	static const uint8_t last[SALT_BYTES] = { 0xe6, 0xb6, 0xea, 0x97, 0x09, 0xa8, 0x91, 0x84,
	    0xae, 0x06, 0xf6, 0x6f, 0xaf, 0x81, 0x6a, 0x25 };
	uint8_t seed[SEED_BYTES], salt[ROWS * SALT_BYTES];

	for (uint8_t i = 0; i < SEED_BYTES; i++)
		seed[i] = i;
	salts(salt, ROWS, seed, 1000);
	check_span(span_of(salt + sizeof salt - SALT_BYTES, SALT_BYTES), span_of(last, SALT_BYTES));
}

static void
a_row_has_the_digest_of_the_specification(void)
{
	struct digest row[ROWS], chain = { { 0 } };

	rows_make(row);
	check_digest(&row[0], "7aad4548c1cb37a5789e4f4d5d5332263ba154677eb1c1490ea35d4d9b184cd1");
	chain_next(&chain, 3, &row[0]);
	check_digest(&chain, "166a4c938df31e14353c678cb02a404f9dd29fdfbea6f349130df76ff384749c");
}

static void
tree_is(size_t n, const char *want)
{
	struct digest row[ROWS], root;

	rows_make(row);
	tree16(&root, row, n);
	check_digest(&root, want);
}

static void
trees_of_sixteen_have_the_digests_of_the_specification(void)
{
	struct digest d[300], root;
	char text[8];

	tree_is(1, "2bb5dfccbce7809e8fba50e0dc8f1b67954c9ec14ef0ce91d2d74a40d29bcc12");
	tree_is(16, "08bbea5e8037144ce1dd1c99d031b2bd863ae3b3ee74252f6f4fd5341871a04e");
	tree_is(17, "5c359b2df7c70fcd8eff0930be54288194697909523e6ac4ae4e8a282e17b6d1");
	tree_is(40, "84a33d847780242b7374dba438ff60b042d2a6f12c4df9e63e126c58fb631b66");
	for (unsigned i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof text, "%u", i);
		blake256(&d[i], span_str(text));
	}
	tree16(&root, d, 300);
	check_digest(&root, "2681f39f43d419f1e013f50af6a449e3a41545cc6f65cffeb990a4edce86d926");
}

static void
the_locator_sums_are_those_of_the_specification(void)
{
	struct digest row[ROWS];
	struct locator sum = { 0 };

	rows_make(row);
	for (size_t i = 0; i < ROWS; i++)
		locator_add(&sum, &row[i]);
	check(sum.s0 == UINT64_C(0x7dd12913a5ed84e));
	check(sum.s1 == UINT64_C(0x1e01a1064f32a040));
	check_int(sum.n, ROWS);
}

static struct locator
locate(const struct digest *row, size_t n)
{
	struct locator sum = { 0 };

	for (size_t i = 0; i < n; i++)
		locator_add(&sum, &row[i]);
	return sum;
}

static void
the_locator_names_the_one_row_that_was_changed(void)
{
	struct digest row[ROWS];
	struct locator sealed, seen;

	rows_make(row);
	sealed = locate(row, ROWS);
	check_int(locator_find(&sealed, &sealed), -1);
	for (size_t i = 0; i < ROWS; i++) {
		struct digest old = row[i];

		row[i].b[i % 8] ^= 1;
		seen = locate(row, ROWS);
		check_int(locator_find(&sealed, &seen), (long long)i);
		row[i] = old;
	}
}

static void
the_locator_says_nothing_when_more_rows_were_changed_or_one_is_gone(void)
{
	struct digest row[ROWS];
	struct locator sealed, seen;

	rows_make(row);
	sealed = locate(row, ROWS);
	seen = locate(row, ROWS - 1);
	check_int(locator_find(&sealed, &seen), -1);
	row[3].b[0] ^= 1;
	row[9].b[1] ^= 1;
	seen = locate(row, ROWS);
	check_int(locator_find(&sealed, &seen), -1);
}

static void
a_digest_above_the_prime_is_reduced(void)
{
	struct digest row;
	struct locator sum = { 0 };

	memset(row.b, 0xff, sizeof row.b);
	locator_add(&sum, &row);
	check(sum.s0 == 7);	/* 2^64 - 1 = 8 p + 7 */
	memset(row.b, 0, sizeof row.b);
	memset(row.b, 0xff, 7);
	row.b[7] = 0x1f;	/* p itself */
	locator_add(&sum, &row);
	check(sum.s0 == 7 && sum.s1 == 7);
}

int
main(void)
{
	run(salts_are_the_chacha20_key_stream);
	run(a_row_has_the_digest_of_the_specification);
	run(trees_of_sixteen_have_the_digests_of_the_specification);
	run(the_locator_sums_are_those_of_the_specification);
	run(the_locator_names_the_one_row_that_was_changed);
	run(the_locator_says_nothing_when_more_rows_were_changed_or_one_is_gone);
	run(a_digest_above_the_prime_is_reduced);
	return check_done();
}
