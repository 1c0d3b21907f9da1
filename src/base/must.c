/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a process that found a bug in itself, and memory that never says no. */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void
must_failed(const char *cond, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: must hold: %s\n", file, line, cond);
	abort();
}

void *
xmalloc(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);

	must(p != NULL);
	return p;
}

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	must(p != NULL);
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	p = realloc(p, n > 0 ? n : 1);
	must(p != NULL);
	return p;
}

void *
xreallocarray(void *p, size_t count, size_t size)
{
	size_t n;

	must(!__builtin_mul_overflow(count, size, &n));
	return xrealloc(p, n);
}

char *
xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

void *
xmemdup(const void *p, size_t n)
{
	void *copy = xmalloc(n);

	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}
