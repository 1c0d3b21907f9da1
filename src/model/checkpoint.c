/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Checkpoints and anchor lines; see checkpoint.h. Both are read from
 * files that others kept: hostile.
 */
#include "model/checkpoint.h"

#include <sodium.h>

#include "base/must.h"
#include "model/base64.h"
#include "model/line.h"

enum { SHORT_BYTES = 10, TIME_TEXT = 20, DAY_S = 86400 };

#define NS	INT64_C(1000000000)
#define ANCHOR	SPAN("trucban-anchor/v1 ")

/* ---- the note's text, tlog-checkpoint "Note text" ---- */

static void
head_put(struct buf *out, const struct checkpoint *checkpoint)
{
	buf_span_put(out, checkpoint->origin);
	buf_printf(out, "\n%llu\n", (unsigned long long)checkpoint->size);
	base64_put(out, span_of(checkpoint->root.b, DIGEST_BYTES));
	buf_u8(out, '\n');
}

void
checkpoint_put(struct buf *out, const struct checkpoint *checkpoint)
{
	head_put(out, checkpoint);
	buf_span_put(out, checkpoint->extension);
}

static bool
root_get(struct span text, struct digest *ret)
{
	uint8_t bytes[DIGEST_BYTES];
	size_t n;

	if (base64_get(bytes, sizeof bytes, &n, text) != OK || n != DIGEST_BYTES)
		return false;
	memcpy(ret->b, bytes, DIGEST_BYTES);
	return true;
}

enum err
checkpoint_get(struct checkpoint *ret_checkpoint, struct span text, struct why *why)
{
	struct checkpoint checkpoint;
	struct span rest = text, line;

	if (!line_next(&rest, &checkpoint.origin) || checkpoint.origin.n == 0)
		return why_set(why, ERR_FORMAT, "checkpoint has no origin");
	if (!line_next(&rest, &line) || !line_decimal(line, &checkpoint.size))
		return why_set(why, ERR_FORMAT, "checkpoint has no size");
	if (!line_next(&rest, &line) || !root_get(line, &checkpoint.root))
		return why_set(why, ERR_FORMAT, "checkpoint has no root");
	checkpoint.extension = rest;
	while (line_next(&rest, &line))
		if (line.n == 0)
			return why_set(why, ERR_FORMAT, "checkpoint has an empty line");
	if (rest.n > 0)
		return why_set(why, ERR_FORMAT, "checkpoint does not end in a newline");
	*ret_checkpoint = checkpoint;
	return OK;
}

void
checkpoint_short(char ret[CHECKPOINT_SHORT_BYTES], const struct checkpoint *checkpoint)
{
	uint8_t d[crypto_hash_sha256_BYTES];
	struct buf text = { 0 }, letters = { 0 };

	head_put(&text, checkpoint);
	crypto_hash_sha256(d, text.p, text.n);
	base32_put(&letters, span_of(d, SHORT_BYTES));
	must(letters.n == CHECKPOINT_SHORT_BYTES - 1);
	memcpy(ret, letters.p, letters.n);
	ret[letters.n] = '\0';
	buf_done(&text);
	buf_done(&letters);
}

/* ---- times; days of the proleptic Gregorian calendar since 1970-01-01 ---- */

static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
time_put(struct buf *out, int64_t time_ns)
{
	int64_t s = time_ns >= 0 ? time_ns / NS : 0, left = s % DAY_S;
	int64_t z = s / DAY_S + 719468, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;

	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    (int)(yoe + era * 400 + (month <= 2)), (int)month, (int)(doy - (153 * mp + 2) / 5 + 1),
	    (int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60));
}

/* YYYY-MM-DDTHH:MM:SSZ and nothing else; checked by writing it again. */
static bool
time_get(struct span text, int64_t *ret_ns)
{
	static const char form[TIME_TEXT + 1] = "0000-00-00T00:00:00Z";
	int64_t part[6] = { 0 }, days;
	struct buf again = { 0 };
	unsigned n = 0;
	bool same;

	if (text.n != TIME_TEXT)
		return false;
	for (size_t i = 0; i < TIME_TEXT; i++) {
		if (form[i] != '0') {
			if (text.p[i] != (uint8_t)form[i])
				return false;
			n++;
			continue;
		}
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		part[n] = part[n] * 10 + (text.p[i] - '0');
	}
	if (part[0] < 1970 || part[0] > 2200 || part[1] < 1 || part[1] > 12)
		return false;
	days = days_of(part[0], part[1], part[2]);
	*ret_ns = (days * DAY_S + part[3] * 3600 + part[4] * 60 + part[5]) * NS;
	time_put(&again, *ret_ns);
	same = span_eq(buf_span(&again), text);
	buf_done(&again);
	return same;
}

/* ---- anchor lines, seal.md section 5 ---- */

static void
short_dashed(char ret[CHECKPOINT_SHORT_BYTES], const struct checkpoint *checkpoint)
{
	checkpoint_short(ret, checkpoint);
	for (size_t i = 0; ret[i] != '\0'; i++)
		if (ret[i] == ' ')
			ret[i] = '-';
}

void
anchor_put(struct buf *out, const struct checkpoint *checkpoint, int64_t time_ns)
{
	char code[CHECKPOINT_SHORT_BYTES];

	short_dashed(code, checkpoint);
	buf_span_put(out, ANCHOR);
	buf_str(out, "origin=");
	buf_span_put(out, checkpoint->origin);
	buf_printf(out, " size=%llu root=", (unsigned long long)checkpoint->size);
	base64_put(out, span_of(checkpoint->root.b, DIGEST_BYTES));
	buf_str(out, " time=");
	time_put(out, time_ns);
	buf_printf(out, " short=%s", code);
}

/* "NAME=value", ended by a space or the line; moves rest behind it. */
static bool
part_get(struct span *rest, const char *name, struct span *ret_value)
{
	struct span head = span_str(name);
	size_t n;

	if (!span_starts(*rest, head))
		return false;
	*rest = span_sub(*rest, head.n, SIZE_MAX);
	for (n = 0; n < rest->n && rest->p[n] > ' ' && rest->p[n] != '"'; n++)
		;
	*ret_value = span_sub(*rest, 0, n);
	*rest = span_sub(*rest, n < rest->n && rest->p[n] == ' ' ? n + 1 : n, SIZE_MAX);
	return n > 0;
}

static bool
anchor_parts(struct checkpoint *checkpoint, int64_t *ret_time_ns, struct span rest)
{
	struct span size, root, time, code;
	char want[CHECKPOINT_SHORT_BYTES];

	if (!part_get(&rest, "origin=", &checkpoint->origin) ||
	    !part_get(&rest, "size=", &size) || !line_decimal(size, &checkpoint->size) ||
	    !part_get(&rest, "root=", &root) || !root_get(root, &checkpoint->root) ||
	    !part_get(&rest, "time=", &time) || !time_get(time, ret_time_ns) ||
	    !part_get(&rest, "short=", &code))
		return false;
	short_dashed(want, checkpoint);
	return span_is(code, want);
}

enum err
anchor_get(struct checkpoint *ret_checkpoint, int64_t *ret_time_ns, struct span line,
    struct why *why)
{
	struct checkpoint checkpoint = { .extension = { NULL, 0 } };
	const uint8_t *at;
	int64_t time_ns;

	at = line.n > 0 ? memmem(line.p, line.n, ANCHOR.p, ANCHOR.n) : NULL;
	if (at == NULL)
		return why_set(why, ERR_ABSENT, "no anchor in this line");
	line = span_sub(line, (size_t)(at - line.p) + ANCHOR.n, SIZE_MAX);
	if (!anchor_parts(&checkpoint, &time_ns, line))
		return why_set(why, ERR_FORMAT, "anchor line is damaged or mistyped");
	*ret_checkpoint = checkpoint;
	*ret_time_ns = time_ns;
	return OK;
}
