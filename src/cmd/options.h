/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getopt_long with its sentences in the reader's language: the C library's are English wherever no
 * translation of its own is installed. Inside of cmd.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <getopt.h>

/* As getopt_long; behind '?' stands what is wrong on standard error. shorts: not with ':' first. */
int	options_next(int argc, char **argv, const char *shorts, const struct option *longs);

#endif
