/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The octets of the journal: doc/formats/journal.md sections 1 and 2. Names, heads and frames,
 * both ways; no file is read here.
 *
 *	file	head (192) | frame | frame | ... | zeros
 *	frame	head (80) | stored payload | zeros up to a multiple of 8
 */
#include "store/journal_int.h"

#include <inttypes.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/must.h"
#include "store/key.h"

#define JOURNAL_MAGIC	"TBJRNL01"
#define FRAME_MAGIC	"TBJF"

enum {
	VERSION = 1,
	FLAG_ENCRYPTED = 1,
	HEAD_CHECKED = 120,
	HEAD_WRAP_AAD = 80,
	HEAD_WRAP_AT = 128,
	FRAME_CHECKED = 72,
	FRAME_CHAIN_AT = 40,
	LEAF_HEAD_BYTES = SEED_BYTES + 1 + 8,
	LEAF_SEGMENT_ENDS = 1,
	LEAF_ENTRY_MAX = 65535,		/* C2SP: entry lengths are u16 */
	TABLE_FIRST = 64,
};

_Static_assert((int)CRYPT_KEY_BYTES == KEY_BYTES && (int)JOURNAL_STORE_ID == STORE_ID_BYTES,
    "one size of key, one of store id");
_Static_assert(HEAD_WRAP_AT + KEY_WRAP_BYTES <= JOURNAL_HEAD_BYTES, "the wrapped key fits");

/* ---- names ---- */

void
journal_name(char ret[JOURNAL_NAME_BYTES], uint64_t number)
{
	(void)snprintf(ret, JOURNAL_NAME_BYTES, "journal/%016" PRIx64 ".tbj", number);
}

uint64_t
journal_name_number(const char *name)
{
	uint64_t number = 0;

	for (int i = 0; i < 16; i++, name++) {
		unsigned digit;

		if (*name >= '0' && *name <= '9')
			digit = (unsigned)(*name - '0');
		else if (*name >= 'a' && *name <= 'f')
			digit = (unsigned)(*name - 'a') + 10;
		else
			return 0;
		number = number << 4 | digit;
	}
	return strcmp(name, ".tbj") == 0 ? number : 0;
}

/* ---- the head of a file ---- */

void
journal_head_put(uint8_t at[JOURNAL_HEAD_BYTES], const struct journal_head *head,
    const uint8_t *store_key)
{
	memset(at, 0, JOURNAL_HEAD_BYTES);
	memcpy(at, JOURNAL_MAGIC, 8);
	le_put(at + 8, VERSION, 2);
	le_put(at + 10, head->encrypted ? FLAG_ENCRYPTED : 0, 2);
	le_put(at + 16, head->number, 8);
	le_put(at + 24, head->epoch, 4);
	memcpy(at + 32, head->store_id, JOURNAL_STORE_ID);
	memcpy(at + 48, head->chain.b, DIGEST_BYTES);
	if (head->encrypted) {
		must(store_key != NULL);
		key_id(at + 80, store_key);
		key_wrap(store_key, span_of(at, HEAD_WRAP_AAD), head->data_key, at + HEAD_WRAP_AT);
	}
	le_put(at + HEAD_CHECKED, hash64(span_of(at, HEAD_CHECKED)), 8);
}

/* The data key out of a head whose checksum holds. */
static enum err
head_unwrap(struct journal_head *head, struct span bytes, const uint8_t *store_key,
    struct why *why)
{
	uint8_t id[KEY_ID_BYTES];

	if (store_key == NULL)
		return why_set(why, ERR_DENIED, "the journal is encrypted and there is no key");
	key_id(id, store_key);
	if (memcmp(id, bytes.p + 80, sizeof id) != 0)
		return why_set(why, ERR_DENIED, "the journal was encrypted under another key");
	if (key_unwrap(store_key, span_sub(bytes, 0, HEAD_WRAP_AAD), bytes.p + HEAD_WRAP_AT,
	    head->data_key, why) != OK)
		return why_set(why, ERR_FORMAT, "the wrapped key is damaged");
	return OK;
}

enum err
journal_head_get(struct journal_head *ret_head, struct span bytes, const uint8_t *store_key,
    struct why *why)
{
	struct cur in = cur_of(span_sub(bytes, 0, JOURNAL_HEAD_BYTES));
	struct span magic = cur_span(&in, 8), id, chain;
	uint16_t version = cur_u16(&in), must = cur_u16(&in);
	struct journal_head head = { 0 };
	enum err rc = OK;

	(void)cur_u32(&in);
	head.number = cur_u64(&in);
	head.epoch = cur_u32(&in);
	(void)cur_u32(&in);
	id = cur_span(&in, JOURNAL_STORE_ID);
	chain = cur_span(&in, DIGEST_BYTES);
	(void)cur_span(&in, HEAD_CHECKED - 80);
	if (bytes.n < JOURNAL_HEAD_BYTES || !span_is(magic, JOURNAL_MAGIC) ||
	    cur_u64(&in) != hash64(span_sub(bytes, 0, HEAD_CHECKED)))
		return why_set(why, ERR_FORMAT, "no valid head of a journal file");
	if (version != VERSION || (must & ~FLAG_ENCRYPTED) != 0)
		return why_set(why, ERR_FORMAT, "the journal was written by a newer version");
	memcpy(head.store_id, id.p, id.n);
	memcpy(head.chain.b, chain.p, chain.n);
	head.encrypted = (must & FLAG_ENCRYPTED) != 0;
	if (head.encrypted)
		rc = head_unwrap(&head, bytes, store_key, why);
	if (rc == OK)
		*ret_head = head;
	return rc;
}

/* ---- the outside of a frame ---- */

static uint64_t
frame_sum(struct span head, struct span stored)
{
	return hash64_seed(stored, hash64(head));
}

void
frame_put_start(uint8_t *at, const struct frame_head *head)
{
	memcpy(at, FRAME_MAGIC, 4);
	at[4] = head->type;
	at[5] = head->codec;
	at[6] = head->stream;
	at[7] = head->class;
	le_put(at + 8, head->stored, 4);
	le_put(at + 12, head->plain, 4);
	le_put(at + 16, head->id, 8);
	le_put(at + 24, head->rows, 4);
	le_put(at + 28, head->number, 4);
	le_put(at + 32, head->sync, 4);
	le_put(at + 36, head->segment, 4);
}

void
frame_put(uint8_t *at, const struct frame_head *head)
{
	frame_put_start(at, head);
	memcpy(at + FRAME_CHAIN_AT, head->chain.b, DIGEST_BYTES);
	le_put(at + FRAME_CHECKED, frame_sum(span_of(at, FRAME_CHECKED),
	    span_of(at + FRAME_HEAD_BYTES, head->stored)), 8);
}

size_t
frame_wants(struct span head)
{
	struct cur in = cur_of(span_sub(head, 8, 4));
	uint32_t stored = cur_u32(&in);

	if (in.bad || head.n < FRAME_HEAD_BYTES || memcmp(head.p, FRAME_MAGIC, 4) != 0 ||
	    head.p[4] == 0 || head.p[4] >= JOURNAL_TYPE_END || head.p[5] >= CODEC_END ||
	    stored > FRAME_PLAIN_MAX + CRYPT_TAG_BYTES)
		return 0;
	return frame_round(FRAME_HEAD_BYTES + (size_t)stored);
}

size_t
frame_get(struct frame_head *ret_head, struct span bytes)
{
	struct cur in = cur_of(span_sub(bytes, 4, FRAME_CHECKED - 4));
	size_t n = frame_wants(bytes);
	struct frame_head head;
	struct span chain, sum;

	if (n == 0 || n > bytes.n)
		return 0;
	head.type = cur_u8(&in);
	head.codec = cur_u8(&in);
	head.stream = cur_u8(&in);
	head.class = cur_u8(&in);
	head.stored = cur_u32(&in);
	head.plain = cur_u32(&in);
	head.id = cur_u64(&in);
	head.rows = cur_u32(&in);
	head.number = cur_u32(&in);
	head.sync = cur_u32(&in);
	head.segment = cur_u32(&in);
	chain = cur_span(&in, DIGEST_BYTES);
	sum = span_sub(bytes, FRAME_CHECKED, 8);
	in = cur_of(sum);
	if (cur_u64(&in) != frame_sum(span_sub(bytes, 0, FRAME_CHECKED),
	    span_sub(bytes, FRAME_HEAD_BYTES, head.stored)))
		return 0;
	if (head.plain > FRAME_PLAIN_MAX || head.sync > head.number)
		return 0;
	memcpy(head.chain.b, chain.p, chain.n);
	*ret_head = head;
	return n;
}

/* ---- the inside of a frame ---- */

static enum err
decode_shape(struct journal_file *file, struct journal_frame *frame, struct why *why)
{
	struct journal_tables *t = &file->tables;
	struct shape *shape = NULL;
	enum err rc;

	if (frame->id != t->nshape)
		return why_set(why, ERR_FORMAT, "shape %" PRIu64 " where %u is next", frame->id,
		    t->nshape);
	rc = shape_new(&shape, frame->plain, why);
	if (rc != OK)
		return rc;
	if (t->nshape == t->shape_cap) {
		t->shape_cap = t->shape_cap > 0 ? t->shape_cap * 2 : TABLE_FIRST;
		t->shape = xreallocarray(t->shape, t->shape_cap, sizeof t->shape[0]);
	}
	t->shape[t->nshape++] = shape;
	return OK;
}

static enum err
decode_source(struct journal_file *file, struct journal_frame *frame, struct why *why)
{
	struct journal_tables *t = &file->tables;
	struct source *source = NULL;
	enum err rc;

	if (frame->id != t->nsource)
		return why_set(why, ERR_FORMAT, "source %" PRIu64 " where %u is next", frame->id,
		    t->nsource);
	rc = source_new(&source, frame->plain, why);
	if (rc != OK)
		return rc;
	if (t->nsource == t->source_cap) {
		t->source_cap = t->source_cap > 0 ? t->source_cap * 2 : TABLE_FIRST;
		t->source = xreallocarray(t->source, t->source_cap, sizeof t->source[0]);
	}
	t->source[t->nsource++] = source;
	return OK;
}

/* The batch's own tables out of the file's; the class of its sources is the batch's. */
static enum err
batch_resolve(struct journal_file *file, struct journal_frame *frame, struct why *why)
{
	const struct batch_head *head = &frame->head;

	if (head->nshape > file->batch_shape_cap) {
		file->batch_shape_cap = head->nshape;
		file->batch_shape = xreallocarray(file->batch_shape, head->nshape,
		    sizeof file->batch_shape[0]);
	}
	if (head->nsource > file->batch_source_cap) {
		file->batch_source_cap = head->nsource;
		file->batch_source = xreallocarray(file->batch_source, head->nsource,
		    sizeof file->batch_source[0]);
	}
	for (uint32_t i = 0; i < head->nshape; i++) {
		uint32_t id = batch_shape_id(head, i);

		if (id >= file->tables.nshape)
			return why_set(why, ERR_FORMAT, "batch names shape %u of %u", id,
			    file->tables.nshape);
		file->batch_shape[i] = file->tables.shape[id];
	}
	for (uint32_t i = 0; i < head->nsource; i++) {
		uint32_t id = batch_source_id(head, i);

		if (id >= file->tables.nsource)
			return why_set(why, ERR_FORMAT, "batch names source %u of %u", id,
			    file->tables.nsource);
		file->batch_source[i] = file->tables.source[id];
		if (file->batch_source[i]->class != head->class)
			return why_set(why, ERR_FORMAT, "source of class %u, batch of class %u",
			    file->batch_source[i]->class, head->class);
	}
	frame->tables.shape = file->batch_shape;
	frame->tables.source = file->batch_source;
	return OK;
}

static enum err
decode_rows(struct journal_file *file, struct journal_frame *frame, struct why *why)
{
	struct cur in = cur_of(frame->plain);
	struct row row;
	enum err rc;

	frame->seed = cur_span(&in, SEED_BYTES).p;
	frame->instance = cur_u64(&in);
	frame->ticket = cur_u64(&in);
	if (in.bad)
		return why_set(why, ERR_FORMAT, "rows without a seed");
	frame->batch = cur_span(&in, cur_left(&in));
	rc = batch_head_read(&frame->head, frame->batch, why);
	if (rc != OK)
		return rc;
	if (frame->head.stream != frame->stream || frame->head.class != frame->class ||
	    frame->id == 0 || frame->id > UINT64_MAX - LIMIT_ROWS)
		return why_set(why, ERR_FORMAT, "rows and their frame disagree");
	rc = batch_resolve(file, frame, why);
	if (rc != OK)
		return rc;
	if (file->check == NULL)
		file->check = xmalloc(sizeof *file->check);
	batch_reader_init(file->check, &frame->head, &frame->tables);
	do
		rc = batch_next(file->check, &row, why);
	while (rc == OK);
	return rc == ERR_MORE ? OK : rc;
}

static enum err
decode_leaf(struct journal_file *file, struct journal_frame *frame, struct why *why)
{
	struct cur in = cur_of(frame->plain);
	uint8_t flags;

	(void)file;
	frame->seed = cur_span(&in, SEED_BYTES).p;
	flags = cur_u8(&in);
	frame->segment_id = cur_u64(&in);
	frame->entry = cur_span(&in, cur_left(&in));
	frame->segment_ends = (flags & LEAF_SEGMENT_ENDS) != 0;
	if (in.bad || (flags & ~LEAF_SEGMENT_ENDS) != 0 || frame->entry.n == 0 ||
	    frame->entry.n > LEAF_ENTRY_MAX || frame->segment_ends != (frame->segment_id != 0))
		return why_set(why, ERR_FORMAT, "leaf of %zu octets, flags %u", frame->plain.n,
		    flags);
	return OK;
}

static enum err
decode_end(struct journal_file *file, struct journal_frame *frame, struct why *why)
{
	(void)file;
	if (frame->plain.n != 0)
		return why_set(why, ERR_FORMAT, "end with %zu octets", frame->plain.n);
	return OK;
}

typedef enum err decode_fn(struct journal_file *file, struct journal_frame *frame,
    struct why *why);

static decode_fn *const decode[JOURNAL_TYPE_END] = {
	[JOURNAL_SHAPE] = decode_shape, [JOURNAL_SOURCE] = decode_source,
	[JOURNAL_ROWS] = decode_rows, [JOURNAL_LEAF] = decode_leaf, [JOURNAL_END] = decode_end,
};

/* Decryption and codec: *ret_plain borrows from bytes or from file. */
static enum err
payload_open(struct journal_file *file, const struct frame_head *head, struct span bytes,
    struct span *ret_plain, struct why *why)
{
	struct span stored = span_sub(bytes, FRAME_HEAD_BYTES, head->stored);
	enum err rc;

	if (file->crypt != NULL) {
		file->clear.n = 0;
		buf_reserve(&file->clear, stored.n);
		rc = crypt_open(file->crypt, head->number, span_sub(bytes, 0, FRAME_SEALED_BYTES),
		    stored, file->clear.p, why);
		if (rc != OK)
			return rc;
		stored = span_of(file->clear.p, stored.n - CRYPT_TAG_BYTES);
	}
	if (head->codec == CODEC_LZ4) {
		int got;

		file->plain.n = 0;
		buf_reserve(&file->plain, head->plain);
		got = LZ4_decompress_safe((const char *)stored.p, (char *)file->plain.p,
		    (int)stored.n, (int)head->plain);
		if (got < 0)
			return why_set(why, ERR_FORMAT, "LZ4 block is broken");
		stored = span_of(file->plain.p, (size_t)got);
	}
	if (stored.n != head->plain)
		return why_set(why, ERR_FORMAT, "payload of %zu octets where %u were promised",
		    stored.n, head->plain);
	*ret_plain = stored;
	return OK;
}

enum err
journal_decode(struct journal_file *file, const struct frame_head *head, struct span bytes,
    struct journal_frame *ret_frame, struct why *why)
{
	struct journal_frame frame = { .type = head->type, .stream = head->stream,
	    .class = head->class, .epoch = file->head.epoch, .file = file->head.number,
	    .number = head->number, .id = head->id, .chain = head->chain,
	    .segment_id = head->segment };
	enum err rc;

	rc = payload_open(file, head, bytes, &frame.plain, why);
	if (rc == OK)
		rc = decode[head->type](file, &frame, why);
	if (rc == OK && head->rows != (head->type == JOURNAL_ROWS ? frame.head.nrow : 0))
		rc = why_set(why, ERR_FORMAT, "a frame of %u rows says %u", frame.head.nrow,
		    head->rows);
	if (rc == OK)
		*ret_frame = frame;
	return rc;
}
