/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See relayed_body.h. Batches are written anew, many small ones into one: a place is always one
 * behind a whole batch of the relay's.
 *
 *	group: SHAPE* SOURCE* BATCH*	numbers of the group -> numbers of this intake
 *	rows -> writer of their class -> piece (at most FLUSH_BYTES and one batch)
 */
#include "intake/relayed_body.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/registry.h"
#include "wire/relay.h"

enum {
	FLUSH_BYTES = 256 << 10,
	ROW_GROWTH = 24,		/* a row may take so much more with other ids and times */
};

#define NS_PER_S	INT64_C(1000000000)

/* ---- definitions ---- */

static void
group_end(struct relayed_body *b)
{
	for (uint32_t i = 0; i < b->nshape; i++)
		shape_free(&b->shape[i]);
	b->nshape = b->nsource = 0;
}

static enum err
shape_take(struct relayed_body *b, struct span code, struct why *why)
{
	struct shape *shape = NULL;
	enum err rc;

	if (b->nshape == LIMIT_SHAPES)
		return why_set(why, ERR_FORMAT, "rule 12: more than %d shapes", LIMIT_SHAPES);
	rc = shape_new(&shape, code, why);
	if (rc != OK)
		return rc;
	if (b->nshape == b->shape_room) {
		b->shape_room = b->shape_room > 0 ? b->shape_room * 2 : 64;
		b->shape = xreallocarray(b->shape, b->shape_room, sizeof b->shape[0]);
		b->shape_id = xreallocarray(b->shape_id, b->shape_room, sizeof b->shape_id[0]);
	}
	b->shape[b->nshape] = shape;
	b->shape_id[b->nshape++] = b->parser->adopt(b->parser_state, code);
	return OK;
}

/*
 * Unit and class as the register has them. A row that is about something else than this relay's
 * identity, or a listener of its, is never found: so a relay speaks for nobody but its own senders.
 */
static void
register_apply(const struct relayed_body *b, struct source *like)
{
	const struct registry_sender sender = { like->listener, like->peer, like->identity,
	    { NULL, 0 } };
	uint32_t index = registry_match(b->registry, &sender, REGISTRY_ATTESTED);
	const struct registry_row *row;

	if (index == REGISTRY_NONE)
		return;
	row = registry_row(b->registry, index);
	if (row->has_unit)
		like->unit = row->unit;
	if (row->class_number != REGISTRY_ANY_CLASS)
		like->class = row->class_number;
	must(like->class < LIMIT_CLASSES);
}

/*
 * What the desk knows: the relay's certificate. Of who sent to the relay it knows what that says.
 * Class and unit are those of its connection, or of the register.
 */
static uint32_t
source_of(struct relayed_body *b, const struct source *from, uint8_t *ret_class)
{
	char listener[RELAY_NAME_BYTES + 1 + LIMIT_NAME_BYTES + 1];
	int n = snprintf(listener, sizeof listener, "%.*s/%.*s", (int)b->name.n,
	    (const char *)b->name.p, (int)from->listener.n, (const char *)from->listener.p);
	struct source like = { .class = b->class, .unit = b->unit,
	    .trust = from->trust == TRUST_LOCAL ? TRUST_IDENTITY :
	    from->trust > TRUST_PEER ? TRUST_PEER : from->trust,
	    .listener = span_of(listener, (size_t)n), .peer = from->peer, .identity = b->name };
	uint32_t origin;

	register_apply(b, &like);
	*ret_class = like.class;
	origin = sources_origin(b->sources, &like, b->other);

	return sources_find(b->sources, origin, from->host, from->app);
}

static enum err
source_take(struct relayed_body *b, struct span code, struct why *why)
{
	struct source *source = NULL;
	enum err rc;

	if (b->nsource == LIMIT_SOURCES)
		return why_set(why, ERR_FORMAT, "rule 12: more than %d sources", LIMIT_SOURCES);
	rc = source_new(&source, code, why);
	if (rc != OK)
		return rc;
	if (b->nsource == b->source_room) {
		b->source_room = b->source_room > 0 ? b->source_room * 2 : 64;
		b->source_id = xreallocarray(b->source_id, b->source_room,
		    sizeof b->source_id[0]);
		b->source_class = xrealloc(b->source_class, b->source_room);
	}
	b->source_id[b->nsource] = source_of(b, source, &b->source_class[b->nsource]);
	b->nsource++;
	source_free(&source);
	return OK;
}

/* ---- rows ---- */

/* The writer of this class, for what comes next; what was written of another one is a piece. */
static struct batch_writer *
writer_of(struct relayed_body *b, uint8_t class)
{
	if (b->writer[class] == NULL)
		b->writer[class] = batch_writer_new(STREAM_RAW, class);
	b->open = class;
	return b->writer[class];
}

static struct relayed_piece *
piece_new(struct relayed_body *b)
{
	struct batch_writer *writer = b->writer[b->open];
	struct relayed_piece *piece;

	b->piece = xreallocarray(b->piece, b->npiece + 1, sizeof b->piece[0]);
	piece = &b->piece[b->npiece++];
	*piece = (struct relayed_piece){ .class = b->open, .rows = batch_rows(writer) };
	batch_finish_parts(writer, &piece->head, &piece->code);
	return piece;
}

/* What is written moves the place up to where it is now. */
static void
piece_end(struct relayed_body *b)
{
	struct relayed_piece *piece;

	if (b->writer[b->open] == NULL || batch_rows(b->writer[b->open]) == 0)
		return;
	piece = piece_new(b);
	piece->from = b->writer_from;
	piece->to = b->place;
	piece->beside = b->part;
}

/* What is written is a part of the batch behind the place. */
static void
piece_end_part(struct relayed_body *b, uint64_t part)
{
	struct relayed_piece *piece = piece_new(b);

	piece->moves_part = true;
	piece->from = b->part;
	piece->to = b->part = part;
	piece->beside = b->place;
}

/* The relay's clock is not believed where it cannot be right. */
static void
times_check(const struct relayed_body *b, struct row *row)
{
	int64_t oldest = b->recv_ns - LIMIT_RELAY_AGE_DAYS * 86400 * NS_PER_S;
	bool own = row->event_ns != row->recv_ns;

	if (row->recv_ns >= oldest && row->recv_ns <= b->recv_ns)
		return;
	row->recv_ns = b->recv_ns;
	if (!own)
		row->event_ns = b->recv_ns;
}

static enum err
row_take(struct relayed_body *b, const struct batch_head *head, struct row *row, struct why *why)
{
	const struct shape *shape = b->table[row->shape];
	uint32_t id = b->shape_id[batch_shape_id(head, row->shape)];
	uint32_t source = b->source_id[batch_source_id(head, row->source)];
	size_t n = row_bytes(row, shape);

	times_check(b, row);
	b->rows++;
	b->bytes += n;
	b->cut += (row->flags & ROW_CUT) != 0;
	b->unparsed += shape->format == FORMAT_UNPARSED || shape->format == FORMAT_LINE;
	if (id == INTAKE_NO_SHAPE) {
		struct intake_parsed parsed;

		b->record.n = 0;
		row_raw(buf_add(&b->record, n), row, shape);
		b->parser->whole(b->parser_state, buf_span(&b->record), row->recv_ns, &parsed);
		id = parsed.shape;
		row->nvalue = parsed.nvalue;
		row->value = parsed.value;
	}
	b->shapes = id >= b->shapes ? id + 1 : b->shapes;
	/* Room was looked for before, for the whole batch. */
	if (batch_add(b->writer[b->open], id, source, row) != OK)
		return why_set(why, ERR_FORMAT, "rule 14: a batch grows too long");
	return OK;
}

/* The shapes that a batch names; rule 13. */
static enum err
table_fill(struct relayed_body *b, const struct batch_head *head, struct why *why)
{
	if (head->nshape > b->table_room) {
		b->table_room = head->nshape;
		b->table = xreallocarray(b->table, b->table_room, sizeof b->table[0]);
	}
	for (uint32_t i = 0; i < head->nshape; i++) {
		uint32_t id = batch_shape_id(head, i);

		if (id >= b->nshape)
			return why_set(why, ERR_FORMAT, "rule 13: shape %u of %u", id, b->nshape);
		b->table[i] = b->shape[id];
	}
	for (uint32_t i = 0; i < head->nsource; i++)
		if (batch_source_id(head, i) >= b->nsource)
			return why_set(why, ERR_FORMAT, "rule 13: source %u of %u",
			    batch_source_id(head, i), b->nsource);
	return OK;
}

/* Sources of this batch that are on disk already. */
static uint32_t
sources_done(const struct relayed_body *b, uint64_t place)
{
	return relay_number(b->part) == relay_number(place) ?
	    (uint32_t)(b->part & ((UINT64_C(1) << RELAY_PLACE_BITS) - 1)) : 0;
}

static uint8_t
class_at(const struct relayed_body *b, const struct batch_head *head, uint32_t index)
{
	return b->source_class[batch_source_id(head, index)];
}

static bool
is_of_one_class(const struct relayed_body *b, const struct batch_head *head)
{
	for (uint32_t i = 1; i < head->nsource; i++)
		if (class_at(b, head, i) != class_at(b, head, 0))
			return false;
	return true;
}

/* All rows are of one class: they go behind what is written, if that is too. */
static enum err
whole_take(struct relayed_body *b, const struct batch_head *head, size_t need, struct why *why)
{
	uint8_t class = class_at(b, head, 0);
	struct batch_writer *writer = b->writer[b->open];
	struct row row;
	enum err rc;

	if (b->open != class || (writer != NULL && (batch_bytes(writer) > FLUSH_BYTES ||
	    batch_bytes(writer) + need > LIMIT_BATCH_BYTES ||
	    batch_rows(writer) + head->nrow > LIMIT_ROWS)))
		piece_end(b);
	if (batch_rows(writer_of(b, class)) == 0)
		b->writer_from = b->place;
	while ((rc = batch_next(&b->reader, &row, why)) == OK) {
		rc = row_take(b, head, &row, why);
		if (rc != OK)
			return rc;
	}
	return rc == ERR_MORE ? OK : rc;
}

/*
 * Turns: sources of one class that follow each other in the batch's table, from the first one that
 * is not on disk. By this order, and not by class, what is on disk in part can be told: classes may
 * be others when the rest comes.
 */
static enum err
turns_make(struct relayed_body *b, const struct batch_head *head, uint32_t done,
    uint32_t *ret_nturn, struct why *why)
{
	uint32_t n = 0;

	b->turn = xreallocarray(b->turn, head->nsource, sizeof b->turn[0]);
	b->turn_of = xreallocarray(b->turn_of, head->nsource, sizeof b->turn_of[0]);
	for (uint32_t i = done; i < head->nsource; i++) {
		uint8_t class = class_at(b, head, i);

		if (n == 0 || b->turn[n - 1].class != class)
			b->turn[n++] = (struct relayed_turn){ .class = class };
		b->turn[n - 1].end = i + 1;
		b->turn_of[i] = n - 1;
	}
	if (n > LIMIT_RELAY_TURNS)
		return why_set(why, ERR_FORMAT, "rule 16: %u turns of classes in a batch", n);
	*ret_nturn = n;
	return OK;
}

/* Each row into its turn, in its order; those that are on disk into none. */
static enum err
marks_make(struct relayed_body *b, const struct batch_head *head, uint32_t done, struct why *why)
{
	struct row row;
	enum err rc;

	b->mark = xreallocarray(b->mark, head->nrow, sizeof b->mark[0]);
	for (uint32_t i = 0; i < head->nrow; i++) {
		struct relayed_turn *turn;

		b->mark[i] = (struct relayed_mark){ .cur = b->reader.cur, .left = b->reader.left };
		rc = batch_next(&b->reader, &row, why);
		if (rc != OK)
			return rc;
		if (row.source < done)
			continue;
		turn = &b->turn[b->turn_of[row.source]];
		if (turn->first == 0)
			turn->first = i + 1;
		else
			b->mark[turn->last - 1].next = i + 1;
		turn->last = i + 1;
	}
	return OK;
}

static enum err
turn_take(struct relayed_body *b, const struct batch_head *head, const struct relayed_turn *turn,
    struct why *why)
{
	(void)writer_of(b, turn->class);
	for (uint32_t i = turn->first; i != 0; i = b->mark[i - 1].next) {
		struct row row;
		enum err rc;

		b->reader.cur = b->mark[i - 1].cur;
		b->reader.left = b->mark[i - 1].left;
		rc = batch_next(&b->reader, &row, why);
		if (rc == OK)
			rc = row_take(b, head, &row, why);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Rows of several classes, or the rest of a batch: a piece for each turn that has rows. */
static enum err
parts_take(struct relayed_body *b, const struct batch_head *head, uint64_t place, struct why *why)
{
	uint32_t done = sources_done(b, place), nturn = 0;
	const struct relayed_turn *last = NULL;
	enum err rc;

	piece_end(b);
	rc = turns_make(b, head, done, &nturn, why);
	if (rc == OK)
		rc = marks_make(b, head, done, why);
	for (uint32_t i = 0; rc == OK && i < nturn; i++) {
		if (b->turn[i].first == 0)
			continue;
		if (last != NULL)
			piece_end_part(b, relay_number(place) << RELAY_PLACE_BITS | last->end);
		last = &b->turn[i];
		rc = turn_take(b, head, last, why);
	}
	if (rc == OK && last == NULL)
		rc = why_set(why, ERR_FORMAT, "rule 11: a batch that was another one before");
	b->writer_from = b->place;
	return rc;
}

static enum err
batch_take(struct relayed_body *b, const struct relay_entry *e, struct why *why)
{
	struct batch_tables tables = { 0 };
	struct batch_head head;
	size_t need;
	enum err rc;

	if (relay_number(e->place) <= relay_number(b->place))
		return why_set(why, ERR_FORMAT, "rule 11: a place that is not behind the last one");
	rc = batch_head_read(&head, e->body, why);
	if (rc == OK && head.stream != STREAM_RAW)
		rc = why_set(why, ERR_FORMAT, "rule 13: a batch of stream %u", head.stream);
	if (rc == OK && head.nsource == 0)
		rc = why_set(why, ERR_FORMAT, "rule 13: a batch without a source");
	if (rc == OK)
		rc = table_fill(b, &head, why);
	if (rc != OK)
		return rc;
	need = e->body.n + (size_t)head.nrow * ROW_GROWTH;
	if (need > LIMIT_BATCH_BYTES)
		return why_set(why, ERR_FORMAT, "rule 14: a batch is too long");
	tables.shape = b->table;
	batch_reader_init(&b->reader, &head, &tables);
	rc = sources_done(b, e->place) == 0 && is_of_one_class(b, &head) ?
	    whole_take(b, &head, need, why) : parts_take(b, &head, e->place, why);
	if (rc == OK)
		b->place = e->place;
	return rc;
}

/* ---- counters ---- */

static enum err
counters_take(struct relayed_body *b, struct span list, struct why *why)
{
	struct cur in = cur_of(list);
	uint64_t n = cur_varint(&in);

	if (n > RELAY_COUNTERS_MAX)
		return why_set(why, ERR_FORMAT, "rule 15: too many counters");
	for (uint64_t i = 0; i < n; i++) {
		struct span name = cur_bytes(&in);

		(void)cur_varint(&in);
		if (in.bad || !relay_counter_is_known(name))
			return why_set(why, ERR_FORMAT, "rule 15: a counter that is none");
	}
	b->counters = list;
	return cur_done(&in) ? OK : why_set(why, ERR_FORMAT, "rule 15: octets behind counters");
}

/* ---- the body ---- */

static enum err
entry_take(struct relayed_body *b, const struct relay_entry *e, struct why *why)
{
	switch ((enum relay_type)e->type) {
	case RELAY_SHAPE:
		return shape_take(b, e->body, why);
	case RELAY_SOURCE:
		return source_take(b, e->body, why);
	case RELAY_BATCH:
		return batch_take(b, e, why);
	case RELAY_COUNTERS:
		return counters_take(b, e->body, why);
	default:
		group_end(b);
		return OK;
	}
}

enum err
relayed_body_read(struct relayed_body *b, struct span octets, struct why *why)
{
	struct cur in = cur_of(octets);
	struct relay_entry e;
	enum err rc;

	while ((rc = relay_next(&e, &in, why)) == OK) {
		rc = entry_take(b, &e, why);
		if (rc != OK)
			return rc;
	}
	if (rc == ERR_MORE)
		piece_end(b);
	return rc == ERR_MORE ? OK : rc;
}

void
relayed_body_done(struct relayed_body *b)
{
	group_end(b);
	free(b->shape);
	free(b->shape_id);
	free(b->source_id);
	free(b->source_class);
	free(b->table);
	free(b->mark);
	free(b->turn);
	free(b->turn_of);
	for (unsigned class = 0; class < LIMIT_CLASSES; class++)
		batch_writer_free(&b->writer[class]);
	for (size_t i = 0; i < b->npiece; i++) {
		buf_done(&b->piece[i].head);
		buf_done(&b->piece[i].code);
	}
	free(b->piece);
	buf_done(&b->record);
}
