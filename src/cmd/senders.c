/* SPDX-License-Identifier: Apache-2.0 */
/* See senders.h. The query's own JSON is taken apart again: it is ours, and small. */
#include "cmd/senders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "web/select.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "cmd/figures.h"
#include "cmd/jsonline.h"

#define BY	"* | stats by (_stream.hostname, _listener) count() records"

enum { TEXT_MAX = 128 };

static bool
take(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

static void
no_other_thread(void *ctx, struct query *query)
{
	(void)ctx;
	(void)query;
}

static bool
never(void *ctx)
{
	(void)ctx;
	return false;
}

static double
number_of(struct span line, const char *name)
{
	struct span value = jsonline_value(line, name);
	char text[32];

	(void)snprintf(text, sizeof text, "%.*s", (int)value.n, (const char *)value.p);
	return strtod(text, NULL);
}

static void
sender_tell(struct span line, bool bytes)
{
	struct span host = jsonline_value(line, "_stream.hostname");
	struct span door = jsonline_value(line, "_listener");
	char size[32];

	finding_size(size, (uint64_t)number_of(line, "octets"));
	(void)printf(say("    %12s bản ghi  %10s  %.*s (%.*s)\n",
	    "    %12s records  %10s  %.*s (%.*s)\n"), figure_count(number_of(line, "records")),
	    bytes ? size : "", (int)(host.n < TEXT_MAX ? host.n : TEXT_MAX),
	    (const char *)host.p, (int)(door.n < TEXT_MAX ? door.n : TEXT_MAX),
	    (const char *)door.p);
}

static void
lines_tell(struct span out, bool bytes, bool json)
{
	if (!json && out.n > 0)
		(void)puts(say("Gửi nhiều nhất trong 24 giờ qua:",
		    "Sent most in the last 24 hours:"));
	while (out.n > 0) {
		struct span line = span_cut(&out, '\n');

		if (json && line.n > 1)
			(void)printf("{\"kind\":\"sender\",%.*s\n", (int)line.n - 1,
			    (const char *)line.p + 1);
		else if (line.n > 1)
			sender_tell(line, bytes);
	}
}

enum err
senders_tell(const struct doctor *d, bool bytes, bool json)
{
	struct select *select = select_new(d->state_fd, d->keys_rc == OK && d->keys.has_store_key ?
	    d->keys.store_key : NULL, 0, (int)d->conf->zone_minutes);
	struct buf out = { 0 };
	struct select_ask ask = { .what = SELECT_QUERY, .start = "24h", .write = take,
	    .running = no_other_thread, .cancelled = never, .ctx = &out,
	    .query = bytes ? BY ", sum_len(_raw) octets | sort by (octets desc) | limit 10" :
	    BY " | sort by (records desc) | limit 10" };
	struct why why = { "" };
	enum err rc = select_run(select, &ask, &why);

	if (rc != OK)
		(void)fprintf(stderr, say("trucban: không tính được nguồn gửi nhiều nhất: %s\n",
		    "trucban: cannot tell who sends most: %s\n"), why.text);
	else
		lines_tell(buf_span(&out), bytes, json);
	buf_done(&out);
	select_free(&select);
	return rc;
}
