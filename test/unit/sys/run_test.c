/* SPDX-License-Identifier: Apache-2.0 */
/* sys/run.c, sys/serial.c */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/run.h"
#include "sys/serial.h"

static struct buf said;
static struct why why;

#define RUN(limit_ms, input, ...) run_so((const char *const[]){ __VA_ARGS__, NULL }, \
	span_str(input), limit_ms)

static enum err
run_so(const char *const *argv, struct span input, int limit_ms)
{
	said.n = 0;
	why = (struct why){ "" };
	return run_program(argv, input, limit_ms, 40, &said, &why);
}

static void
a_program_gets_its_input_and_is_heard(void)
{
	check_int(RUN(20000, "một\nhai\n", "/bin/cat"), OK);
	check_span(buf_span(&said), SPAN("một\nhai\n"));
	check_int(RUN(20000, "", "/bin/sh", "-c", "echo a; echo b >&2"), OK);
	check_span(buf_span(&said), SPAN("a\nb\n"));
	/* One who reads nothing and says much is no trouble. */
	check_int(RUN(20000, "x", "/bin/sh", "-c", "exec <&-; yes | head -c 100000"), OK);
	check_int(said.n, 40);
}

static void
arguments_are_words_for_no_shell(void)
{
	check_int(RUN(20000, "", "/bin/echo", "$HOME", ";", "a  b"), OK);
	check_span(buf_span(&said), SPAN("$HOME ; a  b\n"));
}

static void
it_owns_nothing_of_ours(void)
{
	int fd = open("/dev/null", O_RDONLY);	/* not closed on exec */

	check(fd >= 3 && setenv("SECRET_OF_OURS", "1", 1) == 0);
	check_int(RUN(20000, "", "/bin/sh", "-c", "echo $SECRET_OF_OURS-$LANG; pwd"), OK);
	check_span(buf_span(&said), SPAN("-C.UTF-8\n/\n"));
	/* The shell's own are 0 to 2, and 3 is the list's. */
	check_int(RUN(20000, "", "/bin/sh", "-c", "cd /proc/self/fd; echo *"), OK);
	check_span(buf_span(&said), SPAN("0 1 2 3\n"));
	file_close(&fd);
}

static void
what_goes_wrong_is_named(void)
{
	check_int(RUN(20000, "", "/bin/sh", "-c", "echo no; exit 3"), ERR_IO);
	check_span(span_str(why.text), SPAN("/bin/sh: exit status 3"));
	check_span(buf_span(&said), SPAN("no\n"));
	check_int(RUN(20000, "", "/nowhere/x"), ERR_IO);
	check(strstr(why.text, "cannot be run") != NULL);
	check_int(RUN(20000, "", "/bin/sh", "-c", "kill -9 $$"), ERR_IO);
	check(strstr(why.text, "signal 9") != NULL);
}

static void
what_does_not_end_is_killed_with_all_that_it_started(void)
{
	check_int(RUN(200, "", "/bin/sh", "-c", "echo $$; sleep 1000 & sleep 1000"), ERR_BUSY);
	check(strstr(why.text, "not done") != NULL && said.n > 1);
	check_int(RUN(200, "", "/bin/sh", "-c", "exec >&- 2>&-; sleep 1000"), ERR_BUSY);
}

static void
a_serial_line_is_raw_and_ours_alone(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd = -1;
	char octets[8];
	ssize_t n = -1;

	check(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	check_int(serial_open(&fd, ptsname(master), &why), OK);
	check(read(fd, octets, sizeof octets) < 0 && write(fd, "AT\r", 3) == 3);
	n = read(master, octets, sizeof octets);
	check_span(span_of(octets, n > 0 ? (size_t)n : 0), SPAN("AT\r"));
	file_close(&fd);
	file_close(&master);
	check_int(serial_open(&fd, "/dev/null", &why), ERR_FORMAT);
	check_int(serial_open(&fd, "/dev/ttyNOWHERE", &why), ERR_ABSENT);
	check_int(fd, -1);
}

int
main(void)
{
	run(a_program_gets_its_input_and_is_heard);
	run(arguments_are_words_for_no_shell);
	run(it_owns_nothing_of_ours);
	run(what_goes_wrong_is_named);
	run(what_does_not_end_is_killed_with_all_that_it_started);
	run(a_serial_line_is_raw_and_ours_alone);
	buf_done(&said);
	return check_done();
}
