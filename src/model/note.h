/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes and verifier keys: C2SP signed-note v1.0.0, and the Ed25519 cosignatures of
 * witnesses: C2SP tlog-cosignature ("cosignature/v1"). A parsed note borrows from its octets.
 */
#ifndef MODEL_NOTE_H
#define MODEL_NOTE_H

#include "base/buf.h"
#include "base/err.h"

enum {
	NOTE_NAME_BYTES = 256,		/* a key name and its NUL */
	NOTE_BYTES_MAX = 65536,
	NOTE_SIGNATURES_MAX = 32,	/* signed-note demands at least 16 */
	NOTE_SEED_BYTES = 32,
	NOTE_PUBLIC_BYTES = 32,
	NOTE_SIGNATURE_BYTES = 64
};

/* Signature types of signed-note that we know. */
enum note_kind {
	NOTE_ED25519 = 0x01,
	NOTE_COSIGNATURE = 0x04		/* Ed25519 with a time, of a witness */
};

/* A verifier key. */
struct note_key {
	char name[NOTE_NAME_BYTES];
	uint32_t id;
	uint8_t kind;			/* enum note_kind */
	uint8_t public_key[NOTE_PUBLIC_BYTES];
};

struct note_signature {
	struct span name;
	uint32_t id;
	struct span text;		/* base64, of the id and the signature */
	struct span line;		/* whole, with its newline */
};

struct note {
	struct span text;		/* what is signed, with its last newline */
	unsigned nsignature;
	struct note_signature signature[NOTE_SIGNATURES_MAX];
};

/* May it be a key name: 1 to 255 octets of UTF-8, no space of any kind, no control, no plus. */
bool		note_name_ok(struct span name);
/* Makes the key of a name (note_name_ok) and public octets; computes its id. */
void		note_key_make(struct note_key *ret_key, const char *name, enum note_kind kind,
		    const uint8_t public_key[NOTE_PUBLIC_BYTES]);
/* The public key of an Ed25519 seed. */
void		note_key_of_seed(struct note_key *ret_key, const char *name,
		    const uint8_t seed[NOTE_SEED_BYTES]);
/* NAME+ID+BASE64, without newline. */
void		note_key_put(struct buf *out, const struct note_key *key);
/* The same back; white space around it is skipped. ERR_FORMAT: the id does not fit, and so on. */
enum err	note_key_get(struct note_key *ret_key, struct span text, struct why *why);
bool		note_key_eq(const struct note_key *a, const struct note_key *b);

/* Appends text, the blank line and one signature line. text: UTF-8 that ends in a newline. */
void		note_sign(struct buf *out, struct span text, const char *name,
		    const uint8_t seed[NOTE_SEED_BYTES]);
/* Appends only the cosignature line for text, as a witness would. */
void		note_cosign(struct buf *out, struct span text, const char *name,
		    const uint8_t seed[NOTE_SEED_BYTES], uint64_t time_s);

/* Takes a note apart; says nothing about its signatures. ERR_FORMAT, ERR_LIMIT. */
enum err	note_parse(struct note *ret_note, struct span bytes, struct why *why);
/*
 * The key's signature: OK; ERR_ABSENT: this key did not sign; ERR_PROOF: a signature under its
 * name and id does not verify. ret_time_s (may be NULL): a cosignature's time, else 0.
 */
enum err	note_check(const struct note *note, const struct note_key *key,
		    uint64_t *ret_time_s, struct why *why);
/*
 * OK and the index of the first of n keys that signed when none fails; ERR_PROOF or ERR_ABSENT.
 */
enum err	note_check_any(const struct note *note, const struct note_key *keys, size_t n,
		    size_t *ret_index, struct why *why);

/* A raw Ed25519 signature over text, and its check: for KEY leaves. */
void		note_sign_raw(uint8_t ret[NOTE_SIGNATURE_BYTES], struct span text,
		    const uint8_t seed[NOTE_SEED_BYTES]);
bool		note_check_raw(const uint8_t signature[NOTE_SIGNATURE_BYTES], struct span text,
		    const struct note_key *key);

#endif
