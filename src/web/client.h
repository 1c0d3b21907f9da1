/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's side of the front: one HTTP/1.1 request over the desk's unix socket, the
 * answer streamed as it comes. Not a general HTTP client: it trusts nothing but asks only ours.
 */
#ifndef WEB_CLIENT_H
#define WEB_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "web/answer.h"
#include "web/form.h"

struct client_ask {
	const char *socket;		/* path of the unix socket */
	const char *path;		/* "/select/logsql/query" */
	struct span form;		/* x-www-form-urlencoded body; empty = GET */
	answer_take_fn *take;		/* gets the body; returns false to stop */
	void *ctx;
	uint64_t *found;		/* Trucban-Found of the answer, else as it was; NULL: no */
	const volatile bool *cancel;	/* may be NULL: closes the connection when it turns true */
};

/*
 * OK after a 2xx answer was taken whole (or take said stop). ERR_ABSENT: nobody answers on the
 * socket. ERR_BUSY: cancelled. Else as answer_end has it.
 */
enum err	client_run(const struct client_ask *ask, struct why *why);

#endif
