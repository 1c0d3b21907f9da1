/* SPDX-License-Identifier: Apache-2.0 */
/* See holding.h. */
#include "role/holding.h"

#include "sys/clock.h"
#include "model/batch.h"
#include "model/line.h"
#include "model/pin.h"
#include "wire/wire.h"
#include "web/select.h"
#include "web/server.h"
#include "role/conf.h"

static struct span
param(const struct job *job, const char *name)
{
	const char *value = job_param(job, name);

	return span_str(value != NULL ? value : "");
}

static bool
releases(const struct job *job)
{
	return span_is(param(job, "do"), "release");
}

/* Not given: stays what it was. */
static enum err
number_take(const struct job *job, const char *name, uint64_t *ret, struct why *why)
{
	struct span text = param(job, name);

	if (text.n == 0 || line_decimal(text, ret))
		return OK;
	return why_set(why, ERR_FORMAT, "%s= is a sequence number, not '%.40s'", name,
	    job_param(job, name));
}

static enum err
class_take(struct pin *hold, const struct job *job, const struct conf *conf, struct why *why)
{
	const char *name = job_param(job, "class");
	int index;

	hold->class = PIN_ANY;
	if (name == NULL || name[0] == '\0')
		return OK;
	index = conf_class_index(conf, name);
	if (index < 0)
		return why_set(why, ERR_FORMAT, "there is no class %.60s in the configuration",
		    name);
	hold->class = (uint8_t)index;
	return OK;
}

/* Without a stream it is for all of them; numbers are those of the log records then. */
static enum err
stream_take(struct pin *hold, const struct job *job, struct why *why)
{
	struct span name = param(job, "stream");

	hold->stream = hold->first_seq > 1 || hold->last_seq < UINT64_MAX ? STREAM_RAW : PIN_ANY;
	if (span_is(name, "raw"))
		hold->stream = STREAM_RAW;
	else if (span_is(name, "findings"))
		hold->stream = STREAM_FINDINGS;
	else if (name.n > 0)
		return why_set(why, ERR_FORMAT, "stream is raw or findings; the ledger never "
		    "expires");
	return OK;
}

static enum err
range_take(struct pin *hold, const struct job *job, const struct select *select,
    const struct conf *conf, struct why *why)
{
	const char *start = job_param(job, "start"), *end = job_param(job, "end");
	int64_t now_ns = clock_wall_ns();
	enum err rc;

	hold->first_seq = 1;
	hold->last_seq = UINT64_MAX;
	hold->from_ns = INT64_MIN;
	hold->to_ns = INT64_MAX;
	rc = number_take(job, "first", &hold->first_seq, why);
	if (rc == OK)
		rc = number_take(job, "last", &hold->last_seq, why);
	if (rc == OK && start != NULL && start[0] != '\0')
		rc = select_time(select, start, SELECT_FROM, now_ns, &hold->from_ns, why);
	if (rc == OK && end != NULL && end[0] != '\0')
		rc = select_time(select, end, SELECT_TO, now_ns, &hold->to_ns, why);
	if (rc == OK)
		rc = class_take(hold, job, conf, why);
	return rc == OK ? stream_take(hold, job, why) : rc;
}

enum err
holding_read(struct buf *out, uint8_t *ret_what, const struct job *job,
    const struct select *select, const struct conf *conf, struct why *why)
{
	struct span name = param(job, "name"), reason = param(job, "why");
	struct span who = span_str(job_who(job));
	struct pin hold = { .since_ns = 0 };
	enum err rc = OK;

	if (releases(job)) {
		*ret_what = ASK_HOLD_END;
		buf_bytes(out, name);
		buf_bytes(out, who);
		buf_bytes(out, reason);
		return OK;
	}
	*ret_what = ASK_HOLD;
	if (!span_is(param(job, "do"), "add"))
		return why_set(why, ERR_FORMAT, "do= is add or release");
	if (!pin_text(hold.name, sizeof hold.name, name) ||
	    !pin_text(hold.who, sizeof hold.who, who) ||
	    !pin_text(hold.why, sizeof hold.why, reason))
		return why_set(why, ERR_FORMAT, "the name has at most %d octets, the reason %d",
		    PIN_NAME - 1, PIN_WHY - 1);
	rc = range_take(&hold, job, select, conf, why);
	if (rc == OK)
		rc = pin_check(&hold, why);
	if (rc == OK)
		pin_put(out, &hold);
	return rc;
}

const char *
holding_act(const struct job *job, struct buf *asked)
{
	static const char *const said[] = { "name", "why", "query", "start", "end", "class",
	    "stream", "first", "last" };

	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
		struct span value = param(job, said[i]);

		if (value.n > 0)
			buf_printf(asked, "%s%s=%.*s", asked->n > 0 ? "; " : "", said[i],
			    (int)value.n, (const char *)value.p);
	}
	return releases(job) ? "hold-release" : "hold-add";
}
