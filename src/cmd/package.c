/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of an evidence package, as they come: see package.h. */
#include "cmd/package_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/line.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "store/key.h"

typedef unsigned long long ull;

/* ---- the file's name ---- */

/* The bag's folder: the file's name without its end, in letters that every system takes. */
static void
top_make(struct package *p)
{
	size_t n = strlen(p->name), i;

	if (n > 4 && (strcmp(p->name + n - 4, ".zip") == 0 || p->kind == ARCHIVE_TAR))
		n -= 4;
	for (i = 0; i < n && i + 1 < sizeof p->top; i++) {
		struct span one = span_of(p->name + i, 1);

		p->top[i] = bag_top_ok(one) || (i > 0 && p->name[i] == '.') ? p->name[i] : '-';
	}
	p->top[i] = '\0';
	if (!bag_top_ok(span_str(p->top)))
		(void)memcpy(p->top, "evidence", sizeof "evidence");
}

static enum err
folder_open(struct package *p, struct why *why)
{
	const char *slash = strrchr(p->conf.path, '/');
	struct buf folder = { 0 };
	size_t n;
	enum err rc;

	p->name = xstrdup(slash != NULL ? slash + 1 : p->conf.path);
	n = strlen(p->name);
	if (n == 0)
		return why_set(why, ERR_FORMAT, "%s: a file name is needed", p->conf.path);
	p->kind = n > 4 && strcmp(p->name + n - 4, ".tar") == 0 ? ARCHIVE_TAR : ARCHIVE_ZIP;
	top_make(p);
	if (slash == NULL)
		buf_str(&folder, ".");
	else
		buf_put(&folder, p->conf.path, slash > p->conf.path ?
		    (size_t)(slash - p->conf.path) : 1);
	buf_u8(&folder, '\0');
	rc = dir_open(&p->dirfd, AT_FDCWD, (const char *)folder.p, why);
	if (rc == OK && faccessat(p->dirfd, p->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		rc = why_set(why, ERR_BUSY, "%s is there already; a package is never overwritten",
		    p->conf.path);
	buf_done(&folder);
	return rc;
}

/* The name goes at once: nothing is left when we are killed. */
static enum err
spool_open(struct package *p, unsigned i, struct why *why)
{
	struct buf name = { 0 };
	enum err rc;

	buf_printf(&name, ".%s.%d.%u", p->name, (int)getpid(), i);
	buf_u8(&name, '\0');
	rc = file_open(&p->spool[i].fd, p->dirfd, (const char *)name.p, FILE_READ_WRITE_NEW, why);
	if (rc == OK)
		rc = file_unlink(p->dirfd, (const char *)name.p, why);
	buf_done(&name);
	return rc;
}

enum err
package_new(struct package **ret_package, const struct package_conf *conf, struct why *why)
{
	struct package *p = xcalloc(1, sizeof *p);
	enum err rc;

	must(*ret_package == NULL);
	p->conf = *conf;
	p->dirfd = p->fd = -1;
	p->now_ns = clock_wall_ns();
	for (unsigned i = 0; i < SPOOL_END; i++)
		p->spool[i].fd = -1;
	rc = folder_open(p, why);
	for (unsigned i = 0; rc == OK && i < SPOOL_END; i++)
		rc = spool_open(p, i, why);
	if (rc == OK) {
		*ret_package = p;
		p = NULL;
	}
	package_free(&p);
	return rc;
}

void
package_free(struct package **package)
{
	struct package *p = *package;

	if (p == NULL)
		return;
	if (p->begun && !p->done) {
		struct buf part = { 0 };

		buf_printf(&part, "%s.part", p->name);
		buf_u8(&part, '\0');
		(void)file_unlink(p->dirfd, (const char *)part.p, NULL);
		buf_done(&part);
	}
	for (unsigned i = 0; i < SPOOL_END; i++)
		file_close(&p->spool[i].fd);
	file_close(&p->fd);
	file_close(&p->dirfd);
	for (unsigned i = 0; i < BAG_END; i++)
		buf_done(&p->text[i]);
	leaf_proof_done(&p->proof);
	free(p->fields);
	free(p->seq);
	free(p->name);
	free(p);
	*package = NULL;
}

enum err
package_stopped(const struct package *package, struct why *why)
{
	return package->result == OK ? OK :
	    why_set(why, package->result, "%s", package->why.text);
}

/* ---- pieces ---- */

static enum err
spool_add(struct spool *spool, struct span octets, struct why *why)
{
	spool->bytes += octets.n;
	return file_write_all(spool->fd, octets, why);
}

static enum err
about_take(struct package *p, struct span octets, struct why *why)
{
	struct span who, from;

	if (!line_next(&octets, &who) || !line_next(&octets, &from) || who.n >= sizeof p->who ||
	    from.n >= sizeof p->from)
		return why_set(why, ERR_FORMAT, "the desk does not say who asks");
	memcpy(p->who, who.p, who.n);
	memcpy(p->from, from.p, from.n);
	return OK;
}

static enum err
note_take(struct package *p, struct span octets, struct why *why)
{
	struct buf *text = &p->text[BAG_CHECKPOINT];
	struct note note;
	enum err rc;

	if (p->has_note)
		return why_set(why, ERR_FORMAT, "the desk sends two checkpoints");
	p->has_note = true;
	buf_span_put(text, octets);
	rc = note_parse(&note, buf_span(text), why);
	if (rc == OK)
		rc = checkpoint_get(&p->checkpoint, note.text, why);
	if (rc == OK)
		checkpoint_short(p->code, &p->checkpoint);
	return rc;
}

static enum err
key_take(struct package *p, struct span octets, struct why *why)
{
	p->has_key = true;
	if (note_key_get(&p->key, octets, why) != OK)
		return ERR_FORMAT;
	key_fingerprint(p->fingerprint, &p->key);
	return OK;
}

/* Proofs of the desk, roots of the operator's file: the two must fit here already. */
static enum err
anchors_take(struct package *p, struct span octets, struct why *why)
{
	struct held *held = xcalloc(HELD_MAX, sizeof *held);
	struct held got;
	struct span rest = octets;
	uint64_t line = 0;
	unsigned n = 0;
	enum err rc = OK;

	if (p->conf.anchors.n > 0)
		rc = held_list(held, &n, p->conf.anchors, p->checkpoint.origin, why);
	for (unsigned i = 0; rc == OK && i < n; i++) {
		rc = held_get(&got, &rest, &line, why);
		if (rc == ERR_MORE || (rc == OK && got.size != held[i].size))
			rc = why_set(why, ERR_FORMAT, "the desk proves other anchors than those "
			    "asked for");
		held[i].proof = got.proof;
		if (rc == OK)
			rc = held_check(&held[i], &p->checkpoint, why);
		if (rc == OK)
			held_put(&p->text[BAG_ANCHORS], &held[i]);
	}
	free(held);
	return rc;
}

static enum err
fields_take(struct package *p, struct span octets, struct why *why)
{
	struct span rest = octets, line, name;
	uint64_t offset = p->spool[SPOOL_FIELDS].bytes, seq;

	while (line_next(&rest, &line)) {
		if (!bag_fields_record(line, &seq, &name) || p->nfields == LIMIT_EVIDENCE_RECORDS)
			return why_set(why, ERR_FORMAT, "the desk sends fields of no record");
		if (p->nfields == p->fields_cap) {
			p->fields_cap = p->fields_cap > 0 ? 2 * p->fields_cap : 1024;
			p->fields = xreallocarray(p->fields, p->fields_cap, sizeof *p->fields);
		}
		p->fields[p->nfields++] = (struct fields_at){ .seq = seq, .offset = offset,
		    .length = (uint32_t)line.n + 1 };
		offset += line.n + 1;
	}
	if (rest.n > 0)
		return why_set(why, ERR_FORMAT, "the desk sends half a line");
	return spool_add(&p->spool[SPOOL_FIELDS], octets, why);
}

static enum err
proof_take(struct package *p, struct span octets, struct why *why)
{
	struct span rest = octets;
	uint64_t line = 0;
	enum err rc;

	rc = leaf_proof_get(&p->proof, &rest, &line, why);
	if (rc != OK || rest.n > 0)
		return why_set(why, ERR_FORMAT, "the desk sends a proof that is none");
	for (uint32_t i = 0; i < p->proof.nrow; i++) {
		const struct leaf_proof_row *row = &p->proof.row[i];

		if (p->nseq == p->seq_cap) {
			p->seq_cap = p->seq_cap > 0 ? 2 * p->seq_cap : 1024;
			p->seq = xreallocarray(p->seq, p->seq_cap, sizeof *p->seq);
		}
		p->seq[p->nseq++] = row->seq;
		if (p->first_ns == 0 || row->recv_ns < p->first_ns)
			p->first_ns = row->recv_ns;
		if (row->recv_ns > p->last_ns)
			p->last_ns = row->recv_ns;
	}
	return spool_add(&p->spool[SPOOL_PROOFS], octets, why);
}

static enum err
refused_take(struct span octets, struct why *why)
{
	struct span text = span_sub(octets, 1, SIZE_MAX);
	enum err rc = octets.n > 0 && octets.p[0] > ERR_MORE && octets.p[0] <= ERR_BUSY ?
	    (enum err)octets.p[0] : ERR_IO;

	return why_set(why, rc, "%.*s", text.n < 400 ? (int)text.n : 400, (const char *)text.p);
}

static enum err
piece_take(struct package *p, enum piece_type type, struct span octets, struct why *why)
{
	switch (type) {
	case PIECE_ABOUT:
		return about_take(p, octets, why);
	case PIECE_NOTE:
		return note_take(p, octets, why);
	case PIECE_KEY:
		return key_take(p, octets, why);
	case PIECE_KEYS:
		buf_span_put(&p->text[BAG_KEYS], octets);
		return OK;
	case PIECE_ANCHORS:
		return anchors_take(p, octets, why);
	case PIECE_FIELDS:
		return fields_take(p, octets, why);
	case PIECE_TOTAL:
		return line_decimal(octets, &p->total) ? OK :
		    why_set(why, ERR_FORMAT, "the desk says no number of records");
	case PIECE_RECORDS:
		return spool_add(&p->spool[SPOOL_RECORDS], octets, why);
	case PIECE_PROOF:
		return proof_take(p, octets, why);
	case PIECE_REFUSED:
		return refused_take(octets, why);
	case PIECE_END:
	case PIECE_TYPES:
	default:
		p->has_end = true;
		return OK;
	}
}

bool
package_piece(void *package, enum piece_type type, struct span octets)
{
	struct package *p = package;

	p->result = piece_take(p, type, octets, &p->why);
	if (p->result != OK)
		return false;
	if (type == PIECE_FIELDS)
		return p->conf.progress(p->conf.ctx, "found", p->nfields, 0);
	return p->conf.progress(p->conf.ctx, "proven", p->nseq, p->total);
}

/* ---- the end ---- */

static enum err
whole_check(const struct package *p, struct why *why)
{
	if (!p->has_end || !p->has_note || !p->has_key)
		return why_set(why, ERR_IO, "the desk's answer broke off");
	if (p->nseq != p->total || p->nfields != p->total || p->total == 0)
		return why_set(why, ERR_FORMAT, "the desk announced %llu records and sent %zu with "
		    "proof, %zu with fields", (ull)p->total, p->nseq, p->nfields);
	return OK;
}

enum err
package_end(struct package *p, struct package_result *ret, struct why *why)
{
	struct sums file;
	enum err rc;

	rc = whole_check(p, why);
	if (rc == OK)
		rc = package_texts(p, why);
	if (rc == OK)
		rc = package_write(p, &file, why);
	if (rc != OK)
		return rc;
	*ret = (struct package_result){ .file = file, .records = p->nseq,
	    .octets = p->spool[SPOOL_RECORDS].bytes - p->nseq, .entries = p->checkpoint.size };
	memcpy(ret->fingerprint, p->fingerprint, sizeof ret->fingerprint);
	memcpy(ret->code, p->code, sizeof ret->code);
	memcpy(ret->who, p->who, sizeof ret->who);
	return OK;
}
