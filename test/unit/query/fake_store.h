/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of rows in memory, in place of the real one: the functions of store/store.h and
 * store/segment.h over rows that a test makes. One store per program. Columns get whatever form
 * fits, templates included, so that every way of the engine is taken.
 */
#ifndef TEST_FAKE_STORE_H
#define TEST_FAKE_STORE_H

#include "model/batch.h"
#include "store/segment.h"

enum { FAKE_HOLES = 24 };

struct fake_hole {
	uint8_t kind, role;
	const char *name;
};

struct fake_row {
	uint32_t shape;			/* number of fake_shape() */
	uint32_t source;		/* number of fake_source() */
	int64_t recv_ns, event_ns;
	const char *value[FAKE_HOLES];	/* as stored; literals or strings that live on */
};

/* Forgets everything. */
void		fake_reset(void);
uint32_t	fake_shape(uint8_t format, const struct fake_hole *hole, uint32_t nhole);
uint32_t	fake_source(uint64_t unit, const char *listener, const char *peer, const char *host,
		    const char *app);
/* Appends to the open segment; its number is 1, 2, 3 ... */
void		fake_row(const struct fake_row *row);
/* Ends the open segment. text: values of text columns are cut into templates and slots. */
void		fake_cut(bool text);

/* For the oracle: what was put in. */
uint32_t	fake_rows(void);
const struct fake_row	*fake_row_at(uint32_t i);
const struct shape	*fake_shape_at(uint32_t i);
const struct source	*fake_source_at(uint32_t i);
struct store	*fake_store(void);

#endif
