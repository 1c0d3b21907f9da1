/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the row of a reason and fills it in; see reason.h. The rows are in reason_words.c. */
#include "cmd/reason_int.h"

#include <string.h>

#include "cmd/cmd.h"

enum {
	HOLES = 4,
	DEPTH = 16	/* reasons behind reasons; ours go five deep */
};

/* For what has no row, by its kind; the sentence follows in quotation marks. */
static const char *const kind[] = {
	[ERR_FORMAT] = "dữ liệu hoặc tệp không đúng khuôn dạng",
	[ERR_LIMIT] = "quá giới hạn của trucban",
	[ERR_IO] = "máy này báo lỗi; xem ổ đĩa và mạng",
	[ERR_FULL] = "hết chỗ; xem ổ đĩa còn trống không",
	[ERR_PROOF] = "dữ liệu không khớp với chữ ký hoặc mã kiểm tra",
	[ERR_DENIED] = "không có quyền; chạy bằng sudo",
	[ERR_ABSENT] = "không tìm thấy",
	[ERR_BUSY] = "đang bận; chạy lại sau ít phút",
};

static bool	text_put(struct buf *out, struct span text, unsigned depth);

/* Octets of the conversion that the format has here; 0: it has none. */
static size_t
conversion(const char *format)
{
	return format[0] == '%' ? 1 + strspn(format + 1, ".*lz") + 1 : 0;
}

/*
 * Does text read as this format prints? Each conversion takes as little as can be, the last of the
 * format all that is left.
 */
static bool
fits(const char *format, struct span text, struct span hole[HOLES])
{
	size_t at = 0, n = 0;

	while (*format != '\0') {
		size_t skip = conversion(format), piece = strcspn(format + skip, "%"), to;
		const uint8_t *found;

		if (skip == 0) {
			if (text.n - at < piece || memcmp(text.p + at, format, piece) != 0)
				return false;
			at += piece;
			format += piece;
			continue;
		}
		format += skip;
		found = piece == 0 ? text.p + text.n :
		    memmem(text.p + at, text.n - at, format, piece);
		if (found == NULL || n == HOLES)
			return false;
		to = (size_t)(found - text.p);
		hole[n++] = span_of(text.p + at, to - at);
		at = to;
	}
	return at == text.n;
}

/* A value as it is; a reason in its turn, unless it is cited. False: that one is not known. */
static bool
hole_put(struct buf *out, struct span hole, bool reason, unsigned depth)
{
	static const char quote[] = "“";
	size_t n = sizeof quote - 1;

	if (reason && (out->n < n || memcmp(out->p + out->n - n, quote, n) != 0))
		return text_put(out, hole, depth);
	buf_span_put(out, hole);
	return true;
}

static bool
row_put(struct buf *out, const struct reason *row, const struct span hole[HOLES], unsigned depth)
{
	size_t n = strlen(row->en), holes = 0;
	bool tail = n >= 4 && strcmp(row->en + n - 4, ": %s") == 0, known = true;

	for (const char *c = row->en; *c != '\0'; c++)
		holes += *c == '%';
	for (const char *vi = row->vi; *vi != '\0'; vi++) {
		if (vi[0] == '{' && vi[1] >= '1' && vi[1] < '1' + HOLES && vi[2] == '}') {
			size_t i = (size_t)(vi[1] - '1');

			known &= hole_put(out, hole[i], tail && i + 1 == holes, depth);
			vi += 2;
		} else {
			buf_u8(out, (uint8_t)*vi);
		}
	}
	return known;
}

static bool
text_put(struct buf *out, struct span text, unsigned depth)
{
	struct span hole[HOLES] = { { NULL, 0 } };
	const uint8_t *colon;
	size_t n;

	if (text.n == 0)
		return true;
	for (const struct reason *row = reasons; row->en != NULL && depth > 0; row++)
		if (fits(row->en, text, hole))
			return row_put(out, row, hole, depth - 1);
	/* A name before a colon is no sentence: a file's, a command's. */
	colon = memmem(text.p, text.n, ": ", 2);
	n = colon != NULL && depth > 0 ? (size_t)(colon - text.p) + 2 : text.n;
	buf_span_put(out, span_sub(text, 0, n));
	return n < text.n ? text_put(out, span_sub(text, n, SIZE_MAX), depth - 1) : colon != NULL;
}

bool
reason_put(struct buf *out, const char *text)
{
	if (span_is(span_str(say("vi", "en")), "en")) {
		buf_str(out, text);
		return true;
	}
	return text_put(out, span_str(text), DEPTH);
}

void
reason_cite(struct buf *out, enum err rc, const char *text)
{
	size_t from = out->n;

	if (reason_put(out, text))
		return;
	out->n = from;
	buf_printf(out, "%s (“%s”)", (size_t)rc < sizeof kind / sizeof kind[0] &&
	    kind[rc] != NULL ? kind[rc] : "không làm được", text);
}

const char *
reason_of(struct why *why)
{
	struct buf text = { 0 };

	(void)reason_put(&text, why->text);
	(void)why_set(why, OK, "%.*s", (int)text.n, text.n > 0 ? (const char *)text.p : "");
	buf_done(&text);
	return why->text;
}
