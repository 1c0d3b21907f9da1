/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what a request goes through: head, routes, arguments and tokens (intake/http.c, answer.c),
 * body framing, content coding (decode.c), lines and actions. First octet: the step.
 */
#include <stdint.h>

#include "base/must.h"
#include "intake/action.h"
#include "intake/answer.h"
#include "intake/decode.h"
#include "intake/framing.h"
#include "intake/http.h"
#include "intake/intake_int.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
lines_run(struct framing *lines, struct span in)
{
	struct frame frame;
	enum action action;

	while (framing_next(lines, &in, 4096, &frame) == OK)
		if (action_read(frame.record, &action) == OK)
			must(action < ACTION_END);
	must(in.n == 0);
}

static void
piece_run(struct decoder *decoder, struct framing *lines, struct span piece)
{
	uint8_t room[512];
	enum err rc = OK;

	while (rc == OK) {
		size_t n = 0;

		rc = decoder_next(decoder, &piece, room, sizeof room, &n, NULL);
		must(n <= sizeof room);
		lines_run(lines, span_of(room, n));
	}
}

static void
body_run(const struct http_head *head, struct span in, size_t step)
{
	struct framing lines = { .kind = FRAMING_LINES, .first_done = true };
	struct decoder *decoder = NULL;
	struct http_body body;
	struct frame frame;
	enum err rc = ERR_MORE;

	if (head->coding != HTTP_IDENTITY && head->coding != HTTP_CODING_UNKNOWN)
		decoder = decoder_new(head->coding);
	http_body_begin(&body, head);
	while (in.n > 0 && rc == ERR_MORE) {
		struct span part = span_sub(in, 0, step), piece;

		in = span_sub(in, step, SIZE_MAX);
		while ((rc = http_body_next(&body, &part, &piece)) == OK) {
			if (decoder != NULL)
				piece_run(decoder, &lines, piece);
			else
				lines_run(&lines, piece);
		}
		must(rc != ERR_MORE || part.n == 0);
	}
	(void)framing_end(&lines, &frame);
	framing_done(&lines);
	decoder_free(&decoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token token = { .name = SPAN("anna") };
	struct http_head head;
	struct span in, name;
	uint8_t room[32];
	size_t n;

	if (size < 1)
		return 0;
	in = span_of(data + 1, size - 1);
	n = http_head_size(in);
	must(n <= in.n);
	if (http_head_read(&head, span_sub(in, 0, n), NULL) != OK)
		return 0;
	(void)answer_route(&head);
	answer_digest(token.secret, SPAN("secret"));
	(void)answer_token(&token, 1, head.authorization, &name);
	must(http_argument(head.query, "_msg_field", room, sizeof room).n <= sizeof room);
	body_run(&head, span_sub(in, n, SIZE_MAX), (size_t)data[0] + 1);
	return 0;
}
