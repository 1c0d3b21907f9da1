/* SPDX-License-Identifier: Apache-2.0 */
/* The list of denied.h. */
#include "model/denied.h"

#include "base/limits.h"
#include "base/utf8.h"

const char *
denied_word(unsigned cause)
{
	static const char *const word[DENIED_END] = { [DENIED_REVOKED] = "revoked",
	    [DENIED_EXPIRED] = "expired", [DENIED_EARLY] = "early", [DENIED_UNKNOWN] = "unknown",
	    [DENIED_UNFIT] = "unfit", [DENIED_NONE] = "none", [DENIED_DISTRUST] = "distrust" };

	return cause < DENIED_END ? word[cause] : "?";
}

enum denied_cause
denied_named(struct span word)
{
	for (unsigned cause = 0; cause < DENIED_END; cause++)
		if (span_is(word, denied_word(cause)))
			return (enum denied_cause)cause;
	return DENIED_UNFIT;
}

const char *
denied_text(unsigned cause)
{
	static const char *const text[DENIED_END] = {
		[DENIED_REVOKED] = "a certificate that was revoked, replaced or never given out",
		[DENIED_EXPIRED] = "a certificate that has expired",
		[DENIED_EARLY] = "a certificate that is not good yet, or clocks that differ",
		[DENIED_UNKNOWN] = "a certificate of another authority",
		[DENIED_UNFIT] = "a certificate that is not for this",
		[DENIED_NONE] = "no certificate",
		[DENIED_DISTRUST] = "no trust in the desk's own certificate" };

	return cause < DENIED_END ? text[cause] : "?";
}

bool
denied_is_ours(unsigned cause)
{
	return cause <= DENIED_EARLY;
}

void
denied_put(struct buf *out, const struct denied *d)
{
	buf_bytes(out, d->listener);
	buf_bytes(out, d->peer);
	buf_bytes(out, d->name);
	buf_u8(out, d->cause);
	buf_varint(out, d->times);
	buf_i64(out, d->first_s);
	buf_i64(out, d->last_s);
}

/* Text that may be shown: UTF-8 without control characters. */
static bool
is_text(struct span s, size_t most)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n <= most && utf8_valid(s);
}

void
denied_get(struct cur *in, struct denied *ret)
{
	ret->listener = cur_bytes(in);
	ret->peer = cur_bytes(in);
	ret->name = cur_bytes(in);
	ret->cause = cur_u8(in);
	ret->times = cur_varint(in);
	ret->first_s = cur_i64(in);
	ret->last_s = cur_i64(in);
	in->bad |= ret->listener.n == 0 || !is_text(ret->listener, LIMIT_NAME_BYTES) ||
	    !is_text(ret->peer, DENIED_PEER_BYTES) || !is_text(ret->name, DENIED_NAME_BYTES) ||
	    ret->cause >= DENIED_END || ret->times == 0 || ret->first_s < 0 ||
	    ret->last_s < ret->first_s;
}

enum err
denied_check(struct span list, struct why *why)
{
	struct cur in = cur_of(list);
	uint64_t n = cur_varint(&in);
	struct denied d;

	if (n > DENIED_MOST)
		return why_set(why, ERR_FORMAT, "%llu who were not let in",
		    (unsigned long long)n);
	for (; n > 0 && !in.bad; n--)
		denied_get(&in, &d);
	return cur_done(&in) ? OK : why_set(why, ERR_FORMAT, "no list of who was not let in");
}

bool
denied_unhex(struct buf *out, struct span hex)
{
	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		unsigned v = 0;

		for (size_t k = 0; k < 2; k++) {
			uint8_t c = hex.p[i + k];

			if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
				return false;
			v = v << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		buf_u8(out, (uint8_t)v);
	}
	return hex.n % 2 == 0;
}
