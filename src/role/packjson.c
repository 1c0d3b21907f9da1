/* SPDX-License-Identifier: Apache-2.0 */
/* See packjson.h. */
#include "role/packjson.h"

void
packjson_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":", name);
	if (text[0] != '\0')
		json_string(out, span_str(text));
	else
		buf_str(out, "null");
}

void
packjson_number(struct buf *out, const char *name, int64_t number)
{
	buf_printf(out, ",\"%s\":%lld", name, (long long)number);
}

void
packjson_words(struct buf *out, bool first, const struct rulepack_words *w, const char *english)
{
	buf_str(out, first ? "{\"name\":" : ",{\"name\":");
	json_string(out, span_str(w->name));
	packjson_text(out, "title", w->title);
	packjson_text(out, "english", english);
	packjson_text(out, "note", w->note);
	packjson_text(out, "law", w->law);
	packjson_text(out, "article", w->article);
	packjson_text(out, "effective", w->effective);
	packjson_text(out, "source", w->source);
	packjson_text(out, "status", rulepack_status(w));
}

void
packjson_head(struct buf *out, const struct rulepack_head *head)
{
	buf_str(out, "{\"name\":");
	json_string(out, span_str(head->name));
	packjson_text(out, "version", head->version);
	packjson_text(out, "title", head->title);
}
