/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the role shipper share: see shipper.c. */
#ifndef ROLE_SHIPPER_INT_H
#define ROLE_SHIPPER_INT_H

#include <curl/curl.h>
#include <zstd.h>

#include "sys/chan.h"
#include "wire/relay.h"
#include "wire/wire.h"
#include "agent/spool.h"
#include "role/brief.h"
#include "role/pace.h"
#include "role/role.h"
#include "role/trouble.h"

enum {
	SHIP_LINES = ROLE_CHANNELS * 2,
	SHIP_PEM_BYTES = 1 << 20,
	SHIP_WORDS = 256,
	SHIP_NAME = 65,
	SHIP_BODY_BYTES = 1 << 20,	/* of groups in one body, about */
	SHIP_ACKS = 512,		/* batches of one group */
};

/* A definition of a channel, and its number in the group at hand. */
struct ship_def {
	struct buf code;
	uint64_t group;
	uint32_t id;
};

struct ship_defs {
	struct ship_def *def;
	uint32_t n, room;
	uint32_t used;			/* in the group at hand */
};

/* A writer's channel, of which this is the keeper's end. */
struct ship_writer {
	struct chan *chan;		/* NULL: free */
	uint8_t role;
	bool hello;
	bool more;			/* it may hold messages that were not looked at */
	bool lost;
	uint64_t instance;
	struct ship_defs shape, source;
	size_t def_bytes;
};

struct ship_ack {
	uint64_t ticket;
	uint32_t rows;
};

/* The group that is being made, of one writer. */
struct ship_group {
	struct buf code;
	uint64_t number;
	struct ship_writer *writer;	/* NULL: gone, or there is no group */
	uint64_t instance;		/* of it */
	struct ship_ack ack[SHIP_ACKS];
	unsigned nack;
	uint64_t ticket;
	uint32_t rows;
	bool stuck;			/* the disk is full: waits as it is */
};

/* What was lost here, over all lives of intake and collector; and here. */
struct ship_tally {
	char name[RELAY_COUNTER_BYTES + 1];
	uint64_t total;
	uint64_t last, mark;		/* what its process said last, and which one it is */
};

enum ship_state { SHIP_RESTS, SHIP_ASKS, SHIP_SENDS };

/* The line to the desk: one request at a time. */
struct ship_line {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct buf cert, key, ca;	/* PEM */
	char name[SHIP_NAME];		/* in cert, when a desk gave it; else "" */
	int64_t until_s;		/* it is good; 0: not known */
	char url[CONF_PATH + 128];
	char error[CURL_ERROR_SIZE];
	ZSTD_CCtx *pack;
	struct buf raw, group, body, answer;
	uint8_t state;			/* enum ship_state */
	uint64_t instance;		/* whose rows are sent */
	uint64_t alias, alias_of;	/* alias stands for alias_of at the desk; 0: none */
	uint64_t place;			/* the desk's, of it */
	bool placed;			/* place is known */
	bool unproven;			/* blocks below place were gone over, and none held it */
	bool single;			/* one block a body: the last one was refused */
	bool slow;
	uint64_t to;			/* behind the body on its way */
	uint64_t body_rows;
	bool counters;			/* are in it */
	int64_t begin_ns, next_ns;	/* of the last request; not before */
	int64_t gather_ns;		/* rows wait since then; 0: none */
	unsigned failures;
};

struct ship_sent {
	uint64_t taken_rows, sent_rows, sent_bytes, plain_bytes, refused_rows;
};

struct shipper {
	struct brief brief;
	const struct role_start *start;
	struct spool *spool;
	struct ship_writer writer[SHIP_LINES];
	struct ship_group group;
	struct ship_line line;
	struct ship_tally tally[RELAY_COUNTERS_MAX];
	unsigned ntally;
	bool tally_dirty, tally_told;	/* to be saved; the desk has it */
	struct ship_sent sent;
	enum trouble trouble;		/* TROUBLE_NONE: connected */
	int64_t since_s;		/* connected, or not, since then */
	char words[SHIP_WORDS];		/* of whoever found the trouble */
	int64_t tick_ns, told_ns;
	struct pace pace;		/* of what is written to the spool */
	uint64_t damaged, lost_rows;	/* of the spool, as they were told */
	bool stopping, broken;
};

/* ---- shipper_take.c: what writers send ---- */

void	ship_writer_open(struct shipper *s, int fd, uint8_t role);
void	ship_writer_close(struct shipper *s, struct ship_writer *w);
/* May messages be taken now? */
bool	ship_takes(const struct shipper *s);
void	ship_writer_read(struct shipper *s, struct ship_writer *w);
/* The group again, when the disk was full. */
void	ship_group_write(struct shipper *s);

/* ---- shipper_body.c: what is sent next ---- */

/*
 * Blocks of line.instance behind line.place, up to a size, into line.raw. ERR_MORE: there is none
 * of it left; ERR_DENIED: the desk's place is none that this spool gave.
 */
enum err	ship_body_make(struct shipper *s, struct why *why);
/* After ERR_DENIED: what is left of that instance goes under another one. */
void		ship_body_diverged(struct shipper *s);

/* ---- shipper_line.c: the desk ---- */

enum err	ship_line_open(struct shipper *s, struct why *why);
void	ship_line_close(struct shipper *s);
/* What can be done now; *io_wait_ms: at most until something else can. */
void	ship_line_turn(struct shipper *s, int *io_wait_ms);

/* ---- shipper_tell.c: counters and status ---- */

void	ship_counters_take(struct shipper *s, uint8_t role, struct span body);
void	ship_count(struct shipper *s, const char *name, uint64_t more);
void	ship_counters_put(const struct shipper *s, struct buf *out);
void	ship_counters_load(struct shipper *s);
void	ship_counters_save(struct shipper *s);
/* TROUBLE_NONE: connected. words: what the library or the desk itself says of it. */
void	ship_state_set(struct shipper *s, enum trouble trouble, const char *words);
/* Each second: spool/status for `trucban status`, a line for the service manager. */
void	ship_status_write(struct shipper *s);

#endif
