/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban restore BACKUP`: a store from a backup, in an empty directory. The sums are checked
 * first. The restored store begins a new epoch at its first start, so that its numbers are never
 * taken for those of the store that it was copied from.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/dir.h"
#include "sys/file.h"
#include "store/cold.h"
#include "cmd/copy.h"
#include "cmd/options.h"

static const char usage_vi[] =
    "Cách dùng: trucban restore --state THƯ_MỤC [--cold THƯ_MỤC] BẢN_SAO\n\n"
    "Khôi phục kho nhật ký từ BẢN_SAO vào một thư mục trống. Bản sao không kèm khóa thì đặt\n"
    "key/seal.key và key/store.key vào thư mục mới trước khi chạy (xem: trucban key --help).\n\n"
    "  --state THƯ_MỤC    thư mục mới của kho nhật ký\n"
    "  --cold THƯ_MỤC     đặt các đoạn lưu vào thư mục này (store: cold), khi ổ của kho quá nhỏ\n";
static const char usage_en[] =
    "Usage: trucban restore --state DIR [--cold DIR] BACKUP\n\n"
    "Restores a store from BACKUP into an empty directory. When the backup has no keys, put\n"
    "key/seal.key and key/store.key into the new directory before the start (see: trucban key\n"
    "--help).\n\n"
    "  --state DIR        the new directory of the store\n"
    "  --cold DIR         put the segments into DIR (store: cold), when the store's disk is too\n"
    "                     small for them\n";

static const char *const trees[] = { "key", "ca", "people", "seal", "filter", "quarantine",
    "journal" };

enum { MANIFEST_STORE_ID_AT = 16 };	/* manifest.md section 1 */

/* The segments: to the store's own folder, or to a cold one that it gets. */
static enum err
segments_copy(struct copy *copy, const char *cold, struct why *why)
{
	uint8_t id[COLD_STORE_ID];
	int own = copy->to, fd = -1;
	enum err rc;

	if (cold == NULL)
		return copy_tree(copy, "segment", COPY_ALWAYS, why);
	rc = file_open(&fd, copy->from, "manifest", FILE_READ, why);
	if (rc == OK)
		rc = file_pread_all(fd, id, sizeof id, MANIFEST_STORE_ID_AT, why);
	file_close(&fd);
	if (rc == OK)
		rc = dir_make(own, "segment", 0700, why);
	if (rc == OK)
		rc = cold_claim(own, cold, id, why);
	if (rc == OK)
		rc = dir_open(&fd, own, COLD_LINK "/.", why);
	if (rc != OK)
		return rc;
	copy->to = fd;
	rc = copy_tree(copy, "segment", COPY_ALWAYS, why);
	copy->to = own;
	file_close(&fd);
	return rc;
}

static enum err
restore_run(struct copy *copy, const char *from, const char *state, const char *cold,
    struct why *why)
{
	struct buf wrong = { 0 };
	uint64_t size;
	int fd = -1;
	enum err rc;

	rc = dir_open(&copy->from, AT_FDCWD, from, why);
	if (rc == OK)
		rc = copy_check(copy->from, &wrong, why);
	buf_done(&wrong);
	if (rc == OK)
		rc = dir_make(AT_FDCWD, state, 0700, why);
	if (rc == OK)
		rc = dir_open(&copy->to, AT_FDCWD, state, why);
	if (rc == OK && file_open(&fd, copy->to, "manifest", FILE_READ, NULL) == OK &&
	    file_size(fd, &size, NULL) == OK)
		rc = why_set(why, ERR_BUSY, "%s holds a store already; choose an empty directory",
		    state);
	file_close(&fd);
	for (size_t i = 0; rc == OK && i < sizeof trees / sizeof trees[0]; i++)
		rc = copy_tree(copy, trees[i], COPY_ALWAYS, why);
	if (rc == OK)
		rc = segments_copy(copy, cold, why);
	/* How far contents were imported; a backup may have none. */
	if (rc == OK && (rc = copy_file(copy, "places", COPY_ALWAYS, why)) == ERR_ABSENT)
		rc = OK;
	if (rc == OK)
		rc = copy_file(copy, "manifest", COPY_ALWAYS, why);
	return rc;
}

static void
restored_say(const struct copy *copy, const char *state)
{
	(void)printf(say("Đã khôi phục %llu tệp, %.1f MB, vào %s. Kiểm tra: trucban verify "
	    "--store %s\n", "Restored %llu files, %.1f MB, into %s. Check it: trucban verify "
	    "--store %s\n"),
	    (unsigned long long)copy->files, (double)copy->bytes / 1e6, state, state);
	if (geteuid() == 0)
		(void)printf(say("Bàn trực chạy bằng người dùng khác root (user: trong cấu "
		    "hình) thì giao kho cho người dùng đó: chown -R trucban: '%s'\n",
		    "When the desk runs as another user than root (user: in the configuration), "
		    "give the store to it: chown -R trucban: '%s'\n"), state);
}

int
cmd_restore(int argc, char **argv)
{
	static const struct option option[] = {
		{ "state", required_argument, NULL, 's' },
		{ "cold", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct copy copy = { .from = -1, .to = -1 };
	const char *state = NULL, *cold = NULL;
	struct why why = { "" };
	enum err rc;
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 's') {
			state = optarg;
		} else if (c == 'c') {
			cold = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind + 1 != argc || state == NULL) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	rc = restore_run(&copy, argv[optind], state, cold, &why);
	if (rc != OK)
		(void)fprintf(stderr, say("trucban: không khôi phục được: %s\n",
		    "trucban: cannot restore: %s\n"), why.text);
	else
		restored_say(&copy, state);
	buf_done(&copy.list);
	file_close(&copy.from);
	file_close(&copy.to);
	return rc == OK ? EXIT_DONE : EXIT_COULD_NOT;
}
