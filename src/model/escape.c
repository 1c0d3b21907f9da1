/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic inside of texts. See escape.h. */
#include "model/escape.h"

#include <string.h>

#include "base/fold.h"
#include "model/shape.h"

static int
hex4(const uint8_t *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t c = p[i] | 0x20;

		if (p[i] >= '0' && p[i] <= '9')
			v = v * 16 + p[i] - '0';
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + c - 'a' + 10;
		else
			return -1;
	}
	return v;
}

/* "\u" 4hex [ "\u" 4hex ] */
uint32_t
escape_unicode(struct span s, size_t *at)
{
	int high, low;

	if (s.n - *at < 4 || (high = hex4(s.p + *at)) < 0)
		return '?';	/* no longer than what is read */
	*at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return (uint32_t)high;
	if (high >= 0xdc00 || s.n - *at < 6 || s.p[*at] != '\\' || s.p[*at + 1] != 'u')
		return RUNE_BAD;
	low = hex4(s.p + *at + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return RUNE_BAD;
	*at += 6;
	return 0x10000U + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

/* RFC 8259, section 7. From one backslash to the next: most texts have few. */
static size_t
json_undo(uint8_t *to, struct span s)
{
	static const char simple[] = "bfnrt", meaning[] = "\b\f\n\r\t";
	size_t n = 0, at = 0;

	while (at < s.n) {
		const uint8_t *escape = memchr(s.p + at, '\\', s.n - at);
		size_t plain = (escape != NULL ? (size_t)(escape - s.p) : s.n) - at;
		const char *hit;
		uint8_t c;

		memcpy(to + n, s.p + at, plain);
		n += plain;
		at += plain;
		if (at == s.n)
			break;
		if (++at == s.n) {		/* the last octet: it stands for itself */
			to[n++] = '\\';
			break;
		}
		c = s.p[at++];
		hit = c != 0 ? strchr(simple, c) : NULL;
		if (c == 'u')
			n += rune_put(to + n, escape_unicode(s, &at));
		else
			to[n++] = hit != NULL ? (uint8_t)meaning[hit - simple] : c;
	}
	return n;
}

/* RFC 5424, 6.3.3: only '"', '\' and ']' are escaped; another backslash is one. */
static size_t
sd_undo(uint8_t *to, struct span s)
{
	size_t n = 0;

	for (size_t at = 0; at < s.n; at++) {
		if (s.p[at] == '\\' && at + 1 < s.n && (s.p[at + 1] == '"' || s.p[at + 1] == '\\' ||
		    s.p[at + 1] == ']'))
			at++;
		to[n++] = s.p[at];
	}
	return n;
}

size_t
escape_undo(uint8_t *to, struct span raw, uint8_t kind)
{
	return kind == HOLE_SD_VALUE ? sd_undo(to, raw) : json_undo(to, raw);
}
