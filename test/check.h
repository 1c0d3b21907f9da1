/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test program in one header: checks that print what differed and go on, and a last line
 * "N passed, N failed, N skipped". A test function's name is a sentence with underscores.
 *
 *	static void a_digit_too_many_is_refused(void) { check(pri("<1000>") == ERR_FORMAT); }
 *	int main(void) { run(a_digit_too_many_is_refused); return check_done(); }
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdio.h>
#include <string.h>

#include "base/span.h"

static unsigned check_passed_, check_failed_, check_skipped_, check_bad_;

#define check(cond) check_at_((cond), #cond, __FILE__, __LINE__)
#define check_int(got, want) \
	check_int_at_((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define check_span(got, want) check_span_at_((got), (want), #got, __FILE__, __LINE__)
#define run(test) run_((test), #test)
/* Says why the whole test cannot run here; listed in test/skips or ./check fails. */
#define skip(reason) do { \
	check_skipped_++; \
	printf("skipped: %s: %s\n", __func__, reason); \
	return; \
} while (0)

static inline int
check_at_(int ok, const char *what, const char *file, int line)
{
	if (!ok) {
		check_bad_++;
		printf("%s:%d: does not hold: %s\n", file, line, what);
	}
	return ok;
}

/* Is the text somewhere in it? For octets that no NUL ends. */
static inline bool
span_holds(struct span s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static inline int
check_int_at_(long long got, long long want, const char *what, const char *file, int line)
{
	if (got != want) {
		check_bad_++;
		printf("%s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
	}
	return got == want;
}

static inline int
check_span_at_(struct span got, struct span want, const char *what, const char *file, int line)
{
	int ok = span_eq(got, want);

	if (!ok) {
		check_bad_++;
		printf("%s:%d: %s is \"%.*s\", not \"%.*s\"\n", file, line, what,
		    (int)got.n, (const char *)got.p, (int)want.n, (const char *)want.p);
	}
	return ok;
}

static inline void
run_(void (*test)(void), const char *name)
{
	unsigned bad = check_bad_, skipped = check_skipped_;

	test();
	if (check_bad_ != bad) {
		check_failed_++;
		printf("failed: %s\n", name);
	} else if (check_skipped_ == skipped) {
		check_passed_++;
	}
}

static inline int
check_done(void)
{
	printf("%u passed, %u failed, %u skipped\n", check_passed_, check_failed_, check_skipped_);
	return check_failed_ > 0;
}

#endif
