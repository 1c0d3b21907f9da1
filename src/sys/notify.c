/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager: see notify.h; sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). */
#include "sys/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/file.h"

enum { NOTIFY_FD_FIRST = 3 };

/* A number of the environment, or 0. */
static unsigned long long
notify_number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long n;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	n = strtoull(text, &end, 10);
	return *end == '\0' ? n : 0;
}

enum err
notify_send(const char *text, struct why *why)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t len;
	size_t n;
	int fd;
	enum err rc = OK;

	if (path == NULL || *path == '\0')
		return OK;
	n = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || n >= sizeof to.sun_path)
		return why_set(why, ERR_FORMAT, "NOTIFY_SOCKET is neither a path nor @name");
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/' ? 1 : 0));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return why_errno(why, file_err(errno), errno, "cannot tell the service manager");
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&to, len) < 0)
		rc = why_errno(why, file_err(errno), errno, "cannot tell the service manager");
	file_close(&fd);
	return rc;
}

int64_t
notify_watchdog_ns(void)
{
	unsigned long long us = notify_number("WATCHDOG_USEC");
	unsigned long long pid = notify_number("WATCHDOG_PID");

	if (us == 0 || us > INT64_MAX / 1000 || (pid != 0 && pid != (unsigned long long)getpid()))
		return 0;
	/* Half of it, as sd_watchdog_enabled(3) advises. */
	return (int64_t)us * 500;
}

/* The next of a ":"-separated list. */
static const char *
notify_next_name(const char *names, char ret_name[NOTIFY_NAME_BYTES])
{
	size_t n = strcspn(names, ":");

	(void)snprintf(ret_name, NOTIFY_NAME_BYTES, "%.*s", (int)n, n > 0 ? names : "unknown");
	if (n == 0)
		(void)snprintf(ret_name, NOTIFY_NAME_BYTES, "unknown");
	return names[n] == ':' ? names + n + 1 : names + n;
}

enum err
notify_listen(struct notify_socket ret_socket[NOTIFY_LISTEN_MAX], unsigned *ret_n,
    struct why *why)
{
	unsigned long long pid = notify_number("LISTEN_PID"), n = notify_number("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	enum err rc = OK;

	*ret_n = 0;
	if (names == NULL)
		names = "";
	if (pid != (unsigned long long)getpid())
		n = 0;
	if (n > NOTIFY_LISTEN_MAX)
		rc = why_set(why, ERR_LIMIT, "%llu sockets were passed, %d allowed", n,
		    NOTIFY_LISTEN_MAX);
	for (unsigned i = 0; rc == OK && i < n; i++) {
		ret_socket[i].fd = (int)(NOTIFY_FD_FIRST + i);
		names = notify_next_name(names, ret_socket[i].name);
		if (fcntl(ret_socket[i].fd, F_SETFD, FD_CLOEXEC) < 0)
			rc = why_errno(why, ERR_IO, errno, "cannot take passed socket %u", i);
	}
	if (rc == OK)
		*ret_n = (unsigned)n;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return rc;
}
