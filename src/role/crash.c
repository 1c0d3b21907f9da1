/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See crash.h. The handler only reads the record, and writes once to a descriptor; then the signal
 * takes its course. Nothing of the role's is believed any more at that point.
 */
#include "role/crash.h"

#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "wire/wire.h"

/* For the handler, which gets no argument. */
static int crash_fd = -1;
static const uint8_t *volatile crash_record;
static volatile size_t crash_size;

uint64_t
crash_hash(struct span record)
{
	return hash64(record) | 1;
}

/* A message by hand: u32 octets of the payload, u16 type, u16 flags, u64 tag; u64 hash. */
static void
on_crash(int sig)
{
	uint8_t message[24] = { 8, 0, 0, 0, WIRE_SUSPECT };
	uint64_t hash;

	(void)signal(sig, SIG_DFL);
	if (crash_size > 0) {
		hash = crash_hash(span_of(crash_record, crash_size));
		for (unsigned i = 0; i < 8; i++)
			message[16 + i] = (uint8_t)(hash >> 8 * i);
		(void)!write(crash_fd, message, sizeof message);
	}
	(void)raise(sig);
}

void
crash_watch(int parent_fd)
{
	static const int sig[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };

	crash_fd = parent_fd;
	for (size_t i = 0; i < sizeof sig / sizeof sig[0]; i++)
		(void)signal(sig[i], on_crash);
}

void
crash_at(struct span record)
{
	crash_record = record.p;
	crash_size = record.n;
}
