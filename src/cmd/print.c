/* SPDX-License-Identifier: Apache-2.0 */
/* See print.h. What goes in and comes out lies in memory files: neither end waits for the other. */
#include "cmd/print.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "paper/docx.h"
#include "paper/paperform.h"
#include "paper/text.h"

enum { PATH_BYTES = 4096, SAID_BYTES = 512 };

enum { IN, OUT, SAID, PIPES };

/* Installed: PREFIX/bin/trucban. In a build directory: src/cmd/trucban. */
static const char *const places[] = { "/../libexec/trucban/trucban-paper",
	"/../paper/trucban-paper" };

static enum err
program_find(char ret[PATH_BYTES], struct why *why)
{
	char own[PATH_BYTES];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash;

	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; slash != NULL && i < sizeof places / sizeof places[0]; i++) {
		int len = snprintf(ret, PATH_BYTES, "%s%s", own, places[i]);

		if (len < PATH_BYTES && access(ret, X_OK) == 0)
			return OK;
	}
	return why_set(why, ERR_ABSENT, "trucban-paper is not installed beside %s", own);
}

/* Runs to its end with these descriptors as 0, 1 and 2; its exit status, or -1. */
static int
program_run(const char *path, bool final, const int fd[PIPES])
{
	char *const argv[] = { (char *)(uintptr_t)"trucban-paper",
	    final ? (char *)(uintptr_t)"--final" : NULL, NULL };
	char *const environment[] = { (char *)(uintptr_t)"PATH=/usr/bin:/bin",
	    (char *)(uintptr_t)"HOME=/nonexistent", (char *)(uintptr_t)"LC_ALL=C.UTF-8", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, rc;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	rc = 0;
	for (int i = 0; i < PIPES && rc == 0; i++)
		rc = posix_spawn_file_actions_adddup2(&actions, fd[i], i);
	if (rc == 0)
		rc = posix_spawn(&pid, path, &actions, NULL, argv, environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (rc != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static enum err
back_read(int fd, struct buf *out, struct why *why)
{
	ssize_t n = 1;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return why_set(why, ERR_IO, "what trucban-paper made cannot be read");
	while (n > 0) {
		buf_reserve(out, 64 << 10);
		n = read(fd, out->p + out->n, 64 << 10);
		out->n += n > 0 ? (size_t)n : 0;
	}
	return n == 0 ? OK : why_set(why, ERR_IO, "what trucban-paper made cannot be read");
}

static enum err
failed(int fd, int status, struct why *why)
{
	struct buf said = { 0 };
	enum err rc = back_read(fd, &said, why);

	while (said.n > 0 && said.p[said.n - 1] == '\n')
		said.n--;
	if (rc == OK)
		rc = why_set(why, status == 2 ? ERR_FORMAT : ERR_IO, "%.*s", said.n > 0 ?
		    (int)(said.n < SAID_BYTES ? said.n : SAID_BYTES) : 27, said.n > 0 ?
		    (const char *)said.p : "trucban-paper cannot be run");
	buf_done(&said);
	return rc;
}

static enum err
pdf_put(struct buf *out, struct span document, bool final, struct why *why)
{
	static const char *const name[PIPES] = { "document", "pdf", "said" };
	char path[PATH_BYTES];
	int fd[PIPES] = { -1, -1, -1 }, status;
	enum err rc = program_find(path, why);

	for (int i = 0; i < PIPES && rc == OK; i++) {
		/* Above 2, so that none of them is overwritten on its way to its place. */
		fd[i] = memfd_create(name[i], MFD_CLOEXEC);
		if (fd[i] < 0)
			rc = why_set(why, ERR_IO, "no memory for a document");
	}
	if (rc == OK)
		rc = file_write_all(fd[IN], document, why);
	if (rc == OK && lseek(fd[IN], 0, SEEK_SET) != 0)
		rc = why_set(why, ERR_IO, "no memory for a document");
	if (rc == OK) {
		status = program_run(path, final, fd);
		rc = status == 0 ? back_read(fd[OUT], out, why) : failed(fd[SAID], status, why);
	}
	for (int i = 0; i < PIPES; i++)
		file_close(&fd[i]);
	return rc;
}

/* In this process: it needs no library that reads fonts. */
static enum err
read_put(struct buf *out, struct span document, const struct print_want *want, struct why *why)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct paper paper;
	enum err rc = paper_read(document, arena, &paper, why);

	if (want->final)
		paper.draft = NULL;
	if (rc == OK && want->kind == PRINT_TEXT)
		paper_text(out, &paper);
	else if (rc == OK)
		rc = paper_docx(out, &paper, why);
	arena_free(&arena);
	return rc;
}

enum err
print_document(struct buf *out, struct span document, const struct print_want *want,
    struct why *why)
{
	return want->kind == PRINT_PDF ? pdf_put(out, document, want->final, why) :
	    read_put(out, document, want, why);
}

enum err
print_form(struct buf *out, struct span form, struct span values, const struct print_want *want,
    struct why *why)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct buf document = { 0 };
	struct paperform read;
	enum err rc = paperform_read(form, arena, &read, why);

	if (rc == OK)
		rc = paperform_fill(&document, &read, values, arena, why);
	if (rc == OK)
		rc = print_document(out, buf_span(&document), want, why);
	buf_done(&document);
	arena_free(&arena);
	return rc;
}

enum err
print_save(const char *path, struct span bytes, struct why *why)
{
	return file_make(AT_FDCWD, path, bytes, why);
}
