/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b-256 (RFC 7693, unkeyed) of octets that come piece by piece. */
#ifndef MODEL_RUNNING_H
#define MODEL_RUNNING_H

#include "model/digest.h"

struct running;

struct running	*running_new(void);
void		running_free(struct running **running);
void		running_add(struct running *running, struct span piece);
/* Of all that was added; more may be added afterwards. */
void		running_look(const struct running *running, struct digest *ret);

#endif
