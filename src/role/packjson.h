/* SPDX-License-Identifier: Apache-2.0 */
/* Rule packs as the JSON that the desk's tables are filled from (desk/part.h, struct part_load). */
#ifndef ROLE_PACKJSON_H
#define ROLE_PACKJSON_H

#include "base/buf.h"
#include "model/json.h"
#include "role/rulepack.h"

/* Each begins with a comma; an empty text is null. */
void	packjson_text(struct buf *out, const char *name, const char *text);
void	packjson_number(struct buf *out, const char *name, int64_t number);
/* Begins an object with what all entries say; the caller ends it. */
void	packjson_words(struct buf *out, bool first, const struct rulepack_words *words,
	    const char *english);
/* Begins the whole: name, version, title. */
void	packjson_head(struct buf *out, const struct rulepack_head *head);

#endif
