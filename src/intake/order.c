/* SPDX-License-Identifier: Apache-2.0 */
/* See order.h. An origin's rule is looked up by its number: one octet for each that may be. */
#include "intake/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "base/must.h"

enum { NO_SEVERITY = 255 };

struct rule {
	struct intake_rule is;		/* name and peer are copies */
	uint64_t matched, dropped;
};

struct order {
	struct rule rule[INTAKE_RULES];
	unsigned n;
	uint8_t of[LIMIT_SOURCES];	/* 1 + rule; 0: none */
};

struct order *
order_new(const struct intake_rule *rule, unsigned n)
{
	struct order *o;

	if (n == 0)
		return NULL;
	must(n <= INTAKE_RULES);
	o = xcalloc(1, sizeof *o);
	o->n = n;
	for (unsigned i = 0; i < n; i++) {
		o->rule[i].is = rule[i];
		o->rule[i].is.name = span_of(xmemdup(rule[i].name.p, rule[i].name.n),
		    rule[i].name.n);
		o->rule[i].is.peer = span_of(xmemdup(rule[i].peer.p, rule[i].peer.n),
		    rule[i].peer.n);
	}
	return o;
}

void
order_free(struct order **order)
{
	struct order *o = *order;

	if (o == NULL)
		return;
	for (unsigned i = 0; i < o->n; i++) {
		free((void *)(uintptr_t)o->rule[i].is.name.p);
		free((void *)(uintptr_t)o->rule[i].is.peer.p);
	}
	free(o);
	*order = NULL;
}

void
order_origin(struct order *o, uint32_t origin, struct span peer)
{
	if (origin >= LIMIT_SOURCES)
		return;
	for (unsigned i = 0; i < o->n; i++)
		if (span_eq(o->rule[i].is.peer, peer))
			o->of[origin] = (uint8_t)(i + 1);
}

/* "<" 1*3digit ">", RFC 5424, 6.2.1; without one a record has no severity. */
static unsigned
severity_of(struct span record)
{
	struct cur in = cur_of(record);
	unsigned v = 0, digits = 0;
	uint8_t b;

	if (cur_u8(&in) != '<')
		return NO_SEVERITY;
	for (b = cur_u8(&in); b >= '0' && b <= '9' && digits < 3; b = cur_u8(&in), digits++)
		v = v * 10 + (unsigned)(b - '0');
	return b == '>' && digits > 0 && v <= 191 && !in.bad ? v % 8 : NO_SEVERITY;
}

bool
order_drops(struct order *o, const struct incoming *in)
{
	struct rule *r;
	unsigned severity;

	if (in->origin >= LIMIT_SOURCES || o->of[in->origin] == 0)
		return false;
	r = &o->rule[o->of[in->origin] - 1];
	if (in->recv_ns >= r->is.until_ns)
		return false;
	severity = r->is.below > 0 ? severity_of(in->record) : NO_SEVERITY;
	if (r->is.below > 0 && (severity == NO_SEVERITY || severity <= r->is.below))
		return false;
	if (r->is.keep > 0 && r->matched++ % r->is.keep == 0)
		return false;
	r->dropped++;
	return true;
}

bool
order_count(const struct order *o, unsigned index, struct span *ret_name, uint64_t *ret_dropped)
{
	if (o == NULL || index >= o->n)
		return false;
	*ret_name = o->rule[index].is.name;
	*ret_dropped = o->rule[index].dropped;
	return true;
}
