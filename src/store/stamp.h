/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timestamps as numbers: a form is a pattern that every value of a list follows, so that text
 * and number give each other back exactly. doc/formats/segment.md section 5. Pure.
 *
 * Elements of a pattern: %Y year of 4 digits, %y of 2 (2000 to 2099); %m %d %H %M %S two digits;
 * %b Jan..Dec; %e day, two places, space in front; %D %h %i %s day, hour, minute, second without
 * padding; %1..%9 so many digits of the second's fraction; %F milliseconds without padding; %a
 * Mon..Sun; %z +hhmm and %Z +hh:mm of the form's zone. All else stands for itself. A pattern
 * without a year means the year 2000, without a day the first.
 */
#ifndef STORE_STAMP_H
#define STORE_STAMP_H

#include "base/buf.h"
#include "base/cur.h"

enum { STAMP_PATTERN = 40, STAMP_BYTES = 64 };

struct stamp_form {
	uint8_t n;
	char pattern[STAMP_PATTERN];
	int32_t zone_minutes;
	bool has_year;
};

/* The form that s has, if it is a timestamp and nothing else. */
bool	stamp_form_of(struct span s, struct stamp_form *ret);
/* How many octets at the start of s are a timestamp, followed by no word character; 0: none. */
size_t	stamp_head(struct span s);
/* How many octets at the start of s are a timestamp of this form; 0: none. */
size_t	stamp_prefix(const struct stamp_form *form, struct span s);
/*
 * All timestamps of this form have the same length, digits and letters in the same places; only
 * the first place of %e may be a digit or a space.
 */
bool	stamp_form_fixed(const struct stamp_form *form);
/* Nanoseconds since 1970 (UTC by the form's zone). False unless stamp_write gives s again. */
bool	stamp_read(const struct stamp_form *form, struct span s, int64_t *ret_ns);
/*
 * Reading many of one form: what stands before and behind the seconds is mostly that of the last
 * one. {0} to begin with.
 */
struct stamp_run {
	bool begun, slow;
	uint8_t at;			/* of the seconds */
	uint8_t point, digits;		/* of their fraction; digits may be 0 */
	uint8_t n;
	uint8_t last[STAMP_BYTES];
	int64_t base_ns;		/* of the last one, at second 0 */
};

/* As stamp_read. */
bool	stamp_run_read(struct stamp_run *run, const struct stamp_form *form, struct span s,
	    int64_t *ret_ns);
/* At most STAMP_BYTES octets at `at`; returns how many. */
size_t	stamp_write(const struct stamp_form *form, int64_t ns, uint8_t *at);

void	stamp_form_put(struct buf *out, const struct stamp_form *form);
/* False: not a valid form. */
bool	stamp_form_get(struct cur *c, struct stamp_form *ret);

#endif
