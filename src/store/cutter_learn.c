/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of the text. Classes of octets, and timestamps that are learnt
 * from the first texts; see cutter.h.
 */
#include "store/cutter_int.h"

enum { LEARN_BYTES = 128 };		/* timestamps are looked for up to here */

static uint8_t
class_make(unsigned c)
{
	bool digit = c >= '0' && c <= '9';
	bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	uint8_t class = 0;

	if (digit || letter || c == '_' || c >= 0x80)
		class |= WORD;
	if (digit)
		class |= DIGIT;
	if (digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'))
		class |= HEX;
	if (c <= ' ' || strchr(",;)]}>\"'&|\\", (int)c) != NULL)
		class |= ENDS_VALUE;
	if (c <= ' ' || strchr("\"'<>(),;[]{}\\", (int)c) != NULL)
		class |= ENDS_PATH;
	if (digit || letter || (c != 0 && strchr(" -_/().#", (int)c) != NULL))
		class |= LABEL;
	if (c == 0 || strchr("=\"'/\\", (int)c) != NULL)
		class |= ACTS;
	if (c != 0 && strchr("-:.\\", (int)c) != NULL)
		class |= JOINS;
	return class;
}

void
cutter_init(struct cutter *cutter)
{
	*cutter = (struct cutter){ .nstamp = 0 };
	for (unsigned i = 0; i < 256; i++)
		cutter->class[i] = class_make(i);
}

/* ---- learning timestamps ---- */

static bool
is_letter(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

/* Which numbers the new stamp, of which s is one, may begin with. */
static void
digits_mark(struct cutter *cutter, struct span s)
{
	const struct cut_stamp *to = &cutter->stamp[cutter->nstamp];
	uint8_t bit = (uint8_t)(1U << cutter->nstamp);
	size_t n = 0;

	while (to->digit + n < s.n && (cutter->class[s.p[to->digit + n]] & DIGIT) != 0)
		n++;
	if (n < sizeof cutter->by_digits)
		cutter->by_digits[n] |= bit;
	if (to->n == 0 && n <= 2)
		cutter->by_digits[3 - n] |= bit;
}

static void
stamp_add(struct cutter *cutter, struct span s)
{
	struct cut_stamp *to = &cutter->stamp[cutter->nstamp];

	if (cutter->nstamp == CUT_STAMPS || !stamp_form_of(s, &to->form))
		return;
	to->first = to->digit = 0;
	while (to->first < s.n && (cutter->class[s.p[to->first]] & DIGIT) != 0)
		to->first++;
	to->behind = to->first > 0 && to->first < s.n ? s.p[to->first] : 0;
	while (to->digit < s.n && (cutter->class[s.p[to->digit]] & DIGIT) == 0)
		to->digit++;
	to->n = stamp_form_fixed(&to->form) ? (uint8_t)s.n : 0;
	to->digits = to->nfixed = 0;
	for (size_t i = 0; i < to->n; i++) {
		if ((cutter->class[s.p[i]] & DIGIT) != 0) {
			to->digits |= UINT64_C(1) << i;
		} else if (!is_letter(s.p[i])) {
			to->fixed[to->nfixed] = (uint8_t)i;
			to->octet[to->nfixed++] = s.p[i];
		}
	}
	digits_mark(cutter, s);
	for (unsigned c = 0; c < 256; c++) {
		if (to->first == 0 || to->behind == c)
			cutter->by_behind[c] |= (uint8_t)(1U << cutter->nstamp);
	}
	cutter->nstamp++;
}

/* A day of one digit has a space in front: the same form once more with the other kind of day. */
static void
stamp_add_day(struct cutter *cutter, struct span s)
{
	uint32_t before = cutter->nstamp;
	uint8_t other[STAMP_BYTES];
	struct cut_stamp *to;
	size_t at;

	stamp_add(cutter, s);
	to = &cutter->stamp[before];
	if (cutter->nstamp == before || memmem(to->form.pattern, to->form.n, "%e", 2) == NULL)
		return;
	at = to->form.pattern[1] == 'a' ? 8 : 4;
	memcpy(other, s.p, s.n);
	other[at] = s.p[at] == ' ' ? '1' : ' ';
	stamp_add(cutter, span_of(other, s.n));
}

bool
cutter_learn(struct cutter *cutter, struct span text)
{
	size_t most = text.n < LEARN_BYTES ? text.n : LEARN_BYTES;
	uint32_t before = cutter->nstamp;

	for (size_t i = 0; i < most; i++) {
		uint8_t c = text.p[i];
		size_t n;

		if (((cutter->class[c] & DIGIT) == 0 && !(c >= 'A' && c <= 'W')) ||
		    (i > 0 && cutter_is_word(cutter, text.p[i - 1])))
			continue;
		n = stamp_head(span_sub(text, i, text.n));
		if (n == 0)
			continue;
		for (uint32_t k = 0; k < cutter->nstamp && n > 0; k++) {
			if (stamp_prefix(&cutter->stamp[k].form, span_sub(text, i, n)) == n)
				n = 0;
		}
		if (n > 0)
			stamp_add_day(cutter, span_sub(text, i, n));
	}
	return cutter->nstamp > before;
}
