/* SPDX-License-Identifier: Apache-2.0 */
/* sys/file.c, sys/dir.c and the faults of sys/fault.c. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "check.h"
#include "sys/fault.h"

static int dir = -1;		/* empty before each test */
static char dir_path[64];
static struct why why;

static enum err
remove_one(void *arg, const struct dir_entry *entry, struct why *w)
{
	(void)arg;
	if (entry->kind == DIR_DIRECTORY)
		return dir_remove(dir, entry->name, w);
	return file_unlink(dir, entry->name, w);
}

static void
make_dir(void)
{
	(void)snprintf(dir_path, sizeof dir_path, "/tmp/file_test.XXXXXX");
	must(mkdtemp(dir_path) != NULL);
	must(dir_open(&dir, AT_FDCWD, dir_path, &why) == OK);
}

static void
drop_dir(void)
{
	check_int(dir_each(dir, remove_one, NULL, &why), OK);
	file_close(&dir);
	must(rmdir(dir_path) == 0);
}

static void
with_fault(const char *at, const char *how, const char *call)
{
	(void)setenv("FAIL_AT", at, 1);
	(void)setenv("FAIL_ERRNO", how, 1);
	if (call != NULL)
		(void)setenv("FAIL_CALL", call, 1);
	fault_reload();
}

static void
without_fault(void)
{
	(void)unsetenv("FAIL_AT");
	(void)unsetenv("FAIL_ERRNO");
	(void)unsetenv("FAIL_CALL");
	(void)unsetenv("FAIL_CRASH_AT");
	(void)unsetenv("WRITE_LOG");
	fault_reload();
}

static void
what_is_written_can_be_read(void)
{
	struct buf all = { 0 };
	char some[8];
	uint64_t size = 0;
	int fd = -1;

	check_int(file_open(&fd, dir, "a", FILE_READ_WRITE_NEW, &why), OK);
	check_int(file_write_all(fd, SPAN("hello world"), &why), OK);
	check_int(file_pwrite_all(fd, SPAN("W"), 6, &why), OK);
	check_int(file_sync_data(fd, &why), OK);
	check_int(file_size(fd, &size, &why), OK);
	check_int(size, 11);
	check_int(file_pread_all(fd, some, 5, 6, &why), OK);
	check(memcmp(some, "World", 5) == 0);
	file_close(&fd);
	check_int(fd, -1);
	check_int(file_read_whole(dir, "a", 11, &all, &why), OK);
	check_span(buf_span(&all), SPAN("hello World"));
	buf_done(&all);
}

static void
reading_past_the_end_is_told(void)
{
	char some[8];
	int fd = -1;

	check_int(file_replace(dir, "a", SPAN("abc"), &why), OK);
	check_int(file_open(&fd, dir, "a", FILE_READ, &why), OK);
	check_int(file_pread_all(fd, some, 4, 0, &why), ERR_FORMAT);
	check(strstr(why.text, "ends early") != NULL);
	check_int(file_pread_all(fd, some, 3, 0, &why), OK);
	file_close(&fd);
}

static void
a_file_over_the_limit_is_refused_and_out_is_unchanged(void)
{
	struct buf all = { 0 };

	check_int(file_replace(dir, "a", SPAN("abcdef"), &why), OK);
	buf_str(&all, "x");
	check_int(file_read_whole(dir, "a", 5, &all, &why), ERR_LIMIT);
	check_span(buf_span(&all), SPAN("x"));
	check_int(file_read_whole(dir, "a", 6, &all, &why), OK);
	check_span(buf_span(&all), SPAN("xabcdef"));
	check_int(file_read_whole(dir, "none", 6, &all, &why), ERR_ABSENT);
	check_int(file_read_named("/nowhere/none", 6, &all, &why), ERR_ABSENT);
	buf_done(&all);
}

static void
links_pipes_and_old_names_are_refused(void)
{
	int fd = -1;

	must(symlinkat("/etc/passwd", dir, "link") == 0);
	must(mkfifoat(dir, "pipe", 0600) == 0);
	check_int(file_open(&fd, dir, "link", FILE_READ, &why), ERR_DENIED);
	check_int(file_open(&fd, dir, "pipe", FILE_READ, &why), ERR_DENIED);
	check(strstr(why.text, "not a regular file") != NULL);
	check_int(file_open(&fd, dir, "a", FILE_WRITE_NEW, &why), OK);
	file_close(&fd);
	check_int(file_open(&fd, dir, "a", FILE_WRITE_NEW, &why), ERR_BUSY);
	check_int(file_open(&fd, dir, "none", FILE_READ_WRITE, &why), ERR_ABSENT);
	check_int(file_open(&fd, dir, "link", FILE_READ_FOLLOW, &why), OK);
	file_close(&fd);
}

static void
append_goes_to_the_end(void)
{
	struct buf all = { 0 };
	int fd = -1;

	for (int i = 0; i < 2; i++) {
		check_int(file_open(&fd, dir, "a", FILE_APPEND, &why), OK);
		check_int(file_write_all(fd, SPAN("ab"), &why), OK);
		file_close(&fd);
	}
	check_int(file_read_whole(dir, "a", 9, &all, &why), OK);
	check_span(buf_span(&all), SPAN("abab"));
	buf_done(&all);
}

static void
long_runs_of_zeros_take_no_room(void)
{
	static uint8_t data[3 * (64 << 10) + 5];
	uint64_t written = 0;
	struct buf all = { 0 };
	struct stat st;

	data[100 << 10] = 1;
	check_int(file_replace_holes(dir, "a", span_of(data, sizeof data), &written, &why), OK);
	check_int(written, 64 << 10);
	check_int(file_read_whole(dir, "a", sizeof data, &all, &why), OK);
	check(span_eq(buf_span(&all), span_of(data, sizeof data)));
	must(fstatat(dir, "a", &st, 0) == 0);
	check(st.st_blocks * 512 < 2 * (64 << 10));
	/* The last block is shorter. */
	data[sizeof data - 1] = 1;
	check_int(file_replace_holes(dir, "a", span_of(data, sizeof data), &written, &why), OK);
	check_int(written, (64 << 10) + 5);
	all.n = 0;
	check_int(file_read_whole(dir, "a", sizeof data, &all, &why), OK);
	check(span_eq(buf_span(&all), span_of(data, sizeof data)));
	check_int(file_replace_holes(dir, "a", SPAN(""), &written, &why), OK);
	check_int(written, 0);
	buf_done(&all);
}

static void
a_lock_is_held_by_one(void)
{
	int one = -1, two = -1;
	pid_t pid = 0;

	check_int(file_lock_holder(&pid, dir, "lock", &why), ERR_ABSENT);
	check_int(file_lock(&one, dir, "lock", &why), OK);
	check_int(file_lock_holder(&pid, dir, "lock", &why), OK);
	check_int(pid, getpid());
	check_int(file_lock(&two, dir, "lock", &why), ERR_BUSY);
	check(strstr(why.text, "is held by process") != NULL);
	file_close(&one);
	/* The number is still in it. */
	check_int(file_lock_holder(&pid, dir, "lock", &why), ERR_ABSENT);
	check_int(file_lock(&two, dir, "lock", &why), OK);
	file_close(&two);
}

static void
room_is_made_and_cut(void)
{
	struct span map;
	uint64_t size = 0, space = 0, total = 0;
	int fd = -1;

	check_int(file_open(&fd, dir, "a", FILE_READ_WRITE_NEW, &why), OK);
	check_int(file_preallocate(fd, 100000, &why), OK);
	check_int(file_size(fd, &size, &why), OK);
	check_int(size, 100000);
	check_int(file_truncate(fd, 4096, &why), OK);
	check_int(file_map(&map, fd, 4096, &why), OK);
	check(map.n == 4096 && map.p[4095] == 0);
	file_unmap(&map);
	file_close(&fd);
	check_int(disk_free(dir, &space, &total, &why), OK);
	check(total >= space && total > 0);
}

static enum err
count_one(void *arg, const struct dir_entry *entry, struct why *w)
{
	unsigned *n = arg;

	(void)w;
	*n += entry->kind == DIR_FILE ? 1 : entry->kind == DIR_DIRECTORY ? 100 : 10000;
	return *n > 0 ? OK : ERR_IO;
}

static void
a_directory_is_listed_with_kinds(void)
{
	unsigned n = 0;

	check_int(file_replace(dir, "a", SPAN(""), &why), OK);
	check_int(dir_make(dir, "d", 0700, &why), OK);
	check_int(dir_make(dir, "d", 0700, &why), OK);
	check_int(dir_make(dir, "a", 0700, &why), ERR_BUSY);
	must(symlinkat("a", dir, "l") == 0);
	check_int(dir_each(dir, count_one, &n, &why), OK);
	check_int(n, 10101);
	n = 0;
	check_int(dir_each(dir, count_one, &n, &why), OK);
	check_int(n, 10101);
}

static void
a_directory_is_locked_by_one_until_it_is_closed(void)
{
	int one = -1, two = -1;

	check_int(dir_open(&one, dir, ".", &why), OK);
	check_int(dir_open(&two, dir, ".", &why), OK);
	check_int(dir_lock(one, &why), OK);
	check_int(dir_lock(two, &why), ERR_BUSY);
	file_close(&one);
	check_int(dir_lock(two, &why), OK);
	file_close(&two);
}

/* ---- faults ---- */

static void
every_fault_of_replace_leaves_old_or_new(void)
{
	static const char *const how[] = { "EIO", "ENOSPC", "torn", "short" };
	struct buf all = { 0 };
	enum err rc = ERR_IO;
	char at[12];

	for (unsigned h = 0; h < 4; h++) {
		for (unsigned i = 1; ; i++) {
			check_int(file_replace(dir, "a", SPAN("old"), &why), OK);
			(void)snprintf(at, sizeof at, "%u", i);
			with_fault(at, how[h], NULL);
			rc = file_replace(dir, "a", SPAN("new contents"), &why);
			if (fault_count() < i)
				break;
			check(rc == OK ? h == 3 : h == 1 ? rc == ERR_FULL : rc == ERR_IO);
			without_fault();
			all.n = 0;
			check_int(file_read_whole(dir, "a", 99, &all, &why), OK);
			check(span_is(buf_span(&all), "old") ||
			    span_is(buf_span(&all), "new contents"));
			check(rc != OK || span_is(buf_span(&all), "new contents"));
		}
		check_int(rc, OK);
		without_fault();
	}
	buf_done(&all);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	must(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return st.st_mode & 07777;
}

/* Ends as by kill -9 before each call in turn: what `a` is then, it is with its rights. */
static void
a_file_replaced_like_another_never_lacks_its_rights(void)
{
	struct buf all = { 0 };
	struct stat like;
	int status = 1;
	char at[12];

	check_int(file_replace(dir, "a", SPAN("old"), &why), OK);
	must(fchmodat(dir, "a", 0640, 0) == 0 && fstatat(dir, "a", &like, 0) == 0);
	for (unsigned i = 1; status != 0; i++) {
		pid_t child = fork();

		if (child == 0) {
			(void)snprintf(at, sizeof at, "%u", i);
			(void)setenv("FAIL_CRASH_AT", at, 1);
			fault_reload();
			_exit(file_replace_like(dir, "a", SPAN("new"), &like, &why) == OK ? 0 : 1);
		}
		must(child > 0 && waitpid(child, &status, 0) == child);
		check(WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
		    WEXITSTATUS(status) == 137));
		check_int(mode_of("a"), 0640);
		all.n = 0;
		check_int(file_read_whole(dir, "a", 99, &all, &why), OK);
		check(span_is(buf_span(&all), "old") || span_is(buf_span(&all), "new"));
		must(i < 99);
	}
	check(span_is(buf_span(&all), "new"));
	with_fault("1", "EIO", "file_rights");
	check_int(file_replace_like(dir, "a", SPAN("newer"), &like, &why), ERR_IO);
	without_fault();
	all.n = 0;
	check_int(file_read_whole(dir, "a", 99, &all, &why), OK);
	check(span_is(buf_span(&all), "new"));
	buf_done(&all);
}

static void
a_torn_write_leaves_half(void)
{
	struct buf all = { 0 };
	int fd = -1;

	check_int(file_open(&fd, dir, "a", FILE_WRITE_NEW, &why), OK);
	with_fault("1", "torn", "file_write_all");
	check_int(file_write_all(fd, SPAN("abcdef"), &why), ERR_IO);
	without_fault();
	file_close(&fd);
	check_int(file_read_whole(dir, "a", 9, &all, &why), OK);
	check_span(buf_span(&all), SPAN("abc"));
	buf_done(&all);
}

static void
from_the_nth_on_all_fail(void)
{
	with_fault("2+", "EDQUOT", "dir_sync");
	check_int(dir_sync(dir, &why), OK);
	check_int(dir_sync(dir, &why), ERR_FULL);
	check_int(dir_sync(dir, &why), ERR_FULL);
	without_fault();
	check_int(dir_sync(dir, &why), OK);
}

static void
faults_can_be_meant_for_one_role(void)
{
	(void)setenv("FAIL_ROLE", "keeper", 1);
	with_fault("1+", "EIO", NULL);
	fault_role("intake");
	check_int(dir_sync(dir, &why), OK);
	fault_role("keeper");
	check_int(dir_sync(dir, &why), ERR_IO);
	(void)unsetenv("FAIL_ROLE");
	without_fault();
	check_int(dir_sync(dir, &why), OK);
}

static void
a_crash_happens_before_the_call(void)
{
	int status = 0, fd = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setenv("FAIL_CRASH_AT", "2", 1);
		fault_reload();
		(void)file_open(&fd, dir, "a", FILE_WRITE_NEW, NULL);
		(void)file_write_all(fd, SPAN("x"), NULL);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status));
	check_int(WEXITSTATUS(status), 137);
	check_int(file_open(&fd, dir, "a", FILE_READ, &why), OK);
	if (fd >= 0) {
		uint64_t size = 9;

		check_int(file_size(fd, &size, &why), OK);
		check_int(size, 0);
	}
	file_close(&fd);
}

static void
the_write_log_tells_all_in_order(void)
{
	struct buf want = { 0 }, got = { 0 };
	char path[80];
	int fd = -1;

	(void)snprintf(path, sizeof path, "%s/log", dir_path);
	(void)setenv("WRITE_LOG", path, 1);
	fault_reload();
	check_int(file_open(&fd, dir, "a", FILE_APPEND, &why), OK);
	check_int(file_write_all(fd, SPAN("one\n"), &why), OK);
	check_int(file_write_all(fd, SPAN("two"), &why), OK);
	check_int(file_sync_data(fd, &why), OK);
	fault_mark("acknowledged %d", 2);
	check_int(file_truncate(fd, 3, &why), OK);
	file_close(&fd);
	check_int(file_rename(dir, "a", dir, "b", &why), OK);
	check_int(dir_sync(dir, &why), OK);
	check_int(file_unlink(dir, "b", &why), OK);
	without_fault();
	check_int(file_read_whole(dir, "log", 9999, &got, &why), OK);
	buf_printf(&want, "create 0 0 %s/a\n", dir_path);
	buf_printf(&want, "write 0 4 %s/a\none\n\n", dir_path);
	buf_printf(&want, "write 4 3 %s/a\ntwo\n", dir_path);
	buf_printf(&want, "sync 0 0 %s/a\nmark 0 0 acknowledged 2\n", dir_path);
	buf_printf(&want, "truncate 3 0 %s/a\n", dir_path);
	buf_printf(&want, "rename 0 0 %s/a\t%s/b\n", dir_path, dir_path);
	buf_printf(&want, "dirsync 0 0 %s\nunlink 0 0 %s/b\n", dir_path, dir_path);
	check_span(buf_span(&got), buf_span(&want));
	buf_done(&got);
	buf_done(&want);
}

#define in_dir(test) do { make_dir(); run(test); drop_dir(); } while (0)

/* Aligned or not, and half of it at first: the octets arrive. */
static void
what_goes_past_the_cache_can_be_read(void)
{
	static alignas(FILE_BLOCK) uint8_t block[4 * FILE_BLOCK];
	struct buf back = { 0 };
	int fd = -1;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (uint8_t)(i * 7 + i / 251);
	must(file_open(&fd, dir, "direct", FILE_READ_WRITE_NEW, &why) == OK);
	must(file_preallocate(fd, sizeof block, &why) == OK);
	file_direct(fd);
	check_int(file_pwrite_all(fd, span_of(block, 2 * FILE_BLOCK), 0, &why), OK);
	with_fault("1", "short", "file_pwrite_all");
	check_int(file_pwrite_all(fd, span_of(block + FILE_BLOCK, FILE_BLOCK), FILE_BLOCK, &why),
	    OK);
	without_fault();
	file_direct(fd);
	check_int(file_pwrite_all(fd, span_of(block + 2 * FILE_BLOCK - 5, 2 * FILE_BLOCK + 5),
	    2 * FILE_BLOCK - 5, &why), OK);
	file_close(&fd);
	check_int(file_read_whole(dir, "direct", sizeof block, &back, &why), OK);
	check_span(buf_span(&back), span_of(block, sizeof block));
	buf_done(&back);
}

static void
a_new_file_is_whole_and_takes_no_others_place(void)
{
	struct buf text = { 0 };
	struct stat st;

	check_int(file_make(dir, "a", SPAN("abc"), &why), OK);
	check_int(file_make(dir, "a", SPAN("other"), &why), ERR_BUSY);
	check_int(file_read_whole(dir, "a", 16, &text, &why), OK);
	check_span(buf_span(&text), SPAN("abc"));
	check(fstatat(dir, "a", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
	buf_done(&text);
}

int
main(void)
{
	in_dir(what_is_written_can_be_read);
	in_dir(reading_past_the_end_is_told);
	in_dir(a_file_over_the_limit_is_refused_and_out_is_unchanged);
	in_dir(links_pipes_and_old_names_are_refused);
	in_dir(append_goes_to_the_end);
	in_dir(long_runs_of_zeros_take_no_room);
	in_dir(a_lock_is_held_by_one);
	in_dir(what_goes_past_the_cache_can_be_read);
	in_dir(a_new_file_is_whole_and_takes_no_others_place);
	in_dir(room_is_made_and_cut);
	in_dir(a_directory_is_listed_with_kinds);
	in_dir(a_directory_is_locked_by_one_until_it_is_closed);
	in_dir(every_fault_of_replace_leaves_old_or_new);
	in_dir(a_file_replaced_like_another_never_lacks_its_rights);
	in_dir(a_torn_write_leaves_half);
	in_dir(from_the_nth_on_all_fail);
	in_dir(faults_can_be_meant_for_one_role);
	in_dir(a_crash_happens_before_the_call);
	in_dir(the_write_log_tells_all_in_order);
	return check_done();
}
