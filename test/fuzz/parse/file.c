/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what imports do with a file: parse/guess.c, split.c, columns.c, access.c. The first octet
 * says the form and in what pieces the rest comes; whole and in pieces it gives the same records,
 * and each record's octets come back.
 */
#include <stdint.h>

#include "base/hash.h"
#include "../../unit/parse/rig.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct parse_config config = { .seed = 1, .zone_s = 7 * 3600 };

struct seen {
	uint64_t hash;
	uint32_t records;
	size_t octets;
};

/* What a table's rows lie under, and what its lines are. */
static uint32_t header;
static unsigned format;

static void
row_parse(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	parse_row(parser, header, record, recv_ns, ret);
}

static void
heading_parse(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	parse_heading(parser, format, record, recv_ns, ret);
}

static void
record_try(struct rig *rig, struct span record, unsigned form, bool first)
{
	bool table = form == FORM_CSV || form == FORM_W3C;
	bool heading = form == FORM_CSV ? first : record.n > 0 && record.p[0] == '#';
	struct parsed p;

	format = form == FORM_CSV ? FORMAT_CSV : FORMAT_W3C;
	if (table && heading)
		header = parser_header(rig->parser, format, record);
	rig_parse(rig, !table ? parse_access : heading ? heading_parse :
	    header != PARSE_NO_HEADER ? row_parse : parse_line, record, &p);
}

static void
walk(struct span file, const struct guess *guess, size_t step, struct rig *rig, struct seen *seen)
{
	struct split split = guess_split(guess);
	struct split_record r;
	size_t at = 0, have = step < file.n ? step : file.n;
	enum err rc;

	for (;;) {
		bool all = have == file.n;

		rc = split_next(&split, span_sub(file, at, have - at),
		    all ? SPLIT_COMPLETE : SPLIT_MORE_COMES, &r);
		must(r.taken <= have - at);
		at += r.taken;
		if (rc == OK) {
			must(r.record.n <= LIMIT_RECORD_BYTES);
			seen->hash = seen->hash * 31 + hash64(r.record);
			seen->records++;
			if (rig != NULL)
				record_try(rig, r.record, guess->form, seen->records == 1);
		} else if (r.taken == 0 && all) {
			break;
		} else if (r.taken == 0) {
			have += step < file.n - have ? step : file.n - have;
		}
	}
	seen->octets = at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { 0 }, parts = { 0 };
	struct guess guess;
	struct span file;
	struct rig *rig;

	if (size == 0)
		return 0;
	file = span_of(data + 1, size - 1);
	guess_make(&guess, file, SPLIT_COMPLETE, (enum parse_form)(data[0] % FORM_END));
	must(guess.form != FORM_AUTO && guess.form < FORM_END);
	header = PARSE_NO_HEADER;
	rig = xcalloc(1, sizeof *rig);
	rig_init(rig, &config);
	walk(file, &guess, SIZE_MAX, rig, &whole);
	walk(file, &guess, data[0] / FORM_END + 1u, NULL, &parts);
	must(whole.octets == file.n && parts.octets == file.n);
	must(whole.records == parts.records && whole.hash == parts.hash);
	rig_done(rig);
	free(rig);
	return 0;
}
