/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file of old logs is, told from its first lines. Pure. A guess is said to who imports and
 * can be overridden; a wrong one loses nothing, since what no format explains is kept whole.
 */
#ifndef PARSE_GUESS_H
#define PARSE_GUESS_H

#include "parse/split.h"

enum parse_form {
	FORM_AUTO,
	FORM_SYSLOG,		/* RFC 5424, RFC 3164, with PRI or without */
	FORM_PLAIN,		/* lines as the collector takes them */
	FORM_JSON,		/* an object a line */
	FORM_JSON_VALUES,	/* objects over several lines, or elements of an array */
	FORM_ACCESS,		/* Apache, nginx: common, combined */
	FORM_CSV,
	FORM_W3C,		/* extended log format: IIS, Exchange */
	FORM_END
};

enum { GUESS_BYTES = 64 << 10 };

struct guess {
	uint8_t form;		/* enum parse_form */
	uint8_t comma;		/* CSV */
	bool yearless;		/* stamps without a year were seen */
};

/*
 * head: the first octets, GUESS_BYTES at most are looked at; complete: there are no more.
 * wanted: FORM_AUTO, or the form that was said; of JSON it is found out which.
 */
void		guess_make(struct guess *ret_guess, struct span head, enum split_end complete,
		    enum parse_form wanted);
/* How it is split. */
struct split	guess_split(const struct guess *guess);
/* "syslog"; FORM_END and above: NULL. */
const char	*parse_form_name(unsigned form);
/* FORM_END: there is none of this name. */
enum parse_form	parse_form_of(struct span name);

#endif
