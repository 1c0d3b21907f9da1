/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the frame reader and the offers of intake/relp.c. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "intake/relp.h"

struct example {
	const char *what;
	struct span in;
	const char *want;	/* "txnr:command:data;" for each frame, '!' where it breaks */
};

#define IN(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

static const struct example examples[] = {
	{ "syslog", IN("2 syslog 5 hello\n"), "2:2:hello;" },
	{ "open and syslog", IN("1 open 3 a=b\n2 syslog 1 x\n"), "1:1:a=b;2:2:x;" },
	{ "no data", IN("3 close 0\n"), "3:3:;" },
	{ "no data with a space", IN("3 close 0 \n"), "3:3:;" },
	{ "LF in the data", IN("1 syslog 3 a\nb\n"), "1:2:a\nb;" },
	{ "largest number", IN("999999999 syslog 1 x\n"), "999999999:2:x;" },
	{ "unknown command", IN("1 starttls 0\n"), "1:0:;" },
	{ "rsp, serverclose", IN("1 rsp 6 200 OK\n0 serverclose 0\n"), "1:4:200 OK;0:5:;" },
	{ "a long word", IN("1 abcdefghijklmnopqrstuvwxyzabcdef 0\n"), "1:0:;" },
	{ "too long a word", IN("1 abcdefghijklmnopqrstuvwxyzabcdefg 0\n"), "!" },
	{ "ten digits", IN("1000000000 syslog 1 x\n"), "!" },
	{ "ten digits of size", IN("1 syslog 1000000000 x\n"), "!" },
	{ "no number", IN(" syslog 1 x\n"), "!" },
	{ "letters for a number", IN("x syslog 1 x\n"), "!" },
	{ "minus", IN("-1 syslog 1 x\n"), "!" },
	{ "no command", IN("1  1 x\n"), "!" },
	{ "digits in the command", IN("1 sys1og 1 x\n"), "!" },
	{ "no size", IN("1 syslog \n"), "!" },
	{ "size without data", IN("1 syslog 3\n"), "!" },
	{ "negative size", IN("1 syslog -1 x\n"), "!" },
	{ "data longer than said", IN("1 syslog 1 xy\n"), "!" },
	{ "data shorter than said", IN("1 syslog 3 x\n1 s"), "!" },
	{ "no LF behind", IN("1 syslog 1 x2 syslog 1 y\n"), "!" },
	{ "two spaces before the data", IN("1 syslog 1  x\n"), "!" },
	{ "data for size zero", IN("1 close 0 x\n"), "!" },
	{ "LF first", IN("\n1 syslog 1 x\n"), "!" },
	{ "NUL", IN("1 sys\0og 1 x\n"), "!" },
	{ "large data of another command", IN("1 open 32769 x"), "!" },
	{ "not complete", IN("1 syslog 10 abc"), "" },
	{ "nothing", IN(""), "" },
};

static void
frames_of(struct buf *out, struct span in, size_t step)
{
	struct relp_reader reader = { 0 };
	struct relp_frame frame;
	enum err rc = ERR_MORE;

	while (in.n > 0 && rc != ERR_FORMAT) {
		struct span part = span_sub(in, 0, step);
		uint8_t *copy = xmemdup(part.p, part.n);

		in = span_sub(in, step, SIZE_MAX);
		part.p = copy;
		while ((rc = relp_next(&reader, &part, LIMIT_RECORD_BYTES, &frame)) == OK) {
			buf_printf(out, "%u:%u:", frame.txnr, frame.command);
			buf_span_put(out, frame.data);
			buf_u8(out, ';');
		}
		free(copy);
	}
	if (rc == ERR_FORMAT)
		buf_u8(out, '!');
	relp_reader_done(&reader);
}

static void
frames_are_the_same_however_the_stream_is_cut(void)
{
	static const size_t steps[] = { 4096, 1, 2, 3, 7 };

	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
			struct buf out = { 0 };

			buf_reserve(&out, 1);
			frames_of(&out, examples[i].in, steps[k]);
			if (!check_span(buf_span(&out), span_str(examples[i].want)))
				printf("%s, %zu octets at a time\n", examples[i].what, steps[k]);
			buf_done(&out);
		}
	}
}

static void
long_data_is_cut_counted_and_the_next_frame_is_read(void)
{
	struct relp_reader reader = { 0 };
	uint8_t *data = xcalloc(1, 3000000);
	struct span in = SPAN("1 syslog 3000000 ");
	struct relp_frame frame;

	check_int(relp_next(&reader, &in, LIMIT_RECORD_BYTES, &frame), ERR_MORE);
	in = span_of(data, 3000000);
	check_int(relp_next(&reader, &in, LIMIT_RECORD_BYTES, &frame), ERR_MORE);
	check(relp_held(&reader) <= 2 * LIMIT_RECORD_BYTES);
	in = SPAN("\n2 syslog 1 x\n");
	check_int(relp_next(&reader, &in, LIMIT_RECORD_BYTES, &frame), OK);
	check_int(frame.data.n, LIMIT_RECORD_BYTES);
	check_int(frame.cut, 3000000 - LIMIT_RECORD_BYTES);
	check_int(relp_next(&reader, &in, LIMIT_RECORD_BYTES, &frame), OK);
	check_span(frame.data, SPAN("x"));
	check_int(frame.cut, 0);
	relp_reader_done(&reader);
	free(data);
}

static void
offers_name_a_version_and_syslog(void)
{
	uint32_t version = 9;

	check_int(relp_offers(SPAN("relp_version=0\nrelp_software=x\ncommands=syslog"), &version,
	    NULL), OK);
	check_int(version, 0);
	check_int(relp_offers(SPAN("commands=eventlog,syslog\nrelp_version=7\n"), &version, NULL),
	    OK);
	check_int(version, 1);
	check_int(relp_offers(SPAN("relp_version=0\ncommands=eventlog"), &version, NULL),
	    ERR_FORMAT);
	check_int(relp_offers(SPAN("relp_version=0\ncommands=syslogx"), &version, NULL),
	    ERR_FORMAT);
	check_int(relp_offers(SPAN("commands=syslog"), &version, NULL), ERR_FORMAT);
	check_int(relp_offers(SPAN("relp_version=\ncommands=syslog"), &version, NULL), ERR_FORMAT);
	check_int(relp_offers(SPAN("relp_version=99\ncommands=syslog"), &version, NULL),
	    ERR_FORMAT);
	check_int(relp_offers(SPAN(""), &version, NULL), ERR_FORMAT);
	check_int(version, 1);
}

int
main(void)
{
	run(frames_are_the_same_however_the_stream_is_cut);
	run(long_data_is_cut_counted_and_the_next_frame_is_read);
	run(offers_name_a_version_and_syslog);
	return check_done();
}
