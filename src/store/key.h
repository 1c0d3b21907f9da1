/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key directory `key/` of a store and what is done with its keys: doc/formats/seal.md
 * section 1. Secrets are held in struct keys and in arguments only; whoever holds them wipes them.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "model/note.h"

enum {
	KEY_BYTES = 32,
	KEY_ID_BYTES = 8,
	KEY_WRAP_BYTES = 60,		/* 12 nonce, 32 data key, 16 tag */
	KEY_FINGERPRINT_BYTES = 40,	/* 8 groups of 4 with a space between, and NUL */
	STORE_ID_BYTES = 16
};

/* ---- data keys; used by journal and segments ---- */

/* The id of a store key: first 8 octets of BLAKE2b-256 of it. */
void		key_id(uint8_t ret_id[KEY_ID_BYTES], const uint8_t store_key[KEY_BYTES]);
/* AES-256-GCM with a fresh random nonce; aad: the header octets that the key belongs to. */
void		key_wrap(const uint8_t store_key[KEY_BYTES], struct span aad,
		    const uint8_t data_key[KEY_BYTES], uint8_t ret_wrapped[KEY_WRAP_BYTES]);
/* ERR_DENIED: not this store key, or the octets were changed. */
enum err	key_unwrap(const uint8_t store_key[KEY_BYTES], struct span aad,
		    const uint8_t wrapped[KEY_WRAP_BYTES], uint8_t ret_data_key[KEY_BYTES],
		    struct why *why);
/* The first 16 octets of BLAKE2b-256(origin). */
void		store_id_of(uint8_t ret_id[STORE_ID_BYTES], const char *origin);

/* ---- the directory ---- */

struct keys {
	char origin[NOTE_NAME_BYTES];
	uint8_t store_id[STORE_ID_BYTES];
	struct note_key vkey;			/* the public half of seed */
	bool has_seed, has_store_key;		/* the files that could be read */
	uint8_t seed[KEY_BYTES];		/* Ed25519, for seal_open */
	uint8_t store_key[KEY_BYTES];		/* zero without has_store_key */
	uint8_t store_key_id[KEY_ID_BYTES];
};

enum key_make {
	KEY_MAKE_PLAIN,		/* nothing on disk will be encrypted: no store key is made */
	KEY_MAKE_ENCRYPTED
};

/*
 * Makes key/ below dirfd with new keys and a new origin; ERR_BUSY when there are keys already
 * (nothing is ever overwritten). A half-made directory of a crash is finished or made again.
 */
enum err	keys_make(int dirfd, enum key_make make, struct why *why);
/*
 * Loads key/ below dirfd. ERR_ABSENT: there is none. Secret files that this user may not read or
 * that are missing leave has_* false; seal.vkey must be there and fit the seed when that is read.
 */
enum err	keys_load(struct keys *ret_keys, int dirfd, struct why *why);
void		keys_wipe(struct keys *keys);
/*
 * The verifier key in key/, in use or replaced, whose fingerprint begins with text (see
 * key_fingerprint_is). ERR_PROOF: none of them.
 */
enum err	keys_by_fingerprint(struct note_key *ret_key, int dirfd, struct span text,
		    struct why *why);
/* Only key/store.key, whatever state the other files are in. */
enum err	keys_store_key(uint8_t ret_key[KEY_BYTES], int dirfd, struct why *why);
/* Writes key/store.key, from paper. ERR_BUSY: there is one, and nothing is overwritten. */
enum err	keys_put_store_key(int dirfd, const uint8_t key[KEY_BYTES], struct why *why);

/*
 * A new seal key, in two steps. keys_rotate_begin writes seal-next.key and returns the KEY leaf's
 * parts: encode them with leaf_encode, append, sign a checkpoint with the old key; then
 * keys_rotate_end puts the new key in place and keeps the old verifier key as seal-ID.vkey. A crash
 * between the two is finished by keys_rotate_end at the next start when the tree holds the leaf
 * (new_vkey), by keys_rotate_undo when not.
 */
struct key_rotation {
	struct buf old_vkey, new_vkey;
	uint8_t signature[64];
	uint8_t seed[KEY_BYTES];		/* the new one */
};

enum err	keys_rotate_begin(struct key_rotation *ret_rotation, int dirfd,
		    const struct keys *keys, struct span reason, struct why *why);
enum err	keys_rotate_end(int dirfd, struct why *why);
enum err	keys_rotate_undo(int dirfd, struct why *why);
/* ERR_ABSENT: no rotation was left half done. ret_vkey gets the vkey that was to become the new. */
enum err	keys_rotate_pending(int dirfd, struct buf *ret_vkey, struct why *why);
void		key_rotation_done(struct key_rotation *rotation);

/* ---- for paper ---- */

/* The first 160 bits of SHA-256 of the verifier key's text: "ABCD EFGH ..." */
void		key_fingerprint(char ret[KEY_FINGERPRINT_BYTES], const struct note_key *vkey);
/* Does text (any case, spaces and dashes anywhere, at least 16 letters) begin the fingerprint? */
bool		key_fingerprint_is(const struct note_key *vkey, struct span text);
/* The store key as text for the safe, with checksum and instructions. */
void		key_escrow(struct buf *out, const struct keys *keys);
/* Reads the text (or the key's line alone) back. ERR_FORMAT: names what is mistyped. */
enum err	key_escrow_read(uint8_t ret_key[KEY_BYTES], struct span text, struct why *why);

#endif
