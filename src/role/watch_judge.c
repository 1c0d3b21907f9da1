/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick of the watch: what the rows, the heartbeats, the keeper, the disk and the clock say
 * becomes conditions, and these become findings (coverage/standing.h).
 */
#include "role/watch_int.h"

#include <stdio.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "model/registry.h"

static const int64_t second_ns = 1000000000;

enum { JUMP_S = 60, ANCHOR_TIMES = 3, ANCHOR_LEAST_S = 3600, ANCHOR_S = 300, MAIL_S = 86400,
	DENIED_S = 300 };		/* relays try each minute, other senders within five */

int64_t
watch_tick_ns(const struct watch *w)
{
	int64_t ns = TICK_S * second_ns / w->haste, least = TICK_LEAST_MS * INT64_C(1000000);

	return ns > least ? ns : least;
}

/* ---- the keeper's status ---- */

/* What stands behind "KEY": in our own keeper's JSON; empty: it is not there. */
static struct span
status_find(const struct watch *w, const char *key)
{
	struct buf want = { 0 };
	struct span all = buf_span(&w->status), found = { NULL, 0 };

	buf_printf(&want, "\"%s\":", key);
	for (size_t i = 0; i + want.n < all.n && found.p == NULL; i++)
		if (memcmp(all.p + i, want.p, want.n) == 0)
			found = span_sub(all, i + want.n, SIZE_MAX);
	buf_done(&want);
	return found;
}

static uint64_t
status_number(const struct watch *w, const char *key)
{
	struct span s = status_find(w, key);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n && i < 19 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	return v;
}

static struct span
status_text(const struct watch *w, const char *key)
{
	struct span s = status_find(w, key);
	size_t n = 1;

	if (s.n == 0 || s.p[0] != '"')
		return SPAN("");
	while (n < s.n && s.p[n] != '"')
		n++;
	return span_sub(s, 1, n - 1);
}

static void
anchors_look(const struct watch *w, struct desk_state *desk)
{
	const struct conf *conf = &w->brief.conf;

	for (unsigned i = 0; i < conf->nanchor && desk->nlate < 16; i++) {
		const struct conf_anchor *a = &conf->anchor[i];
		uint64_t every = a->every_s > 0 ? (uint64_t)a->every_s :
		    a->kind == CONF_ANCHOR_MAIL ? MAIL_S : ANCHOR_S, late;
		char key[64];

		(void)snprintf(key, sizeof key, "teller.%u.behind_seconds", i + 1);
		late = status_number(w, key) * (uint64_t)w->haste;
		if (late < ANCHOR_LEAST_S || late < every * ANCHOR_TIMES)
			continue;
		desk->late_anchor[desk->nlate] = span_str(a->target);
		desk->late_hours[desk->nlate++] = late / 3600;
	}
}

/* Leaves that a whole tick has brought under no signature. */
static void
seal_look(struct watch *w, struct desk_state *desk)
{
	uint64_t size = status_number(w, "tree_size"), now = status_number(w, "signed_size");

	if (size > now && now == w->signed_size)
		desk->unsealed = size - now;
	w->signed_size = now;
}

/* Those who tried within the last minutes. */
static void
denied_look(const struct watch *w, int64_t now_ns, struct arena *arena, struct buf *list,
    struct desk_state *desk)
{
	struct denied *all = arena_alloc(arena, DENIED_MOST * sizeof *all);
	int64_t since_s = (now_ns - DENIED_S * second_ns / w->haste) / second_ns;
	struct cur in;

	desk->denied = all;
	if (!denied_unhex(list, status_text(w, "denied")) ||
	    denied_check(buf_span(list), NULL) != OK)
		return;
	in = cur_of(buf_span(list));
	for (uint64_t n = cur_varint(&in); n > 0; n--) {
		denied_get(&in, &all[desk->ndenied]);
		desk->ndenied += all[desk->ndenied].last_s >= since_s;
	}
}

/* ---- disk and clock ---- */

/* By what the last day added and the next day takes away. */
static uint64_t
disk_hours(const struct watch *w, int64_t now_ns)
{
	const struct conf *conf = &w->brief.conf;
	const int64_t day_ns = 86400 * second_ns;
	struct desk_disk disk = { .came = 0 };
	int64_t first_ns = now_ns;
	uint64_t total;

	for (size_t i = 0; i < store_segments(w->store); i++) {
		const struct segment_info *info = store_segment(w->store, i);
		int64_t days = info->class < conf->nclass ? conf->class[info->class].days : 0;

		if (info->recv_max_ns >= now_ns - day_ns && info->recv_min_ns <= now_ns) {
			disk.came += info->bytes;
			if (info->recv_min_ns < first_ns)
				first_ns = info->recv_min_ns;
		}
		if (days > 0 && info->stream != STREAM_LEDGER &&
		    info->recv_max_ns < now_ns - (days - 1) * day_ns)
			disk.goes_a_day += info->bytes;
	}
	if (first_ns < now_ns - day_ns)
		first_ns = now_ns - day_ns;
	disk.came_in_s = (now_ns - first_ns) / second_ns;
	if (disk_free(w->start->store_fd, &disk.room, &total, NULL) != OK)
		return UINT64_MAX;
	disk.room -= disk.room < (uint64_t)conf->reserve_bytes ? disk.room :
	    (uint64_t)conf->reserve_bytes;
	return desk_disk_hours(&disk);
}

/* The wall clock against the one that only goes on. */
static void
clock_look(struct watch *w, int64_t now_ns, struct desk_state *desk)
{
	int64_t offset_ns = now_ns - clock_mono_ns(), by = offset_ns - w->offset_ns;

	if (w->offset_ns != 0 && (by >= JUMP_S * second_ns || by <= -JUMP_S * second_ns)) {
		desk->clock_jump_s = (uint64_t)((by < 0 ? -by : by) / second_ns);
		/* Pauses across it mean nothing. */
		w->quiet_ns = now_ns;
	}
	w->offset_ns = offset_ns;
}

/* ---- what holds ---- */

/* A teller that began anew does not know for how long a place was not reached. */
static bool
anchor_known(const struct watch *w, struct span target)
{
	for (unsigned i = 0; i < w->brief.conf.nanchor; i++) {
		char key[64];

		(void)snprintf(key, sizeof key, "teller.%u.reached", i + 1);
		if (span_is(target, w->brief.conf.anchor[i].target))
			return status_number(w, key) > 0;
	}
	return true;			/* it is not asked for any more */
}

/* A turn, for is_known(). */
struct turn {
	const struct watch *watch;
	const struct coverage_result *looked;
};

/* Somebody has come for the row, or it is gone. */
static bool
row_settled(const struct coverage_result *looked, struct span id)
{
	uint32_t row = looked->registry != NULL ? registry_find(looked->registry, id) :
	    REGISTRY_NONE;

	return row == REGISTRY_NONE || looked->expected[row].sources > 0;
}

static bool
is_known(void *ctx, const struct finding *open)
{
	const struct turn *turn = ctx;
	const struct watch *w = turn->watch;

	if (span_is(open->rule, watch_rule(RULE_ABSENT)->id))
		return row_settled(turn->looked, open->group.subject);
	if (span_is(open->rule, watch_rule(RULE_ANCHOR)->id))
		return anchor_known(w, open->group.subject);
	/* Only a record ends a silence, or shows that a clock is right again. */
	if (span_is(open->rule, watch_rule(RULE_SILENT)->id))
		return rolling_heard_ns(w->rolling, &open->group) > open->from_ns;
	if (span_is(open->rule, watch_rule(RULE_SKEWED)->id))
		return rolling_heard_ns(w->rolling, &open->group) > open->to_ns;
	return true;
}

static void
outages_look(struct watch *w, const struct coverage_result *losses)
{
	for (uint64_t i = 0; i < losses->noutage && i < COVERAGE_OUTAGES; i++)
		if (losses->outage[i].to_ns > w->quiet_ns)
			w->quiet_ns = losses->outage[i].to_ns;
}

static void
folded_tell(struct watch *w, const struct rolling_view *view)
{
	if (view->folded && !w->folded_told)
		(void)fprintf(stderr, "trucban: watch: more sources than are watched one by one; "
		    "those that came last are watched by their listener only\n");
	w->folded_told |= view->folded;
}

enum err
watch_judge(struct watch *w, int64_t now_ns, uint64_t sequence, struct arena *arena,
    const struct finding **ret, uint32_t *ret_n, struct why *why)
{
	int64_t from_ns = now_ns - WINDOW_S * second_ns / w->haste;
	struct coverage_ask ask = { .period = { from_ns, now_ns, now_ns, 0 } };
	struct coverage_result losses;
	struct desk_state desk = { .disk_hours = UINT64_MAX };
	struct rolling_view view;
	struct conditions_ask conditions = { .now_ns = now_ns, .from_ns = from_ns, .view = &view,
	    .losses = &losses, .desk = &desk };
	struct turn turn = { w, &view.result };
	struct buf denied = { 0 };
	struct standing_ask standing = { .now_ns = now_ns, .haste = w->haste, .known = is_known,
	    .ctx = &turn };
	enum err rc = coverage_losses(w->start->store_fd, &ask, arena, &losses, why);

	if (rc != OK)
		return rc;
	clock_look(w, now_ns, &desk);
	outages_look(w, &losses);
	if (!span_is(status_text(w, "state"), "open"))
		desk.store = status_text(w, "state");
	seal_look(w, &desk);
	anchors_look(w, &desk);
	denied_look(w, now_ns, arena, &denied, &desk);
	desk.disk_hours = disk_hours(w, now_ns);
	rolling_look(w->rolling, now_ns, w->quiet_ns, w->registry, arena, &view);
	folded_tell(w, &view);
	standing.n = conditions_make(&conditions, arena, &standing.condition);
	*ret_n = standing_turn(w->standing, &standing, sequence, arena, ret);
	buf_done(&denied);
	return OK;
}
