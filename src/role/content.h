/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One content of an import on its way: octets in, batches out, and what is stored already passed
 * over. Knows no socket; the importer asks the keeper for its places and sends its batches.
 *
 *	CONTENT_HEAD    gathers the first octets
 *	CONTENT_ASKS    wants content_answer with the places of content_asks
 *	CONTENT_FLOWS   takes records apart
 *	CONTENT_OVER    all octets came (or it failed); batches may be on their way
 */
#ifndef ROLE_CONTENT_H
#define ROLE_CONTENT_H

#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"
#include "intake/source.h"
#include "role/cut.h"
#include "role/import.h"

enum content_state { CONTENT_HEAD, CONTENT_ASKS, CONTENT_FLOWS, CONTENT_OVER };

struct content;

/* A batch and the place behind it. */
struct content_batch {
	uint64_t content, from, to;
	struct span batch;
};

/* The caller's; all borrowed. */
struct content_desk {
	struct cutter *cutter;
	struct sources *sources;
	uint32_t other;			/* origin of last resort */
	uint32_t first_id;		/* added to the parser's shapes and to sources */
	/* The definitions up to there are to be sent before the batch. */
	void (*send)(void *arg, struct content *content, const struct content_batch *batch,
	    uint32_t rows);
	void *arg;
};

/* like: class, unit, trust, peer, identity of its source. file's spans are copied. */
struct content	*content_new(const struct content_desk *desk, const struct import_file *file,
		    const struct source *like);
void		content_free(struct content **content);
enum content_state	content_state(const struct content *content);
/* Octets of it, and its end. Nothing more may come while it asks. */
void		content_take(struct content *content, struct span piece, int64_t recv_ns);
void		content_end(struct content *content, enum import_end end, int64_t recv_ns);
/* u64 each, while it asks. */
struct span	content_asks(const struct content *content);
void		content_answer(struct content *content, struct span places, int64_t recv_ns);
/* True once, when its form is known. */
bool		content_said(struct content *content, struct import_said *ret_said);
/* What became of a batch of so many rows. */
void		content_settled(struct content *content, uint32_t rows, enum err result,
		    struct span text);
/* Batches without an answer. */
unsigned	content_on_way(const struct content *content);
/* Its spans are valid as long as the content. */
void		content_done(struct content *content, struct import_done *ret_done);
struct span	content_name(const struct content *content);
struct span	content_form(const struct content *content);

#endif
