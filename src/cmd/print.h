/* SPDX-License-Identifier: Apache-2.0 */
/* Papers as files: PDF by trucban-paper, a program of its own beside this one. Inside of cmd. */
#ifndef CMD_PRINT_H
#define CMD_PRINT_H

#include "base/buf.h"
#include "base/err.h"

enum print_kind { PRINT_DOCX, PRINT_PDF, PRINT_TEXT };

struct print_want {
	enum print_kind kind;
	bool final;			/* signed off: without the mark of a draft */
};

/*
 * Appends the file of a document (doc/formats/paper.md). ERR_FORMAT: it breaks a rule, in words;
 * for PDF also ERR_ABSENT: trucban-paper is not installed, and ERR_IO: it could not.
 */
enum err	print_document(struct buf *out, struct span document,
		    const struct print_want *want, struct why *why);
/* The same of a form and its values (doc/formats/form.md). */
enum err	print_form(struct buf *out, struct span form, struct span values,
		    const struct print_want *want, struct why *why);
/* Writes it to disk under a name that must not be there: a paper may have been edited since. */
enum err	print_save(const char *path, struct span bytes, struct why *why);

#endif
