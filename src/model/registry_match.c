/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is whom. A row's key is all that it says about its senders, octet for octet; rows with the
 * same parts (one form) are found by making the key that a sender would have in that form. Forms
 * are tried from the most specific one on, so the first hit counts; a register has few forms.
 *
 *	form = identity? | bits of the network + 1, or 0 | listener? | host?
 *	key  = form, address masked to its bits, and length and octets of identity, listener, host
 */
#include "model/registry_int.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/must.h"

enum { KEY_BYTES = 2 + ADDRESS_BYTES + 3 * (2 + REGISTRY_CELL) };

struct key {
	uint8_t p[KEY_BYTES];
	size_t n;
};

static void
part_put(struct key *key, struct span s)
{
	key->n += varint_put(key->p + key->n, s.n);
	if (s.n > 0)
		memcpy(key->p + key->n, s.p, s.n);
	key->n += s.n;
}

static bool
has_network(unsigned form)
{
	return (form & (FORM_IDENTITY - FORM_BITS)) != 0;
}

static struct span
cut(struct span s)
{
	return span_sub(s, 0, REGISTRY_CELL);
}

/* The key of a sender in this form; host has lower case. */
static struct span
key_make(struct key *key, unsigned form, const uint8_t address[ADDRESS_BYTES],
    const struct registry_sender *s)
{
	uint8_t network[ADDRESS_BYTES] = { 0 };

	key->p[0] = (uint8_t)(form >> 8);
	key->p[1] = (uint8_t)form;
	if (has_network(form)) {
		memcpy(network, address, sizeof network);
		address_mask(network, form / FORM_BITS % (FORM_IDENTITY / FORM_BITS) - 1);
	}
	memcpy(key->p + 2, network, sizeof network);
	key->n = 2 + sizeof network;
	if ((form & FORM_IDENTITY) != 0)
		part_put(key, cut(s->identity));
	if ((form & FORM_LISTENER) != 0)
		part_put(key, cut(s->listener));
	if ((form & FORM_HOST) != 0)
		part_put(key, cut(s->host));
	return span_of(key->p, key->n);
}

struct span
registry_relay(struct span listener)
{
	const uint8_t *slash = listener.n > 0 ? memchr(listener.p, '/', listener.n) : NULL;

	if (slash == NULL || span_starts(listener, SPAN("file:")) ||
	    span_starts(listener, SPAN("import:")))
		return (struct span){ NULL, 0 };
	return span_sub(listener, 0, (size_t)(slash - listener.p));
}

static struct span
identity_of(const struct registry_row *row)
{
	return row->identity.n > 0 ? row->identity : registry_relay(row->listener);
}

static unsigned
form_of(const struct registry_row *row)
{
	unsigned form = 0;

	if (identity_of(row).n > 0)
		form |= FORM_IDENTITY;
	if (row->from.n > 0)
		form |= (row->bits + 1u) * FORM_BITS;
	if (row->listener.n > 0)
		form |= FORM_LISTENER;
	if (row->host.n > 0)
		form |= FORM_HOST;
	return form;
}

/* ---- making it ---- */

static int
by_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return span_cmp(x->key, y->key);
}

static int
greatest_first(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

static void
forms_make(struct registry *r)
{
	uint32_t n = 0;

	r->form = xreallocarray(NULL, r->nrow + 1, sizeof *r->form);
	for (uint32_t i = 0; i < r->nrow; i++)
		r->form[i] = (uint16_t)form_of(&r->row[i]);
	qsort(r->form, r->nrow, sizeof *r->form, greatest_first);
	for (uint32_t i = 0; i < r->nrow; i++)
		if (n == 0 || r->form[i] != r->form[n - 1])
			r->form[n++] = r->form[i];
	r->nform = n;
}

static void
places_make(struct registry *r)
{
	uint8_t lower[REGISTRY_CELL];
	size_t at = 0;
	struct key key;

	buf_reserve(&r->keys, r->nrow * sizeof key.p);
	r->place = xcalloc(r->nrow + 1, sizeof *r->place);
	for (uint32_t i = 0; i < r->nrow; i++) {
		const struct registry_row *row = &r->row[i];
		struct registry_sender like = { row->listener, row->from, identity_of(row),
		    span_of(lower, fold_case(lower, row->host)) };

		buf_span_put(&r->keys, key_make(&key, form_of(row), row->address, &like));
		r->place[i] = (struct place){ span_of(r->keys.p + at, key.n), i };
		at = r->keys.n;
	}
	qsort(r->place, r->nrow, sizeof *r->place, by_key);
}

/* Two lines of one thing, the earlier one first. */
static enum err
twice(const struct registry *r, uint32_t a, uint32_t b, const char *what, struct why *why)
{
	uint32_t x = r->row[a].line, y = r->row[b].line;

	return why_set(why, ERR_FORMAT, "line %u: %s as line %u; take one of them away",
	    x > y ? x : y, what, x < y ? x : y);
}

/* With the ids as keys: qsort() has no argument for who holds the rows. */
static enum err
ids_make(struct registry *r, struct why *why)
{
	struct place *id = xcalloc(r->nrow + 1, sizeof *id);
	enum err rc = OK;

	r->by_id = xcalloc(r->nrow + 1, sizeof *r->by_id);
	for (uint32_t i = 0; i < r->nrow; i++)
		id[i] = (struct place){ r->row[i].id, i };
	qsort(id, r->nrow, sizeof *id, by_key);
	for (uint32_t i = 0; i < r->nrow; i++)
		r->by_id[i] = id[i].row;
	for (uint32_t i = 1; i < r->nrow && rc == OK; i++)
		if (span_eq(id[i - 1].key, id[i].key))
			rc = twice(r, id[i - 1].row, id[i].row, "has the same id", why);
	free(id);
	return rc;
}

enum err
registry_index(struct registry *r, struct why *why)
{
	enum err rc = ids_make(r, why);

	forms_make(r);
	places_make(r);
	for (uint32_t i = 1; i < r->nrow && rc == OK; i++)
		if (span_eq(r->place[i - 1].key, r->place[i].key))
			rc = twice(r, r->place[i - 1].row, r->place[i].row,
			    "is about the same senders", why);
	return rc;
}

/* ---- asking it ---- */

static uint32_t
key_look(const struct registry *r, struct span key)
{
	uint32_t low = 0, high = r->nrow;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int c = span_cmp(r->place[middle].key, key);

		if (c == 0)
			return r->place[middle].row;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return REGISTRY_NONE;
}

bool
registry_clash(const struct registry *now, const struct registry *old, uint32_t *ret_now,
    uint32_t *ret_old)
{
	for (uint32_t i = 0; i < old->nrow; i++) {
		uint32_t row = key_look(now, old->place[i].key);

		if (row == REGISTRY_NONE ||
		    registry_find(now, old->row[old->place[i].row].id) != REGISTRY_NONE)
			continue;
		*ret_now = row;
		*ret_old = old->place[i].row;
		return true;
	}
	return false;
}

uint32_t
registry_match(const struct registry *r, const struct registry_sender *sender,
    enum registry_trust trust)
{
	uint8_t address[ADDRESS_BYTES] = { 0 }, lower[REGISTRY_CELL];
	struct registry_sender s = *sender;
	unsigned lacks = 0;
	struct key key;
	bool there, relayed;

	if (r == NULL || r->nrow == 0)
		return REGISTRY_NONE;
	there = address_read(address, s.peer);
	/* RELAY/LISTENER: the address is one of its network, and every unit has 192.168.1.10. */
	relayed = registry_relay(s.listener).n > 0;
	s.host = span_of(lower, fold_case(lower, cut(s.host)));
	if (s.host.n == 0 || trust == REGISTRY_ATTESTED)
		lacks |= FORM_HOST;
	if (s.listener.n == 0)
		lacks |= FORM_LISTENER;
	if (s.identity.n == 0)
		lacks |= FORM_IDENTITY;
	for (uint32_t i = 0; i < r->nform; i++) {
		uint32_t row;

		if ((r->form[i] & lacks) != 0 || (!there && has_network(r->form[i])))
			continue;
		if (relayed && has_network(r->form[i]) && (r->form[i] & FORM_IDENTITY) == 0)
			continue;
		row = key_look(r, key_make(&key, r->form[i], address, &s));
		if (row != REGISTRY_NONE)
			return row;
	}
	return REGISTRY_NONE;
}
