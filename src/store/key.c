/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key directory; see key.h. Owns the files of `key/` and the moves between them; never keeps a
 * secret after a call. doc/formats/seal.md section 1.
 *
 *	seal.key	32 octets, Ed25519 seed		store.key	32 octets
 *	seal.vkey	verifier key, one line		seal-next.key	a rotation is under way
 *	seal-ID.vkey	verifier keys that were replaced
 */
#include "store/key.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "base/must.h"
#include "model/leaf.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/random.h"

enum { WRAP_NONCE = 12, WRAP_TAG = 16, VKEY_TEXT_MAX = 1024 };

#define ORIGIN_HEAD	"trucban/"

/* ---- data keys ---- */

static void
blake(uint8_t *ret, size_t n, struct span s)
{
	uint8_t d[DIGEST_BYTES];

	must(n <= sizeof d);
	crypto_generichash_blake2b(d, sizeof d, s.p, s.n, NULL, 0);
	memcpy(ret, d, n);
	sodium_memzero(d, sizeof d);
}

void
key_id(uint8_t ret_id[KEY_ID_BYTES], const uint8_t store_key[KEY_BYTES])
{
	blake(ret_id, KEY_ID_BYTES, span_of(store_key, KEY_BYTES));
}

void
store_id_of(uint8_t ret_id[STORE_ID_BYTES], const char *origin)
{
	blake(ret_id, STORE_ID_BYTES, span_str(origin));
}

void
key_wrap(const uint8_t store_key[KEY_BYTES], struct span aad,
    const uint8_t data_key[KEY_BYTES], uint8_t ret_wrapped[KEY_WRAP_BYTES])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *body = ret_wrapped + WRAP_NONCE;
	int n;

	must(ctx != NULL && aad.n <= INT32_MAX);
	random_bytes(ret_wrapped, WRAP_NONCE);
	must(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, store_key, ret_wrapped) == 1);
	must(EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n) == 1);
	must(EVP_EncryptUpdate(ctx, body, &n, data_key, KEY_BYTES) == 1 && n == KEY_BYTES);
	must(EVP_EncryptFinal_ex(ctx, body + KEY_BYTES, &n) == 1 && n == 0);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, WRAP_TAG, body + KEY_BYTES) == 1);
	EVP_CIPHER_CTX_free(ctx);
}

enum err
key_unwrap(const uint8_t store_key[KEY_BYTES], struct span aad,
    const uint8_t wrapped[KEY_WRAP_BYTES], uint8_t ret_data_key[KEY_BYTES], struct why *why)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *body = wrapped + WRAP_NONCE;
	uint8_t tag[WRAP_TAG], key[KEY_BYTES];
	bool ok;
	int n;

	must(ctx != NULL && aad.n <= INT32_MAX);
	memcpy(tag, body + KEY_BYTES, sizeof tag);
	ok = EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, store_key, wrapped) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, aad.p, (int)aad.n) == 1 &&
	    EVP_DecryptUpdate(ctx, key, &n, body, KEY_BYTES) == 1 && n == KEY_BYTES &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, WRAP_TAG, tag) == 1 &&
	    EVP_DecryptFinal_ex(ctx, key + KEY_BYTES, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (ok)
		memcpy(ret_data_key, key, KEY_BYTES);
	sodium_memzero(key, sizeof key);
	if (!ok)
		return why_set(why, ERR_DENIED,
		    "data key does not open: another store key, or a changed header");
	return OK;
}

/* ---- files of the directory ---- */

static enum err
secret_read(uint8_t ret[KEY_BYTES], int dirfd, const char *name, struct why *why)
{
	struct buf text = { 0 };
	enum err rc;

	rc = file_read_whole(dirfd, name, KEY_BYTES, &text, why);
	if (rc == ERR_LIMIT || (rc == OK && text.n != KEY_BYTES))
		rc = why_set(why, ERR_FORMAT, "key/%s: not %d octets", name, (int)KEY_BYTES);
	if (rc == OK)
		memcpy(ret, text.p, KEY_BYTES);
	if (text.p != NULL)
		sodium_memzero(text.p, text.n);
	buf_done(&text);
	return rc;
}

static enum err
vkey_read(struct note_key *ret_key, int dirfd, const char *name, struct why *why)
{
	struct buf text = { 0 };
	enum err rc;

	rc = file_read_whole(dirfd, name, VKEY_TEXT_MAX, &text, why);
	if (rc == OK)
		rc = note_key_get(ret_key, buf_span(&text), why);
	buf_done(&text);
	return rc == OK ? OK : why_prefix(why, rc, "key/%s", name);
}

/* ---- making ---- */

static void
origin_make(char ret[NOTE_NAME_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	size_t head = sizeof ORIGIN_HEAD - 1;
	uint8_t id[16];

	random_bytes(id, sizeof id);
	memset(ret, 0, NOTE_NAME_BYTES);
	memcpy(ret, ORIGIN_HEAD, head);
	for (size_t i = 0; i < sizeof id; i++) {
		ret[head + 2 * i] = hex[id[i] >> 4];
		ret[head + 2 * i + 1] = hex[id[i] & 15];
	}
}

static enum err
files_make(int dirfd, enum key_make make, struct why *why)
{
	uint8_t seed[KEY_BYTES], store_key[KEY_BYTES];
	char origin[NOTE_NAME_BYTES];
	struct note_key key;
	struct buf vkey = { 0 };
	enum err rc;

	origin_make(origin);
	random_bytes(seed, sizeof seed);
	random_bytes(store_key, sizeof store_key);
	note_key_of_seed(&key, origin, seed);
	note_key_put(&vkey, &key);
	buf_u8(&vkey, '\n');
	rc = file_make(dirfd, "seal.key", span_of(seed, sizeof seed), why);
	if (rc == OK)
		rc = file_make(dirfd, "seal.vkey", buf_span(&vkey), why);
	if (rc == OK && make == KEY_MAKE_ENCRYPTED)
		rc = file_make(dirfd, "store.key", span_of(store_key, sizeof store_key), why);
	if (rc == OK)
		rc = dir_sync(dirfd, why);
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(store_key, sizeof store_key);
	buf_done(&vkey);
	return rc;
}

static enum err
unlink_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	const int *dirfd = arg;

	return file_unlink(*dirfd, entry->name, why);
}

/* key.new/ is made whole and then becomes key/: a crash leaves no half of it under that name. */
enum err
keys_make(int dirfd, enum key_make make, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", NULL);
	if (rc == OK) {
		file_close(&fd);
		return why_set(why, ERR_BUSY, "cannot make keys: key/ is there already");
	}
	if (rc != ERR_ABSENT)
		return why_set(why, rc, "cannot make keys: key/ cannot be opened");
	rc = dir_make(dirfd, "key.new", 0700, why);
	if (rc == OK)
		rc = dir_open(&fd, dirfd, "key.new", why);
	if (rc == OK)
		rc = dir_each(fd, unlink_each, &fd, why);
	if (rc == OK)
		rc = files_make(fd, make, why);
	if (rc == OK)
		rc = file_rename(dirfd, "key.new", dirfd, "key", why);
	if (rc == OK)
		rc = dir_sync(dirfd, why);
	file_close(&fd);
	return rc == OK ? OK : why_prefix(why, rc, "cannot make keys");
}

/* ---- loading ---- */

/*
 * The seed that belongs to the verifier key. When a rotation was cut between its last two steps,
 * seal.vkey is the new one already and its seed still lies in seal-next.key.
 */
static enum err
seed_read(struct keys *keys, int dirfd, struct why *why)
{
	static const char *const name[] = { "seal.key", "seal-next.key" };
	struct note_key key;
	enum err rc;

	for (unsigned i = 0; i < 2; i++) {
		rc = secret_read(keys->seed, dirfd, name[i], why);
		if (rc == ERR_ABSENT && i == 1)
			break;
		if (rc != OK)
			return rc;
		note_key_of_seed(&key, keys->vkey.name, keys->seed);
		if (note_key_eq(&key, &keys->vkey)) {
			keys->has_seed = true;
			return OK;
		}
	}
	return why_set(why, ERR_FORMAT, "key/seal.key does not belong to key/seal.vkey");
}

static enum err
keys_read(struct keys *keys, int dirfd, struct why *why)
{
	enum err rc;

	rc = vkey_read(&keys->vkey, dirfd, "seal.vkey", why);
	if (rc != OK)
		return rc;
	memcpy(keys->origin, keys->vkey.name, sizeof keys->origin);
	store_id_of(keys->store_id, keys->origin);
	rc = seed_read(keys, dirfd, why);
	if (rc != OK && rc != ERR_ABSENT && rc != ERR_DENIED)
		return rc;
	rc = secret_read(keys->store_key, dirfd, "store.key", why);
	if (rc == ERR_ABSENT || rc == ERR_DENIED)
		return OK;
	keys->has_store_key = rc == OK;
	key_id(keys->store_key_id, keys->store_key);
	return rc;
}

enum err
keys_load(struct keys *ret_keys, int dirfd, struct why *why)
{
	struct keys keys;
	int fd = -1;
	enum err rc;

	memset(&keys, 0, sizeof keys);
	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = keys_read(&keys, fd, why);
	file_close(&fd);
	if (rc == OK)
		*ret_keys = keys;
	keys_wipe(&keys);
	return rc == OK ? OK : why_prefix(why, rc, "cannot load keys");
}

void
keys_wipe(struct keys *keys)
{
	sodium_memzero(keys, sizeof *keys);
}

enum err
keys_store_key(uint8_t ret_key[KEY_BYTES], int dirfd, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = secret_read(ret_key, fd, "store.key", why);
	file_close(&fd);
	return rc;
}

enum err
keys_put_store_key(int dirfd, const uint8_t key[KEY_BYTES], struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = file_make(fd, "store.key", span_of(key, KEY_BYTES), why);
	if (rc == OK)
		rc = dir_sync(fd, why);
	file_close(&fd);
	return rc;
}

struct finger {
	struct note_key *key;
	struct span text;
	int dirfd;
	bool found;
};

static enum err
finger_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct finger *finger = arg;
	size_t n = strlen(entry->name);
	struct note_key key;

	(void)why;
	if (n > 5 && strcmp(entry->name + n - 5, ".vkey") == 0 && entry->kind == DIR_FILE &&
	    vkey_read(&key, finger->dirfd, entry->name, NULL) == OK &&
	    key_fingerprint_is(&key, finger->text)) {
		*finger->key = key;
		finger->found = true;
	}
	return OK;
}

enum err
keys_by_fingerprint(struct note_key *ret_key, int dirfd, struct span text, struct why *why)
{
	struct finger finger = { .key = ret_key, .text = text, .dirfd = -1 };
	enum err rc;

	rc = dir_open(&finger.dirfd, dirfd, "key", why);
	if (rc == OK)
		rc = dir_each(finger.dirfd, finger_each, &finger, why);
	file_close(&finger.dirfd);
	if (rc == OK && !finger.found)
		rc = why_set(why, ERR_PROOF, "no key of this store has the fingerprint %.*s",
		    (int)text.n, (const char *)text.p);
	return rc;
}

/* ---- rotation of the seal key ---- */

static bool
printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n <= LEAF_TEXT_MAX;
}

enum err
keys_rotate_begin(struct key_rotation *ret_rotation, int dirfd, const struct keys *keys,
    struct span reason, struct why *why)
{
	struct key_rotation rotation;
	struct buf text = { 0 };
	struct note_key key;
	int fd = -1;
	enum err rc;

	memset(&rotation, 0, sizeof rotation);
	if (!keys->has_seed)
		return why_set(why, ERR_DENIED, "cannot replace the seal key: it cannot be read");
	if (!printable(reason))
		return why_set(why, ERR_FORMAT, "cannot replace the seal key: reason is not one "
		    "line");
	random_bytes(rotation.seed, sizeof rotation.seed);
	note_key_of_seed(&key, keys->origin, rotation.seed);
	note_key_put(&rotation.old_vkey, &keys->vkey);
	note_key_put(&rotation.new_vkey, &key);
	leaf_key_text(&text, buf_span(&rotation.old_vkey), buf_span(&rotation.new_vkey), reason);
	note_sign_raw(rotation.signature, buf_span(&text), keys->seed);
	buf_done(&text);
	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = file_make(fd, "seal-next.key", span_of(rotation.seed, KEY_BYTES), why);
	if (rc == OK)
		rc = dir_sync(fd, why);
	file_close(&fd);
	if (rc != OK) {
		key_rotation_done(&rotation);
		return why_prefix(why, rc, "cannot replace the seal key");
	}
	*ret_rotation = rotation;
	return OK;
}

/* seal-ID.vkey, with the id of the key: hexadecimal, as it stands in the key's text. */
static void
old_name(struct buf *out, const struct note_key *key)
{
	buf_printf(out, "seal-%08x.vkey", key->id);
	buf_u8(out, '\0');
}

/* Old vkey kept, new vkey in place, then the new seed: in this order, see seed_read(). */
static enum err
rotate(int dirfd, struct why *why)
{
	uint8_t seed[KEY_BYTES];
	struct note_key old, key;
	struct buf text = { 0 }, name = { 0 };
	enum err rc;

	rc = secret_read(seed, dirfd, "seal-next.key", why);
	if (rc == OK)
		rc = vkey_read(&old, dirfd, "seal.vkey", why);
	if (rc != OK)
		return rc;
	note_key_of_seed(&key, old.name, seed);
	sodium_memzero(seed, sizeof seed);
	if (!note_key_eq(&key, &old)) {
		note_key_put(&text, &old);
		buf_u8(&text, '\n');
		old_name(&name, &old);
		rc = file_replace(dirfd, (const char *)name.p, buf_span(&text), why);
		text.n = 0;
		note_key_put(&text, &key);
		buf_u8(&text, '\n');
		if (rc == OK)
			rc = file_replace(dirfd, "seal.vkey", buf_span(&text), why);
	}
	if (rc == OK)
		rc = file_rename(dirfd, "seal-next.key", dirfd, "seal.key", why);
	if (rc == OK)
		rc = dir_sync(dirfd, why);
	buf_done(&text);
	buf_done(&name);
	return rc;
}

enum err
keys_rotate_end(int dirfd, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = rotate(fd, why);
	file_close(&fd);
	return rc == OK ? OK : why_prefix(why, rc, "cannot put the new seal key in place");
}

enum err
keys_rotate_undo(int dirfd, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = file_unlink(fd, "seal-next.key", why);
	if (rc == OK)
		rc = dir_sync(fd, why);
	file_close(&fd);
	return rc == OK ? OK : why_prefix(why, rc, "cannot remove the new seal key");
}

enum err
keys_rotate_pending(int dirfd, struct buf *ret_vkey, struct why *why)
{
	uint8_t seed[KEY_BYTES];
	struct note_key old, key;
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "key", why);
	if (rc == OK)
		rc = secret_read(seed, fd, "seal-next.key", why);
	if (rc == OK)
		rc = vkey_read(&old, fd, "seal.vkey", why);
	file_close(&fd);
	if (rc != OK)
		return rc;
	note_key_of_seed(&key, old.name, seed);
	sodium_memzero(seed, sizeof seed);
	note_key_put(ret_vkey, &key);
	return OK;
}

void
key_rotation_done(struct key_rotation *rotation)
{
	buf_done(&rotation->old_vkey);
	buf_done(&rotation->new_vkey);
	sodium_memzero(rotation, sizeof *rotation);
}
