/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC-SHA256 (RFC 2104) over what a webhook is sent, so that its receiver knows from whom it came
 * and when: of the time in decimal, a dot and the body, as doc/man/trucban.yaml.5 says.
 */
#ifndef NOTIFY_MAC_H
#define NOTIFY_MAC_H

#include "base/span.h"

enum { MAC_HEX_BYTES = 65 };

/* A C string of lower-case digits. */
void	mac_hex(char ret[MAC_HEX_BYTES], struct span key, int64_t time_s, struct span body);

#endif
