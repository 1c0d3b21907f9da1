/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of relays' bodies have in common: a parser that adopts, and a body to read. */
#ifndef TEST_INTAKE_RELAYED_H
#define TEST_INTAKE_RELAYED_H

#include <stdlib.h>

#include "base/must.h"
#include "intake/relayed_body.h"
#include "wire/relay.h"

enum { ADOPTED = 4 };

static struct buf adopted_code[ADOPTED];
static uint32_t nadopted;
static struct span whole_value;

static inline uint32_t
fake_adopt(void *state, struct span code)
{
	(void)state;
	for (uint32_t i = 0; i < nadopted; i++)
		if (span_eq(buf_span(&adopted_code[i]), code))
			return i + 1;
	if (nadopted == ADOPTED)
		return INTAKE_NO_SHAPE;
	buf_span_put(&adopted_code[nadopted], code);
	return ++nadopted;
}

/* Shape 0: all of it in one hole. */
static inline void
fake_whole(void *state, struct span record, int64_t recv_ns, struct intake_parsed *ret)
{
	(void)state;
	whole_value = record;
	*ret = (struct intake_parsed){ .event_ns = recv_ns, .nvalue = 1, .value = &whole_value };
}

static const struct intake_parser relayed_parser = { .adopt = fake_adopt, .whole = fake_whole };

static inline void
relayed_begin(struct relayed_body *b, struct sources *sources, int64_t recv_ns)
{
	const struct source like = { .listener = SPAN("door"), .trust = TRUST_PEER };

	*b = (struct relayed_body){ .parser = &relayed_parser, .sources = sources, .class = 3,
	    .unit = 9, .name = SPAN("xa"), .recv_ns = recv_ns };
	b->other = sources_other(sources, &like);
}

static inline void
relayed_forget(void)
{
	while (nadopted > 0)
		buf_done(&adopted_code[--nadopted]);
}

#endif
