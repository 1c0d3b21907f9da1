/* SPDX-License-Identifier: Apache-2.0 */
/* See contents.h. */
#include "cmd/contents.h"

#include "base/civil.h"
#include "model/batch.h"
#include "model/pin.h"

static const int64_t day_ns = CIVIL_DAY_S * CIVIL_SECOND_NS;

static bool
is_counted(const struct segment_info *info, int class)
{
	return class == CONTENTS_ALL || (info->stream == STREAM_RAW && info->class == class);
}

static void
count(struct contents *c, const struct segment_info *info)
{
	c->segments++;
	c->rows += info->rows;
	c->bytes += info->bytes;
	c->first_ns = info->recv_min_ns < c->first_ns ? info->recv_min_ns : c->first_ns;
	c->last_ns = info->recv_max_ns > c->last_ns ? info->recv_max_ns : c->last_ns;
}

struct contents
contents_of(const struct store *store, int class, int64_t now_ns)
{
	int64_t since = now_ns - CONTENTS_DAYS * day_ns, from;
	struct contents c = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };

	for (size_t i = 0; store != NULL && i < store_segments(store); i++) {
		const struct segment_info *info = store_segment(store, i);
		bool late = info->recv_min_ns >= since;

		if (!is_counted(info, class) || info->rows == 0)
			continue;
		count(&c, info);
		c.late_rows += late ? info->rows : 0;
		c.late_bytes += late ? info->bytes : 0;
	}
	from = c.first_ns > since ? c.first_ns : since;
	/* An hour at least, or one burst would be taken for a day's habit. */
	if (c.late_bytes > 0 && c.last_ns - from >= day_ns / 24)
		c.days = (double)(c.last_ns - from) / (double)day_ns;
	return c;
}

static bool
is_held(const struct store *store, const struct pin *hold, const struct segment_info *info)
{
	const struct pin_range range = { .stream = info->stream, .class = info->class,
	    .first_seq = info->first_seq, .last_seq = info->last_seq,
	    .oldest_ns = info->recv_min_ns, .newest_ns = info->recv_max_ns };
	const struct pin *one;

	if (info->stream == STREAM_LEDGER || info->rows == 0)
		return false;
	if (hold != NULL)
		return pin_covers(hold, &range);
	for (size_t i = 0; (one = store_hold(store, i)) != NULL; i++)
		if (pin_covers(one, &range))
			return true;
	return false;
}

struct contents
contents_held(const struct store *store, const struct pin *hold)
{
	struct contents c = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };

	for (size_t i = 0; i < store_segments(store); i++)
		if (is_held(store, hold, store_segment(store, i)))
			count(&c, store_segment(store, i));
	return c;
}

bool
contents_is_held(const struct store *store, const struct segment_info *info)
{
	return is_held(store, NULL, info);
}
