/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks. The only place that asks for the time. For tests of clock jumps the wall clock can be
 * put ahead or back by TRUCBAN_CLOCK_OFFSET_NS, a number, or "@PATH" of a file whose first 8
 * octets (little-endian, signed) are the offset and may change while the program runs.
 */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>

/* Nanoseconds since 1970-01-01 UTC; can jump. */
int64_t	clock_wall_ns(void);
/* Nanoseconds since some moment; never goes back, is the same for all processes of the machine. */
int64_t	clock_mono_ns(void);
/* Processor time of this process, of this thread. */
int64_t	clock_process_ns(void);
int64_t	clock_thread_ns(void);
/* For unit tests: adds this to the wall clock of this process from now on. */
void	clock_set_offset_ns(int64_t offset_ns);

#endif
