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

/* What was counted, and what it means. */
struct cover_view {
	const struct coverage_result *result;
	const struct coverage_remark *remark;
	uint32_t nremark;
};

/* Octets on their way out: handed on now and then, never after somebody said stop. */
struct cover_out {
	struct buf text;
	bool (*write)(void *ctx, struct span bytes);
	void *ctx;
	bool stopped;
};

void		cover_flush(struct cover_out *out);
/* cover_flush() when there is much. False: stop. */
bool		cover_goes_on(struct cover_out *out);

/* Puts the table, and what needs a person below it. */
void		cover_text(struct cover_out *out, const struct cover_view *view,
		    const struct cover_form *form);
/* "silent", "lost": for JSON. */
const char	*cover_verdict_name(unsigned verdict);
const char	*cover_grade_name(unsigned grade);

#endif
