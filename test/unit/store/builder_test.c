/* SPDX-License-Identifier: Apache-2.0 */
/* Rows into a segment and out of it again: every octet, every stamp, every number. */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rows.h"
#include "store/builder.h"
#include "store/segment_int.h"

static uint64_t want_seq[LIMIT_ROWS];
static const uint8_t key[32] = "a store key of thirty-two octets";

static void
frames_add(struct builder *b, struct rows *r, uint32_t frames, uint32_t rows, bool big)
{
	struct batch_writer *writer = batch_writer_new(0, 2);

	for (uint32_t i = 0; i < frames; i++) {
		struct rows_tables tables;
		struct batch_head head;
		struct buf code = { 0 };
		uint32_t before = r->n;
		uint8_t seed[32];

		rows_add(r, writer, rows, big);
		batch_finish(writer, &code);
		check_int(batch_head_read(&head, buf_span(&code), NULL), OK);
		rows_tables(&tables, r, &head);
		/* Sequence numbers have a gap between frames: other classes' rows. */
		for (uint32_t k = before; k < r->n; k++)
			want_seq[k] = 1 + k + 10 * i;
		builder_frame(b, &head, &tables.tables, 1 + before + 10 * i);
		memset(seed, (int)i, sizeof seed);
		builder_leaf(b, 100 + i, seed);
		buf_done(&code);
	}
	batch_writer_free(&writer);
}

static void
segment_is(struct segment *s, const struct rows *r)
{
	const int64_t *recv, *time;
	const uint64_t *seq;
	const uint8_t *flags;
	struct why why = { "" };
	struct buf raw = { 0 };
	unsigned wrong = 0;

	check_int(segment_rows(s), r->n);
	check_int(segment_recv(s, &recv, &why), OK);
	check_int(segment_time(s, &time, &why), OK);
	check_int(segment_seq(s, &seq, &why), OK);
	check_int(segment_flags(s, &flags, &why), OK);
	for (uint32_t i = 0; i < r->n; i++) {
		raw.n = 0;
		if (!check_int(segment_raw(s, i, &raw, &why), OK)) {
			printf("row %u: %s\n", i, why.text);
			break;
		}
		wrong += !span_eq(buf_span(&raw), rows_raw(r, i));
		wrong += recv[i] != r->row[i].recv_ns || time[i] != r->row[i].event_ns ||
		    flags[i] != r->row[i].flags || seq[i] != want_seq[i];
	}
	check_int(wrong, 0);
	buf_done(&raw);
}

/* Every loaded column says the same in each of its forms. */
static void
columns_agree(struct segment *s)
{
	struct why why = { "" };

	for (uint32_t c = 0; c < segment_columns(s); c++) {
		const struct column_info *info = segment_column(s, c);
		const struct column *col;

		if (!check_int(segment_column_load(s, c, &col, &why), OK)) {
			printf("%s\n", why.text);
			continue;
		}
		check_int(segment_column_text(s, c, NULL, &why), OK);
		check_int(col->n, info->nvalue);
		for (uint32_t i = 0; i < col->n; i++) {
			struct span v = info->form == COLUMN_CONST ? col->word[0] :
			    info->form == COLUMN_DICT ? col->word[col->code[i]] : col->value[i];
			char text[24];

			if (info->has_int) {
				(void)snprintf(text, sizeof text, "%lld",
				    (long long)col->num[i]);
				check_span(v, span_str(text));
				check(col->num[i] >= info->int_min && col->num[i] <= info->int_max);
			}
			if (!info->has_escape && info->kind != HOLE_TEXT &&
			    info->kind != HOLE_JSON_LITERAL)
				check(v.n == 0 || memchr(v.p, '\\', v.n) == NULL);
		}
	}
}

static struct segment *
opened(struct builder *b, struct segment_info *info)
{
	struct segment_memory *memory = builder_to_memory(b, info);
	struct segment *s = NULL;
	struct why why = { "" };

	if (!check_int(segment_open_memory(&s, memory, NULL, PACK_CHECK, &why), OK))
		printf("%s\n", why.text);
	segment_memory_drop(&memory);
	return s;
}

static void
what_goes_in_comes_out(void)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct builder_conf conf = { .class = 2, .epoch = 1, .level = 1 };
		struct builder *b = builder_new(&conf);
		struct segment *s;
		struct segment_info info;
		struct rows r;
		uint32_t rows = 1 + (uint32_t)(seed * seed % 700);

		rows_init(&r, seed);
		frames_add(b, &r, 3, rows, seed % 8 == 0);
		s = opened(b, &info);
		if (s != NULL) {
			segment_is(s, &r);
			columns_agree(s);
			check_int(info.rows, r.n);
			check_int(info.raw_bytes, r.raw.n);
		}
		segment_free(&s);
		builder_free(&b);
		rows_done(&r);
	}
}

static int
scratch_folder(void)
{
	char name[] = "/tmp/builder_test.XXXXXX";
	int fd;

	must(mkdtemp(name) != NULL);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static void
scratch_remove(int dirfd, uint64_t id)
{
	char path[64], name[256] = "", seg[SEGMENT_NAME];

	for (int part = 0; part < 2; part++) {
		segment_name(seg, id, (enum segment_part)part);
		(void)unlinkat(dirfd, seg, 0);
	}
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", dirfd);
	if (readlink(path, name, sizeof name - 1) > 0)
		(void)rmdir(name);
	close(dirfd);
}

static void
a_file_gives_back_the_same(void)
{
	for (int encrypted = 0; encrypted < 2; encrypted++) {
		struct builder_conf conf = { .class = 2, .epoch = 3, .level = 3,
		    .store_key = encrypted ? key : NULL };
		struct builder *b = builder_new(&conf);
		struct segment *s = NULL;
		struct segment_info info;
		struct why why = { "" };
		struct rows r;
		uint8_t wrong[32] = { 0 };
		int dirfd = scratch_folder();

		rows_init(&r, 7);
		frames_add(b, &r, 5, 200, false);
		check_int(builder_write(b, dirfd, 77, &info, &why), OK);
		check_int(builder_rows(b), 0);
		if (encrypted) {
			check_int(segment_open(&s, dirfd, 77, NULL, &why), ERR_DENIED);
			check_int(segment_open(&s, dirfd, 77, wrong, &why), ERR_DENIED);
		}
		check_int(segment_open(&s, dirfd, 77, encrypted ? key : NULL, &why), OK);
		if (s != NULL) {
			segment_is(s, &r);
			check_int(segment_leaves(s), 5);
			check_int(segment_leaf(s, 4)->tree_index, 104);
			check_int(segment_leaf(s, 4)->seed[31], 4);
			check_int(segment_leaf(s, 4)->first_row, 800);
			check_int(segment_leaf(s, 4)->frame[0].first_seq, 841);
			check_int(segment_epoch(s), 3);
		}
		segment_free(&s);
		scratch_remove(dirfd, 77);
		builder_free(&b);
		rows_done(&r);
	}
}

static void
segments_are_merged_with_all_that_is_in_them(void)
{
	struct builder_conf conf = { .class = 2, .epoch = 1, .level = 9 };
	struct builder *b = builder_new(&conf);
	struct segment *part[3], *s;
	struct segment_info info;
	struct why why = { "" };
	struct rows r;

	rows_init(&r, 11);
	for (unsigned i = 0; i < 3; i++) {
		frames_add(b, &r, 2, 100, false);
		part[i] = opened(b, &info);
	}
	for (unsigned i = 0; i < 3; i++) {
		check_int(builder_segment(b, part[i], 0, &why), OK);
		segment_free(&part[i]);
	}
	s = opened(b, &info);
	segment_is(s, &r);
	check_int(segment_leaves(s), 6);
	check_int(segment_leaf(s, 5)->seed[0], 1);
	check_int(info.raw_bytes, r.raw.n);
	segment_free(&s);
	builder_free(&b);
	rows_done(&r);
}

int
main(void)
{
	run(what_goes_in_comes_out);
	run(segments_are_merged_with_all_that_is_in_them);
	run(a_file_gives_back_the_same);
	return check_done();
}
