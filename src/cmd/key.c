/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban key`: show the keys of a store, print the fingerprint and the escrow sheet, replace the
 * seal key of the running desk. doc/formats/seal.md section 1. Prints no secret but by `escrow`.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "store/key.h"
#include "cmd/desk.h"
#include "cmd/options.h"

enum { ESCROW_BYTES = 65536 };

static const char usage_vi[] =
    "Cách dùng: trucban key show|fingerprint|rotate|escrow [tùy chọn]\n\n"
    "  show                       khóa của kho: tên, khóa công khai, dấu vân tay, mã hóa\n"
    "  fingerprint                chỉ in dấu vân tay của khóa niêm phong, để chép ra giấy\n"
    "  rotate [--reason LÝ_DO]    thay khóa niêm phong của bàn trực đang chạy; khóa cũ ký giao\n"
    "                             cho khóa mới, bản ghi cũ vẫn kiểm tra được\n"
    "  escrow                     in khóa mã hóa kho ra phiếu cất két sắt (BÍ MẬT)\n"
    "  escrow --check TỆP         phiếu đã gõ lại có đúng khóa của kho này không\n"
    "  escrow --restore TỆP       ghi lại key/store.key từ phiếu\n\n"
    "  --store THƯ_MỤC            kho nhật ký (mặc định: kho của bàn trực trên máy này)\n";
static const char usage_en[] =
    "Usage: trucban key show|fingerprint|rotate|escrow [options]\n\n"
    "  show                       the store's keys: name, verifier key, fingerprint, encryption\n"
    "  fingerprint                only the seal key's fingerprint, to be copied on paper\n"
    "  rotate [--reason TEXT]     replace the running desk's seal key; the old one signs the new\n"
    "                             one over, old records verify as before\n"
    "  escrow                     print the store's encryption key, for the safe (SECRET)\n"
    "  escrow --check FILE        is a sheet that was typed in this store's key\n"
    "  escrow --restore FILE      write key/store.key again from a sheet\n\n"
    "  --store DIR                the store (default: that of this machine's desk)\n";

struct command_key {
	const char *store;
	const char *reason;
	const char *check, *restore;
	int dirfd;
};

/* ---- show, fingerprint ---- */

static void
hex_print(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)printf("%02x", p[i]);
	(void)printf("\n");
}

static enum err
key_show(struct command_key *c, struct why *why)
{
	char finger[KEY_FINGERPRINT_BYTES];
	struct buf text = { 0 };
	struct keys keys;
	enum err rc;

	rc = keys_load(&keys, c->dirfd, why);
	if (rc != OK)
		return rc;
	note_key_put(&text, &keys.vkey);
	key_fingerprint(finger, &keys.vkey);
	(void)printf("%s %s\n", say("tên          ", "origin       "), keys.origin);
	(void)printf("%s %.*s\n", say("khóa         ", "key          "),
	    (int)text.n, (const char *)text.p);
	(void)printf("%s %s\n", say("dấu vân tay  ", "fingerprint  "), finger);
	(void)printf("%s ", say("kho          ", "store id     "));
	hex_print(keys.store_id, sizeof keys.store_id);
	(void)printf("%s ", say("mã hóa       ", "encryption   "));
	if (keys.has_store_key)
		hex_print(keys.store_key_id, sizeof keys.store_key_id);
	else
		(void)printf("%s\n", say("không, hoặc không có khóa ở đây",
		    "none, or no key here"));
	(void)printf("%s %s\n", say("ký được      ", "can sign     "),
	    keys.has_seed ? say("có", "yes") : say("không", "no"));
	buf_done(&text);
	keys_wipe(&keys);
	return OK;
}

static enum err
key_finger(struct command_key *c, struct why *why)
{
	char finger[KEY_FINGERPRINT_BYTES];
	struct keys keys;
	enum err rc;

	rc = keys_load(&keys, c->dirfd, why);
	if (rc != OK)
		return rc;
	key_fingerprint(finger, &keys.vkey);
	(void)printf("%s\n", finger);
	keys_wipe(&keys);
	return OK;
}

/* ---- rotate ---- */

static bool
collect(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

/* The keeper does it: it has the old key, and the tree to write it into. */
static enum err
key_rotate(struct command_key *c, struct why *why)
{
	struct buf form = { 0 }, answer = { 0 };
	enum err rc;

	form_add(&form, "what", SPAN("key-rotate"));
	form_add(&form, "argument", span_str(c->reason != NULL ? c->reason : ""));
	rc = desk_run(c->store, &(struct client_ask){ .path = "/trucban/ask",
	    .form = buf_span(&form), .take = collect, .ctx = &answer }, why);
	if (rc == OK) {
		(void)printf("%s\n", say("Đã thay khóa niêm phong. Dấu vân tay mới, chép ra giấy:",
		    "The seal key was replaced. The new fingerprint, for paper:"));
		rc = key_finger(c, why);
	}
	buf_done(&form);
	buf_done(&answer);
	return rc;
}

/* ---- escrow ---- */

static enum err
sheet_read(const char *name, uint8_t key[KEY_BYTES], struct why *why)
{
	struct buf text = { 0 };
	size_t n = 1;
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, AT_FDCWD, name, FILE_READ_FOLLOW, why);
	while (rc == OK && n > 0 && text.n < ESCROW_BYTES) {
		buf_reserve(&text, ESCROW_BYTES);
		rc = file_read(fd, text.p + text.n, ESCROW_BYTES, &n, why);
		text.n += rc == OK ? n : 0;
	}
	file_close(&fd);
	if (rc == OK)
		rc = key_escrow_read(key, buf_span(&text), why);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_done(&text);
	return rc;
}

static enum err
sheet_check(struct command_key *c, struct why *why)
{
	uint8_t typed[KEY_BYTES], own[KEY_BYTES];
	enum err rc;

	rc = sheet_read(c->check, typed, why);
	if (rc == OK)
		rc = keys_store_key(own, c->dirfd, why);
	if (rc == OK && memcmp(typed, own, sizeof own) != 0)
		rc = why_set(why, ERR_PROOF, "%s: the key of another store", c->check);
	if (rc == OK)
		(void)printf("%s\n", say("Đúng khóa của kho này.", "This is the store's key."));
	explicit_bzero(typed, sizeof typed);
	explicit_bzero(own, sizeof own);
	return rc;
}

static enum err
sheet_restore(struct command_key *c, struct why *why)
{
	uint8_t typed[KEY_BYTES];
	enum err rc;

	rc = sheet_read(c->restore, typed, why);
	if (rc == OK)
		rc = keys_put_store_key(c->dirfd, typed, why);
	if (rc == OK)
		(void)printf("%s\n", say("Đã ghi key/store.key. Hãy chạy: trucban verify",
		    "key/store.key was written. Now run: trucban verify"));
	explicit_bzero(typed, sizeof typed);
	return rc;
}

static enum err
key_sheet(struct command_key *c, struct why *why)
{
	struct buf text = { 0 };
	struct keys keys;
	enum err rc;

	if (c->check != NULL)
		return sheet_check(c, why);
	if (c->restore != NULL)
		return sheet_restore(c, why);
	rc = keys_load(&keys, c->dirfd, why);
	if (rc != OK)
		return rc;
	if (keys.has_store_key) {
		key_escrow(&text, &keys);
		(void)fwrite(text.p, 1, text.n, stdout);
		(void)printf("%s\n", say("Cất phiếu này trong két sắt. Ai có nó đọc được mọi "
		    "bản ghi; mất nó và mất máy là mất hết.",
		    "Keep this sheet in the safe. Who has it can "
		    "read every record; without it and this machine all is lost."));
		explicit_bzero(text.p, text.n);
	} else {
		rc = why_set(why, ERR_ABSENT, "this store has no encryption key here");
	}
	buf_done(&text);
	keys_wipe(&keys);
	return rc;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	enum err (*run)(struct command_key *c, struct why *why);
} verb[] = {
	{ "show", key_show },
	{ "fingerprint", key_finger },
	{ "rotate", key_rotate },
	{ "escrow", key_sheet },
};

static int
verb_run(const char *name, struct command_key *c)
{
	struct why why = { "" };
	enum err rc = ERR_FORMAT;

	for (size_t i = 0; i < sizeof verb / sizeof verb[0]; i++) {
		if (strcmp(name, verb[i].name) != 0)
			continue;
		rc = dir_open(&c->dirfd, AT_FDCWD, c->store, &why);
		if (rc == OK)
			rc = verb[i].run(c, &why);
		file_close(&c->dirfd);
		if (rc != OK)
			(void)fprintf(stderr, say("trucban: khóa: %s\n", "trucban: key: %s\n"),
			    why.text);
		return rc == OK ? EXIT_DONE : rc == ERR_PROOF ? EXIT_FOUND : EXIT_COULD_NOT;
	}
	(void)fputs(say(usage_vi, usage_en), stderr);
	return EXIT_USAGE;
}

int
cmd_key(int argc, char **argv)
{
	static const struct option option[] = {
		{ "store", required_argument, NULL, 's' },
		{ "reason", required_argument, NULL, 'r' },
		{ "check", required_argument, NULL, 'c' },
		{ "restore", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct command_key c = { .store = state_default(), .dirfd = -1 };
	int o;

	while ((o = options_next(argc, argv, "", option)) != -1) {
		if (o == 's') {
			c.store = optarg;
		} else if (o == 'r') {
			c.reason = optarg;
		} else if (o == 'c') {
			c.check = optarg;
		} else if (o == 'w') {
			c.restore = optarg;
		} else {
			(void)fputs(say(usage_vi, usage_en), o == 'h' ? stdout : stderr);
			return o == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return verb_run(argv[optind], &c);
}
