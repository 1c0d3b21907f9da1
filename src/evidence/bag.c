/* SPDX-License-Identifier: Apache-2.0 */
/* Names and small texts of a package: see bag.h. */
#include "evidence/bag.h"

#include "base/fold.h"
#include "base/must.h"
#include "model/base64.h"
#include "model/line.h"
#include "model/rowproof.h"

typedef unsigned long long ull;

static const char *const names[BAG_END] = {
	[BAG_BAGIT] = "bagit.txt",
	[BAG_INFO] = "bag-info.txt",
	[BAG_PAGE] = "CACH-KIEM-TRA.txt",
	[BAG_CUSTODY] = "BIEN-BAN-GIAO-NHAN.html",
	[BAG_EXPORT] = "data/export.json",
	[BAG_RECORDS] = "data/records.log",
	[BAG_FIELDS] = "data/records.ndjson",
	[BAG_PROOFS] = "data/proofs.txt",
	[BAG_CHECKPOINT] = "data/seal/checkpoint",
	[BAG_VKEY] = "data/seal/seal.vkey",
	[BAG_PEM] = "data/seal/seal.pem",
	[BAG_SIGNED] = "data/seal/signed.txt",
	[BAG_SIGNATURE] = "data/seal/signature.bin",
	[BAG_KEYS] = "data/seal/keys.txt",
	[BAG_ANCHORS] = "data/seal/anchors.txt",
	[BAG_SHA256] = "manifest-sha256.txt",
	[BAG_BLAKE2B] = "manifest-blake2b512.txt",
	[BAG_TAGS] = "tagmanifest-sha256.txt",
};

const char *
bag_name(unsigned file)
{
	return file < BAG_END ? names[file] : "";
}

bool
bag_is_payload(unsigned file)
{
	return file >= BAG_EXPORT && file <= BAG_ANCHORS;
}

bool
bag_top_ok(struct span name)
{
	if (name.n < 1 || name.n >= BAG_TOP_BYTES || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

void
bag_bagit_put(struct buf *out)
{
	buf_str(out, "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
}

void
bag_manifest_put(struct buf *out, enum bag_file manifest, const struct sums sums[BAG_END])
{
	for (unsigned i = 0; i < BAG_END; i++) {
		if (i == BAG_TAGS || bag_is_payload(i) == (manifest == BAG_TAGS))
			continue;
		if (manifest == BAG_BLAKE2B)
			sums_hex(out, sums[i].blake2b, SUMS_BLAKE2B);
		else
			sums_hex(out, sums[i].sha256, SUMS_SHA256);
		buf_printf(out, "  %s\n", names[i]);
	}
}

void
bag_pem_put(struct buf *out, const struct note_key *key)
{
	/* SEQUENCE { SEQUENCE { 1.3.101.112 } BIT STRING } */
	static const uint8_t head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03,
	    0x21, 0x00 };
	struct buf der = { 0 };

	buf_put(&der, head, sizeof head);
	buf_put(&der, key->public_key, NOTE_PUBLIC_BYTES);
	buf_str(out, "-----BEGIN PUBLIC KEY-----\n");
	base64_put(out, buf_span(&der));
	buf_str(out, "\n-----END PUBLIC KEY-----\n");
	buf_done(&der);
}

enum err
bag_signed_put(struct buf *text, struct buf *signature, struct span note,
    const struct note_key *key, struct why *why)
{
	uint8_t bytes[4 + NOTE_SIGNATURE_BYTES + 3];
	struct note parsed;
	size_t n = 0;
	enum err rc;

	rc = note_parse(&parsed, note, why);
	if (rc == OK)
		rc = note_check(&parsed, key, NULL, why);
	if (rc != OK)
		return rc;
	for (unsigned i = 0; i < parsed.nsignature; i++) {
		const struct note_signature *s = &parsed.signature[i];

		if (!span_is(s->name, key->name) || s->id != key->id ||
		    base64_get(bytes, sizeof bytes, &n, s->text) != OK ||
		    n != 4 + NOTE_SIGNATURE_BYTES)
			continue;
		buf_span_put(text, parsed.text);
		buf_put(signature, bytes + 4, NOTE_SIGNATURE_BYTES);
		return OK;
	}
	return why_set(why, ERR_ABSENT, "the key has not signed");
}

/* ---- the head of the proofs ---- */

#define CLAIM_HEAD	"trucban/evidence/v1\n"

void
bag_claim_put(struct buf *out, const struct bag_claim *claim)
{
	buf_printf(out, CLAIM_HEAD "stream %s\nrecords %llu\n", stream_name(claim->stream),
	    (ull)claim->records);
	if (claim->first_seq > 0)
		buf_printf(out, "claim range %llu %llu\n\n", (ull)claim->first_seq,
		    (ull)claim->last_seq);
	else
		buf_str(out, "claim none\n\n");
}

static bool
number_behind(struct span line, const char *head, uint64_t *ret)
{
	return span_starts(line, span_str(head)) &&
	    line_decimal(span_sub(line, strlen(head), SIZE_MAX), ret);
}

static bool
range_get(struct span line, struct bag_claim *claim)
{
	struct span rest = span_sub(line, sizeof "claim range " - 1, SIZE_MAX);
	const uint8_t *space;

	if (span_is(line, "claim none"))
		return true;
	space = rest.n > 0 ? memchr(rest.p, ' ', rest.n) : NULL;
	return span_starts(line, SPAN("claim range ")) && space != NULL &&
	    line_decimal(span_of(rest.p, (size_t)(space - rest.p)), &claim->first_seq) &&
	    line_decimal(span_sub(rest, (size_t)(space - rest.p) + 1, SIZE_MAX),
	    &claim->last_seq) && claim->first_seq >= 1 && claim->first_seq <= claim->last_seq;
}

enum err
bag_claim_get(struct bag_claim *ret_claim, struct span *rest, uint64_t *line, struct why *why)
{
	struct bag_claim claim = { 0 };
	struct span text = *rest, stream, records, range, empty;
	bool ok;

	if (!span_starts(text, SPAN(CLAIM_HEAD)))
		return why_set(why, ERR_FORMAT, "line 1: not the proofs of an evidence package");
	text = span_sub(text, sizeof CLAIM_HEAD - 1, SIZE_MAX);
	ok = line_next(&text, &stream) && line_next(&text, &records) &&
	    line_next(&text, &range) && line_next(&text, &empty) && empty.n == 0 &&
	    span_starts(stream, SPAN("stream ")) &&
	    number_behind(records, "records ", &claim.records) && range_get(range, &claim);
	while (ok && claim.stream < STREAM_END && !span_is(span_sub(stream, 7, SIZE_MAX),
	    stream_name(claim.stream)))
		claim.stream++;
	if (!ok || claim.stream == STREAM_END)
		return why_set(why, ERR_FORMAT, "lines 2 to 5: not as the head is written");
	*ret_claim = claim;
	*rest = text;
	*line += 5;
	return OK;
}

/* ---- JSON ---- */

bool
bag_fields_record(struct span line, uint64_t *ret_seq, struct span *ret_name)
{
	static const char before[] = "\"_seq\":\"";
	size_t n = sizeof before - 1, from, colon;

	if (line.n < n + 2 || line.p[line.n - 2] != '"' || line.p[line.n - 1] != '}')
		return false;
	from = line.n - 2;
	while (from > 0 && line.p[from - 1] != '"' && line.n - from < 64)
		from--;
	if (from < n || memcmp(line.p + from - n, before, n) != 0)
		return false;
	*ret_name = span_sub(line, from, line.n - 2 - from);
	for (colon = ret_name->n; colon > 0 && ret_name->p[colon - 1] != ':'; colon--)
		;
	return line_decimal(span_sub(*ret_name, colon, SIZE_MAX), ret_seq);
}

void
bag_json_put(struct buf *out, struct span text)
{
	size_t at = 0;

	while (at < text.n) {
		size_t from = at;
		uint32_t rune;

		if (text.p[at] == '"' || text.p[at] == '\\')
			buf_printf(out, "\\%c", text.p[at++]);
		else if (text.p[at] < 0x20 || text.p[at] == 0x7f)
			buf_printf(out, "\\u%04x", text.p[at++]);
		else if (text.p[at] < 0x80)
			buf_u8(out, text.p[at++]);
		else if (rune = rune_next(text, &at), at - from == 1)
			buf_str(out, "\\ufffd");
		else if (rune < 0xa0 || (rune >= 0x200e && rune <= 0x206f) || rune == 0x61c)
			buf_printf(out, "\\u%04x", rune);
		else
			buf_put(out, text.p + from, at - from);
	}
}
