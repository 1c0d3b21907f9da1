/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3164 and what is sent under its name. The RFC observes more than it orders; forms known:
 *
 *	<34>Oct 11 22:14:15 mymachine su[12]: text	RFC 3164, 4
 *	<34>2026-10-11T22:14:15.003+07:00 host app: text
 *	<34>app[12]: text				no stamp, no host
 *	<166>Mar 01 2026 00:00:01 fw : %ASA-6-302013: text	Cisco ASA
 *	<189>12: fw1: *Mar  1 00:00:01.123 ICT: %SYS-5-CONFIG_I: text	Cisco IOS
 *	<189>date=2026-03-01 time=12:00:00 devname="fw" ...	FortiGate: all of it is the message
 *	<13>text
 *
 * The same without PRI, when a stamp says that it is meant. Inside of the room only.
 */
#ifndef PARSE_BSD_H
#define PARSE_BSD_H

#include "parse/cut.h"

/* Fills the cut from a message with a valid PRI. Everything is explained by some form. */
void	bsd_cut(struct cut *cut, struct span record, const struct civil_frame *frame);
/* A message without PRI; false when there is no stamp at its front that says so. */
bool	bsd_cut_bare(struct cut *cut, struct span record, const struct civil_frame *frame);

#endif
