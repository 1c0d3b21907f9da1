/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about agents, written and read: see agents.h. Neither end believes the other. */
#include "role/agents.h"

#include "base/limits.h"

void
agents_ask_put(struct buf *out, const struct agents_ask *ask)
{
	buf_u8(out, ask->what);
	buf_bytes(out, ask->name);
	buf_varint(out, ask->unit);
	buf_bytes(out, ask->class);
	buf_varint(out, ask->days);
	buf_bytes(out, ask->text);
	/* A desk of before these knows no flags. */
	if (ask->flags != 0)
		buf_u8(out, ask->flags);
}

enum err
agents_ask_read(struct agents_ask *ret, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	struct agents_ask a = { .what = cur_u8(&in) };

	a.name = cur_bytes(&in);
	a.unit = cur_varint(&in);
	a.class = cur_bytes(&in);
	a.days = cur_varint(&in);
	a.text = cur_bytes(&in);
	if (cur_left(&in) > 0)
		a.flags = cur_u8(&in);
	if (!cur_done(&in) || a.what == 0 || a.what >= AGENTS_END || a.days > AGENTS_DAYS_MAX ||
	    a.flags > AGENTS_REPLACE || a.unit > INT64_MAX || a.class.n > LIMIT_NAME_BYTES ||
	    (a.class.n > 0 && memchr(a.class.p, '\0', a.class.n) != NULL))
		return why_set(why, ERR_FORMAT, "this is no question about agents");
	*ret = a;
	return OK;
}

void
agents_answer_put(struct buf *out, enum err rc, struct span text)
{
	buf_u8(out, (uint8_t)rc);
	buf_bytes(out, text);
}

enum err
agents_answer_read(enum err *ret_rc, struct span *ret_text, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	uint8_t rc = cur_u8(&in);
	struct span text = cur_bytes(&in);

	if (!cur_done(&in) || rc > ERR_BUSY)
		return why_set(why, ERR_FORMAT, "the desk's answer is broken");
	*ret_rc = (enum err)rc;
	*ret_text = text;
	return OK;
}
