/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the rooms parse and intake meet: the parser as the table of functions that makers of
 * batches want. Used by intake and collector.
 */
#ifndef ROLE_CUT_H
#define ROLE_CUT_H

#include "intake/intake.h"
#include "role/conf.h"

enum { CUT_SUSPECTS = 16 };

struct cutter;

/* own_host: claimed host of records that name none ("" = leave it empty). Copied. */
struct cutter	*cutter_new(const struct conf *conf, const char *own_host);
void		cutter_free(struct cutter **cutter);
/*
 * Hashes (crash_hash) of records that are kept whole and not taken apart; copied. Those beyond
 * CUT_SUSPECTS are left out.
 */
void		cutter_suspects(struct cutter *cutter, const uint64_t *hash, unsigned n);
/* How the records of one imported file are taken apart; {form, near_ns} to begin with. */
struct cut_file {
	uint8_t form;			/* enum parse_form */
	int64_t near_ns;		/* of stamps without a year */
	uint32_t header;		/* of a table; 0: none yet */
	bool begun;
};

/*
 * The next record of the file. ret NULL: it is not looked into but for a table's header, because
 * it is stored already. The answer is valid until the next call.
 */
void		cutter_file(struct cutter *cutter, struct cut_file *file, struct span record,
		    int64_t recv_ns, struct intake_parsed *ret);
/* How many shapes were given out. */
uint32_t	cutter_shapes(const struct cutter *cutter);
/* For struct intake_conf and batcher_conf; the state is the cutter. */
const struct intake_parser	*cutter_ops(void);

#endif
