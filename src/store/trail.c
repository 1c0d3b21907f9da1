/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's reader, begun where the manifest says that rows are in no segment: see trail.h. */
#include "store/trail.h"

#include <stdlib.h>

#include "base/must.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/manifest.h"

struct trail {
	struct journal_reader *journal;
	struct journal_frame frame;
};

enum err
trail_open(struct trail **ret_trail, int dirfd, const uint8_t *key, struct why *why)
{
	struct manifest *manifest = NULL;
	struct trail *f = xcalloc(1, sizeof *f);
	enum err rc = manifest_open(&manifest, dirfd, MANIFEST_READ, why);

	if (rc == OK && key == NULL && manifest_encrypted(manifest))
		rc = why_set(why, ERR_DENIED, "the store is encrypted, and there is no store key");
	if (rc == OK)
		rc = journal_reader_open(&f->journal, dirfd, key, manifest_journal_file(manifest),
		    why);
	manifest_close(&manifest);
	if (rc == OK) {
		*ret_trail = f;
		f = NULL;
	}
	trail_close(&f);
	return rc;
}

void
trail_close(struct trail **trail)
{
	if (*trail == NULL)
		return;
	journal_reader_close(&(*trail)->journal);
	free(*trail);
	*trail = NULL;
}

enum err
trail_next(struct trail *f, struct trail_batch *ret, struct why *why)
{
	enum err rc;

	do
		rc = journal_reader_next(f->journal, &f->frame, why);
	while (rc == OK && f->frame.type != JOURNAL_ROWS);
	if (rc == OK)
		*ret = (struct trail_batch){ .stream = f->frame.stream, .class = f->frame.class,
		    .epoch = f->frame.epoch, .first_seq = f->frame.id, .head = &f->frame.head,
		    .tables = &f->frame.tables };
	return rc;
}
