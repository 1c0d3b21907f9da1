/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage for people: shared by cover.c and cover_text.c. */
#ifndef WEB_COVER_INT_H
#define WEB_COVER_INT_H

#include "base/buf.h"
#include "base/civil.h"
#include "coverage/coverage.h"

struct cover_form {
	bool english, json, color;
};

/* Appends the table, what needs a person first below it. */
void		cover_text(struct buf *out, const struct coverage_result *result,
		    const struct cover_form *form, struct arena *arena);
/* "silent", "lost": for JSON. */
const char	*cover_verdict_name(unsigned verdict);
const char	*cover_grade_name(unsigned grade);

#endif
