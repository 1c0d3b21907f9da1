/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate of coverage: `trucban coverage --certificate NAME`. Inside of cmd. */
#ifndef CMD_CERTIFICATE_H
#define CMD_CERTIFICATE_H

#include <stdbool.h>

struct certificate {
	const char *name;		/* NAME.txt, NAME.json, NAME.zip are written */
	const char *state;		/* of the desk that is asked */
	const char *since, *until;	/* NULL: the 24 hours before the last full hour */
	const char *reason, *person;	/* may be NULL */
	const volatile bool *cancel;
};

/*
 * Writes the table for people, the figures for programs, and an evidence package with the row of
 * the ledger that holds the table's SHA-256: sealed with the rest, so the table cannot be changed
 * later. Nothing is overwritten. Returns the exit code.
 */
int	certificate_make(const struct certificate *certificate);

#endif
