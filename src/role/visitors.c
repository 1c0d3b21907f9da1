/* SPDX-License-Identifier: Apache-2.0 */
/* A small table under a lock: see visitors.h. What was shown is kept as its digest only. */
#include "role/visitors.h"

#include <string.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/thread.h"
#include "ca/secret.h"
#include "wire/wire.h"

enum { KNOWN_MAX = 256 };

struct known {
	uint8_t digest[SECRET_DIGEST_BYTES];
	uint8_t by;
	bool touched;			/* the porter was told that a person is there */
	int64_t until_ns;		/* 0: nobody */
	struct visitor who;
};

struct visitors {
	struct asks *asks;
	struct lock lock;
	uint64_t life;			/* how often all was forgotten */
	unsigned next;			/* the place that is taken next */
	struct known known[KNOWN_MAX];
};

struct visitors *
visitors_new(struct asks *asks)
{
	struct visitors *v = xcalloc(1, sizeof *v);

	v->asks = asks;
	lock_init(&v->lock);
	return v;
}

void
visitors_forget(struct visitors *visitors)
{
	lock_take(&visitors->lock);
	memset(visitors->known, 0, sizeof visitors->known);
	visitors->life++;
	lock_give(&visitors->lock);
}

/* Under the lock. */
static struct known *
known_find(struct visitors *v, const struct visit *visit,
    const uint8_t digest[SECRET_DIGEST_BYTES])
{
	int64_t now_ns = clock_mono_ns();

	for (unsigned i = 0; i < KNOWN_MAX; i++) {
		struct known *k = &v->known[i];

		if (now_ns < k->until_ns && k->by == visit->by &&
		    (k->touched || !visit->touches) &&
		    memcmp(k->digest, digest, SECRET_DIGEST_BYTES) == 0)
			return k;
	}
	return NULL;
}

/* What was asked before all was forgotten is not kept. */
static void
known_keep(struct visitors *v, const struct visit *visit,
    const uint8_t digest[SECRET_DIGEST_BYTES], const struct visitor *who, uint64_t life)
{
	struct known *k;

	lock_take(&v->lock);
	if (v->life == life) {
		k = &v->known[v->next++ % KNOWN_MAX];
		*k = (struct known){ .by = visit->by, .touched = visit->touches, .who = *who,
		    .until_ns = clock_mono_ns() + VISITORS_FRESH_S * INT64_C(1000000000) };
		memcpy(k->digest, digest, SECRET_DIGEST_BYTES);
	}
	lock_give(&v->lock);
}

enum err
visitors_who(struct visitors *visitors, const struct visit *visit, struct visitor *ret_visitor,
    struct why *why)
{
	uint8_t digest[SECRET_DIGEST_BYTES];
	struct buf argument = { 0 }, out = { 0 };
	const struct known *k;
	uint64_t life;
	enum err rc;

	secret_digest(digest, visit->shown);
	lock_take(&visitors->lock);
	life = visitors->life;
	k = known_find(visitors, visit, digest);
	if (k != NULL)
		*ret_visitor = k->who;
	lock_give(&visitors->lock);
	if (k != NULL)
		return OK;
	visit_put(&argument, visit);
	rc = asks_ask(visitors->asks, &(struct asks_question){ .what = ASK_PORTER,
	    .argument = buf_span(&argument) }, &out, why);
	if (rc == OK)
		rc = visitor_read(ret_visitor, buf_span(&out), why);
	if (rc == OK)
		known_keep(visitors, visit, digest, ret_visitor, life);
	buf_wipe(&argument);
	buf_done(&out);
	return rc;
}
