/* SPDX-License-Identifier: Apache-2.0 */
/* Places as text: see places.h. */
#include "agent/places.h"

#include <string.h>

static bool
is_plain(uint8_t c)
{
	return c > 0x20 && c != 0x7f && c != '%';
}

void
place_put(struct buf *out, const struct follow *f)
{
	buf_printf(out, "%llx %llx %u %llx %llu %llx ", (unsigned long long)f->dev,
	    (unsigned long long)f->ino, f->head_n, (unsigned long long)f->head_hash,
	    (unsigned long long)f->safe.at, (unsigned long long)f->safe.check);
	for (const char *c = f->path; *c != '\0'; c++)
		if (is_plain((uint8_t)*c))
			buf_u8(out, (uint8_t)*c);
		else
			buf_printf(out, "%%%02x", (uint8_t)*c);
	buf_u8(out, '\n');
}

static unsigned
digit_of(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - 0x30u : c >= 'a' && c <= 'f' ? c - 0x57u : 99;
}

/* Digits and one space behind them. */
static bool
number_take(struct span *line, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < line->n && line->p[i] != ' '; i++) {
		unsigned d = digit_of(line->p[i]);

		if (d >= base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return false;
	}
	if (i == 0 || i == line->n || v > max)
		return false;
	*line = span_sub(*line, i + 1, line->n);
	*ret = v;
	return true;
}

static bool
path_take(struct span in, char path[FOLLOW_PATH])
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '%') {
			unsigned high = in.n - i > 2 ? digit_of(in.p[i + 1]) : 99;
			unsigned low = in.n - i > 2 ? digit_of(in.p[i + 2]) : 99;

			if (high > 15 || low > 15)
				return false;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		} else if (!is_plain(c)) {
			return false;
		}
		if (c == 0 || n + 1 >= FOLLOW_PATH)
			return false;
		path[n++] = (char)c;
	}
	path[n] = '\0';
	return n > 0 && path[0] == '/';
}

struct follow *
place_take(struct span line)
{
	uint64_t dev, ino, head_n, head_hash, at, check;
	char path[FOLLOW_PATH];
	struct follow *f;

	if (!number_take(&line, 16, UINT64_MAX, &dev) ||
	    !number_take(&line, 16, UINT64_MAX, &ino) ||
	    !number_take(&line, 10, FOLLOW_HEAD, &head_n) ||
	    !number_take(&line, 16, UINT64_MAX, &head_hash) ||
	    !number_take(&line, 10, INT64_MAX, &at) ||
	    !number_take(&line, 16, UINT64_MAX, &check) ||
	    !path_take(line, path))
		return NULL;
	f = follow_new(path);
	f->dev = dev;
	f->ino = ino;
	f->head_n = (uint32_t)head_n;
	f->head_hash = head_hash;
	f->read = f->look = f->safe = (struct place){ at, check };
	return f;
}
