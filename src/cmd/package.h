/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an evidence package out of the pieces that the desk sends (evidence/pieces.h):
 * doc/formats/evidence.md. What comes is put aside on disk, beside the package, in files without a
 * name; when all has come, the package is put together. It has its name only when it is whole.
 */
#ifndef CMD_PACKAGE_H
#define CMD_PACKAGE_H

#include "evidence/held.h"
#include "evidence/pieces.h"
#include "evidence/sums.h"

struct package;

/* NULL: not given. All borrowed. */
struct package_conf {
	const char *path;		/* ends in .tar for tar, else a zip is written */
	const char *query, *since, *until, *stream, *case_name, *person, *reason;
	uint64_t first_seq, last_seq;	/* 0: no range was asked for */
	struct span form;		/* of the record of delivery */
	struct span anchors;		/* text with anchors that are held elsewhere; empty: none */
	/* Told how far it is; false: stop. all = 0: not known yet. */
	bool (*progress)(void *ctx, const char *what, uint64_t done, uint64_t all);
	void *ctx;
};

struct package_result {
	struct sums file;		/* the package itself */
	uint64_t records, octets;
	uint64_t entries;		/* of the checkpoint's tree */
	char fingerprint[48], code[24];
	char who[64];
};

/* ERR_BUSY: there is a file of that name already. */
enum err	package_new(struct package **ret_package, const struct package_conf *conf,
		    struct why *why);
/* A piece_fn whose ctx is the package; after false package_stopped says what went wrong. */
bool		package_piece(void *package, enum piece_type type, struct span octets);
enum err	package_stopped(const struct package *package, struct why *why);
enum err	package_end(struct package *package, struct package_result *ret_result,
		    struct why *why);
/* Leaves nothing behind when package_end did not succeed. */
void		package_free(struct package **package);

#endif
