/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, always behind a comparison with the end. See bulk.h; the format is
 * that of Elasticsearch's Bulk API. Action lines are read strictly: one object with one member,
 * whose value is an object.
 */
#include "parse/bulk.h"

#include "parse/scan.h"

static const struct span action_name[BULK_ACTION_END] = {
	[BULK_INDEX] = { (const uint8_t *)"index", 5 },
	[BULK_CREATE] = { (const uint8_t *)"create", 6 },
	[BULK_UPDATE] = { (const uint8_t *)"update", 6 },
	[BULK_DELETE] = { (const uint8_t *)"delete", 6 },
};

/* ws string ws ":" ws; the place of the value, or NULL. */
static const uint8_t *
key_take(const uint8_t *p, const uint8_t *end, struct span *ret_key)
{
	const uint8_t *from;

	p = scan_space(p, end);
	if (p == end || *p != '"')
		return NULL;
	from = p + 1;
	p = scan_string(from, end);
	if (p == NULL)
		return NULL;
	*ret_key = span_of(from, (size_t)(p - from));
	p = scan_space(p + 1, end);
	if (p == end || *p != ':')
		return NULL;
	return scan_space(p + 1, end);
}

/* The place behind the value at p, or NULL. *ret_text is a string's body, else empty. */
static const uint8_t *
value_take(const uint8_t *p, const uint8_t *end, struct span *ret_text)
{
	const uint8_t *from;

	*ret_text = span_of(NULL, 0);
	if (p == end)
		return NULL;
	if (*p == '[' || *p == '{')
		return scan_nested(p, end);
	if (*p != '"')
		return scan_literal(p, end);
	from = p + 1;
	p = scan_string(from, end);
	if (p == NULL)
		return NULL;
	*ret_text = span_of(from, (size_t)(p - from));
	return p + 1;
}

/* The string `_index` of the object in between, which was scanned before. */
static struct span
index_find(struct span object)
{
	const uint8_t *p = object.p + 1, *end = object.p + object.n;
	struct span key, text;

	while ((p = key_take(p, end, &key)) != NULL) {
		p = value_take(p, end, &text);
		if (p == NULL)
			break;
		if (span_is(key, "_index"))
			return text;
		p = scan_space(p, end);
		if (p == end || *p++ != ',')
			break;
	}
	return span_of(NULL, 0);
}

/* action = "{" ws string ws ":" ws object ws "}"; its name is one of four. */
static bool
action_read(struct span line, struct bulk_item *item)
{
	const uint8_t *p = line.p, *end = p + line.n, *object;
	struct span key;

	p = scan_space(p, end);
	if (p == end || *p != '{')
		return false;
	object = key_take(p + 1, end, &key);
	if (object == NULL || object == end || *object != '{')
		return false;
	p = scan_nested(object, end);
	if (p == NULL)
		return false;
	item->index = index_find(span_of(object, (size_t)(p - object)));
	p = scan_space(p, end);
	if (p == end || *p != '}' || scan_space(p + 1, end) != end)
		return false;
	for (unsigned i = 0; i < BULK_ACTION_END; i++)
		if (span_eq(key, action_name[i])) {
			item->action = (enum bulk_action)i;
			return true;
		}
	return false;
}

enum err
bulk_next(struct bulk *bulk, struct bulk_item *ret_item, struct why *why)
{
	struct lines lines = bulk->lines;
	struct bulk_item item = { .document = { NULL, 0 } };
	struct span action;

	if (!lines_next(&lines, &action)) {
		if (lines.at > bulk->lines.at)
			bulk->lines.at = lines.at;	/* empty lines */
		return ERR_MORE;
	}
	if (!action_read(action, &item))
		return why_set(why, ERR_FORMAT, "item %u has no action line", bulk->nitem);
	if (item.action != BULK_DELETE && !lines_next(&lines, &item.document)) {
		if (lines.tail == LINES_MORE_COMES)
			return ERR_MORE;
		return why_set(why, ERR_FORMAT, "item %u has no document", bulk->nitem);
	}
	bulk->lines = lines;
	bulk->nitem++;
	*ret_item = item;
	return OK;
}
