/* SPDX-License-Identifier: Apache-2.0 */
/* See serial.h. */
#include "sys/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "sys/file.h"

static enum err
line_set(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0)
		return ERR_FORMAT;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	t.c_cc[VMIN] = 1;		/* a read of nothing is a line that hung up */
	t.c_cc[VTIME] = 0;
	if (cfsetspeed(&t, B115200) != 0 || tcsetattr(fd, TCSANOW, &t) != 0)
		return ERR_IO;
	(void)tcflush(fd, TCIOFLUSH);
	/* Two who talk to one modem understand neither of its answers. */
	return ioctl(fd, TIOCEXCL) == 0 ? OK : ERR_IO;
}

enum err
serial_open(int *ret_fd, const char *path, struct why *why)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	enum err rc;

	if (fd < 0)
		return why_set(why, file_err(errno), "cannot open %s: %s", path, strerror(errno));
	rc = line_set(fd);
	if (rc == OK) {
		*ret_fd = fd;
		return OK;
	}
	file_close(&fd);
	return why_set(why, rc, "%s is no serial line that can be set: %s", path,
	    strerror(errno));
}
