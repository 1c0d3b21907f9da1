/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See reindex.h. The rows of the sealed part go through a builder again; what comes out as derived
 * part is read back over the sealed part that is there, and must give the event times that went in.
 */
#include "store/reindex.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "store/builder.h"
#include "store/group.h"
#include "store/cold_int.h"
#include "store/segment_data.h"

enum { FILE_BYTES = 1 << 30, LEVEL = 9 };	/* of zstd: the time is there */

struct again {
	const struct reindex_how *how;
	const struct segment_info *info;
	int day_fd;
	struct segment_memory *sealed;	/* without a derived part */
	struct segment *segment;	/* over it, with the event times */
	int64_t *time;			/* of each row */
	struct buf derived;		/* the new one */
};

/* ---- what is there ---- */

static enum err
sealed_open(struct again *a, struct why *why)
{
	struct buf sealed = { 0 }, none = { 0 };
	char name[SEGMENT_NAME];
	enum err rc;

	segment_name(name, a->info->id, SEGMENT_SEALED);
	rc = file_read_whole(a->day_fd, name, FILE_BYTES, &sealed, why);
	if (rc != OK) {
		buf_done(&sealed);
		return rc;
	}
	a->sealed = segment_memory_new(&sealed, &none);
	return segment_open_memory(&a->segment, a->sealed, a->how->key, PACK_CHECK, why);
}

/* The event times of the derived part that is there, when all of it is whole. */
static bool
times_there(struct again *a)
{
	struct segment *old = NULL;
	struct pack *pack = NULL;
	struct span filter;
	const int64_t *time;
	bool whole;

	whole = derived_open(&pack, a->how->dirfd, a->info, a->how->key, NULL) == OK &&
	    pack_check(pack, NULL) == OK &&
	    derived_section(pack, DERIVED_FILTER, &filter, NULL) == OK;
	pack_close(&pack);
	whole = whole && segment_open(&old, a->day_fd, a->info->id, a->how->key, NULL) == OK &&
	    segment_rows(old) == segment_rows(a->segment) &&
	    segment_time(old, &time, NULL) == OK;
	if (whole)
		memcpy(a->time, time, segment_rows(old) * sizeof *time);
	segment_free(&old);
	return whole;
}

/* ---- event times again ---- */

static enum err
row_time(struct again *a, uint32_t row, struct buf *record, struct why *why)
{
	struct segment *s = a->segment;
	const uint16_t *shape;
	const uint8_t *flags;
	const int64_t *recv;
	enum err rc;

	rc = segment_shape_index(s, &shape, why);
	if (rc == OK)
		rc = segment_flags(s, &flags, why);
	if (rc == OK)
		rc = segment_recv(s, &recv, why);
	record->n = 0;
	if (rc == OK)
		rc = segment_raw(s, row, record, why);
	if (rc != OK)
		return rc;
	a->time[row] = recv[row];
	if (flags[row] >> ROW_TIME_SHIFT == TIME_OWN)
		a->time[row] = a->how->time(a->how->ctx, segment_shape(s, shape[row])->format,
		    buf_span(record), recv[row]);
	return OK;
}

static enum err
times_make(struct again *a, struct why *why)
{
	struct buf record = { 0 };
	enum err rc = OK;

	for (uint32_t i = 0; i < segment_columns(a->segment) && rc == OK; i++)
		rc = segment_column_text(a->segment, i, NULL, why);
	for (uint32_t row = 0; row < segment_rows(a->segment) && rc == OK; row++)
		rc = row_time(a, row, &record, why);
	buf_done(&record);
	return rc;
}

/* ---- the new part ---- */

static enum err
derived_make(struct again *a, enum builder_times times, struct why *why)
{
	const struct pack_head *head = pack_head(segment_pack(a->segment));
	struct builder_conf conf = { .stream = head->stream, .class = head->class,
	    .epoch = head->epoch, .store_key = a->how->key, .level = LEVEL };
	struct builder *builder;
	enum err rc;

	memcpy(conf.store_id, head->store_id, sizeof conf.store_id);
	builder = builder_new(&conf);
	rc = builder_segment(builder, a->segment, 0, why);
	a->derived.n = 0;
	if (rc == OK)
		builder_derived(builder, a->info->id, times, &a->derived);
	builder_free(&builder);
	return rc;
}

/* Over the sealed part as it is, it must say what went in. */
static bool
derived_fits(struct again *a)
{
	struct buf sealed = { 0 }, derived = { 0 };
	struct segment_memory *memory;
	struct segment *segment = NULL;
	const int64_t *time;
	bool fits;

	buf_span_put(&sealed, buf_span(&a->sealed->sealed));
	buf_span_put(&derived, buf_span(&a->derived));
	memory = segment_memory_new(&sealed, &derived);
	fits = segment_open_memory(&segment, memory, a->how->key, PACK_CHECK, NULL) == OK &&
	    segment_time(segment, &time, NULL) == OK &&
	    memcmp(time, a->time, segment_rows(segment) * sizeof *time) == 0;
	segment_free(&segment);
	segment_memory_drop(&memory);
	return fits;
}

/*
 * A newer program may put columns in another order than the sealed part has: then event times
 * cannot be told by its timestamps and are written out.
 */
static enum err
derived_put(struct again *a, struct why *why)
{
	char name[SEGMENT_NAME], sealed[SEGMENT_NAME];
	enum err rc;
	int fd = -1;

	rc = derived_make(a, BUILDER_TIMES_SHORT, why);
	if (rc == OK && !derived_fits(a))
		rc = derived_make(a, BUILDER_TIMES_PLAIN, why);
	if (rc == OK && !derived_fits(a))
		rc = why_set(why, ERR_PROOF, "the new derived part does not say what went into it");
	if (rc != OK)
		return rc;
	segment_name(name, a->info->id, SEGMENT_DERIVED);
	segment_name(sealed, a->info->id, SEGMENT_SEALED);
	rc = file_replace(a->day_fd, name, buf_span(&a->derived), why);
	/* Dropped meanwhile: leave no part behind that belongs to nobody. */
	if (rc == OK && file_open(&fd, a->day_fd, sealed, FILE_READ, NULL) == ERR_ABSENT) {
		(void)file_unlink(a->day_fd, name, NULL);
		rc = why_set(why, ERR_ABSENT, "the segment was removed meanwhile");
	}
	file_close(&fd);
	return rc;
}

static enum err
again_run(struct again *a, enum reindex_done *ret_done, struct why *why)
{
	enum reindex_done done = REINDEX_MADE;
	enum err rc;

	rc = sealed_open(a, why);
	if (rc != OK)
		return rc;
	a->time = hold_alloc(&a->segment->hold, segment_rows(a->segment), sizeof *a->time);
	if (times_there(a)) {
		done = a->how->missing_only ? REINDEX_KEPT : REINDEX_MADE;
	} else {
		done = REINDEX_MADE_TIMES;
		rc = times_make(a, why);
	}
	a->segment->time = a->time;
	if (rc == OK && done != REINDEX_KEPT)
		rc = derived_put(a, why);
	if (rc == OK)
		*ret_done = done;
	return rc;
}

static enum err
segment_again(const struct reindex_how *how, const struct segment_info *info,
    enum reindex_done *ret_done, struct why *why)
{
	struct again a = { .how = how, .info = info, .day_fd = -1 };
	enum err rc;

	rc = segment_folder_open(&a.day_fd, how->dirfd, info, why);
	if (rc == OK)
		rc = again_run(&a, ret_done, why);
	segment_free(&a.segment);
	segment_memory_drop(&a.sealed);
	buf_done(&a.derived);
	file_close(&a.day_fd);
	return rc;
}

static enum err
group_drop_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	const int *fd = arg;
	enum err rc;

	if (entry->kind != DIR_FILE || group_number(entry->name) == 0)
		return OK;
	rc = file_unlink(*fd, entry->name, why);
	return rc == ERR_ABSENT ? OK : rc;	/* the keeper was quicker */
}

enum err
reindex_groups_drop(int dirfd, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "filter", why);
	if (rc == OK)
		rc = dir_each(fd, group_drop_each, &fd, why);
	file_close(&fd);
	return rc == ERR_ABSENT ? OK : rc;
}

enum err
reindex_segment(const struct reindex_how *how, const struct segment_info *info,
    enum reindex_done *ret_done, struct why *why)
{
	char path[COLD_FILE];
	enum err rc;

	must(info->id != 0);
	rc = segment_again(how, info, ret_done, why);
	/* It moved meanwhile, which it does once. */
	if (rc == ERR_ABSENT &&
	    cold_file_find(path, how->dirfd, info, SEGMENT_SEALED) == PLACE_COLD)
		rc = segment_again(how, info, ret_done, why);
	return rc;
}
