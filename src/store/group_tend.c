/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of bits whose sizes were checked. Making groups of filters, see group.h. */
#include "store/group_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "store/segment_int.h"

enum {
	/* So many segments without a group, or octets of their filters, make one. */
	MAKE_SEGMENTS = 256,
	MAKE_BYTES = 8 << 20,
	MOST_BYTES = 32 << 20,
	/* Of the matrix: filters of very different sizes do not go together. */
	MATRIX_BYTES = 96 << 20,
	CHUNK_BYTES = 16 << 10
};

/* A filter that becomes a column. */
struct source_filter {
	const struct segment_info *info;
	struct pack *pack;
	struct filter filter;
};

struct making {
	struct source_filter *from;
	uint32_t n;
	uint64_t nrow;
	uint32_t row_bytes, chunk_rows;
};

static enum err
filter_open(struct source_filter *f, int dirfd, const struct segment_info *info,
    const uint8_t *key, struct why *why)
{
	struct span section;
	struct cur c;
	struct list_in in = { .c = &c };
	enum err rc;

	f->info = info;
	rc = derived_open(&f->pack, dirfd, info, key, why);
	if (rc == OK)
		rc = derived_section(f->pack, DERIVED_FILTER, &section, why);
	if (rc != OK)
		return rc;
	c = cur_of(section);
	in.pack = f->pack;
	return filter_get(&in, &f->filter, why);
}

/* 64 by 64 bits: row i, bit k becomes row k, bit i. Hacker's Delight, 7-3. */
static void
transpose(uint64_t m[64])
{
	uint64_t mask = UINT64_C(0x00000000ffffffff);

	for (unsigned j = 32; j != 0; j >>= 1, mask ^= mask << j) {
		for (unsigned k = 0; k < 64; k = (k + j + 1) & ~j) {
			uint64_t t = (m[k] >> j ^ m[k + j]) & mask;

			m[k] ^= t << j;
			m[k + j] ^= t;
		}
	}
}

/* Rows from `row` to row + 63, columns from 64 * word on, into the chunk. */
static void
block_make(const struct making *m, uint64_t row, uint32_t word, uint8_t *at)
{
	uint64_t bits[64] = { 0 };

	for (uint32_t i = 0; i < 64 && word * 64 + i < m->n; i++) {
		const struct filter *f = &m->from[word * 64 + i].filter;
		struct cur c = cur_of(span_sub(f->bits, (size_t)(row % f->nbit / 8), 8));

		bits[i] = cur_u64(&c);
	}
	transpose(bits);
	for (unsigned i = 0; i < 64; i++)
		le_put(at + i * m->row_bytes + 8 * word, bits[i], 8);
}

static void
body_put(const struct making *m, struct buf *body)
{
	buf_varint(body, m->n);
	buf_varint(body, m->nrow);
	buf_varint(body, m->row_bytes);
	buf_varint(body, m->chunk_rows);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct segment_info *info = m->from[i].info;

		buf_u64(body, info->id);
		buf_u8(body, info->stream);
		buf_varint(body, info->first_seq);
		buf_varint(body, info->last_seq - info->first_seq);
		buf_varint(body, m->from[i].filter.nbit);
		filter_about_put(body, &m->from[i].filter.about);
	}
}

static enum err
matrix_write(const struct making *m, struct pack_writer *pack, int fd, struct why *why)
{
	uint8_t *chunk = xmalloc((size_t)m->chunk_rows * m->row_bytes);
	struct buf body = { 0 }, end = { 0 };
	enum err rc = OK;

	for (uint64_t row = 0; row < m->nrow && rc == OK; row += m->chunk_rows) {
		uint64_t left = m->nrow - row;
		uint32_t rows = left < m->chunk_rows ? (uint32_t)left : m->chunk_rows;

		for (uint32_t r = 0; r < rows; r += 64) {
			for (uint32_t word = 0; word < m->row_bytes / 8; word++)
				block_make(m, row + r, word, chunk + (size_t)r * m->row_bytes);
		}
		(void)pack_put_raw(pack, span_of(chunk, (size_t)rows * m->row_bytes));
		rc = pack_spill(pack, fd, why);
	}
	body_put(m, &body);
	if (rc == OK) {
		pack_finish(pack, buf_span(&body), &end);
		rc = file_write_all(fd, buf_span(&end), why);
	}
	buf_done(&body);
	buf_done(&end);
	free(chunk);
	return rc;
}

/* The file comes by its name only when it is whole. */
static enum err
group_write(const struct making *m, int dirfd, const uint8_t store_id[16], const uint8_t *key,
    struct why *why)
{
	struct pack_head head = { .kind = PACK_GROUP, .id = m->from[0].info->id };
	char name[GROUP_NAME], tmp[GROUP_NAME + 4];
	struct pack_writer *pack;
	int fd = -1;
	enum err rc;

	memcpy(head.store_id, store_id, sizeof head.store_id);
	group_name(name, head.id);
	(void)snprintf(tmp, sizeof tmp, "%s.tmp", name);
	(void)file_unlink(dirfd, tmp, NULL);
	rc = file_open(&fd, dirfd, tmp, FILE_WRITE_NEW, why);
	if (rc != OK)
		return rc;
	pack = pack_writer_new(&head, key, 1);
	rc = matrix_write(m, pack, fd, why);
	pack_writer_free(&pack);
	if (rc == OK)
		rc = file_sync(fd, why);
	file_close(&fd);
	if (rc == OK)
		rc = file_rename(dirfd, tmp, dirfd, name, why);
	if (rc == OK)
		rc = dir_sync(dirfd, why);
	if (rc != OK)
		(void)file_unlink(dirfd, tmp, NULL);
	return rc;
}

/* The least size that all sizes divide. */
static void
rows_find(struct making *m)
{
	uint64_t two = 1;
	bool three = false;

	for (uint32_t i = 0; i < m->n; i++) {
		uint64_t nbit = m->from[i].filter.nbit;

		three |= nbit % 3 == 0;
		nbit = nbit % 3 == 0 ? nbit / 3 : nbit;
		two = nbit > two ? nbit : two;
	}
	m->nrow = three ? 3 * two : two;
	m->row_bytes = (m->n + 63) / 64 * 8;
	m->chunk_rows = CHUNK_BYTES / m->row_bytes / 64 * 64;
}

/* Opens filters of segments without a group until they are enough. */
static enum err
sources_open(struct making *m, const struct groups *groups, int dirfd,
    const struct segment_info *info, size_t n, const uint8_t *key, struct why *why)
{
	size_t bytes = 0;
	enum err rc = OK;

	for (size_t i = 0; i < n && m->n < GROUP_SEGMENTS && bytes < MOST_BYTES; i++) {
		struct source_filter *f = &m->from[m->n];

		if (info[i].id == 0 || groups_have(groups, &info[i]))
			continue;
		*f = (struct source_filter){ 0 };
		rc = filter_open(f, dirfd, &info[i], key, why);
		if (rc == OK) {
			m->n++;
			rows_find(m);
		}
		/* Without a filter a segment is looked into by each query: not our matter. */
		if (rc != OK) {
			pack_close(&f->pack);
		} else if (m->nrow * m->row_bytes > MATRIX_BYTES) {
			pack_close(&f->pack);
			m->n--;
		} else {
			bytes += (size_t)(f->filter.nbit / 8);
		}
	}
	return m->n >= MAKE_SEGMENTS || bytes >= MAKE_BYTES ? OK : ERR_MORE;
}

static bool
is_needed(const struct group *g, const struct segment_info *info, size_t n)
{
	for (uint32_t i = 0; i < g->nmember; i++) {
		const struct member *m = &g->member[i];
		size_t low = 0, high = n;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (info[middle].id < m->id)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < n && info[low].id == m->id && info[low].stream == m->stream &&
		    info[low].first_seq == m->first_seq && info[low].last_seq == m->last_seq)
			return true;
	}
	return false;
}

struct tidying {
	const struct groups *groups;
	int fd;
};

/* What was not finished, and what cannot be read: it can be made again. */
static enum err
tidy_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	const struct tidying *t = arg;
	uint64_t number = group_number(entry->name);
	size_t n = strlen(entry->name);

	if (entry->kind != DIR_FILE ||
	    (number == 0 && (n < 4 || strcmp(entry->name + n - 4, ".tmp") != 0)))
		return OK;
	for (size_t i = 0; i < t->groups->n; i++)
		if (t->groups->group[i]->number == number)
			return OK;
	return file_unlink(t->fd, entry->name, why);
}

static enum err
groups_drop(const struct groups *groups, int dirfd, const struct segment_info *info, size_t n,
    struct why *why)
{
	enum err rc = OK;

	for (size_t i = 0; i < groups->n && rc == OK; i++) {
		char name[GROUP_NAME];

		group_name(name, groups->group[i]->number);
		if (!is_needed(groups->group[i], info, n))
			rc = file_unlink(dirfd, name, why);
	}
	return rc;
}

enum err
group_tend(int dirfd, const uint8_t store_id[16], const uint8_t *key,
    const struct segment_info *info, size_t n, struct why *why)
{
	struct groups *groups = groups_new(dirfd, key);
	struct tidying tidying = { groups, -1 };
	struct making m = { 0 };
	size_t made = SIZE_MAX;		/* a group that cannot be read is not made again */
	int fd = -1;
	enum err rc;

	rc = dir_make(dirfd, "filter", 0700, why);
	if (rc == OK)
		rc = dir_open(&fd, dirfd, "filter", why);
	if (rc == OK)
		rc = groups_refresh(groups, why);
	tidying.fd = fd;
	if (rc == OK)
		rc = dir_each(fd, tidy_each, &tidying, why);
	if (rc == OK)
		rc = groups_drop(groups, fd, info, n, why);
	m.from = xcalloc(GROUP_SEGMENTS, sizeof *m.from);
	while (rc == OK && groups->n != made) {
		made = groups->n;
		rc = sources_open(&m, groups, dirfd, info, n, key, why);
		if (rc == OK) {
			rows_find(&m);
			rc = group_write(&m, fd, store_id, key, why);
		}
		for (; m.n > 0; m.n--)
			pack_close(&m.from[m.n - 1].pack);
		if (rc == OK)
			rc = groups_refresh(groups, why);
	}
	free(m.from);
	file_close(&fd);
	groups_free(&groups);
	return rc == ERR_MORE ? OK : rc;
}
