/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: one table, grown by half. Open findings and what waits to be one: see standing.h.
 *
 *	holds now      not known    waiting            open
 *	yes            waiting      open_s: opened     more: grew
 *	no             -            forgotten          close_s: closed
 */
#include "coverage/standing.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

static const int64_t second_ns = 1000000000;

struct stand {
	const struct watch_rule *rule;
	struct finding finding;		/* group: of `names` */
	struct buf names;
	bool open;
	bool holds;			/* in this turn */
	int64_t since_ns;		/* waiting: that it holds; open: that it does not; 0 */
	uint64_t told;			/* value when it was told last */
	int64_t told_ns;
};

struct standing {
	struct stand **stand;
	uint64_t *hash;			/* of rule and group; side by side, for looking through */
	uint32_t n, cap;
	uint64_t sequence;
};

struct standing *
standing_new(void)
{
	return xcalloc(1, sizeof(struct standing));
}

static void
stand_free(struct stand *s)
{
	buf_done(&s->names);
	free(s);
}

void
standing_free(struct standing **standing)
{
	struct standing *all = *standing;

	if (all == NULL)
		return;
	for (uint32_t i = 0; i < all->n; i++)
		stand_free(all->stand[i]);
	free(all->stand);
	free(all->hash);
	free(all);
	*standing = NULL;
}

uint64_t
standing_sequence(const struct standing *all)
{
	return all->sequence;
}

void
standing_count(const struct standing *all, uint32_t ret[FINDING_LEVEL_END])
{
	memset(ret, 0, FINDING_LEVEL_END * sizeof ret[0]);
	for (uint32_t i = 0; i < all->n; i++)
		if (all->stand[i]->open)
			ret[all->stand[i]->rule->level]++;
}

/* ---- the table ---- */

static uint64_t
group_hash(const struct watch_rule *rule, const struct finding_group *g)
{
	uint64_t h = hash64_seed(span_str(rule->id), g->unit);

	h = hash64_seed(g->host, h);
	h = hash64_seed(g->peer, h);
	h = hash64_seed(g->listener, h);
	h = hash64_seed(g->identity, h);
	return hash64_seed(g->subject, h);
}

/* Some hundreds are open on a bad day: they are looked through. */
static struct stand *
stand_find(const struct standing *all, const struct watch_rule *rule,
    const struct finding_group *group)
{
	uint64_t hash = group_hash(rule, group);

	for (uint32_t i = 0; i < all->n; i++)
		if (all->hash[i] == hash && all->stand[i]->rule == rule &&
		    finding_same_group(&all->stand[i]->finding.group, group))
			return all->stand[i];
	return NULL;
}

static struct span
name_keep(struct buf *names, struct span name)
{
	size_t at = names->n;

	buf_span_put(names, name);
	return span_of(names->p + at, name.n);
}

static struct stand *
stand_add(struct standing *all, const struct watch_rule *rule, const struct finding_group *g)
{
	struct stand *s;

	if (all->n == STANDING_MOST)
		return NULL;
	if (all->n == all->cap) {
		all->cap = all->cap + all->cap / 2 + 16;
		all->stand = xreallocarray(all->stand, all->cap, sizeof(struct stand *));
		all->hash = xreallocarray(all->hash, all->cap, sizeof all->hash[0]);
	}
	all->hash[all->n] = group_hash(rule, g);
	s = all->stand[all->n++] = xcalloc(1, sizeof *s);
	s->rule = rule;
	buf_reserve(&s->names, g->listener.n + g->peer.n + g->identity.n + g->host.n +
	    g->subject.n + 1);
	s->finding = (struct finding){ .rule = span_str(rule->id), .version = rule->version,
	    .level = rule->level, .unit = span_str(watch_unit_name(rule->unit)) };
	s->finding.group = (struct finding_group){ .unit = g->unit,
	    .listener = name_keep(&s->names, g->listener), .peer = name_keep(&s->names, g->peer),
	    .identity = name_keep(&s->names, g->identity), .host = name_keep(&s->names, g->host),
	    .subject = name_keep(&s->names, g->subject) };
	return s;
}

static void
stand_drop(struct standing *all, uint32_t i)
{
	stand_free(all->stand[i]);
	all->n--;
	all->stand[i] = all->stand[all->n];
	all->hash[i] = all->hash[all->n];
}

/* ---- from the stream ---- */

void
standing_load(struct standing *all, const struct finding *f)
{
	const struct watch_rule *rule = watch_rule_of(f->rule);
	struct finding_group group;
	struct stand *s;

	if (f->sequence > all->sequence)
		all->sequence = f->sequence;
	if (rule == NULL)
		return;
	s = stand_find(all, rule, &f->group);
	if (f->act == FINDING_CLOSED) {
		for (uint32_t i = 0; i < all->n && s != NULL; i++)
			if (all->stand[i] == s)
				stand_drop(all, i);
		return;
	}
	if (s == NULL)
		s = stand_add(all, rule, &f->group);
	if (s == NULL)
		return;
	group = s->finding.group;
	s->finding = *f;
	s->finding.group = group;
	s->finding.rule = span_str(rule->id);
	s->finding.unit = span_str(watch_unit_name(rule->unit));
	s->finding.message = SPAN("");
	s->open = true;
	s->told = f->value;
	s->told_ns = f->time_ns;
}

/* ---- a turn ---- */

struct turn {
	struct standing *all;
	const struct standing_ask *ask;
	uint64_t sequence;
	struct arena *arena;
	struct finding *out;
	uint32_t n;
};

static bool
is_long(const struct turn *t, int64_t since_ns, uint32_t s)
{
	return (t->ask->now_ns - since_ns) / second_ns * t->ask->haste +
	    (t->ask->now_ns - since_ns) % second_ns * t->ask->haste / second_ns >= (int64_t)s;
}

static void
tell(struct turn *t, struct stand *s, enum finding_act act)
{
	struct finding *f = &s->finding, *out = &t->out[t->n++];
	struct buf words = { 0 };

	f->act = (uint8_t)act;
	f->sequence = t->sequence;
	f->time_ns = t->ask->now_ns;
	if (act == FINDING_OPENED) {
		f->opened_ns = f->time_ns;
		f->opened_seq = f->from_seq;
		finding_id(f);
	}
	s->told = f->value;
	s->told_ns = f->time_ns;
	*out = *f;
	out->group.listener = arena_dup(t->arena, f->group.listener);
	out->group.peer = arena_dup(t->arena, f->group.peer);
	out->group.identity = arena_dup(t->arena, f->group.identity);
	out->group.host = arena_dup(t->arena, f->group.host);
	out->group.subject = arena_dup(t->arena, f->group.subject);
	watch_words(&words, f, LANG_VI);
	out->message = arena_dup(t->arena, buf_span(&words));
	buf_done(&words);
}

static void
condition_take(struct turn *t, const struct condition *c)
{
	const struct watch_rule *rule = watch_rule(c->rule);
	struct stand *s = stand_find(t->all, rule, &c->group);

	if (s == NULL) {
		s = stand_add(t->all, rule, &c->group);
		if (s == NULL)
			return;
		s->since_ns = t->ask->now_ns;
	}
	/* A clock that was put back must not keep it waiting. */
	if (!s->open && s->since_ns > t->ask->now_ns)
		s->since_ns = t->ask->now_ns;
	s->holds = true;
	s->finding.value = c->value;
	s->finding.usual = c->usual;
	s->finding.from_ns = c->from_ns;
	s->finding.to_ns = c->to_ns;
	s->finding.from_seq = c->from_seq;
	s->finding.to_seq = c->to_seq;
	if (s->open)
		s->since_ns = 0;
}

/* It holds: opened when it does for long, told again when it is much more than was told. */
static void
holds(struct turn *t, struct stand *s)
{
	const struct watch_rule *rule = s->rule;

	if (!s->open && is_long(t, s->since_ns, rule->open_s)) {
		s->open = true;
		s->since_ns = 0;
		tell(t, s, FINDING_OPENED);
	} else if (s->open && is_long(t, s->told_ns, rule->grew_s) &&
	    s->finding.value / rule->grew_times >= (s->told > 0 ? s->told : 1)) {
		tell(t, s, FINDING_GREW);
	}
}

/* It does not: true when nothing is left to stand. */
static bool
holds_not(struct turn *t, struct stand *s)
{
	if (!s->open)
		return true;
	if (t->ask->known != NULL && !t->ask->known(t->ask->ctx, &s->finding)) {
		s->since_ns = 0;
		return false;
	}
	if (s->since_ns == 0 || s->since_ns > t->ask->now_ns)
		s->since_ns = t->ask->now_ns;
	if (!is_long(t, s->since_ns, s->rule->close_s))
		return false;
	tell(t, s, FINDING_CLOSED);
	return true;
}

uint32_t
standing_turn(struct standing *all, const struct standing_ask *ask, uint64_t sequence,
    struct arena *arena, const struct finding **ret)
{
	struct turn t = { .all = all, .ask = ask, .sequence = sequence, .arena = arena };

	t.out = arena_alloc(arena, STANDING_TURN * sizeof *t.out);
	for (uint32_t i = 0; i < ask->n; i++)
		condition_take(&t, &ask->condition[i]);
	for (uint32_t i = 0; i < all->n && t.n < STANDING_TURN;) {
		if (all->stand[i]->holds)
			holds(&t, all->stand[i]);
		else if (holds_not(&t, all->stand[i])) {
			stand_drop(all, i);
			continue;
		}
		i++;
	}
	for (uint32_t i = 0; i < all->n; i++)
		all->stand[i]->holds = false;
	if (t.n > 0)
		all->sequence = sequence;
	*ret = t.out;
	return t.n;
}
