/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small sealed store for tests of verification, made through the real keeper, and what is done
 * to it: files listed, copied, changed.
 */
#ifndef TEST_PROOF_STORE_H
#define TEST_PROOF_STORE_H

#include "check.h"

#include "test/unit/store/keep_rows.h"

#include "store/key.h"
#include "store/proof.h"
#include "sys/file.h"

struct place {
	char path[80];
	int fd;
	struct keys keys;
	struct keep *keep;
	struct writer raw, ledger;
	uint64_t acked;
	uint32_t cold_days;		/* for keep_open */
	unsigned came[16];		/* events by type that nobody waited for yet */
};

static inline void
place_make(struct place *p)
{
	*p = (struct place){ .fd = -1 };
	(void)snprintf(p->path, sizeof p->path, "%s/trucban-proof-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(p->path) != NULL);
	must(dir_open(&p->fd, AT_FDCWD, p->path, NULL) == OK);
}

static inline enum err
place_remove_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	const int *dirfd = arg;
	int fd = -1;

	if (entry->kind != DIR_DIRECTORY)
		return file_unlink(*dirfd, entry->name, why);
	if (dir_open(&fd, *dirfd, entry->name, why) == OK)
		(void)dir_each(fd, place_remove_each, &fd, why);
	file_close(&fd);
	return dir_remove(*dirfd, entry->name, why);
}

static inline void
place_remove(struct place *p)
{
	must(dir_each(p->fd, place_remove_each, &p->fd, NULL) == OK);
	file_close(&p->fd);
	must(rmdir(p->path) == 0);
}

/* ---- the keeper ---- */

static inline void
place_open(struct place *p, enum key_make make)
{
	struct keep_conf conf = { .dirfd = p->fd, .machine = "here", .nclass = 2,
	    .class = { { "standard", 90, 0 }, { "long", 0, 0 } },
	    .journal_file_bytes = 1 << 20, .reserve_bytes = 1 << 20,
	    .cold_after_days = p->cold_days };
	struct why why = { "" };

	if (keys_load(&p->keys, p->fd, NULL) != OK) {
		must(keys_make(p->fd, make, NULL) == OK);
		must(keys_load(&p->keys, p->fd, NULL) == OK);
	}
	conf.seal_seed = p->keys.seed;
	conf.store_key = p->keys.has_store_key ? p->keys.store_key : NULL;
	conf.origin = p->keys.origin;
	if (!check(keep_open(&p->keep, &conf, &why) == OK))
		printf("%s\n", why.text);
	must(p->keep != NULL);
	memset(p->came, 0, sizeof p->came);
	writer_open(&p->raw, p->keep, 1, STREAM_RAW, 0, 3);
	writer_open(&p->ledger, p->keep, 2, STREAM_LEDGER, 1, 2);
}

static inline void
place_close(struct place *p)
{
	writer_close(&p->raw);
	writer_close(&p->ledger);
	keep_close(&p->keep);
}

/* Takes what happened. Events that nobody waits for yet are kept for who will. */
static inline void
place_take(struct place *p)
{
	struct keep_event event;

	while (keep_event(p->keep, &event)) {
		if (event.type == KEEP_ACK)
			p->acked += event.rows;
		if (event.type == KEEP_ALARM)
			printf("alarm: %.*s\n", (int)event.text.n, (const char *)event.text.p);
		must(event.type < sizeof p->came / sizeof p->came[0]);
		p->came[event.type]++;
	}
}

/* Turns until there was an event of that type more often than it was waited for. */
static inline void
place_until(struct place *p, enum keep_event_type type)
{
	for (unsigned i = 0; i < 10000; i++) {
		place_take(p);
		if (p->came[type] > 0) {
			p->came[type]--;
			return;
		}
		keep_wait(p->keep, 10);
	}
	must(p->came[type] > 0);
}

/* As place_until where calls may fail: gives up after some seconds, and tells no alarm. */
static inline void
place_try(struct place *p, enum keep_event_type type)
{
	struct keep_event event;

	for (unsigned i = 0; i < 300 && p->came[type] == 0; i++) {
		keep_wait(p->keep, 10);
		while (keep_event(p->keep, &event))
			p->came[event.type]++;
	}
}

static inline void
place_rows(struct place *p, struct writer *w, uint32_t n)
{
	struct buf batch = { 0 };
	uint64_t want = p->acked + n;
	enum err rc;

	writer_batch(w, n, &batch);
	while ((rc = keep_batch(p->keep, w->channel, ++w->ticket, buf_span(&batch), NULL)) ==
	    ERR_BUSY)
		keep_wait(p->keep, 10);
	must(rc == OK);
	for (unsigned i = 0; p->acked < want && i < 10000; i++) {
		keep_wait(p->keep, 10);
		place_take(p);
	}
	must(p->acked >= want);
	p->came[KEEP_ACK] = 0;
	buf_done(&batch);
}

static inline void
place_checkpoint(struct place *p)
{
	place_take(p);
	p->came[KEEP_CHECKPOINT] = 0;
	keep_checkpoint(p->keep);
	place_until(p, KEEP_CHECKPOINT);
}

static inline void
place_flush(struct place *p)
{
	keep_flush(p->keep);
	place_until(p, KEEP_FLUSHED);
}

/* Two segments of raw, one of the ledger, some leaves each, and rows in the journal only. */
static inline void
place_fill(struct place *p, enum key_make make)
{
	place_make(p);
	place_open(p, make);
	place_rows(p, &p->raw, 20);
	place_rows(p, &p->raw, 3);
	place_checkpoint(p);
	place_rows(p, &p->raw, 17);
	place_rows(p, &p->ledger, 5);
	place_flush(p);
	place_rows(p, &p->raw, 9);
	place_checkpoint(p);
	place_flush(p);
	place_rows(p, &p->raw, 6);
	place_rows(p, &p->ledger, 2);
	place_checkpoint(p);
	place_close(p);
}

/* ---- verification ---- */

enum { FINDINGS_MAX = 64 };

struct found {
	enum proof_kind kind;
	enum proof_grade grade;
	uint8_t rule, stream;
	uint64_t first_seq, last_seq, offset;
	int64_t since_ns;
	char file[128];
	char text[256];
};

struct verdict {
	struct proof_result result;
	enum err rc;
	struct why why;
	unsigned n;
	struct found found[FINDINGS_MAX];
};

static inline void
verdict_add(void *ctx, const struct proof_finding *f)
{
	struct verdict *v = ctx;
	struct found *to;

	if (v->n == FINDINGS_MAX)
		return;
	to = &v->found[v->n++];
	*to = (struct found){ .kind = f->kind, .grade = f->grade, .rule = f->rule,
	    .stream = f->stream, .first_seq = f->first_seq, .last_seq = f->last_seq,
	    .offset = f->offset, .since_ns = f->since_ns };
	(void)snprintf(to->file, sizeof to->file, "%s", f->file);
	(void)snprintf(to->text, sizeof to->text, "%.255s", f->text);
}

static inline void
verdict_print(const struct verdict *v)
{
	if (v->rc != OK)
		printf("  could not: %s: %s\n", err_name(v->rc), v->why.text);
	for (unsigned i = 0; i < v->n; i++)
		printf("  %s %s (rule %u) %s %llu-%llu %s@%lld: %s\n",
		    proof_grade_name(v->found[i].grade), proof_kind_name(v->found[i].kind),
		    v->found[i].rule, v->found[i].stream == PROOF_NO_STREAM ? "-" :
		    v->found[i].stream == STREAM_RAW ? "raw" : "other",
		    (unsigned long long)v->found[i].first_seq,
		    (unsigned long long)v->found[i].last_seq, v->found[i].file,
		    (long long)v->found[i].offset, v->found[i].text);
}

static inline void
verify_with(const struct place *p, struct proof_options *options, struct verdict *v)
{
	memset(v, 0, sizeof *v);
	options->finding = verdict_add;
	options->ctx = v;
	options->threads = 1;
	v->rc = proof_verify(p->fd, options, &v->result, &v->why);
}

static inline void
verify(const struct place *p, struct verdict *v)
{
	struct proof_options options = { 0 };

	verify_with(p, &options, v);
}

static inline bool
verdict_clean(const struct verdict *v)
{
	return v->rc == OK && v->result.count[PROOF_WARN] == 0 && v->result.count[PROOF_BAD] == 0;
}

/* Is there a finding of this kind, not only a note? */
static inline const struct found *
verdict_find(const struct verdict *v, enum proof_kind kind)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->found[i].kind == kind && v->found[i].grade != PROOF_NOTE)
			return &v->found[i];
	return NULL;
}

/* Does a finding name this file (or the folder key/)? */
static inline bool
verdict_names(const struct verdict *v, const char *file)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->found[i].grade != PROOF_NOTE && v->found[i].file[0] != '\0' &&
		    strncmp(file, v->found[i].file, strlen(v->found[i].file)) == 0)
			return true;
	return false;
}

/* ---- files ---- */

enum { FILES_MAX = 1024 };

struct files {
	unsigned n;
	char name[FILES_MAX][128];
	char at[128];
	int fd;
};

static inline enum err
files_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct files *files = arg;
	char before[128];
	int fd = files->fd;

	(void)why;
	memcpy(before, files->at, sizeof before);
	if (entry->kind == DIR_DIRECTORY) {
		(void)snprintf(files->at, sizeof files->at, "%.60s%.60s/", before, entry->name);
		files->fd = -1;
		must(dir_open(&files->fd, fd, entry->name, NULL) == OK);
		must(dir_each(files->fd, files_each, files, NULL) == OK);
		file_close(&files->fd);
		files->fd = fd;
		memcpy(files->at, before, sizeof before);
	} else if (check(files->n < FILES_MAX)) {
		(void)snprintf(files->name[files->n++], sizeof files->name[0], "%.60s%.60s",
		    before, entry->name);
	}
	return OK;
}

/* All files of the store, with their paths below it. */
static inline void
files_list(const struct place *p, struct files *files)
{
	memset(files, 0, sizeof *files);
	files->fd = p->fd;
	must(dir_each(p->fd, files_each, files, NULL) == OK);
}

/* The first file whose path begins and ends so. */
static inline const char *
files_find(const struct files *files, const char *head, const char *tail)
{
	for (unsigned i = 0; i < files->n; i++) {
		const char *name = files->name[i];
		size_t n = strlen(name), t = strlen(tail);

		if (strncmp(name, head, strlen(head)) == 0 && n >= t &&
		    strcmp(name + n - t, tail) == 0)
			return name;
	}
	return NULL;
}

static inline void
file_get(const struct place *p, const char *name, struct buf *out)
{
	out->n = 0;
	must(file_read_whole(p->fd, name, 64 << 20, out, NULL) == OK);
}

static inline void
file_put(const struct place *p, const char *name, struct span bytes)
{
	(void)file_unlink(p->fd, name, NULL);
	must(file_replace(p->fd, name, bytes, NULL) == OK);
}

/* Changes one octet in place. */
static inline void
file_poke(const struct place *p, const char *name, uint64_t at, uint8_t xor)
{
	uint8_t b = 0;
	int fd = -1;

	must(file_open(&fd, p->fd, name, FILE_READ_WRITE, NULL) == OK);
	must(file_pread_all(fd, &b, 1, at, NULL) == OK);
	b ^= xor;
	must(file_pwrite_all(fd, span_of(&b, 1), at, NULL) == OK);
	file_close(&fd);
}

/* ---- judging ---- */

/* What verification answers for. */
static const char *const place_sealed[] = { "manifest", "seal/", "segment/", "journal/", "key/" };

static inline bool
is_sealed(const char *name)
{
	for (size_t i = 0; i < sizeof place_sealed / sizeof place_sealed[0]; i++)
		if (strncmp(name, place_sealed[i], strlen(place_sealed[i])) == 0)
			return true;
	return false;
}

/* The store as it is now: clean or not. */
static inline void
is_clean(const struct place *p)
{
	struct verdict v;

	verify(p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
}

/* There is a finding of this kind; returns it. */
static inline const struct found *
has(struct verdict *v, enum proof_kind kind)
{
	const struct found *f = verdict_find(v, kind);

	if (!check(f != NULL)) {
		printf("no finding of kind %s:\n", proof_kind_name(kind));
		verdict_print(v);
	}
	return f;
}

#endif
