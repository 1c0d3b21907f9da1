/* SPDX-License-Identifier: Apache-2.0 */
/* Anchors from outside, and consistency proofs as text: see held.h. */
#include "evidence/held.h"

#include "model/base64.h"
#include "model/line.h"
#include "model/note.h"

typedef unsigned long long ull;

void
held_put(struct buf *out, const struct held *held)
{
	buf_printf(out, "anchor %llu %llu ", (ull)held->size, (ull)held->time_ns);
	base64_put(out, span_of(held->root.b, DIGEST_BYTES));
	buf_u8(out, '\n');
	tlog_proof_put(out, &held->proof);
	buf_u8(out, '\n');
}

static bool
hash_get(struct span text, struct digest *ret)
{
	uint8_t bytes[DIGEST_BYTES];
	size_t n = 0;

	if (base64_get(bytes, sizeof bytes, &n, text) != OK || n != DIGEST_BYTES)
		return false;
	memcpy(ret->b, bytes, DIGEST_BYTES);
	return true;
}

/* "anchor SIZE TIME ROOT" */
static bool
head_get(struct span line, struct held *held)
{
	struct span rest = span_sub(line, 7, SIZE_MAX), word[2];
	uint64_t time;

	if (!span_starts(line, SPAN("anchor ")))
		return false;
	for (int i = 0; i < 2; i++) {
		const uint8_t *space = rest.n > 0 ? memchr(rest.p, ' ', rest.n) : NULL;

		if (space == NULL)
			return false;
		word[i] = span_of(rest.p, (size_t)(space - rest.p));
		rest = span_sub(rest, word[i].n + 1, SIZE_MAX);
	}
	if (!line_decimal(word[0], &held->size) || !line_decimal(word[1], &time))
		return false;
	held->time_ns = (int64_t)time;
	return hash_get(rest, &held->root);
}

enum err
held_get(struct held *ret_held, struct span *rest, uint64_t *line, struct why *why)
{
	struct held held = { 0 };
	struct span text = *rest, one;
	uint64_t at = *line + 1;
	bool ok;

	if (rest->n == 0)
		return ERR_MORE;
	ok = line_next(&text, &one) && head_get(one, &held);
	while (ok && (ok = line_next(&text, &one)) && one.n > 0) {
		at++;
		ok = held.proof.n < TLOG_PROOF_MAX &&
		    hash_get(one, &held.proof.hash[held.proof.n]);
		held.proof.n += ok;
	}
	if (!ok)
		return why_set(why, ERR_FORMAT, "line %llu: not as an anchor is written", (ull)at);
	*line = at + 1;
	*rest = text;
	*ret_held = held;
	return OK;
}

/* ---- the operator's file ---- */

/*
 * Keeps the list ascending; when it is full the smallest goes. Two roots of one size both stay: one
 * of them shows another history.
 */
static void
held_add(struct held held[HELD_MAX], unsigned *n, const struct checkpoint *c, int64_t time_ns)
{
	unsigned at = *n;

	while (at > 0 && held[at - 1].size >= c->size)
		at--;
	for (unsigned i = at; i < *n && held[i].size == c->size; i++)
		if (memcmp(held[i].root.b, c->root.b, DIGEST_BYTES) == 0)
			return;
	if (*n == HELD_MAX) {
		if (at == 0)
			return;
		memmove(&held[0], &held[1], (at - 1) * sizeof held[0]);
		at--;
	} else {
		memmove(&held[at + 1], &held[at], (*n - at) * sizeof held[0]);
		(*n)++;
	}
	held[at] = (struct held){ .size = c->size, .root = c->root, .time_ns = time_ns };
}

/* False: it is another desk's. */
static bool
origin_fits(struct span *origin, char room[NOTE_NAME_BYTES], struct span own)
{
	if (origin->p == NULL && own.n < NOTE_NAME_BYTES) {
		memcpy(room, own.p, own.n);
		*origin = span_of(room, own.n);
	}
	return span_eq(*origin, own);
}

enum err
held_list(struct held held[HELD_MAX], unsigned *ret_n, struct span text, struct span origin,
    struct why *why)
{
	char room[NOTE_NAME_BYTES];
	struct checkpoint c;
	struct buf ended = { 0 };
	struct span rest, line;
	struct note note;
	int64_t time_ns;
	unsigned n = 0;

	if (note_parse(&note, text, NULL) == OK && checkpoint_get(&c, note.text, NULL) == OK &&
	    origin_fits(&origin, room, c.origin))
		held_add(held, &n, &c, 0);
	buf_span_put(&ended, text);
	buf_u8(&ended, '\n');
	rest = buf_span(&ended);
	while (line_next(&rest, &line))
		if (anchor_get(&c, &time_ns, line, NULL) == OK &&
		    origin_fits(&origin, room, c.origin))
			held_add(held, &n, &c, time_ns);
	buf_done(&ended);
	if (n == 0)
		return why_set(why, ERR_FORMAT, "no checkpoint and no anchor line of this desk in "
		    "it");
	*ret_n = n;
	return OK;
}

enum err
held_check(const struct held *held, const struct checkpoint *checkpoint, struct why *why)
{
	if (held->size > checkpoint->size)
		return why_set(why, ERR_PROOF, "the anchor of %llu entries is of a larger tree "
		    "than the checkpoint of %llu: the desk was put back", (ull)held->size,
		    (ull)checkpoint->size);
	if (tlog_consistency_check(held->size, &held->root, checkpoint->size, &checkpoint->root,
	    &held->proof, why) != OK)
		return why_set(why, ERR_PROOF, "the checkpoint does not go on from the anchor of "
		    "%llu entries: this is another history", (ull)held->size);
	return OK;
}
