/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign program, run without a shell: its own session, no descriptor but three, an environment
 * of two words, no way to new privileges, in / .
 */
#ifndef SYS_RUN_H
#define SYS_RUN_H

#include "base/buf.h"
#include "base/err.h"

/*
 * argv[0] is its whole path; NULL at the end. input goes to its standard input; of what it writes
 * (both outputs) the first octets come to said, `most` of them at most. After limit_ms it is
 * killed with all that it started. OK: it ended with 0. ERR_IO: with something else, ERR_BUSY:
 * time was up; why says it.
 */
enum err	run_program(const char *const *argv, struct span input, int limit_ms, size_t most,
		    struct buf *said, struct why *why);

#endif
