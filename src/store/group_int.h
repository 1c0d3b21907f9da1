/* SPDX-License-Identifier: Apache-2.0 */
/* Between group.c (reading) and group_tend.c (making): groups of filters. */
#ifndef STORE_GROUP_INT_H
#define STORE_GROUP_INT_H

#include "store/filter.h"
#include "store/group.h"
#include "store/key.h"

enum {
	GROUP_NAME = 24,
	GROUP_ANSWERS = 32
};

struct member {
	uint64_t id;			/* of the segment, */
	uint64_t first_seq, last_seq;	/* and its rows: a number may come again, they do not */
	uint8_t stream;
	uint64_t nbit;
	struct filter_about *about;	/* cut behind its last range */
};

/* What was found out about a token. */
struct answer {
	uint64_t token;			/* 0: nothing */
	uint64_t row[GROUP_SEGMENTS / 64];
};

struct group {
	uint64_t number;
	bool there;			/* while the folder is looked through */
	struct pack *pack;
	uint64_t nrow;			/* of the matrix: the size of the largest filter */
	uint32_t row_bytes;
	uint32_t chunk_rows;
	uint32_t nmember;
	struct member *member;
	struct answer answer[GROUP_ANSWERS];
};

struct place {
	uint64_t id;
	struct group *group;
	uint32_t column;
};

struct groups {
	int dirfd;
	bool has_key;
	uint8_t key[KEY_BYTES];
	size_t n;
	struct group **group;
	size_t nplace;
	struct place *place;		/* by id */
	size_t bytes;			/* of chunks in memory */
};

void	group_name(char ret[GROUP_NAME], uint64_t number);
/* The number in "%016x.tbf"; 0: another name. */
uint64_t	group_number(const char *name);

#endif
