/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain names: ASCII letters and digits and the marks that the caller names, so that a name can
 * stand in a shell's line, a path or a table as it is.
 */
#ifndef BASE_PLAIN_H
#define BASE_PLAIN_H

#include "base/span.h"

/*
 * One octet at least. first: marks that may stand in front (a '-' there would be an option, a '.'
 * a hidden file); more: marks that may stand behind.
 */
bool	plain_is(struct span name, const char *first, const char *more);

#endif
