/* SPDX-License-Identifier: Apache-2.0 */
/* Tests store/key.c: making, loading, wrapping, rotation cut at every call, paper forms. */
#include "check.h"

#include <stdlib.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/leaf.h"
#include "store/key.h"
#include "sys/fault.h"
#include "sys/file.h"

static char home[64];
static int home_fd = -1;

/* A fresh empty directory under /tmp, by way of the store's own calls. */
static void
home_make(void)
{
	/* In memory where that is to be had: thousands of syncs. */
	(void)snprintf(home, sizeof home, "%s/trucban-key-XXXXXX",
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

static void
keys_are_made_once_and_load(void)
{
	struct keys keys;
	struct stat st;

	home_make();
	check(keys_load(&keys, home_fd, NULL) == ERR_ABSENT);
	check(keys_make(home_fd, KEY_MAKE_ENCRYPTED, NULL) == OK);
	check(keys_make(home_fd, KEY_MAKE_ENCRYPTED, NULL) == ERR_BUSY);
	check(keys_load(&keys, home_fd, NULL) == OK);
	check(keys.has_seed && keys.has_store_key);
	check_int(strlen(keys.origin), 8 + 32);
	check(strncmp(keys.origin, "trucban/", 8) == 0);
	check(fstatat(home_fd, "key", &st, 0) == 0 && (st.st_mode & 0777) == 0700);
	check(fstatat(home_fd, "key/seal.key", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
	check(fstatat(home_fd, "key/store.key", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
	keys_wipe(&keys);
	check(!keys.has_seed);
	home_remove();
}

static void
a_plain_store_has_no_store_key(void)
{
	struct keys keys;

	home_make();
	check(keys_make(home_fd, KEY_MAKE_PLAIN, NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == OK && !keys.has_store_key && keys.has_seed);
	home_remove();
}

static void
a_copy_without_secrets_still_names_its_origin(void)
{
	struct keys keys;

	home_make();
	check(keys_make(home_fd, KEY_MAKE_ENCRYPTED, NULL) == OK);
	check(file_unlink(home_fd, "key/seal.key", NULL) == OK);
	check(file_unlink(home_fd, "key/store.key", NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == OK && !keys.has_store_key && !keys.has_seed);
	home_remove();
}

static void
a_seed_that_does_not_belong_is_refused(void)
{
	uint8_t other[KEY_BYTES] = { 1 };
	struct keys keys;

	home_make();
	check(keys_make(home_fd, KEY_MAKE_PLAIN, NULL) == OK);
	check(file_replace(home_fd, "key/seal.key", span_of(other, KEY_BYTES), NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == ERR_FORMAT);
	check(file_replace(home_fd, "key/seal.key", span_of(other, 31), NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == ERR_FORMAT);
	home_remove();
}

static void
a_data_key_opens_with_its_own_store_key_and_header_only(void)
{
	uint8_t store_key[KEY_BYTES] = { 1 }, other[KEY_BYTES] = { 2 }, data[KEY_BYTES] = { 3 };
	uint8_t wrapped[KEY_WRAP_BYTES], again[KEY_WRAP_BYTES], got[KEY_BYTES];

	key_wrap(store_key, SPAN("header"), data, wrapped);
	key_wrap(store_key, SPAN("header"), data, again);
	check(memcmp(wrapped, again, sizeof wrapped) != 0);
	check(key_unwrap(store_key, SPAN("header"), wrapped, got, NULL) == OK);
	check(memcmp(got, data, KEY_BYTES) == 0);
	check(key_unwrap(other, SPAN("header"), wrapped, got, NULL) == ERR_DENIED);
	check(key_unwrap(store_key, SPAN("headeR"), wrapped, got, NULL) == ERR_DENIED);
	for (size_t i = 0; i < sizeof wrapped; i++) {
		wrapped[i] ^= 4;
		check(key_unwrap(store_key, SPAN("header"), wrapped, got, NULL) == ERR_DENIED);
		wrapped[i] ^= 4;
	}
}

static void
a_rotation_is_signed_by_the_old_key(void)
{
	struct key_rotation rotation;
	struct note_key old, new_key;
	struct buf text = { 0 };
	struct keys keys;

	home_make();
	check(keys_make(home_fd, KEY_MAKE_PLAIN, NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == OK);
	check(keys_rotate_begin(&rotation, home_fd, &keys, SPAN("two\nlines"), NULL) == ERR_FORMAT);
	check(keys_rotate_begin(&rotation, home_fd, &keys, SPAN("yearly"), NULL) == OK);
	check(note_key_get(&old, buf_span(&rotation.old_vkey), NULL) == OK);
	check(note_key_get(&new_key, buf_span(&rotation.new_vkey), NULL) == OK);
	check(note_key_eq(&old, &keys.vkey) && !note_key_eq(&old, &new_key));
	leaf_key_text(&text, buf_span(&rotation.old_vkey), buf_span(&rotation.new_vkey),
	    SPAN("yearly"));
	check(note_check_raw(rotation.signature, buf_span(&text), &old));
	check(!note_check_raw(rotation.signature, buf_span(&text), &new_key));
	check(keys_rotate_end(home_fd, NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == OK && note_key_eq(&keys.vkey, &new_key));
	buf_done(&text);
	key_rotation_done(&rotation);
	home_remove();
}

static void
an_undone_rotation_leaves_the_old_key(void)
{
	struct key_rotation rotation;
	struct buf pending = { 0 };
	struct keys keys, after;

	home_make();
	check(keys_make(home_fd, KEY_MAKE_PLAIN, NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == OK);
	check(keys_rotate_pending(home_fd, &pending, NULL) == ERR_ABSENT);
	check(keys_rotate_begin(&rotation, home_fd, &keys, SPAN(""), NULL) == OK);
	check(keys_rotate_pending(home_fd, &pending, NULL) == OK);
	check_span(buf_span(&pending), buf_span(&rotation.new_vkey));
	check(keys_rotate_undo(home_fd, NULL) == OK);
	check(keys_rotate_pending(home_fd, &pending, NULL) == ERR_ABSENT);
	check(keys_load(&after, home_fd, NULL) == OK && note_key_eq(&keys.vkey, &after.vkey));
	buf_done(&pending);
	key_rotation_done(&rotation);
	home_remove();
}

/* The n-th call of keys_rotate_end fails; then the next start has to finish it. False: no n-th. */
static bool
rotation_cut_at(unsigned n)
{
	struct key_rotation rotation;
	struct buf pending = { 0 };
	struct keys keys;
	char text[16];
	enum err rc;

	home_make();
	check(keys_make(home_fd, KEY_MAKE_PLAIN, NULL) == OK);
	check(keys_load(&keys, home_fd, NULL) == OK);
	check(keys_rotate_begin(&rotation, home_fd, &keys, SPAN("test"), NULL) == OK);
	(void)snprintf(text, sizeof text, "%u+", n);
	check(setenv("FAIL_AT", text, 1) == 0);
	fault_reload();
	rc = keys_rotate_end(home_fd, NULL);
	check(unsetenv("FAIL_AT") == 0);
	fault_reload();
	check(keys_load(&keys, home_fd, NULL) == OK && keys.has_seed);
	if (keys_rotate_pending(home_fd, &pending, NULL) == OK) {
		check(rc != OK);
		check_span(buf_span(&pending), buf_span(&rotation.new_vkey));
		check(keys_rotate_end(home_fd, NULL) == OK);
	}
	check(keys_load(&keys, home_fd, NULL) == OK && keys.has_seed);
	pending.n = 0;
	note_key_put(&pending, &keys.vkey);
	check_span(buf_span(&pending), buf_span(&rotation.new_vkey));
	buf_done(&pending);
	key_rotation_done(&rotation);
	home_remove();
	return rc != OK;
}

static void
a_rotation_that_was_cut_at_any_call_is_finished_at_the_next_start(void)
{
	unsigned n = 1;

	while (n < 100 && rotation_cut_at(n))
		n++;
	check(n > 8 && n < 100);
}

static void
keys_that_were_half_made_are_made_again(void)
{
	struct keys keys;
	char text[16];
	enum err rc = ERR_IO;

	for (unsigned n = 1; rc != OK && n < 100; n++) {
		home_make();
		(void)snprintf(text, sizeof text, "%u+", n);
		check(setenv("FAIL_AT", text, 1) == 0);
		fault_reload();
		rc = keys_make(home_fd, KEY_MAKE_ENCRYPTED, NULL);
		check(unsetenv("FAIL_AT") == 0);
		fault_reload();
		if (keys_load(&keys, home_fd, NULL) != OK)
			check(keys_make(home_fd, KEY_MAKE_ENCRYPTED, NULL) == OK);
		check(keys_load(&keys, home_fd, NULL) == OK && keys.has_store_key);
		home_remove();
	}
	check(rc == OK);
}

static void
the_escrow_text_gives_the_key_back_and_tells_of_a_wrong_letter(void)
{
	struct keys keys = { .origin = "trucban/x", .has_store_key = true };
	struct buf text = { 0 };
	uint8_t got[KEY_BYTES];
	size_t taken = 0;

	for (uint8_t i = 0; i < KEY_BYTES; i++)
		keys.store_key[i] = (uint8_t)(i * 7 + 1);
	key_escrow(&text, &keys);
	check(key_escrow_read(got, buf_span(&text), NULL) == OK);
	check(memcmp(got, keys.store_key, KEY_BYTES) == 0);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t old = text.p[i];

		text.p[i] = old == 'Q' ? 'R' : 'Q';
		if (key_escrow_read(got, buf_span(&text), NULL) == OK &&
		    memcmp(got, keys.store_key, KEY_BYTES) != 0)
			taken++;
		text.p[i] = old;
	}
	check_int(taken, 0);
	check(key_escrow_read(got, SPAN(""), NULL) == ERR_FORMAT);
	check(key_escrow_read(got, SPAN("hello"), NULL) == ERR_FORMAT);
	buf_done(&text);
}

static void
a_fingerprint_is_known_by_its_beginning(void)
{
	uint8_t seed[KEY_BYTES] = { 5 };
	char text[KEY_FINGERPRINT_BYTES];
	struct note_key key;

	note_key_of_seed(&key, "trucban/x", seed);
	key_fingerprint(text, &key);
	check_int(strlen(text), 39);
	check(key_fingerprint_is(&key, span_str(text)));
	check(key_fingerprint_is(&key, span_sub(span_str(text), 0, 19)));
	check(!key_fingerprint_is(&key, span_sub(span_str(text), 0, 18)));
	check(!key_fingerprint_is(&key, SPAN("AAAA AAAA AAAA AAAA")));
	for (char *c = text; *c != '\0'; c++)
		*c = *c == ' ' ? '-' : (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	check(key_fingerprint_is(&key, span_str(text)));
}

int
main(void)
{
	run(keys_are_made_once_and_load);
	run(a_plain_store_has_no_store_key);
	run(a_copy_without_secrets_still_names_its_origin);
	run(a_seed_that_does_not_belong_is_refused);
	run(a_data_key_opens_with_its_own_store_key_and_header_only);
	run(a_rotation_is_signed_by_the_old_key);
	run(an_undone_rotation_leaves_the_old_key);
	run(a_rotation_that_was_cut_at_any_call_is_finished_at_the_next_start);
	run(keys_that_were_half_made_are_made_again);
	run(the_escrow_text_gives_the_key_back_and_tells_of_a_wrong_letter);
	run(a_fingerprint_is_known_by_its_beginning);
	return check_done();
}
