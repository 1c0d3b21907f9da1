/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest's log as a file: doc/formats/manifest.md. Owns the log's descriptor; what its
 * records mean is in manifest_list.c.
 *
 * Promises: a change is in the list only when it is on disk. After an error of write or sync the
 * log is never appended to again: the whole state goes to a new file that replaces it. Never
 * touches a segment's file.
 */
#include "store/manifest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/must.h"
#include "store/manifest_int.h"
#include "sys/file.h"

#define MANIFEST_NAME	"manifest"

enum { COMPACT_BYTES = 1 << 20 };	/* a smaller log is never worth it */

/* A log of this size has 10^11 rows in its segments. */
#define FILE_MAX	((size_t)1 << 30)

/* ---- the log ---- */

static enum err
log_open(struct manifest *m, struct why *why)
{
	struct stat st;
	enum err rc;

	file_close(&m->fd);
	rc = file_open(&m->fd, m->dirfd, MANIFEST_NAME,
	    m->mode == MANIFEST_WRITE ? FILE_READ_WRITE : FILE_READ, why);
	if (rc != OK)
		return rc;
	if (fstat(m->fd, &st) != 0)
		return why_set(why, ERR_IO, "cannot look at the manifest");
	m->ino = st.st_ino;
	return OK;
}

/* Writes the state, and extra behind it when there is one, as a new file in place of the log. */
static enum err
log_rewrite(struct manifest *m, enum manifest_record type, struct span extra, struct why *why)
{
	struct buf all = { 0 };
	uint32_t number;
	enum err rc;

	m->generation++;
	number = manifest_put(&all, m);
	if (type != 0)
		manifest_record_put(&all, type, number++, extra);
	rc = file_replace(m->dirfd, MANIFEST_NAME, buf_span(&all), why);
	if (rc == OK)
		rc = log_open(m, why);
	if (rc == OK) {
		m->end = all.n;
		m->nrecord = number;
		m->rewrite = false;
		m->damaged_now = false;
	}
	buf_done(&all);
	return rc;
}

/* Makes one record durable, then does what it says. */
static enum err
log_append(struct manifest *m, enum manifest_record type, struct span payload, struct why *why)
{
	struct buf record = { 0 };
	enum err rc = ERR_IO;

	must(m->mode == MANIFEST_WRITE);
	if (payload.n > RECORD_MAX)
		return why_set(why, ERR_LIMIT, "manifest: record of %zu octets", payload.n);
	if (!m->rewrite) {
		manifest_record_put(&record, type, m->nrecord, payload);
		rc = file_pwrite_all(m->fd, buf_span(&record), m->end, why);
		if (rc == OK)
			rc = file_sync_data(m->fd, why);
		if (rc == OK) {
			m->end += record.n;
			m->nrecord++;
		}
	}
	if (rc != OK) {
		m->rewrite = true;
		rc = log_rewrite(m, type, payload, why);
	}
	buf_done(&record);
	if (rc != OK)
		return why_prefix(why, rc, "manifest");
	must(manifest_apply(m, type, payload));
	m->version++;
	return OK;
}

/* ---- opening ---- */

/* Reads what lies behind m->end and takes it in; the head too when nothing was read before. */
static enum err
log_follow(struct manifest *m, struct why *why)
{
	struct buf bytes = { 0 };
	uint64_t size = 0;
	enum err rc;

	rc = file_size(m->fd, &size, why);
	if (rc == OK && size > FILE_MAX)
		rc = why_set(why, ERR_LIMIT, "manifest of %llu octets", (unsigned long long)size);
	if (rc == OK && size > m->end) {
		size_t n = (size_t)(size - m->end);

		rc = file_pread_all(m->fd, buf_add(&bytes, n), n, m->end, why);
	}
	if (rc == OK && m->end == 0) {
		rc = manifest_head_take(m, buf_span(&bytes), why);
		if (rc == OK)
			rc = manifest_take(m, span_sub(buf_span(&bytes), MANIFEST_HEAD_BYTES,
			    SIZE_MAX), why);
	} else if (rc == OK) {
		rc = manifest_take(m, buf_span(&bytes), why);
	}
	buf_done(&bytes);
	return rc;
}

/* A damaged log is kept beside the one that takes its place. */
static enum err
log_set_aside(struct manifest *m, struct why *why)
{
	struct buf all = { 0 };
	char name[64];
	enum err rc;

	(void)snprintf(name, sizeof name, "%s.damaged-%llu", MANIFEST_NAME,
	    (unsigned long long)m->generation);
	rc = file_read_whole(m->dirfd, MANIFEST_NAME, FILE_MAX, &all, why);
	if (rc == OK)
		rc = file_replace(m->dirfd, name, buf_span(&all), why);
	buf_done(&all);
	return rc;
}

/* The writer's start: a torn record goes, a log that is mostly history is written anew. */
static enum err
log_tidy(struct manifest *m, struct why *why)
{
	uint64_t size = 0, live;
	struct buf all = { 0 };
	enum err rc;

	(void)manifest_put(&all, m);
	live = all.n;
	buf_done(&all);
	if (m->damaged_now) {
		rc = log_set_aside(m, why);
		return rc == OK ? log_rewrite(m, 0, (struct span){ NULL, 0 }, why) : rc;
	}
	if (m->end > COMPACT_BYTES && m->end > 2 * live)
		return log_rewrite(m, 0, (struct span){ NULL, 0 }, why);
	rc = file_size(m->fd, &size, why);
	if (rc == OK && size > m->end) {
		rc = file_truncate(m->fd, m->end, why);
		if (rc == OK)
			rc = file_sync(m->fd, why);
	}
	return rc;
}

enum err
manifest_open(struct manifest **ret_manifest, int dirfd, enum manifest_mode mode, struct why *why)
{
	struct manifest *m = xcalloc(1, sizeof *m);
	enum err rc;

	m->dirfd = dirfd;
	m->mode = mode;
	m->fd = -1;
	rc = log_open(m, why);
	if (rc == OK)
		rc = log_follow(m, why);
	if (rc == OK && mode == MANIFEST_WRITE)
		rc = log_tidy(m, why);
	if (rc == OK) {
		*ret_manifest = m;
		m = NULL;
	}
	manifest_close(&m);
	return rc;
}

void
manifest_close(struct manifest **manifest)
{
	struct manifest *m = *manifest;

	if (m == NULL)
		return;
	manifest_forget(m);
	free(m->entry);
	free(m->hold);
	file_close(&m->fd);
	free(m);
	*manifest = NULL;
}

enum err
manifest_create(int dirfd, const uint8_t store_id[MANIFEST_STORE_ID], bool encrypted,
    struct why *why)
{
	struct manifest m = { .dirfd = dirfd, .fd = -1, .encrypted = encrypted };
	struct buf all = { 0 };
	struct stat st;
	enum err rc;

	if (fstatat(dirfd, MANIFEST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return why_set(why, ERR_BUSY, "there is a manifest already");
	memcpy(m.store_id, store_id, sizeof m.store_id);
	(void)manifest_put(&all, &m);
	rc = file_replace(dirfd, MANIFEST_NAME, buf_span(&all), why);
	buf_done(&all);
	return rc;
}

enum err
manifest_refresh(struct manifest *manifest, struct why *why)
{
	struct stat st;
	enum err rc = OK;

	must(manifest->mode == MANIFEST_READ);
	if (fstatat(manifest->dirfd, MANIFEST_NAME, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return why_set(why, ERR_ABSENT, "the manifest is gone");
	if (st.st_ino != manifest->ino) {
		manifest_forget(manifest);
		manifest->end = 0;
		rc = log_open(manifest, why);
	} else if ((uint64_t)st.st_size == manifest->end) {
		return OK;
	}
	if (rc == OK)
		rc = log_follow(manifest, why);
	return rc;
}

/* ---- writing ---- */

enum err
manifest_add(struct manifest *manifest, const struct segment_info *info, struct span leaves,
    struct why *why)
{
	return manifest_replace(manifest, NULL, 0, info, leaves, why);
}

enum err
manifest_replace(struct manifest *manifest, const uint64_t *old_id, size_t nold,
    const struct segment_info *info, struct span leaves, struct why *why)
{
	struct buf payload = { 0 };
	enum err rc;

	if (nold > 0)
		manifest_ids_put(&payload, old_id, nold);
	manifest_segment_put(&payload, info, leaves);
	rc = log_append(manifest, nold > 0 ? RECORD_REPLACE : RECORD_ADD, buf_span(&payload), why);
	buf_done(&payload);
	return rc;
}

enum err
manifest_drop(struct manifest *manifest, const uint64_t *id, size_t n, struct why *why)
{
	struct buf payload = { 0 };
	enum err rc;

	manifest_ids_put(&payload, id, n);
	rc = log_append(manifest, RECORD_DROP, buf_span(&payload), why);
	buf_done(&payload);
	return rc;
}

enum err
manifest_epoch_begin(struct manifest *manifest, uint32_t epoch, int64_t time_ns,
    const uint64_t lost[STREAM_END], const char *reason, struct why *why)
{
	struct buf payload = { 0 };
	enum err rc;

	buf_u32(&payload, epoch);
	buf_i64(&payload, time_ns);
	for (size_t i = 0; i < STREAM_END; i++)
		buf_u64(&payload, lost[i]);
	buf_bytes(&payload, span_sub(span_str(reason), 0, MANIFEST_REASON));
	rc = log_append(manifest, RECORD_EPOCH, buf_span(&payload), why);
	buf_done(&payload);
	return rc;
}

/* Payload of both: the hold. Which of them it is, name and begin say. */
static enum err
hold_append(struct manifest *manifest, enum manifest_record type, const struct pin *hold,
    struct why *why)
{
	struct buf payload = { 0 };
	enum err rc;

	pin_put(&payload, hold);
	rc = log_append(manifest, type, buf_span(&payload), why);
	buf_done(&payload);
	return rc;
}

enum err
manifest_hold_begin(struct manifest *manifest, const struct pin *hold, struct why *why)
{
	for (size_t i = 0; i < manifest->nhold; i++)
		if (pin_same(&manifest->hold[i], hold))
			return OK;
	if (manifest->nhold == LIMIT_HOLDS)
		return why_set(why, ERR_LIMIT, "there are %d holds already", LIMIT_HOLDS);
	return hold_append(manifest, RECORD_HOLD, hold, why);
}

enum err
manifest_hold_end(struct manifest *manifest, const struct pin *hold, struct why *why)
{
	return hold_append(manifest, RECORD_RELEASE, hold, why);
}

enum err
manifest_trim(struct manifest *manifest, uint64_t journal_file, struct why *why)
{
	struct buf payload = { 0 };
	enum err rc;

	buf_u64(&payload, journal_file);
	rc = log_append(manifest, RECORD_TRIM, buf_span(&payload), why);
	buf_done(&payload);
	return rc;
}
