/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Signed notes; see note.h. Notes arrive from disk, from witnesses and
 * from evidence packages: hostile. Section names are those of C2SP signed-note and
 * tlog-cosignature.
 */
#include "model/note.h"

#include <sodium.h>

#include "base/must.h"
#include "model/base64.h"

/* EM DASH and space: the beginning of a signature line. */
#define NOTE_DASH	SPAN("\xe2\x80\x94 ")

enum { ID_BYTES = 4, TIME_BYTES = 8 };

_Static_assert(NOTE_SEED_BYTES == crypto_sign_SEEDBYTES, "seed");
_Static_assert(NOTE_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(NOTE_SIGNATURE_BYTES == crypto_sign_BYTES, "signature");

/*
 * Next code point of UTF-8 (RFC 3629: no overlong forms, no surrogates); 0 when there is none.
 * A NUL is not valid in a note, so 0 is free.
 */
static uint32_t
rune_next(struct span s, size_t *at)
{
	static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t v = s.p[*at];
	unsigned more;

	if (v < 0x80) {
		(*at)++;
		return v;
	}
	more = v >= 0xf0 ? 3 : v >= 0xe0 ? 2 : 1;
	if (v < 0xc2 || v > 0xf4 || s.n - *at <= more)
		return 0;
	v &= 0x3fu >> more;
	for (unsigned i = 1; i <= more; i++) {
		uint8_t b = s.p[*at + i];

		if ((b & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (b & 0x3f);
	}
	if (v < least[more] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*at += more + 1;
	return v;
}

/* Format: "MUST be valid UTF-8 and MUST NOT contain any ASCII control characters but newline" */
static bool
text_ok(struct span s)
{
	for (size_t at = 0; at < s.n;) {
		uint32_t v = rune_next(s, &at);

		if (v < 0x20 && v != '\n')
			return false;
	}
	return true;
}

/* White_Space of Unicode. */
static bool
rune_space(uint32_t v)
{
	return v == ' ' || (v >= 0x09 && v <= 0x0d) || v == 0x85 || v == 0xa0 || v == 0x1680 ||
	    (v >= 0x2000 && v <= 0x200a) || v == 0x2028 || v == 0x2029 || v == 0x202f ||
	    v == 0x205f || v == 0x3000;
}

bool
note_name_ok(struct span name)
{
	if (name.n < 1 || name.n >= NOTE_NAME_BYTES)
		return false;
	for (size_t at = 0; at < name.n;) {
		uint32_t v = rune_next(name, &at);

		if (v <= 0x20 || v == 0x7f || v == '+' || rune_space(v))
			return false;
	}
	return true;
}

/* ---- keys ---- */

/* Signatures: SHA-256(name || 0x0A || type || public key)[:4], big-endian */
static uint32_t
id_of(const char *name, uint8_t kind, const uint8_t *public_key)
{
	const uint8_t mark[2] = { '\n', kind };
	crypto_hash_sha256_state state;
	uint8_t d[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const uint8_t *)name, strlen(name));
	crypto_hash_sha256_update(&state, mark, sizeof mark);
	crypto_hash_sha256_update(&state, public_key, NOTE_PUBLIC_BYTES);
	crypto_hash_sha256_final(&state, d);
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

void
note_key_make(struct note_key *ret_key, const char *name, enum note_kind kind,
    const uint8_t public_key[NOTE_PUBLIC_BYTES])
{
	struct note_key key;

	memset(&key, 0, sizeof key);
	must(note_name_ok(span_str(name)));
	memcpy(key.name, name, strlen(name));
	key.kind = (uint8_t)kind;
	memcpy(key.public_key, public_key, NOTE_PUBLIC_BYTES);
	key.id = id_of(key.name, key.kind, key.public_key);
	*ret_key = key;
}

void
note_key_of_seed(struct note_key *ret_key, const char *name, const uint8_t seed[NOTE_SEED_BYTES])
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(public_key, secret, seed);
	note_key_make(ret_key, name, NOTE_ED25519, public_key);
	sodium_memzero(secret, sizeof secret);
}

void
note_key_put(struct buf *out, const struct note_key *key)
{
	uint8_t bytes[1 + NOTE_PUBLIC_BYTES];

	bytes[0] = key->kind;
	memcpy(bytes + 1, key->public_key, NOTE_PUBLIC_BYTES);
	buf_printf(out, "%s+%08x+", key->name, key->id);
	base64_put(out, span_of(bytes, sizeof bytes));
}

/* The part before the first `stop`; moves rest behind it. False when there is none. */
static bool
cut(struct span *rest, uint8_t stop, struct span *ret_head)
{
	const uint8_t *at = rest->n > 0 ? memchr(rest->p, stop, rest->n) : NULL;

	if (at == NULL)
		return false;
	*ret_head = span_of(rest->p, (size_t)(at - rest->p));
	*rest = span_sub(*rest, ret_head->n + 1, SIZE_MAX);
	return true;
}

static bool
hex32_get(struct span text, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t b = text.p[i];

		if (b >= '0' && b <= '9')
			v = v << 4 | (uint32_t)(b - '0');
		else if (b >= 'a' && b <= 'f')
			v = v << 4 | (uint32_t)(b - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return text.n == 8;
}

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == ' '))
		s.n--;
	while (s.n > 0 && (s.p[0] == '\n' || s.p[0] == ' '))
		s = span_sub(s, 1, SIZE_MAX);
	return s;
}

/* Verifier keys: <key name>+hex(id)+base64(type || public key) */
enum err
note_key_get(struct note_key *ret_key, struct span text, struct why *why)
{
	struct span rest = trimmed(text), name, hex;
	uint8_t bytes[1 + NOTE_PUBLIC_BYTES];
	struct note_key key;
	uint32_t id;
	size_t n;

	memset(&key, 0, sizeof key);
	if (!cut(&rest, '+', &name) || !cut(&rest, '+', &hex) || !hex32_get(hex, &id))
		return why_set(why, ERR_FORMAT, "no verifier key: not of the form NAME+ID+KEY");
	if (!note_name_ok(name))
		return why_set(why, ERR_FORMAT, "no verifier key: its name is not a key name");
	if (base64_get(bytes, sizeof bytes, &n, rest) != OK || n != sizeof bytes)
		return why_set(why, ERR_FORMAT, "no verifier key: not 33 octets of base64");
	if (bytes[0] != NOTE_ED25519 && bytes[0] != NOTE_COSIGNATURE)
		return why_set(why, ERR_FORMAT, "verifier key of a type that is not known: %u",
		    bytes[0]);
	memcpy(key.name, name.p, name.n);
	key.kind = bytes[0];
	memcpy(key.public_key, bytes + 1, NOTE_PUBLIC_BYTES);
	key.id = id_of(key.name, key.kind, key.public_key);
	if (key.id != id)
		return why_set(why, ERR_FORMAT, "verifier key is mistyped: id %08x, should be %08x",
		    id, key.id);
	*ret_key = key;
	return OK;
}

bool
note_key_eq(const struct note_key *a, const struct note_key *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	    memcmp(a->public_key, b->public_key, NOTE_PUBLIC_BYTES) == 0;
}

/* ---- signing ---- */

void
note_sign_raw(uint8_t ret[NOTE_SIGNATURE_BYTES], struct span text,
    const uint8_t seed[NOTE_SEED_BYTES])
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(public_key, secret, seed);
	(void)crypto_sign_detached(ret, NULL, text.p, text.n, secret);
	sodium_memzero(secret, sizeof secret);
}

bool
note_check_raw(const uint8_t signature[NOTE_SIGNATURE_BYTES], struct span text,
    const struct note_key *key)
{
	return crypto_sign_verify_detached(signature, text.p, text.n, key->public_key) == 0;
}

/* "— NAME base64(id || bytes)\n" */
static void
line_put(struct buf *out, const struct note_key *key, struct span bytes)
{
	struct buf code = { 0 };

	for (unsigned shift = 32; shift > 0; shift -= 8)
		buf_u8(&code, (uint8_t)(key->id >> (shift - 8)));
	buf_span_put(&code, bytes);
	buf_span_put(out, NOTE_DASH);
	buf_str(out, key->name);
	buf_u8(out, ' ');
	base64_put(out, buf_span(&code));
	buf_u8(out, '\n');
	buf_done(&code);
}

void
note_sign(struct buf *out, struct span text, const char *name,
    const uint8_t seed[NOTE_SEED_BYTES])
{
	uint8_t signature[NOTE_SIGNATURE_BYTES];
	struct note_key key;

	must(text.n > 0 && text.p[text.n - 1] == '\n');
	note_key_of_seed(&key, name, seed);
	note_sign_raw(signature, text, seed);
	buf_span_put(out, text);
	buf_u8(out, '\n');
	line_put(out, &key, span_of(signature, sizeof signature));
}

/* tlog-cosignature, "Ed25519 signed message" */
static void
cosigned_text(struct buf *out, struct span text, uint64_t time_s)
{
	buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
	buf_span_put(out, text);
}

void
note_cosign(struct buf *out, struct span text, const char *name,
    const uint8_t seed[NOTE_SEED_BYTES], uint64_t time_s)
{
	uint8_t bytes[TIME_BYTES + NOTE_SIGNATURE_BYTES];
	struct buf message = { 0 };
	struct note_key key;

	note_key_of_seed(&key, name, seed);
	note_key_make(&key, name, NOTE_COSIGNATURE, key.public_key);
	cosigned_text(&message, text, time_s);
	for (unsigned i = 0; i < TIME_BYTES; i++)
		bytes[i] = (uint8_t)(time_s >> (56 - 8 * i));
	note_sign_raw(bytes + TIME_BYTES, buf_span(&message), seed);
	line_put(out, &key, span_of(bytes, sizeof bytes));
	buf_done(&message);
}

/* ---- parsing ---- */

/* The id is in the first 4 octets, so in the first 8 letters; all letters must be base64. */
static bool
signature_get(struct note_signature *signature)
{
	uint8_t bytes[6];
	struct span text = signature->text;
	size_t n;

	if (text.n < 8 || text.n % 4 != 0)
		return false;
	if (base64_get(bytes, sizeof bytes, &n, span_sub(text, 0, 8)) != OK || n < ID_BYTES + 1)
		return false;
	signature->id = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	    (uint32_t)bytes[2] << 8 | bytes[3];
	for (size_t i = 8; i < text.n; i += 4) {
		size_t got;

		if (base64_get(bytes, 3, &got, span_sub(text, i, 4)) != OK ||
		    (got < 3 && i + 4 < text.n))
			return false;
	}
	return n == 6 || text.n == 8;
}

/* Signatures: — <key name> base64(32-bit key ID || signature) */
static enum err
line_get(struct note *note, struct span line, struct why *why)
{
	struct note_signature *signature = &note->signature[note->nsignature];
	struct span rest = span_sub(line, 0, line.n - 1);

	if (note->nsignature == NOTE_SIGNATURES_MAX)
		return why_set(why, ERR_LIMIT, "note has more than %d signatures",
		    (int)NOTE_SIGNATURES_MAX);
	if (!span_starts(rest, NOTE_DASH))
		return why_set(why, ERR_FORMAT, "signature line %u of the note begins wrongly",
		    note->nsignature + 1);
	rest = span_sub(rest, NOTE_DASH.n, SIZE_MAX);
	signature->line = line;
	if (!cut(&rest, ' ', &signature->name) || !note_name_ok(signature->name))
		return why_set(why, ERR_FORMAT, "signature line %u of the note has no key name",
		    note->nsignature + 1);
	signature->text = rest;
	if (!signature_get(signature))
		return why_set(why, ERR_FORMAT, "signature %u of the note is not base64",
		    note->nsignature + 1);
	note->nsignature++;
	return OK;
}

/* Where the last empty line is: the offset of its newline; 0 when there is none. */
static size_t
blank_line(struct span bytes)
{
	for (size_t at = bytes.n; at-- > 1;)
		if (bytes.p[at] == '\n' && bytes.p[at - 1] == '\n')
			return at;
	return 0;
}

enum err
note_parse(struct note *ret_note, struct span bytes, struct why *why)
{
	struct span rest, line;
	struct note note;
	size_t blank;
	enum err rc;

	note.nsignature = 0;
	if (bytes.n > NOTE_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "note of %zu octets", bytes.n);
	if (bytes.n == 0 || bytes.p[bytes.n - 1] != '\n' || !text_ok(bytes))
		return why_set(why, ERR_FORMAT, "not a note: not lines of UTF-8");
	blank = blank_line(bytes);
	if (blank == 0)
		return why_set(why, ERR_FORMAT, "not a note: no blank line before signatures");
	note.text = span_sub(bytes, 0, blank);
	rest = span_sub(bytes, blank + 1, SIZE_MAX);
	if (rest.n == 0)
		return why_set(why, ERR_FORMAT, "not a note: no signature");
	while (cut(&rest, '\n', &line)) {
		rc = line_get(&note, span_of(line.p, line.n + 1), why);
		if (rc != OK)
			return rc;
	}
	*ret_note = note;
	return OK;
}

/* ---- checking ---- */

static bool
signature_holds(const struct note *note, const struct note_signature *signature,
    const struct note_key *key, uint64_t *ret_time_s)
{
	uint8_t bytes[ID_BYTES + TIME_BYTES + NOTE_SIGNATURE_BYTES];
	struct buf message = { 0 };
	uint64_t time_s = 0;
	size_t n;
	bool ok;

	if (base64_get(bytes, sizeof bytes, &n, signature->text) != OK)
		return false;
	if (key->kind == NOTE_ED25519)
		return n == ID_BYTES + NOTE_SIGNATURE_BYTES &&
		    note_check_raw(bytes + ID_BYTES, note->text, key);
	if (n != sizeof bytes)
		return false;
	for (unsigned i = 0; i < TIME_BYTES; i++)
		time_s = time_s << 8 | bytes[ID_BYTES + i];
	if (time_s > INT64_MAX)
		return false;
	cosigned_text(&message, note->text, time_s);
	ok = note_check_raw(bytes + ID_BYTES + TIME_BYTES, buf_span(&message), key);
	buf_done(&message);
	if (ok)
		*ret_time_s = time_s;
	return ok;
}

enum err
note_check(const struct note *note, const struct note_key *key, uint64_t *ret_time_s,
    struct why *why)
{
	uint64_t time_s = 0;
	bool seen = false;

	for (unsigned i = 0; i < note->nsignature; i++) {
		const struct note_signature *signature = &note->signature[i];

		if (signature->id != key->id || !span_is(signature->name, key->name))
			continue;
		if (!signature_holds(note, signature, key, &time_s))
			return why_set(why, ERR_PROOF, "signature of %s does not hold", key->name);
		seen = true;
	}
	if (!seen)
		return why_set(why, ERR_ABSENT, "not signed by %s with key %08x", key->name,
		    key->id);
	if (ret_time_s != NULL)
		*ret_time_s = time_s;
	return OK;
}

enum err
note_check_any(const struct note *note, const struct note_key *keys, size_t n, size_t *ret_index,
    struct why *why)
{
	size_t found = n;

	for (size_t i = 0; i < n; i++) {
		enum err rc = note_check(note, &keys[i], NULL, why);

		if (rc == ERR_PROOF)
			return rc;
		if (rc == OK && found == n)
			found = i;
	}
	if (found == n)
		return why_set(why, ERR_ABSENT, "not signed by any key that is trusted");
	if (ret_index != NULL)
		*ret_index = found;
	return OK;
}
