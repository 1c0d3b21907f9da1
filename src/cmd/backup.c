/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban backup DIR`: a consistent copy of the store while the desk runs. The keeper ends its
 * segments, signs a checkpoint and keeps journal files until the copy is done; files that never
 * change are copied once only, so that the next backup into the same directory is quick.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "store/cold.h"
#include "cmd/copy.h"
#include "cmd/desk.h"
#include "cmd/options.h"

enum { BACKUP_TRIES = 5 };

static const char usage_vi[] =
    "Cách dùng: trucban backup [--with-keys] [--offline] [--state THƯ_MỤC] ĐÍCH\n\n"
    "Sao lưu kho nhật ký vào thư mục ĐÍCH trong khi bàn trực vẫn chạy. Sao lưu lại vào cùng thư\n"
    "mục thì chỉ chép phần mới. Kiểm tra bản sao: b2sum -l 256 -c B2SUMS, trucban verify\n"
    "--store.\n\n"
    "  --with-keys        chép cả khóa (cất bản sao này như cất khóa)\n"
    "  --offline          bàn trực đang dừng: chép thẳng\n"
    "  --state THƯ_MỤC    kho cần sao lưu\n";
static const char usage_en[] =
    "Usage: trucban backup [--with-keys] [--offline] [--state DIR] TARGET\n\n"
    "Copies the store into the directory TARGET while the desk runs. A second backup into the\n"
    "same directory copies what is new. To check: b2sum -l 256 -c B2SUMS, trucban verify\n"
    "--store.\n\n"
    "  --with-keys        the secret keys too (keep that copy as you keep keys)\n"
    "  --offline          the desk is stopped: just copy\n"
    "  --state DIR        the store to copy\n";

struct backup {
	struct copy copy;
	const char *state;
	bool with_keys, offline;
	int64_t shown_ns;
};

static bool
ignore(void *ctx, struct span piece)
{
	(void)ctx;
	(void)piece;
	return true;
}

static enum err
ask(const struct backup *b, const char *what, const char *argument, struct why *why)
{
	struct buf form = { 0 };
	enum err rc;

	if (b->offline)
		return OK;
	form_add(&form, "what", span_str(what));
	form_add(&form, "argument", span_str(argument));
	rc = desk_run(b->state, &(struct client_ask){ .path = "/trucban/ask",
	    .form = buf_span(&form), .take = ignore }, why);
	buf_done(&form);
	return rc;
}

static void
progress(const struct copy *copy)
{
	static int64_t shown_ns;
	int64_t now = clock_mono_ns();

	if (isatty(STDERR_FILENO) != 1 || now - shown_ns < 200000000)
		return;
	shown_ns = now;
	(void)fprintf(stderr, "\r%llu %s, %.1f MB ", (unsigned long long)copy->files,
	    say("tệp", "files"), (double)copy->bytes / 1e6);
}

static enum err
checkpoint_read(int dirfd, struct buf *out, struct why *why)
{
	out->n = 0;
	return file_read_whole(dirfd, "seal/checkpoint", 1 << 16, out, why);
}

/* The tree of the checkpoint, whole: again when the keeper signed a new one meanwhile. */
static enum err
seal_copy(struct backup *b, struct why *why)
{
	struct buf before = { 0 }, after = { 0 };
	size_t list = b->copy.list.n;
	enum err rc = OK;

	for (int i = 0; i < BACKUP_TRIES; i++) {
		b->copy.list.n = list;
		rc = checkpoint_read(b->copy.from, &before, why);
		if (rc == OK)
			rc = copy_tree(&b->copy, "seal", COPY_ALWAYS, why);
		if (rc == OK)
			rc = checkpoint_read(b->copy.from, &after, why);
		if (rc != OK || span_eq(buf_span(&before), buf_span(&after)))
			break;
		rc = why_set(why, ERR_BUSY, "the seal grew during %d copies of it", BACKUP_TRIES);
	}
	buf_done(&before);
	buf_done(&after);
	return rc;
}

/*
 * The desk's own certificate authority, when it has one: its key as the store's keys, the desk's
 * certificate not at all (it is made anew at each start).
 */
static enum err
authority_copy(struct backup *b, struct why *why)
{
	static const char *const file[] = { "ca/ca.crt", "ca/roll", "ca/ca.key" };
	enum err rc = dir_make(b->copy.to, "ca", 0700, why);

	for (size_t i = 0; rc == OK && i < (b->with_keys ? 3 : 2); i++) {
		rc = copy_file(&b->copy, file[i], COPY_ALWAYS, why);
		if (rc == ERR_ABSENT)
			rc = OK;
	}
	return rc;
}

/* The accounts, encrypted with a key made of the store's; without encryption their key is one. */
static enum err
accounts_copy(struct backup *b, struct why *why)
{
	static const char *const file[] = { "people/accounts", "people/key" };
	enum err rc = dir_make(b->copy.to, "people", 0700, why);

	for (size_t i = 0; rc == OK && i < (b->with_keys ? 2 : 1); i++) {
		rc = copy_file(&b->copy, file[i], COPY_ALWAYS, why);
		if (rc == ERR_ABSENT)
			rc = OK;
	}
	return rc;
}

static enum err
keys_copy(struct backup *b, struct why *why)
{
	enum err rc;

	if (b->with_keys)
		return copy_tree(&b->copy, "key", COPY_ALWAYS, why);
	rc = dir_make(b->copy.to, "key", 0700, why);
	return rc == OK ? copy_file(&b->copy, "key/seal.vkey", COPY_ALWAYS, why) : rc;
}

/*
 * Into the same folder as the others: a backup is one store in one piece, and what moved since the
 * last one is not copied again. After the store's own folder, which segments leave for this one.
 */
static enum err
cold_copy(struct backup *b, struct why *why)
{
	int own = b->copy.from, fd = -1;
	enum err rc;

	rc = cold_there(own, why);
	if (rc != OK)
		return rc == ERR_ABSENT ? OK : rc;
	rc = dir_open(&fd, own, COLD_LINK "/.", why);
	if (rc != OK)
		return rc;
	b->copy.from = fd;
	rc = copy_tree(&b->copy, "segment", COPY_UNLESS_SAME_ENDS, why);
	b->copy.from = own;
	file_close(&fd);
	return rc;
}

/* How far contents were imported; nothing was, or all of it is still in the journal: no file. */
static enum err
places_copy(struct backup *b, struct why *why)
{
	enum err rc = copy_file(&b->copy, "places", COPY_ALWAYS, why);

	return rc == ERR_ABSENT ? OK : rc;
}

static enum err
store_copy(struct backup *b, struct why *why)
{
	enum err rc;

	rc = keys_copy(b, why);
	if (rc == OK)
		rc = authority_copy(b, why);
	if (rc == OK)
		rc = accounts_copy(b, why);
	if (rc == OK)
		rc = seal_copy(b, why);
	if (rc == OK)
		rc = copy_file(&b->copy, "manifest", COPY_ALWAYS, why);
	if (rc == OK)
		rc = places_copy(b, why);
	if (rc == OK)
		rc = copy_tree(&b->copy, "segment", COPY_UNLESS_SAME_ENDS, why);
	if (rc == OK)
		rc = cold_copy(b, why);
	if (rc == OK)
		rc = copy_tree(&b->copy, "filter", COPY_ALWAYS, why);
	if (rc == OK)
		rc = copy_tree(&b->copy, "quarantine", COPY_ALWAYS, why);
	if (rc == OK)
		rc = copy_tree(&b->copy, "journal", COPY_ALWAYS, why);
	if (rc == OK)
		rc = file_replace(b->copy.to, COPY_LIST, buf_span(&b->copy.list), why);
	return rc;
}

/* A copy in what is copied would be copied by the next backup, and go with the disk. */
static enum err
target_check(const char *state, const char *target, struct why *why)
{
	char *store = realpath(state, NULL), *at = realpath(target, NULL);
	struct buf parent = { 0 };
	enum err rc = OK;
	size_t n;

	if (at == NULL) {	/* not there yet: its folder says where it will be */
		buf_str(&parent, target);
		buf_u8(&parent, '\0');
		at = realpath(dirname((char *)parent.p), NULL);
	}
	n = store != NULL ? strlen(store) : 0;
	if (n > 1 && at != NULL && strncmp(at, store, n) == 0 && (at[n] == '/' || at[n] == '\0'))
		rc = why_set(why, ERR_DENIED, "%s is inside of the store", target);
	buf_done(&parent);
	free(store);
	free(at);
	return rc;
}

static enum err
backup_run(struct backup *b, const char *target, struct why *why)
{
	struct why ignored;
	enum err rc;

	rc = dir_open(&b->copy.from, AT_FDCWD, b->state, why);
	if (rc == OK)
		rc = target_check(b->state, target, why);
	if (rc == OK)
		rc = dir_make(AT_FDCWD, target, 0700, why);
	if (rc == OK)
		rc = dir_open(&b->copy.to, AT_FDCWD, target, why);
	if (rc == OK)
		rc = ask(b, "hold", "3600", why);
	if (rc != OK)
		return rc;
	rc = ask(b, "flush", "", why);
	if (rc == OK)
		rc = ask(b, "checkpoint", "", why);
	if (rc == OK)
		rc = store_copy(b, why);
	(void)ask(b, "release", "", &ignored);
	return rc;
}

int
cmd_backup(int argc, char **argv)
{
	static const struct option option[] = {
		{ "with-keys", no_argument, NULL, 'k' },
		{ "offline", no_argument, NULL, 'o' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct backup b = { .copy = { .from = -1, .to = -1, .progress = progress },
	    .state = state_default() };
	struct why why = { "" };
	enum err rc;
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'k') {
			b.with_keys = true;
		} else if (c == 'o') {
			b.offline = true;
		} else if (c == 's') {
			b.state = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	rc = backup_run(&b, argv[optind], &why);
	if (rc != OK)
		(void)fprintf(stderr, say("trucban: không sao lưu được: %s\n",
		    "trucban: cannot back up: %s\n"), why.text);
	else
		(void)printf(say("Đã sao lưu %llu tệp (%llu tệp đã có sẵn), %.1f MB, vào %s\n",
		    "Backed up %llu files (%llu were there already), %.1f MB, to %s\n"),
		    (unsigned long long)b.copy.files, (unsigned long long)b.copy.skipped,
		    (double)b.copy.bytes / 1e6, argv[optind]);
	buf_done(&b.copy.list);
	file_close(&b.copy.from);
	file_close(&b.copy.to);
	return rc == OK ? EXIT_DONE : EXIT_COULD_NOT;
}
