/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of bits whose sizes were checked. Reading groups of filters, see group.h. */
#include "store/group_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"

enum {
	/* Chunks that groups keep in memory for the next token; then all are given back. */
	KEEP_BYTES = 16 << 20
};

struct groups *
groups_new(int dirfd, const uint8_t *key)
{
	struct groups *g = xcalloc(1, sizeof *g);

	g->dirfd = dirfd;
	g->has_key = key != NULL;
	if (key != NULL)
		memcpy(g->key, key, sizeof g->key);
	return g;
}

static void
group_free(struct group **group)
{
	struct group *g = *group;

	if (g == NULL)
		return;
	pack_close(&g->pack);
	for (uint32_t i = 0; i < g->nmember; i++)
		free(g->member[i].about);
	free(g->member);
	free(g);
	*group = NULL;
}

void
groups_free(struct groups **groups)
{
	struct groups *g = *groups;

	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++)
		group_free(&g->group[i]);
	free(g->group);
	free(g->place);
	explicit_bzero(g->key, sizeof g->key);
	free(g);
	*groups = NULL;
}

/* ---- opening ---- */

void
group_name(char ret[GROUP_NAME], uint64_t number)
{
	(void)snprintf(ret, GROUP_NAME, "%016llx.tbf", (unsigned long long)number);
}

uint64_t
group_number(const char *name)
{
	uint64_t v = 0;

	if (strlen(name) != 20 || strcmp(name + 16, ".tbf") != 0)
		return 0;
	for (unsigned i = 0; i < 16; i++) {
		char c = name[i];

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return 0;
		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return v;
}

static bool
member_read(struct cur *c, struct member *m, uint64_t nrow)
{
	struct filter_about about;

	m->id = cur_u64(c);
	m->stream = cur_u8(c);
	m->first_seq = cur_varint(c);
	m->last_seq = m->first_seq + cur_varint(c);
	m->nbit = cur_varint(c);
	if (!filter_about_get(c, &about) || !filter_size_ok(m->nbit) || nrow % m->nbit != 0)
		return false;
	m->about = xmemdup(&about, offsetof(struct filter_about, range) +
	    about.nrange * sizeof about.range[0]);
	return true;
}

static enum err
body_read(struct group *g, struct why *why)
{
	struct cur c = cur_of(pack_body(g->pack));
	uint64_t n = cur_varint(&c);

	g->nrow = cur_varint(&c);
	g->row_bytes = (uint32_t)cur_varint(&c);
	g->chunk_rows = (uint32_t)cur_varint(&c);
	if (c.bad || n == 0 || n > GROUP_SEGMENTS || g->row_bytes != (n + 63) / 64 * 8 ||
	    !filter_size_ok(g->nrow) || g->chunk_rows == 0 || g->chunk_rows > 1 << 20)
		return why_set(why, ERR_FORMAT, "broken group of filters");
	g->member = xcalloc((size_t)n, sizeof *g->member);
	for (; g->nmember < n; g->nmember++) {
		if (!member_read(&c, &g->member[g->nmember], g->nrow))
			return why_set(why, ERR_FORMAT, "broken group of filters");
	}
	return cur_done(&c) ? OK : why_set(why, ERR_FORMAT, "broken group of filters");
}

static enum err
group_open(struct groups *groups, int dirfd, uint64_t number, struct why *why)
{
	struct group *g = xcalloc(1, sizeof *g);
	char name[GROUP_NAME];
	int fd = -1;
	enum err rc;

	g->number = number;
	group_name(name, number);
	rc = file_open(&fd, dirfd, name, FILE_READ, why);
	if (rc == OK)
		rc = pack_open(&g->pack, fd, name, groups->has_key ? groups->key : NULL, why);
	if (rc == OK && (pack_head(g->pack)->kind != PACK_GROUP ||
	    pack_head(g->pack)->id != number))
		rc = why_set(why, ERR_FORMAT, "%s: not a group of filters", name);
	if (rc == OK)
		rc = body_read(g, why);
	if (rc != OK) {
		group_free(&g);
		return rc;
	}
	groups->group = xreallocarray(groups->group, groups->n + 1, sizeof(struct group *));
	groups->group[groups->n++] = g;
	return OK;
}

static int
place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void
places_make(struct groups *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->group[i]->nmember;
	g->place = xreallocarray(g->place, n > 0 ? n : 1, sizeof *g->place);
	g->nplace = 0;
	for (size_t i = 0; i < g->n; i++) {
		for (uint32_t k = 0; k < g->group[i]->nmember; k++)
			g->place[g->nplace++] = (struct place){ g->group[i]->member[k].id,
			    g->group[i], k };
	}
	if (n > 0)
		qsort(g->place, n, sizeof *g->place, place_cmp);
}

struct looking {
	struct groups *groups;
	int fd;
};

static enum err
name_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct looking *l = arg;
	uint64_t number = group_number(entry->name);

	(void)why;
	if (number == 0 || entry->kind != DIR_FILE)
		return OK;
	for (size_t i = 0; i < l->groups->n; i++) {
		if (l->groups->group[i]->number == number) {
			l->groups->group[i]->there = true;
			return OK;
		}
	}
	/* One that cannot be read is as good as none. */
	if (group_open(l->groups, l->fd, number, NULL) == OK)
		l->groups->group[l->groups->n - 1]->there = true;
	return OK;
}

enum err
groups_refresh(struct groups *g, struct why *why)
{
	struct looking l = { g, -1 };
	size_t n = 0;
	enum err rc;

	for (size_t i = 0; i < g->n; i++)
		g->group[i]->there = false;
	rc = dir_open(&l.fd, g->dirfd, "filter", why);
	if (rc == OK)
		rc = dir_each(l.fd, name_each, &l, why);
	file_close(&l.fd);
	for (size_t i = 0; i < g->n; i++) {
		if (g->group[i]->there)
			g->group[n++] = g->group[i];
		else
			group_free(&g->group[i]);
	}
	g->n = n;
	places_make(g);
	return rc == ERR_ABSENT ? OK : rc;
}

/* ---- asking ---- */

/* The first place with this number, or behind where it would be. */
static size_t
place_first(const struct groups *g, uint64_t id)
{
	size_t low = 0, high = g->nplace;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->place[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct place *
place_of(const struct groups *g, const struct segment_info *info)
{
	for (size_t i = place_first(g, info->id); i < g->nplace && g->place[i].id == info->id;
	    i++) {
		const struct member *m = &g->place[i].group->member[g->place[i].column];

		if (m->stream == info->stream && m->first_seq == info->first_seq &&
		    m->last_seq == info->last_seq)
			return &g->place[i];
	}
	return NULL;
}

bool
groups_have(const struct groups *g, const struct segment_info *segment)
{
	return place_of(g, segment) != NULL;
}

/* Leaves in row[] the members that have all of the token's bits. */
static enum err
rows_meet(struct group *g, uint64_t token, uint64_t *row)
{
	enum err rc = OK;

	memset(row, 0xff, GROUP_SEGMENTS / 8);
	for (unsigned k = 0; k < FILTER_HASHES && rc == OK; k++) {
		uint64_t r = filter_hash(token, k) % g->nrow;
		struct pack_ref ref = { (uint32_t)(r / g->chunk_rows),
		    (uint32_t)(r % g->chunk_rows) * g->row_bytes, g->row_bytes };
		struct span bits;

		rc = pack_get(g->pack, ref, &bits, NULL);
		for (uint32_t i = 0; i < g->row_bytes / 8 && rc == OK; i++) {
			struct cur c = cur_of(span_sub(bits, 8 * i, 8));

			row[i] &= cur_u64(&c);
		}
	}
	return rc;
}

/* The members that may hold the token; answers are kept for the other members. */
static const uint64_t *
token_row(struct groups *groups, struct group *g, uint64_t token)
{
	struct answer *a = &g->answer[token % GROUP_ANSWERS];
	size_t before = pack_bytes(g->pack);

	token = token != 0 ? token : 1;
	if (a->token == token)
		return a->row;
	a->token = token;
	if (rows_meet(g, token, a->row) != OK)
		memset(a->row, 0xff, sizeof a->row);
	groups->bytes += pack_bytes(g->pack) - before;
	if (groups->bytes > KEEP_BYTES) {
		for (size_t i = 0; i < groups->n; i++)
			pack_forget(groups->group[i]->pack);
		groups->bytes = 0;
	}
	return a->row;
}

bool
groups_may_hold(struct groups *g, const struct segment_info *segment, uint64_t token)
{
	const struct place *place = place_of(g, segment);
	const uint64_t *row;

	must(place != NULL);
	if (filter_about_holds(place->group->member[place->column].about, token))
		return true;
	row = token_row(g, place->group, token);
	return (row[place->column / 64] >> (place->column % 64) & 1) != 0;
}
