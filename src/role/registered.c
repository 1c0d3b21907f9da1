/* SPDX-License-Identifier: Apache-2.0 */
/* One text under one lock; the rest is the loop's alone. See registered.h. */
#include "role/registered.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/thread.h"
#include "role/register.h"

struct registered {
	struct lock lock;
	struct buf text;			/* under the lock */
	char sha256[2 * REGISTRY_SHA256 + 1];	/* under the lock */
	struct registry *registry;
	struct buf change;			/* for the ledger; empty: nothing to note */
};

static void
sum_set(struct registered *r)
{
	const uint8_t *sum = registry_sha256(r->registry);

	for (unsigned i = 0; i < REGISTRY_SHA256; i++)
		(void)snprintf(r->sha256 + 2 * i, 3, "%02x", sum[i]);
}

struct registered *
registered_new(void)
{
	struct registered *r = xcalloc(1, sizeof *r);
	enum err rc = registry_read(&r->registry, (struct span){ NULL, 0 }, NULL);

	must(rc == OK);
	lock_init(&r->lock);
	sum_set(r);
	return r;
}

void
registered_take(struct registered *r, struct span text)
{
	struct registry *now = NULL;
	struct why why = { "" };

	if (registry_read(&now, text, &why) != OK) {
		(void)fprintf(stderr, "trucban: front: register of sources: %s\n", why.text);
		return;
	}
	if (!span_eq(text, buf_span(&r->text))) {
		if (r->change.n > 0)
			buf_u8(&r->change, '\n');
		register_change_put(&r->change, r->registry, now);
	}
	registry_free(&r->registry);
	r->registry = now;
	lock_take(&r->lock);
	r->text.n = 0;
	buf_span_put(&r->text, text);
	sum_set(r);
	lock_give(&r->lock);
}

void
registered_note(struct registered *r, struct ledger *ledger)
{
	const struct ledger_act act = { .act = "register", .who = SPAN("trucban"),
	    .from = SPAN("local"), .what = buf_span(&r->change) };

	if (r->change.n > 0 && ledger_write(ledger, &act, clock_wall_ns(), NULL) == OK)
		buf_done(&r->change);
}

void
registered_copy(struct registered *r, struct buf *out)
{
	lock_take(&r->lock);
	buf_span_put(out, buf_span(&r->text));
	lock_give(&r->lock);
}

bool
registered_is(struct registered *r, const char *sha256)
{
	bool is;

	lock_take(&r->lock);
	is = strcmp(r->sha256, sha256) == 0;
	lock_give(&r->lock);
	return is;
}
