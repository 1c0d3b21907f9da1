/* SPDX-License-Identifier: Apache-2.0 */
/* The small files of an evidence package: doc/formats/evidence.md sections 2 and 3. */
#include "cmd/package_int.h"

#include <stdio.h>

#include "base/civil.h"
#include "base/template.h"
#include "model/base64.h"
#include "model/rowproof.h"
#include "cmd/content.h"

enum { OFFICE_ZONE_S = 7 * 3600 };

#define AGENT	"trucban 0.1.0 (doc/formats/evidence.md, version 1)"

typedef unsigned long long ull;

static struct span
given(const char *text)
{
	return span_str(text != NULL ? text : "");
}

static struct span
time_text(char room[CIVIL_TEXT_BYTES], int64_t ns, unsigned digits, int32_t zone_s)
{
	return span_of(room, civil_put((uint8_t *)room, ns, digits, zone_s));
}

/* ---- data/export.json ---- */

static void
member(struct buf *out, const char *name, struct span value)
{
	buf_printf(out, "%s  \"%s\": \"", out->n > 2 ? ",\n" : "", name);
	bag_json_put(out, value);
	buf_u8(out, '"');
}

static void
export_put(struct package *p)
{
	struct buf *out = &p->text[BAG_EXPORT], root = { 0 };
	char time[CIVIL_TEXT_BYTES];

	buf_str(out, "{\n");
	member(out, "format", SPAN("trucban/evidence/v1"));
	member(out, "desk", p->checkpoint.origin);
	member(out, "fingerprint", span_str(p->fingerprint));
	member(out, "exported", time_text(time, p->now_ns, 3, 0));
	member(out, "who", span_str(p->who));
	member(out, "from", span_str(p->from));
	member(out, "person", given(p->conf.person));
	member(out, "case", given(p->conf.case_name));
	member(out, "reason", given(p->conf.reason));
	member(out, "query", given(p->conf.query));
	member(out, "since", given(p->conf.since));
	member(out, "until", given(p->conf.until));
	member(out, "stream", span_str(stream_name(p->claim.stream)));
	if (p->claim.first_seq > 0)
		buf_printf(out, ",\n  \"range\": { \"first\": %llu, \"last\": %llu }",
		    (ull)p->claim.first_seq, (ull)p->claim.last_seq);
	base64_put(&root, span_of(p->checkpoint.root.b, DIGEST_BYTES));
	buf_printf(out, ",\n  \"records\": %zu,\n  \"octets\": %llu,\n"
	    "  \"checkpoint\": { \"size\": %llu, \"root\": \"%.*s\", \"short\": \"%s\" }\n}\n",
	    p->nseq, (ull)(p->spool[SPOOL_RECORDS].bytes - p->nseq), (ull)p->checkpoint.size,
	    (int)root.n, (const char *)root.p, p->code);
	buf_done(&root);
}

/* ---- bag-info.txt: RFC 8493 section 2.2.2 ---- */

static void
label(struct buf *out, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_printf(out, "%s: ", name);
	for (size_t i = 0; i < value.n; i++)
		buf_u8(out, value.p[i] < 0x20 || value.p[i] == 0x7f ? ' ' : value.p[i]);
	buf_u8(out, '\n');
}

static void
info_put(struct package *p)
{
	struct buf *out = &p->text[BAG_INFO];
	char time[CIVIL_TEXT_BYTES];
	uint64_t octets = 0;
	unsigned files = 0;

	for (unsigned i = 0; i < BAG_END; i++)
		if (bag_is_payload(i)) {
			octets += p->sums[i].bytes;
			files++;
		}
	label(out, "Bagging-Date", span_sub(time_text(time, p->now_ns, 0, OFFICE_ZONE_S), 0, 10));
	label(out, "Bag-Software-Agent", SPAN(AGENT));
	buf_printf(out, "Payload-Oxum: %llu.%u\n", (ull)octets, files);
	label(out, "External-Identifier", given(p->conf.case_name));
	label(out, "Contact-Name", given(p->conf.person));
	label(out, "External-Description", given(p->conf.reason));
	label(out, "Trucban-Desk", p->checkpoint.origin);
	label(out, "Trucban-Fingerprint", span_str(p->fingerprint));
	label(out, "Trucban-Checkpoint", span_str(p->code));
	label(out, "Trucban-Exported", time_text(time, p->now_ns, 0, OFFICE_ZONE_S));
	label(out, "Trucban-Exported-By", span_str(p->who));
	label(out, "Trucban-Query", given(p->conf.query));
	buf_printf(out, "Trucban-Records: %zu\n", p->nseq);
}

/* ---- what follows from key and checkpoint ---- */

static void
claim_make(struct package *p)
{
	p->claim = (struct bag_claim){ .records = p->nseq };
	while (p->conf.stream != NULL && p->claim.stream + 1 < STREAM_END &&
	    !span_is(span_str(p->conf.stream), stream_name(p->claim.stream)))
		p->claim.stream++;
	/* A range is claimed when it was asked for whole, and all of it is here. */
	if (p->conf.first_seq > 0 && span_is(given(p->conf.query), "*") &&
	    p->conf.since == NULL && p->conf.until == NULL &&
	    p->conf.last_seq - p->conf.first_seq == p->nseq - 1) {
		p->claim.first_seq = p->conf.first_seq;
		p->claim.last_seq = p->conf.last_seq;
	}
}

enum err
package_texts(struct package *p, struct why *why)
{
	struct buf *text = p->text;

	claim_make(p);
	bag_bagit_put(&text[BAG_BAGIT]);
	export_put(p);
	bag_claim_put(&text[BAG_PROOFS], &p->claim);
	note_key_put(&text[BAG_VKEY], &p->key);
	buf_u8(&text[BAG_VKEY], '\n');
	bag_pem_put(&text[BAG_PEM], &p->key);
	return bag_signed_put(&text[BAG_SIGNED], &text[BAG_SIGNATURE],
	    buf_span(&text[BAG_CHECKPOINT]), &p->key, why);
}

/* ---- forms ---- */

static struct span
range_text(const struct package *p, struct buf *room)
{
	if (p->claim.first_seq > 0)
		buf_printf(room, "%s:%llu - %s:%llu, đầy đủ / complete",
		    stream_name(p->claim.stream), (ull)p->claim.first_seq,
		    stream_name(p->claim.stream), (ull)p->claim.last_seq);
	else if (p->conf.since != NULL || p->conf.until != NULL)
		buf_printf(room, "%s - %s", p->conf.since != NULL ? p->conf.since : "",
		    p->conf.until != NULL ? p->conf.until : "");
	return room->n > 0 ? buf_span(room) : SPAN("-");
}

enum err
package_tags(struct package *p, struct why *why)
{
	char now[CIVIL_TEXT_BYTES], first[CIVIL_TEXT_BYTES], last[CIVIL_TEXT_BYTES], n[24], o[24];
	struct buf range = { 0 }, manifest = { 0 };
	struct summing *summing = summing_new();
	struct sums sums;
	enum err rc;

	bag_manifest_put(&p->text[BAG_SHA256], BAG_SHA256, p->sums);
	bag_manifest_put(&p->text[BAG_BLAKE2B], BAG_BLAKE2B, p->sums);
	info_put(p);
	summing_add(summing, buf_span(&p->text[BAG_SHA256]));
	summing_end(&summing, &sums);
	sums_hex(&manifest, sums.sha256, SUMS_SHA256);
	(void)snprintf(n, sizeof n, "%zu", p->nseq);
	(void)snprintf(o, sizeof o, "%llu", (ull)(p->spool[SPOOL_RECORDS].bytes - p->nseq));

	const struct template_value value[] = {
		{ "top", span_str(p->top) }, { "file", span_str(p->name) },
		{ "case", given(p->conf.case_name) }, { "person", given(p->conf.person) },
		{ "reason", given(p->conf.reason) }, { "query", given(p->conf.query) },
		{ "range", range_text(p, &range) }, { "records", span_str(n) },
		{ "octets", span_str(o) }, { "who", span_str(p->who) },
		{ "time", time_text(now, p->now_ns, 0, OFFICE_ZONE_S) },
		{ "from", time_text(first, p->first_ns, 0, OFFICE_ZONE_S) },
		{ "to", time_text(last, p->last_ns, 0, OFFICE_ZONE_S) },
		{ "origin", p->checkpoint.origin }, { "fingerprint", span_str(p->fingerprint) },
		{ "code", span_str(p->code) }, { "manifest", buf_span(&manifest) },
	};

	rc = template_fill(&p->text[BAG_PAGE], content_page, TEMPLATE_TEXT, value,
	    sizeof value / sizeof value[0], why);
	if (rc == OK)
		rc = template_fill(&p->text[BAG_CUSTODY], p->conf.form.n > 0 ? p->conf.form :
		    content_custody, TEMPLATE_HTML, value, sizeof value / sizeof value[0], why);
	buf_done(&range);
	buf_done(&manifest);
	return rc;
}
