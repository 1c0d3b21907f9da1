/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the front knows: what the porter said of a cookie or token lately, for at most
 * VISITORS_FRESH_S and until the porter says that something changed. By threads of workers.
 */
#ifndef ROLE_VISITORS_H
#define ROLE_VISITORS_H

#include "role/asks.h"
#include "role/visit.h"

enum { VISITORS_FRESH_S = 5 };

struct visitors;

/* asks: to the porter, borrowed. */
struct visitors	*visitors_new(struct asks *asks);
/* May wait for the porter. ERR_BUSY: it does not answer; nobody is let in then. */
enum err	visitors_who(struct visitors *visitors, const struct visit *visit,
		    struct visitor *ret_visitor, struct why *why);
/* The porter said so, or is another one. */
void		visitors_forget(struct visitors *visitors);

#endif
