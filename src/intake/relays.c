/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small tables that are looked through: see relays.h. A counter that is told no more keeps its
 * last value here and at the keeper: a relay that comes back goes on with it. When the table is
 * full, that of the relay goes which has said nothing for longest, an hour at least; else, for a
 * relay with few, one of a relay with many.
 */
#include "intake/relays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "base/limits.h"
#include "base/must.h"

#define HOUR_NS INT64_C(3600000000000)

/* Reports that say that a relay is gone: one may be lost when the keeper's channel is full. */
enum { FAREWELLS = 8 };

/* More relays than that speak at a time when some forget what they asked for, and ask again. */
enum { PARTS = 1024 };

struct said {
	char name[LIMIT_NAME_BYTES + 1];	/* "relay.RELAY/LISTENER.NAME" */
	size_t relay;				/* octets of it that name the relay, '/' too */
	uint64_t value;
	int64_t said_ns;
	bool ours;
	unsigned farewells;			/* > 0: it is gone; for so many reports more */
};

struct relays {
	struct said said[LIMIT_RELAY_COUNTERS];	/* of all relays */
	unsigned nsaid;
	int64_t hour_ns;			/* spools are counted since then */
	struct begun {
		uint64_t content;
		size_t n;			/* octets of the name */
		char relay[LIMIT_NAME_BYTES];
	} begun[LIMIT_RELAY_SPOOLS_HOURLY];
	unsigned nbegun;
	struct part {
		uint64_t content;		/* 0: free */
		uint64_t place;
	} part[PARTS];				/* a ring: the one that was set first goes first */
	unsigned part_next;
};

struct relays *
relays_new(void)
{
	return xcalloc(1, sizeof(struct relays));
}

void
relays_free(struct relays **relays)
{
	free(*relays);
	*relays = NULL;
}

/* ---- counters ---- */

static bool
is_mate(const struct said *one, const struct said *other)
{
	return one->relay == other->relay && memcmp(one->name, other->name, one->relay) == 0;
}

/* Are there more than that of its relay? */
static bool
has_more(const struct relays *r, const struct said *of, unsigned most)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nsaid && n <= most; i++)
		n += is_mate(&r->said[i], of);
	return n > most;
}

/* A place for one more; NULL: there is none for this relay. */
static struct said *
said_room(struct relays *r, const struct said *like)
{
	struct said *oldest = &r->said[0];

	if (r->nsaid < LIMIT_RELAY_COUNTERS)
		return &r->said[r->nsaid++];
	for (unsigned i = 1; i < r->nsaid; i++)
		if (r->said[i].said_ns < oldest->said_ns)
			oldest = &r->said[i];
	if (like->said_ns - oldest->said_ns > HOUR_NS)
		return oldest;
	if (has_more(r, like, LIMIT_RELAY_COUNTERS_SURE - 1))
		return NULL;
	for (unsigned i = r->nsaid; i > 0; i--)
		if (has_more(r, &r->said[i - 1], LIMIT_RELAY_COUNTERS_SURE))
			return &r->said[i - 1];
	return NULL;
}

/* full: a new one has no room. False: it found none. */
static bool
said_set(struct relays *r, const struct said *like, bool full)
{
	struct said *to = NULL;

	for (unsigned i = 0; i < r->nsaid && to == NULL; i++)
		if (strcmp(r->said[i].name, like->name) == 0)
			to = &r->said[i];
	if (to == NULL && !full)
		to = said_room(r, like);
	if (to != NULL)
		*to = *like;
	return to != NULL;
}

void
relays_said(struct relays *r, struct span relay, enum relays_ours ours, struct span list,
    int64_t now_ns)
{
	struct cur in = cur_of(list);
	bool full = false;

	for (uint64_t n = list.n > 0 ? cur_varint(&in) : 0; n > 0; n--) {
		struct span name = cur_bytes(&in);
		struct said said = { .relay = sizeof "relay." + relay.n, .said_ns = now_ns,
		    .ours = ours == RELAYS_OURS, .value = cur_varint(&in) };

		(void)snprintf(said.name, sizeof said.name, "relay.%.*s/%.*s", (int)relay.n,
		    (const char *)relay.p, (int)name.n, (const char *)name.p);
		full |= !said_set(r, &said, full);
	}
}

/* Is it the first one of its relay in the table? That one says farewell for all. */
static bool
is_first(const struct relays *r, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (is_mate(&r->said[i], &r->said[at]))
			return false;
	return true;
}

static void
gone_forget(struct relays *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nsaid; i++)
		if (r->said[i].farewells != 1)
			r->said[n++] = r->said[i];
	r->nsaid = n;
	for (unsigned i = 0; i < n; i++)
		r->said[i].farewells -= r->said[i].farewells > 0;
}

void
relays_counters(struct relays *r, struct buf *out, uint64_t *io_n)
{
	for (unsigned i = 0; i < r->nsaid; i++) {
		const struct said *said = &r->said[i];

		if (said->farewells > 0 && !is_first(r, i))
			continue;
		buf_bytes(out, span_sub(span_str(said->name), 0,
		    said->farewells > 0 ? said->relay : SIZE_MAX));
		buf_varint(out, said->farewells > 0 ? 0 : said->value);
		++*io_n;
	}
	gone_forget(r);
}

void
relays_keep(struct relays *r, relays_known_fn *known, const void *ctx)
{
	const size_t before = sizeof "relay." - 1;

	for (unsigned i = 0; i < r->nsaid; i++) {
		struct said *said = &r->said[i];
		struct span relay = span_sub(span_str(said->name), before,
		    said->relay - before - 1);

		if (said->ours && said->farewells == 0 && !known(ctx, relay))
			said->farewells = FAREWELLS;
	}
}

/* ---- spools ---- */

enum err
relays_begin(struct relays *r, struct span relay, uint64_t content, int64_t now_ns,
    struct why *why)
{
	struct begun *b;
	unsigned own = 0;

	must(relay.n <= LIMIT_NAME_BYTES);
	if (now_ns - r->hour_ns > HOUR_NS) {
		r->hour_ns = now_ns;
		r->nbegun = 0;
	}
	for (unsigned i = 0; i < r->nbegun; i++) {
		if (r->begun[i].content == content)
			return OK;
		own += span_eq(span_of((const uint8_t *)r->begun[i].relay, r->begun[i].n), relay);
	}
	if (own >= LIMIT_RELAY_SPOOLS_EACH)
		return why_set(why, ERR_BUSY, "too many spools of this relay began anew in this "
		    "hour");
	if (r->nbegun == LIMIT_RELAY_SPOOLS_HOURLY)
		return why_set(why, ERR_BUSY, "too many spools began anew in this hour");
	b = &r->begun[r->nbegun++];
	b->content = content;
	b->n = relay.n;
	memcpy(b->relay, relay.p, relay.n);
	return OK;
}

/* ---- parts ---- */

bool
relays_part(const struct relays *r, uint64_t content, uint64_t *ret_part)
{
	for (unsigned i = 0; i < PARTS; i++)
		if (r->part[i].content == content) {
			*ret_part = r->part[i].place;
			return true;
		}
	return false;
}

void
relays_part_set(struct relays *r, uint64_t content, uint64_t part)
{
	unsigned at = 0;

	while (at < PARTS && r->part[at].content != content)
		at++;
	if (at == PARTS)
		at = r->part_next++ % PARTS;
	r->part[at] = (struct part){ content, part };
}
