/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of the witness protocol: C2SP tlog-witness, "add-checkpoint". The log's side writes the
 * request and reads the answer; the other side's halves are here too, so that one desk can be the
 * witness of another. Who sends is the business of a role.
 */
#ifndef MODEL_WITNESS_H
#define MODEL_WITNESS_H

#include "model/checkpoint.h"
#include "model/note.h"
#include "model/tlog.h"

enum { WITNESS_PROOF_MAX = 63, WITNESS_BODY_MAX = NOTE_BYTES_MAX + 8192 };

/* POST <prefix>/add-checkpoint: old size, consistency proof, signed checkpoint. */
void		witness_request_put(struct buf *out, uint64_t old, const struct tlog_proof *proof,
		    struct span note);

struct witness_request {
	uint64_t old;
	struct tlog_proof proof;
	struct note note;		/* borrows from the body */
	struct checkpoint checkpoint;	/* the same */
};

/* ERR_FORMAT: answer 400. Checks neither signature nor proof. */
enum err	witness_request_get(struct witness_request *ret_request, struct span body,
		    struct why *why);
/*
 * What a witness that knows `log` at size `known` with root `known_root` has to answer: the HTTP
 * status 200, 400, 403, 404, 409 or 422. Only on 200 may it persist and then cosign.
 */
unsigned	witness_judge(const struct witness_request *request, const struct note_key *log,
		    uint64_t known, const struct digest *known_root);

/*
 * A 200 answer to the checkpoint `note`: appends to out the cosignature lines of key that hold.
 * OK: there was one; ret_time_s: its time. ERR_FORMAT, ERR_ABSENT, ERR_PROOF.
 */
enum err	witness_answer_get(struct buf *out, uint64_t *ret_time_s, struct span note,
		    struct span body, const struct note_key *key, struct why *why);
/* A 409 answer: the size that the witness knows, and a newline. */
enum err	witness_conflict_get(uint64_t *ret_size, struct span body, struct why *why);
void		witness_conflict_put(struct buf *out, uint64_t size);

#endif
