/* SPDX-License-Identifier: Apache-2.0 */
/* How the role intake reads its part of the configuration: for the role and for its test. */
#ifndef ROLE_INTAKE_H
#define ROLE_INTAKE_H

#include "base/buf.h"
#include "intake/intake.h"
#include "role/conf.h"
#include "role/role.h"

/* What the listeners of one configuration point to. */
struct doors {
	unsigned n;
	struct intake_listener listener[ROLE_LISTENERS];
	struct buf cert[ROLE_LISTENERS], key[ROLE_LISTENERS], ca[ROLE_LISTENERS];
	struct buf token_text[ROLE_LISTENERS];
	struct intake_token token[ROLE_LISTENERS][INTAKE_TOKENS];
	struct intake_rule rule[ROLE_LISTENERS][INTAKE_RULES];	/* spans into the configuration */
};

/* Reads the files that the listeners name; fd[i] is the socket of the i-th. */
enum err	doors_open(struct doors *doors, const struct conf *conf, const int *fd, int nfd,
		    struct why *why);
/* Wipes and frees what was read. */
void		doors_done(struct doors *doors);
/*
 * token-file = *(NAME 1*(SP / TAB) SECRET LF), '#' begins a comment line. The spans point into
 * text. ERR_FORMAT names the line.
 */
enum err	tokens_read(struct intake_token token[INTAKE_TOKENS], unsigned *ret_n,
		    struct span text, struct why *why);

#endif
