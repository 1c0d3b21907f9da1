/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far contents were imported: doc/formats/journal.md section 7. A content has a number with its
 * highest bit set, that stands as the writer's instance in the ROWS frames of its rows; the frame's
 * ticket is the place behind them. So rows and place are on disk together or not at all. What
 * frames of files that go have said is kept in the file `places`, written before they go.
 */
#ifndef STORE_PLACES_H
#define STORE_PLACES_H

#include "base/buf.h"
#include "base/err.h"

#define PLACES_NAME	"places"
#define PLACE_MARK	(UINT64_C(1) << 63)

enum { PLACES_MAX = 1 << 21, PLACES_FILE_MAX = 64 << 20 };

struct places {
	struct places_one {
		uint64_t content;	/* 0: a free slot */
		uint64_t place;
	} *slot;
	size_t nslot;			/* 0 or a power of two */
	size_t n;
	bool dirty;			/* something is not in the file */
};

/* 0: nothing of it is there. */
uint64_t	places_get(const struct places *places, uint64_t content);
/* False: it is new and there is no room for another one. */
bool		places_set(struct places *places, uint64_t content, uint64_t place);
/* May one more be set? */
bool		places_room(const struct places *places, uint64_t content);
/* The file: magic 8, u64 n, n * (u64 content, u64 place), XXH3-64 of all before. */
void		places_encode(const struct places *places, struct buf *out);
enum err	places_decode(struct places *places, struct span file, struct why *why);
void		places_done(struct places *places);

#endif
