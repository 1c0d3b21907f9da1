/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     write below the store's directory and its cold folder, sign with the seal's key, read
 *          its channels
 * may not: use the network, open anything else, start a process
 * if it dies: nothing acknowledged is lost; the next one recovers the journal, writers send again
 *          what was not acknowledged, and a batch that it dies of twice is set aside
 *
 * Feeds what the channels bring to the store's writer (store/keep.h) and brings its events back.
 * A channel whose batch has to wait is not read until then.
 */
#include "role/keeper_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/fault.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "wire/wire.h"
#include "store/key.h"
#include "role/keepconf.h"
#include "role/keeptake.h"
#include "role/rotation.h"

static void
line_close(struct keeper *k, struct line *l)
{
	if (l->hello)
		keep_channel_close(k->keep, l->id);
	chan_free(&l->chan);
	buf_done(&l->held);
	*l = (struct line){ 0 };
	waits_drop(&k->waits, (unsigned)(l - k->line));
}

static void
line_open(struct keeper *k, int fd, uint8_t role)
{
	for (unsigned i = 0; i < LINES; i++)
		if (k->line[i].chan == NULL) {
			k->line[i] = (struct line){ .role = role,
			    .chan = chan_new(fd, WIRE_LIMIT, ANSWERS_BYTES) };
			return;
		}
	(void)fprintf(stderr, "trucban: keeper: no room for another writer\n");
	(void)close(fd);
}

/* ---- answers ---- */

/* A writer that leaves its answers unread is not waited for: an answer is never left out. */
static void
send(struct line *l, uint16_t type, uint64_t tag, struct span body)
{
	struct why why = { "" };
	enum err rc;

	if (l->lost)
		return;
	rc = chan_send(l->chan, &(struct chan_msg){ .type = type, .tag = tag, .body = body }, &why);
	l->lost = rc != OK;
	if (rc != OK && rc != ERR_ABSENT)
		(void)fprintf(stderr, "trucban: keeper: cannot answer %s: %s\n",
		    wire_role_name(l->role), why.text);
}

void
keeper_send_result(struct line *l, uint16_t type, uint64_t tag, enum err rc, struct span text)
{
	struct buf body = { 0 };

	buf_u8(&body, (uint8_t)rc);
	buf_span_put(&body, text);
	send(l, type, tag, buf_span(&body));
	buf_done(&body);
}

/* ---- what writers send ---- */

_Static_assert((int)CHAN_FRONT_BYTES == KEEP_FRONT_BYTES, "a batch is received where it stays");
/* Offers the batch in `held`, which stays there while it waits. */
static void
batch_take(struct keeper *k, struct line *l, uint64_t ticket)
{
	struct why why = { "" };
	enum err rc = keep_batch_give(k->keep, l->id, ticket, &l->held, &why);

	l->held_ticket = ticket;
	l->waits = rc == ERR_BUSY;
	if (l->waits)
		return;
	buf_done(&l->held);
	if (rc != OK)
		keeper_send_result(l, WIRE_REFUSE, ticket, rc, span_str(why.text));
}

static enum err
define(struct keeper *k, struct line *l, const struct chan_msg *msg, struct why *why)
{
	struct cur in = cur_of(msg->body);
	uint32_t id = cur_u32(&in);
	struct span code = span_sub(msg->body, 4, msg->body.n);

	return msg->type == WIRE_SHAPE ? keep_shape(k->keep, l->id, id, code, why) :
	    keep_source(k->keep, l->id, id, code, why);
}

static enum err
message(struct keeper *k, struct line *l, const struct chan_msg *msg, struct why *why)
{
	struct cur in = cur_of(msg->body);
	enum err rc = OK;

	if (msg->fd >= 0)
		(void)close(msg->fd);
	/* The largest ones are checked once, where they are kept. */
	if (msg->type != WIRE_BATCH)
		rc = wire_check(msg->type, msg->body, why);
	if (rc != OK)
		return rc;
	if (msg->type == WIRE_HELLO && !l->hello) {
		if (cur_u8(&in) != l->role)
			return why_set(why, ERR_FORMAT, "HELLO of another role");
		(void)cur_u32(&in);
		rc = keep_channel_open(k->keep, cur_u64(&in), &l->id, why);
		l->hello = rc == OK;
		if (l->hello)
			keep_counters_end(k->keep, span_str(wire_role_name(l->role)));
		return rc;
	}
	if (msg->type == WIRE_ASK) {
		if (!may_ask(l->role, cur_u8(&in)))
			return why_set(why, ERR_DENIED, "it may not ask");
		keeper_ask(k, l, msg);
		return OK;
	}
	if (msg->type == WIRE_COUNTERS) {
		counters_keep(k->keep, wire_role_name(l->role), msg->body);
		if (l->role == WIRE_WATCH)
			k->watch_ns = clock_mono_ns();
		return OK;
	}
	if (msg->type == WIRE_DENIED && l->role == WIRE_INTAKE) {
		k->denied.n = 0;
		buf_span_put(&k->denied, msg->body);
		return OK;
	}
	if (!l->hello)
		return why_set(why, ERR_FORMAT, "message %u before HELLO", msg->type);
	if (msg->type == WIRE_PLACE) {
		if (!may_place(l->role, cur_u64(&in)))
			return why_set(why, ERR_DENIED, "this place is not its own");
		place_keep(k->keep, l->id, msg->body);
		return OK;
	}
	if (msg->type == WIRE_SHAPE || msg->type == WIRE_SOURCE)
		return define(k, l, msg, why);
	if (msg->type != WIRE_BATCH)
		return why_set(why, ERR_FORMAT, "message %u is not for the keeper", msg->type);
	if (!may_write(l->role, msg->body))
		return why_set(why, ERR_DENIED, "it may not write this stream");
	l->held = keep_spare(k->keep, msg->body.n);
	chan_keep(l->chan, msg, &l->held);
	batch_take(k, l, msg->tag);
	return OK;
}

/* At most a few messages a turn, so that no writer starves the others. */
static void
line_read(struct keeper *k, struct line *l)
{
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = OK;

	for (int i = 0; i < TURN_MESSAGES && rc == OK && !l->waits; i++) {
		rc = chan_recv(l->chan, &msg, &why);
		if (rc == OK)
			rc = message(k, l, &msg, &why);
	}
	l->more = rc == OK;
	if (rc == OK || rc == ERR_MORE)
		return;
	if (rc != ERR_ABSENT)
		(void)fprintf(stderr, "trucban: keeper: the channel of %s is closed: %s\n",
		    wire_role_name(l->role), why.text);
	line_close(k, l);
}

/* ---- what the store says ---- */

static struct line *
line_of(struct keeper *k, uint32_t channel)
{
	for (unsigned i = 0; i < LINES; i++)
		if (k->line[i].hello && k->line[i].id == channel)
			return &k->line[i];
	return NULL;
}

static void
rekeyed(struct keeper *k)
{
	struct why why = { "" };

	if (keys_rotate_end(k->start->store_fd, &why) != OK)
		(void)fprintf(stderr, "trucban: keeper: %s\n", why.text);
	k->rotating = false;
	/* The one with the KEY leaf has the old key's signature: seal.vkey shall fit at once. */
	keep_checkpoint(k->keep);
	keeper_answer(k, KEEP_REKEYED, span_str(why.text[0] != '\0' ? why.text :
	    "the seal has a new key"));
}

static void
resume(struct keeper *k)
{
	for (unsigned i = 0; i < LINES; i++) {
		struct line *l = &k->line[i];

		if (l->chan == NULL || !l->waits)
			continue;
		l->more = true;
		batch_take(k, l, l->held_ticket);
	}
	k->resume = false;
}

static void
event_take(struct keeper *k, const struct keep_event *e)
{
	struct line *l;
	struct buf body = { 0 };

	switch (e->type) {
	case KEEP_ACK:
		l = line_of(k, e->channel);
		wire_ack_encode(&body, e->first_seq, e->rows);
		if (l == NULL)
			break;
		fault_mark("acknowledged %s %llu", wire_role_name(l->role),
		    (unsigned long long)e->ticket);
		send(l, WIRE_ACK, e->ticket, buf_span(&body));
		break;
	case KEEP_RESUME:
		k->resume = true;
		break;
	case KEEP_REKEYED:
		rekeyed(k);
		break;
	case KEEP_ALARM:
		(void)fprintf(stderr, "trucban: keeper: %.*s\n", (int)e->text.n,
		    (const char *)e->text.p);
		break;
	case KEEP_EXPIRED:
	case KEEP_REPACKED:
		buf_printf(&body, "%u segments %s\n", e->rows,
		    e->type == KEEP_EXPIRED ? "expired" : "repacked");
		keeper_answer(k, e->type, buf_span(&body));
		break;
	case KEEP_COOLED:
		buf_printf(&body, "%u segments moved\n", e->rows);
		if (e->text.n > 0)
			buf_printf(&body, "%.*s\n", (int)e->text.n, (const char *)e->text.p);
		keeper_answer(k, e->type, buf_span(&body));
		break;
	default:
		keeper_answer(k, e->type, e->text);
	}
	buf_done(&body);
}

/* ---- the loop ---- */

static void
parent_read(struct keeper *k)
{
	struct chan_msg msg;
	struct why why;
	enum err rc;

	while ((rc = chan_recv(k->brief.parent, &msg, &why)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0 &&
		    wire_check(msg.type, msg.body, &why) == OK)
			line_open(k, msg.fd, msg.body.p[0]);
		else if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_STOP)
			k->stopping = true;
	}
	k->stopping |= rc != ERR_MORE;
}

static nfds_t
poll_set(struct keeper *k, struct pollfd *set)
{
	set[0] = (struct pollfd){ .fd = chan_fd(k->brief.parent), .events = POLLIN };
	set[1] = (struct pollfd){ .fd = keep_fd(k->keep), .events = POLLIN };
	for (unsigned i = 0; i < LINES; i++) {
		struct line *l = &k->line[i];

		set[i + 2] = (struct pollfd){ .fd = -1 };
		if (l->chan == NULL)
			continue;
		set[i + 2].events = l->waits ? 0 : POLLIN;
		if (chan_queued(l->chan) > 0)
			set[i + 2].events |= POLLOUT;
		if (set[i + 2].events != 0)
			set[i + 2].fd = chan_fd(l->chan);
	}
	return LINES + 2;
}

/* Not at all when a writer's messages are there already. */
static int
wait_ms(const struct keeper *k)
{
	int64_t ms = (keep_deadline_ns(k->keep) - clock_mono_ns()) / 1000000 + 1;

	for (unsigned i = 0; i < LINES; i++)
		if (k->line[i].chan != NULL && k->line[i].more && !k->line[i].waits)
			return 0;
	return ms < 0 ? 0 : ms > 1000 ? 1000 : (int)ms;
}

static void
store_turn(struct keeper *k)
{
	struct keep_event event;

	keep_turn(k->keep);
	while (keep_event(k->keep, &event))
		event_take(k, &event);
	if (k->resume)
		resume(k);
	for (unsigned i = 0; i < LINES; i++)
		if (k->line[i].chan != NULL && k->line[i].lost)
			line_close(k, &k->line[i]);
}

static void
turn(struct keeper *k)
{
	struct pollfd set[LINES + 2];
	nfds_t n = poll_set(k, set);
	struct why why;

	if (poll(set, n, wait_ms(k)) < 0)
		return;
	for (unsigned i = 0; i < LINES; i++) {
		struct line *l = &k->line[i];

		if (l->chan != NULL && (set[i + 2].revents & POLLOUT) != 0)
			(void)chan_flush(l->chan, &why);
		if (l->chan != NULL && !l->waits && (l->more ||
		    (set[i + 2].revents & (POLLIN | POLLHUP | POLLERR)) != 0))
			line_read(k, l);
	}
	if (set[0].revents != 0)
		parent_read(k);
	store_turn(k);
	keeper_waiting_tell(k);
}

/* Writers have ended: what they sent last is still in their channels. */
static void
lines_drain(struct keeper *k)
{
	for (unsigned i = 0; i < LINES; i++) {
		struct line *l = &k->line[i];

		do {
			if (l->chan != NULL && !l->waits)
				line_read(k, l);
			store_turn(k);
		} while (l->chan != NULL && l->more && !l->waits);
		if (l->chan != NULL)
			line_close(k, l);
	}
}

/* ---- start ---- */

static enum err
keeper_open(struct keeper *k, struct why *why)
{
	struct keep_conf conf;
	int dir[2] = { k->start->store_fd, -1 };
	struct sandbox box = { .groups = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE | SANDBOX_THREADS,
	    .write_dir = dir, .nwrite_dir = 1 + brief_cold(dir[0], &dir[1]) };
	struct sandbox_state state;
	char machine[KEEPCONF_MACHINE];
	struct rotation rotation = { .pending = false };
	struct keys keys;
	enum err rc;

	keepconf_machine(machine);
	rc = sandbox_enter(&box, &state, why);
	file_close(&dir[1]);
	if (rc == OK)
		rc = rotation_look(&rotation, k->start->store_fd, k->brief.seal_seed, why);
	if (rc == OK)
		rc = keys_load(&keys, k->start->store_fd, why);
	if (rc != OK)
		return rc;
	if (state.missing[0] != '\0')
		(void)fprintf(stderr, "trucban: keeper: %s\n", state.missing);
	keepconf_fill(&conf, &k->brief, k->start->store_fd);
	conf.origin = keys.origin;
	conf.machine = machine;
	rc = keep_open(&k->keep, &conf, why);
	keys_wipe(&keys);
	if (rc == OK)
		rc = rotation_resume(&rotation, k->keep, k->start->store_fd, &k->rotating, why);
	return rc;
}

int
keeper_main(const struct role_start *start)
{
	struct keeper *k = xcalloc(1, sizeof *k);
	struct why why = { "" };
	enum err rc;

	k->start = start;
	rc = brief_take(&k->brief, start->parent_fd, true, true, &why);
	if (rc == OK)
		rc = brief_drop_rights(&k->brief, &why);
	proc_on_crash(keep_crashed);
	if (rc == OK)
		rc = keeper_open(k, &why);
	explicit_bzero(k->brief.store_key, sizeof k->brief.store_key);
	explicit_bzero(k->brief.seal_seed, sizeof k->brief.seal_seed);
	if (rc == OK) {
		for (int i = 0; i < start->nchan; i++)
			line_open(k, start->chan_fd[i], start->chan_role[i]);
		brief_ready(&k->brief, k->brief.conf.state);
		while (!k->stopping)
			turn(k);
		lines_drain(k);
		keep_close(&k->keep);
	} else {
		(void)fprintf(stderr, "trucban: keeper: %s\n", why.text);
	}
	return rc == OK ? 0 : 3;
}
