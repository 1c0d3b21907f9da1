/* SPDX-License-Identifier: Apache-2.0 */
/* Octets of a hostile peer, in pieces of the length that each first octet says. */
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/chan.h"
#include "sys/file.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Everything that is there; false when the channel has ended. */
static bool
drain(struct chan *chan)
{
	struct chan_msg msg;
	uint64_t sum = 0;
	enum err rc;

	while ((rc = chan_recv(chan, &msg, NULL)) == OK) {
		must(msg.body.n <= 100000 && msg.fd == -1);
		for (size_t i = 0; i < msg.body.n; i++)
			sum += msg.body.p[i];
	}
	must(sum <= UINT64_MAX / 2);
	return rc == ERR_MORE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct chan *chan;
	size_t step, at = 0;
	int fd[2];

	must(chan_pair(fd, NULL) == OK);
	chan = chan_new(fd[1], 100000, 0);
	while (at < n) {
		step = (size_t)data[at++] * 4 + 1;
		if (step > n - at)
			step = n - at;
		if (step > 0 && write(fd[0], data + at, step) != (ssize_t)step)
			break;
		at += step;
		if (!drain(chan))
			break;
	}
	file_close(&fd[0]);
	(void)drain(chan);
	chan_free(&chan);
	return 0;
}
