/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban register`, in two files: registers.c the verbs, registers_csv.c files. Inside of cmd. */
#ifndef CMD_REGISTERS_H
#define CMD_REGISTERS_H

#include <stdbool.h>

#include "base/err.h"

enum { REGISTERS_PATH = 256 };

struct register_command {
	const char *state, *text, *under, *days;
	bool json, soon;
	char **word;
	int nword;
};

/* /api/registers/ and so many words, which are ids. */
void		registers_path(char path[REGISTERS_PATH], const struct register_command *command,
		    int words, const char *more);
/* Says what is wrong; the exit code. */
int		registers_failed(const struct register_command *command, enum err rc,
		    struct why *why);
int		registers_import(const struct register_command *command, struct why *why);
int		registers_export(const struct register_command *command, struct why *why);

#endif
