/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment of agents and renewal of their certificates: doc/formats/agent.md, section 4. The body
 * is not looked at here: who reads the network has no key to sign with, and who has the key reads
 * only what this process hands on, of a known length. Answers are one line: a word and a sentence.
 */
#include "intake/door.h"

static enum err
enrol_begin(struct door_request *request, const struct http_head *head)
{
	(void)request;
	return head->coding == HTTP_IDENTITY ? OK : ERR_ABSENT;
}

static void
enrol_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	size_t n = strlen(reason);

	(void)request;
	answer->type = "text/plain; charset=utf-8";
	buf_printf(body, "%s%s", reason, n > 0 && reason[n - 1] == '\n' ? "" : "\n");
}

const struct door door_enrol = {
	.framing = DOOR_WHOLE, .handed = DOOR_ENROL, .begin = enrol_begin,
	.refused = enrol_refused,
};

const struct door door_renew = {
	.framing = DOOR_WHOLE, .handed = DOOR_RENEW, .begin = enrol_begin,
	.refused = enrol_refused,
};
