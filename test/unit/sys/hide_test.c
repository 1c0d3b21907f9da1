/* SPDX-License-Identifier: Apache-2.0 */
/* sys/hide.c: in a child each, since there is no way back. */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/file.h"
#include "sys/hide.h"
#include "sys/run.h"

static char top[] = "/tmp/trucban-hide-XXXXXX";

static bool
opens(const char *name, int flags)
{
	int fd = open(name, flags, 0600);
	bool good = fd >= 0;

	file_close(&fd);
	return good;
}

/* A bit for each thing that is not as it should be; 255: no Landlock here. */
static int
hidden_look(void)
{
	const char *const path[] = { "store", "secret", "not there" };
	const char *const cat[] = { "/bin/cat", "store/key", NULL };
	struct buf said = { 0 };
	int wrong = 0;
	enum err rc = hide_paths(path, 3, NULL);

	if (rc == ERR_ABSENT)
		return 255;
	wrong |= rc != OK ? 1 : 0;
	wrong |= opens("store/key", O_RDONLY) ? 2 : 0;
	wrong |= opens("secret", O_RDONLY) ? 4 : 0;
	wrong |= opens("new", O_WRONLY | O_CREAT) ? 8 : 0;
	wrong |= opens("beside/file", O_RDONLY) && opens("beside/new", O_WRONLY | O_CREAT) &&
	    opens("plain", O_WRONLY) ? 0 : 16;
	wrong |= run_program(cat, SPAN(""), 20000, 10, &said, NULL) == OK || said.n == 0 ? 32 : 0;
	wrong |= run_program((const char *const[]){ "/bin/echo", "a", NULL }, SPAN(""), 20000,
	    10, &said, NULL) == OK ? 0 : 64;
	return wrong;
}

static void
what_is_hidden_is_so_for_programs_too_and_the_rest_is_not(void)
{
	int status;
	pid_t pid;

	check(mkdtemp(top) != NULL && chdir(top) == 0);
	check(mkdir("store", 0700) == 0 && mkdir("beside", 0700) == 0);
	check(opens("store/key", O_WRONLY | O_CREAT) && opens("secret", O_WRONLY | O_CREAT) &&
	    opens("beside/file", O_WRONLY | O_CREAT) && opens("plain", O_WRONLY | O_CREAT));
	pid = fork();
	if (pid == 0)
		_exit(hidden_look());
	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	check(opens("store/key", O_RDONLY));
	(void)unlink("store/key");
	(void)unlink("secret");
	(void)unlink("beside/file");
	(void)unlink("beside/new");
	(void)unlink("plain");
	(void)rmdir("store");
	(void)rmdir("beside");
	(void)chdir("/");
	(void)rmdir(top);
	if (WEXITSTATUS(status) == 255)
		skip("this kernel has no Landlock");
	check_int(WEXITSTATUS(status), 0);
}

int
main(void)
{
	run(what_is_hidden_is_so_for_programs_too_and_the_rest_is_not);
	return check_done();
}
