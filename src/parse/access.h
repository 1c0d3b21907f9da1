/* SPDX-License-Identifier: Apache-2.0 */
/* Access logs of Apache and nginx, common and combined: decoder.md section 13. Inside only. */
#ifndef PARSE_ACCESS_H
#define PARSE_ACCESS_H

#include "parse/cut.h"

/* False: the line is none. */
bool	access_cut(struct cut *cut, struct span record);

#endif
