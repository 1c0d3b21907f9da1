/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own bugs end the process at once, in every build: the parent restarts the role and no
 * acknowledged record is lost. Out of memory counts as a bug (a limit was missing).
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stddef.h>

#define must(cond)	((cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))

_Noreturn void	must_failed(const char *cond, const char *file, int line);

/* As malloc and friends, but never NULL. Release with free(). n = 0 is allowed. */
void	*xmalloc(size_t n);
void	*xcalloc(size_t count, size_t size);
void	*xrealloc(void *p, size_t n);
/* Array of count elements; aborts when count * size overflows. */
void	*xreallocarray(void *p, size_t count, size_t size);
char	*xstrdup(const char *s);
void	*xmemdup(const void *p, size_t n);

#endif
