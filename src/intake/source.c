/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic in source_is. The tables of source.h. All encodings lie in one
 * growing array; a source's encoding is its origin's octets (class .. identity) and then the two
 * claims, so the claims of a known source are compared in place:
 *
 *	code:	[class trust unit listener peer identity][host][app]
 *		'------------- origin.bytes -----------'
 *
 * Both hash tables are open addressing over u32 slots (0 empty, else number + 1), at most half
 * full. The last source of an origin is tried first: most senders say the same host and
 * application many times in a row.
 */
#include "intake/source.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

#define NONE	UINT32_MAX

enum {
	STRING_BYTES = 255,
	FIRST_SLOTS = 256,
	CLAIMS_UNTIL = LIMIT_SOURCES / 4 * 3,
};

struct table {
	uint32_t *slot;
	uint32_t nslot;		/* a power of two */
};

struct origin {
	uint64_t hash;
	size_t at;		/* in text */
	uint32_t bytes;
	uint32_t other;		/* source when the numbers are gone */
	uint32_t last;		/* source found last */
	uint32_t connections;
	uint32_t next;		/* of an "other": the same door's, of another class; NONE */
	uint8_t class;
};

struct entry {
	uint64_t hash;
	size_t at;		/* in text */
	uint32_t bytes;
	uint32_t origin;
};

struct sources {
	uint64_t seed;
	struct buf text;	/* encodings of origins and sources */
	struct table origin_table, entry_table;
	struct origin *origin;
	struct entry *entry;
	uint32_t norigin, origin_room;
	uint32_t nentry, entry_room;
};

struct sources *
sources_new(uint64_t seed)
{
	struct sources *s = xcalloc(1, sizeof *s);

	s->seed = seed;
	s->origin_table = (struct table){ xcalloc(FIRST_SLOTS, sizeof(uint32_t)), FIRST_SLOTS };
	s->entry_table = (struct table){ xcalloc(FIRST_SLOTS, sizeof(uint32_t)), FIRST_SLOTS };
	return s;
}

void
sources_free(struct sources **sources)
{
	struct sources *s = *sources;

	if (s == NULL)
		return;
	free(s->origin_table.slot);
	free(s->entry_table.slot);
	free(s->origin);
	free(s->entry);
	buf_done(&s->text);
	free(s);
	*sources = NULL;
}

static struct span
shortened(struct span s)
{
	return span_sub(s, 0, STRING_BYTES);
}

static struct span
text_at(const struct sources *s, size_t at, size_t n)
{
	return span_sub(buf_span(&s->text), at, n);
}

/* ---- origins ---- */

/* First free slot on the path of hash. */
static uint32_t *
slot_free(const struct table *table, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (table->nslot - 1);

	while (table->slot[at] != 0)
		at = (at + 1) & (table->nslot - 1);
	return &table->slot[at];
}

static void
table_widen(struct table *table, uint32_t count)
{
	if (count < table->nslot / 2)
		return;
	free(table->slot);
	table->nslot *= 2;
	table->slot = xcalloc(table->nslot, sizeof table->slot[0]);
}

static void
origin_encode(struct buf *out, const struct source *like)
{
	buf_u8(out, like->class);
	buf_u8(out, like->trust);
	buf_varint(out, like->unit);
	buf_bytes(out, shortened(like->listener));
	buf_bytes(out, shortened(like->peer));
	buf_bytes(out, shortened(like->identity));
}

static uint32_t
entry_new(struct sources *s, uint32_t origin, struct span host, struct span app, uint64_t hash)
{
	uint32_t id = s->nentry++;
	struct span head;
	struct entry *e;

	must(id < LIMIT_SOURCES);
	if (id == s->entry_room) {
		s->entry_room = s->entry_room > 0 ? s->entry_room * 2 : 64;
		s->entry = xreallocarray(s->entry, s->entry_room, sizeof s->entry[0]);
	}
	e = &s->entry[id];
	*e = (struct entry){ .hash = hash, .origin = origin, .at = s->text.n };
	/* Room first: what is copied lies in the same array. */
	buf_reserve(&s->text, s->origin[origin].bytes);
	head = text_at(s, s->origin[origin].at, s->origin[origin].bytes);
	buf_span_put(&s->text, head);
	buf_bytes(&s->text, host);
	buf_bytes(&s->text, app);
	e->bytes = (uint32_t)(s->text.n - e->at);
	return id;
}

static uint32_t
origin_new(struct sources *s, struct span code, uint8_t class, uint64_t hash)
{
	uint32_t id = s->norigin++;

	if (id == s->origin_room) {
		s->origin_room = s->origin_room > 0 ? s->origin_room * 2 : 64;
		s->origin = xreallocarray(s->origin, s->origin_room, sizeof s->origin[0]);
	}
	s->origin[id] = (struct origin){ .hash = hash, .at = s->text.n, .class = class,
	    .bytes = (uint32_t)code.n, .last = NONE, .next = NONE };
	buf_span_put(&s->text, code);
	return id;
}

/* Hash 0 is in no table: nobody finds it by its name. */
static uint32_t
other_new(struct sources *s, struct span code, uint8_t class)
{
	uint32_t id = origin_new(s, code, class, 0);
	uint32_t entry = entry_new(s, id, (struct span){ 0 }, (struct span){ 0 }, 0);

	s->origin[id].other = s->origin[id].last = entry;
	return id;
}

uint32_t
sources_other(struct sources *s, const struct source *like)
{
	struct source other = *like;
	struct buf code = { 0 };
	uint32_t id;

	other.peer = SPAN("other");
	other.identity = (struct span){ 0 };
	origin_encode(&code, &other);
	id = other_new(s, buf_span(&code), like->class);
	buf_done(&code);
	return id;
}

bool
sources_is_other(const struct sources *s, uint32_t origin)
{
	must(origin < s->norigin);
	return s->origin[origin].hash == 0;
}

/* A batch holds rows of one class: an "other" of another one would have it refused. */
uint32_t
sources_other_of(struct sources *s, uint32_t other, uint8_t class)
{
	struct buf code = { 0 };
	uint32_t last = other, id;

	must(other < s->norigin && s->origin[other].hash == 0);
	for (id = other; id != NONE; id = s->origin[id].next) {
		if (s->origin[id].class == class)
			return id;
		last = id;
	}
	buf_span_put(&code, text_at(s, s->origin[other].at, s->origin[other].bytes));
	code.p[0] = class;
	id = other_new(s, buf_span(&code), class);
	s->origin[last].next = id;
	buf_done(&code);
	return id;
}

uint32_t
sources_origin(struct sources *s, const struct source *like, uint32_t other)
{
	struct buf code = { 0 };
	uint32_t at, id;
	uint64_t hash;

	other = sources_other_of(s, other, like->class);
	id = other;
	origin_encode(&code, like);
	hash = hash64_seed(buf_span(&code), s->seed);
	at = (uint32_t)hash & (s->origin_table.nslot - 1);
	for (; s->origin_table.slot[at] != 0; at = (at + 1) & (s->origin_table.nslot - 1)) {
		const struct origin *o = &s->origin[s->origin_table.slot[at] - 1];

		if (o->hash == hash && span_eq(text_at(s, o->at, o->bytes), buf_span(&code))) {
			id = s->origin_table.slot[at] - 1;
			goto out;
		}
	}
	if (s->norigin >= LIMIT_SOURCES)
		goto out;
	id = origin_new(s, buf_span(&code), like->class, hash);
	s->origin[id].other = s->origin[other].other;
	if (s->norigin >= s->origin_table.nslot / 2) {
		table_widen(&s->origin_table, s->norigin);
		for (uint32_t i = 0; i < id; i++)
			if (s->origin[i].hash != 0)
				*slot_free(&s->origin_table, s->origin[i].hash) = i + 1;
	}
	*slot_free(&s->origin_table, hash) = id + 1;
out:
	buf_done(&code);
	return id;
}

uint8_t
sources_class(const struct sources *s, uint32_t origin)
{
	must(origin < s->norigin);
	return s->origin[origin].class;
}

uint32_t *
sources_connections(struct sources *s, uint32_t origin)
{
	must(origin < s->norigin);
	return &s->origin[origin].connections;
}

/* ---- sources ---- */

/* Is this the source with these claims? Strings of at most 255 octets: one or two for a length. */
static bool
source_is(const struct sources *s, const struct entry *e, struct span host, struct span app)
{
	const uint8_t *p = s->text.p + e->at + s->origin[e->origin].bytes;
	size_t head = s->origin[e->origin].bytes + (host.n < 128 ? 1u : 2u) + host.n;

	if (e->bytes != head + (app.n < 128 ? 1u : 2u) + app.n)
		return false;
	if (p[0] != (uint8_t)(host.n < 128 ? host.n : host.n | 0x80))
		return false;
	if (host.n > 0 && memcmp(s->text.p + e->at + head - host.n, host.p, host.n) != 0)
		return false;
	return app.n == 0 ||
	    memcmp(s->text.p + e->at + e->bytes - app.n, app.p, app.n) == 0;
}

static uint64_t
source_hash(const struct sources *s, uint32_t origin, struct span host, struct span app)
{
	uint64_t h = hash64_seed(host, s->seed ^ origin);

	h = hash64_seed(app, h);
	return h != 0 ? h : 1;
}

static uint32_t
source_make(struct sources *s, uint32_t origin, struct span host, struct span app, uint64_t hash)
{
	uint32_t id = entry_new(s, origin, host, app, hash);

	if (s->nentry >= s->entry_table.nslot / 2) {
		table_widen(&s->entry_table, s->nentry);
		for (uint32_t i = 0; i < id; i++)
			if (s->entry[i].hash != 0)
				*slot_free(&s->entry_table, s->entry[i].hash) = i + 1;
	}
	*slot_free(&s->entry_table, hash) = id + 1;
	return id;
}

/* The number, or UINT32_MAX when there is none with these claims. */
static uint32_t
source_look(const struct sources *s, uint32_t origin, struct span host, struct span app,
    uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (s->entry_table.nslot - 1);

	for (; s->entry_table.slot[at] != 0; at = (at + 1) & (s->entry_table.nslot - 1)) {
		const struct entry *e = &s->entry[s->entry_table.slot[at] - 1];

		if (e->hash == hash && e->origin == origin && source_is(s, e, host, app))
			return s->entry_table.slot[at] - 1;
	}
	return UINT32_MAX;
}

uint32_t
sources_find(struct sources *s, uint32_t origin, struct span host, struct span app)
{
	struct origin *o = &s->origin[origin];
	uint64_t hash;
	uint32_t id;

	must(origin < s->norigin);
	host = shortened(host);
	app = shortened(app);
	if (o->last != UINT32_MAX && source_is(s, &s->entry[o->last], host, app))
		return o->last;
	hash = source_hash(s, origin, host, app);
	id = source_look(s, origin, host, app, hash);
	if (id == UINT32_MAX && s->nentry >= CLAIMS_UNTIL && host.n + app.n > 0)
		return sources_find(s, origin, (struct span){ 0 }, (struct span){ 0 });
	if (id == UINT32_MAX && s->nentry >= SOURCES_MOST)
		return o->other;
	if (id == UINT32_MAX)
		id = source_make(s, origin, host, app, hash);
	o->last = id;
	return id;
}

uint32_t
sources_count(const struct sources *s)
{
	return s->nentry;
}

struct span
sources_code(const struct sources *s, uint32_t source)
{
	must(source < s->nentry);
	return text_at(s, s->entry[source].at, s->entry[source].bytes);
}
