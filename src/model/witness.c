/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness protocol's bodies; see witness.h. Requests and answers
 * come from the network: hostile.
 */
#include "model/witness.h"

#include "base/must.h"
#include "model/base64.h"
#include "model/line.h"

void
witness_request_put(struct buf *out, uint64_t old, const struct tlog_proof *proof,
    struct span note)
{
	must(proof->n <= WITNESS_PROOF_MAX);
	buf_printf(out, "old %llu\n", (unsigned long long)old);
	tlog_proof_put(out, proof);
	buf_u8(out, '\n');
	buf_span_put(out, note);
}

enum err
witness_request_get(struct witness_request *ret_request, struct span body, struct why *why)
{
	struct span rest = body, line;
	struct witness_request request;
	size_t n;
	enum err rc;

	request.proof.n = 0;
	if (body.n > WITNESS_BODY_MAX)
		return why_set(why, ERR_FORMAT, "request of %zu octets", body.n);
	if (!line_next(&rest, &line) || !span_starts(line, SPAN("old ")) ||
	    !line_decimal(span_sub(line, 4, SIZE_MAX), &request.old))
		return why_set(why, ERR_FORMAT, "request does not begin with the old size");
	for (;;) {
		struct digest *hash = &request.proof.hash[request.proof.n];

		if (!line_next(&rest, &line))
			return why_set(why, ERR_FORMAT, "request has no checkpoint");
		if (line.n == 0)
			break;
		if (request.proof.n == WITNESS_PROOF_MAX ||
		    base64_get(hash->b, DIGEST_BYTES, &n, line) != OK || n != DIGEST_BYTES)
			return why_set(why, ERR_FORMAT, "proof line %u is not a hash or too many",
			    request.proof.n + 1);
		request.proof.n++;
	}
	rc = note_parse(&request.note, rest, why);
	if (rc == OK)
		rc = checkpoint_get(&request.checkpoint, request.note.text, why);
	if (rc != OK)
		return ERR_FORMAT;
	*ret_request = request;
	return OK;
}

unsigned
witness_judge(const struct witness_request *request, const struct note_key *log, uint64_t known,
    const struct digest *known_root)
{
	struct digest empty;

	if (!span_is(request->checkpoint.origin, log->name))
		return 404;
	if (note_check(&request->note, log, NULL, NULL) != OK)
		return 403;
	if (request->old > request->checkpoint.size)
		return 400;
	if (request->old != known)
		return 409;
	tlog_empty_root(&empty);
	return tlog_consistency_check(request->old, known == 0 ? &empty : known_root,
	    request->checkpoint.size, &request->checkpoint.root, &request->proof, NULL) == OK ?
	    200 : 422;
}

/* "the client MAY concatenate it to the checkpoint, and use a note verification function" */
enum err
witness_answer_get(struct buf *out, uint64_t *ret_time_s, struct span note, struct span body,
    const struct note_key *key, struct why *why)
{
	struct buf both = { 0 };
	struct note parsed;
	uint64_t time_s = 0;
	enum err rc;

	if (body.n == 0 || body.n > WITNESS_BODY_MAX)
		return why_set(why, ERR_FORMAT, "witness answered %zu octets", body.n);
	buf_span_put(&both, note);
	buf_span_put(&both, body);
	rc = note_parse(&parsed, buf_span(&both), why);
	/* A blank line in the answer would make another text of what is signed. */
	if (rc == OK && !span_starts(note, parsed.text))
		rc = why_set(why, ERR_FORMAT, "witness answered more than signature lines");
	if (rc == OK && parsed.text.n + 1 > note.n)
		rc = why_set(why, ERR_FORMAT, "witness answered more than signature lines");
	if (rc == OK)
		rc = note_check(&parsed, key, &time_s, why);
	for (unsigned i = 0; rc == OK && i < parsed.nsignature; i++)
		if (parsed.signature[i].id == key->id &&
		    span_is(parsed.signature[i].name, key->name))
			buf_span_put(out, parsed.signature[i].line);
	buf_done(&both);
	if (rc == ERR_LIMIT)
		rc = ERR_FORMAT;
	if (rc == OK)
		*ret_time_s = time_s;
	return rc;
}

enum err
witness_conflict_get(uint64_t *ret_size, struct span body, struct why *why)
{
	struct span rest = body, line;

	if (body.n > 32 || !line_next(&rest, &line) || rest.n > 0 || !line_decimal(line, ret_size))
		return why_set(why, ERR_FORMAT, "witness answered no tree size");
	return OK;
}

void
witness_conflict_put(struct buf *out, uint64_t size)
{
	buf_printf(out, "%llu\n", (unsigned long long)size);
}
