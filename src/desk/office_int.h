/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the office's paper work share: papers, registers, directives. Inside of room
 * desk only.
 */
#ifndef DESK_OFFICE_INT_H
#define DESK_OFFICE_INT_H

#include "desk/part.h"

extern const struct part_word office_words[];	/* ended by NULL */
extern const struct part_load registers_load, directives_load;
extern const struct part part_papers, part_papervalues, part_registers, part_directives,
	part_checklists, part_office_pages;

/* A SHA-256 in hex, for a guard's CASE. */
#define OFFICE_BAD_SUM \
    " WHEN length(:sha256) <> 64 OR :sha256 GLOB '*[^0-9a-f]*' THEN 'bad-sha256'"

/* Days and hours of papers are UTC+7. */
#define OFFICE_DATE(FORMAT, NS) \
    "strftime('" FORMAT "', (" NS ") / 1000000000 + 25200, 'unixepoch')"

#endif
