/* SPDX-License-Identifier: Apache-2.0 */
/* Action lines and outcomes of action.h. */
#include "intake/action.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cur.h"
#include "base/must.h"

static const char *const action_name[ACTION_END] = {
	[ACTION_INDEX] = "index", [ACTION_CREATE] = "create",
	[ACTION_UPDATE] = "update", [ACTION_DELETE] = "delete",
};

static uint8_t
octet_after_space(struct cur *in)
{
	uint8_t c;

	do
		c = cur_u8(in);
	while (c == ' ' || c == '\t' || c == '\r');
	return c;
}

enum err
action_read(struct span line, enum action *ret_action)
{
	struct cur in = cur_of(line);

	if (octet_after_space(&in) != '{' || octet_after_space(&in) != '"')
		return ERR_FORMAT;
	for (unsigned i = 0; i < ACTION_END; i++) {
		struct cur at = in;
		struct span name = cur_span(&at, strlen(action_name[i]));

		if (!span_is(name, action_name[i]) || cur_u8(&at) != '"')
			continue;
		if (octet_after_space(&at) != ':' || octet_after_space(&at) != '{')
			return ERR_FORMAT;
		*ret_action = (enum action)i;
		return OK;
	}
	return ERR_FORMAT;
}

void
outcomes_add(struct outcomes *o, enum action action, bool refused)
{
	struct outcome *last = o->nrun > 0 ? &o->run[o->nrun - 1] : NULL;

	o->n++;
	o->refused += refused;
	if (last != NULL && last->action == action && last->refused == refused) {
		last->n++;
		return;
	}
	if (o->nrun == o->room) {
		o->room = o->room > 0 ? o->room * 2 : 4;
		o->run = xreallocarray(o->run, o->room, sizeof o->run[0]);
	}
	o->run[o->nrun++] = (struct outcome){ (uint8_t)action, refused, 1 };
}

void
outcomes_done(struct outcomes *o)
{
	free(o->run);
	*o = (struct outcomes){ 0 };
}

void
outcomes_put(const struct outcomes *o, uint64_t took_ms, struct buf *out)
{
	bool first = true;

	buf_printf(out, "{\"took\":%llu,\"errors\":%s,\"items\":[", (unsigned long long)took_ms,
	    o->refused > 0 ? "true" : "false");
	for (size_t i = 0; i < o->nrun; i++) {
		const struct outcome *run = &o->run[i];
		char text[192];
		int n;

		if (run->refused)
			n = snprintf(text, sizeof text, "{\"%s\":{\"status\":405,\"error\":{"
			    "\"type\":\"illegal_argument_exception\",\"reason\":"
			    "\"records are added, never changed\"}}}", action_name[run->action]);
		else
			n = snprintf(text, sizeof text, "{\"%s\":{\"status\":201}}",
			    action_name[run->action]);
		must(n > 0 && (size_t)n < sizeof text);
		buf_reserve(out, ((size_t)n + 1) * run->n);
		for (uint32_t k = 0; k < run->n; k++, first = false) {
			if (!first)
				buf_u8(out, ',');
			buf_put(out, text, (size_t)n);
		}
	}
	buf_str(out, "]}");
}
