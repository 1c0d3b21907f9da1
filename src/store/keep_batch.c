/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a batch into the journal: channel tables, checks, digests, frame. Hot path: one pass
 * over the rows reads, rebuilds and digests each; nothing is allocated per row. record.md sections
 * 3 and 4, seal.md section 2, journal.md section 2.
 */
#include "store/keep_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/random.h"

enum {
	LEAF_FIXED = SEED_BYTES + 1 + 8,
	LEAF_SEGMENT_ENDS = 1,
	TABLE_FIRST = 64,
};

/* ---- channels ---- */

enum err
keep_channel_open(struct keep *keep, uint64_t instance, uint32_t *ret_channel, struct why *why)
{
	for (uint32_t i = 0; i < KEEP_CHANNELS; i++) {
		struct channel *channel = &keep->channel[i];

		if (channel->open)
			continue;
		channel->open = true;
		/* The mark is for contents: places.h. */
		channel->instance = instance & ~PLACE_MARK;
		channel->generation++;
		*ret_channel = i;
		return OK;
	}
	return why_set(why, ERR_FULL, "%d channels are open already", KEEP_CHANNELS);
}

void
keep_channel_close(struct keep *keep, uint32_t channel)
{
	struct channel *c;
	uint32_t generation;

	must(channel < KEEP_CHANNELS && keep->channel[channel].open);
	c = &keep->channel[channel];
	for (uint32_t i = 0; i < c->nshape; i++)
		intern_drop(keep->intern, c->shape[i]);
	for (uint32_t i = 0; i < c->nsource; i++)
		intern_drop(keep->intern, c->source[i]);
	free(c->shape);
	free(c->source);
	generation = c->generation;
	*c = (struct channel){ .generation = generation };
}

static struct channel *
channel_of(struct keep *keep, uint32_t channel)
{
	must(channel < KEEP_CHANNELS && keep->channel[channel].open);
	return &keep->channel[channel];
}

/* One more definition of n octets, with the next id? */
static enum err
define_check(struct channel *channel, uint32_t id, uint32_t next, uint32_t limit, size_t n,
    struct why *why)
{
	if (id != next)
		return why_set(why, ERR_FORMAT, "id %u where %u is next", id, next);
	if (next == limit)
		return why_set(why, ERR_LIMIT, "more than %u definitions", limit);
	if (n > CHANNEL_BYTES - channel->bytes)
		return why_set(why, ERR_LIMIT, "definitions of more than %d octets", CHANNEL_BYTES);
	return OK;
}

static struct def **
table_grow(struct def **table, uint32_t n, uint32_t *cap)
{
	if (n < *cap)
		return table;
	*cap = *cap > 0 ? *cap * 2 : TABLE_FIRST;
	return xreallocarray(table, *cap, sizeof table[0]);
}

enum err
keep_shape(struct keep *keep, uint32_t channel, uint32_t id, struct span code, struct why *why)
{
	struct channel *c = channel_of(keep, channel);
	struct def *def = NULL;
	enum err rc;

	rc = define_check(c, id, c->nshape, LIMIT_SHAPES, code.n, why);
	if (rc == OK)
		rc = intern_shape(keep->intern, code, &def, why);
	if (rc != OK)
		return rc;
	c->shape = table_grow(c->shape, c->nshape, &c->shape_cap);
	c->shape[c->nshape++] = def;
	c->bytes += code.n;
	return OK;
}

enum err
keep_source(struct keep *keep, uint32_t channel, uint32_t id, struct span code, struct why *why)
{
	struct channel *c = channel_of(keep, channel);
	struct def *def = NULL;
	enum err rc;

	rc = define_check(c, id, c->nsource, LIMIT_SOURCES, code.n, why);
	if (rc == OK)
		rc = intern_source(keep->intern, code, &def, why);
	if (rc != OK)
		return rc;
	c->source = table_grow(c->source, c->nsource, &c->source_cap);
	c->source[c->nsource++] = def;
	c->bytes += code.n;
	return OK;
}

/* The definitions that a batch names, into keep->resolved. */
static enum err
batch_resolve(struct keep *keep, const struct channel *c, const struct batch_head *head,
    struct why *why)
{
	size_t n = (size_t)head->nshape + head->nsource;

	if (n > keep->resolved_cap) {
		keep->resolved_cap = n;
		keep->resolved = xreallocarray(keep->resolved, n, sizeof keep->resolved[0]);
	}
	for (uint32_t i = 0; i < head->nshape; i++) {
		uint32_t id = batch_shape_id(head, i);

		if (id >= c->nshape)
			return why_set(why, ERR_FORMAT, "batch names shape %u of %u", id,
			    c->nshape);
		keep->resolved[i] = c->shape[id];
	}
	for (uint32_t i = 0; i < head->nsource; i++) {
		uint32_t id = batch_source_id(head, i);

		if (id >= c->nsource)
			return why_set(why, ERR_FORMAT, "batch names source %u of %u", id,
			    c->nsource);
		keep->resolved[head->nshape + i] = c->source[id];
		if (c->source[id]->source->class != head->class)
			return why_set(why, ERR_FORMAT, "source of class %u, batch of class %u",
			    c->source[id]->source->class, head->class);
	}
	return OK;
}

/* ---- digests ---- */

static const struct shape *const *
shape_table(struct keep *keep, struct def *const *def, uint32_t n)
{
	if (n > keep->shape_table_cap) {
		keep->shape_table_cap = n;
		keep->shape_table = xreallocarray(keep->shape_table, n,
		    sizeof keep->shape_table[0]);
	}
	for (uint32_t i = 0; i < n; i++)
		keep->shape_table[i] = def[i]->shape;
	return keep->shape_table;
}

enum err
keep_digest(struct keep *keep, const struct batch_head *head, struct def *const *def,
    uint32_t epoch, uint64_t first_seq, const uint8_t seed[SEED_BYTES],
    const struct locator *locator, struct rows_sum *ret_sum, struct why *why)
{
	struct def *const *source = def + head->nshape;
	struct rows_sum sum = { .locator = *locator, .recv_min_ns = INT64_MAX };
	struct batch_tables tables = { .shape = shape_table(keep, def, head->nshape) };
	struct digest *d = keep->row_digest;
	struct row row;
	uint32_t i;
	enum err rc;

	salts(keep->salt, head->nrow, seed, first_seq);
	batch_reader_init(&keep->reader, head, &tables);
	for (i = 0; (rc = batch_next(&keep->reader, &row, why)) == OK; i++) {
		const struct shape *shape = tables.shape[row.shape];

		row_raw(row_many_add(keep->many, &d[i], keep->salt + (size_t)i * SALT_BYTES,
		    head->stream, head->class, row.flags, epoch, first_seq + i, row.recv_ns,
		    source[row.source]->digest, row_bytes(&row, shape)), &row, shape);
		if (row.recv_ns < sum.recv_min_ns)
			sum.recv_min_ns = row.recv_ns;
	}
	row_many_end(keep->many);
	if (rc != ERR_MORE)
		return rc;
	must(i == head->nrow);
	for (i = 0; i < head->nrow; i++)
		locator_add(&sum.locator, &d[i]);
	tree16(&sum.digest, d, i);
	*ret_sum = sum;
	return OK;
}

/* ---- parcels ---- */

_Static_assert((int)KEEP_FRONT_BYTES == ROWS_HEAD_BYTES, "what a batch has before it on disk");

struct parcel *
parcel_of_rows(const uint8_t seed[SEED_BYTES], uint64_t instance, uint64_t ticket,
    struct buf *io_whole, const struct batch_head *head, struct def *const *def)
{
	size_t ndef = (size_t)head->nshape + head->nsource;
	struct parcel *p = xcalloc(1, sizeof *p + ndef * (sizeof *def + sizeof(void *)));
	const struct shape **shape;
	const struct source **source;

	p->type = JOURNAL_ROWS;
	p->stream = head->stream;
	p->class = head->class;
	p->rows = head->nrow;
	p->ndef = ndef;
	p->def = (struct def **)(p + 1);
	shape = (const struct shape **)(p->def + ndef);
	source = (const struct source **)(shape + head->nshape);
	for (size_t i = 0; i < ndef; i++)
		p->def[i] = def_hold(def[i]);
	for (uint32_t i = 0; i < head->nshape; i++)
		shape[i] = def[i]->shape;
	for (uint32_t i = 0; i < head->nsource; i++)
		source[i] = def[head->nshape + i]->source;
	p->tables = (struct batch_tables){ .shape = shape, .source = source };
	p->plain = *io_whole;
	*io_whole = (struct buf){ 0 };
	memcpy(p->plain.p, seed, SEED_BYTES);
	le_put(p->plain.p + SEED_BYTES, instance, 8);
	le_put(p->plain.p + SEED_BYTES + 8, ticket, 8);
	must(batch_head_read(&p->head, span_sub(buf_span(&p->plain), ROWS_HEAD_BYTES, SIZE_MAX),
	    NULL) == OK);
	return p;
}

struct buf
keep_spare(struct keep *keep, size_t n)
{
	struct buf spare = { 0 };

	if (keep->nspare > 0 && n >= KEEP_SPARE_BYTES)
		spare = keep->spare[--keep->nspare];
	spare.n = 0;
	return spare;
}

struct parcel *
parcel_of_leaf(const uint8_t *seed, uint64_t segment_id, struct span entry)
{
	struct parcel *p = xcalloc(1, sizeof *p);

	p->type = JOURNAL_LEAF;
	buf_reserve(&p->plain, LEAF_FIXED + entry.n);
	if (seed != NULL)
		buf_put(&p->plain, seed, SEED_BYTES);
	else
		memset(buf_add(&p->plain, SEED_BYTES), 0, SEED_BYTES);
	buf_u8(&p->plain, segment_id != 0 ? LEAF_SEGMENT_ENDS : 0);
	buf_u64(&p->plain, segment_id);
	buf_span_put(&p->plain, entry);
	p->entry = span_sub(buf_span(&p->plain), LEAF_FIXED, SIZE_MAX);
	blake256(&p->digest, buf_span(&p->plain));
	return p;
}

void
parcel_free(struct keep *keep, struct parcel **parcel)
{
	struct parcel *p = *parcel;

	if (p == NULL || !p->durable || !p->milled)
		return;
	for (size_t i = 0; i < p->ndef; i++)
		intern_drop(keep->intern, p->def[i]);
	if (keep->nspare < KEEP_SPARES && p->plain.cap >= KEEP_SPARE_BYTES &&
	    p->plain.cap <= KEEP_SPARE_MOST)
		keep->spare[keep->nspare++] = p->plain;
	else
		buf_done(&p->plain);
	buf_done(&p->ids);
	free(p);
	*parcel = NULL;
}

enum err
parcel_room(struct keep *keep, struct def *const *def, size_t ndef, size_t plain, struct why *why)
{
	for (;;) {
		uint64_t serial = appender_serial(keep->appender);
		size_t need = appender_bound(plain);
		enum err rc;

		for (size_t i = 0; i < ndef; i++)
			if (def[i]->serial != serial || serial == 0)
				need += appender_bound(def_code(def[i]).n);
		rc = appender_room(keep->appender, need, why);
		if (rc != OK || appender_serial(keep->appender) == serial)
			return rc;
	}
}

/* The definition's id in the current file, which gets it now when it lacks it. */
static uint32_t
def_id(struct keep *keep, struct def *def)
{
	bool shape = def->shape != NULL;
	struct digest d;

	if (def->serial == keep->ids_serial)
		return def->id;
	def->serial = keep->ids_serial;
	def->id = shape ? keep->file_shapes++ : keep->file_sources++;
	blake256(&d, def_code(def));
	appender_put(keep->appender, &(struct appender_frame){
	    .type = shape ? JOURNAL_SHAPE : JOURNAL_SOURCE, .id = def->id, .d = &d,
	    .plain = def_code(def) });
	return def->id;
}

void
parcel_put(struct keep *keep, struct parcel *p)
{
	struct file_facts *facts = keep_facts(keep, appender_file(keep->appender));
	uint64_t serial = appender_serial(keep->appender);

	if (keep->ids_serial != serial) {
		keep->ids_serial = serial;
		keep->file_shapes = keep->file_sources = 0;
	}
	/* The mill may be reading the rows; nobody reads the ids. */
	for (size_t i = 0; i < p->ndef; i++)
		le_put(p->plain.p + ROWS_HEAD_BYTES + BATCH_HEAD_BYTES + i * 4,
		    def_id(keep, p->def[i]), 4);
	appender_put(keep->appender, &(struct appender_frame){
	    .type = (enum journal_type)p->type, .stream = p->stream, .class = p->class,
	    .id = p->id, .rows = p->rows, .d = &p->digest, .plain = buf_span(&p->plain),
	    .segment = p->type == JOURNAL_ROWS ? (uint32_t)p->making->id : 0 });
	p->write = appender_write(keep->appender);
	if (p->type == JOURNAL_ROWS)
		facts->last_seq[p->stream][p->class] = p->id + p->rows - 1;
	else
		facts->next_leaf = p->id + 1;
}

void
parcel_wait(struct keep *keep, struct parcel *p)
{
	p->next = NULL;
	*keep->waiting_last = p;
	keep->waiting_last = &p->next;
	if (p->making != NULL)
		p->making->undurable++;
}

/* ---- the strand ---- */

static void
leaf_add(struct strand *strand, const struct parcel *p, const struct rows_sum *sum)
{
	if (strand->rows == 0) {
		strand->since_ns = clock_mono_ns();
		strand->first_seq = p->id;
		memcpy(strand->seed, p->plain.p, SEED_BYTES);
	}
	if (strand->nframe == strand->frame_cap) {
		strand->frame_cap = strand->frame_cap > 0 ? strand->frame_cap * 2 : TABLE_FIRST;
		strand->frame = xreallocarray(strand->frame, strand->frame_cap,
		    sizeof strand->frame[0]);
	}
	strand->frame[strand->nframe++] = sum->digest;
	strand->rows += p->rows;
	strand->last_seq = p->id + p->rows - 1;
	strand->locator = sum->locator;
}

void
strand_add(struct keep *keep, struct parcel *p, uint32_t epoch, const struct rows_sum *sum)
{
	struct strand *strand = &keep->strand[p->stream][p->class];
	struct making *making = making_get(keep, p->stream, p->class, epoch, 0);
	struct mill_job *job = mill_job_new(JOB_ROWS, p);

	strand->epoch = epoch;
	leaf_add(strand, p, sum);
	making->rows += p->rows;
	making->last_seq = p->id + p->rows - 1;
	if (sum->recv_min_ns < making->recv_min_ns)
		making->recv_min_ns = sum->recv_min_ns;
	making->unmilled++;
	p->making = making;
	job->builder = making->builder;
	job->head = &p->head;
	job->tables = &p->tables;
	job->id = p->id;
	job->cost = p->plain.n;
	mill_push(keep->mill, job);
}

/* ---- the batch ---- */

/* May anything be taken now? */
static enum err
gate(struct keep *keep, struct why *why)
{
	if (keep->read_only)
		return why_set(why, ERR_IO, "the store is read-only: %s", keep->trouble.text);
	if (appender_crowded(keep->appender))
		appender_push(keep->appender);
	if (keep->todo != NULL || keep->rewrite != NULL || keep->journal_failed ||
	    appender_crowded(keep->appender) || mill_crowded(keep->mill) ||
	    making_crowded(keep))
		return why_set(why, ERR_BUSY, "the disk is behind");
	return OK;
}

/* It was durable before our restart, and the writer never heard so. */
static void
again(struct keep *keep, uint32_t channel, uint64_t ticket, const struct batch_head *head)
{
	struct keep_event e = { .channel = channel, .ticket = ticket, .rows = head->nrow };

	keep->tally.again_rows += head->nrow;
	keep_tell(keep, KEEP_ACK, (struct span){ NULL, 0 }, &e);
}

/* A batch that ended two lives is kept, but not looked at again. */
static enum err
poison(struct keep *keep, uint32_t channel, uint64_t ticket, struct span batch,
    const struct batch_head *head, uint64_t hash, struct why *why)
{
	struct keep_event e = { .channel = channel, .ticket = ticket, .rows = head->nrow };
	enum err rc;

	rc = keep_set_aside(keep, batch, keep->resolved, head->nshape, head->nsource, hash, why);
	if (rc != OK)
		return rc;
	keep->tally.set_aside_rows += head->nrow;
	if (keep->channel[channel].place.content != 0)
		(void)places_set(&keep->places, keep->channel[channel].place.content,
		    keep->channel[channel].place.to);
	keep_alarm(keep, "a batch of %u rows ended this process twice and is set aside in "
	    "quarantine/", head->nrow);
	keep_tell(keep, KEEP_ACK, (struct span){ NULL, 0 }, &e);
	return OK;
}

/* Everything that can fail, then everything that cannot. */
static enum err
batch_take(struct keep *keep, uint32_t channel, uint64_t ticket, struct buf *io_whole,
    const struct batch_head *head, struct why *why)
{
	struct strand *strand = &keep->strand[head->stream][head->class];
	uint64_t first_seq = keep->next_seq[head->stream];
	const struct keep_place *place = &keep->channel[channel].place;
	bool placed = place->content != 0;
	uint8_t seed[SEED_BYTES];
	struct rows_sum sum;
	struct parcel *p;
	enum err rc = OK;

	if (strand->making != NULL && strand->making->rows + head->nrow > LIMIT_ROWS)
		rc = making_end(keep, head->stream, head->class, why);
	if (rc == OK)
		rc = parcel_room(keep, keep->resolved, (size_t)head->nshape + head->nsource,
		    io_whole->n, why);
	if (rc != OK)
		return rc;
	if (strand->rows > 0)
		memcpy(seed, strand->seed, sizeof seed);
	else
		random_bytes(seed, sizeof seed);
	rc = keep_digest(keep, head, keep->resolved, keep->epoch, first_seq, seed,
	    &strand->locator, &sum, why);
	if (rc != OK)
		return rc;

	p = parcel_of_rows(seed, placed ? place->content : keep->channel[channel].instance,
	    placed ? place->to : ticket, io_whole, head, keep->resolved);
	p->content = place->content;
	p->from = place->from;
	p->to = place->to;
	p->id = first_seq;
	p->digest = sum.digest;
	p->channel = channel;
	p->generation = keep->channel[channel].generation;
	p->ticket = ticket;
	strand_add(keep, p, keep->epoch, &sum);
	parcel_put(keep, p);
	parcel_wait(keep, p);
	if (placed)
		(void)places_set(&keep->places, place->content, place->to);
	keep->next_seq[head->stream] += head->nrow;
	keep->tally.rows += head->nrow;
	keep->tally.batches++;
	strand_grown(keep, head->stream, head->class);
	return OK;
}

enum err
keep_batch(struct keep *keep, uint32_t channel, uint64_t ticket, struct span batch,
    struct why *why)
{
	struct buf whole = { 0 };
	enum err rc;

	memset(buf_add(&whole, KEEP_FRONT_BYTES), 0, KEEP_FRONT_BYTES);
	buf_span_put(&whole, batch);
	rc = keep_batch_give(keep, channel, ticket, &whole, why);
	buf_done(&whole);
	return rc;
}

enum err
keep_batch_give(struct keep *keep, uint32_t channel, uint64_t ticket, struct buf *io_whole,
    struct why *why)
{
	struct span batch = span_sub(buf_span(io_whole), KEEP_FRONT_BYTES, SIZE_MAX);
	struct channel *c = channel_of(keep, channel);
	uint64_t hash = (hash64(batch) & ~NOTE_FRAME) | 1;
	struct batch_head head = { .nrow = 0 };
	enum err rc;

	keep->note->keeping = hash;
	rc = batch_head_read(&head, batch, why);
	if (rc == OK)
		rc = batch_resolve(keep, c, &head, why);
	if (rc == OK)
		rc = place_check(keep, &c->place, why);
	if (rc == OK && c->place.content == 0 && c->instance != 0 &&
	    seen_has(&keep->seen, c->instance, ticket)) {
		keep->note->keeping = 0;
		again(keep, channel, ticket, &head);
		return OK;
	}
	if (rc == OK)
		rc = gate(keep, why);
	if (rc == OK)
		rc = keep_full_check(keep, head.stream, head.class, why);
	if (rc == OK && keep_suspects(keep, hash))
		rc = poison(keep, channel, ticket, batch, &head, hash, why);
	else if (rc == OK) {
		fault_record("keep_batch", batch);
		rc = batch_take(keep, channel, ticket, io_whole, &head, why);
	}
	keep->note->keeping = 0;
	if (rc == ERR_FULL)
		rc = keep_full_answer(keep, head.stream, head.class, why);

	if (rc != ERR_BUSY)
		c->place = (struct keep_place){ 0 };
	if (rc == ERR_BUSY)
		keep->turned_away = true;
	else if (rc == ERR_FORMAT || rc == ERR_LIMIT)
		keep->tally.bad_batches++;
	else if (rc == ERR_FULL)
		keep->tally.full_rows += head.nrow;
	else if (rc != OK)
		keep->tally.readonly_rows += head.nrow;
	return rc;
}
