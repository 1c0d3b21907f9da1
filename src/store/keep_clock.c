/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock that retention goes by. The machine's wall clock can jump, by an accident or by a wrong
 * server of time; what it says is written down as it is, but must not make a year of records
 * expire in one go. So this clock follows the wall clock only as far as time really passes: while
 * it lies behind, it runs twice as fast as the monotonic clock, and where the wall clock was put
 * back, the earlier of the two counts. A machine that was off for a week is caught up with after a
 * week; a person who asks for expiry vouches for the wall clock at once. manifest.md section 4.
 */
#include "store/keep_int.h"

#include "sys/clock.h"
#include "sys/file.h"

#define CLOCK_NAME	"state/clock"
#define CLOCK_TOLD_NS	(86400 * SECOND_NS)	/* so far behind: people are told */
#define CLOCK_SAVE_NS	(6 * 3600 * SECOND_NS)	/* what a kill may cost: caught up with later */

enum { CLOCK_TEXT_MAX = 64 };

/* The last life's clock; 0: there is none. */
static int64_t
clock_read(struct keep *keep)
{
	struct buf text = { 0 };
	int64_t ns = 0;

	if (file_read_whole(keep->dirfd, CLOCK_NAME, CLOCK_TEXT_MAX, &text, NULL) == OK)
		for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' &&
		    ns < INT64_MAX / 10; i++)
			ns = ns * 10 + (text.p[i] - '0');
	buf_done(&text);
	return ns;
}

void
keep_clock_open(struct keep *keep)
{
	int64_t wall_ns = clock_wall_ns(), was_ns = clock_read(keep);

	if (was_ns == 0)
		was_ns = keep->sealed_ns;	/* a store without one: its last heartbeat */
	keep->expiry_ns = was_ns > 0 ? was_ns : wall_ns;
	keep->expiry_mono_ns = clock_mono_ns();
	keep->expiry_saved_ns = was_ns;
}

void
keep_clock_save(struct keep *keep)
{
	struct buf text = { 0 };
	struct why why;

	keep->expiry_saved_ns = keep->expiry_ns;

	buf_printf(&text, "%lld\n", (long long)keep->expiry_ns);
	if (file_replace(keep->dirfd, CLOCK_NAME, buf_span(&text), &why) != OK)
		keep_alarm(keep, "cannot write %s: %s", CLOCK_NAME, why.text);
	buf_done(&text);
}

int64_t
keep_clock_ns(struct keep *keep)
{
	int64_t wall_ns = clock_wall_ns(), mono_ns = clock_mono_ns();
	int64_t most_ns = keep->expiry_ns + 2 * (mono_ns - keep->expiry_mono_ns);

	keep->expiry_mono_ns = mono_ns;
	if (wall_ns > keep->expiry_ns)
		keep->expiry_ns = wall_ns < most_ns ? wall_ns : most_ns;
	if (wall_ns - keep->expiry_ns < CLOCK_TOLD_NS) {
		keep->expiry_told = false;
	} else if (!keep->expiry_told) {
		keep->expiry_told = true;
		keep_alarm(keep, "the clock is %lld days ahead of what retention goes by: it "
		    "jumped, or the desk did not run; rows expire by the slower one until it has "
		    "caught up, or until expiry is asked for",
		    (long long)((wall_ns - keep->expiry_ns) / (86400 * SECOND_NS)));
	}
	if (keep->expiry_ns - keep->expiry_saved_ns > CLOCK_SAVE_NS)
		keep_clock_save(keep);
	return wall_ns < keep->expiry_ns ? wall_ns : keep->expiry_ns;
}

void
keep_clock_trust(struct keep *keep)
{
	keep->expiry_ns = clock_wall_ns();
	keep->expiry_mono_ns = clock_mono_ns();
}
