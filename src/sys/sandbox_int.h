/* SPDX-License-Identifier: Apache-2.0 */
/* Between sandbox.c, its tables in sandbox_calls.c, and hide.c. */
#ifndef SYS_SANDBOX_INT_H
#define SYS_SANDBOX_INT_H

#include <stdint.h>

#include "base/err.h"

#define SANDBOX_END INT32_MIN
#define SANDBOX_OWN_PID UINT64_MAX

/* In sanitizer builds all roles have this group too. */
#define SANDBOX_SANITIZER (1u << 31)

/* A call that is let through, or refused with `error`, when (argument & mask) == value. */
struct sandbox_rule {
	int call;
	int error;		/* 0: let through */
	int argument;		/* -1: always */
	uint64_t mask;
	uint64_t value;		/* SANDBOX_OWN_PID: this process */
};

/* Holds when the role has one of `any` (0: always) and none of `none`. */
struct sandbox_table {
	unsigned any;
	unsigned none;
	const int *call;			/* let through whatever their arguments */
	const struct sandbox_rule *rule;
};

/* A ruleset of Landlock over all rights that this kernel knows. ERR_ABSENT: it has no Landlock. */
enum err	sandbox_ruleset_make(int *ret_fd, uint64_t *ret_rights, struct why *why);
/* Lets these rights through below a directory (for a file: those that files have). */
enum err	sandbox_allow(int ruleset, int fd, uint64_t rights, struct why *why);

extern const struct sandbox_table	sandbox_tables[];
extern const unsigned			sandbox_ntable;

#endif
