/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests evidence/check.c and archive.c: a whole package, and one that was changed everywhere it can
 * be. With an argument it writes the package's files there: the fuzzers begin with them.
 */
#include "check.h"

#include "evidence/check.h"
#include "make.h"

enum { SHOWN = 41 };

struct seen {
	struct evidence_result result;
	struct evidence_finding first;	/* text not kept */
	char record[64], first_changed[64];
	uint64_t stop_at, steps;
};

static void
on_finding(void *ctx, const struct evidence_finding *f)
{
	struct seen *s = ctx;

	if (s->first.rule != 0)
		return;
	s->first = *f;
	s->first.text = NULL;
	(void)snprintf(s->record, sizeof s->record, "%s", f->record);
}

static void
on_record(void *ctx, const struct evidence_record *r)
{
	struct seen *s = ctx;

	if (r->state != EVIDENCE_PROVEN && s->first_changed[0] == '\0')
		(void)snprintf(s->first_changed, sizeof s->first_changed, "%s", r->name);
}

static bool
on_progress(void *ctx, uint64_t done, uint64_t all)
{
	struct seen *s = ctx;

	check(done <= all);
	return ++s->steps != s->stop_at;
}

static enum err
look(struct seen *s, const struct archive *archive, const struct note_key *key)
{
	struct evidence_watch watch = { on_finding, on_record, on_progress, s };

	return evidence_check(archive, &(struct evidence_trust){ .key = key }, &watch,
	    &s->result, NULL);
}

/* The package as its files are now, without an archive around it. */
static struct seen
look_files(const struct made *m)
{
	struct archive archive = { 0 };
	struct seen s = { 0 };

	for (unsigned i = 0; i < BAG_END; i++)
		archive.file[i] = span_of(m->file[i].n > 0 ? m->file[i].p : m->zip.p,
		    m->file[i].n);
	check_int(look(&s, &archive, &m->key), OK);
	return s;
}

static void
a_whole_package_is_proven(void)
{
	struct made m;
	struct archive archive;
	struct note_key key;

	made_new(&m);
	for (int tar = 0; tar < 2; tar++) {
		struct seen s = { 0 };

		check_int(archive_read(&archive, buf_span(tar ? &m.tar : &m.zip), NULL), OK);
		check_int(evidence_key(&archive, &key, NULL), OK);
		check(note_key_eq(&key, &m.key));
		check_int(look(&s, &archive, &key), OK);
		check_int(s.result.findings, 0);
		check_int(s.first.rule, 0);
		check_int(s.result.state[EVIDENCE_PROVEN], s.result.records);
		check_int(s.result.records, SHOWN);
		check_int(s.result.first_ns, 1000);
		check(!s.result.contiguous && !s.result.complete);
		check(strcmp(s.result.origin, MADE_ORIGIN) == 0);
	}
	made_done(&m);
}

/* Each octet of each file, with manifests that fit: something must not hold, wherever it is. */
static void
no_octet_that_proves_can_be_another(void)
{
	static const uint8_t flip[] = { 1, 0x80 };
	struct made m;

	made_new(&m);
	for (unsigned file = BAG_RECORDS; file <= BAG_SIGNATURE; file++) {
		for (size_t i = 0; i < m.file[file].n; i += file == BAG_PROOFS ? 5 : 1) {
			struct sums sums[BAG_END] = { 0 };
			struct seen s;

			m.file[file].p[i] ^= flip[i % 2];
			made_manifests(&m, sums);
			s = look_files(&m);
			/* The fields are the desk's reading: only their last member is bound. */
			if (file != BAG_FIELDS)
				check(s.result.findings > 0);
			if (file == BAG_RECORDS)
				check(s.first.rule == 16 && s.first_changed[0] != '\0');
			m.file[file].p[i] ^= flip[i % 2];
		}
	}
	made_done(&m);
}

static void
without_new_manifests_each_file_is_named(void)
{
	struct made m;

	made_new(&m);
	for (unsigned file = 0; file < BAG_END; file++) {
		struct seen s;

		if (m.file[file].n == 0)
			continue;
		m.file[file].p[0] ^= 1;
		s = look_files(&m);
		check(s.result.findings > 0);
		/* Of a manifest that was changed, the file is named whose sum it was. */
		if (file != BAG_SHA256 && file != BAG_BLAKE2B && file != BAG_TAGS)
			check(strcmp(s.first.file, bag_name(file)) == 0);
		m.file[file].p[0] ^= 1;
	}
	made_done(&m);
}

static void
a_missing_file_is_named(void)
{
	for (unsigned file = 0; file < BAG_END; file++) {
		struct archive archive = { 0 };
		struct seen s = { 0 };
		struct made m;

		made_new(&m);
		for (unsigned i = 0; i < BAG_END; i++)
			if (i != file)
				archive.file[i] = span_of(m.file[i].n > 0 ? m.file[i].p :
				    m.zip.p, m.file[i].n);
		check_int(look(&s, &archive, &m.key), OK);
		check_int(s.first.rule, 5);
		check(strcmp(s.first.file, bag_name(file)) == 0);
		made_done(&m);
	}
}

/* Cuts `n` octets at `at` out of a file and puts `with` there. */
static void
splice(struct buf *b, size_t at, size_t n, const char *with)
{
	struct buf made = { 0 };

	buf_put(&made, b->p, at);
	buf_str(&made, with);
	buf_put(&made, b->p + at + n, b->n - at - n);
	buf_done(b);
	*b = made;
}

static size_t
where(const struct buf *b, const char *text)
{
	const uint8_t *at = memmem(b->p, b->n, text, strlen(text));

	must(at != NULL);
	return (size_t)(at - b->p);
}

static void
what_happened_to_a_line_is_told(void)
{
	static const struct {
		const char *find;
		size_t cut;
		const char *with;
		uint64_t line, changed, missing, added;
	} row[] = {
		{ "record 7\n", 9, "", 4, 0, 1, 0 },		/* dropped */
		{ "record 7\n", 9, "record 77\n", 4, 1, 0, 0 },	/* longer */
		{ "record 7\n", 9, "rec 7\n", 4, 1, 0, 0 },	/* shorter */
		{ "record 7\n", 0, "another\n", 4, 0, 0, 1 },	/* added */
		{ "record 7\nrecord 10\n", 19, "record 10\nrecord 7\n", 4, 2, 0, 0 },
		{ "record 4\n", 9, "record 4 ", 2, 1, 0, 0 },	/* a line feed inside */
		{ "record 1\n", 9, "", 1, 0, 1, 0 },		/* the first one */
		{ "record 79\n", 10, "", 42, 0, 1, 0 },		/* the last one */
		{ "record 79\n", 9, "record 7", 42, 1, 0, 0 },
		{ "record 40\n", 10, "", 15, 0, 1, 0 },		/* the last of a leaf */
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct made m;
		struct seen s;

		made_new(&m);
		splice(&m.file[BAG_RECORDS], where(&m.file[BAG_RECORDS], row[i].find),
		    row[i].cut, row[i].with);
		made_pack(&m);
		s = look_files(&m);
		check_int(s.first.line, row[i].line);
		check_int(s.result.state[EVIDENCE_CHANGED], row[i].changed);
		check_int(s.result.state[EVIDENCE_MISSING], row[i].missing);
		check_int(s.result.added, row[i].added);
		check_int(s.result.state[EVIDENCE_PROVEN], SHOWN - row[i].changed - row[i].missing);
		made_done(&m);
	}
}

static void
another_key_proves_nothing(void)
{
	static const uint8_t seed[32] = { 2 };
	struct archive archive;
	struct note_key other;
	struct seen s = { 0 };
	struct made m;

	made_new(&m);
	note_key_of_seed(&other, MADE_ORIGIN, seed);
	check_int(archive_read(&archive, buf_span(&m.zip), NULL), OK);
	check_int(look(&s, &archive, &other), OK);
	check_int(s.result.state[EVIDENCE_NOT_INCLUDED], SHOWN);
	check_int(s.result.state[EVIDENCE_PROVEN], 0);
	made_done(&m);
}

static void
a_claim_is_held_against_what_is_proven(void)
{
	struct made m;
	struct seen s;

	made_new(&m);
	/* All of a frame is here, but other rows too. */
	splice(&m.file[BAG_PROOFS], where(&m.file[BAG_PROOFS], "claim none"), 10,
	    "claim range 41 60");
	made_pack(&m);
	s = look_files(&m);
	check_int(s.first.rule, 20);
	check(!s.result.complete);
	made_done(&m);
}

static void
no_octet_of_an_archive_can_be_another(void)
{
	struct made m;

	made_new(&m);
	for (int tar = 0; tar < 2; tar++) {
		struct buf *b = tar ? &m.tar : &m.zip;

		for (size_t i = 0; i < b->n; i += i < 600 ? 1 : 13) {
			struct archive archive;
			struct seen s = { 0 };

			b->p[i] ^= 1;
			if (archive_read(&archive, buf_span(b), NULL) == OK) {
				(void)look(&s, &archive, &m.key);
				check(s.result.findings > 0);
			}
			b->p[i] ^= 1;
		}
	}
	made_done(&m);
}

static void
an_archive_has_its_length_and_no_other(void)
{
	struct archive archive;
	struct made m;

	made_new(&m);
	for (int tar = 0; tar < 2; tar++) {
		struct buf *b = tar ? &m.tar : &m.zip;

		for (size_t n = 0; n < b->n; n++)
			check(archive_read(&archive, span_of(b->p, n), NULL) != OK);
		buf_u8(b, 0);
		check(archive_read(&archive, buf_span(b), NULL) != OK);
	}
	made_done(&m);
}

static void
it_can_be_stopped_anywhere(void)
{
	struct made m;
	enum err rc = ERR_BUSY;

	made_new(&m);
	for (uint64_t at = 1; rc == ERR_BUSY; at++) {
		struct archive archive;
		struct seen s = { .stop_at = at };

		check_int(archive_read(&archive, buf_span(&m.zip), NULL), OK);
		rc = look(&s, &archive, &m.key);
		check(rc == OK || rc == ERR_BUSY);
	}
	made_done(&m);
}

static int
corpus_write(const char *folder)
{
	struct made m;

	made_new(&m);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const name[] = { "zip", "tar", "proofs", "records" };
		const struct buf *b[] = { &m.zip, &m.tar, &m.file[BAG_PROOFS],
		    &m.file[BAG_RECORDS] };
		char path[4096];
		FILE *f;

		(void)snprintf(path, sizeof path, "%s/%s", folder, name[i]);
		f = fopen(path, "wb");
		if (f == NULL || fwrite(b[i]->p, 1, b[i]->n, f) != b[i]->n || fclose(f) != 0)
			return 1;
	}
	made_done(&m);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return corpus_write(argv[1]);
	run(a_whole_package_is_proven);
	run(no_octet_that_proves_can_be_another);
	run(without_new_manifests_each_file_is_named);
	run(a_missing_file_is_named);
	run(what_happened_to_a_line_is_told);
	run(another_key_proves_nothing);
	run(a_claim_is_held_against_what_is_proven);
	run(no_octet_of_an_archive_can_be_another);
	run(an_archive_has_its_length_and_no_other);
	run(it_can_be_stopped_anywhere);
	return check_done();
}
