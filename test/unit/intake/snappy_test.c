/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/snappy.c on blocks put together by hand after format_description.txt. */
#include "intake/snappy.h"

#include <stdlib.h>

#include "check.h"
#include "base/limits.h"

enum { ROOM = 300 };

static void
decodes_to(struct span block, const char *want)
{
	uint8_t room[ROOM];
	size_t n = 0;

	if (check_int(snappy_size(block, ROOM, &n), OK) &&
	    check_int(snappy_decode(block, room, n), OK))
		check_span(span_of(room, n), span_str(want));
}

static void
literals_and_copies_of_each_length_are_read(void)
{
	static uint8_t block[ROOM] = { 0xc8, 0x01, 60 << 2, 199 };
	uint8_t room[ROOM];
	size_t n = 0;

	decodes_to(SPAN("\x00"), "");
	decodes_to(SPAN("\x03\x08" "abc"), "abc");
	/* A copy of 4 from 3 octets before: what it writes it reads. */
	decodes_to(SPAN("\x07\x08" "abc" "\x01\x03"), "abcabca");
	decodes_to(SPAN("\x09\x08" "abc" "\x16\x03\x00"), "abcabcabc");
	decodes_to(SPAN("\x05\x04" "ab" "\x0b\x01\x00\x00\x00"), "abbbb");
	/* A literal of 200 with its length in an octet of its own. */
	memset(block + 4, 'x', 200);
	check_int(snappy_size(span_of(block, 204), ROOM, &n), OK);
	check_int(n, 200);
	check_int(snappy_decode(span_of(block, 204), room, n), OK);
	check(room[0] == 'x' && room[199] == 'x');
}

static void
broken_blocks_are_refused(void)
{
	const struct span bad[] = {
		SPAN("\x03"),				/* nothing of what it says */
		SPAN("\x03\x08" "ab"),			/* a literal that is cut off */
		SPAN("\x02\x08" "abc"),			/* longer than it says */
		SPAN("\x04\x08" "abc"),			/* shorter */
		SPAN("\x07\x08" "abc" "\x01\x04"),	/* a copy from before the begin */
		SPAN("\x07\x08" "abc" "\x01\x00"),	/* from nowhere */
		SPAN("\x07\x08" "abc" "\x02"),		/* without its offset */
		SPAN("\x06\x08" "abc" "\x01\x03"),	/* that writes too much */
		SPAN("\x07\xf0"),			/* a literal without its length */
		SPAN("\x07\xfc\xff\xff\xff\xff"),	/* of 4 GB */
	};
	uint8_t room[ROOM];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		size_t n = 0;

		check_int(snappy_size(bad[i], ROOM, &n), OK);
		check_int(snappy_decode(bad[i], room, n), ERR_FORMAT);
	}
}

static void
a_size_that_cannot_be_is_not_believed(void)
{
	size_t n = 7;

	check_int(snappy_size(SPAN(""), ROOM, &n), ERR_FORMAT);
	check_int(snappy_size(SPAN("\xff\xff\xff\xff\x0f\x00"), ROOM, &n), ERR_FORMAT);
	check_int(snappy_size(SPAN("\xff\xff\xff\xff\xff\x01\x00"), ROOM, &n), ERR_FORMAT);
	check_int(snappy_size(SPAN("\x40\x00\x00"), ROOM / 10, &n), ERR_LIMIT);
	check_int(n, 7);
}

int
main(void)
{
	run(literals_and_copies_of_each_length_are_read);
	run(broken_blocks_are_refused);
	run(a_size_that_cannot_be_is_not_believed);
	return check_done();
}
