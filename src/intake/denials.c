/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: a table with its texts in place. See denials.h. */
#include "intake/denials.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/utf8.h"
#include "sys/chan.h"
#include "wire/wire.h"

enum { HOUR_S = 3600 };

struct one {
	struct denied denied;		/* its spans are those below */
	uint8_t listener[LIMIT_NAME_BYTES], peer[DENIED_PEER_BYTES], name[DENIED_NAME_BYTES];
	int64_t told_s;			/* in the log */
};

struct denials {
	struct one *one[DENIED_MOST];
	unsigned n;
	bool changed;
};

struct denials *
denials_new(void)
{
	return xcalloc(1, sizeof(struct denials));
}

void
denials_free(struct denials **denials)
{
	struct denials *d = *denials;

	for (unsigned i = 0; d != NULL && i < d->n; i++)
		free(d->one[i]);
	free(d);
	*denials = NULL;
}

/* Strangers from one address are one, whatever they call themselves. */
static bool
is_same(const struct denied *a, const struct denied *b)
{
	return a->cause == b->cause && span_eq(a->listener, b->listener) &&
	    span_eq(a->peer, b->peer) && (!denied_is_ours(a->cause) || span_eq(a->name, b->name));
}

/* The one to give up for `denied`: of the least worth, who was here longest ago; NULL: none is. */
static struct one *
victim(const struct denials *d, const struct denied *denied)
{
	struct one *least = NULL;

	for (unsigned i = 0; i < d->n; i++) {
		struct one *o = d->one[i];
		bool ours = denied_is_ours(o->denied.cause);

		if (ours && !denied_is_ours(denied->cause))
			continue;
		if (least == NULL || ours < denied_is_ours(least->denied.cause) ||
		    (ours == denied_is_ours(least->denied.cause) &&
		    o->denied.last_s < least->denied.last_s))
			least = o;
	}
	return least;
}

/* What is no text (denied.h) becomes some: a list that breaks the rules would end the channel. */
static struct span
text_keep(uint8_t *room, struct span text, size_t most)
{
	struct span cut = utf8_cut(text, most);
	bool valid = utf8_valid(cut);

	for (size_t i = 0; i < cut.n; i++)
		room[i] = cut.p[i] < 0x20 || cut.p[i] == 0x7f || (!valid && cut.p[i] > 0x7f) ?
		    '?' : cut.p[i];
	return span_of(room, cut.n);
}

static struct one *
one_of(struct denials *d, const struct denied *denied)
{
	struct one *o;

	for (unsigned i = 0; i < d->n; i++)
		if (is_same(&d->one[i]->denied, denied))
			return d->one[i];
	if (d->n < DENIED_MOST) {
		o = d->one[d->n++] = xcalloc(1, sizeof *o);
	} else {
		o = victim(d, denied);
		if (o == NULL)
			return NULL;
		*o = (struct one){ .told_s = 0 };
	}
	o->denied.cause = denied->cause;
	o->denied.first_s = denied->last_s;
	o->denied.listener = text_keep(o->listener, denied->listener, sizeof o->listener);
	o->denied.peer = text_keep(o->peer, denied->peer, sizeof o->peer);
	return o;
}

bool
denials_note(struct denials *d, const struct denied *denied)
{
	/* As they are kept: a name that was cut is the same as the next one that is. */
	struct one kept;
	struct denied shown = { .cause = denied->cause, .last_s = denied->last_s,
	    .listener = text_keep(kept.listener, denied->listener, sizeof kept.listener),
	    .peer = text_keep(kept.peer, denied->peer, sizeof kept.peer),
	    .name = text_keep(kept.name, denied->name, sizeof kept.name) };
	struct one *o = one_of(d, &shown);
	int64_t now_s = denied->last_s;
	bool tell;

	if (o == NULL)
		return false;
	tell = o->denied.times == 0 || now_s - o->told_s >= HOUR_S || now_s < o->told_s;
	o->denied.name = text_keep(o->name, shown.name, sizeof o->name);
	o->denied.times++;
	/* A clock that was put back: it begins anew. */
	if (now_s < o->denied.first_s)
		o->denied.first_s = now_s;
	o->denied.last_s = now_s;
	if (tell)
		o->told_s = now_s;
	d->changed = true;
	return tell;
}

bool
denials_put(struct denials *d, int64_t now_s, struct buf *out)
{
	for (unsigned i = 0; i < d->n;) {
		if (now_s - d->one[i]->denied.last_s < HOUR_S) {
			i++;
			continue;
		}
		free(d->one[i]);
		d->one[i] = d->one[--d->n];
		d->changed = true;
	}
	if (!d->changed)
		return false;
	d->changed = false;
	buf_varint(out, d->n);
	for (unsigned i = 0; i < d->n; i++)
		denied_put(out, &d->one[i]->denied);
	return true;
}

void
denials_again(struct denials *d)
{
	d->changed = true;
}

enum err
denials_report(struct denials *d, int64_t now_s, struct chan *chan, struct why *why)
{
	struct buf list = { 0 };
	enum err rc = OK;

	if (denials_put(d, now_s, &list)) {
		rc = chan_send(chan, &(struct chan_msg){ .type = WIRE_DENIED,
		    .body = buf_span(&list) }, why);
		if (rc != OK)
			denials_again(d);
	}
	buf_done(&list);
	return rc;
}
