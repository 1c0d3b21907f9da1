/* SPDX-License-Identifier: Apache-2.0 */
/* The table of forms, and what they share: see unpack.h. */
#include "parse/unpack.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/json.h"
#include "parse/scan.h"
#include "parse/unpack_int.h"

static const struct unpack_kind *const kinds[UNPACK_FORMS] = {
	[UNPACK_LOKI_JSON] = &unpack_loki_json,
	[UNPACK_LOKI_PROTO] = &unpack_loki_proto,
	[UNPACK_OTLP_JSON] = &unpack_otlp_json,
	[UNPACK_OTLP_PROTO] = &unpack_otlp_proto,
	[UNPACK_ENTRY] = &unpack_entry,
};

struct unpack *
unpack_new(void)
{
	return xcalloc(1, sizeof(struct unpack));
}

void
unpack_free(struct unpack **unpack)
{
	struct unpack *u = *unpack;

	if (u == NULL)
		return;
	buf_done(&u->record);
	buf_done(&u->attributes);
	buf_done(&u->outer);
	buf_done(&u->tail);
	free(u);
	*unpack = NULL;
}

void
unpack_begin(struct unpack *u, enum unpack_form form, struct span body)
{
	must(form < UNPACK_FORMS);
	u->form = (uint8_t)form;
	u->begun = u->ended = false;
	u->body = body.n > 0 ? body : SPAN("");
	u->at = u->body.p;
	u->level = 0;
	u->place[0].proto = cur_of(u->body);
	u->skipped = 0;
	u->outer.n = u->tail.n = 0;
}

enum err
unpack_next(struct unpack *u, struct unpacked *ret, struct why *why)
{
	const struct unpack_kind *kind = kinds[u->form];
	enum err rc = OK;

	*ret = (struct unpacked){ .cut = 0 };
	if (u->ended)
		return ERR_ABSENT;
	u->record.n = u->attributes.n = 0;
	u->cut = 0;
	if (!u->begun && kind->begin != NULL)
		rc = kind->begin(u, why);
	u->begun = true;
	if (rc == OK)
		rc = kind->next(u, why);
	u->ended = rc != OK;
	ret->skipped = u->skipped;
	u->skipped = 0;
	if (rc != OK)
		return rc;
	ret->record = span_sub(buf_span(&u->record), 0, LIMIT_RECORD_BYTES);
	ret->cut = u->cut + u->record.n - ret->record.n;
	return OK;
}

/* ---- shared by the forms ---- */

enum err
unpack_broken(const struct unpack *u, struct why *why, const char *what)
{
	return why_set(why, ERR_FORMAT, "%s at octet %zu", what, (size_t)(u->at - u->body.p));
}

void
unpack_name(struct buf *out, struct span name)
{
	buf_u8(out, out->n == 0 ? '{' : ',');
	json_string(out, name);
	buf_u8(out, ':');
}

static void
enter(struct unpack *u, union place place)
{
	must(u->level + 1 < UNPACK_LEVELS);
	u->place[++u->level] = place;
}

void
unpack_proto_enter(struct unpack *u, struct span message)
{
	enter(u, (union place){ .proto = cur_of(message) });
}

enum err
unpack_proto_next(struct unpack *u, struct proto_field *ret, struct why *why)
{
	for (;;) {
		enum err rc;

		u->at = u->place[u->level].proto.p;
		rc = proto_next(&u->place[u->level].proto, ret);
		if (rc == ERR_FORMAT)
			return unpack_broken(u, why, "broken protobuf message");
		if (rc == OK || u->level == 0)
			return rc;
		u->level--;
	}
}

enum err
unpack_json_begin(struct unpack *u, struct why *why)
{
	struct pull whole = pull_of(u->body);
	struct pulled value;

	if (pull_next(&whole, &value) != OK || value.kind != PULL_OBJECT)
		return unpack_broken(u, why, "no JSON object");
	u->place[0].json = pull_into(&whole, &value);
	return OK;
}

void
unpack_json_enter(struct unpack *u, const struct pulled *value)
{
	enter(u, (union place){ .json = pull_into(&u->place[u->level].json, value) });
}

enum err
unpack_json_next(struct unpack *u, struct pulled *ret, struct why *why)
{
	for (;;) {
		struct pull *pull = &u->place[u->level].json;
		enum err rc = pull_next(pull, ret);

		u->at = pull->p;
		if (rc == ERR_FORMAT)
			return unpack_broken(u, why, "broken JSON");
		if (rc == OK)
			return OK;
		if (u->level == 0)
			break;
		pull_back(&u->place[--u->level].json, pull);
	}
	if (scan_space(u->at, u->place[0].json.end) != u->place[0].json.end)
		return unpack_broken(u, why, "something behind the JSON object");
	return ERR_ABSENT;
}

void
unpack_json_scalar(struct buf *out, const struct pulled *value)
{
	if (value->kind == PULL_STRING)
		buf_u8(out, '"');
	buf_span_put(out, value->value);
	if (value->kind == PULL_STRING)
		buf_u8(out, '"');
}
