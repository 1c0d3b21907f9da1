/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic in the open write. Frames, writes and the thread that makes them
 * durable: journal.md sections 1 to 3. Owns the file that is being written and `journal/next.tmp`,
 * the preallocated one that will be the next.
 *
 * Promises: a write is begun only when the one before it is synced, so a valid frame of a later
 * write proves that every earlier one was durable. After a failure nothing is appended to that
 * file again. A file's number, data key and frame numbers are used once.
 *
 *	next.tmp	WANTED ─► READY ─► CLAIMED (a write that begins with it is open) ─► WANTED
 *			   └────► REFUSED (no room) ─► WANTED by appender_retry
 */
#include "store/appender.h"

#include <lz4.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "store/appender_int.h"

enum {
	TINY_BYTES = 48,	/* LZ4 gains nothing on less */
	SMALL_BYTES = 16384,	/* and less is not worth a choice */
	GAIN = 3,		/* a frame made shorter than this part of it is worth LZ4's time */
	AS_IS = 31,		/* frames that are stored as they are after one that was not */
	SQUEEZE = 16,		/* writes whose frames are compressed after the disk was behind: */
	BEHIND_NS = 20000000,	/* more than it may hold has come, and it has not done 1 MB */
};

/* ---- opening and closing ---- */

enum err
appender_open(struct appender **ret_appender, const struct appender_conf *conf, struct why *why)
{
	struct appender *a = xcalloc(1, sizeof *a);
	enum err rc;

	a->dirfd = conf->dirfd;
	a->wake_fd = conf->wake_fd;
	a->store_key = conf->store_key;
	a->epoch = conf->epoch;
	a->file_bytes = conf->file_bytes > 0 ? conf->file_bytes : JOURNAL_FILE_BYTES;
	a->next_file = conf->file;
	a->chain = conf->chain;
	a->open.number = 1;
	a->journal_fd = a->fd = a->next_fd = -1;
	memcpy(a->store_id, conf->store_id, sizeof a->store_id);
	a->lz4 = xmalloc((size_t)LZ4_sizeofState());
	lock_init(&a->lock);
	wake_init(&a->work);
	wake_init(&a->done);
	rc = dir_open(&a->journal_fd, a->dirfd, "journal", why);
	/* The first one here, so that who opens a store learns at once that it cannot write. */
	if (rc == OK) {
		rc = appender_next(a, &a->why);
		a->next = rc == OK ? NEXT_READY : NEXT_REFUSED;
		a->next_rc = rc;
		a->state.no_room = rc == ERR_FULL;
		if (rc == ERR_FULL)
			rc = OK;
		else if (rc != OK && why != NULL)
			*why = a->why;
	}
	if (rc == OK)
		rc = thread_start(&a->thread, "journal", appender_run, a, why);
	if (rc != OK)
		appender_close(&a);
	else
		*ret_appender = a;
	return rc;
}

void
write_reserve(struct buf *bytes, size_t n)
{
	struct buf wide = { .n = bytes->n };

	must(n < SIZE_MAX / 4);
	n += FILE_BLOCK;
	if (bytes->cap - bytes->n >= n)
		return;
	wide.cap = bytes->n + n > 2 * bytes->cap ? bytes->n + n : 2 * bytes->cap;
	wide.cap = (wide.cap + FILE_BLOCK - 1) / FILE_BLOCK * FILE_BLOCK;
	wide.p = aligned_alloc(FILE_BLOCK, wide.cap);
	must(wide.p != NULL);
	if (bytes->n > 0)
		memcpy(wide.p, bytes->p, bytes->n);
	buf_done(bytes);
	*bytes = wide;
}

/* Nothing but what earlier writes put into the block that the next one begins in? */
static bool
write_is_empty(const struct write *w)
{
	return w->bytes.n == w->lead;
}

static void
write_hand_over(struct appender *a)
{
	struct write *q = &a->queued;

	must(!a->has_queued);
	a->squeeze -= a->squeeze > 0;
	a->handed_ns = clock_mono_ns();
	*q = a->open;
	a->has_queued = true;
	a->open = (struct write){ .number = q->number + 1, .file = a->file, .offset = a->at,
	    .first = a->nframe, .chain = a->chain, .lead = a->at % FILE_BLOCK };
	if (a->nspare > 0)
		a->open.bytes = a->spare[--a->nspare];
	write_reserve(&a->open.bytes, a->open.lead);
	memcpy(a->open.bytes.p, q->bytes.p + q->bytes.n - a->open.lead, a->open.lead);
	a->open.bytes.n = a->open.lead;
	wake_one(&a->work);
}

static void
end_put(struct appender *a)
{
	struct digest d;

	blake256(&d, (struct span){ NULL, 0 });
	appender_put(a, &(struct appender_frame){ .type = JOURNAL_END, .d = &d });
}

/* The last write of this life, and its sync. */
static void
close_orderly(struct appender *a)
{
	lock_take(&a->lock);
	while (a->has_queued && !a->state.failed)
		wake_wait(&a->done, &a->lock);
	if (a->file != 0 && !a->state.failed) {
		end_put(a);
		write_hand_over(a);
	}
	while ((a->has_queued || a->busy) && !a->state.failed)
		wake_wait(&a->done, &a->lock);
	if (a->file != 0 && !a->state.failed && a->fd >= 0)
		(void)file_truncate(a->fd, a->at, NULL);
	a->stop = true;
	wake_all(&a->work);
	lock_give(&a->lock);
	thread_join(&a->thread);
	(void)file_unlink(a->dirfd, NEXT_NAME, NULL);
}

void
appender_close(struct appender **appender)
{
	struct appender *a = *appender;

	if (a == NULL)
		return;
	if (a->thread.running)
		close_orderly(a);
	file_close(&a->fd);
	file_close(&a->next_fd);
	file_close(&a->journal_fd);
	crypt_free(&a->crypt);
	buf_done(&a->open.bytes);
	buf_done(&a->queued.bytes);
	while (a->nspare > 0)
		buf_done(&a->spare[--a->nspare]);
	wake_done(&a->work);
	wake_done(&a->done);
	lock_done(&a->lock);
	free(a->lz4);
	free(a);
	*appender = NULL;
}

/* ---- frames ---- */

size_t
appender_bound(size_t plain)
{
	must(plain <= FRAME_PLAIN_MAX);
	return frame_round(FRAME_HEAD_BYTES + plain + CRYPT_TAG_BYTES);
}

/* A new file, whose head is the first thing in the open write. */
static void
file_claim(struct appender *a)
{
	struct journal_head head = { .number = a->next_file, .epoch = a->epoch,
	    .chain = a->chain, .encrypted = a->store_key != NULL };

	must(write_is_empty(&a->open));
	memcpy(head.store_id, a->store_id, sizeof head.store_id);
	crypt_free(&a->crypt);
	if (head.encrypted) {
		random_bytes(head.data_key, sizeof head.data_key);
		a->crypt = crypt_new(head.data_key);
	}
	a->open.lead = 0;
	a->open.bytes.n = 0;
	write_reserve(&a->open.bytes, JOURNAL_HEAD_BYTES);
	journal_head_put(buf_add(&a->open.bytes, JOURNAL_HEAD_BYTES), &head, a->store_key);
	explicit_bzero(head.data_key, sizeof head.data_key);
	a->file = a->next_file++;
	a->serial++;
	a->at = JOURNAL_HEAD_BYTES;
	a->nframe = 0;
	a->open.file = a->file;
	a->open.offset = 0;
	a->open.first = 0;
	a->open.begins = true;
	a->open.chain = a->chain;
}

/* With the lock held. */
static enum err
file_switch(struct appender *a, struct why *why)
{
	if (a->state.failed)
		return why_set(why, ERR_BUSY, "%s", a->why.text);
	if (a->next == NEXT_REFUSED)
		return why_set(why, a->next_rc, "%s", a->why.text);
	if (a->next != NEXT_READY || (a->file != 0 && a->has_queued))
		return why_set(why, ERR_BUSY, "the next journal file is not ready");
	if (a->file != 0) {
		end_put(a);
		write_hand_over(a);
	}
	a->next = NEXT_CLAIMED;
	file_claim(a);
	return OK;
}

enum err
appender_room(struct appender *a, size_t n, struct why *why)
{
	uint64_t need = n + FRAME_HEAD_BYTES;	/* END always fits behind it */
	enum err rc = OK;

	if (JOURNAL_HEAD_BYTES + need > a->file_bytes)
		return why_set(why, ERR_LIMIT, "frames of %zu octets in a file of %llu", n,
		    (unsigned long long)a->file_bytes);
	if (appender_crowded(a))
		return why_set(why, ERR_BUSY, "the disk is behind");
	if (a->file == 0 || a->at + need > a->file_bytes) {
		lock_take(&a->lock);
		rc = file_switch(a, why);
		lock_give(&a->lock);
	}
	return rc;
}

/*
 * LZ4 costs more than to encrypt and write what it saves, unless it saves much: rows that it makes
 * but half as long are stored as they are, and one frame in 32 finds out whether that still holds.
 * While the disk is behind, all are compressed.
 */
static bool
is_worth_lz4(struct appender *a, const struct appender_frame *frame)
{
	uint8_t *as_is = &a->as_is[frame->stream][frame->class];

	if (frame->plain.n < SMALL_BYTES)
		return frame->plain.n > TINY_BYTES;
	if (a->squeeze > 0 || *as_is == 0)
		return true;
	--*as_is;
	return false;
}

/*
 * The payload after its codec: at `at`, which has room for it and is not written when it is stored
 * as it is.
 */
static struct span
payload_code(struct appender *a, uint8_t *at, const struct appender_frame *frame,
    uint8_t *ret_codec)
{
	struct span plain = frame->plain;
	int got = 0;

	if (is_worth_lz4(a, frame)) {
		got = LZ4_compress_fast_extState(a->lz4, (const char *)plain.p, (char *)at,
		    (int)plain.n, LZ4_compressBound((int)plain.n), 1);
		if (plain.n >= SMALL_BYTES && a->squeeze == 0)
			a->as_is[frame->stream][frame->class] =
			    (size_t)got > plain.n / GAIN ? AS_IS : 0;
	}
	*ret_codec = got > 0 && (size_t)got < plain.n ? CODEC_LZ4 : CODEC_STORED;
	return *ret_codec == CODEC_LZ4 ? span_of(at, (size_t)got) : plain;
}

/* Payload and head at `at`, where there is room for them. */
static void
frame_make(struct appender *a, uint8_t *at, struct frame_head *head,
    const struct appender_frame *frame)
{
	uint8_t *to = at + FRAME_HEAD_BYTES;
	struct span code = payload_code(a, to, frame, &head->codec);

	head->stored = (uint32_t)code.n;
	if (a->crypt != NULL) {
		/* The head's first octets are bound to the payload: they must stand before. */
		head->stored += CRYPT_TAG_BYTES;
		frame_put_start(at, head);
		crypt_seal_from(a->crypt, head->number, span_of(at, FRAME_SEALED_BYTES), to, code);
	} else if (code.p != to && code.n > 0) {
		memcpy(to, code.p, code.n);
	}
	frame_put(at, head);
}

void
appender_put(struct appender *a, const struct appender_frame *frame)
{
	struct span plain = frame->plain;
	struct frame_head head = { .type = (uint8_t)frame->type, .stream = frame->stream,
	    .class = frame->class, .plain = (uint32_t)plain.n, .id = frame->id,
	    .rows = frame->rows, .number = a->nframe, .sync = a->open.first,
	    .segment = frame->segment };
	struct buf *out = &a->open.bytes;
	size_t n;
	uint8_t *at;

	must(a->file != 0 && plain.n <= FRAME_PLAIN_MAX);
	write_reserve(out, frame_round(FRAME_HEAD_BYTES +
	    (size_t)LZ4_compressBound((int)plain.n) + CRYPT_TAG_BYTES));
	at = out->p + out->n;
	chain_next(&a->chain, head.type, frame->d);
	head.chain = a->chain;
	frame_make(a, at, &head, frame);
	n = frame_round(FRAME_HEAD_BYTES + (size_t)head.stored);
	memset(at + FRAME_HEAD_BYTES + head.stored, 0, n - FRAME_HEAD_BYTES - head.stored);
	out->n += n;
	a->at += n;
	a->nframe++;
	must(a->at <= a->file_bytes);
}

uint64_t
appender_file(const struct appender *a)
{
	return a->file;
}

uint64_t
appender_serial(const struct appender *a)
{
	return a->file != 0 ? a->serial : 0;
}

uint64_t
appender_write(const struct appender *a)
{
	return a->open.number;
}

struct digest
appender_chain(const struct appender *a)
{
	return a->chain;
}

bool
appender_crowded(const struct appender *a)
{
	return a->open.bytes.n >= APPENDER_OPEN_MAX;
}

void
appender_push(struct appender *a)
{
	if (write_is_empty(&a->open))
		return;
	lock_take(&a->lock);
	if (!a->state.failed && !a->has_queued &&
	    (!a->busy || a->open.bytes.n >= APPENDER_WRITE_BYTES))
		write_hand_over(a);
	else if (appender_crowded(a) && clock_mono_ns() - a->handed_ns > BEHIND_NS)
		a->squeeze = SQUEEZE;
	lock_give(&a->lock);
}

/* ---- what became of them ---- */

void
appender_state(struct appender *a, struct appender_state *ret_state, struct why *why)
{
	lock_take(&a->lock);
	*ret_state = a->state;
	if (why != NULL)
		*why = a->why;
	lock_give(&a->lock);
}

void
appender_retry(struct appender *a)
{
	lock_take(&a->lock);
	if (a->next == NEXT_REFUSED) {
		a->next = NEXT_WANTED;
		wake_one(&a->work);
	}
	lock_give(&a->lock);
}

void
appender_restart(struct appender *a)
{
	lock_take(&a->lock);
	must(a->state.failed && !a->busy);
	if (a->has_queued) {
		if (a->queued.begins && a->next == NEXT_CLAIMED)
			a->next = NEXT_READY;
		appender_spare(a, &a->queued.bytes);
		a->has_queued = false;
	}
	if (a->open.begins && a->next == NEXT_CLAIMED)
		a->next = NEXT_READY;
	a->open.bytes.n = 0;
	a->open.lead = 0;
	a->open.begins = false;
	a->open.number++;
	a->file = 0;
	a->next_file = a->failed_next;
	a->chain = a->failed_chain;
	a->state.failed = false;
	wake_one(&a->work);
	lock_give(&a->lock);
}
