/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was not let in at the doors with TLS, counted by door, address and cause, so that a person
 * is told which machine to look after and not only how many there were. Bounded: those whose
 * certificate our own authority signed stay before strangers, of which a scanner makes any number.
 * No clock: times come in.
 */
#ifndef INTAKE_DENIALS_H
#define INTAKE_DENIALS_H

#include "model/denied.h"

struct chan;
struct denials;

struct denials	*denials_new(void);
void		denials_free(struct denials **denials);
/*
 * One more (times and first_s are not looked at; last_s is now). True: it is worth a line in the
 * log: the first of its kind, or the first in an hour.
 */
bool		denials_note(struct denials *denials, const struct denied *denied);
/* Appends the list; what was quiet for an hour is forgotten. False: as it was the last time. */
bool		denials_put(struct denials *denials, int64_t now_s, struct buf *out);
/* Whoever was told does not know it any more. */
void		denials_again(struct denials *denials);
/* To the keeper, if there is anything new; what chan_send says. */
enum err	denials_report(struct denials *denials, int64_t now_s, struct chan *chan,
		    struct why *why);

#endif
