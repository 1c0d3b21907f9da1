/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that show a rule pack (role/rulepack.h) share. Inside of cmd. */
#ifndef CMD_RULES_H
#define CMD_RULES_H

#include "base/buf.h"
#include "role/rulepack.h"

struct conf;
struct doctor;

/*
 * Reads the pack in the file that --pack names; path NULL: the one inside of the program. Then
 * doctor_open(), and *ret_own are the office's own entries beside it: none where a file was named
 * or no configuration could be read. EXIT_DONE; end with doctor_close(). Else it was said on stderr
 * what is wrong with the pack, and nothing is open.
 */
int	rules_open(void *ret_pack, const struct rulepack_kind *kind, const char *path,
	    struct doctor *doctor, const struct conf **ret_own);
/* Where the entry comes from: "law" to "note". */
void	rules_json(struct buf *line, const struct rulepack_words *words);

#endif
