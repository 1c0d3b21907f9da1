/* SPDX-License-Identifier: Apache-2.0 */
/* The table of reasons. Inside of cmd/reason*.c. */
#ifndef CMD_REASON_INT_H
#define CMD_REASON_INT_H

#include "cmd/reason.h"

/*
 * en is the format as it stands in the source. vi has {1}, {2} where its values go. What a format's
 * last ": %s" stands for is a reason in its turn and looked up too, but not behind “: words of the
 * system or of a library, or the desk's own, are cited.
 */
struct reason {
	const char *en, *vi;
};

/* The first that fits is taken; ended by a NULL en. */
extern const struct reason reasons[];

#endif
