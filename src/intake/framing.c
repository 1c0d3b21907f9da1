/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic by span_sub only. RFC 6587 framing; see framing.h.
 *
 *	AUTO --- 1 to 7 digits (no 0 in front), space, '<' ---> COUNTED (for good)
 *	AUTO --- anything else ---> LINES
 *	LINES -- a NUL ends the first record, and nothing or '<' follows it ---> NUL (for good);
 *	         "nothing" is the end of one read: it cannot be known better
 *	COUNTED  what is no count ---> LINES for one line, then AUTO (mixed)
 *
 * A record that lies whole in the input is handed out in place; one that does not is collected in
 * `hold`, up to `most` octets, and what is beyond is counted and dropped. So memory is bounded by
 * the limit whatever the sender says its length is, and a connection between records holds none.
 *
 * A sender could put a NUL into its first message to make a relay's connection NUL-framed, so that
 * the lines after it run together: therefore a NUL-framed record above 64 KB is a broken frame. So
 * is such a line where counted frames were: its sender counts wrongly and sends no LF, and would
 * never be understood again on this connection.
 */
#include "intake/framing.h"

enum {
	DIGITS_MAX = 7,			/* 9,999,999: ten times the longest record that is kept */
	RUN_ON_BYTES = 65536,
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Takes n octets off the input; keeps what fits of them. */
static void
hold_add(struct framing *f, struct span *in, size_t n, size_t most)
{
	struct span part = span_sub(*in, 0, n);
	size_t room = most > f->hold.n ? most - f->hold.n : 0;

	if (part.n > room) {
		f->cut += part.n - room;
		part.n = room;
	}
	buf_span_put(&f->hold, part);
	*in = span_sub(*in, n, SIZE_MAX);
}

/* The record is complete: the first n octets of the input after what is held. */
static void
frame_take(struct framing *f, struct span *in, size_t n, size_t most, struct frame *ret)
{
	if (f->hold.n == 0 && f->cut == 0 && n <= LIMIT_RECORD_BYTES) {
		*ret = (struct frame){ span_sub(*in, 0, n), 0 };
		*in = span_sub(*in, n, SIZE_MAX);
		return;
	}
	hold_add(f, in, n, most);
	*ret = (struct frame){ buf_span(&f->hold), f->cut };
	f->emptied = true;
}

/* What was handed out by the call before is not needed any more; what comes may be counted. */
static void
hold_drop(struct framing *f)
{
	if (!f->emptied)
		return;
	buf_done(&f->hold);
	f->cut = 0;
	f->emptied = false;
	if (f->mixed && f->kind == FRAMING_LINES)
		f->kind = FRAMING_AUTO;
}

/* trailer = LF, or NUL where the first record ended with one */
static void
trailer_settle(struct framing *f, struct span in)
{
	const uint8_t *lf = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;
	size_t n = lf != NULL ? (size_t)(lf - in.p) : in.n;
	const uint8_t *nul = n > 0 ? memchr(in.p, '\0', n) : NULL;
	size_t at = nul != NULL ? (size_t)(nul - in.p) : 0;

	if (nul != NULL && (at + 1 == in.n || in.p[at + 1] == '<'))
		f->kind = FRAMING_NUL;
	if (lf != NULL || nul != NULL)
		f->first_done = true;
}

static enum err
lines_next(struct framing *f, struct span *in, size_t most, struct frame *ret)
{
	const uint8_t *end;

	if (!f->first_done)
		trailer_settle(f, *in);
	end = in->n > 0 ? memchr(in->p, f->kind == FRAMING_NUL ? '\0' : '\n', in->n) : NULL;
	if (end == NULL) {
		hold_add(f, in, in->n, most);
		if ((f->kind != FRAMING_NUL && !f->mixed) || f->hold.n + f->cut <= RUN_ON_BYTES)
			return ERR_MORE;
		f->broken++;
		return ERR_FORMAT;
	}
	frame_take(f, in, (size_t)(end - in->p), most, ret);
	f->emptied |= f->mixed;
	*in = span_sub(*in, 1, SIZE_MAX);
	return OK;
}

/* Not counted after all: what was taken belongs to the first line. */
static void
auto_lines(struct framing *f)
{
	f->kind = FRAMING_LINES;
	f->first_done |= f->mixed;
	if (f->digits > 0)
		buf_printf(&f->hold, f->spaced ? "%u " : "%u", f->left);
	f->spaced = false;
	f->digits = 0;
	f->left = 0;
}

/* The next octet belongs to no count: what was taken of it is the beginning of a line. */
static enum err
counted_break(struct framing *f, struct span *in, size_t most, struct frame *ret)
{
	f->broken++;
	f->mixed = true;
	auto_lines(f);
	return lines_next(f, in, most, ret);
}

/*
 * frame = len SP record, len = (1-9) *6(0-9)    RFC 6587, 3.4.1
 * Some senders put a LF behind each record that they do not count: it is skipped.
 */
static enum err
counted_next(struct framing *f, struct span *in, size_t most, struct frame *ret)
{
	while (!f->in_record) {
		uint8_t c;

		if (in->n == 0)
			return ERR_MORE;
		c = in->p[0];
		if (c == ' ' && f->digits > 0) {
			f->in_record = true;
		} else if (c != '\n' || f->digits > 0) {
			if (!is_digit(c) || (c == '0' && f->digits == 0) || f->digits == DIGITS_MAX)
				return counted_break(f, in, most, ret);
			f->left = f->left * 10 + (uint32_t)(c - '0');
			f->digits++;
		}
		*in = span_sub(*in, 1, SIZE_MAX);
	}
	if (in->n < f->left) {
		f->left -= (uint32_t)in->n;
		hold_add(f, in, in->n, most);
		return ERR_MORE;
	}
	frame_take(f, in, f->left, most, ret);
	f->in_record = false;
	f->digits = 0;
	f->left = 0;
	return OK;
}

/*
 * Takes octets off the input until it is decided: for COUNTED the length and its space, which is
 * where the record begins; for LINES nothing that auto_lines does not give back.
 */
static enum err
auto_detect(struct framing *f, struct span *in)
{
	for (; in->n > 0; *in = span_sub(*in, 1, SIZE_MAX)) {
		uint8_t c = in->p[0];

		if (f->spaced && c == '<') {
			f->kind = FRAMING_COUNTED;
			f->in_record = true;
			f->spaced = false;
			return OK;
		}
		if (!f->spaced && c == ' ' && f->digits > 0) {
			f->spaced = true;
			continue;
		}
		if (f->spaced || !is_digit(c) || (c == '0' && f->digits == 0) ||
		    f->digits == DIGITS_MAX) {
			auto_lines(f);
			return OK;
		}
		f->left = f->left * 10 + (uint32_t)(c - '0');
		f->digits++;
	}
	return ERR_MORE;
}

enum err
framing_next(struct framing *f, struct span *io_input, size_t most, struct frame *ret_frame)
{
	if (most > LIMIT_RECORD_BYTES)
		most = LIMIT_RECORD_BYTES;
	hold_drop(f);
	if (f->kind == FRAMING_AUTO && auto_detect(f, io_input) != OK)
		return ERR_MORE;
	if (f->kind == FRAMING_COUNTED)
		return counted_next(f, io_input, most, ret_frame);
	return lines_next(f, io_input, most, ret_frame);
}

enum err
framing_end(struct framing *f, struct frame *ret_frame)
{
	bool in_count = f->kind == FRAMING_COUNTED && !f->in_record && f->digits > 0;

	hold_drop(f);
	f->broken += in_count;
	if (f->kind == FRAMING_AUTO || in_count)
		auto_lines(f);
	if (f->hold.n == 0 && f->cut == 0)
		return ERR_ABSENT;
	*ret_frame = (struct frame){ buf_span(&f->hold), f->cut };
	/* A counted record that did not come whole is a cut one. */
	if (f->kind == FRAMING_COUNTED)
		ret_frame->cut += f->left;
	f->emptied = true;
	return OK;
}

size_t
framing_held(const struct framing *f)
{
	return f->hold.cap;
}

void
framing_done(struct framing *f)
{
	buf_done(&f->hold);
	*f = (struct framing){ 0 };
}
