/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The items of an Elasticsearch _bulk body: an action line, and for index, create and update a
 * line with the document.
 *
 *	{"index":{"_index":"logs"}}
 *	{"@timestamp":"...","message":"..."}
 *	{"delete":{"_id":"1"}}
 *
 * A record may be added, never changed: update and delete are items that the caller refuses one
 * by one. Documents are not read here. Owns nothing; spans borrow from the body.
 */
#ifndef PARSE_BULK_H
#define PARSE_BULK_H

#include "base/err.h"
#include "base/span.h"
#include "parse/lines.h"

enum bulk_action {
	BULK_INDEX,
	BULK_CREATE,
	BULK_UPDATE,
	BULK_DELETE,
	BULK_ACTION_END
};

struct bulk {
	struct lines lines;
	uint32_t nitem;		/* items given out so far */
};

struct bulk_item {
	enum bulk_action action;
	struct span index;	/* body of the string `_index`, escapes kept; may be empty */
	struct span document;	/* empty for delete */
};

static inline struct bulk
bulk_of(struct span body, enum lines_tail tail)
{
	return (struct bulk){ lines_of(body, tail), 0 };
}

/*
 * OK: an item. ERR_MORE: the end, or with LINES_MORE_COMES the last item is not complete yet;
 * bulk->lines.at is where to go on. ERR_FORMAT: the action line is none, or its document is
 * missing; what follows cannot be told apart and the request is refused from here on.
 */
enum err	bulk_next(struct bulk *bulk, struct bulk_item *ret_item, struct why *why);

#endif
