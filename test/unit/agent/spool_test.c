/* SPDX-License-Identifier: Apache-2.0 */
/* agent/spool.c: relay.md section 2. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "wire/relay.h"
#include "agent/spool.h"
#include "check.h"

enum { LIMIT = SPOOL_LEAST_BYTES };

static char dir[64];
static int dirfd_ = -1;
static struct spool *spool;
static uint64_t lives;

static void
begin(void)
{
	struct why why = { "" };

	if (dirfd_ < 0) {
		(void)snprintf(dir, sizeof dir, "/tmp/spool-test.XXXXXX");
		must(mkdtemp(dir) != NULL);
		must(dir_open(&dirfd_, AT_FDCWD, dir, NULL) == OK);
	}
	check_int(spool_open(&spool, dirfd_, LIMIT, ++lives * 1000, &why), OK);
}

static enum err
each_unlink(void *arg, const struct dir_entry *entry, struct why *why)
{
	(void)arg;
	return file_unlink(dirfd_, entry->name, why);
}

static void
end(void)
{
	spool_free(&spool);
	must(dir_each(dirfd_, each_unlink, NULL, NULL) == OK);
	file_close(&dirfd_);
	must(rmdir(dir) == 0);
}

static void
again(void)
{
	spool_free(&spool);
	begin();
}

/* One batch of these octets, as its own group. */
static void
put(const char *text, uint64_t writer, uint64_t ticket)
{
	struct buf group = { 0 };
	struct why why = { "" };

	relay_put(&group, RELAY_GROUP, (struct span){ NULL, 0 });
	relay_batch_put(&group, spool_place(spool, span_str(text)), span_str(text));
	check_int(spool_append(spool, &(struct spool_group){ .code = buf_span(&group),
	    .writer = writer, .ticket = ticket, .rows = 2 }, &why), OK);
	buf_done(&group);
}

/* Is the next block this one? Its place behind. */
static uint64_t
next_is(const char *text)
{
	struct spool_block block = { 0 };
	struct why why = { "" };
	struct buf raw = { 0 };
	struct relay_entry e = { .place = 0 };
	struct cur in;

	check_int(spool_peek(spool, &block, &why), OK);
	check_int(spool_next(spool, &raw, &why), OK);
	in = cur_of(buf_span(&raw));
	check_int(relay_next(&e, &in, NULL), OK);
	check_int(relay_next(&e, &in, NULL), OK);
	check_span(e.body, span_str(text));
	check((e.place == block.to) == true);
	buf_done(&raw);
	return block.to;
}

static bool
is_empty(void)
{
	struct spool_block block;

	return spool_peek(spool, &block, NULL) == ERR_MORE;
}

static struct spool_state
state(void)
{
	struct spool_state s;

	spool_tell(spool, &s);
	return s;
}

static unsigned nfile;
static char newest[20];

static enum err
each_count(void *arg, const struct dir_entry *entry, struct why *why)
{
	(void)arg;
	(void)why;
	nfile++;
	if (strcmp(entry->name, newest) > 0)
		(void)snprintf(newest, sizeof newest, "%.16s", entry->name);
	return OK;
}

static unsigned
files(void)
{
	nfile = 0;
	newest[0] = '\0';
	must(dir_each(dirfd_, each_count, NULL, NULL) == OK);
	return nfile;
}

static void
blocks_come_out_in_their_order(void)
{
	begin();
	check(is_empty());
	put("one", 7, 1);
	put("two", 7, 2);
	check_int(state().rows, 4);
	check_int(relay_number(next_is("one")), 1);
	check_int(relay_number(next_is("two")), 2);
	check(is_empty());
	/* Nothing was said to be done: they come again. */
	spool_rewind(spool);
	(void)next_is("one");
	check_int(spool_done(spool, NULL), OK);
	check_int(state().rows, 2);
	(void)next_is("two");
	spool_rewind(spool);
	(void)next_is("two");
	put("three", 7, 3);
	(void)next_is("three");
	check_int(spool_done(spool, NULL), OK);
	check_int(state().rows, 0);
	check_int(state().raw_bytes, 0);
	end();
}

static void
each_life_has_an_instance_and_begins_with_place_one(void)
{
	struct spool_block block;

	begin();
	put("one", 7, 1);
	put("two", 7, 2);
	again();
	put("three", 8, 1);
	check_int(state().rows, 6);
	check_int(spool_peek(spool, &block, NULL), OK);
	check_int((long long)block.instance, (long long)(lives - 1) * 1000);
	(void)next_is("one");
	(void)next_is("two");
	check_int(spool_peek(spool, &block, NULL), OK);
	check_int((long long)block.instance, (long long)lives * 1000);
	check_int(relay_number(next_is("three")), 1);
	check(is_empty());
	check_int(files(), 2);
	check_int(spool_done(spool, NULL), OK);
	check_int(files(), 1);
	end();
}

static void
tickets_are_known_in_the_next_lives_too(void)
{
	begin();
	check_int(spool_ticket(spool, 7), 0);
	put("one", 7, 1);
	put("two", 8, 5);
	put("three", 7, 3);
	again();
	check_int(spool_ticket(spool, 7), 3);
	check_int(spool_ticket(spool, 8), 5);
	/* Also when the blocks went, and through lives without any. */
	for (unsigned i = 0; i < 3; i++)
		(void)next_is(i == 0 ? "one" : i == 1 ? "two" : "three");
	check_int(spool_done(spool, NULL), OK);
	again();
	again();
	check_int(files(), 1);
	check_int(spool_ticket(spool, 7), 3);
	for (uint64_t writer = 100; writer < 108; writer++)
		put("x", writer, 1);
	check_int(spool_ticket(spool, 7), 0);
	check_int(spool_ticket(spool, 100), 1);
	end();
}

static void
a_torn_block_is_cut_off_at_every_octet(void)
{
	uint8_t octets[4096];
	size_t n, whole;
	int fd = -1;

	begin();
	put("one", 7, 1);
	whole = state().disk_bytes;
	put("two", 7, 2);
	(void)files();
	must(file_open(&fd, dirfd_, newest, FILE_READ, NULL) == OK);
	must(file_pread(fd, octets, sizeof octets, 0, &n, NULL) == OK);
	file_close(&fd);
	check_int(n, state().disk_bytes);
	for (size_t cut = whole; cut < n; cut++) {
		spool_free(&spool);
		must(dir_each(dirfd_, each_unlink, NULL, NULL) == OK);
		must(file_open(&fd, dirfd_, "0000000000000001", FILE_APPEND, NULL) == OK);
		must(file_write_all(fd, span_of(octets, cut), NULL) == OK);
		file_close(&fd);
		begin();
		check_int(state().rows, 2);
		check_int(state().damaged, 0);
		check_int(spool_ticket(spool, 7), 1);
		(void)next_is("one");
		check(is_empty());
	}
	end();
}

static void
damage_costs_one_block_and_is_counted(void)
{
	uint8_t octets[4096];
	size_t n;
	int fd = -1;

	begin();
	put("one", 7, 1);
	put("two", 7, 2);
	put("three", 7, 3);
	(void)files();
	must(file_open(&fd, dirfd_, newest, FILE_READ, NULL) == OK);
	must(file_pread(fd, octets, sizeof octets, 0, &n, NULL) == OK);
	file_close(&fd);
	for (size_t at = 160; at < 160 + 2 * 80; at++) {
		unsigned read = 0, broken = 0;
		struct buf raw = { 0 };
		enum err rc;

		spool_free(&spool);
		must(dir_each(dirfd_, each_unlink, NULL, NULL) == OK);
		octets[at] ^= 1;
		must(file_open(&fd, dirfd_, "0000000000000001", FILE_APPEND, NULL) == OK);
		must(file_write_all(fd, span_of(octets, n), NULL) == OK);
		octets[at] ^= 1;
		file_close(&fd);
		begin();
		while ((rc = spool_next(spool, &raw, NULL)) == OK || rc == ERR_FORMAT)
			rc == OK ? read++ : broken++;
		check_int(rc, ERR_MORE);
		check_int(read, 2);
		/* Read again, it is not counted again. */
		spool_rewind(spool);
		while ((rc = spool_next(spool, &raw, NULL)) == OK || rc == ERR_FORMAT)
			;
		check(state().lost_rows == (broken > 0 ? 2 : 0));
		check(state().damaged == 1 && broken <= 1);
		buf_done(&raw);
	}
	end();
}

static void
it_is_full_at_its_size_and_empties_file_by_file(void)
{
	char text[20001];
	uint64_t n = 0;
	struct buf raw = { 0 };

	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = (char)('!' + (i * 7919 + i * i % 251) % 90);
	text[sizeof text - 1] = '\0';
	begin();
	while (!spool_is_full(spool)) {
		text[n % 20000] = (char)('!' + n % 80);
		put(text, 7, ++n);
	}
	check(files() > 8);
	check(state().disk_bytes < LIMIT + LIMIT / 16);
	again();
	check(spool_is_full(spool));
	check_int(state().rows, 2 * n);
	for (uint64_t i = 0; i < n; i++) {
		raw.n = 0;
		check_int(spool_next(spool, &raw, NULL), OK);
		check_int(spool_done(spool, NULL), OK);
	}
	check(is_empty());
	check_int(files(), 1);
	check_int(state().rows, 0);
	check(!spool_is_full(spool));
	buf_done(&raw);
	end();
}

int
main(void)
{
	run(blocks_come_out_in_their_order);
	run(each_life_has_an_instance_and_begins_with_place_one);
	run(tickets_are_known_in_the_next_lives_too);
	run(a_torn_block_is_cut_off_at_every_octet);
	run(damage_costs_one_block_and_is_counted);
	run(it_is_full_at_its_size_and_empties_file_by_file);
	return check_done();
}
