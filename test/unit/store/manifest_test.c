/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of store/manifest: what it says after every change, cut, changed octet and failed sync. */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fault.h"
#include "sys/file.h"
#include "store/manifest.h"

static char path[80];
static int dirfd_now = -1;

static void
place_begin(void)
{
	(void)snprintf(path, sizeof path, "%s/trucban-manifest-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(path) != NULL);
	must(dir_open(&dirfd_now, AT_FDCWD, path, NULL) == OK);
	must(manifest_create(dirfd_now, (const uint8_t *)"0123456789abcdef", true, NULL) == OK);
}

static enum err
remove_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	(void)arg;
	return file_unlink(dirfd_now, entry->name, why);
}

static void
place_end(void)
{
	must(dir_each(dirfd_now, remove_each, NULL, NULL) == OK);
	file_close(&dirfd_now);
	must(rmdir(path) == 0);
}

static struct segment_info
segment(uint64_t id, uint8_t class, uint64_t first_seq, uint32_t rows)
{
	return (struct segment_info){ .id = id, .stream = STREAM_RAW, .class = class, .epoch = 1,
	    .rows = rows, .first_seq = first_seq, .last_seq = first_seq + rows - 1,
	    .recv_min_ns = (int64_t)id, .recv_max_ns = (int64_t)id + 5, .bytes = id * 10,
	    .raw_bytes = id * 100 };
}

static const uint8_t leaves[] = { 2, 7, 3 };

static void
fill(struct manifest *m)
{
	uint64_t lost[STREAM_END] = { 0, 1, 0 }, gone = 1;
	struct segment_info info;

	check(manifest_epoch_begin(m, 1, 5, lost, "first", NULL) == OK);
	for (uint64_t id = 1; id <= 6; id++) {
		info = segment(id, (uint8_t)(id % 2), id * 100, 50);
		check(manifest_add(m, &info, span_of(leaves, sizeof leaves), NULL) == OK);
	}
	check(manifest_drop(m, &gone, 1, NULL) == OK);
	info = segment(7, 0, 200, 100);
	info.level = 1;
	check(manifest_replace(m, (uint64_t[]){ 2, 4 }, 2, &info, span_of(leaves, 3), NULL) == OK);
	check(manifest_trim(m, 42, NULL) == OK);
}

static void
is_filled(const struct manifest *m)
{
	static const uint64_t id[] = { 3, 5, 6, 7 };

	check_int(manifest_epoch(m), 1);
	check(manifest_encrypted(m));
	check(memcmp(manifest_store_id(m), "0123456789abcdef", 16) == 0);
	if (!check_int(manifest_count(m), 4))
		return;
	for (size_t i = 0; i < 4; i++) {
		check_int(manifest_segment(m, i)->id, id[i]);
		check_int(manifest_segment(m, i)->raw_bytes, id[i] * 100);
		check_span(manifest_leaves(m, i), span_of(leaves, 3));
	}
	check(manifest_find(m, 4) == NULL && manifest_find(m, 7)->level == 1);
	check_int(manifest_stored(m, STREAM_RAW, 0), 649);
	check_int(manifest_stored(m, STREAM_RAW, 1), 549);
	check_int(manifest_rows_stored(m, STREAM_RAW), 300);
	check_int(manifest_rows_lost(m, STREAM_FINDINGS), 1);
	check_int(manifest_journal_file(m), 42);
}

static void
a_manifest_says_in_the_next_life_what_it_was_told(void)
{
	struct manifest *m = NULL, *reader = NULL;

	place_begin();
	check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
	check(manifest_open(&reader, dirfd_now, MANIFEST_READ, NULL) == OK);
	fill(m);
	is_filled(m);
	check(manifest_refresh(reader, NULL) == OK);
	is_filled(reader);
	manifest_close(&m);
	check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
	is_filled(m);
	check(!manifest_damaged(m));
	manifest_close(&m);
	manifest_close(&reader);
	place_end();
}

static void
after_a_failed_sync_the_log_is_written_anew(void)
{
	struct manifest *m = NULL, *reader = NULL;

	for (unsigned n = 1; n < 12; n++) {
		char at[16];

		place_begin();
		check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
		check(manifest_open(&reader, dirfd_now, MANIFEST_READ, NULL) == OK);
		(void)snprintf(at, sizeof at, "%u", n);
		(void)setenv("FAIL_CALL", "file_sync_data", 1);
		(void)setenv("FAIL_AT", at, 1);
		fault_reload();
		fill(m);
		(void)unsetenv("FAIL_AT");
		fault_reload();
		is_filled(m);
		check(manifest_refresh(reader, NULL) == OK);
		is_filled(reader);
		manifest_close(&m);
		check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
		is_filled(m);
		manifest_close(&m);
		manifest_close(&reader);
		place_end();
	}
}

/* The log as it stands after fill(). */
static void
filled_octets(struct buf *out)
{
	struct manifest *m = NULL;

	place_begin();
	must(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
	fill(m);
	manifest_close(&m);
	must(file_read_whole(dirfd_now, "manifest", 1 << 20, out, NULL) == OK);
}

static void
a_torn_record_is_cut_and_those_before_it_stand(void)
{
	struct manifest *m = NULL;
	struct buf all = { 0 };
	size_t last = 0;

	filled_octets(&all);
	for (size_t n = all.n; n > 64; n--) {
		must(file_replace(dirfd_now, "manifest", span_sub(buf_span(&all), 0, n),
		    NULL) == OK);
		check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
		check(!manifest_damaged(m));
		/* It goes on from there. */
		check(manifest_trim(m, 99, NULL) == OK);
		manifest_close(&m);
		check(manifest_open(&m, dirfd_now, MANIFEST_READ, NULL) == OK);
		check_int(manifest_journal_file(m), 99);
		check(manifest_count(m) <= 6);
		last = manifest_count(m);
		manifest_close(&m);
	}
	check_int(last, 0);
	buf_done(&all);
	place_end();
}

static void
a_changed_octet_costs_one_record_and_is_remembered(void)
{
	struct manifest *m = NULL;
	struct buf all = { 0 };
	unsigned damaged = 0;

	filled_octets(&all);
	for (size_t at = 64; at < all.n; at++) {
		enum err rc;

		all.p[at] ^= 0x20;
		must(file_replace(dirfd_now, "manifest", buf_span(&all), NULL) == OK);
		all.p[at] ^= 0x20;
		rc = manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL);
		if (!check_int(rc, OK))
			break;
		if (!check(manifest_count(m) >= 3 && manifest_count(m) <= 6))
			printf("octet %zu: %zu segments\n", at, manifest_count(m));
		damaged += manifest_damaged(m);
		if (manifest_damaged(m)) {
			manifest_close(&m);
			check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
			check(manifest_damaged(m));
		}
		manifest_close(&m);
	}
	/* All but the last record, whose damage looks torn, and padding. */
	check(damaged > (all.n - 64) * 3 / 4);
	buf_done(&all);
	place_end();
}

static void
a_log_that_is_mostly_history_is_compacted(void)
{
	struct manifest *m = NULL, *reader = NULL;
	struct buf all = { 0 };

	place_begin();
	check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
	fill(m);
	check(manifest_open(&reader, dirfd_now, MANIFEST_READ, NULL) == OK);
	for (uint64_t i = 0; i < 40000; i++)
		if (!check(manifest_trim(m, 42, NULL) == OK))
			break;
	manifest_close(&m);
	check(manifest_open(&m, dirfd_now, MANIFEST_WRITE, NULL) == OK);
	is_filled(m);
	must(file_read_whole(dirfd_now, "manifest", 1 << 24, &all, NULL) == OK);
	check(all.n < 2000);
	check(manifest_refresh(reader, NULL) == OK);
	is_filled(reader);
	buf_done(&all);
	manifest_close(&m);
	manifest_close(&reader);
	place_end();
}

int
main(void)
{
	run(a_manifest_says_in_the_next_life_what_it_was_told);
	run(after_a_failed_sync_the_log_is_written_anew);
	run(a_torn_record_is_cut_and_those_before_it_stand);
	run(a_changed_octet_costs_one_record_and_is_remembered);
	run(a_log_that_is_mostly_history_is_compacted);
	return check_done();
}
