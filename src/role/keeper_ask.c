/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper is asked, and what it answers. See keeper_int.h. */
#include "role/keeper_int.h"

#include "sys/clock.h"
#include "model/json.h"
#include "wire/wire.h"
#include "store/key.h"
#include "role/keeptake.h"

static void
wait_for(struct keeper *k, struct line *l, uint64_t tag, uint8_t event)
{
	if (!waits_add(&k->waits, event, (unsigned)(l - k->line), tag, clock_mono_ns()))
		keeper_send_result(l, WIRE_ANSWER, tag, ERR_BUSY, SPAN("too many questions wait"));
}

void
keeper_answer(struct keeper *k, uint8_t event, struct span text)
{
	struct wait w;

	while (waits_take(&k->waits, event, &w))
		keeper_send_result(&k->line[w.line], WIRE_ANSWER, w.tag, OK, text);
}

void
keeper_waiting_tell(struct keeper *k)
{
	int64_t now = clock_mono_ns();
	struct buf text = { 0 };
	struct wait w;

	while (waits_due(&k->waits, now, &w)) {
		text.n = 0;
		keep_progress(k->keep, w.event, now - w.begin_ns, &text);
		keeper_send_result(&k->line[w.line], WIRE_ANSWER, w.tag, ERR_MORE, buf_span(&text));
	}
	buf_done(&text);
}

/* ---- questions ---- */

/*
 * What the store says; how long ago the watch, which counts after each judgement, told
 * ("watch_told_s"); and who was not let in ("denied", hexadecimal).
 */
static void
status_put(struct keeper *k, struct buf *out)
{
	keep_status(k->keep, out);
	out->n--;			/* its brace */
	if (k->watch_ns != 0)
		buf_printf(out, ",\"watch_told_s\":%lld",
		    (long long)((clock_mono_ns() - k->watch_ns) / 1000000000));
	if (k->denied.n > 1) {
		buf_str(out, ",\"denied\":");
		json_hex(out, buf_span(&k->denied));
	}
	buf_u8(out, '}');
}

static void
rotate(struct keeper *k, struct line *l, uint64_t tag, struct span reason)
{
	struct key_rotation rotation;
	struct keys keys;
	struct why why = { "" };
	enum err rc;

	rc = k->rotating ? why_set(&why, ERR_BUSY, "the key is being changed already") :
	    keys_load(&keys, k->start->store_fd, &why);
	if (rc == OK) {
		rc = keys_rotate_begin(&rotation, k->start->store_fd, &keys, reason, &why);
		keys_wipe(&keys);
	}
	if (rc != OK) {
		keeper_send_result(l, WIRE_ANSWER, tag, rc, span_str(why.text));
		return;
	}
	k->rotating = true;
	keep_rotate(k->keep, &rotation, reason);
	key_rotation_done(&rotation);
	wait_for(k, l, tag, KEEP_REKEYED);
}

void
keeper_ask(struct keeper *k, struct line *l, const struct chan_msg *msg)
{
	struct cur in = cur_of(msg->body);
	uint8_t what = cur_u8(&in);
	struct span arg = cur_bytes(&in);
	struct buf out = { 0 };
	uint64_t seconds = 0;
	struct why why;
	enum err rc;

	for (size_t i = 0; i < arg.n && i < 9 && arg.p[i] >= '0' && arg.p[i] <= '9'; i++)
		seconds = seconds * 10 + arg.p[i] - '0';
	switch (what) {
	case ASK_CHECKPOINT:
		keep_checkpoint(k->keep);
		wait_for(k, l, msg->tag, KEEP_CHECKPOINT);
		break;
	case ASK_STATUS:
		status_put(k, &out);
		keeper_send_result(l, WIRE_ANSWER, msg->tag, OK, buf_span(&out));
		break;
	case ASK_FLUSH:
		keep_flush(k->keep);
		wait_for(k, l, msg->tag, KEEP_FLUSHED);
		break;
	case ASK_HOLD_JOURNAL:
	case ASK_RELEASE:
		keep_hold(k->keep, what == ASK_RELEASE ? 0 : (int64_t)seconds);
		keeper_send_result(l, WIRE_ANSWER, msg->tag, OK,
		    what == ASK_HOLD_JOURNAL ? SPAN("held") :
		    SPAN("released"));
		break;
	case ASK_EXPIRE:
		keep_expire(k->keep);
		wait_for(k, l, msg->tag, KEEP_EXPIRED);
		break;
	case ASK_REPACK:
		keep_repack(k->keep, span_is(arg, "all") ? KEEP_REPACK_ALL : KEEP_REPACK_CLOSED);
		wait_for(k, l, msg->tag, KEEP_REPACKED);
		break;
	case ASK_COOL:
		keep_cool(k->keep, span_is(arg, "all") ? KEEP_REPACK_ALL : KEEP_REPACK_CLOSED);
		wait_for(k, l, msg->tag, KEEP_COOLED);
		break;
	case ASK_PLACES:
		places_answer(k->keep, arg, &out);
		keeper_send_result(l, WIRE_ANSWER, msg->tag, OK, buf_span(&out));
		break;
	case ASK_PLACE_KEPT:
		place_kept_answer(k->keep, arg, &out);
		keeper_send_result(l, WIRE_ANSWER, msg->tag, OK, buf_span(&out));
		break;
	case ASK_KEY_ROTATE:
		rotate(k, l, msg->tag, arg);
		break;
	case ASK_HOLD:
	case ASK_HOLD_END:
		if ((rc = hold_take(k->keep, what, arg, &why)) == OK)
			wait_for(k, l, msg->tag, KEEP_PINNED);
		else
			keeper_send_result(l, WIRE_ANSWER, msg->tag, rc, span_str(why.text));
		break;
	default:
		keeper_send_result(l, WIRE_ANSWER, msg->tag, ERR_ABSENT,
		    SPAN("this is not possible"));
	}
	buf_done(&out);
}
