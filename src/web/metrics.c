/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over an object that our own keeper wrote; see metrics.h. */
#include "web/metrics.h"

#include "base/cur.h"

struct metrics {
	struct cur in;
	struct buf *out;
};

static uint8_t
peek(const struct cur *in)
{
	return !in->bad && cur_left(in) > 0 ? *in->p : 0;
}

static bool
take(struct cur *in, uint8_t c)
{
	if (peek(in) != c)
		return false;
	(void)cur_u8(in);
	return true;
}

/* The octets between quotes, escapes kept: Prometheus escapes the same two characters. */
static struct span
text(struct cur *in)
{
	const uint8_t *from;

	if (!take(in, '"'))
		in->bad = true;
	from = in->p;
	while (!in->bad && peek(in) != '"')
		if (cur_u8(in) == '\\')
			(void)cur_u8(in);
	(void)cur_u8(in);
	return in->bad ? span_of(from, 0) : span_of(from, (size_t)(in->p - from) - 1);
}

static struct span
number(struct cur *in)
{
	const uint8_t *from = in->p;

	while ((peek(in) >= '0' && peek(in) <= '9') || peek(in) == '.' || peek(in) == '-')
		(void)cur_u8(in);
	if (in->p == from)
		in->bad = true;
	return span_of(from, (size_t)(in->p - from));
}

static void
line(struct metrics *m, struct span name, const char *label, struct span value, struct span n)
{
	buf_str(m->out, "trucban_");
	for (size_t i = 0; i < name.n; i++)
		buf_u8(m->out, (name.p[i] >= 'a' && name.p[i] <= 'z') ||
		    (name.p[i] >= '0' && name.p[i] <= '9') ? name.p[i] : '_');
	if (label != NULL) {
		buf_printf(m->out, "{%s=\"", label);
		buf_span_put(m->out, value);
		buf_str(m->out, "\"}");
	}
	buf_u8(m->out, ' ');
	buf_span_put(m->out, n);
	buf_u8(m->out, '\n');
}

static void
list(struct metrics *m, struct span name)
{
	static const char *const stream[] = { "raw", "findings", "ledger" };

	for (size_t i = 0; !m->in.bad && !take(&m->in, ']'); i++) {
		struct span n = number(&m->in);

		if (!m->in.bad && i < 3)
			line(m, name, "stream", span_str(stream[i]), n);
		(void)take(&m->in, ',');
	}
}

static void
inner(struct metrics *m, struct span outer)
{
	while (!m->in.bad && !take(&m->in, '}')) {
		struct span name = text(&m->in), n;

		(void)take(&m->in, ':');
		n = number(&m->in);
		if (!m->in.bad)
			line(m, outer, "name", name, n);
		(void)take(&m->in, ',');
	}
}

static void
value(struct metrics *m, struct span name)
{
	struct span s;

	switch (peek(&m->in)) {
	case '"':
		s = text(&m->in);
		if (!m->in.bad && s.n > 0)
			line(m, name, "is", s, SPAN("1"));
		break;
	case '[':
		(void)take(&m->in, '[');
		list(m, name);
		break;
	case '{':
		(void)take(&m->in, '{');
		inner(m, name);
		break;
	default:
		s = number(&m->in);
		if (!m->in.bad)
			line(m, name, NULL, s, s);
		break;
	}
}

void
metrics_put(struct buf *out, struct span status)
{
	struct metrics m = { .in = cur_of(status), .out = out };

	if (!take(&m.in, '{'))
		return;
	while (!m.in.bad && cur_left(&m.in) > 0 && !take(&m.in, '}')) {
		struct span name = text(&m.in);

		(void)take(&m.in, ':');
		if (!m.in.bad)
			value(&m, name);
		(void)take(&m.in, ',');
	}
}
