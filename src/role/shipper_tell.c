/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a relay says of itself: to its desk what was lost here (relay.md section 4), to who runs
 * `trucban status` how the line does, to the service manager one sentence. Counters are kept over
 * all lives in spool/counters, so that the desk never counts a loss twice.
 */
#include "role/shipper_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"

#define TALLY_MAGIC	"TBTALLY1"

enum {
	TALLY_FILE_BYTES = 64 << 10,
	TOLD_S = 30,			/* the service manager hears of it so often */
};

/* ---- counters ---- */

static struct ship_tally *
tally_find(struct shipper *s, const char *name)
{
	for (unsigned i = 0; i < s->ntally; i++)
		if (strcmp(s->tally[i].name, name) == 0)
			return &s->tally[i];
	if (s->ntally == RELAY_COUNTERS_MAX)
		return NULL;
	s->tally[s->ntally] = (struct ship_tally){ .total = 0 };
	(void)snprintf(s->tally[s->ntally].name, sizeof s->tally[0].name, "%s", name);
	return &s->tally[s->ntally++];
}

void
ship_count(struct shipper *s, const char *name, uint64_t more)
{
	struct ship_tally *t = more > 0 ? tally_find(s, name) : NULL;

	if (t == NULL)
		return;
	t->total += more;
	s->tally_dirty = true;
	s->tally_told = false;
}

/* A counter of a list, 0 when it is not in it. */
static uint64_t
value_of(struct span list, const char *name)
{
	struct cur in = cur_of(list);

	for (uint64_t n = cur_varint(&in); n > 0 && !in.bad; n--) {
		struct span one = cur_bytes(&in);
		uint64_t value = cur_varint(&in);

		if (span_is(one, name))
			return value;
	}
	return 0;
}

/* Which process, or socket, counts: it is another one, the counter begins with 0 (seal.md, 3). */
static uint64_t
mark_of(struct span list, const char *role, const char *name)
{
	const char *dot = strrchr(name, '.');
	char mark[RELAY_COUNTER_BYTES + 32];

	if (strcmp(dot, ".kernel_drops") == 0)
		(void)snprintf(mark, sizeof mark, "%s.%.*s.socket", role, (int)(dot - name), name);
	else if (strcmp(role, "collector") == 0)
		(void)snprintf(mark, sizeof mark, "began");
	else
		(void)snprintf(mark, sizeof mark, "%s.began", role);
	return value_of(list, mark);
}

static void
counter_take(struct shipper *s, const char *name, uint64_t value, uint64_t mark)
{
	struct ship_tally *t = tally_find(s, name);

	if (t == NULL)
		return;
	if (t->mark != mark || value < t->last)
		t->last = 0;
	s->tally_dirty |= value != t->last || t->mark != mark;
	s->tally_told &= value == t->last;
	t->total += value - t->last;
	t->last = value;
	t->mark = mark;
}

void
ship_counters_take(struct shipper *s, uint8_t role, struct span body)
{
	struct cur in = cur_of(body);
	const char *own = wire_role_name(role);

	for (uint64_t n = cur_varint(&in); n > 0 && !in.bad; n--) {
		struct span full = cur_bytes(&in);
		uint64_t value = cur_varint(&in);
		struct span rest = span_sub(full, strlen(own) + 1, SIZE_MAX);
		char name[RELAY_COUNTER_BYTES + 1];

		/* intake says "intake.udp.kernel_drops", collector "bytes_lost". */
		if (span_starts(full, span_str(own)))
			(void)snprintf(name, sizeof name, "%.*s", (int)rest.n,
			    (const char *)rest.p);
		else
			(void)snprintf(name, sizeof name, "%s.%.*s", own, (int)full.n,
			    (const char *)full.p);
		if (!relay_counter_is_known(span_str(name)))
			(void)snprintf(name, sizeof name, "%.*s", (int)full.n,
			    (const char *)full.p);
		if (value > 0 && relay_counter_is_known(span_str(name)))
			counter_take(s, name, value, mark_of(body, own, name));
	}
}

void
ship_counters_put(const struct shipper *s, struct buf *out)
{
	struct buf list = { 0 };
	uint64_t n = 0;

	for (unsigned i = 0; i < s->ntally; i++)
		n += relay_counter_is_known(span_str(s->tally[i].name));
	buf_varint(&list, n);
	for (unsigned i = 0; i < s->ntally; i++) {
		if (!relay_counter_is_known(span_str(s->tally[i].name)))
			continue;
		buf_bytes(&list, span_str(s->tally[i].name));
		buf_varint(&list, s->tally[i].total);
	}
	relay_put(out, RELAY_COUNTERS, buf_span(&list));
	buf_done(&list);
}

/* counters = magic, n * (bytes name, varint total, varint last, varint mark), u64 XXH3-64 */
void
ship_counters_save(struct shipper *s)
{
	struct buf text = { 0 };
	struct why why = { "" };

	if (!s->tally_dirty)
		return;
	buf_put(&text, TALLY_MAGIC, 8);
	buf_varint(&text, s->ntally);
	for (unsigned i = 0; i < s->ntally; i++) {
		buf_bytes(&text, span_str(s->tally[i].name));
		buf_varint(&text, s->tally[i].total);
		buf_varint(&text, s->tally[i].last);
		buf_varint(&text, s->tally[i].mark);
	}
	buf_u64(&text, hash64(buf_span(&text)));
	s->tally_dirty = file_replace(s->start->store_fd, "counters", buf_span(&text), &why) != OK;
	buf_done(&text);
}

void
ship_counters_load(struct shipper *s)
{
	struct buf text = { 0 };
	struct span body;
	struct cur in, tail;

	if (file_read_whole(s->start->store_fd, "counters", TALLY_FILE_BYTES, &text, NULL) != OK ||
	    text.n < 16)
		goto out;
	body = span_sub(buf_span(&text), 0, text.n - 8);
	tail = cur_of(span_sub(buf_span(&text), text.n - 8, 8));
	in = cur_of(body);
	if (!span_eq(cur_span(&in, 8), SPAN(TALLY_MAGIC)) || cur_u64(&tail) != hash64(body))
		goto out;
	for (uint64_t n = cur_varint(&in); n > 0 && s->ntally < RELAY_COUNTERS_MAX; n--) {
		struct ship_tally *t = &s->tally[s->ntally];
		struct span name = cur_bytes(&in);

		(void)snprintf(t->name, sizeof t->name, "%.*s", (int)name.n,
		    (const char *)name.p);
		t->total = cur_varint(&in);
		t->last = cur_varint(&in);
		t->mark = cur_varint(&in);
		if (in.bad)
			break;
		s->ntally++;
	}
out:
	buf_done(&text);
}

/* ---- state ---- */

/* What happened, in a sentence, and behind it the words of whoever found it. */
static void
trouble_say(const struct shipper *s, struct buf *out)
{
	buf_str(out, trouble_row(s->trouble)->en);
	if (s->words[0] != '\0')
		buf_printf(out, " (%s)", s->words);
}

/* Said once when it changes; the reason of a broken line as often as it is another one. */
void
ship_state_set(struct shipper *s, enum trouble trouble, const char *words)
{
	bool connected = trouble == TROUBLE_NONE, first = s->since_s == 0;
	bool news = trouble != s->trouble || first;
	struct buf text = { 0 };

	if (first || connected != (s->trouble == TROUBLE_NONE))
		s->since_s = clock_wall_ns() / 1000000000;
	s->trouble = trouble;
	(void)snprintf(s->words, sizeof s->words, "%s", words);
	/* They stand between quotes, on one line. */
	for (char *c = s->words; *c != '\0'; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20 || *c == '{' || *c == '}')
			*c = '\'';
	trouble_say(s, &text);
	if (connected && news)
		(void)fprintf(stderr, "trucban: shipper: connected to %s\n",
		    s->brief.conf.forward_to);
	else if (news && !first)
		(void)fprintf(stderr, "trucban: shipper: %s: %.*s\n",
		    s->brief.conf.forward_to, (int)text.n, (const char *)text.p);
	buf_done(&text);
}

static void
one(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "trucban_relay_%s %" PRIu64 "\n", name, value);
}

/* Until the spool is full: pace_lasts_s(). */
static int64_t
lasts_s(struct shipper *s, const struct spool_state *state)
{
	int64_t now = clock_mono_ns();

	pace_take(&s->pace, now, state->written_bytes);
	return pace_lasts_s(&s->pace, now, state->written_bytes,
	    state->disk_bytes >= state->limit_bytes ? 0 : state->limit_bytes - state->disk_bytes);
}

static void
manager_tell(struct shipper *s, const struct spool_state *state)
{
	int64_t now = clock_mono_ns();
	struct buf text = { 0 };

	if (s->told_ns > 0 && now - s->told_ns < TOLD_S * INT64_C(1000000000))
		return;
	s->told_ns = now;
	buf_printf(&text, "%s %s, %" PRIu64 " records wait", s->trouble == TROUBLE_NONE ?
	    "connected to" : "not connected to", s->brief.conf.forward_to, state->rows);
	if (s->trouble != TROUBLE_NONE) {
		buf_str(&text, ": ");
		trouble_say(s, &text);
	}
	(void)chan_send(s->brief.parent, &(struct chan_msg){ .type = WIRE_READY,
	    .body = buf_span(&text) }, NULL);
	buf_done(&text);
}

/* Not synced: it is worth nothing after a power cut. */
static void
file_put(struct shipper *s, struct span text)
{
	int fd = -1;

	(void)file_unlink(s->start->store_fd, "status.new", NULL);
	if (file_open(&fd, s->start->store_fd, "status.new", FILE_WRITE_NEW, NULL) == OK &&
	    file_write_all(fd, text, NULL) == OK)
		(void)file_rename(s->start->store_fd, "status.new", s->start->store_fd, "status",
		    NULL);
	file_close(&fd);
}

void
ship_status_write(struct shipper *s)
{
	struct spool_state state;
	struct buf text = { 0 };

	spool_tell(s->spool, &state);
	buf_printf(&text, "trucban_relay_info{to=\"%s\",name=\"%s\"} 1\n",
	    s->brief.conf.forward_to, s->line.name);
	if (s->trouble != TROUBLE_NONE)
		buf_printf(&text, "trucban_relay_trouble{cause=\"%s\",text=\"%s\"} 1\n",
		    trouble_row(s->trouble)->word, s->words);
	buf_printf(&text, "trucban_relay_zone_seconds %d\n",
	    (int)s->brief.conf.zone_minutes * 60);
	one(&text, "updated_time_seconds", (uint64_t)(clock_wall_ns() / 1000000000));
	one(&text, "connected", s->trouble == TROUBLE_NONE);
	one(&text, "since_time_seconds", (uint64_t)s->since_s);
	one(&text, "waiting_rows", state.rows);
	one(&text, "waiting_bytes", state.raw_bytes);
	one(&text, "spool_bytes", state.disk_bytes);
	one(&text, "spool_limit_bytes", state.limit_bytes);
	one(&text, "spool_full", !ship_takes(s));
	buf_printf(&text, "trucban_relay_spool_lasts_seconds %" PRId64 "\n",
	    lasts_s(s, &state));
	one(&text, "rows_taken_total", s->sent.taken_rows);
	one(&text, "rows_sent_total", s->sent.sent_rows);
	one(&text, "bytes_sent_total", s->sent.sent_bytes);
	one(&text, "plain_bytes_sent_total", s->sent.plain_bytes);
	for (unsigned i = 0; i < s->ntally; i++)
		buf_printf(&text, "trucban_relay_lost_total{counter=\"%s\"} %" PRIu64 "\n",
		    s->tally[i].name, s->tally[i].total);
	file_put(s, buf_span(&text));
	buf_done(&text);
	manager_tell(s, &state);
}
