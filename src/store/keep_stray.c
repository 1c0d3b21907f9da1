/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files below segment/ that a crash left: half-written ones, whole ones that never came into the
 * manifest (their rows are in the journal), dropped ones that were not yet removed.
 */
#include "store/keep_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"

struct strays {
	struct keep *keep;
	struct manifest *manifest;
	int fd;				/* of the day */
	uint64_t *own;			/* segments whose sealed part is here */
	size_t n, cap;
	bool keep_all;			/* a damaged manifest may have forgotten some */
};

/* The id in "%016x.seg" or ".idx"; 0: another name. */
static uint64_t
segment_id_of(const char *name)
{
	char as_journal[JOURNAL_NAME_BYTES];

	if (strlen(name) != 20 || (strcmp(name + 16, ".seg") != 0 &&
	    strcmp(name + 16, ".idx") != 0))
		return 0;
	memcpy(as_journal, name, 16);
	memcpy(as_journal + 16, ".tbj", 5);
	return journal_name_number(as_journal);
}

static void
own_add(struct strays *s, uint64_t id)
{
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 256;
		s->own = xreallocarray(s->own, s->cap, sizeof *s->own);
	}
	s->own[s->n++] = id;
}

static enum err
stray_file(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct strays *s = arg;
	size_t n = strlen(entry->name);
	uint64_t id = segment_id_of(entry->name);

	if (entry->kind != DIR_FILE)
		return OK;
	if (id != 0 && entry->name[17] == 's')
		own_add(s, id);
	if (s->keep_all)
		return OK;
	if ((n > 4 && strcmp(entry->name + n - 4, ".tmp") == 0) ||
	    (id != 0 && manifest_find(s->manifest, id) == NULL))
		return file_unlink(s->fd, entry->name, why);
	return OK;
}

static enum err
stray_day(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct strays *s = arg;
	char name[80];
	enum err rc;

	if (entry->kind != DIR_DIRECTORY || strlen(entry->name) > 32)
		return OK;
	(void)snprintf(name, sizeof name, "segment/%s", entry->name);
	rc = dir_open(&s->fd, s->keep->dirfd, name, why);
	if (rc == OK)
		rc = dir_each(s->fd, stray_file, s, why);
	file_close(&s->fd);
	if (rc == OK && !s->keep_all)
		(void)dir_remove(s->keep->dirfd, name, NULL);	/* when it is empty */
	return rc;
}

enum err
keep_strays(struct keep *keep, struct why *why)
{
	struct strays s = { .keep = keep, .fd = -1 };
	int fd = -1;
	enum err rc;

	s.manifest = mill_manifest_take(keep->mill);
	s.keep_all = manifest_damaged(s.manifest);
	rc = dir_open(&fd, keep->dirfd, "segment", why);
	if (rc == OK)
		rc = dir_each(fd, stray_day, &s, why);
	file_close(&fd);
	if (rc == OK)
		keep_cold_open(keep, s.manifest, s.own, s.n);
	free(s.own);
	mill_manifest_give(keep->mill);
	return rc;
}
