/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban source`: what its two files share. Inside of cmd. */
#ifndef CMD_SOURCE_H
#define CMD_SOURCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "cmd/doctor.h"

struct registry;

struct source_wanted {
	const char *kind;		/* NULL: list the kinds */
	const char *address;		/* the desk's, as the source sees it; NULL: own */
	const char *listener;		/* RELAY/LISTENER: it sends there; NULL or other: here */
	const char *from;		/* wait for a record from there; NULL: do not */
	const char *file;		/* of kinds; NULL: ours */
	long wait_s;
};

/* source.c: tells what to paste, waits. The doctor is open. Returns the exit code. */
int	source_connect(struct doctor *doctor, const struct source_wanted *wanted);
/* An address alone: it becomes part of a query. */
bool	source_is_address(const char *text);

enum source_change { SOURCE_ADDED, SOURCE_CHANGED, SOURCE_REMOVED, SOURCE_SAME, SOURCE_CHANGES };

/* What an import does to the register: how many sources, and the names of the first ones. */
struct source_taken {
	uint32_t n[SOURCE_CHANGES];
	struct buf names[SOURCE_CHANGES];
};

struct source_given {
	const struct registry *old;
	const struct conf *conf;
	const char *path;		/* of the table */
	bool whole;			/* what it has not, goes */
};

/*
 * source_import.c: appends the register that comes of it, and what was done for the ledger. Errors
 * name the line of the table. Call source_taken_done in any case; of {0}, too.
 */
enum err	source_take(struct source_taken *ret, const struct source_given *given,
		    struct buf *now, struct buf *act, struct why *why);
void		source_taken_tell(const struct source_taken *taken);
void		source_taken_done(struct source_taken *taken);

/* source_register.c: list, unknown, add, set, remove, import, export; argv[0] is the verb. */
bool	source_register_verb(const char *word);
int	source_register(int argc, char **argv);
/* What --help says of them. */
const char	*source_register_usage(void);

#endif
