/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest: which segments make up the store. An append-only log of checksummed records; the
 * keeper writes it, everybody else follows it. Inside of store. doc/formats/manifest.md.
 */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "base/err.h"
#include "model/batch.h"
#include "model/pin.h"
#include "store/store.h"

enum { MANIFEST_STORE_ID = 16, MANIFEST_REASON = 200 };

enum manifest_mode {
	MANIFEST_READ,
	MANIFEST_WRITE,		/* the keeper, once */
};

struct manifest;

/*
 * Opens `manifest` below dirfd (borrowed). READ: ERR_ABSENT when there is no store. WRITE: cuts a
 * torn tail, compacts a log that is mostly history. ERR_FORMAT: damaged or newer than we are.
 */
enum err	manifest_open(struct manifest **ret_manifest, int dirfd, enum manifest_mode mode,
		    struct why *why);
void		manifest_close(struct manifest **manifest);

/* ---- reading ---- */

/* Takes in what was appended since (one fstatat when nothing was). READ only. */
enum err	manifest_refresh(struct manifest *manifest, struct why *why);
/* Changes whenever a segment comes or goes, or the epoch changes. */
uint64_t	manifest_version(const struct manifest *manifest);
const uint8_t	*manifest_store_id(const struct manifest *manifest);
uint32_t	manifest_epoch(const struct manifest *manifest);
bool		manifest_encrypted(const struct manifest *manifest);
/* Segments in order of their ids; valid until the next refresh or change. */
size_t		manifest_count(const struct manifest *manifest);
const struct segment_info	*manifest_segment(const struct manifest *manifest, size_t index);
/* The one with this id, or NULL. */
const struct segment_info	*manifest_find(const struct manifest *manifest, uint64_t id);
/* Indexes in the tree of its leaves: varint n, n * varint difference to the one before. */
struct span	manifest_leaves(const struct manifest *manifest, size_t index);
/*
 * The rows of this stream and class up to this number are in segments (or were dropped from
 * them): frames of the journal are of interest from the next number on. 0: none yet.
 */
uint64_t	manifest_stored(const struct manifest *manifest, uint8_t stream, uint8_t class);
/* The journal file that holds the oldest row which may be in no segment: where to begin. */
uint64_t	manifest_journal_file(const struct manifest *manifest);

/* Legal holds in the order in which they began; valid until the next refresh or change. */
size_t		manifest_holds(const struct manifest *manifest);
const struct pin	*manifest_hold(const struct manifest *manifest, size_t index);

/* ---- writing: what returned OK is on disk ---- */

/* Makes the manifest of an empty store, epoch 0 (begin one next). ERR_BUSY: there is one. */
enum err	manifest_create(int dirfd, const uint8_t store_id[MANIFEST_STORE_ID],
		    bool encrypted, struct why *why);
enum err	manifest_add(struct manifest *manifest, const struct segment_info *info,
		    struct span leaves, struct why *why);
/* The nold segments become one: all at once. */
enum err	manifest_replace(struct manifest *manifest, const uint64_t *old_id, size_t nold,
		    const struct segment_info *info, struct span leaves, struct why *why);
enum err	manifest_drop(struct manifest *manifest, const uint64_t *id, size_t n,
		    struct why *why);
/* lost: rows per stream that were numbered and are nowhere; reason is cut at MANIFEST_REASON. */
enum err	manifest_epoch_begin(struct manifest *manifest, uint32_t epoch, int64_t time_ns,
		    const uint64_t lost[STREAM_END], const char *reason, struct why *why);
/* The same hold twice, and the end of one that is not there, change nothing. */
enum err	manifest_hold_begin(struct manifest *manifest, const struct pin *hold,
		    struct why *why);
enum err	manifest_hold_end(struct manifest *manifest, const struct pin *hold,
		    struct why *why);
/* Journal files before this one are about to be removed. */
enum err	manifest_trim(struct manifest *manifest, uint64_t journal_file, struct why *why);

/* What recovery needs: rows ever added to segments, rows ever found lost, per stream. */
uint64_t	manifest_rows_stored(const struct manifest *manifest, uint8_t stream);
uint64_t	manifest_rows_lost(const struct manifest *manifest, uint8_t stream);
/* Records of this log that could not be read: then unknown segment files must stay. */
bool		manifest_damaged(const struct manifest *manifest);

#endif
