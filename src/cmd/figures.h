/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as they are written where the reader lives: 1.234,5 in Vietnamese, 1,234.5 in English.
 * Each text is good until the eighth (tenths: fourth) next call. Inside of cmd.
 */
#ifndef CMD_FIGURES_H
#define CMD_FIGURES_H

/* 1234567 in groups of three. */
const char	*figure_count(double n);
/* One digit behind the comma, or the point. */
const char	*figure_tenths(double n);

#endif
