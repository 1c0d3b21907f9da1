/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     run the programs that the configuration names under notify, with their arguments
 * may not: reach the store and the secrets of other channels, or anything that the desk's user may
 *          not: it has no channel but to the teller, and as root it becomes nobody first
 * if it dies: the teller begins anew, and another one with it
 *
 * One program after the other; what it is to send comes on its standard input, never in a command
 * line, and no shell sees either.
 */
#include "role/role.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/hide.h"
#include "sys/proc.h"
#include "sys/run.h"
#include "wire/wire.h"
#include "role/brief.h"

enum { PROGRAM_MS = 30000, SAID_BYTES = 120 };

/* The first line of what it said, behind the result. */
static void
answer(struct chan *teller, uint64_t tag, enum err rc, const struct why *why, struct buf *said)
{
	struct span rest = buf_span(said), line = span_cut(&rest, '\n');
	struct buf body = { 0 };

	buf_u8(&body, (uint8_t)rc);
	if (rc != OK)
		buf_str(&body, why->text);
	if (rc != OK && line.n > 0)
		buf_str(&body, ": ");
	buf_span_put(&body, line);
	(void)chan_send(teller, &(struct chan_msg){ .type = WIRE_ANSWER, .tag = tag,
	    .body = buf_span(&body) }, NULL);
	buf_done(&body);
}

static void
run_it(const struct telling *telling, struct chan *teller, const struct chan_msg *msg)
{
	struct cur in = cur_of(msg->body);
	const char *argv[TELLING_ARGS + 2] = { NULL };
	const struct telling_channel *channel;
	struct buf said = { 0 }, input = { 0 };
	struct why why = { "" };
	uint64_t tag = msg->tag;
	unsigned what = cur_u8(&in);
	struct span argument = cur_bytes(&in);
	enum err rc;

	if (what != ASK_RUN || argument.n < 1 || argument.p[0] >= telling->nchannel)
		return;
	channel = &telling->channel[argument.p[0]];
	if (channel->kind != TELLING_COMMAND)
		return;
	argv[0] = channel->target;
	for (unsigned i = 0; i < channel->narg; i++)
		argv[1 + i] = channel->arg[i];
	buf_span_put(&input, span_sub(argument, 1, SIZE_MAX));
	rc = run_program(argv, buf_span(&input), PROGRAM_MS, SAID_BYTES, &said, &why);
	answer(teller, tag, rc, &why, &said);
	buf_done(&said);
	buf_done(&input);
}

/* What the programs are not to see, though they may be the desk's own user. */
static void
places_hide(const struct conf *conf)
{
	const char *path[TELLING_CHANNELS + 2] = { conf->state };
	struct why why = { "" };
	unsigned n = 1;

	if (conf->cold[0] != '\0')
		path[n++] = conf->cold;
	for (unsigned i = 0; i < conf->telling.nchannel; i++)
		if (conf->telling.channel[i].secret_file[0] != '\0')
			path[n++] = conf->telling.channel[i].secret_file;
	if (hide_paths(path, n, &why) != OK)
		(void)fprintf(stderr, "trucban: runner: the store is not hidden from commands: "
		    "%s\n", why.text);
}

int
runner_main(const struct role_start *start)
{
	struct brief *b = xcalloc(1, sizeof *b);
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc = brief_take(b, start->parent_fd, false, false, &why);

	/* Before: nobody may not list every directory that leads to the store. */
	if (rc == OK)
		places_hide(&b->conf);
	if (rc == OK && geteuid() == 0)
		rc = proc_drop_rights("nobody", &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: runner: %s\n", why.text);
		return 3;
	}
	while ((rc = chan_recv_wait(b->parent, &msg, -1, &why)) == OK) {
		file_close(&msg.fd);
		if (msg.type == WIRE_ASK && wire_check(msg.type, msg.body, &why) == OK)
			run_it(&b->conf.telling, b->parent, &msg);
	}
	chan_free(&b->parent);
	free(b);
	return 0;
}
