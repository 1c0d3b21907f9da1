/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random octets of the kernel, good for keys. Never fails once the system has started: a kernel
 * that cannot give any ends the process.
 */
#ifndef SYS_RANDOM_H
#define SYS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void		random_bytes(void *at, size_t n);
uint64_t	random_u64(void);

#endif
