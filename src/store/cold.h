/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cold folder: a second directory, mostly on another and slower disk, that segments of older
 * days move to. One of the doors of store. doc/formats/segment.md section 11.
 *
 *	STATE/cold		symbolic link to it, made when it is taken into use
 *	STATE/cold/store	"%032x\n": the store that it belongs to
 *	STATE/cold/segment/...	as STATE/segment/...
 *
 * A folder that does not answer to this is taken for a disk that is not mounted: nothing is read
 * from it, written to it or concluded from it.
 */
#ifndef STORE_COLD_H
#define STORE_COLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define COLD_LINK	"cold"
#define COLD_SEGMENTS	"cold/segment"

enum { COLD_STORE_ID = 16, COLD_PATH = 4096 };

/* Where the link leads; ERR_ABSENT: the store has no cold folder. dirfd: the store's. */
enum err	cold_path(char ret[COLD_PATH], int dirfd, struct why *why);
/*
 * OK: it can be read. ERR_ABSENT: the store has none. ERR_IO: it has one, which is not there; the
 * reason names the folder and what to do.
 */
enum err	cold_there(int dirfd, struct why *why);
/* The same, and it is this store's own: else ERR_PROOF. */
enum err	cold_look(int dirfd, const uint8_t store_id[COLD_STORE_ID], struct why *why);
/*
 * Takes the directory `path`, which must be there, into use; OK too when it is in use already and
 * only its disk is missing now. ERR_PROOF: it is another store's. ERR_BUSY: the store has another
 * cold folder with segments in it.
 */
enum err	cold_claim(int dirfd, const char *path, const uint8_t store_id[COLD_STORE_ID],
		    struct why *why);

#endif
