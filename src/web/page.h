/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of the desk: files of web/ that travel in the program (tools/embed), and how they are
 * answered. They hold no data, so whoever asks gets them; what they show is asked for by their
 * script, as the person who has logged in.
 *
 * A browser is told to run and to load nothing but these files, to send nothing anywhere else, and
 * to make no markup out of text (trusted types), so that what stands in a record stays text.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "base/span.h"

struct evhttp_request;

struct page_file {
	const char *path, *type;
	const struct span *octets;
};

/* The desk's own, ended by a NULL path. */
extern const struct page_file page_files[];

/* By its whole path, as it was asked for; NULL: none. Nothing on disk is ever looked at. */
const struct page_file	*page_find(const struct page_file *files, const char *path);
/* Answers: 200, 304 when the browser has it already, 405 for anything but GET. */
void			page_answer(struct evhttp_request *request, const struct page_file *file);

#endif
