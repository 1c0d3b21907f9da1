/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of a segment are, for the rest of store. Each file is looked for in the store's
 * own folder, then in the cold one; it comes into the second before it leaves the first, so that a
 * reader who looks in this order finds it.
 */
#ifndef STORE_COLD_INT_H
#define STORE_COLD_INT_H

#include "store/cold.h"
#include "store/segment_int.h"

enum { COLD_FILE = 64 };

enum cold_place {
	PLACE_OWN,
	PLACE_COLD
};

/* The file's path from the store's directory on. */
void		cold_file_path(char ret[COLD_FILE], const struct segment_info *info,
		    enum segment_part part, enum cold_place place);
/* Where it is; of one that is nowhere, where it would be. */
enum cold_place	cold_file_find(char ret[COLD_FILE], int dirfd, const struct segment_info *info,
		    enum segment_part part);
/*
 * For reading. ERR_ABSENT: it is nowhere. ERR_IO (the sealed part only): it may be in the cold
 * folder, which is not there.
 */
enum err	cold_file_open(int *ret_fd, int dirfd, const struct segment_info *info,
		    enum segment_part part, struct why *why);

/*
 * Takes both files to the cold folder, which must be there (cold_look): copies them under another
 * name, syncs, renames, syncs; then the old ones go. A crash at any call leaves each file in one
 * place or whole in both; done again, it is finished. OK too when there is nothing left to do.
 */
enum err	cold_move(int dirfd, const struct segment_info *info, struct why *why);
/* Both files in the cold folder, if they are there, and the day's folder when it was the last. */
void		cold_remove(int dirfd, const struct segment_info *info);

#endif
