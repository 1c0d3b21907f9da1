/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for our own relays: doc/formats/relay.md section 3. Rows come with the place that they
 * begin at and are answered when they are on disk; a place can be asked for. A relay that speaks
 * another version is told which one this desk speaks.
 */
#include "intake/door.h"

#include <stdlib.h>

#include "intake/relayed.h"

/* The argument as a number in base 10 or 16; 0 without one. */
static uint64_t
number_read(const struct http_head *head, const char *name, int base)
{
	char room[24];
	struct span text = http_argument(head->query, name, (uint8_t *)room, sizeof room - 1);

	if (text.n == 0)
		return 0;
	room[text.n] = '\0';
	return strtoull(room, NULL, base);
}

static enum err
relay_begin(struct door_request *request, const struct http_head *head)
{
	request->relay.instance = number_read(head, "instance", 16);
	request->relay.from = number_read(head, "from", 10);
	return head->coding == HTTP_IDENTITY || head->coding == HTTP_ZSTD ? OK : ERR_ABSENT;
}

static void
relay_kept(const struct door_request *request, struct answer *answer, struct buf *body)
{
	answer->type = "text/plain; charset=utf-8";
	buf_printf(body, "place %llu\n", (unsigned long long)request->relay.place);
}

/* 409: the rows before these are not here, or these are already; the relay asks for the place. */
static void
relay_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	if (answer->status == 503 && request->result == ERR_ABSENT)
		answer->status = 409;
	answer->type = "text/plain; charset=utf-8";
	buf_printf(body, "%s\n", reason);
}

const struct door door_relay_rows = {
	.framing = DOOR_WHOLE, .certificate = true, .begin = relay_begin, .take = relayed_take,
	.kept = relay_kept, .refused = relay_refused,
};

const struct door door_relay_place = {
	.framing = DOOR_WHOLE, .certificate = true, .begin = relay_begin, .ask = relayed_ask,
	.kept = relay_kept, .refused = relay_refused,
};

static enum err
other_begin(struct door_request *request, const struct http_head *head)
{
	(void)request;
	(void)head;
	return ERR_ABSENT;
}

static void
other_refused(const struct door_request *request, const char *reason, struct answer *answer,
    struct buf *body)
{
	(void)request;
	(void)reason;
	answer->status = 426;
	answer->type = "text/plain; charset=utf-8";
	buf_str(body, "this desk speaks version 1 of the relays' protocol: /relay/v1/\n");
}

const struct door door_relay_other = {
	.framing = DOOR_WHOLE, .certificate = true, .begin = other_begin,
	.refused = other_refused,
};
