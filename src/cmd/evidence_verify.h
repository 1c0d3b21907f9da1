/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban verify FILE`: is this evidence package what a desk sealed? Needs no desk, no store. */
#ifndef CMD_EVIDENCE_VERIFY_H
#define CMD_EVIDENCE_VERIFY_H

#include <stdbool.h>

#include "base/err.h"

struct evidence_ask {
	const char *path;		/* the package, or the folder that it was unpacked to */
	const char *const *key;		/* nkey: verifier key, file with one, or fingerprint */
	unsigned nkey;
	const char *against;		/* file with anchors, or NULL */
	bool json;
};

/* Prints what was found; returns the exit code. why: what could not be done. */
int	evidence_verify(const struct evidence_ask *ask, struct why *why);

#endif
