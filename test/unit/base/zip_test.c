/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of a zip as APPNOTE 6.3 has them, octet by octet. */
#include "base/zip.h"

#include "check.h"

static void
an_empty_zip_is_its_end(void)
{
	struct buf out = { 0 };

	zip_end_put(&out, NULL, 0, ZIP_NO_TIME, 0);
	check_span(buf_span(&out), SPAN("PK\005\006\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
	buf_done(&out);
}

static void
a_member_has_a_head_and_a_row_in_the_list(void)
{
	const struct zip_member m = { .name = SPAN("a/b"), .size = 5, .crc = 0x04030201,
	    .offset = 7 };
	struct buf out = { 0 };

	zip_head_put(&out, &m, ZIP_NO_TIME);
	check_span(buf_span(&out), SPAN("PK\003\004\012\0\0\0\0\0\0\0\041\0\001\002\003\004"
	    "\005\0\0\0\005\0\0\0\003\0\0\0a/b"));
	out.n = 0;
	zip_end_put(&out, &m, 1, ZIP_NO_TIME, 45);
	check_span(buf_span(&out), SPAN("PK\001\002\024\0\012\0\0\0\0\0\0\0\041\0\001\002\003\004"
	    "\005\0\0\0\005\0\0\0\003\0\0\0\0\0\0\0\0\0\0\0\0\0\007\0\0\0a/b"
	    "PK\005\006\0\0\0\0\001\0\001\0\061\0\0\0\055\0\0\0\0\0"));
	buf_done(&out);
}

int
main(void)
{
	run(an_empty_zip_is_its_end);
	run(a_member_has_a_head_and_a_row_in_the_list);
	return check_done();
}
