/* SPDX-License-Identifier: Apache-2.0 */
/* See sampling.h. */
#include "role/sampling.h"

#include "base/buf.h"
#include "role/conf.h"
#include "role/ledger.h"

const char *
sampling_severity(const struct conf_sample *sample)
{
	static const char *const name[] = { "any", "alert", "crit", "err", "warning", "notice",
	    "info" };

	return name[(size_t)sample->below % (sizeof name / sizeof name[0])];
}

static enum err
sample_tell(struct ledger *ledger, const struct conf_sample *s, int64_t now_ns)
{
	struct buf what = { 0 };
	struct why why;
	enum err rc;

	buf_printf(&what, "name=%s; listener=%s; peer=%s; keep=%lld; below=%s; until=%s; why=%s",
	    s->name, s->listener, s->peer, (long long)s->keep, sampling_severity(s), s->until,
	    s->why);
	rc = ledger_write(ledger, &(struct ledger_act){ .act = "sample-rule",
	    .who = span_str(s->who), .from = SPAN("configuration"), .what = buf_span(&what) },
	    now_ns, &why);
	buf_done(&what);
	return rc;
}

void
sampling_tell(struct ledger *ledger, const struct conf *conf, int64_t now_ns, unsigned *io_told)
{
	while (*io_told < conf->nsample) {
		const struct conf_sample *s = &conf->sample[*io_told];

		if (now_ns < s->until_ns && sample_tell(ledger, s, now_ns) != OK)
			return;
		++*io_told;
	}
}
