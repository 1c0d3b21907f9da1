/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a few places of the disk out of this process's reach, and of all that it starts, for ever,
 * where it runs programs that nobody here wrote (sys/sandbox.h is for our own). By Landlock, which
 * knows only what is allowed: so everything beside the places and the directories that lead to them
 * is, as it was when this was called; in those directories nothing can be listed or made. Processes
 * outside can be neither traced nor, with a new kernel, sent signals. Sockets in a hidden place can
 * still be connected to, by whom their owner lets in.
 */
#ifndef SYS_HIDE_H
#define SYS_HIDE_H

#include "base/err.h"

/* Paths that are not there are passed over. ERR_ABSENT: the kernel has no Landlock. */
enum err	hide_paths(const char *const *path, unsigned n, struct why *why);

#endif
