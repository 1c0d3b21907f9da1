/* SPDX-License-Identifier: Apache-2.0 */
/* What a store's manifest says of how much it holds and how fast it grows. Inside of cmd. */
#ifndef CMD_CONTENTS_H
#define CMD_CONTENTS_H

#include "store/store.h"

enum { CONTENTS_ALL = -1, CONTENTS_DAYS = 7 };

struct contents {
	uint64_t segments, rows, bytes;
	uint64_t late_rows, late_bytes;	/* of segments of the last CONTENTS_DAYS */
	int64_t first_ns, last_ns;	/* receive times; first > last: there are none */
	double days;			/* that late_* came in; 0: too little is known */
};

/* Of one retention class of the raw stream, or CONTENTS_ALL of everything. */
struct contents	contents_of(const struct store *store, int class, int64_t now_ns);

/* Of the segments that this legal hold covers, or any of those in force (NULL). */
struct contents	contents_held(const struct store *store, const struct pin *hold);

/* Does one in force cover it? */
bool		contents_is_held(const struct store *store, const struct segment_info *info);

#endif
