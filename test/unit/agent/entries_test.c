/* SPDX-License-Identifier: Apache-2.0 */
/* agent/entries.c over journal files that systemd's own program made of export text. */
#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/batch.h"
#include "check.h"

#define MAKER	"/lib/systemd/systemd-journal-remote"

static char dir[64];
static struct buf got;			/* records, one a line */
static unsigned ngot;
static uint8_t last_flags;
static struct why why;

static void
run_program(const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)freopen("/dev/null", "w", stderr);
		(void)execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

/* A journal with these entries in export format, see systemd.io/JOURNAL_EXPORT_FORMATS. */
static void
journal_make(struct span text)
{
	char in[96], out[96];
	const char *const argv[] = { MAKER, "-o", out, in, NULL };
	FILE *file;

	(void)snprintf(dir, sizeof dir, "/tmp/entries_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(in, sizeof in, "%s/in.export", dir);
	(void)snprintf(out, sizeof out, "%s/out.journal", dir);
	file = fopen(in, "w");
	must(file != NULL && fwrite(text.p, 1, text.n, file) == text.n && fclose(file) == 0);
	run_program(argv);
}

static void
journal_drop(void)
{
	const char *const argv[] = { "/bin/rm", "-rf", dir, NULL };

	run_program(argv);
}

static void
entry_put(struct buf *out, unsigned long long us, const char *message)
{
	buf_printf(out, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n"
	    "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
	    "MESSAGE=%s\nPRIORITY=6\n\n", us, us % 1000000,
	    message);
}

static void
take(void *ctx, const char *path, struct span record, uint8_t flags)
{
	(void)ctx;
	check_span(span_str(path), SPAN("journal"));
	buf_span_put(&got, record);
	buf_u8(&got, '\n');
	last_flags = flags;
	ngot++;
}

static void
clear(void)
{
	got.n = 0;
	ngot = 0;
}

static bool
missing(void)
{
	return access(MAKER, X_OK) != 0;
}

static void
entries_come_in_order_as_json(void)
{
	struct entries *e = NULL;
	struct buf text = { 0 };

	if (missing())
		skip("no systemd-journal-remote");
	entry_put(&text, 1790000000000001, "say \"a\\b\"");
	entry_put(&text, 1790000000000002, "Đăng nhập");
	journal_make(buf_span(&text));
	check_int(entries_open(&e, dir, "", &why), OK);
	clear();
	while (entries_read(e, 1, take, NULL))
		;
	check_int(ngot, 2);
	buf_u8(&got, 0);
	check(span_starts(buf_span(&got),
	    SPAN("{\"__REALTIME_TIMESTAMP\":\"1790000000000001\",")));
	check(span_holds(buf_span(&got), ",\"MESSAGE\":\"say \\\"a\\\\b\\\"\""));
	check(span_holds(buf_span(&got), ",\"MESSAGE\":\"Đăng nhập\""));
	check(span_holds(buf_span(&got), ",\"PRIORITY\":\"6\""));
	check_int(last_flags, 0);
	entries_close(&e);
	entries_close(&e);
	journal_drop();
	buf_done(&text);
}

static void
a_cursor_goes_on_behind_the_last_entry(void)
{
	struct entries *e = NULL;
	struct buf text = { 0 };
	char cursor[1024];

	if (missing())
		skip("no systemd-journal-remote");
	entry_put(&text, 1790000000000001, "one");
	entry_put(&text, 1790000000000002, "two");
	entry_put(&text, 1790000000000003, "three");
	journal_make(buf_span(&text));
	check_int(entries_open(&e, dir, "", &why), OK);
	check_span(span_str(entries_cursor(e)), SPAN(""));
	clear();
	(void)entries_read(e, 2, take, NULL);
	check_int(ngot, 2);
	(void)snprintf(cursor, sizeof cursor, "%s", entries_cursor(e));
	entries_close(&e);
	check_int(entries_open(&e, dir, cursor, &why), OK);
	/* Nothing was read yet: the place is still that one, not the beginning. */
	check_span(span_str(entries_cursor(e)), span_str(cursor));
	clear();
	check(!entries_read(e, 10, take, NULL));
	check_int(ngot, 1);
	buf_u8(&got, 0);
	check(span_holds(buf_span(&got), "\"three\""));
	clear();
	check(!entries_read(e, 10, take, NULL));
	check_int(ngot, 0);
	entries_close(&e);
	journal_drop();
	buf_done(&text);
}

static void
a_cursor_of_nowhere_begins_with_the_oldest(void)
{
	struct entries *e = NULL;
	struct buf text = { 0 };

	if (missing())
		skip("no systemd-journal-remote");
	entry_put(&text, 1790000000000001, "one");
	entry_put(&text, 1790000000000002, "two");
	journal_make(buf_span(&text));
	check_int(entries_open(&e, dir, "no cursor at all", &why), OK);
	clear();
	(void)entries_read(e, 10, take, NULL);
	check_int(ngot, 2);
	entries_close(&e);
	/* Of a journal that is gone, older than all of this one. */
	check_int(entries_open(&e, dir, "s=0123456789abcdef0123456789abcdef;i=1;"
	    "b=0123456789abcdef0123456789abcdef;m=1;t=65c0000000000;x=1", &why), OK);
	clear();
	(void)entries_read(e, 10, take, NULL);
	check_int(ngot, 2);
	entries_close(&e);
	journal_drop();
	buf_done(&text);
}

static void
octets_that_are_no_text_are_numbers_and_what_is_too_long_is_left_out(void)
{
	static uint8_t big[LIMIT_RECORD_BYTES - 100];
	struct entries *e = NULL;
	struct buf text = { 0 };

	if (missing())
		skip("no systemd-journal-remote");
	buf_str(&text, "__REALTIME_TIMESTAMP=1790000000000001\n__MONOTONIC_TIMESTAMP=1\n"
	    "_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=odd\nBIN\n");
	buf_u64(&text, 3);
	buf_put(&text, "\xff\x00\x0a", 3);
	buf_str(&text, "\n\n");
	buf_str(&text, "__REALTIME_TIMESTAMP=1790000000000002\n__MONOTONIC_TIMESTAMP=2\n"
	    "_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=long\nBIG\n");
	memset(big, 1, sizeof big);		/* six octets of JSON each */
	buf_u64(&text, sizeof big);
	buf_put(&text, big, sizeof big);
	buf_str(&text, "\n\n");
	journal_make(buf_span(&text));
	check_int(entries_open(&e, dir, "", &why), OK);
	clear();
	(void)entries_read(e, 1, take, NULL);
	buf_u8(&got, 0);
	check(span_holds(buf_span(&got), ",\"BIN\":[255,0,10]"));
	check_int(last_flags, 0);
	clear();
	(void)entries_read(e, 1, take, NULL);
	check(got.n <= LIMIT_RECORD_BYTES + 1);
	check_int(last_flags, ROW_CUT);
	buf_u8(&got, 0);
	check(span_holds(buf_span(&got), "\"MESSAGE\":\"long\""));
	check(!span_holds(buf_span(&got), "BIG"));
	entries_close(&e);
	journal_drop();
	buf_done(&text);
}

int
main(void)
{
	run(entries_come_in_order_as_json);
	run(a_cursor_goes_on_behind_the_last_entry);
	run(a_cursor_of_nowhere_begins_with_the_oldest);
	run(octets_that_are_no_text_are_numbers_and_what_is_too_long_is_left_out);
	buf_done(&got);
	return check_done();
}
