/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between two roles over a stream socket pair. The peer is not believed: a broken frame
 * is ERR_FORMAT, after which the channel must be freed.
 *
 *	offset	size	meaning (little-endian)
 *	0	4	octets of the body, <= the receiver's limit
 *	4	2	type
 *	6	2	flags; bit 15 is the channel's own: one descriptor comes with this message
 *	8	8	tag
 *	16	...	body
 *
 * One channel belongs to one thread at a time. Nothing here blocks but the two _wait functions; the
 * descriptor itself stays in whatever mode it is.
 */
#ifndef SYS_CHAN_H
#define SYS_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct buf;
struct chan;

enum {
	CHAN_HEAD_BYTES = 16,
	CHAN_FLAG_FD = 0x8000,
	CHAN_FRONT_BYTES = 48		/* see chan_keep */
};

struct chan_msg {
	uint16_t type;
	uint16_t flags;		/* bit 15 must be clear */
	uint64_t tag;
	struct span body;	/* received: valid until the next call on the channel */
	int fd;			/* received: -1, or the receiver owns it (file_close) */
};

/* Both ends close on exec; proc_start passes one on. */
enum err	chan_pair(int ret_fd[2], struct why *why);

/*
 * Takes fd over. limit_bytes: the longest body, sent or received. queue_bytes: budget of the send
 * queue. A message is always taken when nothing is queued, so the memory bound is queue_bytes or
 * one message for sending, and limit_bytes (at least 256 KB) twice for receiving.
 */
struct chan	*chan_new(int fd, uint32_t limit_bytes, size_t queue_bytes);
void		chan_free(struct chan **chan);
int		chan_fd(const struct chan *chan);

/*
 * OK: sent or queued whole. ERR_BUSY: over budget, nothing was taken; wait until the peer reads.
 * ERR_ABSENT: the peer is gone. ERR_LIMIT: the body is too long. fd of the message is not looked
 * at.
 */
enum err	chan_send(struct chan *chan, const struct chan_msg *msg, struct why *why);
/* The same with a body in at most 6 parts; msg->body is not looked at. */
enum err	chan_send_parts(struct chan *chan, const struct chan_msg *msg,
		    const struct span *part, unsigned npart, struct why *why);
/* The same with a descriptor; the caller keeps its own. At most 32 may be queued (ERR_BUSY). */
enum err	chan_send_fd(struct chan *chan, const struct chan_msg *msg, int fd,
		    struct why *why);
/* Call when the descriptor can be written. OK: nothing is queued now. ERR_MORE: some still is. */
enum err	chan_flush(struct chan *chan, struct why *why);
/* Octets queued: ask for write events while it is not 0. */
size_t		chan_queued(const struct chan *chan);

/*
 * OK: one message; call again until ERR_MORE (nothing more now). ERR_ABSENT: the peer closed after
 * a whole message. ERR_FORMAT: a broken frame, or closed inside one.
 */
enum err	chan_recv(struct chan *chan, struct chan_msg *ret_msg, struct why *why);
/*
 * The body of the message that chan_recv gave last becomes the caller's: *io_whole, empty before,
 * gets CHAN_FRONT_BYTES undefined octets and the body behind them. Longer bodies are not copied,
 * they were received so, and the memory of *io_whole is for the next one. Once a message at most.
 */
void		chan_keep(struct chan *chan, const struct chan_msg *msg, struct buf *io_whole);

/*
 * As above, but wait for the peer, at most timeout_ms (-1: for ever). Sending: ERR_BUSY when no
 * room came up in time, nothing was taken; OK when it was taken, and then also gone from the queue
 * unless time was up. Receiving: ERR_BUSY when nothing came. Two roles that both wait to send to
 * each other wait for ever: only one side of a channel may.
 */
enum err	chan_send_wait(struct chan *chan, const struct chan_msg *msg, int timeout_ms,
		    struct why *why);
enum err	chan_recv_wait(struct chan *chan, struct chan_msg *ret_msg, int timeout_ms,
		    struct why *why);

#endif
