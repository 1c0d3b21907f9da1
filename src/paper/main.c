/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trucban-paper: a document (paper/read.h) or a form (paper/paperform.h) on standard input, PDF or
 * DOCX on standard output. A program of its own, so that libraries which read fonts and shape
 * letters are neither in the desk's roles nor near its keys.
 *
 * may:     read standard input, one file of values and the system's fonts, write standard output
 * may not: open another file, use the network, start a process
 * if it dies: there is no PDF, and who started it says so
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sys/dir.h"
#include "sys/sandbox.h"
#include "paper/docx.h"
#include "paper/draw.h"
#include "paper/paperform.h"
#include "paper/read.h"

enum { EXIT_OK = 0, EXIT_USAGE = 2, EXIT_COULD_NOT = 3, FOLDERS = 5 };

struct asked {
	bool docx, ask, final;
	const char *values;		/* a file, or NULL */
};

static bool
put(void *ctx, struct span bytes)
{
	(void)ctx;
	return fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n;
}

/*
 * The fonts and how to choose among them; no other file from here on. A library that tries to
 * write a cache is told no, and lives: it may have that habit.
 */
static enum err
rights_give_up(struct why *why)
{
	static const char *const folder[FOLDERS] = { "/etc/fonts", "/usr/share/fonts",
	    "/usr/share/fontconfig", "/usr/local/share/fonts", "/var/cache/fontconfig" };
	struct sandbox sandbox = { .groups = SANDBOX_FILE_READ | SANDBOX_THREADS,
	    .action = SANDBOX_SOFT };
	int fd[FOLDERS];
	unsigned n = 0;
	struct why absent;

	for (unsigned i = 0; i < FOLDERS; i++) {
		fd[n] = -1;
		if (dir_open(&fd[n], AT_FDCWD, folder[i], &absent) == OK)
			n++;
	}
	sandbox.read_dir = fd;
	sandbox.nread_dir = n;
	return sandbox_enter(&sandbox, NULL, why);
}

/* A little more than most: who reads it says that it is too much. */
static enum err
stream_read(struct buf *text, FILE *file, const char *name, size_t most, struct why *why)
{
	size_t n;

	do {
		buf_reserve(text, 64 << 10);
		n = fread(text->p + text->n, 1, 64 << 10, file);
		text->n += n;
	} while (n > 0 && text->n <= most);
	return ferror(file) ? why_set(why, ERR_IO, "%s cannot be read", name) : OK;
}

/* Values lie in a file of their own, which is opened before rights are given up. */
static enum err
values_read(struct buf *values, const char *path, struct why *why)
{
	FILE *file = fopen(path, "re");
	enum err rc;

	if (file == NULL)
		return why_errno(why, ERR_IO, errno, "cannot open %s", path);
	rc = stream_read(values, file, path, PAPERFORM_VALUES_MAX, why);
	(void)fclose(file);
	return rc;
}

/* A form becomes the document that its values make of it; a document stays what it is. */
static enum err
form_use(struct buf *text, const struct asked *asked, struct span values, struct arena *arena,
    struct why *why)
{
	struct buf filled = { 0 };
	struct paperform form;
	enum err rc;

	if (!span_starts(buf_span(text), SPAN("form "))) {
		if (asked->values == NULL && !asked->ask)
			return OK;
		return why_set(why, ERR_FORMAT, "--values and --ask want a form "
		    "(doc/formats/form.md), and this is none");
	}
	rc = paperform_read(buf_span(text), arena, &form, why);
	if (rc == OK && asked->ask)
		paperform_ask(&filled, &form);
	else if (rc == OK)
		rc = paperform_fill(&filled, &form, values, arena, why);
	if (rc == OK) {
		/* What the arena holds of the form lies in its text. */
		buf_done(text);
		*text = filled;
		return OK;
	}
	buf_done(&filled);
	return rc;
}

static enum err
print(const struct asked *asked, struct span text, struct arena *arena, struct why *why)
{
	struct buf docx = { 0 };
	struct paper paper;
	enum err rc;

	if (asked->ask)
		return put(NULL, text) ? OK : ERR_IO;
	rc = paper_read(text, arena, &paper, why);
	if (asked->final)
		paper.draft = NULL;
	if (rc == OK && !asked->docx)
		return paper_draw(&paper, &(struct draw_out){ .write = put }, why);
	if (rc == OK)
		rc = paper_docx(&docx, &paper, why);
	if (rc == OK && !put(NULL, buf_span(&docx)))
		rc = why_set(why, ERR_IO, "standard output cannot be written");
	buf_done(&docx);
	return rc;
}

static enum err
run(const struct asked *asked, struct why *why)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct buf text = { 0 }, values = { 0 };
	enum err rc = asked->values != NULL ? values_read(&values, asked->values, why) : OK;

	if (rc == OK)
		rc = rights_give_up(why);
	if (rc == OK)
		rc = stream_read(&text, stdin, "standard input", PAPER_BYTES_MAX, why);
	if (rc == OK)
		rc = form_use(&text, asked, buf_span(&values), arena, why);
	if (rc == OK)
		rc = print(asked, buf_span(&text), arena, why);
	if (rc == OK && fflush(stdout) != 0)
		rc = why_set(why, ERR_IO, "standard output cannot be written");
	buf_done(&text);
	buf_done(&values);
	arena_free(&arena);
	return rc;
}

static const char usage[] =
    "Usage: trucban-paper [--docx] [--final] [--values FILE] <DOCUMENT-OR-FORM >FILE\n"
    "Prints a document (paper/1: one item a line) as PDF. trucban calls it.\n"
    "  --docx          as DOCX, for people who edit and sign it\n"
    "  --values FILE   of a form: lines NAME, a tab, VALUE; what is missing is printed as dots\n"
    "  --final         without the mark of a draft: a person has signed it off\n"
    "  --ask           print the names that a form takes values for, and nothing else\n";

/* False: nobody knows such an option. */
static bool
asked_read(struct asked *asked, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--docx") == 0)
			asked->docx = true;
		else if (strcmp(argv[i], "--final") == 0)
			asked->final = true;
		else if (strcmp(argv[i], "--ask") == 0)
			asked->ask = true;
		else if (strcmp(argv[i], "--values") == 0 && i + 1 < argc)
			asked->values = argv[++i];
		else
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct asked asked = { .docx = false };
	struct why why = { "" };
	enum err rc;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		(void)fputs(usage, stdout);
		return EXIT_OK;
	}
	if (!asked_read(&asked, argc, argv)) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	rc = run(&asked, &why);
	if (rc == OK)
		return EXIT_OK;
	(void)fprintf(stderr, "trucban-paper: %s\n", why.text);
	return rc == ERR_FORMAT || rc == ERR_LIMIT ? EXIT_USAGE : EXIT_COULD_NOT;
}
