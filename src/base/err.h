/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ten results of every function that can fail for a reason outside of the program, and the
 * sentence that goes with them. A bug of ours is not a result: see base/must.h.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

enum err {
	OK = 0,
	ERR_MORE,	/* not an error: more input is needed, or the end is reached */
	ERR_FORMAT,	/* the bytes break the format */
	ERR_LIMIT,	/* a named limit of base/limits.h would be passed */
	ERR_IO,		/* the system refused; why has its words */
	ERR_FULL,	/* no room: disk, ring, table */
	ERR_PROOF,	/* a digest, signature, tag or proof does not hold */
	ERR_DENIED,	/* the caller has no right to it */
	ERR_ABSENT,	/* no such thing */
	ERR_BUSY,	/* try again later */
};

/* What failed first, then why, no full stop. May be NULL wherever it is a parameter. */
struct why {
	char text[512];
};

/* Sets why and returns err, so that `return why_set(why, ERR_IO, "...")` reads well. */
enum err	why_set(struct why *why, enum err err, const char *format, ...)
		__attribute__((format(printf, 3, 4)));
/* Only sets it. */
void		why_vset(struct why *why, const char *format, va_list args);
/* Puts "what: " in front of what why already says; returns err unchanged. */
enum err	why_prefix(struct why *why, enum err err, const char *format, ...)
		__attribute__((format(printf, 3, 4)));
/* Appends the text of errno value `error`: "cannot open x: No such file or directory". */
enum err	why_errno(struct why *why, enum err err, int error, const char *format, ...)
		__attribute__((format(printf, 4, 5)));
/* "format", "limit": for metrics and --json. Never NULL. */
const char	*err_name(enum err err);

#endif
