/* SPDX-License-Identifier: Apache-2.0 */
/* See call.h. */
#include "notify/call.h"

enum { COUNT_MOST = 99, NUMBER_MOST = 1000000 };

static const char *
level_word(const struct call *c)
{
	static const char *const vi[] = { "THÔNG TIN", "THẤP", "VỪA", "CAO", "NGHIÊM TRỌNG" };
	static const char *const en[] = { "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL" };
	unsigned i = c->level < 5 ? c->level : 4;

	return c->english ? en[i] : vi[i];
}

/* "12", "99+" */
static void
count_put(struct buf *out, unsigned count)
{
	buf_printf(out, "%u%s", count > COUNT_MOST ? COUNT_MOST : count,
	    count > COUNT_MOST ? "+" : "");
}

static void
alert_put(struct buf *out, const struct call *c)
{
	if (c->count <= 1) {
		buf_printf(out, c->english ? "alert, level %s" : "cảnh báo mức %s", level_word(c));
		return;
	}
	count_put(out, c->count);
	buf_printf(out, c->english ? " alerts, up to %s" : " cảnh báo, cao nhất %s",
	    level_word(c));
}

static void
due_put(struct buf *out, const struct call *c)
{
	if (c->count > 1) {
		count_put(out, c->count);
		buf_u8(out, ' ');
	}
	if (c->english)
		buf_str(out, c->count > 1 ? "deadlines" : "deadline");
	else
		buf_str(out, "việc đến hạn");
}

void
call_text(struct buf *out, const struct call *c)
{
	buf_str(out, c->english ? "Truc Ban: " : "Trực Ban: ");
	if (c->kind == CALL_TEST)
		buf_str(out, c->english ? "test, no need to call" : "tin thử, không cần gọi lại");
	else if (c->kind == CALL_DUE)
		due_put(out, c);
	else
		alert_put(out, c);
	if (c->kind != CALL_TEST)
		buf_str(out, c->english ? ", call the duty desk" : ", gọi bàn trực");
	buf_printf(out, c->english ? ". No. %u" : ". Số %u", (unsigned)(c->number % NUMBER_MOST));
}
