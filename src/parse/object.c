/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, always behind a comparison with the end. The long way through a
 * JSON object: see object.h. Runs for each shape once; track.c knows the shape from then on.
 * Objects are entered in a loop with a small stack of name lengths, not by recursion.
 */
#include "parse/object.h"

#include "base/fold.h"
#include "model/escape.h"
#include "parse/scan.h"

enum { RUNE_BYTES = 4 };

struct object_reader {
	const uint8_t *p;
	const uint8_t *end;
	struct cut *cut;
	const uint8_t *rest;		/* where `_rest` begins; NULL: there is none */
	unsigned depth;			/* objects entered */
	size_t prefix[LIMIT_JSON_DEPTH + 1];	/* octets of path that each depth begins with */
	size_t path_n;
	uint8_t path[LIMIT_NAME_BYTES];
};

/* ---- names ---- */

/* The code point of the escape at s[*at], which was scanned before; moves *at behind it. */
static uint32_t
escape_rune(struct span s, size_t *at)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint8_t c = s.p[*at + 1];
	const char *simple;

	*at += 2;
	if (c == 'u')
		return escape_unicode(s, at);
	simple = memchr(from, c, sizeof from - 1);
	return simple != NULL ? (uint8_t)to[simple - from] : c;
}

struct span
object_unescape(uint8_t *at, size_t cap, struct span body)
{
	size_t i = 0, n = 0, len;
	uint8_t rune[RUNE_BYTES];

	while (i < body.n) {
		uint32_t r = body.p[i] == '\\' ? escape_rune(body, &i) : rune_next(body, &i);

		len = rune_put(rune, r);
		if (len > cap - n)
			break;
		memcpy(at + n, rune, len);
		n += len;
	}
	return span_of(at, n);
}

/* path = prefix of this depth and the key; longer ones are cut. */
static void
path_set(struct object_reader *reader, struct span key)
{
	size_t n = reader->prefix[reader->depth];

	if (reader->depth > 1 && n < LIMIT_NAME_BYTES)
		reader->path[n++] = '.';
	n += object_unescape(reader->path + n, LIMIT_NAME_BYTES - n, key).n;
	if (n == 0)
		reader->path[n++] = '_';
	reader->path_n = n;
}

static struct span
name_keep(struct object_reader *reader)
{
	uint8_t *at = cut_name(reader->cut, reader->path_n);

	memcpy(at, reader->path, reader->path_n);
	return span_of(at, reader->path_n);
}

/* ---- the object ---- */

/* The value [p, behind) of the member whose key begins at `key`. */
static void
hole_put(struct object_reader *reader, const uint8_t *key, const uint8_t *behind, unsigned kind)
{
	if (reader->rest != NULL)
		return;
	if (reader->cut->n == LIMIT_FIELDS - 1) {
		reader->rest = key;
		return;
	}
	(void)cut_hole(reader->cut, span_of(reader->p, (size_t)(behind - reader->p)), kind,
	    ROLE_NONE, name_keep(reader));
}

/* The value at reader->p; an object that may be entered is not one. False: it is none. */
static bool
value_read(struct object_reader *reader, const uint8_t *key)
{
	const uint8_t *behind;
	unsigned kind;

	if (*reader->p == '"') {
		reader->p++;
		behind = scan_string(reader->p, reader->end);
		kind = HOLE_JSON_STRING;
	} else if (*reader->p == '[' || *reader->p == '{') {
		behind = scan_nested(reader->p, reader->end);
		kind = HOLE_JSON_VALUE;
	} else {
		behind = scan_literal(reader->p, reader->end);
		kind = HOLE_JSON_LITERAL;
	}
	if (behind == NULL)
		return false;
	hole_put(reader, key, behind, kind);
	reader->p = kind == HOLE_JSON_STRING ? behind + 1 : behind;
	return true;
}

/* member = string ":" value; section 4. An object as value is only entered. */
static bool
member_read(struct object_reader *reader)
{
	const uint8_t *key = reader->p, *quote;

	if (key == reader->end || *key != '"')
		return false;
	quote = scan_string(key + 1, reader->end);
	if (quote == NULL)
		return false;
	path_set(reader, span_of(key + 1, (size_t)(quote - key - 1)));
	reader->p = scan_space(quote + 1, reader->end);
	if (reader->p == reader->end || *reader->p != ':')
		return false;
	reader->p = scan_space(reader->p + 1, reader->end);
	if (reader->p == reader->end)
		return false;
	if (*reader->p != '{' || reader->depth == LIMIT_JSON_DEPTH)
		return value_read(reader, key);
	reader->p++;
	reader->prefix[++reader->depth] = reader->path_n;
	return true;
}

/* Behind a value or an empty object's '{': closing braces, then a comma or the end of it all. */
static bool
members_go_on(struct object_reader *reader)
{
	while (reader->depth > 0) {
		reader->p = scan_space(reader->p, reader->end);
		if (reader->p == reader->end)
			return false;
		if (*reader->p == ',') {
			reader->p = scan_space(reader->p + 1, reader->end);
			return true;
		}
		if (*reader->p != '}')
			return false;
		if (reader->depth == 1 && reader->rest != NULL)
			(void)cut_hole(reader->cut, span_of(reader->rest,
			    (size_t)(reader->p - reader->rest)), HOLE_TEXT, ROLE_NONE,
			    SPAN("_rest"));
		reader->p++;
		reader->depth--;
	}
	return true;
}

/* Members until the first object is closed. */
static bool
object_read(struct object_reader *reader)
{
	unsigned depth;

	while (reader->depth > 0) {
		reader->p = scan_space(reader->p, reader->end);
		if (reader->p < reader->end && *reader->p == '}') {
			/* only behind '{': an empty object */
			if (!members_go_on(reader))
				return false;
			if (reader->depth == 0)
				return true;
		}
		/* After a comma, or behind '{': a member must follow. */
		do {
			depth = reader->depth;
			if (!member_read(reader))
				return false;
			if (reader->depth > depth)
				break;
			if (!members_go_on(reader))
				return false;
		} while (reader->depth > 0);
	}
	return true;
}

bool
object_cut(struct cut *cut, struct span record, unsigned format)
{
	struct object_reader reader = { .cut = cut, .depth = 1 };

	cut_begin(cut, record, format);
	cut->foreign = true;
	if (record.n == 0)
		return false;
	reader.p = record.p;
	reader.end = record.p + record.n;
	if (span_starts(record, SPAN("\xef\xbb\xbf")))
		reader.p += 3;
	reader.p = scan_space(reader.p, reader.end);
	if (reader.p == reader.end || *reader.p != '{')
		return false;
	reader.p++;
	return object_read(&reader) && scan_space(reader.p, reader.end) == reader.end;
}
