/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests store/seal.c and store/tiles.c: what is on disk after each checkpoint, and what is there
 * after every call of the system failed once, or all from one on (a crash).
 */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "model/checkpoint.h"
#include "model/leaf.h"
#include "model/note.h"
#include "store/seal.h"
#include "store/tiles.h"
#include "sys/fault.h"
#include "sys/file.h"

static const char origin[] = "trucban/00112233445566778899aabbccddeeff";
static const uint8_t seed[32] = { 1, 2, 3 };

static char home[64];
static int home_fd = -1;

static void
home_make(void)
{
	/* In memory where that is to be had: thousands of syncs. */
	(void)snprintf(home, sizeof home, "%s/trucban-seal-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	check(mkdtemp(home) != NULL);
	check(dir_open(&home_fd, AT_FDCWD, home, NULL) == OK);
}

static enum err
remove_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	const int *dirfd = arg;
	int fd = -1;

	if (entry->kind != DIR_DIRECTORY)
		return file_unlink(*dirfd, entry->name, why);
	if (dir_open(&fd, *dirfd, entry->name, why) == OK)
		(void)dir_each(fd, remove_each, &fd, why);
	file_close(&fd);
	return dir_remove(*dirfd, entry->name, why);
}

static void
home_remove(void)
{
	check(dir_each(home_fd, remove_each, &home_fd, NULL) == OK);
	file_close(&home_fd);
	check(rmdir(home) == 0);
}

/* Entry i: its number and some length. */
static struct span
entry_of(uint64_t i, uint8_t bytes[64])
{
	memset(bytes, (int)(i & 0xff), 64);
	le_put(bytes, i, 8);
	return span_of(bytes, 8 + (size_t)(i * 7 % 50));
}

static void
append(struct seal *seal, uint64_t upto)
{
	uint8_t bytes[64];

	while (seal_size(seal) < upto) {
		uint64_t i = seal_size(seal);

		check(seal_append(seal, entry_of(i, bytes)) == i);
	}
}

static struct digest
root_of(uint64_t size)
{
	static struct tlog_edge edge;
	struct digest d;
	uint8_t bytes[64];

	memset(&edge, 0, sizeof edge);
	for (uint64_t i = 0; i < size; i++) {
		tlog_leaf_hash(&d, entry_of(i, bytes));
		tlog_edge_append(&edge, &d);
	}
	tlog_edge_root(&d, &edge);
	return d;
}

static enum err
open_seal(struct seal **seal)
{
	struct why why = { "" };
	enum err rc = seal_open(seal, home_fd, origin, seed, &why);

	if (rc != OK)
		printf("%s\n", why.text);
	return rc;
}

/* Counts files below seal/ and refuses names that the tree of that size does not have. */
struct census {
	uint64_t size;
	size_t files;
	int fd;
	char path[128];
};

static enum err
census_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct census *census = arg, inner = *census;
	unsigned width;
	uint64_t index;
	int level;

	(void)why;
	(void)snprintf(inner.path, sizeof inner.path, "%.60s%s%.60s", census->path,
	    census->path[0] != '\0' ? "/" : "", entry->name);
	if (entry->kind == DIR_DIRECTORY) {
		inner.fd = -1;
		check(dir_open(&inner.fd, census->fd, entry->name, NULL) == OK);
		check(dir_each(inner.fd, census_each, &inner, NULL) == OK);
		file_close(&inner.fd);
		census->files = inner.files;
		return OK;
	}
	census->files++;
	if (strcmp(inner.path, "checkpoint") == 0)
		return OK;
	if (!check(tlog_name_get(span_str(inner.path), &level, &index, &width) == OK)) {
		printf("stray file %s\n", inner.path);
		return OK;
	}
	if (level == TLOG_ENTRIES)
		level = 0;
	if (!check(width == TLOG_TILE ? index < tlog_tiles(census->size, (unsigned)level) :
	    index == tlog_tiles(census->size, (unsigned)level) &&
	    width == tlog_width(census->size, (unsigned)level)))
		printf("stray file %s in a tree of %llu\n", inner.path,
		    (unsigned long long)census->size);
	return OK;
}

/* Everything that the checkpoint of that size names is there, and nothing else. */
static void
disk_is(uint64_t size)
{
	struct census census = { .size = size, .fd = -1 };
	struct buf note_text = { 0 }, bytes = { 0 };
	struct checkpoint checkpoint;
	struct digest want = root_of(size), got;
	struct tiles *tiles = NULL;
	struct tlog_reader reader;
	struct note_key key;
	struct note note;
	size_t files = 1;

	note_key_of_seed(&key, origin, seed);
	check(tiles_open(&tiles, home_fd, NULL) == OK);
	check(tiles_note(tiles, &note_text, NULL) == OK);
	check(note_parse(&note, buf_span(&note_text), NULL) == OK);
	check(note_check(&note, &key, NULL, NULL) == OK);
	check(checkpoint_get(&checkpoint, note.text, NULL) == OK);
	check_int(checkpoint.size, size);
	check(memcmp(checkpoint.root.b, want.b, DIGEST_BYTES) == 0);
	reader = tiles_reader(tiles, size);
	check(tlog_root(&reader, size, &got, NULL) == OK);
	check(memcmp(got.b, want.b, DIGEST_BYTES) == 0);
	for (uint64_t i = 0; i < size; i += i % 100 == 99 ? 1 : 13) {
		uint8_t entry[64];
		struct span s;

		bytes.n = 0;
		if (check(tiles_entry(tiles, i, size, &bytes, &s, NULL) == OK))
			check_span(s, entry_of(i, entry));
	}
	for (unsigned level = 0; level < TLOG_LEVELS; level++)
		files += (tlog_tiles(size, level) + (tlog_width(size, level) > 0)) *
		    (level == 0 ? 2 : 1);
	census.fd = tiles_fd(tiles);
	check(dir_each(census.fd, census_each, &census, NULL) == OK);
	check_int(census.files, files);
	buf_done(&bytes);
	buf_done(&note_text);
	tiles_close(&tiles);
}

static void
after_each_checkpoint_exactly_its_files_are_on_disk(void)
{
	static const uint64_t size[] = { 1, 2, 3, 200, 255, 256, 257, 300, 512, 513, 1100, 66000 };
	struct seal *seal = NULL;

	home_make();
	check(open_seal(&seal) == OK);
	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
		append(seal, size[i]);
		check(seal_checkpoint(seal, NULL, NULL) == OK);
		check_int(seal_signed_size(seal), size[i]);
		disk_is(size[i]);
	}
	seal_close(&seal);
	home_remove();
}

static void
a_tree_goes_on_after_it_was_closed_at_any_size(void)
{
	struct seal *seal = NULL;

	home_make();
	for (uint64_t size = 1; size < 1200; size += size < 8 ? 1 : 61) {
		check(open_seal(&seal) == OK);
		append(seal, size);
		check(seal_checkpoint(seal, NULL, NULL) == OK);
		append(seal, size + 5);		/* never signed: gone */
		seal_close(&seal);
		disk_is(size);
	}
	home_remove();
}

static void
the_same_tree_may_be_signed_again(void)
{
	struct seal *seal = NULL;

	home_make();
	check(open_seal(&seal) == OK);
	append(seal, 256);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	disk_is(256);
	seal_close(&seal);
	home_remove();
}

static void
fail_from(unsigned n, bool all)
{
	char text[16];

	if (n > 0) {
		(void)snprintf(text, sizeof text, "%u%s", n, all ? "+" : "");
		check(setenv("FAIL_AT", text, 1) == 0);
	} else {
		check(unsetenv("FAIL_AT") == 0);
	}
	fault_reload();
}

/* The n-th call of a checkpoint from `from` to `to` entries fails. False: there is no n-th. */
static bool
cut_at(unsigned n, uint64_t from, uint64_t to, bool crash)
{
	struct seal *seal = NULL;
	bool failed;

	home_make();
	check(open_seal(&seal) == OK);
	append(seal, from);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	append(seal, to);
	fail_from(n, crash);
	failed = seal_checkpoint(seal, NULL, NULL) != OK;
	fail_from(0, false);
	if (crash || n % 2 == 0) {
		/* As after a restart: one of the two trees, whole. */
		seal_close(&seal);
		check(open_seal(&seal) == OK);
		check(seal_signed_size(seal) == from || seal_signed_size(seal) == to);
		if (!failed)
			check_int(seal_signed_size(seal), to);
	}
	append(seal, to + 3);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	seal_close(&seal);
	check(open_seal(&seal) == OK);
	check_int(seal_size(seal), to + 3);
	seal_close(&seal);
	home_remove();
	return failed;
}

static void
a_checkpoint_that_was_cut_at_any_call_leaves_a_whole_tree(void)
{
	static const uint64_t from[] = { 1, 255, 256, 511 }, to[] = { 2, 256, 513, 800 };

	for (size_t i = 0; i < 4; i++) {
		for (int crash = 0; crash < 2; crash++) {
			unsigned n = 1;

			while (n < 400 && cut_at(n, from[i], to[i], crash != 0))
				n++;
			check(n > 10 && n < 400);
			/* Failures of the cleaning up afterwards are not reported. */
			for (unsigned more = 0; more < 30; more++)
				(void)cut_at(n + more, from[i], to[i], crash != 0);
		}
	}
}

static void
a_full_disk_delays_the_checkpoint_and_loses_nothing(void)
{
	struct seal *seal = NULL;

	home_make();
	check(open_seal(&seal) == OK);
	append(seal, 10);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	check(setenv("FAIL_ERRNO", "ENOSPC", 1) == 0);
	fail_from(1, true);
	for (uint64_t size = 100; size <= 700; size += 100) {
		append(seal, size);
		check(seal_checkpoint(seal, NULL, NULL) == ERR_FULL);
	}
	check(unsetenv("FAIL_ERRNO") == 0);
	fail_from(0, false);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	disk_is(700);
	seal_close(&seal);
	home_remove();
}

static void
flip(const char *name, size_t at)
{
	struct buf bytes = { 0 };

	check(file_read_whole(home_fd, name, 1 << 20, &bytes, NULL) == OK);
	if (check(at < bytes.n)) {
		bytes.p[at] ^= 1;
		check(file_unlink(home_fd, name, NULL) == OK);
		check(file_replace(home_fd, name, buf_span(&bytes), NULL) == OK);
	}
	buf_done(&bytes);
}

static void
tree_of(uint64_t size)
{
	struct seal *seal = NULL;

	home_make();
	check(open_seal(&seal) == OK);
	append(seal, size);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	seal_close(&seal);
}

static void
a_damaged_tile_of_the_right_edge_is_made_again(void)
{
	static const char *const name[] = { "seal/tile/0/002.p/8", "seal/tile/1/000.p/2" };
	struct seal *seal = NULL;

	tree_of(520);
	for (unsigned i = 0; i < 2; i++) {
		flip(name[i], 33);
		check(open_seal(&seal) == OK);
		seal_close(&seal);
		disk_is(520);
		check(file_unlink(home_fd, name[i], NULL) == OK);
		check(open_seal(&seal) == OK);
		seal_close(&seal);
		disk_is(520);
	}
	home_remove();
}

static void
a_changed_entry_or_checkpoint_is_refused(void)
{
	static const uint8_t other[32] = { 9 };
	struct seal *seal = NULL;

	tree_of(520);
	flip("seal/tile/entries/002.p/8", 5);
	check(seal_open(&seal, home_fd, origin, seed, NULL) == ERR_PROOF);
	flip("seal/tile/entries/002.p/8", 5);
	check(seal_open(&seal, home_fd, origin, other, NULL) == ERR_PROOF);
	check(seal_open(&seal, home_fd, "trucban/other", seed, NULL) == ERR_PROOF);
	flip("seal/checkpoint", 45);		/* in the size or the root */
	check(seal_open(&seal, home_fd, origin, seed, NULL) != OK);
	flip("seal/checkpoint", 45);
	check(open_seal(&seal) == OK);
	seal_close(&seal);
	check(file_unlink(home_fd, "seal/checkpoint", NULL) == OK);
	check(seal_open(&seal, home_fd, origin, seed, NULL) == ERR_PROOF);
	home_remove();
}

static void
the_checkpoint_of_the_old_key_is_taken_after_a_rotation(void)
{
	static const uint8_t next[32] = { 4, 4 }, stranger[32] = { 6 };
	struct buf old_text = { 0 }, new_text = { 0 }, text = { 0 }, entry = { 0 };
	struct note_key old_key, new_key;
	uint8_t signature[64];
	struct leaf leaf = { .type = LEAF_KEY, .epoch = 1 };
	struct seal *seal = NULL;

	home_make();
	note_key_of_seed(&old_key, origin, seed);
	note_key_of_seed(&new_key, origin, next);
	note_key_put(&old_text, &old_key);
	note_key_put(&new_text, &new_key);
	leaf_key_text(&text, buf_span(&old_text), buf_span(&new_text), SPAN("test"));
	note_sign_raw(signature, buf_span(&text), seed);
	leaf.u.key = (struct leaf_key){ buf_span(&old_text), buf_span(&new_text), SPAN("test"),
	    signature };
	leaf_encode(&entry, &leaf);
	check(open_seal(&seal) == OK);
	append(seal, 5);
	(void)seal_append(seal, buf_span(&entry));
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	seal_close(&seal);
	check(seal_open(&seal, home_fd, origin, stranger, NULL) == ERR_PROOF);
	check(seal_open(&seal, home_fd, origin, next, NULL) == OK);
	check(seal_checkpoint(seal, NULL, NULL) == OK);
	seal_rekey(seal, seed);
	seal_close(&seal);
	check(seal_open(&seal, home_fd, origin, seed, NULL) == ERR_PROOF);
	buf_done(&old_text);
	buf_done(&new_text);
	buf_done(&text);
	buf_done(&entry);
	home_remove();
}

int
main(void)
{
	run(after_each_checkpoint_exactly_its_files_are_on_disk);
	run(a_tree_goes_on_after_it_was_closed_at_any_size);
	run(the_same_tree_may_be_signed_again);
	run(a_checkpoint_that_was_cut_at_any_call_leaves_a_whole_tree);
	run(a_full_disk_delays_the_checkpoint_and_loses_nothing);
	run(a_damaged_tile_of_the_right_edge_is_made_again);
	run(a_changed_entry_or_checkpoint_is_refused);
	run(the_checkpoint_of_the_old_key_is_taken_after_a_rotation);
	return check_done();
}
