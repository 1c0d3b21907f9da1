/* SPDX-License-Identifier: Apache-2.0 */
/* Tests model/blake.c against libsodium, string by string, and against row_digest(). */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/blake.h"

enum { STRINGS = 700, OCTETS = 4000 };

static uint8_t octets[OCTETS];

static uint64_t
roll(void)
{
	static uint64_t dice = 88172645463325252;

	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice;
}

static void
same_as_one_by_one(const struct span *s, size_t n)
{
	struct digest *d = xcalloc(n, sizeof *d), one;
	size_t differ = 0;

	blake_many(d, s, n);
	for (size_t i = 0; i < n; i++) {
		blake256(&one, s[i]);
		differ += memcmp(&d[i], &one, sizeof one) != 0;
	}
	check_int(differ, 0);
	free(d);
}

static void
every_length_gives_the_digest_of_libsodium(void)
{
	static struct span s[STRINGS];

	for (size_t i = 0; i < STRINGS; i++)
		s[i] = span_of(octets + i, i);
	same_as_one_by_one(s, STRINGS);
	for (size_t i = 0; i < STRINGS; i++)
		s[i] = span_of(octets, STRINGS - i);
	same_as_one_by_one(s, STRINGS);
}

static void
any_number_of_strings_of_any_lengths_does(void)
{
	static struct span s[STRINGS];

	for (size_t n = 0; n < 40; n++) {
		for (size_t i = 0; i < n; i++) {
			size_t length = roll() % (roll() % 4 == 0 ? OCTETS : 300);

			s[i] = span_of(octets + roll() % (OCTETS - length + 1), length);
		}
		same_as_one_by_one(s, n);
	}
}

static void
rows_together_have_the_digests_of_rows_alone(void)
{
	static struct digest many_d[STRINGS * 2], one;
	struct row_many *many = row_many_new();
	uint8_t salt[SALT_BYTES] = { 1 }, from[SOURCE_DIGEST_BYTES] = { 2 };
	static size_t at[STRINGS * 2], n[STRINGS * 2];
	size_t differ = 0;

	for (size_t i = 0; i < STRINGS * 2; i++) {
		n[i] = roll() % (i % 50 == 0 ? OCTETS : 400);
		at[i] = roll() % (OCTETS - n[i] + 1);
		memcpy(row_many_add(many, &many_d[i], salt, 1, 2, 3, 4, 5 + i, -6, from, n[i]),
		    octets + at[i], n[i]);
	}
	row_many_end(many);
	row_many_end(many);
	for (size_t i = 0; i < STRINGS * 2; i++) {
		row_digest(&one, salt, 1, 2, 3, 4, 5 + i, -6, from, span_of(octets + at[i], n[i]));
		differ += memcmp(&many_d[i], &one, sizeof one) != 0;
	}
	check_int(differ, 0);
	row_many_free(&many);
}

int
main(void)
{
	for (size_t i = 0; i < OCTETS; i++)
		octets[i] = (uint8_t)roll();
	run(every_length_gives_the_digest_of_libsodium);
	run(any_number_of_strings_of_any_lengths_does);
	run(rows_together_have_the_digests_of_rows_alone);
	return check_done();
}
