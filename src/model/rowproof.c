/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row proofs; see rowproof.h. They are read from evidence packages that passed through many hands:
 * hostile. Rule numbers are those of doc/formats/seal.md section 7.
 */
#include "model/rowproof.h"

#include "base/must.h"
#include "model/base64.h"
#include "model/checkpoint.h"
#include "model/line.h"

#define HEAD	"trucban/row-proof/v1"
#define TLOG	"c2sp.org/tlog-proof@v1"

const char *
stream_name(unsigned stream)
{
	static const char *const name[STREAM_END] = {
		[STREAM_RAW] = "raw", [STREAM_FINDINGS] = "findings", [STREAM_LEDGER] = "ledger",
	};

	return stream < STREAM_END ? name[stream] : "unknown";
}

/* ---- paths through a Tree16 ---- */

void
tree_path_make(struct tree_path *ret_path, struct digest *ret_root, struct digest *d, uint32_t n,
    uint32_t index)
{
	struct tree_path path = { .index = index, .n = n };
	uint32_t at = index, left = n;

	must(n >= 1 && index < n && n <= LIMIT_ROWS);
	do {
		uint32_t runs = (left + TREE_FAN - 1) / TREE_FAN, own = at / TREE_FAN;

		for (uint32_t i = own * TREE_FAN; i < own * TREE_FAN + tree16_run(left, own); i++)
			if (i != at)
				path.hash[path.nhash++] = d[i];
		for (uint32_t run = 0; run < runs; run++)
			tree16_node(&d[run], &d[(size_t)run * TREE_FAN], tree16_run(left, run));
		at = own;
		left = runs;
	} while (left > 1);
	*ret_path = path;
	if (ret_root != NULL)
		*ret_root = d[0];
}

bool
tree_path_root(struct digest *ret_root, const struct tree_path *path, const struct digest *leaf)
{
	uint32_t at = path->index, left = path->n;
	struct digest run[TREE_FAN], d = *leaf;
	unsigned used = 0;

	if (path->n < 1 || path->n > LIMIT_ROWS || path->index >= path->n)
		return false;
	do {
		uint32_t length = tree16_run(left, at / TREE_FAN);

		if (path->nhash - used < length - 1)
			return false;
		for (uint32_t i = 0; i < length; i++)
			run[i] = i == at % TREE_FAN ? d : path->hash[used++];
		tree16_node(&d, run, length);
		at /= TREE_FAN;
		left = (left + TREE_FAN - 1) / TREE_FAN;
	} while (left > 1);
	*ret_root = d;
	return used == path->nhash;
}

/* ---- the text ---- */

static void
base64_line(struct buf *out, const char *name, struct span bytes)
{
	buf_str(out, name);
	base64_put(out, bytes);
	buf_u8(out, '\n');
}

static void
path_put(struct buf *out, const char *name, const struct tree_path *path)
{
	buf_printf(out, "%s %u %u\n", name, path->index, path->n);
	for (unsigned i = 0; i < path->nhash; i++)
		base64_line(out, "", span_of(path->hash[i].b, DIGEST_BYTES));
}

void
row_proof_put(struct buf *out, const struct row_proof *proof)
{
	buf_printf(out, HEAD "\nrecord %s:%u:%llu\nclass %u\nflags %u\nreceived %llu\n",
	    stream_name(proof->stream), proof->epoch, (unsigned long long)proof->seq,
	    proof->class, proof->flags, (unsigned long long)proof->recv_ns);
	base64_line(out, "source ", proof->source);
	base64_line(out, "salt ", span_of(proof->salt, SALT_BYTES));
	base64_line(out, "octets ", proof->raw);
	path_put(out, "row", &proof->row);
	path_put(out, "frame", &proof->frame);
	base64_line(out, "entry ", proof->entry);
	buf_printf(out, "\n" TLOG "\nindex %llu\n", (unsigned long long)proof->tree_index);
	tlog_proof_put(out, &proof->inclusion);
	buf_u8(out, '\n');
	buf_span_put(out, proof->note);
}

/* A reader of lines that goes bad and stays bad. */
struct lines {
	struct span rest;
	bool bad;
};

static struct span
line_of(struct lines *in, const char *name)
{
	struct span line = { NULL, 0 }, head = span_str(name);

	if (in->bad || !line_next(&in->rest, &line) || !span_starts(line, head)) {
		in->bad = true;
		return (struct span){ NULL, 0 };
	}
	return span_sub(line, head.n, SIZE_MAX);
}

static uint64_t
number(struct lines *in, struct span text, uint64_t max)
{
	uint64_t v = 0;

	if (in->bad || !line_decimal(text, &v) || v > max)
		in->bad = true;
	return in->bad ? 0 : v;
}

/* The text up to `stop`, taken off the front of *text; all of it when stop is not there. */
static struct span
word(struct span *text, uint8_t stop)
{
	struct span head;
	size_t n = 0;

	while (n < text->n && text->p[n] != stop)
		n++;
	head = span_sub(*text, 0, n);
	*text = span_sub(*text, n < text->n ? n + 1 : n, SIZE_MAX);
	return head;
}

static struct span
bytes_of(struct lines *in, const char *name, struct arena *arena)
{
	struct span text = line_of(in, name);
	uint8_t *at = arena_alloc(arena, text.n / 4 * 3 + 3);
	size_t n = 0;

	if (base64_get(at, text.n / 4 * 3 + 3, &n, text) != OK)
		in->bad = true;
	return span_of(at, n);
}

static bool
hash_get(struct lines *in, struct digest *ret)
{
	struct span rest = in->rest, line;
	uint8_t bytes[DIGEST_BYTES];
	size_t n;

	if (in->bad || !line_next(&rest, &line) || line.n != 44 ||
	    base64_get(bytes, sizeof bytes, &n, line) != OK || n != DIGEST_BYTES)
		return false;
	memcpy(ret->b, bytes, DIGEST_BYTES);
	in->rest = rest;
	return true;
}

static void
path_get(struct lines *in, const char *name, struct tree_path *path)
{
	struct span text = line_of(in, name), index = word(&text, ' ');

	path->index = (uint32_t)number(in, index, LIMIT_ROWS - 1);
	path->n = (uint32_t)number(in, text, LIMIT_ROWS);
	while (path->nhash < TREE_PATH_MAX && hash_get(in, &path->hash[path->nhash]))
		path->nhash++;
}

static void
record_get(struct lines *in, struct row_proof *proof)
{
	struct span text = line_of(in, "record "), stream = word(&text, ':');
	struct span epoch = word(&text, ':');

	while (proof->stream < STREAM_END && !span_is(stream, stream_name(proof->stream)))
		proof->stream++;
	if (proof->stream == STREAM_END)
		in->bad = true;
	proof->epoch = (uint32_t)number(in, epoch, UINT32_MAX);
	proof->seq = number(in, text, INT64_MAX);
}

enum err
row_proof_get(struct row_proof *ret_proof, struct span text, struct arena *arena, struct why *why)
{
	struct row_proof proof;
	struct lines in = { text, false };
	struct span salt, again;
	struct buf out = { 0 };
	bool same;

	memset(&proof, 0, sizeof proof);
	if (text.n > ROW_PROOF_BYTES_MAX || line_of(&in, HEAD).n != 0 || in.bad)
		return why_set(why, ERR_FORMAT, "not a row proof");
	record_get(&in, &proof);
	proof.class = (uint8_t)number(&in, line_of(&in, "class "), LIMIT_CLASSES - 1);
	proof.flags = (uint8_t)number(&in, line_of(&in, "flags "), UINT8_MAX);
	proof.recv_ns = (int64_t)number(&in, line_of(&in, "received "), INT64_MAX);
	proof.source = bytes_of(&in, "source ", arena);
	salt = bytes_of(&in, "salt ", arena);
	proof.raw = bytes_of(&in, "octets ", arena);
	path_get(&in, "row ", &proof.row);
	path_get(&in, "frame ", &proof.frame);
	proof.entry = bytes_of(&in, "entry ", arena);
	(void)line_of(&in, "");
	(void)line_of(&in, TLOG);
	proof.tree_index = number(&in, line_of(&in, "index "), INT64_MAX);
	while (proof.inclusion.n < TLOG_PROOF_MAX &&
	    hash_get(&in, &proof.inclusion.hash[proof.inclusion.n]))
		proof.inclusion.n++;
	(void)line_of(&in, "");
	proof.note = in.rest;
	if (in.bad || salt.n != SALT_BYTES || proof.raw.n > LIMIT_RECORD_BYTES)
		return why_set(why, ERR_FORMAT, "row proof breaks rule 1: a line is missing or "
		    "broken");
	memcpy(proof.salt, salt.p, SALT_BYTES);

	/* One text for one proof: what would be written differently is refused. */
	row_proof_put(&out, &proof);
	again = buf_span(&out);
	same = span_eq(again, text);
	buf_done(&out);
	if (!same)
		return why_set(why, ERR_FORMAT, "row proof breaks rule 1: it is not written so");
	*ret_proof = proof;
	return OK;
}

/* ---- the check ---- */

/* Rules (2) and (3). */
static enum err
row_check(const struct row_proof *proof, const struct leaf *leaf, struct why *why)
{
	const struct leaf_rows *rows = &leaf->u.rows;
	struct source source = { .code = proof->source };
	uint8_t from[SOURCE_DIGEST_BYTES];
	struct digest d;

	source_digest(from, &source);
	row_digest(&d, proof->salt, proof->stream, proof->class, proof->flags, proof->epoch,
	    proof->seq, proof->recv_ns, from, proof->raw);
	if (!tree_path_root(&d, &proof->row, &d) || !tree_path_root(&d, &proof->frame, &d) ||
	    memcmp(d.b, rows->root.b, DIGEST_BYTES) != 0)
		return why_set(why, ERR_PROOF, "row proof breaks rule 2: this is not the record "
		    "that was sealed");
	if (leaf->stream != proof->stream || leaf->class != proof->class ||
	    leaf->epoch != proof->epoch || proof->seq < rows->first_seq ||
	    proof->seq > rows->last_seq || proof->frame.n != rows->frames)
		return why_set(why, ERR_PROOF, "row proof breaks rule 3: the entry is of other "
		    "rows");
	return OK;
}

/* Rules (4) and (5). */
static enum err
tree_check(const struct row_proof *proof, const struct note_key *keys, size_t nkeys,
    struct why *why)
{
	struct checkpoint checkpoint;
	struct digest entry;
	struct note note;
	size_t index = 0;
	enum err rc;

	rc = note_parse(&note, proof->note, why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, note.text, why);
	if (rc != OK)
		return why_prefix(why, ERR_PROOF, "row proof breaks rule 5");
	tlog_leaf_hash(&entry, proof->entry);
	rc = tlog_inclusion_check(&entry, proof->tree_index, checkpoint.size, &checkpoint.root,
	    &proof->inclusion, why);
	if (rc != OK)
		return why_prefix(why, ERR_PROOF, "row proof breaks rule 4");
	rc = note_check_any(&note, keys, nkeys, &index, why);
	if (rc != OK)
		return why_prefix(why, ERR_PROOF, "row proof breaks rule 5");
	if (!span_is(checkpoint.origin, keys[index].name))
		return why_set(why, ERR_PROOF, "row proof breaks rule 5: origin is not the key's");
	return OK;
}

enum err
row_proof_check(const struct row_proof *proof, const struct note_key *keys, size_t nkeys,
    struct leaf *ret_leaf, struct arena *arena, struct why *why)
{
	struct leaf leaf;
	enum err rc;

	rc = leaf_decode(&leaf, proof->entry, arena, why);
	if (rc != OK)
		return why_prefix(why, ERR_PROOF, "row proof breaks rule 3");
	if (leaf.type != LEAF_ROWS)
		return why_set(why, ERR_PROOF, "row proof breaks rule 3: the entry has no rows");
	rc = row_check(proof, &leaf, why);
	if (rc == OK)
		rc = tree_check(proof, keys, nkeys, why);
	if (rc == OK && ret_leaf != NULL)
		*ret_leaf = leaf;
	return rc;
}
