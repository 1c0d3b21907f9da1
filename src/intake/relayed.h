/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a relay sends: bodies of groups (wire/relay.h, doc/formats/relay.md section 3), taken apart,
 * checked, given the numbers of this intake and handed on with the place that they end at, so that
 * the keeper stores each row once. Who the relay is, its certificate says. Inside of the room only.
 */
#ifndef INTAKE_RELAYED_H
#define INTAKE_RELAYED_H

#include "base/err.h"
#include "base/span.h"

struct conn;
struct intake;

/*
 * The whole body of the connection's request. OK: its batches are on their way (push->first_batch,
 * last_batch), or it had none. Else nothing of it was taken: ERR_DENIED who sends is no relay;
 * ERR_BUSY too many new ones; ERR_ABSENT: it has to ask for the place before; ERR_FORMAT,
 * ERR_LIMIT the body is broken.
 */
enum err	relayed_take(struct conn *conn, int64_t recv_ns, struct why *why);
/*
 * Asks the keeper for the place of the connection's instance; the answer comes by relayed_answer().
 * ERR_DENIED as above; ERR_BUSY: there is no keeper now.
 */
enum err	relayed_ask(struct conn *conn, struct why *why);
/* tag 0: all who wait get no answer. */
void		relayed_answer(struct intake *intake, uint64_t tag, uint64_t place);

#endif
