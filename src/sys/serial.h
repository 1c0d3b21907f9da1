/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines: a modem's device, ready to be written to and read from without waiting. */
#ifndef SYS_SERIAL_H
#define SYS_SERIAL_H

#include "base/err.h"

/*
 * 115200 baud, 8 bits, no parity, raw, not waiting for a carrier, nobody else beside us; what it
 * held of before is thrown away. ERR_FORMAT: it is no such device.
 */
enum err	serial_open(int *ret_fd, const char *path, struct why *why);

#endif
