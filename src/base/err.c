/* SPDX-License-Identifier: Apache-2.0 */
/* Results in words. Owns nothing; see err.h. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

void
why_vset(struct why *why, const char *format, va_list args)
{
	if (why != NULL)
		(void)vsnprintf(why->text, sizeof why->text, format, args);
}

enum err
why_set(struct why *why, enum err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	why_vset(why, format, args);
	va_end(args);
	return err;
}

enum err
why_prefix(struct why *why, enum err err, const char *format, ...)
{
	struct why old;
	va_list args;
	size_t n;

	if (why == NULL)
		return err;
	old = *why;
	va_start(args, format);
	why_vset(why, format, args);
	va_end(args);
	n = strlen(why->text);
	(void)snprintf(why->text + n, sizeof why->text - n, ": %s", old.text);
	return err;
}

enum err
why_errno(struct why *why, enum err err, int error, const char *format, ...)
{
	char words[128];
	va_list args;
	size_t n;

	if (why == NULL)
		return err;
	va_start(args, format);
	why_vset(why, format, args);
	va_end(args);
	n = strlen(why->text);
	/* The GNU one: may return a constant string instead of filling words. */
	(void)snprintf(why->text + n, sizeof why->text - n, ": %s",
	    strerror_r(error, words, sizeof words));
	return err;
}

const char *
err_name(enum err err)
{
	static const char *const name[] = {
		[OK] = "ok", [ERR_MORE] = "more", [ERR_FORMAT] = "format", [ERR_LIMIT] = "limit",
		[ERR_IO] = "io", [ERR_FULL] = "full", [ERR_PROOF] = "proof",
		[ERR_DENIED] = "denied", [ERR_ABSENT] = "absent", [ERR_BUSY] = "busy",
	};

	if ((unsigned)err >= sizeof name / sizeof name[0])
		return "unknown";
	return name[err];
}
