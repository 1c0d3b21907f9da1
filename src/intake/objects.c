/* SPDX-License-Identifier: Apache-2.0 */
/* See objects.h. */
#include "intake/objects.h"

static void
hold_add(struct objects *o, struct span part, size_t most)
{
	size_t room = most > o->hold.n ? most - o->hold.n : 0;

	if (part.n > room) {
		o->cut += part.n - room;
		part.n = room;
	}
	buf_span_put(&o->hold, part);
}

/* Octets up to the end of the string, with its quote; all of them when it goes on. */
static size_t
string_pass(struct objects *o, struct span in)
{
	size_t i = 0;

	while (i < in.n) {
		uint8_t c = in.p[i++];

		if (o->escape) {
			o->escape = false;
		} else if (c == '\\') {
			o->escape = true;
		} else if (c == '"') {
			o->string = false;
			break;
		}
	}
	return i;
}

/* Octets up to the end of the object; all of them, and depth > 0, when it goes on. */
static size_t
object_pass(struct objects *o, struct span in)
{
	size_t i = 0;

	while (i < in.n) {
		uint8_t c;

		if (o->string) {
			i += string_pass(o, span_sub(in, i, SIZE_MAX));
			continue;
		}
		c = in.p[i++];
		if (c == '"')
			o->string = true;
		else if (c == '{' || c == '[')
			o->depth++;
		else if ((c == '}' || c == ']') && --o->depth == 0)
			break;
	}
	return i;
}

enum err
objects_next(struct objects *o, struct span *in, size_t most, struct frame *ret)
{
	size_t n;

	if (o->emptied) {
		buf_done(&o->hold);
		o->cut = 0;
		o->emptied = false;
	}
	if (most > LIMIT_RECORD_BYTES)
		most = LIMIT_RECORD_BYTES;
	while (o->depth == 0 && in->n > 0 && (in->p[0] == ' ' || in->p[0] == '\n' ||
	    in->p[0] == '\r' || in->p[0] == '\t'))
		*in = span_sub(*in, 1, SIZE_MAX);
	if (in->n == 0)
		return ERR_MORE;
	if (o->depth == 0 && in->p[0] != '{')
		return ERR_FORMAT;
	n = object_pass(o, *in);
	if (o->depth == 0 && o->hold.n == 0 && o->cut == 0 && n <= LIMIT_RECORD_BYTES) {
		*ret = (struct frame){ span_sub(*in, 0, n), 0 };
		*in = span_sub(*in, n, SIZE_MAX);
		return OK;
	}
	hold_add(o, span_sub(*in, 0, n), most);
	*in = span_sub(*in, n, SIZE_MAX);
	if (o->depth > 0)
		return ERR_MORE;
	*ret = (struct frame){ buf_span(&o->hold), o->cut };
	o->emptied = true;
	return OK;
}

bool
objects_are_whole(const struct objects *o)
{
	return o->depth == 0;
}

void
objects_done(struct objects *o)
{
	buf_done(&o->hold);
	*o = (struct objects){ 0 };
}
