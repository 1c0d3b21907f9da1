/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be 0 on a good day: which of the desk's figures (/metrics) say that something was
 * lost, refused or cut, in words, with what to do. Inside of cmd.
 */
#ifndef CMD_LOSSES_H
#define CMD_LOSSES_H

struct loss {
	const char *metric;		/* without trucban_ */
	const char *vi, *en;		/* of what so many there are */
	const char *todo_vi, *todo_en;
};

/* Ended by a row without a metric. */
extern const struct loss losses[];

#endif
