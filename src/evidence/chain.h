/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seal keys that were replaced, as a package has them: each new one is signed over by the one
 * before it (seal.md, KEY leaves), so that who has an old fingerprint on paper can still check.
 * doc/formats/evidence.md section 4.
 */
#ifndef EVIDENCE_CHAIN_H
#define EVIDENCE_CHAIN_H

#include "model/leaf.h"
#include "model/note.h"

struct chain_link {
	struct note_key old_key, new_key;
};

/* Appends the text of one replacement and the empty line behind it. */
void		chain_put(struct buf *out, const struct leaf_key *key);
/*
 * Takes the next one off *rest, whose signature holds. ERR_MORE: *rest was empty; ERR_FORMAT,
 * ERR_PROOF: rule 23.
 */
enum err	chain_get(struct chain_link *ret_link, struct span *rest, uint64_t *line,
		    struct why *why);

#endif
