/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hash table with chains over shapes and sources; the seed is random, so that nobody can fill
 * one slot. Owns every def and frees it with its last reference.
 */
#include "store/intern.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "sys/random.h"

enum { FIRST_SLOTS = 256 };

struct intern {
	struct def **slot;
	size_t nslot;			/* a power of two, at least the number of defs */
	size_t n;
	size_t bytes;
	uint64_t seed;			/* of shapes; sources have the next one */
};

struct intern *
intern_new(void)
{
	struct intern *t = xcalloc(1, sizeof *t);

	t->nslot = FIRST_SLOTS;
	t->slot = xcalloc(t->nslot, sizeof t->slot[0]);
	t->seed = random_u64();
	return t;
}

static void
def_free(struct def *def)
{
	shape_free(&def->shape);
	source_free(&def->source);
	free(def);
}

void
intern_free(struct intern **intern)
{
	struct intern *t = *intern;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->nslot; i++)
		while (t->slot[i] != NULL) {
			struct def *def = t->slot[i];

			t->slot[i] = def->next;
			def_free(def);
		}
	free(t->slot);
	free(t);
	*intern = NULL;
}

static void
intern_grow(struct intern *t)
{
	size_t n = t->nslot * 2;
	struct def **slot = xcalloc(n, sizeof slot[0]);

	for (size_t i = 0; i < t->nslot; i++)
		while (t->slot[i] != NULL) {
			struct def *def = t->slot[i];

			t->slot[i] = def->next;
			def->next = slot[def->hash & (n - 1)];
			slot[def->hash & (n - 1)] = def;
		}
	free(t->slot);
	t->slot = slot;
	t->nslot = n;
}

static struct def *
intern_find(const struct intern *t, struct span code, uint64_t hash, bool shape)
{
	struct def *def = t->slot[hash & (t->nslot - 1)];

	while (def != NULL && (def->hash != hash || (def->shape != NULL) != shape ||
	    !span_eq(def_code(def), code)))
		def = def->next;
	return def;
}

static struct def *
intern_add(struct intern *t, struct def new, uint64_t hash)
{
	struct def *def = xmemdup(&new, sizeof new);

	if (t->n == t->nslot)
		intern_grow(t);
	def->hash = hash;
	def->refs = 1;
	def->next = t->slot[hash & (t->nslot - 1)];
	t->slot[hash & (t->nslot - 1)] = def;
	t->n++;
	t->bytes += def_code(def).n;
	return def;
}

enum err
intern_shape(struct intern *intern, struct span code, struct def **ret_def, struct why *why)
{
	uint64_t hash = hash64_seed(code, intern->seed);
	struct def *def = intern_find(intern, code, hash, true);
	struct def new = { 0 };
	enum err rc;

	if (def != NULL) {
		*ret_def = def_hold(def);
		return OK;
	}
	rc = shape_new(&new.shape, code, why);
	if (rc == OK)
		*ret_def = intern_add(intern, new, hash);
	return rc;
}

enum err
intern_source(struct intern *intern, struct span code, struct def **ret_def, struct why *why)
{
	uint64_t hash = hash64_seed(code, intern->seed + 1);
	struct def *def = intern_find(intern, code, hash, false);
	struct def new = { 0 };
	enum err rc;

	if (def != NULL) {
		*ret_def = def_hold(def);
		return OK;
	}
	rc = source_new(&new.source, code, why);
	if (rc != OK)
		return rc;
	source_digest(new.digest, new.source);
	*ret_def = intern_add(intern, new, hash);
	return OK;
}

void
intern_drop(struct intern *intern, struct def *def)
{
	struct def **at = &intern->slot[def->hash & (intern->nslot - 1)];

	must(def->refs > 0);
	if (--def->refs > 0)
		return;
	while (*at != def)
		at = &(*at)->next;
	*at = def->next;
	intern->n--;
	intern->bytes -= def_code(def).n;
	def_free(def);
}

size_t
intern_count(const struct intern *intern)
{
	return intern->n;
}

size_t
intern_bytes(const struct intern *intern)
{
	return intern->bytes;
}
