/* SPDX-License-Identifier: Apache-2.0 */
/* Replaced keys as text, and back: see chain.h. */
#include "evidence/chain.h"

#include "model/base64.h"
#include "model/line.h"

enum { REASON_LETTERS = LEAF_TEXT_MAX / 3 * 4 + 8 };

void
chain_put(struct buf *out, const struct leaf_key *key)
{
	buf_str(out, "old ");
	buf_span_put(out, key->old_vkey);
	buf_str(out, "\nnew ");
	buf_span_put(out, key->new_vkey);
	buf_str(out, "\nreason ");
	base64_put(out, key->reason);
	buf_str(out, "\nsignature ");
	base64_put(out, span_of(key->signature, LEAF_SIGNATURE_BYTES));
	buf_str(out, "\n\n");
}

static bool
part(struct span *text, const char *name, struct span *ret)
{
	struct span line;

	if (!line_next(text, &line) || !span_starts(line, span_str(name)))
		return false;
	*ret = span_sub(line, strlen(name), SIZE_MAX);
	return true;
}

enum err
chain_get(struct chain_link *ret_link, struct span *rest, uint64_t *line, struct why *why)
{
	uint8_t signature[LEAF_SIGNATURE_BYTES + 3], reason[LEAF_TEXT_MAX + 3];
	struct span text = *rest, old, new, letters, signed_by, empty;
	struct chain_link link;
	struct buf what = { 0 };
	size_t n = 0, nreason = 0;
	bool ok, holds;

	if (rest->n == 0)
		return ERR_MORE;
	ok = part(&text, "old ", &old) && part(&text, "new ", &new) &&
	    part(&text, "reason ", &letters) && part(&text, "signature ", &signed_by) &&
	    line_next(&text, &empty) && empty.n == 0 && letters.n <= REASON_LETTERS &&
	    base64_get(reason, sizeof reason, &nreason, letters) == OK &&
	    base64_get(signature, sizeof signature, &n, signed_by) == OK &&
	    n == LEAF_SIGNATURE_BYTES && note_key_get(&link.old_key, old, NULL) == OK &&
	    note_key_get(&link.new_key, new, NULL) == OK;
	if (!ok)
		return why_set(why, ERR_FORMAT, "line %llu: not as a replaced key is written",
		    (unsigned long long)*line + 1);
	leaf_key_text(&what, old, new, span_of(reason, nreason));
	holds = note_check_raw(signature, buf_span(&what), &link.old_key);
	buf_done(&what);
	if (!holds)
		return why_set(why, ERR_PROOF, "line %llu: the old key has not signed the new one",
		    (unsigned long long)*line + 1);
	*ret_link = link;
	*rest = text;
	*line += 5;
	return OK;
}
