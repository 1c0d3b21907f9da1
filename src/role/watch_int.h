/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the role watch share: see watch.c. */
#ifndef ROLE_WATCH_INT_H
#define ROLE_WATCH_INT_H

#include "sys/chan.h"
#include "store/trail.h"
#include "coverage/conditions.h"
#include "coverage/rolling.h"
#include "coverage/standing.h"
#include "role/brief.h"
#include "role/role.h"

enum {
	TICK_S = 60,			/* as often as heartbeats come */
	WINDOW_S = 3600,		/* losses and shares are those of the last hour */
	HISTORY_S = 86400,		/* read at the start: what is usual */
	LOAD_S = 300,			/* waits so long for a row that the keeper has taken */
	RETRY_MS = 1000,
	TICK_LEAST_MS = 200,
	BATCHES_A_TURN = 64,		/* of the journal, then the channels are looked at */
	KEEPER_QUEUE = 4 << 20,
	JUDGE_BYTES = 256 << 20,	/* turn memory: sources, counters */
};

enum watch_state {
	WATCH_ALONE,			/* no keeper */
	WATCH_ASKED,			/* for the place of what was found last */
	WATCH_LOADS,			/* what is open, from the stream */
	WATCH_COUNTS,			/* catches up with the rows */
	WATCH_RESTS,			/* until the next tick */
	WATCH_STATUS,			/* asked the keeper how it is; then judges */
	WATCH_TOLD,			/* findings are on their way */
};

struct watch {
	struct brief brief;
	const struct role_start *start;
	struct chan *keeper;
	enum watch_state state;
	int64_t haste;			/* for tests: TRUCBAN_WATCH_HASTE */
	uint64_t instance, ticket;
	uint64_t place;			/* the keeper's, of WIRE_WATCH_CONTENT */
	uint64_t sequence;		/* on its way */
	int64_t asked_ns;		/* monotonic: when the place was asked for */
	int64_t next_ns;		/* monotonic: of the tick, or of the next try */

	struct store *store;		/* segments only */
	struct trail *trail;
	struct rolling *rolling;
	struct registry *registry;	/* of sources; NULL: none */
	struct standing *standing;
	bool began, fresh;		/* caught up once; the store was looked at in this tick */
	size_t at;			/* segment to count next */
	bool gap;			/* the follower's batch waits for segments */
	struct trail_batch batch;
	struct buf status;		/* the keeper's answer, JSON */

	int64_t quiet_ns;		/* the desk did not listen before */
	int64_t offset_ns;		/* wall clock minus monotonic, a tick before; 0: none */
	uint64_t signed_size;		/* at the tick before */
	bool folded_told, stopping;
};

/* ---- watch_judge.c ---- */

/* What holds now, of what is to be told: at most STANDING_TURN findings, in the arena. */
enum err	watch_judge(struct watch *w, int64_t now_ns, uint64_t sequence, struct arena *arena,
		    const struct finding **ret, uint32_t *ret_n, struct why *why);
int64_t		watch_tick_ns(const struct watch *w);

#endif
