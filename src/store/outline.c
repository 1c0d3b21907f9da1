/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of parameters. What all values of a list look like, from how
 * it is encoded; nothing is decoded. It may say more than there is (a month as three letters that
 * stand so in some month), never less. A broken parameter says nothing: the reader will find it.
 */
#include "store/list_int.h"
#include "store/segment.h"

static const char digits[] = "0123456789";

static void
part_add(struct outline *o, struct outline_part part)
{
	if (o->n == OUTLINE_PARTS)
		o->kind = OUTLINE_NONE;
	else
		o->part[o->n++] = part;
}

static void
text_add(struct outline *o, struct span text)
{
	if (text.n > 0)
		part_add(o, (struct outline_part){ .octets = text });
}

/* `least` to `most` of these octets. */
static void
any_add(struct outline *o, const char *octets, uint8_t least, uint8_t most)
{
	part_add(o, (struct outline_part){ span_str(octets), true, least, most });
}

static void
int_outline(struct outline *o, struct cur *c)
{
	uint8_t flags = cur_u8(c), pad = 0;
	struct span suffix = { 0 };

	if ((flags & INT_AFFIX) != 0) {
		text_add(o, cur_bytes(c));
		suffix = cur_bytes(c);
	}
	if ((flags & INT_PAD) != 0)
		pad = cur_u8(c);
	if ((flags & INT_HEX_LOWER) != 0) {
		any_add(o, "0123456789abcdef", 1, 16);
	} else if ((flags & INT_HEX_UPPER) != 0) {
		any_add(o, "0123456789ABCDEF", 1, 16);
	} else if ((flags & INT_PAD) != 0) {
		any_add(o, digits, pad < 1 ? 1 : pad, 20);
	} else {
		any_add(o, "-", 0, 1);
		any_add(o, digits, 1, 20);
		if ((flags & INT_SCALE) != 0) {
			text_add(o, SPAN("."));
			any_add(o, digits, 0, PAD_MAX);
		}
	}
	text_add(o, suffix);
	if ((flags & ~INT_KNOWN) != 0 || pad > PAD_MAX)
		o->kind = OUTLINE_NONE;
}

static void
letters_add(struct outline *o, const char *first, const char *second, const char *third)
{
	any_add(o, first, 1, 1);
	any_add(o, second, 1, 1);
	any_add(o, third, 1, 1);
}

static void
stamp_part(struct outline *o, uint8_t element)
{
	switch (element) {
	case 'Y':
		any_add(o, digits, 4, 4);
		return;
	case 'b':
		letters_add(o, "JFMASOND", "aepuco", "nbrylgptvc");
		return;
	case 'a':
		letters_add(o, "MTWFS", "ouehra", "neduit");
		return;
	case 'e':
		any_add(o, " 0123456789", 1, 1);
		any_add(o, digits, 1, 1);
		return;
	case 'D':
	case 'h':
	case 'i':
	case 's':
		any_add(o, digits, 1, 2);
		return;
	case 'F':
		any_add(o, digits, 1, 3);
		return;
	case 'z':
	case 'Z':
		any_add(o, "+-", 1, 1);
		any_add(o, digits, 2, 2);
		if (element == 'Z')
			text_add(o, SPAN(":"));
		any_add(o, digits, 2, 2);
		return;
	default:
		if (element >= '1' && element <= '9')
			any_add(o, digits, (uint8_t)(element - '0'), (uint8_t)(element - '0'));
		else
			any_add(o, digits, 2, 2);
	}
}

static void
stamp_outline(struct outline *o, struct cur *c)
{
	struct span pattern = cur_bytes(c);

	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i] != '%')
			text_add(o, span_sub(pattern, i, 1));
		else if (++i < pattern.n)
			stamp_part(o, pattern.p[i]);
	}
}

static void
ipv4_outline(struct outline *o)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			text_add(o, SPAN("."));
		any_add(o, digits, 1, 3);
	}
}

static void
nibble_outline(struct outline *o, struct cur *c)
{
	const char *digit = (cur_u8(c) & NIBBLE_UPPER) != 0 ? "0123456789ABCDEF" :
	    "0123456789abcdef";
	struct span first = cur_bytes(c);
	uint64_t n = cur_varint(c), at = 0, next = 0;

	for (uint64_t i = 0; i < n && !c->bad && o->kind != OUTLINE_NONE; i++) {
		at += cur_varint(c);
		if (at < next || at >= first.n) {
			o->kind = OUTLINE_NONE;
			return;
		}
		text_add(o, span_sub(first, (size_t)next, (size_t)(at - next)));
		if (at == next && o->n > 0 && o->part[o->n - 1].any) {
			o->part[o->n - 1].least++;
			o->part[o->n - 1].most++;
			if (o->part[o->n - 1].most == UINT8_MAX)
				o->kind = OUTLINE_NONE;
		} else {
			any_add(o, digit, 1, 1);
		}
		next = at + 1;
	}
	text_add(o, span_sub(first, (size_t)next, first.n));
}

void
list_outline(struct pack *pack, struct span params, struct outline *ret)
{
	struct cur c = cur_of(params);
	struct list_in in = { &c, pack, NULL };
	uint8_t encoding = cur_u8(&c);

	ret->kind = OUTLINE_PARTS_OF_ALL;
	ret->n = 0;
	if (encoding == ENCODING_DICT) {
		(void)cur_varint(&c);
		encoding = cur_u8(&c);
	}
	switch (encoding) {
	case ENCODING_CONST:
		ret->kind = stream_get(&in, &ret->text, NULL) == OK ? OUTLINE_ONE : OUTLINE_NONE;
		break;
	case ENCODING_INT:
		int_outline(ret, &c);
		break;
	case ENCODING_STAMP:
		stamp_outline(ret, &c);
		break;
	case ENCODING_IPV4:
		ipv4_outline(ret);
		break;
	case ENCODING_NIBBLE:
		nibble_outline(ret, &c);
		break;
	default:
		ret->kind = OUTLINE_NONE;
	}
	if (c.bad)
		ret->kind = OUTLINE_NONE;
}
