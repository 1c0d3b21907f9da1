/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes model/witness.c, both sides: a request that is taken is written the same and judged; an
 * answer never adds anything but signature lines of the witness.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/witness.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
request_try(struct span body, const struct note_key *log)
{
	struct witness_request *request = xcalloc(1, sizeof *request);
	struct digest root = { { 0 } };
	struct buf again = { 0 };
	struct span rest;

	if (witness_request_get(request, body, NULL) == OK) {
		rest = span_of(request->note.text.p,
		    (size_t)(body.p + body.n - request->note.text.p));
		witness_request_put(&again, request->old, &request->proof, rest);
		must(span_eq(buf_span(&again), body));
		(void)witness_judge(request, log, request->old, &root);
	}
	buf_done(&again);
	free(request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 1 }, witness_seed[32] = { 2 };
	struct span body = span_of(data, size);
	struct note_key log, witness;
	struct buf note = { 0 }, lines = { 0 };
	uint64_t time_s, v;

	note_key_of_seed(&log, "desk/1", seed);
	note_key_of_seed(&witness, "witness/1", witness_seed);
	note_key_make(&witness, "witness/1", NOTE_COSIGNATURE, witness.public_key);
	request_try(body, &log);
	note_sign(&note, SPAN("desk/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
	    "desk/1", seed);
	if (witness_answer_get(&lines, &time_s, buf_span(&note), body, &witness, NULL) == OK)
		must(lines.n > 0 && lines.n <= body.n);
	(void)witness_conflict_get(&v, body, NULL);
	buf_done(&note);
	buf_done(&lines);
	return 0;
}
