/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands: findings that are open, and conditions that may become some. Turn by turn it is told
 * what holds now, and says which findings open, grow and close; each is opened once, told again
 * only when there is more to tell, and closed when it is over (coverage/rule.h has the times).
 * No clock: the turn's time comes in. After a restart it is made again from the stream.
 */
#ifndef COVERAGE_STANDING_H
#define COVERAGE_STANDING_H

#include "coverage/rule.h"

/* So many findings are open at once, or about to be; what is more waits. */
enum { STANDING_MOST = 16384, STANDING_TURN = 256 };

/* Something that holds now. */
struct condition {
	enum watch_rule_id rule;
	struct finding_group group;
	uint64_t value, usual;
	int64_t from_ns, to_ns;
	uint64_t from_seq, to_seq;
};

struct standing;

struct standing	*standing_new(void);
void		standing_free(struct standing **standing);
/* One row of the stream, in its order. Findings of rules that are not ours are passed over. */
void		standing_load(struct standing *standing, const struct finding *finding);
/*
 * Is anything known about the open finding, so that its condition's absence means that it is over?
 * A source that sends nothing may be one that nobody remembers.
 */
typedef bool standing_known_fn(void *ctx, const struct finding *open);

struct standing_ask {
	int64_t now_ns;
	int64_t haste;			/* for tests, as in rolling.h; 1: time passes as it does */
	const struct condition *condition;
	uint32_t n;
	standing_known_fn *known;
	void *ctx;
};

/*
 * What is to be told, at most STANDING_TURN acts, in the arena (names and messages too): the rest
 * comes with the next turn. sequence and time_ns are set; id, too. The acts have then happened;
 * when they could not be kept, make it anew from the stream.
 */
uint32_t	standing_turn(struct standing *standing, const struct standing_ask *ask,
		    uint64_t sequence, struct arena *arena, const struct finding **ret);
/* How many are open, by enum finding_level. */
void		standing_count(const struct standing *standing,
		    uint32_t ret[FINDING_LEVEL_END]);
uint64_t	standing_sequence(const struct standing *standing);	/* the last one loaded */

#endif
