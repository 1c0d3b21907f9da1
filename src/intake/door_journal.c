/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd-journal-upload (systemd-journal-upload.service(8), systemd-journal-remote.service(8)):
 * one body holds all entries up to the end of the sender's journal, so it may be of any length. The
 * sender moves its own cursor when it is told 2xx, which is when the last of them is on disk; told
 * anything else, or cut off, it begins again behind the last cursor that it saved. Each entry
 * brings its cursor and boot, so what came twice can be told.
 */
#include "intake/door.h"

static enum err
journal_begin(struct door_request *request, const struct http_head *head)
{
	request->form = INTAKE_FORM_ENTRY;
	return head->coding == HTTP_SNAPPY ? ERR_ABSENT : OK;
}

static void
journal_kept(const struct door_request *request, struct answer *answer, struct buf *body)
{
	(void)request;
	answer->status = 202;
	answer->type = "text/plain";
	buf_str(body, "OK.\n");
}

static void
journal_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	(void)request;
	answer->type = "text/plain";
	buf_printf(body, "%s\n", reason);
}

const struct door door_journal = {
	.framing = DOOR_ENTRIES, .format = INTAKE_FORMAT_JOURNAL, .endless = true,
	.begin = journal_begin, .kept = journal_kept, .refused = journal_refused,
};
