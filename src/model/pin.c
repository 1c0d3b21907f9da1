/* SPDX-License-Identifier: Apache-2.0 */
/* Holds to octets and back; see pin.h. They come from disk and from other roles: hostile. */
#include "model/pin.h"

#include "base/limits.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/batch.h"

static bool
is_text(const char *text, size_t size, bool may_be_empty)
{
	struct span s = span_of(text, strnlen(text, size));

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n < size && (may_be_empty || s.n > 0) && utf8_valid(s);
}

enum err
pin_check(const struct pin *hold, struct why *why)
{
	if (!is_text(hold->name, sizeof hold->name, false))
		return why_set(why, ERR_FORMAT, "a hold's name has 1 to %d octets of text",
		    PIN_NAME - 1);
	if (!is_text(hold->why, sizeof hold->why, false))
		return why_set(why, ERR_FORMAT, "a hold's reason has 1 to %d octets of text",
		    PIN_WHY - 1);
	if (!is_text(hold->who, sizeof hold->who, true))
		return why_set(why, ERR_FORMAT, "a hold names who ordered it in at most %d octets",
		    PIN_WHO - 1);
	if (hold->stream >= STREAM_END && hold->stream != PIN_ANY)
		return why_set(why, ERR_FORMAT, "there is no stream %u", hold->stream);
	if (hold->class >= LIMIT_CLASSES && hold->class != PIN_ANY)
		return why_set(why, ERR_FORMAT, "there is no class %u", hold->class);
	if (hold->first_seq < 1 || hold->first_seq > hold->last_seq)
		return why_set(why, ERR_FORMAT, "the sequence numbers end before they begin");
	if (hold->from_ns > hold->to_ns)
		return why_set(why, ERR_FORMAT, "the time ends before it begins");
	if (hold->since_ns < 0)
		return why_set(why, ERR_FORMAT, "a hold has begun after 1970");
	return OK;
}

void
pin_put(struct buf *out, const struct pin *hold)
{
	must(pin_check(hold, NULL) == OK);
	buf_i64(out, hold->since_ns);
	buf_u8(out, hold->stream);
	buf_u8(out, hold->class);
	buf_u64(out, hold->first_seq);
	buf_u64(out, hold->last_seq);
	buf_i64(out, hold->from_ns);
	buf_i64(out, hold->to_ns);
	buf_bytes(out, span_str(hold->name));
	buf_bytes(out, span_str(hold->who));
	buf_bytes(out, span_str(hold->why));
}

bool
pin_text(char *to, size_t size, struct span text)
{
	if (text.n >= size || (text.n > 0 && memchr(text.p, 0, text.n) != NULL))
		return false;
	if (text.n > 0)
		memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	return true;
}

void
pin_get(struct cur *in, struct pin *ret_pin)
{
	struct pin *h = ret_pin;

	*h = (struct pin){ .since_ns = cur_i64(in) };
	h->stream = cur_u8(in);
	h->class = cur_u8(in);
	h->first_seq = cur_u64(in);
	h->last_seq = cur_u64(in);
	h->from_ns = cur_i64(in);
	h->to_ns = cur_i64(in);
	if (!pin_text(h->name, sizeof h->name, cur_bytes(in)) ||
	    !pin_text(h->who, sizeof h->who, cur_bytes(in)) ||
	    !pin_text(h->why, sizeof h->why, cur_bytes(in)) || pin_check(h, NULL) != OK)
		in->bad = true;
}

bool
pin_covers(const struct pin *hold, const struct pin_range *range)
{
	if ((hold->stream != PIN_ANY && hold->stream != range->stream) ||
	    (hold->class != PIN_ANY && hold->class != range->class))
		return false;
	return range->first_seq <= hold->last_seq && range->last_seq >= hold->first_seq &&
	    range->oldest_ns <= hold->to_ns && range->newest_ns >= hold->from_ns;
}

bool
pin_same(const struct pin *a, const struct pin *b)
{
	return a->since_ns == b->since_ns && strcmp(a->name, b->name) == 0;
}
