/* SPDX-License-Identifier: Apache-2.0 */
/* Tests model/checkpoint.c and model/witness.c: the texts that leave the machine and come back. */
#include "check.h"

#include "base/must.h"
#include "model/checkpoint.h"
#include "model/witness.h"

static const char example[] = "example.com/behind-the-sofa\n20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
static const uint8_t seed[32] = { 1 }, witness_seed[32] = { 2 };

static void
the_example_of_the_specification_is_read_and_written(void)
{
	struct checkpoint checkpoint;
	struct buf out = { 0 };

	check(checkpoint_get(&checkpoint, span_str(example), NULL) == OK);
	check_span(checkpoint.origin, SPAN("example.com/behind-the-sofa"));
	check_int(checkpoint.size, 20852163);
	check_int(checkpoint.extension.n, 0);
	checkpoint_put(&out, &checkpoint);
	check_span(buf_span(&out), span_str(example));
	buf_str(&out, "more\n");
	check(checkpoint_get(&checkpoint, buf_span(&out), NULL) == OK);
	check_span(checkpoint.extension, SPAN("more\n"));
	buf_done(&out);
}

static void
broken_checkpoints_are_refused(void)
{
	static const char *const bad[] = { "", "o\n", "o\n1\n",
	    "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" };
	struct checkpoint checkpoint;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(checkpoint_get(&checkpoint, span_str(bad[i]), NULL) == ERR_FORMAT);
}

static void
an_anchor_line_is_found_behind_any_header(void)
{
	struct checkpoint checkpoint, got;
	struct buf line = { 0 };
	int64_t time_ns = 0;

	check(checkpoint_get(&checkpoint, span_str(example), NULL) == OK);
	buf_str(&line, "<134>1 2026-02-28T23:59:59Z host trucban - - - ");
	anchor_put(&line, &checkpoint, INT64_C(1772323199123456789));
	check(anchor_get(&got, &time_ns, buf_span(&line), NULL) == OK);
	check(time_ns == INT64_C(1772323199000000000));
	check(got.size == checkpoint.size && span_eq(got.origin, checkpoint.origin));
	check(memcmp(got.root.b, checkpoint.root.b, DIGEST_BYTES) == 0);
	check(memmem(line.p, line.n, " time=2026-02-28T23:59:59Z short=", 33) != NULL);
	buf_str(&line, "\"}");
	check(anchor_get(&got, &time_ns, buf_span(&line), NULL) == OK);
	check(anchor_get(&got, &time_ns, SPAN("something else"), NULL) == ERR_ABSENT);
	buf_done(&line);
}

static void
a_mistyped_anchor_is_refused(void)
{
	struct checkpoint checkpoint, got;
	struct buf line = { 0 };
	size_t taken = 0, time_at;
	int64_t time_ns;

	check(checkpoint_get(&checkpoint, span_str(example), NULL) == OK);
	anchor_put(&line, &checkpoint, 0);
	time_at = (size_t)((uint8_t *)memmem(line.p, line.n, "time=", 5) - line.p);
	for (size_t i = 0; i < line.n; i++) {
		line.p[i] ^= 1;
		/* The time alone is not under the short form. */
		if (anchor_get(&got, &time_ns, buf_span(&line), NULL) == OK &&
		    (i < time_at || i > time_at + 25))
			taken++;
		line.p[i] ^= 1;
	}
	check_int(taken, 0);
	buf_done(&line);
}

static void
times_of_anchors_are_those_of_the_calendar(void)
{
	static const struct { int64_t s; const char *text; } day[] = {
		{ 0, "1970-01-01T00:00:00Z" }, { 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" }, { 1709164800, "2024-02-29T00:00:00Z" },
		{ 4102444800, "2100-01-01T00:00:00Z" }, { 4107542399, "2100-02-28T23:59:59Z" },
	};
	struct checkpoint checkpoint;
	struct buf line = { 0 };
	int64_t time_ns;

	check(checkpoint_get(&checkpoint, span_str(example), NULL) == OK);
	for (size_t i = 0; i < sizeof day / sizeof day[0]; i++) {
		line.n = 0;
		anchor_put(&line, &checkpoint, day[i].s * 1000000000);
		check(memmem(line.p, line.n, day[i].text, 20) != NULL);
		check(anchor_get(&checkpoint, &time_ns, buf_span(&line), NULL) == OK);
		check(time_ns == day[i].s * 1000000000);
		check(checkpoint_get(&checkpoint, span_str(example), NULL) == OK);
	}
	buf_done(&line);
}

/* ---- the witness protocol ---- */

/* A log of n entries: its root and, for its right edge, its tiles. */
struct log {
	struct tlog_edge edge;
	struct digest leaf[32];
};

static enum err
log_tile(void *ctx, unsigned level, uint64_t index, unsigned width, const struct digest **ret,
    struct why *why)
{
	struct log *log = ctx;

	(void)why;
	check(level == 0 && index == 0 && width <= 32);
	*ret = log->leaf;
	return OK;
}

static struct digest
log_grow(struct log *log, uint64_t size)
{
	struct digest root;

	while (log->edge.size < size) {
		struct digest *leaf = &log->leaf[log->edge.size];

		tlog_leaf_hash(leaf, span_of(&log->edge.size, 1));
		tlog_edge_append(&log->edge, leaf);
	}
	tlog_edge_root(&root, &log->edge);
	return root;
}

static void
note_of(struct buf *out, struct log *log, uint64_t size)
{
	struct checkpoint checkpoint = { .origin = SPAN("desk/1"), .size = size };
	struct buf text = { 0 };

	checkpoint.root = log_grow(log, size);
	checkpoint_put(&text, &checkpoint);
	note_sign(out, buf_span(&text), "desk/1", seed);
	buf_done(&text);
}

static void
a_witness_cosigns_a_tree_that_goes_on_and_nothing_else(void)
{
	static struct log log;
	struct tlog_reader reader = { log_tile, &log, 21 };
	struct buf body = { 0 }, note = { 0 }, answer = { 0 }, lines = { 0 };
	struct digest root13 = log_grow(&log, 13), wrong = { { 1 } };
	struct note_key log_key, witness, stranger;
	struct witness_request request;
	struct tlog_proof proof;
	uint64_t time_s = 0, size = 0;

	note_of(&note, &log, 21);
	check(tlog_consistency(&reader, 13, 21, &proof, NULL) == OK);
	witness_request_put(&body, 13, &proof, buf_span(&note));
	check(span_starts(buf_span(&body), SPAN("old 13\n")));
	check(witness_request_get(&request, buf_span(&body), NULL) == OK);
	check(request.old == 13 && request.proof.n == proof.n && request.checkpoint.size == 21);
	note_key_of_seed(&log_key, "desk/1", seed);
	check_int(witness_judge(&request, &log_key, 13, &root13), 200);
	check_int(witness_judge(&request, &log_key, 12, &root13), 409);
	check_int(witness_judge(&request, &log_key, 13, &wrong), 422);
	note_key_of_seed(&stranger, "desk/1", witness_seed);
	check_int(witness_judge(&request, &stranger, 13, &root13), 403);
	note_key_of_seed(&stranger, "desk/2", seed);
	check_int(witness_judge(&request, &stranger, 13, &root13), 404);
	request.old = 22;
	check_int(witness_judge(&request, &log_key, 22, &root13), 400);

	/* The answer, and what the log makes of it. */
	note_cosign(&answer, request.note.text, "witness/1", witness_seed, 1700000000);
	note_key_of_seed(&witness, "witness/1", witness_seed);
	note_key_make(&witness, "witness/1", NOTE_COSIGNATURE, witness.public_key);
	check(witness_answer_get(&lines, &time_s, buf_span(&note), buf_span(&answer), &witness,
	    NULL) == OK);
	check_span(buf_span(&lines), buf_span(&answer));
	check(time_s == 1700000000);
	note_key_make(&stranger, "witness/2", NOTE_COSIGNATURE, witness.public_key);
	check(witness_answer_get(&lines, &time_s, buf_span(&note), buf_span(&answer), &stranger,
	    NULL) == ERR_ABSENT);
	check(witness_answer_get(&lines, &time_s, buf_span(&note), SPAN(""), &witness, NULL) ==
	    ERR_FORMAT);
	check(witness_answer_get(&lines, &time_s, buf_span(&note), SPAN("<html>\n"), &witness,
	    NULL) == ERR_FORMAT);
	answer.p[answer.n - 10] ^= 1;
	check(witness_answer_get(&lines, &time_s, buf_span(&note), buf_span(&answer), &witness,
	    NULL) != OK);
	witness_conflict_put(&answer, 44);
	check(witness_conflict_get(&size, SPAN("44\n"), NULL) == OK && size == 44);
	check(witness_conflict_get(&size, SPAN("44"), NULL) == ERR_FORMAT);
	check(witness_conflict_get(&size, SPAN("-4\n"), NULL) == ERR_FORMAT);
	buf_done(&body);
	buf_done(&note);
	buf_done(&answer);
	buf_done(&lines);
}

static void
an_answer_that_smuggles_text_in_is_refused(void)
{
	static struct log log;
	struct buf note = { 0 }, answer = { 0 }, lines = { 0 };
	struct note_key witness;
	uint64_t time_s;

	note_of(&note, &log, 5);
	note_key_of_seed(&witness, "witness/1", witness_seed);
	note_key_make(&witness, "witness/1", NOTE_COSIGNATURE, witness.public_key);
	buf_str(&answer, "\n");
	note_cosign(&answer, buf_span(&note), "witness/1", witness_seed, 5);
	check(witness_answer_get(&lines, &time_s, buf_span(&note), buf_span(&answer), &witness,
	    NULL) == ERR_FORMAT);
	buf_done(&note);
	buf_done(&answer);
	buf_done(&lines);
}

static void
broken_requests_are_refused(void)
{
	static const char *const bad[] = { "", "old\n\n", "old 1\n", "old 01\n\nx", "new 1\n\n",
	    "old 1\nnot a hash\n\n", "old 1\n\nno note", "old 1\nAAAA\n\n" };
	struct witness_request request;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(witness_request_get(&request, span_str(bad[i]), NULL) == ERR_FORMAT);
}

int
main(void)
{
	run(the_example_of_the_specification_is_read_and_written);
	run(broken_checkpoints_are_refused);
	run(an_anchor_line_is_found_behind_any_header);
	run(a_mistyped_anchor_is_refused);
	run(times_of_anchors_are_those_of_the_calendar);
	run(a_witness_cosigns_a_tree_that_goes_on_and_nothing_else);
	run(an_answer_that_smuggles_text_in_is_refused);
	run(broken_requests_are_refused);
	return check_done();
}
