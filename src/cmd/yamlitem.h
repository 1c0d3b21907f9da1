/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items of a list at the top level of a configuration, put in and taken out as text: everything
 * else, remarks above all, stays as a person wrote it. What came of it has to be read again before
 * it is believed: this knows lines and indents, not YAML. Inside of cmd.
 */
#ifndef CMD_YAMLITEM_H
#define CMD_YAMLITEM_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends text with "- item" as the first of the list key, which is made at the end when there is
 * none; its line ends as the first one does. ERR_FORMAT: the list stands on the line of its key.
 */
enum err	yamlitem_add(struct buf *out, struct span text, const char *key, struct span item,
		    struct why *why);
/*
 * Appends text without the item that begins in that line (1 is the first), and without the key
 * when nothing else was in its list. ERR_FORMAT: no item begins there.
 */
enum err	yamlitem_remove(struct buf *out, struct span text, const char *key, int64_t line,
		    struct why *why);
/* Appends value in double quotes. */
void		yamlitem_quote(struct buf *out, struct span value);

#endif
