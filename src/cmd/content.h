/* SPDX-License-Identifier: Apache-2.0 */
/* Data files of content/ that travel inside of the program; tools/embed makes them. */
#ifndef CMD_CONTENT_H
#define CMD_CONTENT_H

#include "base/span.h"

extern const struct span content_custody;	/* content/evidence/bien-ban.html */
extern const struct span content_sources;	/* content/sources.txt */
extern const struct span content_page;		/* content/evidence/cach-kiem-tra.txt */

#endif
