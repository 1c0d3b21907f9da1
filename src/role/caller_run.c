/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: the runner, a process that owns nothing, runs them (role/runner.c); here it is asked
 * and heard. See caller_int.h.
 */
#include "role/caller_int.h"

#include <stdio.h>

#include "sys/file.h"
#include "sys/proc.h"
#include "wire/wire.h"

enum { RUNNER_QUEUE = 1 << 20 };

enum err
runner_start(struct caller *c, struct why *why)
{
	static const char *const arg[] = { "p" };
	struct proc_spec spec = { .role = "runner", .arg = arg, .narg = 1, .nfd = 1 };
	int pair[2] = { -1, -1 };
	pid_t pid;
	enum err rc;

	for (unsigned i = 0; i < c->telling->nchannel; i++)
		c->has_runner |= c->telling->channel[i].kind == TELLING_COMMAND;
	if (!c->has_runner)
		return OK;
	rc = chan_pair(pair, why);
	spec.fd = &pair[1];
	if (rc == OK)
		rc = proc_start(&pid, &spec, why);
	file_close(&pair[1]);
	if (rc != OK) {
		file_close(&pair[0]);
		return rc;
	}
	c->runner = chan_new(pair[0], WIRE_LIMIT, RUNNER_QUEUE);
	return chan_send(c->runner, &(struct chan_msg){ .type = WIRE_CONF,
	    .body = c->world.conf_text }, why);
}

/* input = address, newline, text, newline */
void
run_begin(struct caller *c, struct job *job)
{
	unsigned place = (unsigned)(job->channel - c->telling->channel);
	struct buf input = { 0 }, body = { 0 };
	struct why why = { "" };
	enum err rc;

	buf_u8(&input, (uint8_t)place);
	buf_printf(&input, "%s\n", job_address(job));
	job_text(&input, job);
	buf_u8(&input, '\n');
	buf_u8(&body, ASK_RUN);
	buf_bytes(&body, buf_span(&input));
	c->run[place] = job;
	rc = c->runner == NULL ? why_set(&why, ERR_ABSENT, "the runner of commands is gone") :
	    chan_send(c->runner, &(struct chan_msg){ .type = WIRE_ASK, .tag = place,
	    .body = buf_span(&body) }, &why);
	if (rc != OK) {
		c->run[place] = NULL;
		job_done(c, job, rc, why.text);
	}
	buf_done(&input);
	buf_done(&body);
}

static void
answer_take(struct caller *c, const struct chan_msg *msg)
{
	struct job *job;
	char said[JOB_SAID];
	size_t n = 0;

	if (msg->type != WIRE_ANSWER || wire_check(msg->type, msg->body, NULL) != OK ||
	    msg->tag >= TELLING_CHANNELS || c->run[msg->tag] == NULL)
		return;
	job = c->run[msg->tag];
	c->run[msg->tag] = NULL;
	for (size_t i = 1; i < msg->body.n && n < sizeof said - 1; i++)
		said[n++] = msg->body.p[i] >= ' ' && msg->body.p[i] < 0x7f ?
		    (char)msg->body.p[i] : '?';
	said[n] = '\0';
	job_done(c, job, (enum err)msg->body.p[0], said);
}

bool
runner_turn(struct caller *c)
{
	struct chan_msg msg;
	enum err rc = ERR_MORE;

	if (c->runner == NULL)
		return true;
	(void)chan_flush(c->runner, NULL);
	while ((rc = chan_recv(c->runner, &msg, NULL)) == OK) {
		file_close(&msg.fd);
		answer_take(c, &msg);
	}
	return rc == ERR_MORE;
}
