/* SPDX-License-Identifier: Apache-2.0 */
/* See inquiry.h. */
#include "role/inquiry.h"

#include "base/cur.h"

enum { PATH_MOST = 1024, WHO_MOST = 256 };

/*
 * inquiry = u8 act, bytes path, who, from, lang, varint rights, varint n, n * (bytes name, bytes
 * value)
 */
void
inquiry_put(struct buf *out, const struct desk_ask *ask)
{
	buf_u8(out, ask->act);
	buf_bytes(out, ask->path);
	buf_bytes(out, ask->who);
	buf_bytes(out, ask->from);
	buf_bytes(out, ask->lang);
	buf_varint(out, ask->rights);
	buf_varint(out, ask->nparam);
	for (unsigned i = 0; i < ask->nparam; i++) {
		buf_bytes(out, ask->param[i].name);
		buf_bytes(out, ask->param[i].value);
	}
}

enum err
inquiry_read(struct desk_ask *ret_ask, struct span code, struct why *why)
{
	struct cur in = cur_of(code);
	uint8_t act = cur_u8(&in);
	uint64_t rights, n;

	*ret_ask = (struct desk_ask){ .act = act == 1, .path = cur_bytes(&in) };
	ret_ask->who = cur_bytes(&in);
	ret_ask->from = cur_bytes(&in);
	ret_ask->lang = cur_bytes(&in);
	rights = cur_varint(&in);
	n = cur_varint(&in);
	if (in.bad || act > 1 || rights > DESK_ALL || n > DESK_PARAMS_MAX)
		return why_set(why, ERR_FORMAT, "an inquiry that is none");
	if (ret_ask->path.n > PATH_MOST || ret_ask->who.n > WHO_MOST ||
	    ret_ask->from.n > WHO_MOST || ret_ask->lang.n > 8)
		return why_set(why, ERR_FORMAT, "an inquiry with a name that is too long");
	ret_ask->rights = (unsigned)rights;
	for (ret_ask->nparam = 0; ret_ask->nparam < n; ret_ask->nparam++) {
		struct desk_param *p = &ret_ask->param[ret_ask->nparam];

		p->name = cur_bytes(&in);
		p->value = cur_bytes(&in);
	}
	return cur_done(&in) ? OK : why_set(why, ERR_FORMAT, "an inquiry with a broken parameter");
}

void
inquiry_answer_put(struct buf *out, unsigned status, struct span json)
{
	buf_u16(out, (uint16_t)status);
	buf_span_put(out, json);
}

enum err
inquiry_answer_read(unsigned *ret_status, struct span *ret_json, struct span code, struct why *why)
{
	struct cur in = cur_of(code);

	*ret_status = cur_u16(&in);
	*ret_json = cur_span(&in, cur_left(&in));
	if (in.bad || *ret_status < 200 || *ret_status > 599)
		return why_set(why, ERR_FORMAT, "the desk answers with status %u", *ret_status);
	return OK;
}
