/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding: something that needs a person, found by a rule in what is stored. It is told as acts:
 * opened, grew (as often as there is reason), closed; each is one row of the stream `findings`, in
 * one JSON shape, so that the same search finds it. doc/formats/finding.md.
 *
 * What is open now is a fold over the stream: the last act of each id.
 */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"

enum {
	FINDING_ID_BYTES = 16,
	FINDING_HOLES = 26,
	FINDING_TEXT_MAX = 4096,	/* a name or the message; escaped */
	FINDING_BYTES_MAX = 65536,	/* a whole one */
};

enum finding_act {
	FINDING_OPENED,
	FINDING_GREW,
	FINDING_CLOSED,
	FINDING_ACT_END
};

/* Sigma's levels; event.severity as the field's products number them. */
enum finding_level {
	FINDING_INFORMATIONAL,
	FINDING_LOW,
	FINDING_MEDIUM,
	FINDING_HIGH,
	FINDING_CRITICAL,
	FINDING_LEVEL_END
};

/* What a rule groups by; what does not matter to it is empty. */
struct finding_group {
	struct span listener, peer, identity, host;
	uint64_t unit;
	struct span subject;		/* a counter, a class, a folder: what else it is about */
};

struct finding {
	uint8_t id[FINDING_ID_BYTES];
	uint8_t act;			/* enum finding_act */
	uint8_t level;			/* enum finding_level */
	uint32_t version;		/* of the rule */
	uint64_t sequence;		/* of the turn that found it; grows along the stream */
	struct span rule;		/* "coverage.silent" */
	struct finding_group group;
	uint64_t value, usual;
	struct span unit;		/* of both: "seconds", "records" */
	int64_t time_ns;		/* of this act */
	int64_t opened_ns;
	int64_t from_ns, to_ns;		/* receive times that it rests on */
	uint64_t opened_seq;		/* from_seq at opening: part of the id */
	uint64_t from_seq, to_seq;	/* of the raw stream; 0: none */
	struct span message;
};

/* id = BLAKE2b-256 of rule, version, group, first sequence number, cut to 16 octets. */
void		finding_id(struct finding *finding);
/* The one shape of version 1. */
void		finding_shape(struct buf *out);
/* The values of its holes; in the arena. flags: what the row must be marked with. */
void		finding_values(const struct finding *finding, struct arena *arena,
		    struct span value[FINDING_HOLES], uint8_t *ret_flags);
/* The record as it is stored: shape and values. */
void		finding_encode(struct buf *out, const struct finding *finding);
/*
 * Reads a record and checks the rules of finding.md. Spans are the arena's. ERR_FORMAT names the
 * broken rule.
 */
enum err	finding_decode(struct finding *ret_finding, struct span record, struct arena *arena,
		    struct why *why);
bool		finding_same_group(const struct finding_group *a, const struct finding_group *b);
const char	*finding_act_name(unsigned act);
const char	*finding_level_name(unsigned level);

#endif
