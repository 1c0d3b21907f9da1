/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager's two conventions, without its library: telling it how we are (sd_notify(3))
 * and taking sockets that it opened for us (sd_listen_fds(3)).
 */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NOTIFY_LISTEN_MAX = 64, NOTIFY_NAME_BYTES = 64 };

struct notify_socket {
	int fd;					/* close on exec is set */
	char name[NOTIFY_NAME_BYTES];		/* LISTEN_FDNAMES, "unknown" without */
};

/*
 * "READY=1", "STATUS=...", "WATCHDOG=1"; several with \n between. OK too when nobody listens
 * (NOTIFY_SOCKET is unset).
 */
enum err	notify_send(const char *text, struct why *why);
/* Ask for it every this many ns; 0: the manager does not watch us. */
int64_t		notify_watchdog_ns(void);
/*
 * Sockets that were passed to this process, *ret_n of them (0 when none); unsets the variables so
 * that children do not take them again. Call once.
 */
enum err	notify_listen(struct notify_socket ret_socket[NOTIFY_LISTEN_MAX], unsigned *ret_n,
		    struct why *why);

#endif
