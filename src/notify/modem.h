/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talks to a GSM modem: one SMS in UCS2, or a call that rings and is hung up. Octets and times in,
 * octets out; the device is the caller's. 3GPP TS 27.005 (text mode) and 27.007, ITU-T V.250.
 *
 *	AT, ATE0 --> AT+CMGF=1, +CSMP, +CSCS="UCS2", +CMGS="<number>" --> text, Ctrl-Z
 *	        \--> ATD<number>; --(rings)--> AT+CHUP
 *
 * Each command waits for its answer, at most for a time of its own. What a modem says otherwise
 * (RING, +CMTI, signal strength, an echo) is passed over; nothing that it says is kept but its last
 * result, as printable ASCII.
 */
#ifndef NOTIFY_MODEM_H
#define NOTIFY_MODEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct modem;

enum modem_state { MODEM_IDLE, MODEM_WORKS, MODEM_DONE, MODEM_FAILED };

struct modem	*modem_new(void);
void		modem_free(struct modem **modem);

/* A number that can be dialled, without the spaces, dots and hyphens that people write; else false
 * and nothing is appended. */
bool		modem_number(struct buf *out, struct span text);
/*
 * Begins. number: modem_number's; text: UTF-8, at most 70 units of UTF-16, the rest is cut. Not
 * while it works.
 */
void		modem_sms(struct modem *modem, struct span number, struct span text,
		    int64_t now_ns);
/* Rings for so long, unless it ends before. */
void		modem_ring(struct modem *modem, struct span number, int64_t ring_ns,
		    int64_t now_ns);
/* What the modem said. */
void		modem_take(struct modem *modem, struct span octets, int64_t now_ns);
/* Time has passed. */
void		modem_turn(struct modem *modem, int64_t now_ns);
/* The device is gone: what was begun has failed. */
void		modem_gone(struct modem *modem);

enum modem_state modem_state(const struct modem *modem);
/* DONE, FAILED: "+CMGS: 17", "AT+CMGS: +CMS ERROR: 38", "AT: no answer". Until the next one. */
const char	*modem_result(const struct modem *modem);
/* DONE and FAILED were seen: IDLE. */
void		modem_rest(struct modem *modem);
/* To be written to the device; who writes takes it away (modem_written). */
struct span	modem_out(const struct modem *modem);
void		modem_written(struct modem *modem, size_t n);
/* When modem_turn has something to do; INT64_MAX: never. */
int64_t		modem_next_ns(const struct modem *modem);

#endif
