/* SPDX-License-Identifier: Apache-2.0 */
/* See visit.h. */
#include "role/visit.h"

#include "base/cur.h"

/* visit = u8 what, u8 by, u8 touches, bytes shown, inquiry (VISIT_DO) */
void
visit_put(struct buf *out, const struct visit *visit)
{
	buf_u8(out, visit->what);
	buf_u8(out, visit->by);
	buf_u8(out, visit->touches);
	buf_bytes(out, visit->shown);
	if (visit->what == VISIT_DO)
		inquiry_put(out, &visit->ask);
}

enum err
visit_read(struct visit *ret_visit, struct span code, struct why *why)
{
	struct cur in = cur_of(code);
	struct visit v = { .what = cur_u8(&in), .by = cur_u8(&in) };

	v.touches = cur_u8(&in) == 1;
	v.shown = cur_bytes(&in);
	if (in.bad || v.what < VISIT_WHO || v.what > VISIT_DO || v.by > VISIT_TOKEN ||
	    v.shown.n > VISIT_SHOWN_BYTES)
		return why_set(why, ERR_FORMAT, "a visit that is none");
	*ret_visit = v;
	if (v.what == VISIT_DO)
		return inquiry_read(&ret_visit->ask, cur_span(&in, cur_left(&in)), why);
	return cur_done(&in) ? OK : why_set(why, ERR_FORMAT, "a visit with more behind it");
}

/* visitor = u8 accounts, bytes login, varint rights, varint must, u8 session, bytes csrf */
void
visitor_put(struct buf *out, const struct visitor *visitor)
{
	buf_u8(out, visitor->accounts);
	buf_bytes(out, span_str(visitor->login));
	buf_varint(out, visitor->rights);
	buf_varint(out, visitor->must);
	buf_u8(out, visitor->session);
	buf_bytes(out, span_str(visitor->csrf));
}

enum err
visitor_read(struct visitor *ret_visitor, struct span code, struct why *why)
{
	struct cur in = cur_of(code);
	struct visitor v = { .accounts = cur_u8(&in) == 1 };
	struct span login = cur_bytes(&in), csrf;
	uint64_t rights = cur_varint(&in), must_do = cur_varint(&in);

	v.session = cur_u8(&in) == 1;
	csrf = cur_bytes(&in);
	if (!cur_done(&in) || login.n >= sizeof v.login || csrf.n >= sizeof v.csrf ||
	    rights > DESK_ALL || must_do > (VISIT_MUST_PASSWORD | VISIT_MUST_CODE))
		return why_set(why, ERR_FORMAT, "the porter names a visitor that is none");
	v.rights = (unsigned)rights;
	v.must = (unsigned)must_do;
	if (login.n > 0)
		memcpy(v.login, login.p, login.n);
	if (csrf.n > 0)
		memcpy(v.csrf, csrf.p, csrf.n);
	*ret_visitor = v;
	return OK;
}

/* answer = bytes cookie, u16 status of HTTP, JSON */
void
visit_answer_put(struct buf *out, const struct visit_answer *answer)
{
	buf_bytes(out, answer->cookie);
	inquiry_answer_put(out, answer->status, answer->json);
}

enum err
visit_answer_read(struct visit_answer *ret_answer, struct span code, struct why *why)
{
	struct cur in = cur_of(code);

	ret_answer->cookie = cur_bytes(&in);
	if (in.bad || ret_answer->cookie.n > VISIT_SHOWN_BYTES)
		return why_set(why, ERR_FORMAT, "the porter gives a cookie that is none");
	return inquiry_answer_read(&ret_answer->status, &ret_answer->json,
	    cur_span(&in, cur_left(&in)), why);
}
