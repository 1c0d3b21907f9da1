/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the octets of a file are, before the desk gets them: text as it is; UTF-16, decoded to
 * UTF-8 here as what is packed is unpacked here, so that the desk knows the content again; or no
 * text, which is refused unless its form was named. Told by the first octets alone, so that a file
 * that grows stays what it was.
 */
#include "cmd/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "parse/parse.h"
#include "cmd/cmd.h"

enum { HEAD_BYTES = 4096 };

/* Octets 0 in what is neither UTF-16 nor anything else that is known. */
static bool
is_binary(const struct run *run, struct span head)
{
	struct guess guess;

	if (run->like.form != FORM_AUTO || run->like.join.n > 0 || head.n == 0 ||
	    memchr(head.p, '\0', head.n) == NULL)
		return false;
	guess_make(&guess, head, SPLIT_MORE_COMES, FORM_AUTO);
	return guess.form == FORM_PLAIN;
}

static enum err
octets_send(struct run *run, struct span piece, struct why *why)
{
	struct coded *c = &run->coded;

	if (c->refused || c->utf16.order == UTF16_NOT)
		return c->refused ? OK : desk_data(run, piece, why);
	running_add(c->sum, piece);
	c->bytes += piece.n;
	c->out.n = 0;
	utf16_add(&c->utf16, piece, &c->out);
	return desk_data(run, buf_span(&c->out), why);
}

/* With what came so far it is told what it is. */
static enum err
head_send(struct run *run, struct why *why)
{
	struct coded *c = &run->coded;
	struct span head = span_sub(buf_span(&c->head), 0, HEAD_BYTES);
	enum utf16_order order = utf16_look(head);
	enum err rc;

	c->known = true;
	c->utf16 = (struct utf16){ .order = (uint8_t)order };
	if (order == UTF16_NOT && is_binary(run, head)) {
		c->refused = true;
		tell_failed(run, c->name, say("không phải văn bản: có byte 0 ở đầu tệp, không phải "
		    "UTF-16 và không theo dạng nào đã biết; không nhập. Nếu vẫn là nhật ký, hãy "
		    "nêu dạng của nó, ví dụ --format plain", "it is not text: octets 0 at its "
		    "beginning, not UTF-16 and of no form that is known; not imported. If it is "
		    "a log all the same, name its form, for instance --format plain"));
		return OK;
	}
	if (order != UTF16_NOT)
		c->sum = running_new();
	rc = desk_file(run, c->name, c->index, c->mtime_ns, c->avoid, order, why);
	return rc == OK ? octets_send(run, buf_span(&c->head), why) : rc;
}

void
coded_done(struct run *run)
{
	struct coded *c = &run->coded;

	running_free(&c->sum);
	buf_done(&c->head);
	buf_done(&c->out);
	free(c->name);
	*c = (struct coded){ 0 };
}

void
coded_file(struct run *run, const char *name, uint64_t index, int64_t mtime_ns, struct span avoid)
{
	coded_done(run);
	run->coded = (struct coded){ .name = xstrdup(name), .index = index, .mtime_ns = mtime_ns,
	    .avoid = avoid };
}

enum err
coded_data(struct run *run, struct span piece, struct why *why)
{
	struct coded *c = &run->coded;

	if (c->known)
		return octets_send(run, piece, why);
	buf_span_put(&c->head, piece);
	return c->head.n >= HEAD_BYTES ? head_send(run, why) : OK;
}

enum err
coded_end(struct run *run, const char *trouble, struct why *why)
{
	struct import_ended ended = { .end = trouble != NULL ? IMPORT_BROKEN : IMPORT_WHOLE };
	struct coded *c = &run->coded;
	enum err rc = c->known ? OK : head_send(run, why);

	if (c->utf16.order != UTF16_NOT) {
		ended.coding = c->utf16.order;
		ended.bytes = c->bytes;
		ended.replaced = c->utf16.replaced;
		running_look(c->sum, &ended.digest);
	}
	if (rc == OK && !c->refused)
		rc = desk_end(run, &ended, utf16_left(&c->utf16), trouble, why);
	coded_done(run);
	return rc;
}
