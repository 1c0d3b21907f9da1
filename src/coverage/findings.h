/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of findings, read in its order: what is open is a fold over it. */
#ifndef COVERAGE_FINDINGS_H
#define COVERAGE_FINDINGS_H

#include "model/finding.h"

struct store;

/* The finding and its spans are valid during the call. False: enough. */
typedef bool findings_each_fn(void *ctx, const struct finding *finding, uint64_t seq);

/* Every row of the stream that is a finding, in the store as it was refreshed last. */
enum err	findings_each(struct store *store, findings_each_fn *each, void *ctx,
		    struct why *why);

/* One finding as its last act says; spans are the list's arena's. */
struct findings_one {
	struct finding finding;
	uint32_t acts;
	uint64_t opened_row, last_row;	/* numbers in the stream */
};

/* All findings that are open, or were closed at since_ns or later; in order of their last acts. */
enum err	findings_fold(struct store *store, int64_t since_ns, struct arena *arena,
		    struct findings_one **ret, uint32_t *ret_n, struct why *why);

#endif
