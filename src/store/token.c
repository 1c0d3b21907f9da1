/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic inside of spans. Tokens and entities, see token.h and store.h. */
#include "store/token.h"

#include "base/fold.h"
#include "base/hash.h"
#include "store/store.h"

static bool
is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') <= 9;
}

static bool
is_hex(uint8_t c)
{
	return is_digit(c) || (uint8_t)((c | 0x20) - 'a') <= 5;
}

/* ---- tokens ---- */

/* "101234z", "15t05", "16_13", "nov", "mon": a timestamp's words when no number is one. */
static bool
is_stampish(struct span s)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdecmontuewedthufrisatsun";
	bool digit = false;

	for (size_t i = 0; s.n == 3 && i < sizeof names - 1; i += 3) {
		if (memcmp(names + i, s.p, 3) == 0)
			return true;
	}
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]) && s.p[i] != 't' && s.p[i] != 'z' && s.p[i] != '_')
			return false;
		digit |= is_digit(s.p[i]);
	}
	return digit;
}

/* 4, 8 or 12 hexadecimal digits of which some are letters and some are not. */
static bool
is_uuidish(struct span s)
{
	bool letter = false, digit = false;

	if (s.n != 4 && s.n != 8 && s.n != 12)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_hex(s.p[i]))
			return false;
		letter |= !is_digit(s.p[i]);
		digit |= is_digit(s.p[i]);
	}
	return letter && digit;
}

static bool
is_hash(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_hex(s.p[i]))
			return false;
	}
	return s.n >= TOKEN_HASH_DIGITS;
}

uint64_t
store_token_hash(struct span folded, bool entity)
{
	uint64_t v = 0, token;
	size_t i = 0;

	for (; i < folded.n && i <= TOKEN_DIGITS_MAX && is_digit(folded.p[i]); i++)
		v = v * 10 + (uint64_t)(folded.p[i] - '0');
	if (!entity && i == folded.n && i > 0 && i <= TOKEN_DIGITS_MAX)
		return TOKEN_DIGITS | (uint64_t)i << 58 | v;
	token = hash64(folded) >> 4;
	if (entity || is_hash(folded)) {
		bool mail = folded.n > 0 && memchr(folded.p, '@', folded.n) != NULL;

		return token | TOKEN_ENTITY | (mail ? TOKEN_MAIL : 0);
	}
	if (is_stampish(folded))
		token |= TOKEN_STAMPISH;
	else if (is_uuidish(folded))
		token |= TOKEN_UUIDISH;
	return token;
}

/* ---- entities ---- */

/*
 * An entity is a row of whole ASCII words that are joined by one kind of octet, whatever stands
 * around it: then every text that holds it as a phrase has it filed.
 */

static size_t
run_of(struct span s, size_t at, bool (*is)(uint8_t c))
{
	size_t i = at;

	while (i < s.n && is(s.p[i]))
		i++;
	return i - at;
}

static bool
is_end(struct span s, size_t at)
{
	return at == s.n || !ascii_is_word(s.p[at]);
}

static size_t
ipv4_end(struct span s, size_t at)
{
	for (unsigned part = 0; part < 4; part++) {
		size_t n = run_of(s, at, is_digit);
		unsigned v = 0;

		for (size_t i = 0; i < n && i < 3; i++)
			v = v * 10 + (unsigned)(s.p[at + i] - '0');
		if (n == 0 || n > 3 || v > 255)
			return 0;
		at += n;
		if (part < 3 && (at == s.n || s.p[at++] != '.'))
			return 0;
	}
	return is_end(s, at) ? at : 0;
}

/* n groups of hexadecimal digits, the i-th least[i] to most[i] of them. */
static size_t
groups_end(struct span s, size_t at, const char *least, const char *most, uint8_t separator)
{
	for (size_t i = 0; least[i] != '\0'; i++) {
		size_t n = run_of(s, at, is_hex);

		if (n < (size_t)least[i] || n > (size_t)most[i])
			return 0;
		at += n;
		if (least[i + 1] != '\0' && (at == s.n || s.p[at++] != separator))
			return 0;
	}
	return is_end(s, at) ? at : 0;
}

size_t
token_entity_end(struct span s, size_t at, size_t end)
{
	static const char uuid[] = "\x08\x04\x04\x04\x0c", mac[] = "\2\2\2\2\2\2";
	static const char one[] = "\1\1\1\1\1\1\1\1", four[] = "\4\4\4\4\4\4\4\4";
	uint8_t next = end < s.n ? s.p[end] : 0;
	size_t n = end - at, found = 0;

	if (next == '@' && end + 1 < s.n && ascii_is_word(s.p[end + 1]))
		return end + 1 + run_of(s, end + 1, ascii_is_word);
	if (next == '.' && n <= 3)
		return ipv4_end(s, at);
	if (next == '-' && n == 8)
		return groups_end(s, at, uuid, uuid, '-');
	if (n == 2 && (next == ':' || next == '-') && s.n - at >= 17 && s.p[at + 14] == next)
		found = groups_end(s, at, mac, mac, next);
	if (found == 0 && n <= 4 && next == ':' && s.n - at >= 15)
		found = groups_end(s, at, one, four, ':');
	if (found == 0 && n >= TOKEN_HASH_DIGITS && is_hash(span_sub(s, at, n)))
		found = end;
	return found;
}

bool
store_entity_next(struct span s, size_t *at, struct span *ret_entity)
{
	size_t i = *at, end, found;

	while (i < s.n) {
		if (!ascii_is_word(s.p[i])) {
			i++;
			continue;
		}
		end = i + run_of(s, i, ascii_is_word);
		found = token_entity_end(s, i, end);
		if (found > 0) {
			*ret_entity = span_sub(s, i, found - i);
			*at = end;
			return true;
		}
		i = end;
	}
	*at = s.n;
	return false;
}
