/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog messages taken apart: RFC 5424 here, RFC 3164 and its relatives in bsd.c. Field names
 * are those of VictoriaLogs. Inside of the room only.
 */
#ifndef PARSE_SYSLOG_H
#define PARSE_SYSLOG_H

#include "parse/cut.h"

/*
 * Fills the cut from a message that begins with PRI: RFC 5424, or what bsd_cut() makes of it.
 * False: there is no valid PRI.
 */
bool	syslog_cut(struct cut *cut, struct span record, const struct civil_frame *frame);

/* PRI = "<" 1*3digit ">", value 0..191 (RFC 5424, 6.2.1): its octets, 0 when there is none. */
size_t	syslog_pri(struct span record);
/* Octets at the end that belong to framing habits, not to the message: LF, CR LF, NUL. */
size_t	syslog_tail(struct span record);

#endif
