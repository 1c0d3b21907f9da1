/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban role NAME WHAT...`: how the parent starts a role. Not for people. WHAT[i] says what
 * descriptor PROC_FD_FIRST + i is: p parent's channel, s directory, l listener, cN channel to the
 * role numbered N.
 */
#include "cmd/cmd.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sys/proc.h"
#include "role/role.h"

struct role_row {
	const char *name;
	int (*run)(const struct role_start *start);
};

static const struct role_row roles[] = {
	{ "keeper", keeper_main },
	{ "intake", intake_main },
	{ "collector", collector_main },
	{ "front", front_main },
	{ "teller", teller_main },
	{ "importer", importer_main },
	{ "registrar", registrar_main },
	{ "watch", watch_main },
	{ "desk", desk_main },
	{ "porter", porter_main },
	{ "shipper", shipper_main },
	{ "runner", runner_main },
	{ "unpack", unpack_main },
	{ NULL, NULL },
};

/* The number of the other end's role, of one or two digits; 0: none. */
static uint8_t
other_end(const char *digits)
{
	unsigned v = 0;
	size_t n = strlen(digits);

	for (size_t i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9' || n > 2)
			return 0;
		v = v * 10 + (unsigned)(digits[i] - '0');
	}
	return (uint8_t)v;
}

static int
take(struct role_start *start, const char *what, int fd)
{
	switch (what[0]) {
	case 'p':
		start->parent_fd = fd;
		return 0;
	case 's':
		start->store_fd = fd;
		return 0;
	case 'l':
		if (start->nlisten >= ROLE_LISTENERS)
			return -1;
		start->listen_fd[start->nlisten++] = fd;
		return 0;
	case 'c':
		if (start->nchan >= ROLE_CHANNELS || other_end(what + 1) == 0)
			return -1;
		start->chan_role[start->nchan] = other_end(what + 1);
		start->chan_fd[start->nchan++] = fd;
		return 0;
	default:
		return -1;
	}
}

int
cmd_role(int argc, char **argv)
{
	struct role_start start = { .parent_fd = -1, .store_fd = -1 };

	for (const struct role_row *r = roles; argc >= 3 && r->name != NULL; r++) {
		if (strcmp(argv[1], r->name) != 0)
			continue;
		for (int i = 2; i < argc; i++)
			if (take(&start, argv[i], PROC_FD_FIRST + i - 2) != 0)
				return EXIT_USAGE;
		if (start.parent_fd < 0)
			return EXIT_USAGE;
		proc_name(r->name);
		(void)signal(SIGPIPE, SIG_IGN);
		return r->run(&start);
	}
	(void)fprintf(stderr, "trucban: roles are started by `trucban serve`\n");
	return EXIT_USAGE;
}
