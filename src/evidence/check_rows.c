/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records beside their proofs: rules 16 to 19. data/records.log says nowhere how long a record is:
 * the proofs do. When a record is not what was sealed, the next one tells where to go on, so that
 * a line that was changed, dropped, added or swapped is named and those behind it are not.
 */
#include "evidence/check_int.h"

#include <stdlib.h>

#include "base/must.h"

/* ---- data/records.log ---- */

/* The row after row i of the present view: of this leaf or the next. */
static const struct leaf_proof_row *
row_after(const struct check *c, uint32_t i, const struct leaf_view **ret_view)
{
	const struct leaf_view *now = &c->view[c->now], *next = &c->view[c->now ^ 1];

	*ret_view = i + 1 < now->proof.nrow ? now : next;
	if (*ret_view == now)
		return &now->proof.row[i + 1];
	return next->there && next->proof.nrow > 0 ? &next->proof.row[0] : NULL;
}

/* Is the record that the row is of at this place? */
static bool
fits(const struct check *c, const struct leaf_view *view, const struct leaf_proof_row *row,
    size_t at)
{
	struct digest d;

	if (row == NULL || at > c->records.n || c->records.n - at <= row->length ||
	    c->records.p[at + row->length] != '\n')
		return false;
	leaf_view_digest(&d, c, view, row, span_sub(c->records, at, row->length));
	return memcmp(d.b, row->digest.b, DIGEST_BYTES) == 0;
}

static void
go_to(struct check *c, size_t at)
{
	if (at > c->records.n)
		at = c->records.n;
	check_step(c, at - c->at);
	while (c->at < at) {
		const uint8_t *lf = memchr(c->records.p + c->at, '\n', at - c->at);

		c->line += lf != NULL;
		c->at = lf != NULL ? (size_t)(lf - c->records.p) + 1 : at;
	}
}

/* Behind the next line feed. */
static size_t
line_end(const struct check *c)
{
	struct span rest = span_sub(c->records, c->at, LIMIT_RECORD_BYTES + 1);
	const uint8_t *lf = rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;

	return lf != NULL ? c->at + (size_t)(lf - rest.p) + 1 : c->at + rest.n;
}

static void
changed_say(struct check *c, const struct leaf_proof_row *row, const char *name, const char *how)
{
	check_say(c, 16, BAG_RECORDS, c->line, name, "%s: this is not the record that was sealed "
	    "(its proof: %s line %llu)", how, bag_name(BAG_PROOFS),
	    (unsigned long long)row->line);
}

/* The record is not at its place. Says what happened to it and goes to where the next begins. */
static enum evidence_state
row_lost(struct check *c, uint32_t i, const char *name)
{
	const struct leaf_view *view = &c->view[c->now], *next_view;
	const struct leaf_proof_row *row = &view->proof.row[i], *next;
	size_t by_length = c->at + row->length + 1, by_line;

	next = row_after(c, i, &next_view);
	if (c->at >= c->records.n) {
		check_say(c, 16, BAG_RECORDS, c->line, name, "the record is missing at the end");
		return EVIDENCE_MISSING;
	}
	if (fits(c, next_view, next, c->at)) {
		if (fits(c, view, row, c->at + next->length + 1)) {
			changed_say(c, row, name, "swapped with the next one");
			c->swapped = (size_t)row->length + 1;
			return EVIDENCE_CHANGED;
		}
		check_say(c, 16, BAG_RECORDS, c->line, name, "the record is missing before this "
		    "line");
		return EVIDENCE_MISSING;
	}
	if (fits(c, next_view, next, by_length) || (next == NULL && by_length == c->records.n) ||
	    c->resyncs++ >= CHECK_RESYNC_MAX) {
		changed_say(c, row, name, "changed");
		go_to(c, by_length);
		return EVIDENCE_CHANGED;
	}
	by_line = line_end(c);
	if (fits(c, view, row, by_line)) {
		check_say(c, 17, BAG_RECORDS, c->line, "", "this line was added: no proof is for "
		    "it");
		c->result->added++;
		go_to(c, by_line + row->length + 1);
		return EVIDENCE_PROVEN;
	}
	changed_say(c, row, name, "changed");
	if (fits(c, next_view, next, by_line) || by_length > c->records.n ||
	    c->records.p[by_length - 1] != '\n')
		by_length = by_line;
	go_to(c, by_length);
	return EVIDENCE_CHANGED;
}

/* The second of two that changed places. */
static enum evidence_state
row_swapped(struct check *c, uint32_t i, const char *name)
{
	const struct leaf_proof_row *row = &c->view[c->now].proof.row[i];

	changed_say(c, row, name, "swapped with the one before");
	go_to(c, c->at + row->length + 1 + c->swapped);
	c->swapped = 0;
	return EVIDENCE_CHANGED;
}

static enum evidence_state
row_judge(struct check *c, uint32_t i, const char *name)
{
	const struct leaf_view *view = &c->view[c->now];
	const struct leaf_proof_row *row = &view->proof.row[i];

	if (c->swapped > 0)
		return row_swapped(c, i, name);
	if (!fits(c, view, row, c->at))
		return row_lost(c, i, name);
	go_to(c, c->at + row->length + 1);
	return EVIDENCE_PROVEN;
}

/* ---- data/records.ndjson ---- */

/* The line at the front of fields, and which record it is of; false: there is none. */
static bool
line_look(struct span fields, struct span *ret_line, struct span *ret_name)
{
	const uint8_t *lf = fields.n > 0 ? memchr(fields.p, '\n', fields.n) : NULL;
	uint64_t seq;

	if (lf == NULL)
		return false;
	*ret_line = span_of(fields.p, (size_t)(lf - fields.p));
	if (!bag_fields_record(*ret_line, &seq, ret_name))
		*ret_name = (struct span){ NULL, 0 };
	return true;
}

static void
line_done(struct check *c, struct span line)
{
	c->fields = span_sub(c->fields, line.n + 1, SIZE_MAX);
	c->fields_line++;
	check_step(c, line.n + 1);
}

static void
fields_say(struct check *c, const char *record, const char *text)
{
	if (c->fields_findings++ < CHECK_FIELDS_MAX)
		check_say(c, 19, BAG_FIELDS, c->fields_line, record, "%s", text);
}

/* Rule 19: a line too many, one too few, or another one. */
static void
fields_judge(struct check *c, uint32_t i, const char *name)
{
	const struct leaf_view *next_view;
	const struct leaf_proof_row *next = row_after(c, i, &next_view);
	struct span line, of, behind, behind_of;
	char next_name[CHECK_NAME_BYTES] = "";

	if (!line_look(c->fields, &line, &of)) {
		fields_say(c, name, "the record's fields are missing at the end");
		return;
	}
	if (!span_is(of, name)) {
		if (next != NULL)
			check_name(next_name, c, next_view, next->seq);
		if (line_look(span_sub(c->fields, line.n + 1, SIZE_MAX), &behind, &behind_of) &&
		    span_is(behind_of, name)) {
			fields_say(c, "", "this line was added");
			line_done(c, line);
			line = behind;
		} else if (next != NULL && span_is(of, next_name)) {
			fields_say(c, name, "the record's fields are missing before this line");
			return;
		} else {
			fields_say(c, name, "the line is not of this record");
		}
	}
	line_done(c, line);
}

/* ---- rows ---- */

static void
seq_note(struct check *c, uint64_t seq, int64_t recv_ns)
{
	struct evidence_result *r = c->result;

	if (c->nseq == c->seq_cap) {
		c->seq_cap = c->seq_cap > 0 ? 2 * c->seq_cap : 1024;
		c->seq = xreallocarray(c->seq, c->seq_cap, sizeof *c->seq);
	}
	c->seq[c->nseq++] = seq;
	if (r->first_ns == 0 || recv_ns < r->first_ns)
		r->first_ns = recv_ns;
	if (recv_ns > r->last_ns)
		r->last_ns = recv_ns;
}

void
check_rows(struct check *c)
{
	const struct leaf_view *view = &c->view[c->now];

	for (uint32_t i = 0; i < view->proof.nrow && !c->stopped; i++) {
		const struct leaf_proof_row *row = &view->proof.row[i];
		char name[CHECK_NAME_BYTES];
		uint64_t line = c->line;
		enum evidence_state state;

		check_name(name, c, view, row->seq);
		state = row_judge(c, i, name);
		if (state == EVIDENCE_PROVEN && !(view->included && c->signed_well))
			state = EVIDENCE_NOT_INCLUDED;
		if (state == EVIDENCE_PROVEN)
			seq_note(c, row->seq, row->recv_ns);
		c->result->anchored += state == EVIDENCE_PROVEN &&
		    view->proof.tree_index < c->result->anchor_size;
		fields_judge(c, i, name);
		c->result->records++;
		c->result->state[state]++;
		c->watch->record(c->watch->ctx, &(struct evidence_record){ .name = name,
		    .state = state, .line = line, .recv_ns = row->recv_ns });
	}
}

void
check_rest(struct check *c)
{
	if (c->at < c->records.n) {
		check_say(c, 17, BAG_RECORDS, c->line, "", "%llu octets were added here: no proof "
		    "is for them", (unsigned long long)(c->records.n - c->at));
		c->result->added++;
	}
	if (c->fields.n > 0)
		check_say(c, 19, BAG_FIELDS, c->fields_line, "", "lines were added here");
}
